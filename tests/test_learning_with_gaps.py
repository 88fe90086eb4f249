"""Learning from rows with gaps: expected steps are those of nets without the missing features.

A row with gaps is a complete row of a smaller net: generation has only the features that were
observed, and what recognition sees in the gaps is a constant that belongs to its intercept. The
enumerated gradients of that net are those of the whole, where they are not zero.
"""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import HelmholtzMachine, _batches
from sklearn_helmholtz._incomplete import IncompleteRows
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz._sparse import SparseRows
from sklearn_helmholtz._workspace import Workspace
from sklearn_helmholtz.learning import ReweightedWakeSleep, WakeSleep
from sklearn_helmholtz.learning.phases import wake_and_dream
from tests import cases, exact
from tests.test_learning import assert_expectation, expected_sleep, recognition_entries

N_BLOCKS, N_COPIES = 60, 400
PATTERNS = np.array([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], bool)
FORMS = {"dense": IncompleteRows, "sparse": SparseRows.from_dense}
CASES = [
    ((4, 3), "binary", "dense"),
    ((4, 3), "binary", "sparse"),
    ((4, 3, 2), "fractional", "dense"),
    ((4, 3, 2), "fractional", "sparse"),
    ((4, 2, 2, 2), "binary", "dense"),
    ((4, 3), "gaussian", "dense"),
    ((4, 3, 2), "gaussian", "dense"),
]


def make_gaps(n_units, visible, seed=0):
    """A machine, the parameters of its oracle, rows with gaps, and what stands in for them."""
    machine, params, X = cases.make_case(n_units, visible, len(PATTERNS), seed=seed)
    rng = np.random.default_rng(seed + 2)
    stand_in = rng.uniform(0.1, 0.9, n_units[0]).astype(np.float32)
    if visible == "gaussian":
        stand_in = (2 * stand_in - 1).astype(np.float32)
    return machine, params, np.where(PATTERNS, np.nan, X).astype(np.float32), stand_in


def widened(params, gradient, missing, stand_in):
    """A gradient of the smaller net as one of the whole net, flat."""
    whole, kept = exact.zero_gradient(params), ~missing
    whole.generative_coefs[0][:, kept] = gradient.generative_coefs[0]
    whole.generative_intercepts[0][kept] = gradient.generative_intercepts[0]
    whole.recognition_coefs[0][kept] = gradient.recognition_coefs[0]
    whole.recognition_coefs[0][missing] = np.outer(
        stand_in[missing], gradient.recognition_intercepts[0]
    )
    whole.generative_coefs[1:] = gradient.generative_coefs[1:]
    whole.generative_intercepts[1:] = gradient.generative_intercepts[1:]
    whole.recognition_coefs[1:] = gradient.recognition_coefs[1:]
    whole.recognition_intercepts = gradient.recognition_intercepts
    if params.noise_variance is not None:
        whole.log_noise_variance[kept] = gradient.log_noise_variance
    return exact.flatten(whole)


def mean_over_rows(params, X, stand_in, function):
    """The mean of ``function(smaller net, observed values)``, a flat gradient or a number."""
    results = []
    for x in X:
        missing = np.isnan(x)
        result = function(exact.without(params, missing, stand_in), x[None, ~missing].astype(float))
        if isinstance(result, exact.Gradient):
            result = widened(params, result, missing, stand_in)
        results.append(result)
    return np.mean(results, axis=0)


def run_blocks(rule, machine, X, stand_in, form):
    """Steps and bounds, divided by rows, of independent blocks that repeat the rows of X."""
    n_rows = N_COPIES * len(X)
    block = FORMS[form](np.tile(X, (N_COPIES, 1)), stand_in)
    work, steps, bounds = Workspace(), [], []
    for number in range(N_BLOCKS):
        out, where = cases.empty_gradient(machine), {"start": number * n_rows}
        wake = cases.make_draws(n_rows, rule.n_particles, **where)
        dream = cases.make_draws(n_rows, purpose=Purpose.DREAM, **where)
        bounds.append(rule.gradient(machine, block, wake, dream, out, work) / n_rows)
        steps.append(exact.flatten(cases.gradient_of(machine, out)) / n_rows)
        work.reset()
    return np.array(steps), np.array(bounds)


