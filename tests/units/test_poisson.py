"""Poisson units where counts are large, rare or given: what the table of families does not ask."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz._kernels.poisson import HIGHEST
from sklearn_helmholtz.inference import MeanField
from sklearn_helmholtz.layers import Affine, Conditional, Lateral
from sklearn_helmholtz.machines import BeliefNet, Chain
from sklearn_helmholtz.rows import Block, Lists
from sklearn_helmholtz.units import Bernoulli, Poisson
from tests.cases import make_draws

UNITS = Poisson()


@pytest.mark.parametrize("rate", [1e-3, 0.7, 9.99, 10.0, 60.0, 3e3, 5e6])
def test_draws_have_the_distribution_of_scipy(rate):
    n = 20_000
    eta = np.full((1, 1), np.log(rate), np.float32)
    log_prob = np.zeros(n)
    drawn = UNITS.sample(eta, make_draws(1, n), 0, log_prob)[:, 0].astype(np.float64)
    law = stats.poisson(np.exp(np.float64(eta[0, 0])))
    assert_allclose(log_prob, law.logpmf(drawn), rtol=1e-6, atol=1e-4)
    edges = np.unique(law.ppf(np.linspace(0.02, 0.98, 20)))
    observed = np.histogram(drawn, [-np.inf, *edges + 0.5, np.inf])[0]
    expected = np.diff([0, *law.cdf(edges), 1]) * n
    kept = expected > 5
    chi2 = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    assert chi2 < stats.chi2(kept.sum()).ppf(0.999)
    assert drawn.mean() == pytest.approx(law.mean(), abs=5 * law.std() / np.sqrt(n))
    assert drawn.var() == pytest.approx(law.var(), rel=0.1, abs=0.002)


def test_large_counts_keep_their_digits():
    eta = np.linspace(-3, 20, 40)[None].astype(np.float32)
    values = np.floor(np.exp(np.float64(eta)) * 1.01 + 2).astype(np.float32)
    out = np.zeros(1)
    UNITS.log_prob(values, eta, out)
    expected = stats.poisson(np.exp(np.float64(eta))).logpmf(np.float64(values)).sum()
    assert out[0] == pytest.approx(expected, rel=1e-7)


def test_rates_stay_finite_and_errors_lead_back():
    eta = np.array([[-200, 21, 40, 3e4]], np.float32)
    mean = UNITS.mean(eta)
    assert np.isfinite(mean).all()
    assert_allclose(mean[0, 2:], 2.0**31, rtol=1e-5)
    out, error = np.zeros(1), eta.copy()
    UNITS.score(np.zeros((1, 4), np.float32), error, out)
    assert np.isfinite(out).all()
    assert (error[0, 1:] < 0).all()


def test_lists_and_arrays_agree_with_missing_values():
    rng = np.random.default_rng(0)
    values = rng.poisson(1.0, (7, 50)).astype(np.float32)
    values[rng.random(values.shape) < 0.2] = np.nan
    eta = rng.normal(size=(21, 50)).astype(np.float32)
    lists = Lists.from_dense(values)
    for call in (UNITS.log_prob, UNITS.score):
        dense, sparse = np.zeros(21), np.zeros(21)
        first, second = eta.copy(), eta.copy()
        call(values, first, dense)
        call(lists, second, sparse)
        assert_allclose(dense, sparse, atol=1e-4)
        assert_allclose(first, second, atol=1e-4)
    assert_array_equal(UNITS.shown(lists).toarray(), UNITS.shown(values))


def test_modes_of_mixtures_are_their_highest_counts():
    rng = np.random.default_rng(3)
    weights = rng.dirichlet(np.ones(4), 30)
    rates = np.exp(rng.normal(1, 1, (30, 4, 2)))
    counts = np.arange(200)
    found = UNITS.mixture_modes(weights, rates, None)
    for row in range(30):
        for column in range(2):
            pmf = weights[row] @ stats.poisson(rates[row, :, column][:, None]).pmf(counts)
            assert pmf[int(found[row, column])] > 0.97 * pmf.max()
    votes = UNITS.mixture_modes(
        np.array([[0.3, 0.4, 0.3]]), np.array([[[2.0], [7.0], [2.0]]]), np.zeros((1, 1))
    )
    assert votes == 2


def test_best_log_prob_is_that_of_the_best_rate():
    values = np.array([0.0, 3.0, 3.0, 100.0, np.nan])
    lowest, highest = np.log([1e-3, 1.0, 20.0, 1.0, 1.0]), np.log([5.0, 10.0, 30.0, 2.0, 2.0])
    found = UNITS.best_log_prob(values, lowest, highest)
    expected = [
        0.0,
        0.0,
        stats.poisson(20).logpmf(3) - stats.poisson(20).logpmf(20),
        stats.poisson(2).logpmf(100) - stats.poisson(2).logpmf(2),
        0.0,
    ]
    assert_allclose(found, expected, atol=2e-3)


def net(seed=0, autoregressive=False, n_hidden=4, d=5):
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 0.8, (n_hidden, d)).astype(np.float32)
    intercept = rng.normal(0.3, 0.5, d).astype(np.float32)
    lateral = Lateral(np.triu(rng.normal(0, 0.3, (d, d)), 1).astype(np.float32))
    visible = Conditional(Affine(weights, intercept), UNITS, lateral if autoregressive else None)
    own = Lateral(np.triu(rng.normal(0, 1, (n_hidden, n_hidden)), 1).astype(np.float32))
    prior = Conditional(
        Affine(None, rng.normal(size=n_hidden).astype(np.float32)), Bernoulli(),
        own if autoregressive else None,
    )  # fmt: skip
    return BeliefNet(Chain((prior, visible), (1, 0)))


def log_joint(machine, x):
    """Log p(x, h) of all hidden states by scipy, for one row."""
    prior, visible = machine.generation.conditionals
    n = prior.n_units
    states = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    weights, intercept = (np.float64(a) for a in visible.map.coefficients)
    eta = intercept + states @ weights
    top = np.tile(np.float64(prior.map.coefficients[1]), (2**n, 1))
    if visible.lateral is not None:
        eta = eta + np.log1p(x) @ np.float64(visible.lateral.weights)
        top = top + states @ np.float64(prior.lateral.weights)
    log_p = (states * top - np.logaddexp(0, top)).sum(axis=1)
    seen = ~np.isnan(x)
    return log_p + stats.poisson(np.exp(eta[:, seen])).logpmf(x[seen]).sum(axis=1)


@pytest.mark.parametrize("autoregressive", [False, True])
def test_mean_field_bounds_log_p_and_its_slopes_are_those_of_the_bound(autoregressive):
    machine = net(autoregressive=autoregressive)
    x = np.array([[0, 3, 1, 0, 7], [2, 2, 0, 1, 0]], np.float32)
    field = MeanField.of(machine)
    means = field.start(np.arange(2, dtype=np.uint64))
    xi, bounds, _ = field.solve(Block(x), means)
    truth = np.array([np.logaddexp.reduce(log_joint(machine, row)) for row in np.float64(x)])
    assert (bounds <= truth + 1e-6).all()
    assert (bounds > truth - 1.5).all()
    slopes, _, _ = field.gradient(Block(x), means, xi)
    step, place = 1e-3, np.flatnonzero(field.weights)[[0, 3, -1]]
    for number in place:
        found = []
        for sign in (1, -1):
            weights = field.weights.copy()
            weights[number] += sign * step
            moved = type(field)(
                field.sizes, weights, field.intercepts, field.family, field.parameters, machine
            )
            own = means.copy()
            found.append(moved.solve(Block(x), own, most_sweeps=400, tol=1e-12)[1].sum())
        expected = (found[0] - found[1]) / (2 * step)
        assert slopes[number] == pytest.approx(expected, abs=5e-3)


def test_the_highest_rate_is_that_of_the_highest_count():
    assert np.exp(np.float64(HIGHEST)) == pytest.approx(2.0**31, rel=1e-5)
