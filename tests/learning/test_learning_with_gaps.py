"""Learning from rows with gaps: expected steps are those of nets without the missing features.

A row with gaps is a complete row of a smaller net: generation has only the features that were
observed, and what recognition sees in the gaps is a constant that belongs to its intercept. The
enumerated gradients of that net are those of the whole, where they are not zero.

Not so where units depend on those before them, of which some are missing: those are drawn, and
explained like hidden units. There the ways to fill a row are enumerated with its explanations.
"""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz._workspace import Workspace
from sklearn_helmholtz.learning import ReweightedWakeSleep, WakeSleep
from sklearn_helmholtz.learning.passes import wake_and_dream
from sklearn_helmholtz.rows import Block, Lists, limits
from tests import cases, exact
from tests.blocks import as_block
from tests.learning.test_learning import (
    assert_expectation,
    expected_sleep,
    prior_states,
    recognition_entries,
)

N_BLOCKS, N_COPIES = 40, 200
PATTERNS = np.array([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], bool)


def listed(X, fill_values):
    return Block(Lists.from_dense(X), fill_values)


FORMS = {"dense": Block, "sparse": listed}
CASES = [
    ((4, 3), "binary", "dense"),
    ((4, 3), "binary", "sparse"),
    ((4, 3, 2), "fractional", "dense"),
    ((4, 3, 2), "fractional", "sparse"),
    ((4, 2, 2, 2), "binary", "dense"),
    ((4, 3), "gaussian", "dense"),
    ((4, 3, 2), "gaussian", "dense"),
]
ORDERED_CASES = [
    ((4, 3), "ordered binary", "dense"),
    ((4, 3), "ordered binary", "sparse"),
    ((4, 3, 2), "ordered fractional", "dense"),
    ((4, 3, 2), "ordered fractional", "sparse"),
    ((4, 2, 2, 2), "ordered binary", "dense"),
    ((4, 3), "ordered gaussian", "dense"),
    ((4, 3), "neural ordered binary", "sparse"),
]


def make_gaps(n_units, visible, seed=0):
    """A machine, the parameters of its oracle, rows with gaps, and what stands in for them."""
    machine, params, X = cases.make_case(n_units, visible, len(PATTERNS), seed=seed)
    rng = np.random.default_rng(seed + 2)
    fill_values = rng.uniform(0.1, 0.9, n_units[0]).astype(np.float32)
    if "gaussian" in visible:
        fill_values = (2 * fill_values - 1).astype(np.float32)
    return machine, params, np.where(PATTERNS, np.nan, X).astype(np.float32), fill_values


def widened(params, gradient, missing, fill_values):
    """A gradient of the smaller net as one of the whole net, flat."""
    whole, kept = exact.zero_gradient(params), ~missing
    whole.generative_coefs[0][:, kept] = gradient.generative_coefs[0]
    whole.generative_intercepts[0][kept] = gradient.generative_intercepts[0]
    whole.recognition_coefs[0][kept] = gradient.recognition_coefs[0]
    whole.recognition_coefs[0][missing] = np.outer(
        fill_values[missing], gradient.recognition_intercepts[0]
    )
    whole.generative_coefs[1:] = gradient.generative_coefs[1:]
    whole.generative_intercepts[1:] = gradient.generative_intercepts[1:]
    whole.recognition_coefs[1:] = gradient.recognition_coefs[1:]
    whole.recognition_intercepts = gradient.recognition_intercepts
    if params.noise_variance is not None:
        whole.log_noise_variance[kept] = gradient.log_noise_variance
    return exact.flatten(whole)


def mean_over_rows(params, X, fill_values, function):
    """The mean of ``function(smaller net, observed values)``, a flat gradient or a number."""
    results = []
    for x in X:
        missing = np.isnan(x)
        result = function(
            exact.without(params, missing, fill_values), x[None, ~missing].astype(float)
        )
        if isinstance(result, exact.Gradient):
            result = widened(params, result, missing, fill_values)
        results.append(result)
    return np.mean(results, axis=0)


