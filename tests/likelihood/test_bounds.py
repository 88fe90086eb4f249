"""Bounds of log p(x) from both sides, against their expectations by enumeration."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import HelmholtzMachine, _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import Gibbs, propose
from sklearn_helmholtz.likelihood import (
    annealed_bounds,
    importance_bounds,
    importance_estimate,
)
from sklearn_helmholtz.likelihood.annealing import inverse_temperatures
from sklearn_helmholtz.likelihood.bounds import _weights_of_true_states
from sklearn_helmholtz.rows import Block
from tests import cases, exact
from tests.cases import make_case
from tests.inference.test_gibbs import target, transitions

N_DREAMS = 20_000


def dreams(machine, n=N_DREAMS):
    addresses = np.arange(n, dtype=np.uint64)
    draws = Draws(_keys.key(cases.SEED, Purpose.SAMPLE), addresses)
    x, *hidden = machine.dream(draws)[0]
    return (Block(x), *hidden), addresses


def assert_mean(values, expected):
    """The mean of independent values is what it should be, but for its noise."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - expected) < 4 * error
    assert error < 0.03


def all_log_p(params):
    rows = cases.all_rows(exact.units_of(params)[0])
    return rows, exact.log_likelihood(params, rows)


# Importance sampling


def expected_importance_bounds(params, x, n_samples, n_prior):
    """E log Z and E Z log Z / p(x) of the mean weight Z, for a single hidden unit.

    The second is the mean of log Z where sets of particles are as probable as they are, times their
    Z: what a set is that holds a draw from the posterior. Only the numbers of particles that are on
    matter, which are binomial.
    """
    states = exact.hidden_states(exact.units_of(params))
    p, q = np.exp(exact.log_joint(params, x, states)), exact.recognition(params, x)
    on = exact.sigmoid(params.generative_intercepts[1][0])
    share = n_prior / n_samples
    weights = p / ((1 - share) * q + share * np.array([1 - on, on]))
    lower = upper = 0.0
    n_first = n_samples - n_prior
    for first, second in itertools.product(range(n_first + 1), range(n_prior + 1)):
        probability = stats.binom.pmf(first, n_first, q[1]) * stats.binom.pmf(second, n_prior, on)
        n_on = first + second
        z = (n_on * weights[1] + (n_samples - n_on) * weights[0]) / n_samples
        lower += probability * np.log(z)
        upper += probability * z * np.log(z) / p.sum()
    return lower, upper


@pytest.mark.parametrize(("n_samples", "n_prior"), [(1, 0), (2, 0), (9, 0), (10, 2), (15, 3)])
@pytest.mark.parametrize("seed", [0, 3])
def test_importance_bounds_have_their_enumerated_means(seed, n_samples, n_prior):
    machine, params, _ = make_case((3, 1), "binary", scale=2, seed=seed)
    rows, log_p = all_log_p(params)
    each = [expected_importance_bounds(params, x, n_samples, n_prior) for x in rows.astype(float)]
    expected = np.exp(log_p) @ np.array(each)
    assert expected[0] < (np.exp(log_p) * log_p).sum() < expected[1]
    values, addresses = dreams(machine)
    lower, upper = importance_bounds(machine, values, cases.SEED, addresses, n_samples)
    assert_mean(lower, expected[0])
    assert_mean(upper, expected[1])


@pytest.mark.parametrize("n_units", [(3, 2), (2, 1, 2)])
def test_importance_bounds_of_deep_machines_have_their_enumerated_means(n_units):
    machine, params, _ = make_case(n_units, "binary", scale=1.5, seed=1)
    rows, log_p = all_log_p(params)
    lower_mean = np.exp(log_p) @ exact.reweighted_bound(params, rows.astype(float), 3)
    upper_mean = sum(
        np.exp(log) * expected_upper(params, x, 3) for log, x in zip(log_p, rows, strict=True)
    )
    values, addresses = dreams(machine)
    lower, upper = importance_bounds(machine, values, cases.SEED, addresses, 3)
    assert_mean(lower, lower_mean)
    assert_mean(upper, upper_mean)


def expected_upper(params, x, n_samples):
    """E log of the mean weight of a draw from the posterior and the others from recognition."""
    _, probabilities, log_weights = exact._tuple_weights(params, x, n_samples)
    log_mean = exact._log_sum_exp(log_weights) - np.log(n_samples)
    log_p = exact.log_likelihood(params, [x])[0]
    return (probabilities * np.exp(log_mean - log_p) * log_mean).sum()


def test_causes_weigh_and_are_proposed_as_the_mixture_has_it():
    machine, params, _ = make_case((4, 3), "binary", scale=1.5)
    values, _ = dreams(machine, 20)
    x, h = values[0].values, values[1]
    proposal = propose(machine, values[0], np.arange(20, dtype=np.uint64), 1)
    weights, from_prior = _weights_of_true_states(machine, values, proposal, 0.2)
    for row in range(20):
        log_joint = exact.log_joint(params, x[row], [h[row]])
        q = np.exp(exact.log_recognition(params, x[row].astype(float), [h[row]]))
        on = exact.sigmoid(params.generative_intercepts[1])
        prior = np.where(h[row], on, 1 - on).prod()
        mixture = 0.8 * q + 0.2 * prior
        assert weights[row] == pytest.approx(log_joint - np.log(mixture), rel=1e-5, abs=1e-5)
        assert from_prior[row] == pytest.approx(0.2 * prior / mixture, rel=1e-5)


