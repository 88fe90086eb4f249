"""Every form in which data come gives one model."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from tests.estimators.helmholtz_machine.builders import (
    DATA,
    FRACTIONAL,
    SCORING,
    machine,
    parameters,
    real_data,
    same_bits,
)

FORMS = {
    "bool": lambda X: X.astype(bool),
    "uint8": lambda X: X.astype(np.uint8),
    "int64": lambda X: X.astype(np.int64),
    "float16": lambda X: X.astype(np.float16),
    "float32": lambda X: X.astype(np.float32),
    "object": lambda X: X.astype(object),
    "list": lambda X: X.tolist(),
    "fortran": np.asfortranarray,
    "frame": pd.DataFrame,
    "nullable": lambda X: pd.DataFrame(X).astype("Int64"),
    "csr": scipy.sparse.csr_array,
    "csr_bool": lambda X: scipy.sparse.csr_matrix(X.astype(bool)),
    "csr_uint8": lambda X: scipy.sparse.csr_array(X.astype(np.uint8)),
    "csc": scipy.sparse.csc_matrix,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sizes", [(4, 3), (9, 8)])
def test_forms_of_binary_data_give_one_model(form, sizes):
    X = DATA["bernoulli"]
    Z = FORMS[form](X)
    model, other = machine(sizes).fit(X), machine(sizes).fit(Z)
    assert other.visible_ == "bernoulli"
    if form.startswith("cs"):  # lists of non-zero entries are added in another order than tables
        for a, b in zip(parameters(model), parameters(other), strict=True):
            assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    else:
        assert same_bits(model, other)
    for method in SCORING:
        assert_allclose(getattr(model, method)(Z), getattr(model, method)(X), rtol=1e-6)


@pytest.mark.parametrize(
    ("form", "value"),
    [(form, 1) for form in FORMS]
    + [(form, 0.25) for form in ("float16", "float32", "list", "fortran", "frame", "csr", "csc")],
)
def test_forms_of_sparse_data_give_one_model_to_the_bit(form, value):
    X = value * (np.random.default_rng(0).random((80, 30)) < 0.08)
    Z = FORMS[form](X)
    model, other = machine((9, 8)).fit(X), machine((9, 8)).fit(Z)
    assert other.visible_ == "bernoulli"
    assert same_bits(model, other)
    dense, expected = np.full((1, 30), 0.5), model.score_samples(X)
    for method in SCORING:
        assert_allclose(getattr(model, method)(Z), getattr(model, method)(X), rtol=1e-6)
    # what else is scored along does not decide which kernel a row meets
    assert_array_equal(model.score_samples(np.vstack([X, dense]))[:-1], expected)


@pytest.mark.parametrize("form", ["float32", "list", "frame", "csr", "csc"])
@pytest.mark.parametrize("X", [real_data(), FRACTIONAL], ids=["gaussian", "fractional"])
def test_forms_of_real_data_give_one_model(form, X):
    X = X.astype(np.float32).astype(np.float64)
    Z = FORMS[form](X)
    model, other = machine().fit(X), machine().fit(Z)
    for a, b in zip(parameters(model), parameters(other), strict=True):
        assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert_allclose(model.score_samples(Z), model.score_samples(X), rtol=1e-5)


def test_forms_of_real_data_share_their_random_numbers():
    X = 1000 + real_data(30)
    model = machine((16,)).fit(X)
    single = model.score_samples(X.astype(np.float32))
    assert_allclose(model.score_samples(X), single, rtol=1e-3)
    other = model.log_likelihood(X, random_state=0).per_sample
    assert np.abs(other - model.score_samples(X)).max() > 1e-3  # or nothing would be shown


@pytest.mark.parametrize("form", ["bool", "uint8", "float32", "float64", "int64"])
def test_dtype_of_answers(form):
    X = DATA["bernoulli"].astype(form)
    model = machine().fit(X)
    expected = np.float32 if form in ("bool", "uint8", "float32") else np.float64
    H = model.transform(X)
    assert H.dtype == expected
    assert model.inverse_transform(H).dtype == expected
    for method in ("score_samples", "free_energy"):
        assert getattr(model, method)(X).dtype == np.float64
    assert {array.dtype for array in parameters(model)} == {np.dtype(np.float32)}


@pytest.mark.filterwarnings("ignore:visible='auto' took:UserWarning")
def test_auto_looks_at_the_range():
    X = DATA["bernoulli"]
    assert machine(max_iter=1).fit(X).visible_ == "bernoulli"
    assert machine(max_iter=1).fit(X / 3).visible_ == "bernoulli"
    for low, high in ((-0.01, 1), (0, 1.01), (0, 2.5)):
        Y = X * (high - low) + low
        assert machine(max_iter=1).fit(Y).visible_ == "gaussian"
        assert machine(max_iter=1).fit(scipy.sparse.csr_array(Y)).visible_ == "gaussian"
    model = machine(max_iter=1, visible="gaussian").fit(X)
    assert model.visible_ == "gaussian"
    assert np.isfinite(model.score(X * 7))
    assert hasattr(model, "noise_variance_")
    assert not hasattr(model.set_params(visible="bernoulli").fit(X), "noise_variance_")


def test_empty_rows_of_sparse_data():
    X = np.zeros((40, 5))
    X[::7, 2] = 1
    for sizes in ((4,), (16,)):
        model = machine(sizes).fit(scipy.sparse.csr_array(X))
        assert same_bits(model, machine(sizes).fit(X))
        assert_allclose(model.score_samples(scipy.sparse.csr_matrix(X)), model.score_samples(X))


def test_duplicate_entries_of_sparse_data():
    X = scipy.sparse.csr_matrix((np.ones(3), [0, 0, 1], [0, 2, 3]), shape=(2, 2))
    with pytest.warns(UserWarning, match="column 0 holds 2, although all values but 2 lie in"):
        model = machine(max_iter=1).fit(X)
    assert model.visible_ == "gaussian"


def test_tags():
    tags = machine().__sklearn_tags__()
    assert tags.estimator_type == "density_estimator"
    assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]
    assert tags.input_tags.sparse
    assert tags.input_tags.allow_nan
    assert not tags.non_deterministic
    assert not tags.target_tags.required