def run_blocks(rule, machine, X, fill_values, form):
    """Steps and bounds, divided by rows, of independent blocks that repeat the rows of X."""
    n_rows = N_COPIES * len(X)
    block = FORMS[form](np.tile(X, (N_COPIES, 1)), fill_values)
    work, steps, bounds = Workspace(), [], []
    for number in range(N_BLOCKS):
        out, where = cases.empty_gradient(machine), {"start": number * n_rows}
        wake = cases.make_draws(n_rows, rule.n_particles, **where)
        dream = cases.make_draws(n_rows, purpose=Purpose.DREAM, **where)
        bounds.append(rule.gradient(machine, as_block(block), wake, dream, out, work) / n_rows)
        steps.append(exact.flatten(cases.gradient_of(machine, out)) / n_rows)
        work.reset()
    return np.array(steps), np.array(bounds)


@pytest.mark.parametrize(("n_units", "visible", "form"), CASES)
def test_the_expected_step_of_wake_sleep_is_that_of_the_observed_part(n_units, visible, form):
    machine, params, X, fill_values = make_gaps(n_units, visible)
    steps, bounds = run_blocks(WakeSleep(), machine, X, fill_values, form)
    wake = mean_over_rows(params, X, fill_values, exact.wake_gradient)
    sleep = mean_over_rows(params, X, fill_values, lambda net, x: expected_sleep(net))
    assert_expectation(steps, wake + sleep)
    energy = mean_over_rows(params, X, fill_values, exact.free_energy)
    assert_expectation(bounds, -energy)


@pytest.mark.parametrize("n_particles", [1, 3])
@pytest.mark.parametrize(("n_units", "visible", "form"), CASES)
def test_the_expected_step_of_reweighted_wake_sleep_is_that_of_the_observed_part(
    n_units, visible, form, n_particles
):
    machine, params, X, fill_values = make_gaps(n_units, visible, seed=1)
    steps, bounds = run_blocks(ReweightedWakeSleep(n_particles), machine, X, fill_values, form)
    wake = mean_over_rows(
        params, X, fill_values, lambda net, x: exact.reweighted_gradient(net, x, n_particles)
    )
    wake[recognition_entries(params)] *= 0.5
    sleep = mean_over_rows(params, X, fill_values, lambda net, x: expected_sleep(net))
    assert_expectation(steps, wake + 0.5 * sleep)
    bound = mean_over_rows(
        params, X, fill_values, lambda net, x: exact.reweighted_bound(net, x, n_particles)
    )
    assert_expectation(bounds, bound)


def mean_sleep(params, X, fill_values):
    """The expected step of the sleep phase, flat, where dreams have the gaps of the rows of X."""
    sleeps = [expected_sleep(params, np.isnan(x), fill_values.astype(np.float64)) for x in X]
    return np.mean([exact.flatten(sleep) for sleep in sleeps], axis=0)


def completed_gradient(params, X, fill_values, n_particles):
    """The expected step of the wake phase, flat, where what is missing is drawn in order."""
    total = exact.completed_gradient(params, X.astype(np.float64), fill_values, n_particles)
    return exact.flatten(total) / len(X)


@pytest.mark.parametrize(("n_units", "visible", "form"), ORDERED_CASES)
def test_wake_sleep_draws_missing_parents_and_explains_them(n_units, visible, form):
    machine, params, X, fill_values = make_gaps(n_units, visible)
    steps, bounds = run_blocks(WakeSleep(), machine, X, fill_values, form)
    wake = completed_gradient(params, X, fill_values, 1)
    wake[recognition_entries(params)] = 0
    assert_expectation(steps, wake + mean_sleep(params, X, fill_values))
    assert_expectation(
        bounds, exact.completed_bound(params, X.astype(float), fill_values, 1).mean()
    )