def test_the_lower_importance_bound_is_the_importance_estimate():
    machine, _, _ = make_case((6, 4, 3), "gaussian")
    values, addresses = dreams(machine, 50)
    lower, upper = importance_bounds(machine, values, cases.SEED, addresses, 30)
    key = _keys.key(cases.SEED, Purpose.SCORE)
    expected = importance_estimate(machine, values[0], key, addresses, 30).per_sample
    assert_allclose(lower, expected, rtol=1e-12)
    assert (upper != lower).any()


# Annealing


def expected_annealed_bounds(params, x, betas):
    """E of the log-weight of one chain there, and of one back, by the matrices of the sweeps."""
    n_hidden = sum(exact.units_of(params)[1:])
    states = exact.all_states(n_hidden)
    hidden = exact.hidden_states(exact.units_of(params))
    log_prior = np.log(target(params, x, 0.0))
    log_visible = exact.log_joint(params, x, hidden) - log_prior
    assert len(states) == len(log_visible)
    forward, at = 0.0, np.exp(log_prior)
    for gap, beta in zip(np.diff(betas), betas[1:], strict=True):
        forward += gap * at @ log_visible
        at = at @ transitions(target(params, x, beta), n_hidden, range(n_hidden))
    backward, at = 0.0, exact.posterior(params, x)
    for gap, beta in zip(np.diff(betas)[::-1], betas[-2::-1], strict=True):
        backward += gap * at @ log_visible
        at = at @ transitions(target(params, x, beta), n_hidden, range(n_hidden)[::-1])
    return forward, backward


@pytest.mark.parametrize(
    ("n_units", "visible"),
    [((3, 1), "binary"), ((3, 3), "binary"), ((3, 2, 1), "binary"), ((3, 3), "ordered binary"),
     ((3, 2, 1), "ordered binary")],
)  # fmt: skip
@pytest.mark.parametrize("n_temperatures", [1, 2, 4])
def test_annealed_bounds_of_one_chain_have_their_enumerated_means(n_units, visible, n_temperatures):
    machine, params, _ = make_case(n_units, visible, scale=1.5, seed=2)
    rows, log_p = all_log_p(params)
    betas = inverse_temperatures(n_temperatures)
    each = [expected_annealed_bounds(params, x, betas) for x in rows.astype(float)]
    expected = np.exp(log_p) @ np.array(each)
    assert expected[0] < (np.exp(log_p) * log_p).sum() < expected[1]
    values, addresses = dreams(machine)
    gibbs = Gibbs.of(machine)
    lower, upper = annealed_bounds(gibbs, values, cases.SEED, addresses, 1, n_temperatures)
    assert_mean(lower, expected[0])
    assert_mean(upper, expected[1])


def expected_bounds_of_chains(params, x, n_chains):
    """E of both bounds by chains of two temperatures, for a single hidden unit.

    Its sweeps are independent draws, so chains there are pairs of draws, and those back, which have
    their start in common, single ones.
    """
    _, beta, _ = inverse_temperatures(2)
    states = exact.hidden_states(exact.units_of(params))
    prior, half = target(params, x, 0.0), target(params, x, beta)
    log_visible = exact.log_joint(params, x, states) - np.log(prior)
    there = (beta * log_visible[:, None] + (1 - beta) * log_visible).ravel()
    lower = mean_over(np.outer(prior, half).ravel(), there, n_chains, exact._log_sum_exp)
    upper = 0.0
    for start, probability in enumerate(exact.posterior(params, x)):
        back = (1 - beta) * log_visible[start] + beta * log_visible
        upper -= probability * mean_over(half, -back, n_chains, exact._log_sum_exp)
    return lower - np.log(n_chains), upper + np.log(n_chains)


def mean_over(probabilities, values, n, function):
    """E of a function of n independent values."""
    tuples = np.indices((len(values),) * n).reshape(n, -1).T
    return (probabilities[tuples].prod(axis=1) * function(values[tuples])).sum()


@pytest.mark.parametrize("seed", [0, 3])
def test_annealed_bounds_of_several_chains_have_their_enumerated_means(seed):
    machine, params, _ = make_case((4, 1), "binary", scale=2.5, seed=seed)
    rows, log_p = all_log_p(params)
    each = [expected_bounds_of_chains(params, x, 3) for x in rows.astype(float)]
    expected = np.exp(log_p) @ np.array(each)
    values, addresses = dreams(machine, 2 * N_DREAMS)
    lower, upper = annealed_bounds(Gibbs.of(machine), values, cases.SEED, addresses, 3, 2)
    assert_mean(lower, expected[0])
    assert_mean(upper, expected[1])


