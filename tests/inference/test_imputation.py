"""Imputations against enumerated conditional distributions, and the forms they come in."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.models import completion
from sklearn_helmholtz.rows import limits
from tests import cases, exact
from tests.cases import assert_frequencies, small_machine
from tests.inference.test_inference import gappy_rows, true_posterior

NETS = [(4, 3), (4, 3, 2), (3, 2, 2, 2)]
N_IDLE = 15  # units that generate nothing: with them, a machine is not enumerated


def conditional(params, x):
    """Completions of a row of zeros and ones, those of the first gap slowest, and p of each.

    From the probabilities of complete rows alone; the hidden layers take no part.
    """
    missing = np.isnan(x)
    completions = np.tile(x, (2 ** missing.sum(), 1))
    completions[:, missing] = exact.all_states(missing.sum())
    log_p = exact.log_likelihood(params, completions)
    p = np.exp(log_p - log_p.max())
    return completions, p / p.sum()


def mixture(params, x):
    """Weights and means (n_states, n_features) of Gaussian features given the observed ones."""
    first = exact.hidden_states(exact.units_of(params))[0]
    means = first @ params.generative_coefs[0] + params.generative_intercepts[0]
    return true_posterior(params, x), means


def conditional_mean(params, x):
    """The expected row given its observed values, which are as they are."""
    weights, values = (
        conditional(params, x)[::-1] if params.noise_variance is None else mixture(params, x)
    )
    return np.where(np.isnan(x), weights @ values, x)


def mixture_density(params, x, column, places):
    """The density of one missing Gaussian feature at some places."""
    weights, means = mixture(params, x)
    spread = np.sqrt(params.noise_variance[column])
    return stats.norm.pdf(places[:, None], means[:, column], spread) @ weights


# Against enumeration


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("n_units", NETS)
def test_means_are_the_enumerated_ones(n_units, visible):
    model, params = small_machine(n_units, visible)
    X = gappy_rows(n_units[0], visible)
    expected = [conditional_mean(params, x) for x in X]
    assert_allclose(model.impute(X), expected, atol=1e-6)


def test_means_given_fractions_are_those_of_the_same_posterior():
    model, params = small_machine((4, 3, 2), "binary")
    X = gappy_rows(4, "fractional")
    first = exact.hidden_states((4, 3, 2))[0]
    eta = first @ params.generative_coefs[0] + params.generative_intercepts[0]
    means = np.array([true_posterior(params, x) @ exact.sigmoid(eta) for x in X])
    assert_allclose(model.impute(X), np.where(np.isnan(X), means, X), atol=1e-6)


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("n_units", NETS)
def test_means_of_machines_too_large_to_enumerate_converge_to_the_truth(n_units, visible):
    model, params = small_machine(n_units, visible, scale=1.0, n_idle=N_IDLE)
    X = gappy_rows(n_units[0], visible)
    expected = np.array([conditional_mean(params, x) for x in X])
    errors = [np.abs(model.impute(X, n_importance_samples=n) - expected).max() for n in (50, 20000)]
    assert errors[1] < 0.03
    assert errors[1] < errors[0]


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
def test_modes_of_zeros_and_ones_are_the_more_probable_values(n_idle):
    model, params = small_machine((4, 3, 2), "binary", n_idle=n_idle)
    X = np.vstack([gappy_rows(4, "binary", seed) for seed in range(5)])
    means = np.array([conditional_mean(params, x) for x in X])
    clear = ~np.isnan(X) | (np.abs(means - 0.5) > 0.05)
    imputed = model.impute(X, "mode", n_importance_samples=5000)
    assert set(np.unique(imputed)) == {0, 1}
    assert_array_equal(imputed[clear], np.round(means[clear]))


@pytest.mark.parametrize("scale", [0.7, 3.0])  # where components overlap, and where they do not
@pytest.mark.parametrize("n_units", [*NETS, (4, 8)])  # the last has more components than are held
def test_modes_of_gaussian_features_are_where_they_are_densest(n_units, scale):
    model, params = small_machine(n_units, "gaussian", scale=scale)
    X = gappy_rows(n_units[0], "gaussian")
    imputed = model.impute(X, "mode")
    for x, filled in zip(X, imputed, strict=True):
        for column in np.flatnonzero(np.isnan(x)):
            _, means = mixture(params, x)
            places = np.linspace(means[:, column].min(), means[:, column].max(), 2000)
            peak = mixture_density(params, x, column, places).max()
            reached = mixture_density(params, x, column, filled[[column]])[0]
            assert reached > (0.99 if n_units == (4, 8) else 0.999) * peak


def test_the_mode_of_a_large_gaussian_machine_is_close_to_the_densest_place():
    model, params = small_machine((4, 3, 2), "gaussian", scale=1.0, n_idle=N_IDLE)
    x = gappy_rows(4, "gaussian")[1]
    imputed = model.impute(x[None], "mode", n_importance_samples=5000)[0]
    for column in np.flatnonzero(np.isnan(x)):
        peak = mixture_density(params, x, column, np.linspace(-8, 8, 4000)).max()
        assert mixture_density(params, x, column, imputed[[column]])[0] > 0.9 * peak


def drawn(model, x, n, together, **settings):
    """Draws of a row with gaps: imputations of one row, or of equal rows."""
    if together:
        return model.impute(x[None], "sample", n_imputations=n, random_state=0, **settings)[:, 0]
    return model.impute(np.tile(x, (n, 1)), "sample", random_state=0, **settings)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("n_units", NETS)
@pytest.mark.parametrize("row", [1, 3])
def test_draws_of_zeros_and_ones_have_the_enumerated_joint_probabilities(row, n_units, together):
    model, params = small_machine(n_units, "binary")
    x = gappy_rows(n_units[0], "binary")[row]
    _, p = conditional(params, x)
    draws = drawn(model, x, 3000, together)[:, np.isnan(x)]
    assert_frequencies(cases.state_numbers(draws), p)


@pytest.mark.parametrize("n_units", NETS)
@pytest.mark.parametrize("row", [1, 3])
def test_draws_of_large_machines_have_the_enumerated_joint_probabilities(row, n_units):
    """Each row has a pool of its own, so that the draws are independent."""
    model, params = small_machine(n_units, "binary", scale=1.0, n_idle=N_IDLE)
    x = gappy_rows(n_units[0], "binary")[row]
    _, p = conditional(params, x)
    draws = drawn(model, x, 2000, False, n_importance_samples=20)[:, np.isnan(x)]
    assert_frequencies(cases.state_numbers(draws), p)


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
def test_draws_of_gaussian_features_have_the_enumerated_distribution(n_idle):
    model, params = small_machine((4, 3, 2), "gaussian", scale=1.0, n_idle=n_idle)
    x = gappy_rows(4, "gaussian")[1]
    draws = drawn(model, x, 2000, False, n_importance_samples=20)
    weights, means = mixture(params, x)
    spread = np.sqrt(params.noise_variance)
    missing = np.flatnonzero(np.isnan(x))
    for column in missing:
        uniform = stats.norm.cdf((draws[:, column, None] - means[:, column]) / spread[column])
        assert stats.kstest(uniform @ weights, "uniform").pvalue > 1e-3
    first, second = missing  # the joint distribution: the mean of the product
    product = draws[:, first] * draws[:, second]
    expected = weights @ (means[:, first] * means[:, second])
    assert abs(product.mean() - expected) < 4 * product.std() / np.sqrt(len(product))


def test_draws_average_to_the_means():
    model, _ = small_machine((4, 3, 2), "gaussian")
    X = gappy_rows(4, "gaussian")
    draws = model.impute(X, "sample", n_imputations=4000, random_state=0)
    error = draws.std(axis=0) / np.sqrt(4000)
    assert (np.abs(draws.mean(axis=0) - model.impute(X)) <= 4.5 * error + 1e-12).all()


# What comes back

STRATEGIES = ["mean", "mode", "sample"]
SIZES = [(6, 4), (6, 12, 4)]  # enumerated and not


def some_rows(visible="binary", n_rows=30):
    X = cases.make_rows(6, visible, n_rows).astype(float)
    gaps = np.random.default_rng(1).random(X.shape) < 0.3
    gaps[0], gaps[1] = True, False
    return np.where(gaps, np.nan, X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("visible", cases.VISIBLES)
@pytest.mark.parametrize("n_units", SIZES)
def test_observed_values_stay_to_the_bit_and_nothing_is_missing(n_units, visible, strategy, dtype):
    model, _ = small_machine(n_units, "gaussian" if visible == "gaussian" else "binary")
    X = some_rows(visible).astype(dtype)
    if visible != "binary":
        X[:, 1] /= 3
    before = X.copy()
    imputed = model.impute(X, strategy, n_importance_samples=20, random_state=0)
    assert_array_equal(X, before)
    assert imputed.dtype == dtype
    assert np.isfinite(imputed).all()
    assert_array_equal(imputed[~np.isnan(X)], X[~np.isnan(X)])
    if visible == "binary" and strategy != "mean":
        assert set(np.unique(imputed)) == {0, 1}
    elif visible != "gaussian":
        assert ((imputed >= 0) & (imputed <= 1)).all()


FORMS = {
    "float32": lambda X: X.astype(np.float32),
    "frame": lambda X: pd.DataFrame(X),
    "nullable": lambda X: pd.DataFrame(X).convert_dtypes(),
    "fortran": np.asfortranarray,
    "list": lambda X: X.tolist(),
    "csr": scipy.sparse.csr_array,
    "csc": scipy.sparse.csc_array,
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n_units", SIZES)
def test_all_forms_of_data_have_the_same_imputations(n_units, form, strategy):
    model, _ = small_machine(n_units, "binary", scale=0.5)
    X, settings = some_rows(), {"n_importance_samples": 20, "random_state": 0}
    imputed = model.impute(FORMS[form](X), strategy, **settings)
    assert scipy.sparse.issparse(imputed) == (form in ("csr", "csc"))
    if scipy.sparse.issparse(imputed):
        assert imputed.nnz == scipy.sparse.csr_array(X).nnz
        imputed = imputed.toarray()
    assert isinstance(imputed, np.ndarray)
    assert_allclose(imputed, model.impute(X, strategy, **settings), rtol=1e-5)


def test_a_sparse_matrix_keeps_its_entries_even_zeros_and_is_not_changed():
    data = np.array([1.0, np.nan, 0.0, np.nan, 0.5])
    X = scipy.sparse.csr_array((data, [0, 3, 5, 1, 2], [0, 3, 3, 5]), shape=(3, 6))
    for part in (X.data, X.indices, X.indptr):
        part.flags.writeable = False
    model, _ = small_machine((6, 4), "binary")
    imputed = model.impute(X)
    assert_array_equal(imputed.indices, X.indices)
    assert_array_equal(imputed.indptr, X.indptr)
    assert_array_equal(imputed.data[[0, 2, 4]], data[[0, 2, 4]])
    assert_allclose(imputed.toarray(), model.impute(X.toarray()), rtol=1e-6)


def test_entries_of_a_sparse_row_may_come_in_any_order():
    model, _ = small_machine((6, 4), "binary")
    X = scipy.sparse.csr_array(
        (np.array([np.nan, 0.25, 1, 0.25, np.nan]), [5, 2, 1, 2, 0], [0, 5]), shape=(1, 6)
    )
    expected = model.impute([[np.nan, 1, 0.5, 0, 0, np.nan]])
    assert_allclose(model.impute(X).toarray(), expected, rtol=1e-6)
    assert X.nnz == 5


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array], ids=["dense", "csr"])
def test_more_imputations_than_one(make, strategy):
    model, _ = small_machine((6, 4), "binary")
    X = some_rows()
    imputed = model.impute(make(X), strategy, n_imputations=3, random_state=0)
    if make is scipy.sparse.csr_array:
        assert isinstance(imputed, list)
        imputed = np.stack([one.toarray() for one in imputed])
    assert imputed.shape == (3, 30, 6)
    assert (imputed[0] == imputed[1]).all() == (strategy != "sample")
    assert_array_equal(imputed[:, ~np.isnan(X)], np.tile(X[~np.isnan(X)], (3, 1)))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, bool])
@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array], ids=["dense", "csr"])
def test_rows_without_gaps_come_back_as_they_are_in_memory_of_their_own(make, dtype, strategy):
    model, _ = small_machine((6, 12, 4), "binary")
    X = make(cases.make_rows(6, "binary", 5).astype(dtype))
    once = model.impute(X, strategy)
    twice = model.impute(X, strategy, n_imputations=2)
    assert once.dtype == (np.float64 if dtype == np.float64 else np.float32)
    for imputed in (once, *twice):
        assert imputed is not X
        assert abs(imputed - X.astype(float)).max() == 0
    if make is np.asarray:
        assert not np.shares_memory(once, X)


@pytest.mark.parametrize("n_units", SIZES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_equal_rows_have_equal_means_and_draws_of_their_own(strategy, n_units):
    model, _ = small_machine(n_units, "gaussian", scale=0.5)
    X = np.tile(some_rows("gaussian")[2], (6, 1))
    assert np.isnan(X).any()
    imputed = model.impute(X, strategy, n_importance_samples=20, random_state=0)
    assert (imputed == imputed[0]).all() == (strategy != "sample")


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("strategy", ["mean", "mode"])
def test_the_means_of_a_row_do_not_depend_on_the_others(strategy, visible, monkeypatch):
    model, _ = small_machine((6, 12, 4), visible, scale=0.5, n_importance_samples=30)
    X = some_rows(visible)
    whole, order = model.impute(X, strategy), np.random.default_rng(0).permutation(len(X))
    assert_array_equal(model.impute(X[order], strategy), whole[order])
    monkeypatch.setattr(limits, "_ENTRIES", 1)
    assert_array_equal(model.impute(X, strategy), whole)


@pytest.mark.parametrize("n_units", SIZES)
def test_draws_depend_neither_on_threads_nor_on_blocks(n_units, monkeypatch):
    model, _ = small_machine(n_units, "binary", scale=0.5)
    settings = {"n_imputations": 3, "n_importance_samples": 20, "random_state": 0}
    whole = model.impute(some_rows(), "sample", **settings)
    for n_jobs, entries in ((2, 1), (8, 200)):
        monkeypatch.setattr(limits, "_ENTRIES", entries)
        model.set_params(n_jobs=n_jobs)
        assert_array_equal(model.impute(some_rows(), "sample", **settings), whole)


def test_only_draws_have_a_random_state():
    model, _ = small_machine((6, 12, 4), "binary", scale=0.5)
    X = some_rows()
    for strategy in ("mean", "mode"):
        assert_array_equal(model.impute(X, strategy, random_state=1), model.impute(X, strategy))
    draws = [model.impute(X, "sample", random_state=seed) for seed in (1, 1, 2)]
    assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()
    assert (model.impute(X, "sample") != model.impute(X, "sample")).any()


def test_the_number_of_particles_is_that_of_the_estimator_unless_given():
    model, _ = small_machine((6, 12, 4), "binary", n_importance_samples=20)
    X = some_rows()
    imputed = model.impute(X)
    assert_array_equal(model.impute(X, n_importance_samples=20), imputed)
    assert (model.impute(X, n_importance_samples=21) != imputed).any()


@pytest.mark.parametrize("form", ["csr", "fortran"])
def test_a_wide_matrix_is_never_filled_in_as_a_whole(form, monkeypatch):
    """Blocks have as few rows as the features ask for, though few hidden units ask for little."""
    model, _ = small_machine((600, 2), "binary")
    X = np.zeros((40, 600))
    X[:, 7] = np.nan
    sizes, means = [], completion._means

    def count(machine, found, x, *others):
        sizes.append(len(x))
        return means(machine, found, x, *others)

    monkeypatch.setattr(limits, "_ENTRIES", 6000)
    monkeypatch.setattr(completion, "_means", count)
    model.impute(FORMS[form](X))
    assert sizes == [10] * 4


REFUSED = [
    ({"strategy": "middle"}, r"strategy must be one of .*, got 'middle'\."),
    ({"strategy": ["mean"]}, r"strategy must be one of .*, got \['mean'\]\."),
    ({"n_imputations": 0}, r"n_imputations must be an integer of at least 1, got 0\."),
    ({"n_imputations": 1.5}, r"n_imputations must be an integer of at least 1, got 1\.5\."),
    ({"n_importance_samples": 0}, r"n_importance_samples must be an integer .*, got 0\."),
    ({"X": [[np.inf] * 6]}, "infinity"),
    ({"X": [[np.nan, 2, 0, 0, 0, 0]]}, r"Column 1 of X holds the value 2\.0"),
    ({"X": [[np.nan, 1]]}, "2 features"),
    ({"X": [["a"] * 6]}, "could not convert"),
    ({"X": np.empty((0, 6))}, r"0 sample"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_what_cannot_be_imputed_is_refused(changes, message):
    model, _ = small_machine((6, 4), "binary")
    with pytest.raises(ValueError, match=message):
        model.impute(**{"X": some_rows(), **changes})


def test_an_unfitted_machine_imputes_nothing():
    with pytest.raises(ValueError, match="not fitted yet"):
        HelmholtzMachine().impute([[np.nan]])


def test_imputations_of_a_sparse_matrix_are_matrices_of_their_own():
    model, _ = small_machine((4, 3), "binary")
    data = scipy.sparse.csr_array(np.array([[1, np.nan, 0, 0], [0, 1, np.nan, 1]]))
    first, second = model.impute(data, n_imputations=2)
    assert_array_equal(first.toarray(), second.toarray())
    first.data[:] = 7
    assert not (second.data == 7).any()