@pytest.mark.parametrize("n_particles", [1, 2])
@pytest.mark.parametrize(("n_units", "visible", "form"), ORDERED_CASES)
def test_reweighted_wake_sleep_draws_missing_parents_and_explains_them(
    n_units, visible, form, n_particles
):
    machine, params, X, fill_values = make_gaps(n_units, visible, seed=1)
    steps, bounds = run_blocks(ReweightedWakeSleep(n_particles), machine, X, fill_values, form)
    wake = completed_gradient(params, X, fill_values, n_particles)
    wake[recognition_entries(params)] *= 0.5
    assert_expectation(steps, wake + 0.5 * mean_sleep(params, X, fill_values))
    bound = exact.completed_bound(params, X.astype(np.float64), fill_values, n_particles)
    assert_expectation(bounds, bound.mean())


@pytest.mark.parametrize("visible", ["ordered binary", "ordered gaussian"])
def test_completions_are_a_proposal_whose_weights_have_the_mean_of_the_observed_part(visible):
    _, params, X, fill_values = make_gaps((4, 3), visible)
    for x in X.astype(np.float64):
        *_, log_proposal, log_weight = exact.proposals(params, x, fill_values)
        assert np.exp(log_proposal).sum() == pytest.approx(1)
        mean = np.exp(log_proposal + log_weight).sum()
        assert np.log(mean) == pytest.approx(log_observed(params, x), abs=1e-4)


def log_observed(params, x):
    """Log p of what is observed of a row: values summed out, or a mixture of normals."""
    missing = np.isnan(x)
    if params.noise_variance is None:
        fills = exact.all_states(missing.sum())
        rows = np.tile(x, (len(fills), 1))
        rows[:, missing] = fills
        return np.logaddexp.reduce(exact.log_likelihood(params, rows))
    mixing = np.linalg.inv(np.eye(len(x)) - params.generative_lateral_coefs[0])
    covariance = mixing.T * params.noise_variance @ mixing
    total = 0.0
    for probability, hidden in prior_states(params):
        mean = hidden[0] @ params.generative_coefs[0] + params.generative_intercepts[0]
        place = np.ix_(~missing, ~missing)
        if not missing.all():
            normal = stats.multivariate_normal((mean @ mixing)[~missing], covariance[place])
            probability *= normal.pdf(x[~missing])
        total += probability
    return np.log(total)


