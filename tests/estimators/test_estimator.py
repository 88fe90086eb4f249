"""What a user of the estimator can rely on, beyond scikit-learn's own checks."""

import io
import itertools
import pickle
import re
import signal
import subprocess
import sys
import textwrap

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils import estimator_html_repr

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet, _monitor, _training
from sklearn_helmholtz.estimators import automatic, versions
from sklearn_helmholtz.learning import EstimatedPenalty, FixedPenalty
from tests import exact

NETS = ["generative_coefs_", "generative_intercepts_", "recognition_coefs_"]
NETS += ["recognition_intercepts_"]
SCORING = ["score_samples", "transform", "free_energy"]


def binary_data(n=60, d=6, seed=0):
    rng = np.random.default_rng(seed)
    cause = rng.random((n, 1)) < 0.5
    return np.where(rng.random((n, d)) < 0.8, cause, ~cause).astype(np.float64)


def real_data(n=60, d=4, seed=0):
    """Features of different places and spreads that go together."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 1)) + rng.normal(scale=0.5, size=(n, d))
    return z * 10.0 ** np.arange(-1, d - 1) + 3 * np.arange(d)


def machine(sizes=(4, 3), **params):
    return HelmholtzMachine(sizes, **{"max_iter": 5, "random_state": 0, "batch_size": 20, **params})


def parameters(model):
    arrays = [array for name in NETS for array in getattr(model, name)]
    return [*arrays, model.noise_variance_] if hasattr(model, "noise_variance_") else arrays


def same_bits(first, second):
    pairs = zip(parameters(first), parameters(second), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def is_finite(model):
    return all(np.isfinite(array).all() for array in parameters(model))


def as_oracle(model):
    """The public attributes as parameters of the enumeration oracle."""
    lists = ([np.float64(array) for array in getattr(model, name)] for name in NETS)
    noise = getattr(model, "noise_variance_", None)
    return exact.Parameters(*lists, None if noise is None else np.float64(noise))


DATA = {"bernoulli": binary_data(), "gaussian": real_data()}
FRACTIONAL = np.random.default_rng(1).random((60, 6))


@pytest.fixture(scope="module", params=["bernoulli", "fractional", "gaussian"])
def fitted(request):
    """A fitted machine of 7 hidden units and its data."""
    X = FRACTIONAL if request.param == "fractional" else DATA[request.param]
    return machine(max_iter=20).fit(X), X


@pytest.fixture(scope="module", params=["binary", "fractional", "gaussian"])
def wide(request):
    """A machine that is scored by importance sampling, on rows of 784 features."""
    X = np.random.default_rng(0).random((150, 784))
    X[:100] = X[:100] < 0.3
    if request.param == "binary":
        X = (X < 0.5).astype(np.uint8)
    if request.param == "gaussian":
        X = 100 * X - 30
    return HelmholtzMachine((60, 20), max_iter=1, n_importance_samples=7, random_state=0).fit(X), X


# Forms of data


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


def test_tags():
    tags = machine().__sklearn_tags__()
    assert tags.estimator_type == "density_estimator"
    assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]
    assert tags.input_tags.sparse
    assert tags.input_tags.allow_nan
    assert not tags.non_deterministic
    assert not tags.target_tags.required


# Features


def test_layers_of_transform():
    X = DATA["bernoulli"]
    model = machine((5, 3, 2)).fit(X)
    layers, H = [], X
    for coefs, intercept in zip(
        model.recognition_coefs_, model.recognition_intercepts_, strict=True
    ):
        H = expit(H @ coefs.astype(np.float64) + intercept)
        layers.append(H)
    for layer in (1, 2, 3):
        out = model.set_params(transform_layer=layer).transform(X)
        assert_allclose(out, layers[layer - 1], rtol=2e-5)
    assert_allclose(model.set_params(transform_layer=None).transform(X), layers[-1], rtol=2e-5)
    out = model.set_params(transform_layer="all").transform(X)
    assert_allclose(out, np.hstack(layers), rtol=2e-5)
    assert_array_equal(clone(model).fit_transform(X), out)


@pytest.mark.parametrize("visible", DATA)
def test_transform_in_the_units_of_the_data(visible):
    X = DATA[visible]
    model = machine((5,), max_iter=30).fit(X)
    eta = X @ model.recognition_coefs_[0].astype(np.float64) + model.recognition_intercepts_[0]
    assert_allclose(model.transform(X), expit(eta), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("layer", [None, 1, 2, 3, "all"])
def test_inverse_transform_passes_expectations_down(visible, layer):
    X = DATA[visible]
    model = machine((5, 3, 2), transform_layer=layer).fit(X)
    H = model.transform(X[:7])
    depth = {None: 3, "all": 1}.get(layer, layer)
    values = H[:, :5] if layer == "all" else H
    for level in range(depth - 1, -1, -1):
        values = values @ model.generative_coefs_[level].astype(np.float64)
        values += model.generative_intercepts_[level]
        if level > 0 or visible == "bernoulli":
            values = expit(values)
    out = model.inverse_transform(H)
    assert out.shape == (7, X.shape[1])
    assert_allclose(out, values, rtol=1e-4, atol=1e-4)


def test_feature_names():
    model = machine((3, 2), max_iter=1).fit(DATA["bernoulli"])
    assert list(model.get_feature_names_out()) == ["helmholtzmachine0", "helmholtzmachine1"]
    model.set_params(transform_layer="all")
    expected = ["layer1_0", "layer1_1", "layer1_2", "layer2_0", "layer2_1"]
    assert list(model.get_feature_names_out()) == expected
    model.set_params(transform_layer=1)
    assert list(model.get_feature_names_out())[-1] == "helmholtzmachine2"
    with pytest.raises(NotFittedError):
        machine().get_feature_names_out()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library):
    frames = pytest.importorskip(library)
    X = frames.DataFrame(dict(zip("abcdef", DATA["bernoulli"].T, strict=True)))
    model = machine((3, 2), max_iter=1, transform_layer="all").fit(X)
    plain = model.transform(X)
    out = model.set_output(transform=library).transform(X)
    assert isinstance(out, frames.DataFrame)
    assert list(out.columns) == list(model.get_feature_names_out())
    assert_array_equal(out.to_numpy(), plain)
    assert list(model.feature_names_in_) == list("abcdef")


# Samples


@pytest.mark.parametrize("visible", DATA)
def test_sample_shapes_and_types(visible):
    model = machine((4, 3)).fit(DATA[visible])
    assert model.sample().shape == (1, model.n_features_in_)
    X, hidden = model.sample(9, random_state=0, return_latents=True)
    assert X.shape == (9, model.n_features_in_)
    assert X.dtype == (np.uint8 if visible == "bernoulli" else np.float32)
    assert [h.shape for h in hidden] == [(9, 4), (9, 3)]
    assert all(h.dtype == np.uint8 and h.max() <= 1 for h in hidden)
    assert_array_equal(model.sample(9, random_state=0), X)


def test_random_state_of_sample():
    model = machine().fit(DATA["bernoulli"])
    draw = lambda state: model.sample(20, random_state=state)  # noqa: E731
    assert_array_equal(draw(3), draw(3))
    assert_array_equal(draw(3), draw(np.random.RandomState(3)))
    assert (draw(3) != draw(4)).any()
    state = np.random.RandomState(3)
    assert (draw(state) != draw(state)).any()
    np.random.seed(5)
    first, second = draw(None), draw(None)
    assert (first != second).any()
    np.random.seed(5)
    assert_array_equal(draw(None), first)


def test_samples_come_from_the_model():
    model = machine((3, 2), max_iter=60, learning_rate_init=0.02).fit(DATA["bernoulli"][:, :3])
    states = exact.all_states(3)
    expected = np.exp(model.score_samples(states))
    assert_allclose(expected.sum(), 1, rtol=1e-6)
    n = 20000
    codes = model.sample(n, random_state=0) @ [4, 2, 1]
    counts = np.bincount(codes, minlength=8)
    assert (((counts - n * expected) ** 2 / (n * expected)).sum()) < 24.3  # chi2(7) at 0.001


def test_gaussian_samples_are_in_the_units_of_the_data():
    X = real_data(400)
    model = machine((4,), max_iter=40).fit(X)
    S = model.sample(4000, random_state=0)
    assert_allclose(S.mean(axis=0), X.mean(axis=0), atol=0.35 * X.std(axis=0).max())
    assert (np.abs(S.mean(axis=0) - X.mean(axis=0)) < 0.3 * X.std(axis=0)).all()
    assert_allclose(S.std(axis=0), X.std(axis=0), rtol=0.3)


# Scores


def test_exact_scores_equal_enumeration_of_the_public_attributes(fitted):
    model, X = fitted
    oracle = as_oracle(model)
    scores = model.score_samples(X)
    assert_allclose(scores, exact.log_likelihood(oracle, X), rtol=1e-4, atol=1e-4)
    assert_allclose(model.free_energy(X), exact.free_energy(oracle, X), rtol=1e-4, atol=1e-4)
    assert (model.free_energy(X) >= -scores - 1e-9).all()


def test_score_is_the_mean_of_the_rows(fitted, wide):
    for model, X in (fitted, wide):
        score = model.score(X)
        assert type(score) is float
        assert_allclose(score, model.score_samples(X).mean(), rtol=1e-14)
        assert model.score(X, np.zeros(len(X))) == score


def test_log_likelihood_of_an_exact_machine(fitted):
    model, X = fitted
    result = model.log_likelihood(X)
    assert result.method == "exact"
    assert not result.is_lower_bound
    assert result.reliable is True
    assert result.monte_carlo_error == result.bias == 0
    assert np.isinf(result.effective_sample_size).all()
    assert_array_equal(result.per_sample, model.score_samples(X))
    assert result.mean == model.score(X)
    expected = result.per_sample.std(ddof=1) / np.sqrt(len(X))
    assert_allclose(result.standard_error, expected, rtol=1e-12)
    assert np.isnan(model.log_likelihood(X[:1]).standard_error)


def test_log_likelihood_by_importance(fitted):
    model, X = fitted
    result = model.log_likelihood(X, method="importance", n_importance_samples=4000)
    assert result.method == "importance"
    assert result.is_lower_bound is True
    assert result.bias < 0 < result.monte_carlo_error < result.standard_error
    assert (result.effective_sample_size <= 4000).all()
    assert (result.effective_sample_size >= 1).all()
    error = abs(result.mean - model.score(X))
    assert error < 4 * result.monte_carlo_error + abs(result.bias) + 1e-4


@pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")  # of so few samples
def test_random_state_and_samples_of_log_likelihood(wide):
    model, X = wide
    X = X[:20]
    fixed = model.log_likelihood(X)
    assert_array_equal(fixed.per_sample, model.score_samples(X))
    seeded = [model.log_likelihood(X, random_state=s).per_sample for s in (0, 0, 1)]
    assert_array_equal(seeded[0], seeded[1])
    assert (seeded[0] != seeded[2]).any()
    assert (seeded[0] != fixed.per_sample).any()
    more = model.log_likelihood(X, n_importance_samples=30)
    assert more.mean > fixed.mean
    assert (fixed.effective_sample_size <= 7).all()
    assert more.effective_sample_size.max() <= 30


def test_log_likelihood_refuses(wide):
    model, X = wide
    for bad in ("guess", None, 3):
        with pytest.raises(ValueError, match=rf"method must be one of .*'exact'.* got {bad!r}"):
            model.log_likelihood(X, method=bad)
    message = r"2\*\*80 states of 80 hidden units; .*at most 20.*'importance'"
    with pytest.raises(ValueError, match=message):
        model.log_likelihood(X, method="exact")
    for bad in (0, -1, 2.5, "many"):
        with pytest.raises(ValueError, match=rf"n_importance_samples must be .* got {bad!r}"):
            model.log_likelihood(X, n_importance_samples=bad)


def test_exact_up_to_fourteen_hidden_units():
    X = DATA["bernoulli"][:, :3]
    for sizes, method in (((10, 4), "exact"), ((15,), "importance")):
        model = HelmholtzMachine(sizes, max_iter=1, random_state=0).fit(X)
        assert model.log_likelihood(X).method == method
        assert model.log_likelihood(X, method="exact").method == "exact"


def check_purity(model, X):
    rng = np.random.default_rng(0)
    order = rng.permutation(len(X))
    for method in SCORING:
        function = getattr(model, method)
        whole = function(X)
        assert_array_equal(function(X), whole)
        assert_array_equal(function(X[order]), whole[order])
        cuts = [0, 1, 2, 40, len(X)]
        for start, stop in itertools.pairwise(cuts):
            assert_array_equal(function(X[start:stop]), whole[start:stop])


def test_scoring_is_a_pure_function_of_the_row(wide):
    check_purity(*wide)


def test_exact_scoring_is_a_pure_function_of_the_row(fitted):
    check_purity(*fitted)


def test_binary_rows_score_alike_beside_fractional_ones():
    X = FRACTIONAL.copy()
    X[:30] = X[:30] < 0.5
    for sizes in ((4, 3), (20, 10)):
        model = machine(sizes).fit(X)
        for method in SCORING:
            function = getattr(model, method)
            assert_array_equal(function(X)[:30], function(X[:30]))


def test_scoring_changes_nothing(fitted):
    model, X = fitted
    before = pickle.dumps(model)
    for method in (*SCORING, "log_likelihood", "score"):
        getattr(model, method)(X)
    model.sample(3, random_state=0)
    model.inverse_transform(model.transform(X))
    assert pickle.dumps(model) == before


def test_negative_zero_is_zero():
    X = np.where(DATA["bernoulli"] == 0, -0.0, DATA["bernoulli"])
    for scale in (1, 0.5):
        model = machine((9, 8)).fit(np.abs(X) * scale)
        for method in SCORING:
            function = getattr(model, method)
            assert_array_equal(function(X * scale), function(np.abs(X) * scale))


# Fitting


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("visible", DATA)
def test_fit_again_is_the_same(algorithm, solver, visible):
    X = DATA[visible]
    model = machine(algorithm=algorithm, solver=solver).fit(X)
    assert same_bits(clone(model).fit(X), model)
    first = pickle.dumps(parameters(model))
    assert pickle.dumps(parameters(model.fit(X))) == first
    assert not same_bits(clone(model).set_params(random_state=1).fit(X), model)


OTHERS = [
    {"algorithm": "wake-sleep"},
    {"n_particles": 2},
    {"solver": "sgd"},
    {"solver": "sgd", "momentum": 0.1},
    {"learning_rate": "cosine"},
    {"learning_rate_init": 0.02},
    {"batch_size": 7},
    {"alpha": 0.1},
    {"shuffle": False},
    {"early_stopping": True},
    {"visible": "gaussian"},
    {"max_iter": 4},
]


@pytest.mark.parametrize("params", OTHERS, ids=str)
def test_every_parameter_of_learning_matters(params):
    X = DATA["bernoulli"]
    model = machine()
    changed = machine(**params).fit(X)
    if params.get("momentum"):
        model.set_params(solver="sgd")
    assert not same_bits(model.fit(X), changed)
    assert is_finite(changed)


def test_fitting_learns():
    X = binary_data(300)
    first, last = (machine(max_iter=n, learning_rate_init=0.02).fit(X) for n in (1, 60))
    independent = X.mean(axis=0)
    baseline = (X * np.log(independent) + (1 - X) * np.log1p(-independent)).sum(axis=1).mean()
    assert last.score(X) > baseline + 0.2
    assert last.score(X) > first.score(X)
    assert last.loss_curve_[-1] < last.loss_curve_[0]
    assert_allclose(-last.loss_curve_[-1], last.score(X), atol=0.3)


def test_records_of_a_fit():
    X = DATA["bernoulli"]
    model = machine(max_iter=4).fit(X)
    assert model.n_iter_ == 4
    assert len(model.loss_curve_) == 4
    assert all(type(loss) is float for loss in model.loss_curve_)
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None
    assert model.n_features_in_ == 6
    assert [c.shape for c in model.generative_coefs_] == [(4, 6), (3, 4)]
    assert [c.shape for c in model.generative_intercepts_] == [(6,), (4,), (3,)]
    assert [c.shape for c in model.recognition_coefs_] == [(6, 4), (4, 3)]
    assert [c.shape for c in model.recognition_intercepts_] == [(4,), (3,)]


def test_alpha_shrinks_weights_not_intercepts():
    X = binary_data(100)
    X[:, 0] = np.arange(100) % 10 > 0
    strong = machine((3,), alpha=30, max_iter=100).fit(X)
    weak = machine((3,), alpha=0, max_iter=100).fit(X)
    for name in ("generative_coefs_", "recognition_coefs_"):
        assert np.abs(getattr(strong, name)[0]).mean() < 0.1 * np.abs(getattr(weak, name)[0]).mean()
    assert strong.generative_intercepts_[0][0] > 1


def test_int_and_tuple_and_list_of_sizes():
    X = DATA["bernoulli"]
    model = machine(4).fit(X)
    for sizes in ((4,), [4], np.array([4]), np.int64(4)):
        assert same_bits(machine(sizes).fit(X), model)


def test_large_batches_single_rows_single_features():
    X = DATA["bernoulli"]
    assert same_bits(machine(batch_size=60).fit(X), machine(batch_size=10**6).fit(X))
    for data in (X[:1], X[:, :1], X[:1, :1], real_data()[:1], real_data()[:, :1]):
        for sizes in ((1,), (4, 3), (16,)):
            model = machine(sizes).fit(data)
            assert np.isfinite(model.score(data))
            assert is_finite(model)
            assert model.transform(data).shape == (len(data), sizes[-1])
    assert np.isfinite(machine(batch_size=1, n_particles=1).fit(X).score(X))


# Early stopping


def held_out_by(model, X, monkeypatch):
    """Fit; returns the rows that each epoch was validated on."""
    seen, original = [], _monitor.validation_score

    def spy(machine, rows, seed, n_samples, n_threads):
        if n_samples == _monitor.VALIDATION_SAMPLES:
            seen.append(rows.take(slice(None)))
        return original(machine, rows, seed, n_samples, n_threads)

    monkeypatch.setattr(_monitor, "validation_score", spy)
    model.fit(X)
    return seen


@pytest.mark.parametrize("visible", DATA)
def test_early_stopping_keeps_the_best(visible):
    train, test = DATA[visible][:40], DATA[visible][40:]
    model = machine(
        early_stopping=True, max_iter=200, learning_rate_init=0.3, n_iter_no_change=4
    ).fit(train, X_val=test)
    scores = model.validation_scores_
    best = int(np.argmax(scores))
    assert len(scores) == model.n_iter_ == len(model.loss_curve_) < 200
    assert best < len(scores) - 1
    assert model.best_validation_score_ == max(scores)
    # The same fit, stopped at the best epoch, ends with the parameters that were kept.
    again = clone(model).set_params(max_iter=best + 1).fit(train, X_val=test)
    assert again.validation_scores_ == scores[: best + 1]
    assert same_bits(again, model)
    longer = clone(model).set_params(max_iter=best + 1, early_stopping=False)
    assert same_bits(longer.fit(train), model)
    result = model.log_likelihood(test, method="importance", n_importance_samples=500)
    best_score = model.best_validation_score_
    assert abs(result.mean - best_score) < 6 * result.monte_carlo_error + 1e-6


def test_early_stopping_stops_by_patience_and_tolerance():
    X = binary_data(100)
    params = {"early_stopping": True, "max_iter": 40, "learning_rate_init": 3e-4}
    lengths = {n: machine(**params, tol=0.3, n_iter_no_change=n).fit(X).n_iter_ for n in (2, 3, 7)}
    # The first epoch improves on nothing, later ones by less than the tolerance.
    assert lengths == {2: 3, 3: 4, 7: 8}
    params["learning_rate_init"] = 3e-3
    model = machine(**params, tol=0, n_iter_no_change=2).set_params(random_state=1).fit(X)
    scores = model.validation_scores_
    records = [epoch for epoch, score in enumerate(scores) if score == max(scores[: epoch + 1])]
    assert len(records) > 2
    assert (np.diff(records) <= 2).all()
    assert model.n_iter_ == min(records[-1] + 1 + 2, 40)


def rates_of(model, monkeypatch, X, **fit_params):
    """The learning rates of the epochs of a fit."""
    rates, original = [], _training._epoch

    def epoch(training, rows, plan, number):
        rates.append(plan.schedule.rate(number / plan.max_iter))
        return original(training, rows, plan, number)

    with monkeypatch.context() as patched:
        patched.setattr(_training, "_epoch", epoch)
        model.fit(X, **fit_params)
    return np.array(rates)


def bounds_of_penalties(model, monkeypatch, X):
    """How far penalties have grown in each epoch that training begins."""
    seen, original = [], _training.Training.set_penalties

    def set_penalties(training, *grown):
        seen.extend(grown)
        return original(training, *grown)

    with monkeypatch.context() as patched:
        patched.setattr(_training.Training, "set_penalties", set_penalties)
        model.fit(X)
    return seen


def test_learnt_penalties_grow_in_a_first_fit_that_does_not_stop_early(monkeypatch):
    X = binary_data(60)
    model = machine(max_iter=5, autoregressive=True, warm_start=True, early_stopping=False)
    assert bounds_of_penalties(model, monkeypatch, X) == pytest.approx([1 / 3, 2 / 3, 1, 1, 1])
    assert bounds_of_penalties(model, monkeypatch, X) == [1] * 5
    stopping = machine(max_iter=5, autoregressive=True, early_stopping=True)
    assert bounds_of_penalties(stopping, monkeypatch, X) == [1] * 5
    growing = machine(max_iter=5, autoregressive=True, early_stopping=False).fit(X)
    monkeypatch.setattr(automatic, "_PRIOR", (2.0, np.inf, 2))
    assert not same_bits(
        growing, machine(max_iter=5, autoregressive=True, early_stopping=False).fit(X)
    )


@pytest.mark.parametrize("held_out", [False, True])
def test_adaptive_rates_fall_by_five_where_nothing_improves(held_out, monkeypatch):
    X = binary_data(100)
    params = {"learning_rate": "adaptive", "learning_rate_init": 1e-2, "n_iter_no_change": 3}
    model = machine(**params, max_iter=60, tol=0.05)
    rates = rates_of(model, monkeypatch, X, X_val=X[:30] if held_out else None)
    progress = model.validation_scores_ if held_out else np.negative(model.loss_curve_)
    expected, best, waiting, rate = [], -np.inf, 0, 1e-2
    for value in progress:
        expected.append(rate)
        waiting = 0 if value > best + 0.05 else waiting + 1
        best = max(best, value)
        if waiting == 3:
            rate, waiting = rate / 5, 0
    assert_allclose(rates, expected)
    assert rates[-1] < 1e-2
    assert model.n_iter_ < 60
    assert rates[-1] / 5 < 1e-6 <= rates[-1]


def test_an_adaptive_rate_falls_before_early_stopping_stops(monkeypatch):
    X = binary_data(100)
    params = {"early_stopping": True, "max_iter": 60, "tol": 0.3, "n_iter_no_change": 2}
    soon = machine(**params).fit(X)
    model = machine(**params, learning_rate="adaptive", learning_rate_init=1e-2)
    rates = rates_of(model, monkeypatch, X)
    assert model.n_iter_ > soon.n_iter_
    assert len(set(rates)) == 6
    assert model.best_validation_score_ == max(model.validation_scores_)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_an_l1_penalty_makes_weights_exactly_zero_but_no_intercepts(solver):
    X = binary_data(300)
    params = {"solver": solver, "learning_rate_init": 1e-2, "max_iter": 60, "batch_size": 20}
    zeros = []
    for alpha, ratio in ((1e-3, 0), (1e-3, 1), (0.01, 0.5), (1.0, 1)):
        model = machine(**params, alpha=alpha, l1_ratio=ratio).fit(X)
        weights = model.generative_coefs_ + model.recognition_coefs_
        zeros.append(np.mean(np.concatenate([w.ravel() for w in weights]) == 0))
        assert all((b != 0).all() for b in model.recognition_intercepts_)
    assert zeros[0] == 0
    assert zeros[1] < zeros[2] < zeros[3] == 1
    independent = np.clip(X.mean(axis=0), 1e-3, 1 - 1e-3)  # all that is left are the intercepts
    expected = (X * np.log(independent) + (1 - X) * np.log1p(-independent)).sum(axis=1).mean()
    assert model.score(X) == pytest.approx(expected, abs=0.05)


def test_the_ridge_has_the_share_that_the_lasso_leaves():
    X = binary_data(100)
    own, lateral = automatic.penalties(machine(alpha=0.2, l1_ratio=0.5), 100)
    assert own.strengths(1.0, 1.0) == lateral.strengths(1.0, 1.0) == (0.1, 0.1, 0)
    ridge = machine(alpha=0.1).fit(X)
    assert same_bits(ridge, machine(alpha=0.1, l1_ratio=0.0).fit(X))
    assert not same_bits(ridge, machine(alpha=0.2, l1_ratio=0.5).fit(X))


def test_penalties_by_default_and_apart():
    """Those of connections and of lateral weights."""

    def penalties(**params):
        return automatic.penalties(machine(**params), 100)

    def estimated(l1_ratio=1.0):
        connections = EstimatedPenalty(100, l1_ratio, 2.0, np.inf, 2, 0.1)
        return connections, EstimatedPenalty(100, l1_ratio, 12.0, 4.0)

    ordered = {"autoregressive": True}
    in_pieces = automatic.penalties(machine(**ordered), None)
    assert in_pieces == (FixedPenalty(1e-4, 1), FixedPenalty(1e-4, 1))
    assert penalties() == (FixedPenalty(1e-4), FixedPenalty(1e-4))
    assert penalties(**ordered) == estimated()
    assert penalties(**ordered, l1_ratio=0) == estimated(0.0)
    assert penalties(**ordered, alpha=0.5) == (FixedPenalty(0.5, 1), FixedPenalty(0.5, 1))
    apart = penalties(alpha=0.5, lateral_alpha=2, lateral_l1_ratio=1)
    assert apart == (FixedPenalty(0.5), FixedPenalty(2, 1))
    assert penalties(**ordered, alpha=1, lateral_alpha="auto") == (
        FixedPenalty(1, 1), estimated()[1]
    )  # fmt: skip


def test_batches_by_default():
    def size(n_rows, **params):
        return automatic.batch_size(HelmholtzMachine(**params), n_rows)

    assert [size(n) for n in (10, 5000, 10**6)] == [100, 100, 100]
    ordered = {"autoregressive": True}
    assert [size(n, **ordered) for n in (10, 1999, 5000, 10**6)] == [20, 20, 50, 100]
    assert size(5000, **ordered, batch_size=7) == size(5000, batch_size=7) == 7


def test_learning_rates_by_default():
    def rate(**params):
        return automatic.learning_rate(machine(**params))

    assert (rate(), rate(averaging=True), rate(autoregressive=True)) == (0.01, 0.02, 0.02)
    assert rate(autoregressive=True, averaging=False) == 0.01
    assert rate(autoregressive=True, learning_rate_init=0.5) == 0.5


def test_averaging_is_what_autoregressive_machines_do_by_default():
    X = DATA["bernoulli"]
    for autoregressive in (False, True):
        default, *others = (
            machine(autoregressive=autoregressive, **params).fit(X)
            for params in ({}, {"averaging": False}, {"averaging": True})
        )
        assert [same_bits(default, other) for other in others] == [
            not autoregressive, autoregressive
        ]  # fmt: skip


def test_scores_on_own_rows_without_early_stopping():
    X = DATA["bernoulli"]
    plain = machine().fit(X[:40])
    watched = machine().fit(X[:40], X_val=X[40:])
    assert same_bits(plain, watched)
    assert len(watched.validation_scores_) == 5
    assert watched.best_validation_score_ == max(watched.validation_scores_)


@pytest.mark.parametrize(
    ("n", "fraction", "expected"), [(60, 0.1, 6), (60, 0.5, 30), (60, 0.001, 1), (2, 0.1, 1)]
)
def test_size_of_the_held_out_share(n, fraction, expected, monkeypatch):
    X = np.arange(2.0 * n).reshape(n, 2) / (2 * n)
    model = machine(early_stopping=True, validation_fraction=fraction, max_iter=2)
    seen = held_out_by(model, X, monkeypatch)
    assert [len(rows) for rows in seen] == [expected] * 2
    assert_array_equal(seen[0], seen[1])


def test_autoregressive_machines_of_wide_tables_stop_early(monkeypatch):
    X = DATA["bernoulli"]
    monkeypatch.setattr(automatic, "_MANY_COLUMNS", X.shape[1])
    settings = {"autoregressive": True, "max_iter": 2}
    early = machine(**settings).fit(X)
    assert same_bits(early, machine(**settings, early_stopping=True).fit(X))
    assert len(early.validation_scores_) == 2
    for quiet in (machine(**settings).fit(X[:, 1:]), machine(max_iter=2).fit(X)):
        assert quiet.validation_scores_ is None
    assert machine(**settings, early_stopping=False).fit(X).validation_scores_ is None
    # Rows of one's own stop it just as well, and none of the table is then held out.
    early, own = machine(**settings, tol=1e6, n_iter_no_change=1).set_params(max_iter=9), X[:9]
    assert early.fit(X, X_val=own).n_iter_ == 2
    early.set_params(early_stopping=False)
    assert early.fit(X, X_val=own).n_iter_ == 9
    machine(**settings).partial_fit(X)  # which cannot stop early, and need not be told so


def test_held_out_rows_are_not_trained_on(monkeypatch):
    X = np.arange(80.0).reshape(40, 2) / 80
    model = machine(early_stopping=True, validation_fraction=0.25, max_iter=3)
    trained, step = set(), _training.Training.step

    def spy(self, rows, indices, rate):
        trained.update(indices.tolist())
        return step(self, rows, indices, rate)

    monkeypatch.setattr(_training.Training, "step", spy)
    held_out = held_out_by(model, X, monkeypatch)[0]
    numbers = set(np.rint(held_out[:, 0] * 40).astype(int).tolist())
    assert len(numbers) == 10
    assert trained == set(range(40)) - numbers


def test_metadata_routing_of_the_validation_rows():
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        model = machine().set_fit_request(X_val=True)
        assert model.get_metadata_routing().fit.requests == {"X_val": True, "monitor": None}


# Going on


def test_warm_start_goes_on():
    X = DATA["bernoulli"]
    model = machine(warm_start=True, learning_rate_init=1e-6).fit(X)
    start = [array.copy() for array in parameters(model)]
    losses = list(model.loss_curve_)
    model.fit(X)
    assert model.n_iter_ == 10
    assert model.loss_curve_[:5] == losses
    assert len(model.loss_curve_) == 10
    for before, after in zip(start, parameters(model), strict=True):
        assert_allclose(after, before, atol=1e-3)
        assert (after != before).any()
    cold = machine(learning_rate_init=1e-6).fit(X)
    assert cold.fit(X).n_iter_ == 5


def test_warm_start_keeps_units_and_names():
    X = real_data()
    model = machine(warm_start=True, max_iter=2).fit(X)
    scaling = model._scaling
    model.fit(X * 5 + 1)
    assert model._scaling is scaling
    with pytest.raises(ValueError, match=r"hidden_layer_sizes is \(5,\).*\(4, 3\).*warm_start"):
        model.set_params(hidden_layer_sizes=(5,)).fit(X)
    with pytest.raises(ValueError, match="features"):
        model.set_params(hidden_layer_sizes=(4, 3)).fit(X[:, :2])
    with pytest.raises(ValueError, match=r"visible is 'bernoulli'.*'gaussian'"):
        model.set_params(visible="bernoulli").fit(X)


@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("averaging", [False, True])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_resumes(visible, solver, averaging):
    X, params = DATA[visible], {"solver": solver, "averaging": averaging}
    model = machine(max_iter=3, **params).fit(X)
    passes = machine(**params)
    for n in (1, 2, 3):
        assert passes.partial_fit(X) is passes
        assert passes.n_iter_ == len(passes.loss_curve_) == n
    assert same_bits(passes, model)
    assert passes.loss_curve_ == model.loss_curve_
    # From fit to partial_fit and back out of a pickle, too.
    mixed = machine(max_iter=2, **params).fit(X)
    mixed = pickle.loads(pickle.dumps(mixed)).partial_fit(X)
    assert same_bits(mixed, model)


def test_averaging_changes_what_comes_of_training_and_not_its_course():
    X = DATA["bernoulli"]
    plain, averaged = (machine(averaging=on, learning_rate_init=0.01) for on in (False, True))
    for _ in range(3):
        assert not same_bits(plain.partial_fit(X), averaged.partial_fit(X))
    assert plain.loss_curve_ == averaged.loss_curve_
    # Without averaging, training goes on from what was published.
    goes_on = pickle.loads(pickle.dumps(averaged)).set_params(averaging=False).partial_fit(X)
    fresh = HelmholtzMachine.from_parameters(
        *(getattr(averaged, name) for name in NETS), random_state=0, batch_size=20
    )
    for name in ("_seed", "_step", "_state", "_state_solver", "_stand_in"):
        setattr(fresh, name, getattr(averaged, name))
    assert same_bits(goes_on, fresh.partial_fit(X))


def test_averages_are_what_is_validated_and_kept():
    X = DATA["bernoulli"]
    model = machine(averaging=True, early_stopping=True, max_iter=10).fit(X[:40], X_val=X[40:])
    looks = []
    machine(averaging=True, max_iter=10).fit(
        X[:40], X_val=X[40:], monitor=lambda model, epoch, X_val: looks.append(parameters(model))
    )
    best = looks[int(np.argmax(model.validation_scores_))]
    for array, kept in zip(parameters(model), best, strict=True):
        assert_array_equal(array, kept)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_keeps_the_state_of_the_optimiser(solver):
    X = DATA["bernoulli"]
    resumed, fresh = (machine(solver=solver).partial_fit(X) for _ in range(2))
    fresh._state = None
    resumed.partial_fit(X)
    fresh.partial_fit(X)
    assert not same_bits(resumed, fresh)


def test_partial_fit_takes_minibatches_and_other_rows(monkeypatch):
    sizes, step = [], _training.Training.step

    def spy(self, rows, indices, rate):
        sizes.append(len(indices))
        return step(self, rows, indices, rate)

    monkeypatch.setattr(_training.Training, "step", spy)
    X = DATA["bernoulli"]
    model = machine(batch_size=20).partial_fit(X[:50])
    assert sizes == [20, 20, 10]
    model.partial_fit(X[50:])
    assert sizes[3:] == [10]
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, :3])
    with pytest.raises(ValueError, match="Column 0 of X holds the value 4"):
        model.partial_fit(X + 3)
    assert machine().partial_fit(real_data()).visible_ == "gaussian"


def test_partial_fit_refuses():
    X = DATA["bernoulli"]
    with pytest.raises(ValueError, match=r"early_stopping=True.*partial_fit.*early_stopping=False"):
        machine(early_stopping=True).partial_fit(X)
    with pytest.raises(ValueError, match=r"learning_rate='cosine'.*learning_rate='constant'"):
        machine(learning_rate="cosine").partial_fit(X)


# Given parameters


def rebuilt(model, **params):
    noise = getattr(model, "noise_variance_", None)
    arrays = (getattr(model, name) for name in NETS)
    return HelmholtzMachine.from_parameters(*arrays, noise_variance=noise, **params)


def test_from_parameters_round_trip(fitted):
    model, X = fitted
    other = rebuilt(model)
    assert other.visible_ == other.visible == model.visible_
    assert other.hidden_layer_sizes == (4, 3)
    assert other.n_iter_ == 0
    assert other.n_features_in_ == X.shape[1]
    if model.visible_ == "bernoulli":
        assert same_bits(other, model)
        assert_array_equal(other.score_samples(X), model.score_samples(X))
    else:
        for a, b in zip(parameters(other), parameters(model), strict=True):
            assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        assert_allclose(other.score_samples(X), model.score_samples(X), rtol=1e-4, atol=1e-3)
        assert_allclose(other.transform(X), model.transform(X), rtol=1e-3, atol=1e-5)


def test_from_parameters_leaves_the_arrays_alone():
    arrays = [[np.ones((2, 3))], [np.zeros(3), np.zeros(2)], [np.ones((3, 2))], [np.zeros(2)]]
    noise = np.full(3, 4.0)
    model = HelmholtzMachine.from_parameters(*arrays, noise_variance=noise, random_state=0)
    model.partial_fit(real_data(20, 3))
    assert (arrays[0][0] == 1).all()
    assert (arrays[2][0] == 1).all()
    assert (noise == 4).all()


def test_from_parameters_can_be_trained_further(fitted):
    model, X = fitted
    for going_on in ("partial_fit", "fit"):
        other = rebuilt(model, warm_start=True, max_iter=1, random_state=0, learning_rate_init=1e-5)
        getattr(other, going_on)(X)
        assert other.n_iter_ == 1
        assert not same_bits(other, model)
        for a, b in zip(parameters(other), parameters(model), strict=True):
            assert_allclose(a, b, rtol=1e-2, atol=1e-2)


GIVEN = {
    "generative_coefs": [np.ones((2, 3))],
    "generative_intercepts": [np.zeros(3), np.zeros(2)],
    "recognition_coefs": [np.ones((3, 2))],
    "recognition_intercepts": [np.zeros(2)],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generative_coefs": None}, "generative_coefs must hold arrays"),
        ({"generative_coefs": []}, "generative_coefs.*at least one"),
        ({"generative_coefs": [np.ones((3, 2))]}, r"generative_coefs must have.*\(2, 3\)"),
        ({"generative_coefs": [[["a"] * 3] * 2]}, "generative_coefs must hold arrays of real"),
        ({"generative_coefs": [np.full((2, 3), np.nan)]}, r"generative_coefs\[0\] must be finite"),
        ({"generative_intercepts": [np.zeros(3)]}, "one array more"),
        ({"generative_intercepts": [np.zeros((3, 1)), np.zeros(2)]}, "one dimension"),
        ({"recognition_coefs": [np.ones((2, 3))]}, r"recognition_coefs must have.*\(3, 2\)"),
        ({"recognition_intercepts": [np.zeros(3)]}, "recognition_intercepts must have"),
        ({"recognition_intercepts": [np.full(2, np.inf)]}, "must be finite"),
        ({"hidden_layer_sizes": (3,)}, r"hidden_layer_sizes=\(2,\).*got \(3,\)"),
        ({"hidden_layer_sizes": (2, 2)}, "hidden_layer_sizes"),
        ({"visible": "gaussian"}, "visible='bernoulli'.*'gaussian'"),
        ({"noise_variance": np.ones(3), "visible": "bernoulli"}, "visible='gaussian'"),
        ({"noise_variance": np.ones(2)}, "noise_variance must.*3 features"),
        ({"noise_variance": [1, 0, 1]}, "noise_variance must hold a number between"),
        ({"noise_variance": [1, np.nan, 1]}, r"noise_variance\[0\] must be finite"),
        ({"alpha": -1}, "'alpha' parameter"),
    ],
)
def test_from_parameters_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        HelmholtzMachine.from_parameters(**{**GIVEN, **change})


def test_from_parameters_takes_matching_sizes():
    for sizes in (2, (2,), [2]):
        HelmholtzMachine.from_parameters(**GIVEN, hidden_layer_sizes=sizes)
    model = HelmholtzMachine.from_parameters(**GIVEN, visible="auto", alpha=0.5)
    assert (model.visible, model.visible_, model.alpha) == ("auto", "bernoulli", 0.5)


def test_from_parameters_scores_in_the_units_given():
    params = exact.random_parameters((3, 2, 2), 1.0, 0, gaussian=True)
    params.noise_variance *= [1e-4, 1, 1e4]
    fields = [getattr(params, name[:-1]) for name in NETS]
    model = HelmholtzMachine.from_parameters(*fields, noise_variance=params.noise_variance)
    X = np.random.default_rng(0).normal(size=(9, 3))
    assert_allclose(model.score_samples(X), exact.log_likelihood(params, X), rtol=1e-4)


# Copies


def test_clone_is_not_fitted(fitted):
    copy = clone(fitted[0])
    assert copy.get_params() == fitted[0].get_params()
    with pytest.raises(NotFittedError):
        copy.score(fitted[1])


def test_pickle_goes_on_like_the_original(fitted):
    model, X = fitted
    copy = pickle.loads(pickle.dumps(model))
    for method in SCORING:
        assert_array_equal(getattr(copy, method)(X), getattr(model, method)(X))
    assert same_bits(copy, model)
    assert same_bits(copy.partial_fit(X), pickle.loads(pickle.dumps(model)).partial_fit(X))


def test_pickle_of_another_version_warns(monkeypatch):
    model = machine().fit(DATA["bernoulli"])
    with monkeypatch.context() as patch:
        patch.setattr(versions, "__version__", "0.0.1")
        old = pickle.dumps(model)
    with pytest.warns(UserWarning, match=r"saved by sklearn_helmholtz 0\.0\.1.*Fit it again"):
        copy = pickle.loads(old)
    assert same_bits(copy, model)
    assert vars(copy).keys() == vars(model).keys()


def test_machines_saved_before_there_were_averages_go_on():
    X = DATA["bernoulli"]
    model = machine().fit(X)
    old = pickle.loads(pickle.dumps(model))
    del old._last
    assert same_bits(old.partial_fit(X), model.partial_fit(X))
    old = pickle.loads(pickle.dumps(old))
    del old._last
    old.set_params(warm_start=True, averaging=True).fit(X)
    assert is_finite(old)


def test_memory_mapped_model(tmp_path, wide):
    model, X = wide
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert isinstance(mapped.generative_coefs_[0], np.memmap)
    assert not mapped.generative_coefs_[0].flags.writeable
    for method in SCORING:
        assert_array_equal(getattr(mapped, method)(X[:9]), getattr(model, method)(X[:9]))
    assert_array_equal(mapped.sample(4, random_state=0), model.sample(4, random_state=0))
    mapped.partial_fit(X)
    assert is_finite(mapped)


def test_html_shows_the_parameters():
    model = machine(n_particles=17)
    for estimator in (model, clone(model).fit(DATA["bernoulli"])):
        html = estimator_html_repr(estimator)
        assert "HelmholtzMachine" in html
        assert "n_particles" in html
        assert "17" in html
    assert repr(HelmholtzMachine(n_particles=17)) == "HelmholtzMachine(n_particles=17)"


# What a person sees


def test_verbose_lines(capsys):
    X = DATA["bernoulli"]
    machine(max_iter=3, verbose=1).fit(X, X_val=X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    number = r"-\d+\.\d{4}"
    pattern = (
        rf"Epoch 2/3: training bound {number}, held-out bound {number} nats per row, \d+\.\d s"
    )
    assert re.fullmatch(pattern, lines[1])
    model = machine(verbose=1).partial_fit(X)
    assert f"training bound {-model.loss_curve_[0]:.4f} nats" in capsys.readouterr().out
    machine(max_iter=3).fit(X)
    assert capsys.readouterr().out == ""


# Interrupts


@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("step", [1, 2, 5])
def test_interrupt_leaves_a_usable_machine(monkeypatch, visible, step):
    X, original = DATA[visible], _training.Training.step

    def interrupt(self, *args):
        if self.step_number == step - 1:
            raise KeyboardInterrupt
        return original(self, *args)

    monkeypatch.setattr(_training.Training, "step", interrupt)
    model = machine(max_iter=50)
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(X)
    if step == 1:  # nothing was learnt
        assert not hasattr(caught.value, "__notes__")
        assert vars(model) == vars(machine(max_iter=50))
        return
    assert caught.value.__notes__ == [
        f"The HelmholtzMachine keeps what it learnt in {(step - 1) // 3} epochs."
    ]
    assert model.n_iter_ == len(model.loss_curve_) == (step - 1) // 3
    assert np.isfinite(model.score(X))
    assert is_finite(model)
    assert model.sample(2).shape == (2, X.shape[1])
    monkeypatch.undo()
    model.partial_fit(X)
    assert np.isfinite(model.score(X))


def test_interrupt_between_epochs_keeps_the_last_parameters(monkeypatch):
    X, original = DATA["bernoulli"], _training._epoch

    def interrupt(training, rows, plan, epoch):
        if epoch == 3:
            raise KeyboardInterrupt
        return original(training, rows, plan, epoch)

    expected = machine(max_iter=3).fit(X)
    monkeypatch.setattr(_training, "_epoch", interrupt)
    model = machine(max_iter=50)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert same_bits(model, expected)
    assert model.n_iter_ == 3


INTERRUPTED = """
    import numpy as np, signal, warnings
    from sklearn_helmholtz import HelmholtzMachine
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which the shell may have taken away
    X = np.random.default_rng(0).random((500, 20)) < 0.5
    model = HelmholtzMachine((30, 20), max_iter=10**6, random_state=0, verbose=1)
    warnings.simplefilter("error")
    try:
        model.fit(X)
    except KeyboardInterrupt as error:
        print(error.__notes__)
    print("score", np.isfinite(model.score(X)), model.n_iter_ == len(model.loss_curve_) > 0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_real_interrupt():
    program = [sys.executable, "-c", textwrap.dedent(INTERRUPTED)]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout.readline().startswith("Epoch 1/")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert "The HelmholtzMachine keeps what it learnt in" in out
    assert "score True True" in out


# Divergence


REMEDY = r"diverged after.*Lower learning_rate_init"


@pytest.mark.parametrize("rate", [1e3, 1e6])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("X", [*DATA.values(), FRACTIONAL], ids=[*DATA, "fractional"])
def test_divergence_is_undone(solver, X, rate):
    model = machine(solver=solver, learning_rate_init=rate, max_iter=20)
    with np.errstate(all="ignore"), pytest.warns(ConvergenceWarning, match=REMEDY):
        model.fit(X)
    assert is_finite(model)
    assert model.score(X) > -1e3
    assert model.n_iter_ == len(model.loss_curve_) < 20
    for method in SCORING:
        assert np.isfinite(getattr(model, method)(X)).all()
    model.set_params(learning_rate_init=1e-3).partial_fit(X)
    assert np.isfinite(model.score(X))


def test_an_average_stands_where_it_stood_before_a_divergence():
    X = DATA["bernoulli"]
    model, new = machine(averaging=True).fit(X), machine(averaging=True)
    before = pickle.loads(pickle.dumps(model))
    for each in (model, new):
        each.set_params(learning_rate_init=1e6)
        with np.errstate(all="ignore"), pytest.warns(ConvergenceWarning, match=REMEDY):
            each.partial_fit(X)
    assert same_bits(model, before)
    for one, other in zip(model._last, before._last, strict=True):
        assert_array_equal(one, other)
    assert new._last[1:] == (0, 0)


# Gaussian features that invite trouble


def awkward(kind):
    X = real_data(200)
    rng = np.random.default_rng(3)
    if kind == "constant":
        X[:, 1] = 7.3
    elif kind == "duplicated":
        X[:, 1] = X[:, 0]
    elif kind == "near-constant":
        X[:, 1] = 5 + 1e-9 * rng.normal(size=200)
    elif kind == "offset":
        X += 1e6
    elif kind == "large":
        X *= 1e12
    elif kind == "small":
        X *= 1e-12
    elif kind == "all constant":
        X[:] = [1, -2, 0, 1e5]
    elif kind == "outlier":
        X[0, 2] = 1e7
    return X


KINDS = ["constant", "duplicated", "near-constant", "offset", "large", "small", "all constant"]


@pytest.mark.parametrize("kind", [*KINDS, "outlier"])
@pytest.mark.parametrize("sizes", [(4, 3), (12, 6)])
def test_awkward_real_features(kind, sizes):
    X = awkward(kind)
    model = machine(sizes, max_iter=20, visible="gaussian").fit(X)
    assert is_finite(model)
    assert (model.noise_variance_ > 0).all()
    for method in SCORING:
        assert np.isfinite(getattr(model, method)(X)).all()
    spread = np.where(X.std(axis=0) > 1e-8 * np.abs(X.mean(axis=0)), X.std(axis=0), 1)
    if kind == "near-constant":
        spread[1] = X[:, 1].std()
    if kind != "outlier":
        # No better than 3.5 nats per feature over a normal of the data's own spread (the floor of
        # the variance), and no worse than it by much.
        normal = -0.5 * np.log(2 * np.pi * np.e * spread**2).sum()
        assert normal - 3 < model.score(X) < normal + 3.5 * X.shape[1] + 2
    S = model.sample(500, random_state=0).astype(np.float64)
    assert (np.abs(S.mean(axis=0) - X.mean(axis=0)) < 1.0 * spread + 1e-6 * np.abs(X).max(0)).all()


def test_shift_and_scale_of_real_features_change_nothing_but_the_volume():
    X = real_data()
    model, other = machine().fit(X), machine().fit(X * 8 - 64)
    shift = X.shape[1] * np.log(8)
    assert_allclose(other.score_samples(X * 8 - 64), model.score_samples(X) - shift, rtol=1e-5)
    assert_allclose(other.noise_variance_, 64 * model.noise_variance_, rtol=1e-5)


def test_noise_has_a_floor():
    X = real_data(200)
    X[:, 1] = 7.3
    model = machine((8,), max_iter=200, learning_rate_init=0.05).fit(X)
    variance = np.where(np.arange(4) == 1, 1, X.var(axis=0))
    assert (model.noise_variance_ >= 0.00099 * variance).all()
    assert model.noise_variance_[1] < 0.1


# Bad input


@pytest.mark.parametrize("sparse", [False, True])
def test_values_out_of_range(sparse):
    X = DATA["bernoulli"].copy()
    X[3, 2] = 1.5
    frame = pd.DataFrame(X, columns=["a", "b", "größe", "d", "e", "f"])
    wrap = scipy.sparse.csr_array if sparse else np.asarray
    bernoulli = machine(visible="bernoulli")
    remedy = r"Binarise or rescale the data, or fit with visible='gaussian'"
    with pytest.raises(ValueError, match=rf"Column 2 of X holds the value 1\.5.*{remedy}"):
        bernoulli.fit(wrap(X))
    with pytest.raises(ValueError, match=rf"Column 2 \('größe'\) of X holds.* 1\.5.*{remedy}"):
        bernoulli.fit(frame)
    model = machine().fit(frame.clip(0, 1))
    with pytest.raises(ValueError, match=rf"Column 2 \('größe'\) of X holds.* 1\.5.*{remedy}"):
        model.score(frame)
    model = machine().fit(wrap(np.clip(X, 0, 1)))
    X[3, 2] = -7
    for method in (*SCORING, "score", "log_likelihood", "partial_fit"):
        with pytest.raises(ValueError, match=rf"Column 2 of X holds the value -7.0,.*{remedy}"):
            getattr(model, method)(wrap(X))
    with pytest.raises(ValueError, match=r"Column 2 of X holds the value -7.0,"):
        machine(visible="bernoulli").fit(np.clip(X, 0, 1), X_val=wrap(X))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"hidden_layer_sizes": 0}, "hidden_layer_sizes.*Got 0"),
        ({"hidden_layer_sizes": (3, -1)}, "at least 1, got -1 for hidden layer 2"),
        ({"hidden_layer_sizes": (0,)}, "at least 1, got 0 for hidden layer 1"),
        ({"hidden_layer_sizes": (3.0,)}, r"integers of at least 1, got 3\.0"),
        ({"hidden_layer_sizes": 3.0}, r"hidden_layer_sizes.*Got 3\.0"),
        ({"hidden_layer_sizes": ()}, r"hidden_layer_sizes must name between 1 and 255.*\(\)"),
        ({"hidden_layer_sizes": "100"}, "hidden_layer_sizes.*Got '100'"),
        ({"hidden_layer_sizes": ("a",)}, "integers of at least 1, got 'a'"),
        ({"hidden_layer_sizes": True}, "integers of at least 1, got True"),
        ({"hidden_layer_sizes": (2, True)}, "got True for hidden layer 2"),
        ({"hidden_layer_sizes": None}, "hidden_layer_sizes.*Got None"),
        ({"hidden_layer_sizes": (1,) * 256}, "between 1 and 255 layers"),
        ({"algorithm": "backprop"}, "algorithm.*wake-sleep.*Got 'backprop'"),
        ({"visible": "poisson"}, "visible.*Got 'poisson'"),
        ({"solver": "lbfgs"}, "solver.*Got 'lbfgs'"),
        ({"n_particles": 0}, "n_particles.*Got 0"),
        ({"batch_size": 0}, "batch_size.*Got 0"),
        ({"max_iter": 0}, "max_iter.*Got 0"),
        ({"alpha": -1}, "alpha.*Got -1"),
        ({"l1_ratio": 1.5}, "l1_ratio.*Got 1.5"),
        ({"momentum": 1}, "momentum.*Got 1"),
        ({"learning_rate_init": 0}, "learning_rate_init.*Got 0"),
        ({"validation_fraction": 1.0}, "validation_fraction.*Got 1.0"),
        ({"n_jobs": 0}, "n_jobs.*Got 0"),
        ({"transform_layer": 3}, "transform_layer must be at most.* 2, got 3"),
        ({"transform_layer": 0}, "transform_layer.*Got 0"),
        ({"transform_layer": "top"}, "transform_layer.*Got 'top'"),
        ({"n_importance_samples": 0}, "n_importance_samples.*Got 0"),
        ({"early_stopping": True, "validation_fraction": 0.999}, "leaves no training rows out of"),
    ],
    ids=str,
)
def test_bad_parameters(params, message):
    model = machine().set_params(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(DATA["bernoulli"])


@pytest.mark.parametrize("method", ["fit", "partial_fit", *SCORING, "score", "log_likelihood"])
@pytest.mark.parametrize("visible", DATA)
def test_bad_data(method, visible):
    X = DATA[visible]
    model = machine(max_iter=1).fit(X)
    function = getattr(model, method)
    bad = X.copy()
    bad[2, 1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        function(bad)
    with pytest.raises(ValueError, match="infinity"):
        function(scipy.sparse.csr_array(bad))
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        function(X[:0])
    with pytest.raises(ValueError, match="2D array"):
        function(X[0])
    with pytest.raises(ValueError, match="could not convert"):
        function(np.full((3, X.shape[1]), "a", dtype=object))
    with pytest.raises(ValueError, match="omplex"):
        function(X * 1j)
    if method != "fit":
        with pytest.raises(ValueError, match=rf"X has 2 features.*expecting {X.shape[1]}"):
            function(X[:, :2])
    else:
        with pytest.raises(ValueError, match=r"0 feature\(s\)"):
            function(X[:, :0])


@pytest.mark.parametrize("method", [*SCORING, "score", "log_likelihood", "inverse_transform"])
def test_not_fitted(method):
    with pytest.raises(NotFittedError):
        getattr(machine(), method)(DATA["bernoulli"])
    with pytest.raises(NotFittedError):
        machine().sample()


def test_outliers_score_low():
    X = real_data()
    for sizes in ((4, 3), (16,)):
        scores = machine(sizes).fit(X).score_samples([[10.0**e, 0, 0, 0] for e in range(0, 25, 3)])
        assert np.isfinite(scores).all()
        assert (np.diff(scores[:5]) < 0).all()  # beyond 1e15 standard deviations all are equal


@pytest.mark.parametrize("n_samples", [0, -1, 2.0, "many", None])
def test_bad_n_samples(fitted, n_samples):
    with pytest.raises(ValueError, match=rf"n_samples must be .* got {n_samples!r}"):
        fitted[0].sample(n_samples)


def test_bad_inverse_transform(fitted):
    model, _ = fitted
    with pytest.raises(ValueError, match="X has 4 columns, but transform returns 3"):
        model.inverse_transform(np.ones((2, 4)))
    with pytest.raises(ValueError, match="NaN"):
        model.inverse_transform(np.full((2, 3), np.nan))


def test_transform_layer_set_too_high_after_fit(fitted):
    model = clone(fitted[0]).fit(fitted[1]).set_params(transform_layer=5)
    with pytest.raises(ValueError, match=r"transform_layer must be .* 1 to 2, .* got 5"):
        model.transform(fitted[1])


def test_column_names_that_are_no_strings():
    model = machine(max_iter=1).fit(pd.DataFrame(DATA["bernoulli"]))
    assert not hasattr(model, "feature_names_in_")
    assert np.isfinite(model.score(pd.DataFrame(DATA["bernoulli"])))


def test_empty_rows_of_sparse_data():
    X = np.zeros((40, 5))
    X[::7, 2] = 1
    for sizes in ((4,), (16,)):
        model = machine(sizes).fit(scipy.sparse.csr_array(X))
        assert same_bits(model, machine(sizes).fit(X))
        assert_allclose(model.score_samples(scipy.sparse.csr_matrix(X)), model.score_samples(X))


def test_many_layers():
    model = machine((2,) * 200, max_iter=1).fit(DATA["bernoulli"])
    assert np.isfinite(model.score(DATA["bernoulli"]))
    assert len(model.sample(3, return_latents=True)[1]) == 200


def test_compressed_dump():
    model = machine(max_iter=1).fit(DATA["bernoulli"])
    stream = io.BytesIO()
    joblib.dump(model, stream, compress=3)
    stream.seek(0)
    assert same_bits(joblib.load(stream), model)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_divergence_warns_once(solver):
    model = machine(solver=solver, learning_rate_init=1e3)
    with pytest.warns(ConvergenceWarning, match=REMEDY) as caught:
        model.fit(DATA["gaussian"])
    assert len(caught) == 1


@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_divergence_in_the_last_step(solver, visible):
    X = DATA[visible]
    model = machine(solver=solver, learning_rate_init=1e6, max_iter=1, batch_size=100)
    with np.errstate(all="ignore"), pytest.warns(ConvergenceWarning, match=REMEDY):
        model.fit(X)
    assert model.score(X) > -1e3


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_divergence_of_partial_fit(solver):
    model = machine(solver=solver, learning_rate_init=1e4)
    with pytest.warns(ConvergenceWarning, match=REMEDY):
        model.partial_fit(DATA["bernoulli"])
    assert model.score(DATA["bernoulli"]) > -20


def test_first_step_of_a_warm_start_is_as_long_as_any_first_step():
    X = binary_data(500)
    model = machine(warm_start=True, batch_size=1, max_iter=4, learning_rate_init=1e-3).fit(X)
    before = parameters(model)
    model.set_params(batch_size=500, max_iter=1).fit(X)
    moves = [np.abs(a - b).max() for a, b in zip(before, parameters(model), strict=True)]
    assert max(moves) < 1.01e-3


def test_warm_start_with_early_stopping_keeps_the_best():
    X = binary_data(80)
    model = machine(early_stopping=True, warm_start=True, max_iter=60, learning_rate_init=0.02)
    model.fit(X, X_val=X)
    before = model.score(X)
    model.set_params(learning_rate_init=1.0, max_iter=3).fit(X, X_val=X)
    assert model.score(X) >= before - 0.05


def test_partial_fit_with_another_solver():
    X = DATA["bernoulli"]
    model = machine(solver="sgd").fit(X).set_params(solver="adam")
    assert np.isfinite(model.partial_fit(X).score(X))


@pytest.mark.parametrize("layer", [0, -1, "top", 1.5])
def test_bad_transform_layer_after_fit(layer):
    model = machine().fit(DATA["bernoulli"]).set_params(transform_layer=layer)
    with pytest.raises(ValueError, match="transform_layer"):
        model.transform(DATA["bernoulli"])


def test_message_shows_a_value_just_out_of_range():
    with pytest.raises(ValueError, match=r"holds the value 1\.0000000000"):
        machine(visible="bernoulli").fit([[0, 1 + 1e-12], [1, 0]])


def test_duplicate_entries_of_sparse_data():
    X = scipy.sparse.csr_matrix((np.ones(3), [0, 0, 1], [0, 2, 3]), shape=(2, 2))
    with pytest.warns(UserWarning, match="column 0 holds 2, and all values are whole"):
        model = machine(max_iter=1).fit(X)
    assert model.visible_ == "gaussian"


@pytest.mark.parametrize(
    ("sizes", "value"), [((4, 3), 1e50), ((16,), 1e25), ((16,), 1e50), ((16,), 1e300)]
)
def test_far_outliers_never_score_nan(sizes, value):
    model = machine(sizes).fit(real_data())
    assert not np.isnan(model.score_samples([[value, 0, 0, 0]])).any()


@pytest.mark.parametrize("scale", [1e25, 1e150, 1e200])
def test_huge_scales_are_refused_or_served(scale):
    X = real_data() * scale
    try:
        model = machine().fit(X)
    except ValueError as error:
        assert "rescale" in str(error).lower()  # noqa: PT017
    else:
        assert is_finite(model)
        assert np.isfinite(model.score(X))


@pytest.mark.parametrize(
    "change",
    [
        {"noise_variance": [1, np.inf, 1]},
        {"generative_coefs": [np.full((2, 3), 1e300)]},
        {"generative_coefs": [np.full((2, 3), 1j)]},
        {"transform_layer": 5},
    ],
    ids=str,
)
def test_from_parameters_refuses_odd_values(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        HelmholtzMachine.from_parameters(**{**GIVEN, **change})


def test_zero_dimensional_size():
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        machine(np.array(5)).fit(DATA["bernoulli"])


def test_records_are_in_the_units_of_the_data():
    X = 1000 * real_data(200)
    model = machine(max_iter=30, learning_rate_init=1e-3).fit(X, X_val=X)
    assert model.validation_scores_[-1] == pytest.approx(model.score(X), abs=0.5)
    assert -model.loss_curve_[-1] == pytest.approx(model.score(X), abs=1.5)


def test_a_refit_that_fails_changes_nothing():
    X = DATA["gaussian"]
    model = machine().fit(X)
    before = pickle.dumps(model)
    for bad in ({"X_val": X[:, :2]}, {"X_val": np.full_like(X, np.inf)}):
        with pytest.raises(ValueError, match=r"features|infinity"):
            model.fit(X + 1, **bad)
        assert pickle.dumps(model) == before


def test_an_interrupt_after_a_divergence_is_a_divergence(monkeypatch):
    X, original = DATA["bernoulli"], _training.Training.step

    def interrupt(self, *args):
        original(self, *args)
        raise KeyboardInterrupt

    monkeypatch.setattr(_training.Training, "step", interrupt)
    model = machine(solver="sgd", learning_rate_init=1e30)
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(X)
    assert re.search(REMEDY, caught.value.__notes__[0])
    assert model.score(X) > -20


def test_forms_of_real_data_share_their_random_numbers():
    X = 1000 + real_data(30)
    model = machine((16,)).fit(X)
    single = model.score_samples(X.astype(np.float32))
    assert_allclose(model.score_samples(X), single, rtol=1e-3)
    other = model.log_likelihood(X, random_state=0).per_sample
    assert np.abs(other - model.score_samples(X)).max() > 1e-3  # or nothing would be shown


def test_importance_estimates_of_all_rows_sum_to_one():
    rows = ((np.arange(2**8)[:, None] >> np.arange(8)) & 1).astype(np.uint8)
    model = HelmholtzMachine((12, 8), max_iter=5, random_state=0).fit(binary_data(300, 8))
    result = model.log_likelihood(rows, method="importance", n_importance_samples=400)
    p = np.exp(result.per_sample)
    error = np.sqrt((p**2 * (400 / result.effective_sample_size - 1) / 399).sum())
    assert 0 < error < 0.02
    assert abs(p.sum() - 1) < 3 * error


def test_importance_estimates_of_densities_integrate_to_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3)) * [1, 10, 100] + [0, 5, 50]
    model = HelmholtzMachine((12, 8), max_iter=20, random_state=0).fit(X)
    reference = scipy.stats.multivariate_normal(X.mean(axis=0), 2 * np.cov(X.T))
    drawn = reference.rvs(4000, random_state=0)
    result = model.log_likelihood(drawn, method="importance", n_importance_samples=100)
    ratios = np.exp(result.per_sample - reference.logpdf(drawn))
    error = ratios.std(ddof=1) / np.sqrt(len(ratios))
    assert error < 0.1
    assert abs(ratios.mean() - 1) < 3 * error


@pytest.mark.parametrize("estimator", [HelmholtzMachine, SigmoidBeliefNet])
@pytest.mark.parametrize("fitted", [False, True])
def test_a_refusal_changes_nothing(estimator, fitted):
    rng = np.random.default_rng(0)
    X = (rng.random((60, 5)) < 0.5).astype(float)
    wrong = pd.DataFrame(rng.random((60, 7)) + 1, columns=list("abcdefg"))
    model = estimator(3, visible="bernoulli", max_iter=2, random_state=0)
    if fitted:
        model.fit(X)
    before = vars(model).copy()
    for refused in (model.fit, *([] if fitted else [model.partial_fit])):
        with pytest.raises(ValueError, match=r"Column 0 \('a'\) of X holds the value"):
            refused(wrong)
        assert vars(model) == before
    if fitted:
        assert np.isfinite(model.score(X))
