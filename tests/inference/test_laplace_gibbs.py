"""Gibbs sampling of Laplace factors: its slow twin, its conditionals, and what it leaves alone."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import _keys
from sklearn_helmholtz._kernels.two_sided import two_sided_draw
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.dictionaries import SCALE
from sklearn_helmholtz.inference import CodePosterior, LaplaceGibbs
from tests import cases, naive
from tests.laplace_dictionaries import Grid, make_dictionary, make_rows

KEY = _keys.key(cases.SEED, Purpose.SWEEP)
PATH, GAPS = np.array([0.0, 0.2, 1.0, 1.0]), np.array([0.0, 0.3, 0.5, 0.2])


def sampler_of(machine):
    return LaplaceGibbs(machine, 1 / SCALE)


def draws_of(n_rows, n_chains, first=0):
    return Draws(KEY, np.arange(7, 7 + n_rows, dtype=np.uint64) << np.uint64(30), n_chains, first)


def fine_uniforms(address, number, n):
    """Numbers of 48 bits of a sweep, from philox itself, (n,)."""
    half, result = 64 * math.ceil(n / 64), np.empty(n)

    def bits(unit):
        counter = unit // 64 * 16 + unit % 16, number, address & naive.WORD, address >> 32
        return naive.philox4x32_10(counter, KEY)[unit // 16 % 4] >> 8

    for unit in range(n):
        low = max(bits(half + unit) * 2.0**-24, 2.0**-25)
        result[unit] = (bits(unit) + low) * 2.0**-24
    return result


def naive_chain(machine, row, h, address, first, increments, betas, is_reverse):
    """The state and the log-weight in which a chain ends, by its formulas, one factor at a time."""
    seen, h, log_weight = ~np.isnan(row), h.copy(), 0.0
    atoms, x, s2 = machine.atoms[:, seen], (row - machine.mean)[seen], machine.noise
    order = range(len(h))[::-1] if is_reverse else range(len(h))
    for number, (increment, beta) in enumerate(zip(increments, betas, strict=True), first):
        log_prob = stats.norm(h @ atoms, np.sqrt(s2)).logpdf(x).sum()
        log_weight += increment * log_prob
        uniforms = fine_uniforms(address, number, len(h))
        for i in order:
            rest = x - h @ atoms + h[i] * atoms[i]
            a, c = beta * atoms[i] @ atoms[i] / s2, beta * rest @ atoms[i] / s2
            h[i] = two_sided_draw(a, c, 1 / SCALE, uniforms[i])
    return h, log_weight


@pytest.mark.parametrize(("n_atoms", "n_features"), [(3, 2), (2, 5), (66, 17)])
@pytest.mark.parametrize("is_reverse", [False, True])
def test_sweeps_of_laplace_factors_are_the_naive_ones(n_atoms, n_features, is_reverse):
    machine, n_chains = make_dictionary(n_atoms, n_features), 3
    rows, _ = make_rows(machine, 2, n_missing=1)
    draws = draws_of(2, n_chains, first=5)
    states = sampler_of(machine).start(draws)
    start = states.copy()
    log_weights = sampler_of(machine).anneal(
        machine.rows(rows), states, draws, GAPS, PATH, reverse=is_reverse
    )
    for chain in range(2 * n_chains):
        number = (5 + chain % n_chains) * len(PATH)
        address = int(draws.addresses[chain // n_chains])
        found = naive_chain(
            machine, rows[chain // n_chains], start[chain], address, number, GAPS, PATH, is_reverse
        )
        assert_allclose(states[chain], found[0], rtol=1e-8, atol=1e-9)
        assert_allclose(log_weights[chain], found[1], rtol=1e-9)


def test_chains_start_with_laplace_factors_of_variance_one():
    machine = make_dictionary(2)
    states = sampler_of(machine).start(draws_of(2000, 3))
    for column in states.T:
        assert stats.kstest(column, stats.laplace(scale=SCALE).cdf).pvalue > 0.01
    assert abs(np.corrcoef(states.T)[0, 1]) < 0.05
    assert_array_equal(states[:3], sampler_of(machine).start(draws_of(1, 3)))


@pytest.mark.parametrize("beta", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("row", [[0.3], [2.5], [-4.0]])
def test_independent_draws_follow_the_numerical_conditional(beta, row):
    machine = make_dictionary(1, 1, noise=0.1)
    row = np.array(row) * np.abs(machine.atoms[0]) + machine.mean
    draws = draws_of(1, 4000)
    states = np.zeros((4000, 1))
    rows = machine.rows(row[None])
    sampler_of(machine).anneal(rows, states, draws, np.zeros(1), np.array([beta]))
    grid = Grid(machine, row, beta)
    edges = grid.axis + (grid.axis[1] - grid.axis[0]) / 2

    def below(h):
        return np.interp(h, edges, np.cumsum(grid.weights))

    assert stats.kstest(states[:, 0], below).pvalue > 0.01


@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_sweeps_leave_the_tempered_posterior_alone(beta):
    machine, n = make_dictionary(2, 2), 20_000
    (row,), _ = make_rows(machine, 1)
    grid, rng = Grid(machine, row, beta), np.random.default_rng(0)
    states, rows = grid.draw(n, rng), machine.rows(row[None])
    sampler_of(machine).anneal(rows, states, draws_of(1, n), np.zeros(2), np.full(2, beta))
    for function in (lambda h: h, lambda h: h**2, lambda h: h[:, :1] * h[:, 1:], np.abs):
        values, expected = function(states), grid.expect(function(grid.points))
        error = values.std(axis=0) / np.sqrt(n)
        assert (np.abs(values.mean(axis=0) - expected) < 4 * error + 2e-3).all()


def test_posteriors_of_factors_are_those_of_quadrature():
    machine = make_dictionary(2, 2, noise=0.02)
    x, _ = make_rows(machine, 4, n_missing=1)
    betas = sampler_of(machine).inverse_temperatures(60)
    posterior = CodePosterior(sampler_of(machine), cases.SEED, 300, betas, 20)
    found = posterior.infer(machine.rows(x), np.arange(4, dtype=np.uint64), 300)
    for row, mean, deviation, states in zip(
        x, found.mean, found.deviation, found.states, strict=True
    ):
        grid = Grid(machine, row)
        expected = grid.expect(grid.points)
        spread = np.sqrt(grid.expect((grid.points - expected) ** 2))
        assert_allclose(mean, expected, atol=0.15 * spread.max())
        assert_allclose(deviation, spread, rtol=0.15, atol=0.02)
        assert_allclose(states.mean(axis=0), expected, atol=0.25 * spread.max())


@pytest.mark.parametrize("noise", [1e-8, 0.1, 1e8])
def test_paths_rise_from_zero_to_one(noise):
    machine = make_dictionary(3, 2, noise)
    betas = sampler_of(machine).inverse_temperatures(50)
    assert betas[0] == 0
    assert betas[-1] == 1
    assert (np.diff(betas) > 0).all()
    late = betas > 10 * noise
    if late.sum() > 2:  # equal ratios, where noise is less than what is explained
        ratios = betas[late][1:] / betas[late][:-1]
        assert_allclose(ratios, ratios[-1], rtol=0.1)


def test_chains_are_chosen_by_their_weights():
    machine = make_dictionary(2, 2, noise=0.05)
    x, _ = make_rows(machine, 3)
    coarse = np.array([0.0, 0.02, 1.0])  # after which chains are not where they should be
    posterior = CodePosterior(sampler_of(machine), cases.SEED, 8000, coarse, 1)
    found = posterior.infer(machine.rows(x), np.arange(3, dtype=np.uint64), 8000)
    for row, mean, deviation in zip(x, found.mean, found.deviation, strict=True):
        grid = Grid(machine, row)
        expected = grid.expect(grid.points)
        spread = np.sqrt(grid.expect((grid.points - expected) ** 2))
        assert_allclose(mean, expected, atol=0.1 * spread.max())
        assert_allclose(deviation, spread, rtol=0.1)
    assert (found.sizes < 7000).all()
