"""Posteriors of the hidden layers against enumeration: means, draws, and how they are asked for."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils import check_random_state

from sklearn_helmholtz import HelmholtzMachine, _keys
from sklearn_helmholtz.inference import ImportancePosterior
from sklearn_helmholtz.inference import exact as exact_inference
from sklearn_helmholtz.rows import limits
from tests import cases, exact
from tests.cases import assert_frequencies, small_machine

NETS = [(4, 3), (4, 3, 2), (3, 2, 2, 2)]
METHODS = ["exact", "recognition", "importance", "gibbs"]
PATTERNS = np.array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]], bool)


def gappy_rows(n_features, visible, seed=0):
    """Four rows with one gap, two, none, and nothing else."""
    X = cases.make_rows(n_features, visible, len(PATTERNS), seed)
    return np.where(PATTERNS[:, :n_features], np.nan, X).astype(np.float64)


def true_posterior(params, x):
    """p(h | x) of all joint states, given the observed values of a row."""
    missing = np.isnan(x)
    return exact.posterior(exact.without(params, missing), x[~missing])


def recognised(params, x, fill_values):
    """q(h | x) of all joint states, where means stand in for missing values."""
    return exact.recognition(params, np.where(np.isnan(x), fill_values, x))


def means_of(params, probabilities):
    """Expected states of all hidden units, those next to the data first."""
    return probabilities @ np.hstack(exact.hidden_states(exact.units_of(params)))


def joint_numbers(samples, row):
    """The joint states of the draws for a row as numbers, in the order of the oracles."""
    return cases.state_numbers(np.hstack([layer[row] for layer in samples]))


@pytest.mark.parametrize("visible", cases.VISIBLES)
@pytest.mark.parametrize("n_units", NETS)
def test_exact_means_are_those_of_enumeration(n_units, visible):
    model, params = small_machine(n_units, visible)
    X = gappy_rows(n_units[0], visible)
    expected = [means_of(params, true_posterior(params, x)) for x in X]
    found = model.posterior(X, n_samples=1)
    assert_allclose(np.hstack(found.mean), expected, atol=1e-6)


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("n_units", NETS)
def test_exact_draws_have_the_enumerated_probabilities(n_units, visible):
    model, params = small_machine(n_units, visible)
    X = gappy_rows(n_units[0], visible)
    samples = model.posterior(X, n_samples=3000, random_state=0).samples
    for row, x in enumerate(X):
        assert_frequencies(joint_numbers(samples, row), true_posterior(params, x))


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("n_units", NETS)
def test_draws_from_recognition_have_its_probabilities(n_units, visible):
    model, params = small_machine(n_units, visible)
    X = gappy_rows(n_units[0], visible)
    found = model.posterior(X, method="recognition", n_samples=3000, random_state=1)
    for row, x in enumerate(X):
        guess = recognised(params, x, model.feature_means_.astype(float))
        assert_frequencies(joint_numbers(found.samples, row), guess)
    assert_allclose(np.hstack(found.mean), np.hstack([s.mean(axis=1) for s in found.samples]))


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("n_units", NETS)
def test_importance_means_are_right_within_their_error(n_units, visible):
    model, params = small_machine(n_units, visible, scale=1.0)
    X = gappy_rows(n_units[0], visible)
    expected = [means_of(params, true_posterior(params, x)) for x in X]
    settings = {"method": "importance", "n_samples": 1, "n_importance_samples": 2000}
    runs = [np.hstack(model.posterior(X, random_state=s, **settings).mean) for s in range(25)]
    error = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
    assert error.max() < 0.02
    assert np.abs((np.mean(runs, axis=0) - expected) / error).max() < 4.5


def test_importance_draws_come_from_the_pool_of_their_row():
    model, _ = small_machine((4, 3, 2), "binary")
    X = gappy_rows(4, "binary")
    found = model.posterior(
        X, method="importance", n_samples=20000, n_importance_samples=30, random_state=0
    )
    for mean, samples in zip(found.mean, found.samples, strict=True):
        assert_allclose(samples.mean(axis=1), mean, atol=4.5 * 0.5 / np.sqrt(20000))


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("n_units", NETS)
def test_sweeps_of_gibbs_sampling_end_in_the_posterior(n_units, visible):
    """From pools of a single particle, which tell nothing: 40 sweeps do all the work."""
    model, params = small_machine(n_units, visible, scale=0.8)
    x = gappy_rows(n_units[0], visible)[0]
    found = model.posterior(
        np.tile(x, (1500, 1)), method="gibbs", n_samples=1, n_importance_samples=1, n_sweeps=40,
        random_state=0,
    )  # fmt: skip
    states = np.hstack([layer[:, 0] for layer in found.samples])
    assert_frequencies(cases.state_numbers(states), true_posterior(params, x))


def test_the_chains_of_a_row_are_chains_of_their_own():
    model, params = small_machine((4, 3, 2), "binary", scale=0.8)
    X = gappy_rows(4, "binary")
    found = model.posterior(
        X, method="gibbs", n_samples=1500, n_importance_samples=200, random_state=0
    )
    for row, x in enumerate(X):
        assert_frequencies(joint_numbers(found.samples, row), true_posterior(params, x))
    assert_allclose(np.hstack(found.mean), np.hstack([s.mean(axis=1) for s in found.samples]))


def test_exact_posteriors_in_parts_are_exact_posteriors(monkeypatch):
    model, _ = small_machine((4, 5, 2), "gaussian")
    X = gappy_rows(4, "gaussian")

    def everything():
        filled = [model.impute(X, strategy) for strategy in ("mean", "mode")]
        return [*model.posterior(X, random_state=0).mean, *filled]

    whole = everything()
    monkeypatch.setattr(exact_inference, "_TABLE_ENTRIES", 5 * 512)
    for one, other in zip(everything(), whole, strict=True):
        assert_allclose(one, other, rtol=1e-6)


# How they are asked for


@pytest.mark.parametrize("method", [*METHODS, "auto"])
@pytest.mark.parametrize("n_units", [(4, 3), (4, 8, 7)])
def test_shapes_dtypes_and_names(n_units, method):
    model, _ = small_machine(n_units, "binary")
    found = model.posterior(gappy_rows(4, "binary"), method=method, n_samples=7)
    automatic = "exact" if n_units == (4, 3) else "importance"
    assert found.method == (automatic if method == "auto" else method)
    assert [mean.shape for mean in found.mean] == [(4, n) for n in n_units[1:]]
    assert [samples.shape for samples in found.samples] == [(4, 7, n) for n in n_units[1:]]
    assert all(mean.dtype == np.float64 for mean in found.mean)
    assert all(samples.dtype == np.uint8 for samples in found.samples)
    assert all(((mean >= 0) & (mean <= 1)).all() for mean in found.mean)


@pytest.mark.parametrize(("n_hidden", "method"), [(14, "exact"), (15, "importance")])
def test_fourteen_units_are_the_most_that_are_enumerated_unasked(n_hidden, method):
    model, _ = small_machine((2, n_hidden), "binary")
    assert model.posterior([[1, np.nan]], n_samples=1).method == method


REFUSED = [
    ({"method": "variational"}, r"method must be one of .*, got 'variational'\."),
    ({"method": None}, r"method must be one of .*, got None\."),
    ({"n_samples": 0}, r"n_samples must be an integer of at least 1, got 0\."),
    ({"n_samples": 2.0}, r"n_samples must be an integer of at least 1, got 2\.0\."),
    ({"n_sweeps": -1}, r"n_sweeps must be an integer of at least 1, got -1\."),
    ({"n_importance_samples": True}, r"n_importance_samples must be an integer .*, got True\."),
    ({"random_state": "no"}, "cannot be used to seed"),
    ({"X": [[1, np.inf, 0, 0]]}, "infinity"),
    ({"X": [[1, 2, 0, 0]]}, r"Column 1 of X holds the value 2\.0"),
    ({"X": [[1, 0, 0]]}, "3 features"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_what_cannot_be_answered_is_refused(changes, message):
    model, _ = small_machine((4, 3), "binary")
    with pytest.raises(ValueError, match=message):
        model.posterior(**{"X": np.ones((1, 4)), **changes})


def test_too_many_units_to_enumerate_are_refused():
    model, _ = small_machine((2, 11, 10), "binary")
    with pytest.raises(ValueError, match=r"2\*\*21 states of 21 hidden units; .*at most 20"):
        model.posterior([[1, 0]], method="exact")


@pytest.mark.parametrize("method", METHODS)
def test_an_integer_repeats_the_draws_and_the_global_generator_makes_new_ones(method):
    model, _ = small_machine((4, 3, 2), "binary", scale=0.5)
    X = gappy_rows(4, "binary")

    def draw(seed=None):
        samples = model.posterior(X, method=method, random_state=seed).samples
        return np.concatenate(samples, axis=2)

    assert_array_equal(draw(3), draw(3))
    assert (draw(3) != draw(4)).any()
    assert (draw() != draw()).any()
    assert (draw(3)[0] != draw(3)[3]).any()


@pytest.mark.parametrize("method", METHODS)
def test_equal_rows_have_draws_of_their_own(method):
    model, _ = small_machine((4, 3, 2), "binary", scale=0.5)
    X = np.tile(gappy_rows(4, "binary")[:1], (2, 1))
    first, *_ = model.posterior(X, method=method, n_samples=40, random_state=0).samples
    assert (first[0] != first[1]).any()


@pytest.mark.parametrize("method", METHODS)
def test_answers_depend_neither_on_threads_nor_on_blocks(method, monkeypatch):
    model, _ = small_machine((4, 3, 2), "binary")
    X = np.tile(gappy_rows(4, "binary"), (5, 1))
    answers = []
    for n_jobs, entries in ((1, 2**22), (2, 1), (8, 100)):
        monkeypatch.setattr(limits, "_ENTRIES", entries)
        found = model.set_params(n_jobs=n_jobs).posterior(
            X, method=method, n_importance_samples=20, random_state=0
        )
        answers.append([*found.mean, *found.samples])
    for other in answers[1:]:
        for one, two in zip(answers[0], other, strict=True):
            assert_array_equal(one, two)


FORMS = {
    "float32": lambda X: X.astype(np.float32),
    "frame": lambda X: pd.DataFrame(X),
    "csr": scipy.sparse.csr_array,
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", FORMS)
def test_all_forms_of_data_have_the_same_posterior(form, method):
    model, _ = small_machine((4, 3, 2), "binary")
    X, settings = gappy_rows(4, "binary"), {"method": method, "random_state": 0}
    expected = model.posterior(X, **settings)
    found = model.posterior(FORMS[form](X), **settings)
    for one, two in zip(found.mean, expected.mean, strict=True):
        assert_allclose(one, two, atol=1e-5)
    for one, two in zip(found.samples, expected.samples, strict=True):
        assert_array_equal(one, two)


def test_an_unfitted_machine_has_no_posterior():
    with pytest.raises(ValueError, match="not fitted yet"):
        HelmholtzMachine().posterior([[1]])


def test_posteriors_tell_what_their_weights_are_worth():
    model, _ = small_machine((4, 3, 2), "binary")
    X = gappy_rows(4, "binary")
    for method in ("exact", "recognition"):
        sizes = model.posterior(X, method=method, random_state=0).effective_sample_size
        assert_array_equal(sizes, np.full(len(X), np.inf))
    for method in ("importance", "gibbs"):
        result = model.posterior(X, method=method, n_importance_samples=300, random_state=0)
        assert ((result.effective_sample_size >= 1) & (result.effective_sample_size <= 300)).all()
    seed = _keys.draw_seed(check_random_state(0))
    posterior = ImportancePosterior(model._machine, seed, 300)
    rows = model._rows(X)[0]
    _, weights = posterior.pool(rows.take(slice(None)), np.arange(len(X), dtype=np.uint64))
    assert_allclose(result.effective_sample_size, 1 / (weights**2).sum(axis=1), rtol=1e-12)