@pytest.mark.parametrize(
    ("visible", "method"),
    [("binary", "importance"), ("gaussian", "importance"), ("binary", "annealed"),
     ("gaussian", "annealed"), ("ordered binary", "annealed"), ("ordered gaussian", "annealed")],
)  # fmt: skip
def test_more_samples_or_temperatures_bring_both_bounds_closer(visible, method):
    machine, params, _ = make_case((4, 3, 2), visible, seed=1)
    values, addresses = dreams(machine, 1000)
    truth = exact.log_likelihood(params, values[0].todoubles()).mean()
    gaps, gibbs = [], Gibbs.of(machine)
    for n in (1, 5, 40):
        if method == "importance":
            pair = importance_bounds(machine, values, cases.SEED, addresses, n)
        else:
            pair = annealed_bounds(gibbs, values, cases.SEED, addresses, 2, n)
        lower, upper = (bound.mean() for bound in pair)
        assert lower < truth < upper
        gaps.append((truth - lower, upper - truth))
    gaps = np.array(gaps)
    assert (gaps[:-1] > 1.2 * gaps[1:]).all()
    assert (gaps[0] > 3 * gaps[2]).all()


# The estimator


def estimator(n_units=(6, 9, 7), scale=0.5, **params):
    drawn = exact.random_parameters(n_units, scale, 0, gaussian=params.pop("gaussian", False))
    return HelmholtzMachine.from_parameters(
        drawn.generative_coefs, drawn.generative_intercepts, drawn.recognition_coefs,
        drawn.recognition_intercepts, noise_variance=drawn.noise_variance, **params,
    )  # fmt: skip


@pytest.mark.parametrize("method", ["importance", "annealed"])
@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_the_truth_lies_between_the_bounds_in_the_units_of_the_user(kind, method):
    if kind == "gaussian":
        rng = np.random.default_rng(0)
        X = 5 + np.array([0.01, 100, 3]) * (
            rng.integers(0, 2, (300, 1)) + rng.normal(0, 0.3, (300, 3))
        )
        model = HelmholtzMachine((3, 2), max_iter=5, random_state=0).fit(X)
    else:
        model = estimator((6, 5, 3), 1.0)
    bounds = model.log_likelihood_bounds(
        400, method=method, n_importance_samples=20, n_temperatures=5, random_state=7
    )
    truth = model.score_samples(model.sample(400, random_state=7))  # the same dreams
    for bound in (bounds.lower_per_sample, bounds.upper_per_sample):
        assert np.abs(bound - truth).mean() < 0.5
    error = bounds.gap_standard_error
    assert bounds.lower - 3 * error < truth.mean() < bounds.upper + 3 * error
    assert -3 * error < bounds.gap < 0.6
    assert bounds.gap == pytest.approx(bounds.upper - bounds.lower)
    gaps = bounds.upper_per_sample - bounds.lower_per_sample
    assert error == pytest.approx(gaps.std(ddof=1) / 20)
    assert bounds.lower == bounds.lower_per_sample.mean()
    assert bounds.method == method


@pytest.mark.parametrize("method", ["importance", "annealed"])
def test_the_mean_gap_is_no_less_than_what_the_lower_bound_misses(method):
    model = estimator((8, 6, 4), 1.5)
    goal = model.score_samples(cases.all_rows(8))
    entropy = (np.exp(goal) * goal).sum()
    bounds = model.log_likelihood_bounds(
        3000, method=method, n_importance_samples=5, n_temperatures=10, random_state=0
    )
    error = bounds.lower_per_sample.std() / np.sqrt(3000)
    assert bounds.gap > entropy - bounds.lower - 3 * error
    assert bounds.lower - 3 * error < entropy < bounds.upper + 3 * error


@pytest.mark.parametrize("method", ["importance", "annealed"])
def test_bounds_repeat_with_a_random_state_for_any_number_of_threads(method):
    results = [
        estimator(n_jobs=n_jobs).log_likelihood_bounds(
            50, method=method, n_temperatures=5, random_state=seed
        )
        for n_jobs, seed in ((1, 0), (2, 0), (1, 1))
    ]
    for name in ("lower_per_sample", "upper_per_sample"):
        assert_array_equal(results[0][name], results[1][name])
        assert (results[0][name] != results[2][name]).all()


@pytest.mark.parametrize("method", ["importance", "annealed"])
def test_bounds_of_one_dream_by_one_sample(method):
    result = estimator().log_likelihood_bounds(
        1, method=method, n_importance_samples=1, n_temperatures=1, random_state=0
    )
    assert np.isnan(result.gap_standard_error)
    assert np.isfinite([result.lower, result.upper, result.gap]).all()
    assert result.lower_per_sample.shape == (1,)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"n_samples": 0}, "n_samples must be an integer of at least 1, got 0"),
        ({"n_temperatures": 1.5}, "n_temperatures must be .* got 1.5"),
        ({"n_importance_samples": -2}, "n_importance_samples must be .* got -2"),
        ({"method": "exact"}, "method must be one of .*'importance', 'annealed'.* got 'exact'"),
        ({"random_state": "x"}, "cannot be used to seed"),
    ],
)
def test_bad_arguments_of_bounds_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        estimator().log_likelihood_bounds(**bad)