@pytest.mark.parametrize("visible", ["fractional", "ordered fractional"])
@pytest.mark.parametrize("rule", [WakeSleep(), ReweightedWakeSleep(3)])
def test_lists_of_entries_take_the_steps_of_dense_rows(rule, visible):
    machine, _, X, fill_values = make_gaps((4, 3, 2), visible)
    X[2, 1] = 0
    steps = []
    for form in FORMS.values():
        out = cases.empty_gradient(machine)
        wake = cases.make_draws(len(X), rule.n_particles)
        dream = cases.make_draws(len(X), purpose=Purpose.DREAM)
        bound = rule.gradient(machine, as_block(form(X, fill_values)), wake, dream, out)
        steps.append([bound, *exact.flatten(cases.gradient_of(machine, out))])
    assert_allclose(*steps, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rule", [WakeSleep(), ReweightedWakeSleep(2)])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("visible", ["binary", "ordered binary"])
def test_dreams_get_the_gaps_of_their_own_row_and_no_others(rule, form, visible):
    machine, _, X, fill_values = make_gaps((4, 3, 2), visible)
    passes = wake_and_dream_of(machine, FORMS[form](X, fill_values), rule.n_particles)
    dreams, _ = machine.dream(cases.make_draws(len(X), purpose=Purpose.DREAM))
    expected = np.where(PATTERNS, fill_values, dreams[0]).astype(np.float32)
    assert_array_equal(passes.dreamt, expected)


def wake_and_dream_of(machine, x, n_particles):
    wake = cases.make_draws(len(x), n_particles)
    return wake_and_dream(
        machine, as_block(x), wake, cases.make_draws(len(x), purpose=Purpose.DREAM)
    )


# Fits


def gappy(visible, n_rows=150, n_features=30, share=0.3):
    """Rows of which the first has nothing, the second everything, and others some values."""
    rng = np.random.default_rng(0)
    X = cases.make_rows(n_features, visible, n_rows).astype(float)
    if visible == "sparse":
        X = (rng.random(X.shape) < 0.05).astype(float)
    gaps = rng.random(X.shape) < share
    gaps[0], gaps[1] = True, False
    return np.where(gaps, np.nan, X)


def learn(X, **params):
    return HelmholtzMachine((8, 4), **{"max_iter": 3, "random_state": 0, **params}).fit(X)


def parameters(model):
    lists = "generative_coefs_", "generative_intercepts_", "recognition_coefs_"
    arrays = [array for name in lists for array in getattr(model, name)]
    arrays += getattr(model, "generative_lateral_coefs_", [])
    return [*arrays, *model.recognition_intercepts_, getattr(model, "noise_variance_", np.empty(0))]


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("visible", ["binary", "sparse", "fractional", "gaussian"])
@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array], ids=["dense", "csr"])
def test_fits_have_the_same_bits_for_any_number_of_threads(make, visible, algorithm, monkeypatch):
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)  # as many blocks as there can be
    X, settings = make(gappy(visible)), {"algorithm": algorithm, "batch_size": 150}
    first, *others = (learn(X, n_jobs=n, **settings) for n in (1, 2, 8))
    for other in others:
        assert other.loss_curve_ == first.loss_curve_
        for one, two in zip(parameters(first), parameters(other), strict=True):
            assert_array_equal(one, two)


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("visible", ["binary", "sparse", "fractional", "gaussian"])
def test_dense_rows_and_lists_of_entries_fit_alike(visible, algorithm):
    X = gappy(visible)
    settings = {"algorithm": algorithm, "solver": "sgd", "learning_rate_init": 1e-3}
    dense, listed = (learn(data, **settings) for data in (X, scipy.sparse.csr_array(X)))
    assert_array_equal(dense.feature_means_, listed.feature_means_)
    assert_allclose(dense.loss_curve_, listed.loss_curve_, rtol=1e-5)
    for one, two in zip(parameters(dense), parameters(listed), strict=True):
        assert_allclose(one, two, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("visible", ["binary", "sparse", "fractional", "gaussian"])
def test_fits_of_units_in_order_do_not_depend_on_threads_nor_on_forms(
    visible, algorithm, monkeypatch
):
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    X = gappy(visible)
    X[40:] = gappy(visible, share=0)[40:]  # some blocks have gaps, others none
    settings = {"algorithm": algorithm, "batch_size": 150, "autoregressive": True}
    settings |= {"shuffle": False, "solver": "sgd", "learning_rate_init": 1e-3, "alpha": 1e-4}
    for make in (np.asarray, scipy.sparse.csr_array):
        first, second = (learn(make(X), n_jobs=n, **settings) for n in (1, 3))
        for one, two in zip(parameters(first), parameters(second), strict=True):
            assert_array_equal(one, two)
    dense = learn(X, **settings)
    for one, two in zip(parameters(dense), parameters(first), strict=True):
        assert_allclose(one, two, rtol=1e-4, atol=1e-5)
    assert all(np.triu(weights, 1).any() for weights in dense.generative_lateral_coefs_)


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
def test_a_variance_is_learnt_from_observed_values_only(algorithm):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3)) * [1, 2, 3] + [0, 5, 0]
    X[rng.random(X.shape) < [0.5, 0.1, 0.0]] = np.nan
    model = HelmholtzMachine(
        1, algorithm=algorithm, max_iter=30, learning_rate="cosine", random_state=0
    ).fit(X)
    assert_allclose(model.noise_variance_, np.nanvar(X, axis=0), rtol=0.1)
