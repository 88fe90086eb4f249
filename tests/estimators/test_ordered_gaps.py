"""Gaps in rows of autoregressive machines, whose later units depend on what is missing."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, stats

from sklearn_helmholtz import HelmholtzMachine, compare_log_likelihood
from sklearn_helmholtz.inference import Gibbs
from sklearn_helmholtz.inference import exact as exact_inference
from sklearn_helmholtz.likelihood import scoring as scoring_module
from sklearn_helmholtz.models.evidence import best_log_prob as log_best
from sklearn_helmholtz.rows import limits
from tests import cases, exact
from tests.cases import assert_frequencies, small_machine
from tests.inference.test_inference import gappy_rows, joint_numbers, means_of

NETS = cases.NETS
BOTH = ["ordered binary", "ordered gaussian"]
EACH = [*cases.ORDERED, cases.NEURAL]
BITS = [(n_units, "ordered binary") for n_units in NETS] + [(NETS[0], cases.NEURAL)]
N_IDLE = 15  # units that generate nothing: with them, a machine is not enumerated
NAN = np.nan


def marginal(params, x):
    """Log p of what is observed of a row, by brute force."""
    return np.logaddexp.reduce(exact.log_joint_observed(params, x))


def true_posterior(params, x):
    """p(h | x) of all joint states, given what is observed of a row."""
    joint = exact.log_joint_observed(params, x)
    return np.exp(joint - np.logaddexp.reduce(joint))


def completion_probabilities(params, x):
    """p(completion | what is observed) of a row of zeros and ones, in the order of the oracle."""
    joint = np.logaddexp.reduce(exact.log_joint_completions(params, x), axis=1)
    return np.exp(joint - np.logaddexp.reduce(joint))


def mixture(params, x):
    """Weights, means (n_states, n_missing) and covariance of Gaussian data, given the rest."""
    hidden = exact.hidden_states(exact.units_of(params))
    return true_posterior(params, x), *exact.gaussian_given(params, x, hidden)[1:]


def conditional_mean(params, x):
    """The expected row given what is observed of it, which is as it is."""
    if params.noise_variance is None:
        return completion_probabilities(params, x) @ exact.completions(x)
    weights, means, _ = mixture(params, x)
    expected = x.copy()
    expected[np.isnan(x)] = weights @ means
    return expected


def many_gaps(n_features=12, n_rows=40, seed=0):
    """Rows of zeros and ones with anything from no gap to nothing else."""
    rng = np.random.default_rng(seed)
    X = cases.make_rows(n_features, "binary", n_rows, seed).astype(float)
    gaps = rng.random(X.shape) < rng.uniform(0, 0.9, (n_rows, 1))
    gaps[0], gaps[1] = True, False
    return np.where(gaps, NAN, X)


# Likelihoods


@pytest.mark.parametrize("visible", EACH)
@pytest.mark.parametrize("n_units", NETS)
def test_marginals_are_sums_over_states_and_completions(n_units, visible):
    model, params = small_machine(n_units, visible)
    X = np.vstack([gappy_rows(n_units[0], visible, seed) for seed in range(3)])
    result = model.log_likelihood(X)
    assert result.method == "exact"
    assert_allclose(result.per_sample, [marginal(params, x) for x in X], rtol=1e-6, atol=1e-6)


def test_gaussian_marginals_are_those_of_scipy():
    model, params = small_machine((4, 2), "ordered gaussian")
    hidden = exact.hidden_states((4, 2))[0]
    mixing = np.linalg.inv(np.eye(4) - params.generative_lateral_coefs[0])
    means = (hidden @ params.generative_coefs[0] + params.generative_intercepts[0]) @ mixing
    cov = mixing.T @ np.diag(params.noise_variance) @ mixing
    intercepts, laterals = params.generative_intercepts, params.generative_lateral_coefs
    above = exact.Parameters([], intercepts[1:], [], [], None, laterals[1:])
    prior = [exact.log_joint(above, state, []) for state in hidden]
    for x in gappy_rows(4, "gaussian")[:3]:
        seen = ~np.isnan(x)
        given = [
            stats.multivariate_normal.logpdf(x[seen], mean[seen], cov[np.ix_(seen, seen)])
            for mean in means
        ]
        expected = np.logaddexp.reduce(np.add(given, prior))
        assert model.score_samples(x[None])[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("pattern", [[0], [1, 3], [0, 1, 2], [2, 3]])
def test_probabilities_of_what_is_observed_sum_to_one(pattern):
    model, _ = small_machine((4, 3, 2), "ordered binary", scale=2.0)
    seen = [column for column in range(4) if column not in pattern]
    X = np.full((2 ** len(seen), 4), NAN)
    X[:, seen] = exact.all_states(len(seen))
    assert np.exp(model.score_samples(X)).sum() == pytest.approx(1, abs=1e-6)


def test_the_density_of_what_is_observed_integrates_to_one():
    model, _ = small_machine((3, 2), "ordered gaussian", scale=0.7)
    places = np.linspace(-30, 30, 3001)
    for column in range(3):
        X = np.full((len(places), 3), NAN)
        X[:, column] = places
        density = np.exp(model.score_samples(X))
        assert integrate.simpson(density, x=places) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("visible", EACH)
def test_importance_samples_agree_with_the_marginals(visible):
    model, params = small_machine((4, 3, 2), visible, scale=0.7)
    X = np.vstack([gappy_rows(4, visible, seed) for seed in range(3)])
    result = model.log_likelihood(X, method="importance", n_importance_samples=20000)
    error = 3 * result.monte_carlo_error + abs(result.bias)
    assert abs(result.mean - np.mean([marginal(params, x) for x in X])) < error < 0.02


@pytest.mark.parametrize("visible", EACH)
def test_a_free_energy_is_that_of_what_is_observed(visible):
    model, params = small_machine((4, 3, 2), visible)
    X = gappy_rows(4, visible)
    for x, energy in zip(X, model.free_energy(X), strict=True):
        seen = np.where(np.isnan(x), model.feature_means_, x)
        log_q = exact.log_recognition(params, seen, exact.hidden_states((4, 3, 2)))
        expected = np.sum(np.exp(log_q) * (log_q - exact.log_joint_observed(params, x)))
        assert energy == pytest.approx(expected, rel=1e-5)


def test_enumeration_in_parts_is_enumeration(monkeypatch):
    for visible in cases.ORDERED:
        model, _ = small_machine((4, 5, 2), visible)
        X = gappy_rows(4, visible)

        def everything(model=model, X=X):
            return [model.score_samples(X), model.free_energy(X), model.impute(X)]

        whole = everything()
        with monkeypatch.context() as patch:
            patch.setattr(exact_inference, "_TABLE_ENTRIES", 5 * 512)
            for one, other in zip(everything(), whole, strict=True):
                assert_allclose(one, other, rtol=1e-9)


def test_strong_lateral_weights_and_far_values_keep_their_digits():
    model, params = small_machine((3, 2, 2, 2), "ordered gaussian", scale=4.0)
    X = 100 * gappy_rows(3, "gaussian")[:2]
    assert_allclose(model.score_samples(X), [marginal(params, x) for x in X], rtol=1e-5)
    model, params = small_machine((4, 3, 2), "ordered binary", scale=60.0)
    X = gappy_rows(4, "binary")[:2]
    assert_allclose(model.score_samples(X), [marginal(params, x) for x in X], rtol=1e-6)


# Which rows are enumerated


def test_rows_with_few_units_to_sum_out_are_exact_whatever_the_others_are():
    model, params = small_machine((12, 4, 3), "ordered binary", scale=0.5)
    X = many_gaps()
    result = model.log_likelihood(X)
    exactly = 7 + np.isnan(X).sum(axis=1) <= 14
    assert 5 < exactly.sum() < 35
    assert result.method == "importance"
    assert result.bound == "lower"
    nothing = np.isnan(X).all(axis=1)
    assert_array_equal(np.isinf(result.effective_sample_size), exactly | nothing)
    assert_array_equal(result.per_sample, model.score_samples(X))
    assert_array_equal(model.log_likelihood(X[exactly]).per_sample, result.per_sample[exactly])
    assert model.log_likelihood(X[exactly]).method == "exact"
    expected = [marginal(params, x) for x in X[exactly][:8]]
    assert_allclose(result.per_sample[exactly][:8], expected, atol=1e-6)
    assert result.monte_carlo_error > 0
    assert_array_equal(result.per_sample[nothing], 0)


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array], ids=["dense", "csr"])
def test_scores_of_mixed_rows_depend_on_nothing_but_the_row(make, monkeypatch):
    model, _ = small_machine((12, 4, 3), "ordered binary", scale=0.5, n_importance_samples=20)
    X, order = many_gaps(), np.random.default_rng(0).permutation(40)
    whole = model.score_samples(make(X)), model.free_energy(make(X))
    for scores, expected in zip(
        (model.score_samples(make(X[order])), model.free_energy(make(X[order]))), whole, strict=True
    ):
        assert_array_equal(scores, expected[order])
    parts = [model.score_samples(make(X[i : i + 7])) for i in range(0, 40, 7)]
    assert_array_equal(np.concatenate(parts), whole[0])
    ones = [model.score_samples(make(X[i : i + 1])) for i in range(8)]
    assert_array_equal(np.concatenate(ones), whole[0][:8])
    monkeypatch.setattr(scoring_module, "split_evenly", lambda n, *_: list(range(n + 1)))
    assert_array_equal(model.set_params(n_jobs=2).score_samples(make(X)), whole[0])
    keys = [model._estimate(make(X), method, None, None)[1] for method in ("auto", "importance")]
    assert_array_equal(*keys)


@pytest.mark.parametrize("visible", BOTH)
def test_complete_rows_do_not_notice_the_gaps_of_others(visible):
    for n_units in ((12, 4, 3), (12, 16)):
        model, _ = small_machine(n_units, visible, scale=0.5, n_importance_samples=20)
        X = cases.make_rows(12, visible, 20).astype(float)
        gaps = np.where(np.random.default_rng(0).random(X.shape) < 0.05, NAN, X)
        complete = ~np.isnan(gaps).any(axis=1)
        assert 5 < complete.sum() < 15
        for function in (model.score_samples, model.free_energy):
            assert_array_equal(function(gaps)[complete], function(X)[complete])


@pytest.mark.parametrize("visible", BOTH)
def test_scores_with_gaps_do_not_depend_on_the_batch(visible):
    for n_units in ((12, 7), (12, 4, 3), (12, 16)):
        model, _ = small_machine(n_units, visible, scale=0.5, n_importance_samples=20)
        X = np.where(np.isnan(many_gaps()), NAN, cases.make_rows(12, visible, 40))
        whole = model.score_samples(X)
        assert_array_equal(model.score_samples(X[::-1]), whole[::-1])
        ones = [model.score_samples(X[i : i + 1]) for i in range(12)]
        assert_array_equal(np.concatenate(ones), whole[:12])


def test_gaussian_machines_are_enumerated_whatever_is_missing():
    model, params = small_machine((30, 3), "ordered gaussian", scale=0.3)
    X = cases.make_rows(30, "gaussian", 4).astype(float)
    X[0, :25], X[1, 5:] = NAN, NAN
    result = model.log_likelihood(X)
    assert result.method == "exact"
    assert_allclose(result.per_sample, [marginal(params, x) for x in X], rtol=1e-6, atol=1e-6)
    assert model.log_likelihood(X, method="exact").mean == result.mean


@pytest.mark.parametrize("ask", ["log_likelihood", "posterior"])
def test_too_many_missing_values_to_enumerate_are_refused(ask):
    model, _ = small_machine((20, 2, 2), "ordered binary", scale=0.3)
    X = cases.make_rows(20, "binary", 3).astype(float)
    X[1, :16] = NAN
    getattr(model, ask)(X, method="exact")
    X[2, :17] = NAN
    message = r"2\*\*21 states of 4 hidden units and, .* of the 17 missing values of row 2; .* 20"
    with pytest.raises(ValueError, match=message):
        getattr(model, ask)(X, method="exact")
    free, _ = small_machine((20, 2, 2), "binary", scale=0.3)
    getattr(free, ask)(X, method="exact")


def test_too_many_hidden_units_are_refused_as_in_any_machine():
    model, _ = small_machine((2, 11, 10), "ordered binary")
    with pytest.raises(ValueError, match=r"2\*\*21 states of 21 hidden units; .*at most 20"):
        model.log_likelihood([[1, 0]], method="exact")


@pytest.mark.parametrize(("n_missing", "method"), [(4, "exact"), (5, "importance")])
def test_fourteen_units_are_the_most_that_are_enumerated_unasked(n_missing, method):
    model, _ = small_machine((6, 6, 4), "ordered binary", scale=0.3)
    X = np.ones((2, 6))
    X[1, :n_missing] = NAN
    assert model.posterior(X, n_samples=1).method == method
    assert model.log_likelihood(X).method == method
    assert model.log_likelihood(X[:1]).method == "exact"


FORMS = {
    "float32": lambda X: X.astype(np.float32),
    "frame": lambda X: pd.DataFrame(X),
    "nullable": lambda X: pd.DataFrame(X).convert_dtypes(),
    "csr": scipy.sparse.csr_array,
    "fortran": np.asfortranarray,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("visible", BOTH)
def test_all_forms_of_data_have_the_same_answers(form, visible):
    model, _ = small_machine((12, 4, 3), visible, scale=0.5, n_importance_samples=20)
    X = np.where(np.isnan(many_gaps()), NAN, cases.make_rows(12, visible, 40))
    given = FORMS[form](X)
    assert_allclose(model.score_samples(given), model.score_samples(X), rtol=1e-5, atol=1e-5)
    for strategy in ("mean", "mode"):
        imputed = model.impute(given, strategy)
        assert scipy.sparse.issparse(imputed) == (form == "csr")
        if form == "csr":
            imputed = imputed.toarray()
        assert_allclose(imputed, model.impute(X, strategy), rtol=1e-4, atol=1e-5)


def test_comparisons_and_bounds_take_autoregressive_machines():
    model, _ = small_machine((12, 4, 3), "ordered binary", scale=0.7, n_importance_samples=50)
    other, _ = small_machine((12, 4, 3), "binary", scale=0.7, n_importance_samples=50)
    X = many_gaps()
    result = compare_log_likelihood(model, other, X)
    expected = model.score_samples(X) - other.score_samples(X)
    assert result.difference == pytest.approx(expected.mean())
    bounds = model.log_likelihood_bounds(400, random_state=0)
    dreams = model.sample(4000, random_state=1)
    truth = model.score_samples(dreams)
    error = 4 * truth.std() * np.sqrt(1 / 400 + 1 / 4000)
    assert bounds.lower - error < truth.mean() < bounds.upper + error
    assert -0.1 < bounds.gap < 0.5


# Hidden layers


@pytest.mark.parametrize("visible", EACH)
@pytest.mark.parametrize("n_units", NETS)
def test_exact_posteriors_are_those_of_enumeration(n_units, visible):
    model, params = small_machine(n_units, visible)
    X = gappy_rows(n_units[0], visible)
    found = model.posterior(X, n_samples=2000, random_state=0)
    assert found.method == "exact"
    for row, x in enumerate(X):
        p = true_posterior(params, x)
        assert_allclose(np.hstack([m[row] for m in found.mean]), means_of(params, p), atol=1e-6)
        assert_frequencies(joint_numbers(found.samples, row), p)


@pytest.mark.parametrize("visible", BOTH)
def test_importance_means_are_right_within_their_error(visible):
    model, params = small_machine((4, 3, 2), visible, scale=0.8)
    X = gappy_rows(4, visible)
    expected = [means_of(params, true_posterior(params, x)) for x in X]
    settings = {"method": "importance", "n_samples": 1, "n_importance_samples": 1000}
    runs = [np.hstack(model.posterior(X, random_state=s, **settings).mean) for s in range(20)]
    error = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
    assert error.max() < 0.02
    assert np.abs((np.mean(runs, axis=0) - expected) / error).max() < 4.5


@pytest.mark.parametrize("visible", BOTH)
def test_sweeps_end_in_the_posterior(visible):
    """From pools of a single particle, which tell nothing: 40 sweeps do all the work."""
    model, params = small_machine((4, 3, 2), visible, scale=0.7)
    for x in gappy_rows(4, visible)[:2]:
        found = model.posterior(
            np.tile(x, (1500, 1)), method="gibbs", n_samples=1, n_importance_samples=1,
            n_sweeps=40, random_state=0,
        )  # fmt: skip
        states = np.hstack([layer[:, 0] for layer in found.samples])
        assert_frequencies(cases.state_numbers(states), true_posterior(params, x))


def test_posteriors_of_mixed_rows_are_those_of_their_parts(monkeypatch):
    model, _ = small_machine((12, 4, 3), "ordered binary", scale=0.5, n_importance_samples=20)
    X = many_gaps()
    exactly = 7 + np.isnan(X).sum(axis=1) <= 14
    found = model.posterior(X, n_samples=3, random_state=0)
    assert found.method == "importance"
    assert_array_equal(np.isinf(found.effective_sample_size), exactly)
    complete = model.posterior(np.nan_to_num(X), n_samples=3, random_state=0, method="exact")
    assert [s.shape for s in found.samples] == [s.shape for s in complete.samples]
    alone = model.posterior(X[exactly], method="exact", random_state=0)
    for one, other in zip(found.mean, alone.mean, strict=True):
        assert_array_equal(one[exactly], other)
    monkeypatch.setattr(limits, "_ENTRIES", 1)
    again = model.set_params(n_jobs=2).posterior(X, n_samples=3, random_state=0)
    for one, other in zip(found.samples, again.samples, strict=True):
        assert_array_equal(one, other)


# Imputations


@pytest.mark.parametrize("visible", [*BOTH, cases.NEURAL])
@pytest.mark.parametrize("n_units", NETS)
def test_means_are_the_enumerated_ones(n_units, visible):
    model, params = small_machine(n_units, visible)
    X = gappy_rows(n_units[0], visible)
    assert_allclose(model.impute(X), [conditional_mean(params, x) for x in X], atol=2e-6)


@pytest.mark.parametrize("visible", [*BOTH, cases.NEURAL])
def test_means_of_machines_too_large_to_enumerate_converge_to_the_truth(visible):
    model, params = small_machine((4, 3, 2), visible, scale=1.0, n_idle=N_IDLE)
    X = gappy_rows(4, visible)
    expected = np.array([conditional_mean(params, x) for x in X])
    errors = [np.abs(model.impute(X, n_importance_samples=n) - expected).max() for n in (50, 20000)]
    assert errors[1] < 0.03
    assert errors[1] < errors[0]


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
def test_modes_of_zeros_and_ones_are_the_more_probable_values(n_idle):
    model, params = small_machine((4, 3, 2), "ordered binary", n_idle=n_idle)
    X = np.vstack([gappy_rows(4, "binary", seed) for seed in range(5)])
    means = np.array([conditional_mean(params, x) for x in X])
    clear = ~np.isnan(X) | (np.abs(means - 0.5) > 0.1)
    imputed = model.impute(X, "mode", n_importance_samples=5000)
    assert set(np.unique(imputed)) == {0, 1}
    assert_array_equal(imputed[clear], np.round(means[clear]))


@pytest.mark.parametrize(("scale", "n_idle"), [(0.7, 0), (2.0, 0), (0.7, N_IDLE)])
def test_modes_of_gaussian_features_are_where_they_are_densest(scale, n_idle):
    model, params = small_machine((4, 3, 2), "ordered gaussian", scale=scale, n_idle=n_idle)
    X = gappy_rows(4, "gaussian")
    for x, filled in zip(X, model.impute(X, "mode", n_importance_samples=2000), strict=True):
        weights, means, cov = mixture(params, x)
        for place, column in enumerate(np.flatnonzero(np.isnan(x))):
            centres, spread = means[:, place], np.sqrt(cov[place, place])
            places = np.linspace(centres.min(), centres.max(), 2000)
            density = stats.norm.pdf(places[:, None], centres, spread) @ weights
            reached = stats.norm.pdf(filled[column], centres, spread) @ weights
            assert reached > (0.99 if not n_idle else 0.8) * density.max()


def test_a_gaussian_mode_knows_how_much_the_rest_tells():
    """Two causes, far apart for what is given, near for the mean of a value that is noisy."""
    model = HelmholtzMachine.from_parameters(
        [[[0.0, 3.0]]], [[0.0, 0.0], [0.0]], [[[0.0], [0.0]]], [[0.0]],
        generative_lateral_coefs=[[[0, 1.0], [0, 0]], [[0.0]]], noise_variance=[4.0, 1.0],
    )  # fmt: skip
    filled = model.impute([[NAN, 1.5]], "mode")[0, 0]
    weights = np.array([0.5, 0.5])  # x_1 ~ N(0, 5) or N(3, 5), at equal distances
    centres, spread = np.array([1.5, -1.5]) * 4 / 5, np.sqrt(4 / 5)
    places = np.linspace(-3, 3, 6001)
    density = stats.norm.pdf(places[:, None], centres, spread) @ weights
    assert abs(abs(filled) - abs(places[density.argmax()])) < 0.01
    assert 0.5 < abs(filled) < 1.2


def drawn(model, x, n, together, **settings):
    """Draws of a row with gaps: imputations of one row, or of equal rows."""
    if together:
        return model.impute(x[None], "sample", n_imputations=n, random_state=0, **settings)[:, 0]
    return model.impute(np.tile(x, (n, 1)), "sample", random_state=0, **settings)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(("n_units", "visible"), BITS)
@pytest.mark.parametrize("row", [1, 3])
def test_draws_of_zeros_and_ones_have_the_enumerated_joint_probabilities(
    row, n_units, visible, together
):
    model, params = small_machine(n_units, visible)
    x = gappy_rows(n_units[0], "binary")[row]
    draws = drawn(model, x, 1500, together)[:, np.isnan(x)]
    assert_frequencies(cases.state_numbers(draws), completion_probabilities(params, x))


@pytest.mark.parametrize(("n_units", "visible"), BITS)
@pytest.mark.parametrize("row", [1, 3])
def test_draws_of_large_machines_have_the_enumerated_joint_probabilities(row, n_units, visible):
    model, params = small_machine(n_units, visible, scale=1.0, n_idle=N_IDLE)
    x = gappy_rows(n_units[0], "binary")[row]
    draws = drawn(model, x, 2000, False, n_importance_samples=20)[:, np.isnan(x)]
    assert_frequencies(cases.state_numbers(draws), completion_probabilities(params, x))


def assert_normal_mixture(draws, params, x):
    """Draws of what is missing have the enumerated margins, and means of products."""
    weights, means, cov = mixture(params, x)
    for column, spread in enumerate(np.sqrt(np.diag(cov))):
        uniform = stats.norm.cdf((draws[:, column, None] - means[:, column]) / spread) @ weights
        assert stats.kstest(uniform, "uniform").pvalue > 1e-3
    product = draws[:, 0] * draws[:, 1]
    expected = weights @ (means[:, 0] * means[:, 1]) + cov[0, 1]
    assert abs(product.mean() - expected) < 4 * product.std() / np.sqrt(len(product))


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
@pytest.mark.parametrize("together", [True, False])
def test_draws_of_gaussian_features_have_the_enumerated_distribution(together, n_idle):
    model, params = small_machine((4, 3, 2), "ordered gaussian", scale=0.8, n_idle=n_idle)
    x = gappy_rows(4, "gaussian")[1]
    draws = drawn(model, x, 2000, together and not n_idle, n_importance_samples=20)
    assert_normal_mixture(draws[:, np.isnan(x)], params, x)


@pytest.mark.parametrize("visible", BOTH)
def test_draws_average_to_the_means(visible):
    model, _ = small_machine((4, 3, 2), visible)
    X = gappy_rows(4, visible)
    draws = model.impute(X, "sample", n_imputations=4000, random_state=0)
    error = draws.std(axis=0) / np.sqrt(4000)
    assert (np.abs(draws.mean(axis=0) - model.impute(X)) <= 4.5 * error + 1e-12).all()


@pytest.mark.parametrize("strategy", ["mean", "mode", "sample"])
def test_imputations_of_mixed_rows_depend_on_the_row_alone(strategy, monkeypatch):
    """Draws by the number of the row, others by what it holds."""
    X, n_units = many_gaps(), (12, 4, 3)
    if strategy == "sample":  # of rows that are enumerated, which need no sweeps
        X[np.isnan(X).sum(axis=1) > 10], n_units = 1, (12, 4)
    model, _ = small_machine(n_units, "ordered binary", scale=0.5, n_importance_samples=20)
    settings = {"random_state": 0}
    whole = model.impute(X, strategy, **settings)
    assert_array_equal(whole[~np.isnan(X)], X[~np.isnan(X)])
    assert np.isfinite(whole).all()
    if strategy != "sample":
        order = np.random.default_rng(0).permutation(len(X))
        assert_array_equal(model.impute(X[order], strategy), whole[order])
    monkeypatch.setattr(limits, "_ENTRIES", 1)
    assert_array_equal(model.set_params(n_jobs=2).impute(X, strategy, **settings), whole)


def test_means_of_mixed_rows_are_where_they_belong():
    model, params = small_machine((12, 4, 3), "ordered binary", scale=0.5)
    X = many_gaps(n_rows=20)
    imputed = model.impute(X, n_importance_samples=4000)
    few = np.flatnonzero(np.isnan(X).sum(axis=1) <= 9)
    for row in few[:10]:
        exactly = 7 + np.isnan(X[row]).sum() <= 14
        expected = conditional_mean(params, X[row])
        assert_allclose(imputed[row], expected, atol=1e-6 if exactly else 0.06)


# Samples given a part of the data


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
@pytest.mark.parametrize("row", [1, 3])
def test_samples_have_the_enumerated_conditional_probabilities(row, n_idle):
    model, params = small_machine(
        (4, 3, 2), "ordered binary", scale=0.8, n_idle=n_idle, n_importance_samples=20
    )
    x = gappy_rows(4, "binary")[row]
    X, hidden = model.sample(3000, given=x, random_state=0, return_latents=True)
    assert X.dtype == np.uint8
    assert_array_equal(X[:, ~np.isnan(x)], np.tile(x[~np.isnan(x)], (3000, 1)))
    joint = exact.log_joint_completions(params, x)
    joint = np.exp(joint - np.logaddexp.reduce(joint, axis=None)).ravel()
    states = np.hstack([X[:, np.isnan(x)], hidden[0][:, :3], hidden[1]])
    assert_frequencies(cases.state_numbers(states), joint)


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
def test_gaussian_samples_have_the_enumerated_conditional_distribution(n_idle):
    model, params = small_machine(
        (4, 3, 2), "ordered gaussian", scale=0.8, n_idle=n_idle, n_importance_samples=20
    )
    x = gappy_rows(4, "gaussian")[1]
    X, hidden = model.sample(2000, given=x, random_state=0, return_latents=True)
    assert X.dtype == np.float32
    assert_normal_mixture(X[:, np.isnan(x)].astype(float), params, x)
    states = np.hstack([hidden[0][:, :3], hidden[1]])
    assert_frequencies(cases.state_numbers(states), true_posterior(params, x))


def test_chosen_particles_bring_their_own_data(monkeypatch):
    """Without any sweeps, large pools make nearly exact draws of hidden layers and data."""
    monkeypatch.setattr(Gibbs, "sweep", lambda *arguments, **settings: None)
    for visible in BOTH:
        model, params = small_machine(
            (4, 3, 2), visible, scale=0.7, n_idle=N_IDLE, n_importance_samples=400
        )
        x = gappy_rows(4, visible)[1]
        X, hidden = model.sample(2000, given=x, random_state=0, return_latents=True)
        if "gaussian" in visible:
            assert_normal_mixture(X[:, np.isnan(x)].astype(float), params, x)
            continue
        joint = exact.log_joint_completions(params, x)
        joint = np.exp(joint - np.logaddexp.reduce(joint, axis=None)).ravel()
        states = np.hstack([X[:, np.isnan(x)], hidden[0][:, :3], hidden[1]])
        assert_frequencies(cases.state_numbers(states), joint)


def test_fractions_may_be_given_and_stay():
    model, params = small_machine((4, 3), "ordered binary", scale=1.0)
    x = np.array([0.25, NAN, 1.0, NAN])
    X = model.sample(4000, given=x, random_state=0)
    assert X.dtype == np.float32
    assert_array_equal(X[:, [0, 2]], np.tile([0.25, 1], (4000, 1)))
    assert_frequencies(
        cases.state_numbers(X[:, [1, 3]].astype(int)), completion_probabilities(params, x)
    )


@pytest.mark.parametrize("visible", BOTH)
def test_everything_may_be_given(visible):
    model, _ = small_machine((4, 3), visible)
    x = gappy_rows(4, visible)[2]
    X, hidden = model.sample(5, given=x, random_state=0, return_latents=True)
    assert_array_equal(X, np.tile(x, (5, 1)).astype(X.dtype))
    assert hidden[0].shape == (5, 3)


def test_samples_depend_neither_on_threads_nor_on_blocks(monkeypatch):
    for visible in BOTH:
        model, _ = small_machine((4, 3), visible)
        settings = {"given": gappy_rows(4, visible)[1], "random_state": 0}
        whole = model.sample(20, **settings)
        for n_jobs, entries in ((2, 1), (8, 50)):
            monkeypatch.setattr(limits, "_ENTRIES", entries)
            assert_array_equal(model.set_params(n_jobs=n_jobs).sample(20, **settings), whole)


# Evidence that the model does not believe


def without_causes(laterals, intercepts, noise_variance=None):
    """A machine whose features depend on each other and on no hidden unit."""
    n = len(intercepts)
    return HelmholtzMachine.from_parameters(
        [np.zeros((1, n))], [intercepts, [0.0]], [np.zeros((n, 1))], [[0.0]],
        generative_lateral_coefs=[laterals, [[0.0]]], noise_variance=noise_variance,
    )  # fmt: skip


def test_a_value_is_impossible_where_no_earlier_one_makes_it_possible():
    model = without_causes([[0, 0, 100], [0, 0, 20], [0, 0, 0]], [0, 0, -60])
    assert_array_equal(model.sample(20, given=[NAN, NAN, 1], random_state=0)[:, 0], 1)
    assert_array_equal(model.sample(20, given=[NAN, NAN, 0], random_state=0)[:, 0], 0)
    assert model.sample(3, given=[1, NAN, 1]).shape == (3, 3)
    with pytest.raises(ValueError, match="impossible that column 2 is 1, as given says"):
        model.sample(2, given=[0, NAN, 1])
    with pytest.raises(ValueError, match="impossible that column 2 is 0, as given says"):
        model.sample(2, given=[1, 0, 0])


def test_the_best_of_each_value_is_that_of_brute_force():
    """Over all hidden states, and all values of missing units before it."""
    machine, params, _ = cases.make_case((4, 3), "ordered binary")
    hidden = exact.hidden_states((4, 3))
    for x in np.vstack([gappy_rows(4, "binary", seed) for seed in range(3)]):
        rows = exact.completions(x)
        etas = [exact.generative_inputs(params, [row, *hidden], 0) for row in rows]
        log_p = [row * eta - np.logaddexp(0, eta) for row, eta in zip(rows, etas, strict=True)]
        best = np.where(np.isnan(x), 0, np.max(log_p, axis=(0, 1)))
        assert_allclose(log_best(machine, x), best, rtol=1e-6)


def test_gaussian_values_far_from_what_the_earlier_ones_say_are_refused():
    model = without_causes([[0, 1], [0, 0]], [0, 0], [1, 1])  # x_0 ~ N(0, 1), x_1 ~ N(x_0, 1)
    near, far = 7.4, 7.5  # exp(-27.6) is 1e-12
    for given, spread in ((3.0, 1.0), (NAN, np.sqrt(2))):
        mean = np.nan_to_num(given)
        assert model.sample(2, given=[given, mean + near * spread]).shape == (2, 2)
        with pytest.raises(ValueError, match="impossible that column 1"):
            model.sample(2, given=[given, mean + far * spread])


def test_gaussian_values_are_judged_given_those_before_them():
    machine, params, _ = cases.make_case((4, 3), "ordered gaussian")
    hidden, order = exact.hidden_states((4, 3)), np.arange(4)
    for x in 4 * gappy_rows(4, "gaussian"):
        found = log_best(machine, x)
        assert not found[np.isnan(x)].any()
        for column in np.flatnonzero(~np.isnan(x)):
            before = np.where(order < column, x, NAN)
            _, means, cov = exact.gaussian_given(params, before, hidden)
            place = np.isnan(before)[:column].sum()
            centres, variance = means[:, place], cov[place, place]
            distance = x[column] - np.clip(x[column], centres.min(), centres.max())
            assert found[column] == pytest.approx(-0.5 * distance**2 / variance, abs=1e-5)


def test_combinations_that_are_nearly_impossible_cause_a_warning():
    model = HelmholtzMachine.from_parameters(
        [[[120.0, -120, 0]]], [[-60.0, 60, -180], [0.0]], [np.zeros((3, 1))], [[0.0]],
        generative_lateral_coefs=[[[0, 0, 120], [0, 0, 120], [0, 0, 0]], [[0.0]]],
    )  # fmt: skip
    with pytest.warns(UserWarning, match="nearly impossible together") as caught:
        model.sample(2, given=[NAN, NAN, 1], random_state=0)  # both of what excludes the other
    assert caught[0].filename == __file__
    model.sample(2, given=[1, NAN, 0], random_state=0)