@pytest.mark.parametrize(("n_units", "visible", "form"), CASES)
def test_the_expected_step_of_wake_sleep_is_that_of_the_observed_part(n_units, visible, form):
    machine, params, X, stand_in = make_gaps(n_units, visible)
    steps, bounds = run_blocks(WakeSleep(), machine, X, stand_in, form)
    wake = mean_over_rows(params, X, stand_in, exact.wake_gradient)
    sleep = mean_over_rows(params, X, stand_in, lambda net, x: expected_sleep(net))
    assert_expectation(steps, wake + sleep)
    energy = mean_over_rows(params, X, stand_in, exact.free_energy)
    assert_expectation(bounds, -energy)


@pytest.mark.parametrize("n_particles", [1, 3])
@pytest.mark.parametrize(("n_units", "visible", "form"), CASES)
def test_the_expected_step_of_reweighted_wake_sleep_is_that_of_the_observed_part(
    n_units, visible, form, n_particles
):
    machine, params, X, stand_in = make_gaps(n_units, visible, seed=1)
    steps, bounds = run_blocks(ReweightedWakeSleep(n_particles), machine, X, stand_in, form)
    wake = mean_over_rows(
        params, X, stand_in, lambda net, x: exact.reweighted_gradient(net, x, n_particles)
    )
    wake[recognition_entries(params)] *= 0.5
    sleep = mean_over_rows(params, X, stand_in, lambda net, x: expected_sleep(net))
    assert_expectation(steps, wake + 0.5 * sleep)
    bound = mean_over_rows(
        params, X, stand_in, lambda net, x: exact.reweighted_bound(net, x, n_particles)
    )
    assert_expectation(bounds, bound)


@pytest.mark.parametrize("rule", [WakeSleep(), ReweightedWakeSleep(3)])
def test_lists_of_entries_take_the_steps_of_dense_rows(rule):
    machine, _, X, stand_in = make_gaps((4, 3, 2), "fractional")
    X[2, 1] = 0
    steps = []
    for form in FORMS.values():
        out = cases.empty_gradient(machine)
        wake = cases.make_draws(len(X), rule.n_particles)
        dream = cases.make_draws(len(X), purpose=Purpose.DREAM)
        bound = rule.gradient(machine, form(X, stand_in), wake, dream, out)
        steps.append([bound, *exact.flatten(cases.gradient_of(machine, out))])
    assert_allclose(*steps, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rule", [WakeSleep(), ReweightedWakeSleep(2)])
@pytest.mark.parametrize("form", FORMS)
def test_dreams_get_the_gaps_of_their_own_row_and_no_others(rule, form):
    machine, _, X, stand_in = make_gaps((4, 3, 2), "binary")
    phases = wake_and_dream_of(machine, FORMS[form](X, stand_in), rule.n_particles)
    dreams, _ = machine.dream(cases.make_draws(len(X), purpose=Purpose.DREAM))
    expected = np.where(PATTERNS, stand_in, dreams[0]).astype(np.float32)
    assert_array_equal(phases.dreamt, expected)


def wake_and_dream_of(machine, x, n_particles):
    wake = cases.make_draws(len(x), n_particles)
    return wake_and_dream(machine, x, wake, cases.make_draws(len(x), purpose=Purpose.DREAM))


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
    return [*arrays, *model.recognition_intercepts_, getattr(model, "noise_variance_", np.empty(0))]


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("visible", ["binary", "sparse", "fractional", "gaussian"])
@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array], ids=["dense", "csr"])
def test_fits_have_the_same_bits_for_any_number_of_threads(make, visible, algorithm, monkeypatch):
    monkeypatch.setattr(_batches, "_BLOCK_WORK", 1)  # as many blocks as there can be
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
def test_a_variance_is_learnt_from_observed_values_only(algorithm):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3)) * [1, 2, 3] + [0, 5, 0]
    X[rng.random(X.shape) < [0.5, 0.1, 0.0]] = np.nan
    model = HelmholtzMachine(
        1, algorithm=algorithm, max_iter=30, learning_rate="cosine", random_state=0
    ).fit(X)
    assert_allclose(model.noise_variance_, np.nanvar(X, axis=0), rtol=0.1)
