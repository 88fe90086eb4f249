"""Ordered columns: probabilities of cells by formulas of other hands, and their code."""

import dataclasses
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, stats
from scipy.special import expit, logit

from sklearn_helmholtz.columns import Ordered
from sklearn_helmholtz.columns.marginal import Marginal, _share_of_fold
from sklearn_helmholtz.columns.ordered import cell_log_prob
from tests.columns.builders import ORDERED, all_cells, counts, levels, random_eta, reals

columns = pytest.mark.parametrize("column", ORDERED.values(), ids=ORDERED)
ETA = [(0.0, 0.0), (1.5, -1.0), (-2.0, 1.0)]


@columns
@pytest.mark.parametrize("eta", ETA, ids=str)
def test_all_cells_and_both_tails_sum_to_one(column, eta):
    values = all_cells(column)
    scale = np.exp(eta[1])
    low, high, _ = column.marginal.cells(values[[0, -1]])
    tails = expit((low[0] - eta[0]) / scale), expit((eta[0] - high[1]) / scale)
    cells = np.exp(column.log_prob(values, np.array(eta)))
    assert math.fsum([*cells, *tails]) == pytest.approx(1, abs=1e-12 + rounding(column))


def rounding(column):
    """How far the places of edges are off, in cells: what float64 does not hold of them."""
    m = column.marginal
    return 4 * np.finfo(float).eps * abs(m.knots).max() / m.resolution


@columns
def test_masses_are_probabilities_of_unions_of_cells(column):
    eta = random_eta(20)
    masses = column.masses(eta)
    assert_allclose(masses.sum(axis=1), 1, atol=1e-12)
    assert (masses >= 0).all()
    knots, values = column.marginal.knots, all_cells(column)
    if column.is_discrete:
        assert_allclose(masses, np.exp(column.log_prob(values, eta[:, None])), atol=1e-12)
        return
    half = column.marginal.resolution / 2
    bins = np.searchsorted(knots, values, side="right")
    first, last = np.searchsorted(knots, [values - half, values + half], side="right")
    whole = np.isin(bins, bins[first != last], invert=True)  # no cell reaches out of these
    sums = np.zeros((20, len(knots) + 1))
    np.add.at(sums.T, bins[whole], np.exp(column.log_prob(values, eta[:, None]))[:, whole].T)
    inner = np.unique(bins[whole])
    inner = inner[(inner > 0) & (inner < len(knots))]
    edges = (knots - column.marginal.origin) / (2 * half) + 0.5
    inner = inner[abs(edges - np.round(edges))[np.stack([inner - 1, inner])].max(axis=0) < 1e-9]
    assert_allclose(sums[:, inner], masses[:, inner], rtol=1e-6, atol=1e-12)


@columns
def test_without_parents_it_is_the_marginal(column):
    values = all_cells(column, 1.0)[::7]
    own = column.marginal.log_prob(values)
    assert_allclose(
        column.log_prob(values, np.zeros(2)), own, rtol=1e-8, atol=1e-10 + rounding(column)
    )


@columns
def test_cells_are_integrals_of_the_logistic_density(column):
    rng = np.random.default_rng(1)
    values = rng.choice(all_cells(column, 1.0), 2)
    low, high, _ = column.marginal.cells(values)
    for location, log_scale in random_eta(3, seed=2):
        logistic = stats.logistic(location, np.exp(log_scale))
        found = column.log_prob(values, np.array([location, log_scale]))
        for number in range(len(values)):
            start, end = max(low[number], -60), min(high[number], 60)
            area, _ = integrate.quad(logistic.pdf, start, end, epsabs=0, epsrel=1e-10, limit=200)
            assert found[number] == pytest.approx(np.log(area), rel=1e-6, abs=1e-7)


def test_levels_with_scale_one_are_proportional_odds():
    """Written from the counts: P(x <= k) = expit(theta_k - mu), McCullagh (1980)."""
    values = np.repeat([0.0, 1.0, 2.0, 4.0], [7, 20, 3, 10])
    column = Ordered.fit_levels(values, np.ones(40), 5)
    smoothed = np.array([7, 20, 3, 0, 10]) + 0.5
    cuts = logit(np.cumsum(smoothed)[:-1] / smoothed.sum())
    for location in (-3.0, -0.4, 0.0, 2.5):
        below = np.concatenate([[0.0], expit(cuts - location), [1.0]])
        found = column.log_prob(np.arange(5.0), np.array([location, 0.0]))
        assert_allclose(np.exp(found), np.diff(below), rtol=1e-9)


def test_with_a_logistic_marginal_it_is_the_logistic_distribution():
    edges = np.linspace(-12, 12, 2401)
    ends = expit(-12.0)
    values = (edges[1:] + edges[:-1]) / 2
    logistic = Marginal(edges, expit(edges), expit(-edges), 1.0, 1.0, 0.01, values[0])
    column = dataclasses.replace(reals([1.0, 2.0]), marginal=logistic)
    for location, log_scale in ((0.0, 0.0), (1.0, -1.0), (-2.0, 0.7)):
        other = stats.logistic(location, np.exp(log_scale))
        found = column.log_prob(values, np.array([location, log_scale]))
        assert_allclose(found - np.log(0.01), other.logpdf(values), atol=2e-4)
        near = abs(values - location) < 6 * np.exp(log_scale)
        exact = np.log(other.cdf(edges[1:]) - other.cdf(edges[:-1]))
        assert_allclose(found[near], exact[near], rtol=1e-9, atol=1e-9)
    assert ends > 0


@columns
def test_probabilities_of_neighbouring_cells_add(column):
    twice = dataclasses.replace(column.marginal, resolution=2 * column.marginal.resolution)
    values = all_cells(column, 1.0)
    step = max(len(values) // 500, 1)
    left, right = values[:-1][::step], values[1:][::step]
    low, _, width = twice.cells((left + right) / 2)
    for eta in random_eta(5, seed=3):
        both = np.logaddexp(column.log_prob(left, eta), column.log_prob(right, eta))
        assert_allclose(cell_log_prob(low, width, eta), both, rtol=1e-6, atol=1e-9)


@columns
def test_values_far_away_are_improbable_and_finite(column):
    far = np.array([20.0, 1e3, 1e8, 1e20]) * max(column.marginal.upper, column.marginal.resolution)
    if column.is_discrete:
        return
    for values in (column.marginal.knots[-1] + far, column.marginal.knots[0] - far):
        for eta in (np.zeros(2), np.array([3.0, -5.0]), np.array([-3.0, 3.0])):
            with np.errstate(all="raise", under="ignore", over="ignore"):
                if values[0] < 0 and column.lowest == 0:
                    continue
                log_prob = column.log_prob(values, eta)
            assert np.isfinite(log_prob).all()
            assert (np.diff(log_prob) < 0).all()


def test_cells_far_out_in_a_tail_are_as_wide_as_near_by():
    column = reals(np.random.default_rng(0).normal(size=200))
    m = column.marginal
    for end, sign in ((m.knots[-1], 1), (m.knots[0], -1)):
        scale = m.upper if sign > 0 else m.lower
        _, _, width = m.cells(end + sign * scale * np.array([40.0, 1e6, 1e15]))
        assert_allclose(width, m.resolution / scale, rtol=1e-9)


SCALES = [(2.54, 0.0), (0.5, 3.0), (1000.0, -7.0), (1e-6, 0.0), (3.0, 1e4)]
MOVED = {name: ORDERED[name] for name in ("tenths", "continuous", "spikes", "skew")}


@pytest.mark.parametrize(("a", "b"), SCALES)
@pytest.mark.parametrize("kind", ["tenths", "continuous", "spikes", "skew"])
def test_densities_go_with_the_units_of_measurement(kind, a, b):
    rng = np.random.default_rng(3)
    values = {
        "tenths": np.round(rng.normal(20, 5, 250), 1),
        "continuous": rng.normal(size=300),
        "spikes": np.concatenate([np.zeros(200), rng.exponential(size=200), np.full(60, 1.5)]),
        "skew": np.round(rng.lognormal(3, 1.5, 400)),
    }[kind]
    column, moved = reals(values), reals(a * values + b)
    new = np.concatenate([values[::5], [values.max() * 3, values.min() - 10]])
    for eta in (np.zeros(2), np.array([0.7, -0.5])):
        density = column.log_prob(new, eta) - column.log_volume
        other = moved.log_prob(a * new + b, eta) - moved.log_volume
        assert_allclose(other + np.log(a), density, rtol=1e-7, atol=1e-7)
    assert moved.resolution == pytest.approx(a * column.resolution, rel=1e-9)
    assert_array_equal(moved.code(a * values + b)[0], column.code(values)[0])
    assert_allclose(moved.code(a * values + b)[1], column.code(values)[1], atol=1e-7)


@pytest.mark.parametrize("fit", ["counts", "reals", "spread out", "levels"])
def test_whole_weights_are_as_many_rows(fit):
    rng = np.random.default_rng(4)
    weights = rng.integers(1, 5, 150).astype(np.float64)
    values = {"counts": rng.poisson(4, 150), "levels": rng.integers(0, 4, 150),
              "reals": np.round(rng.gamma(2, 3, 150), 1),
              "spread out": rng.gamma(2, 3, 150)}[fit].astype(np.float64)  # fmt: skip
    make = {
        "counts": Ordered.fit_counts, "levels": lambda v, w: Ordered.fit_levels(v, w, 4)
    }.get(fit, Ordered.fit_reals)  # fmt: skip
    repeated = np.repeat(values, weights.astype(int))
    one, other = make(values, weights), make(repeated, np.ones(len(repeated)))
    for name in ("knots", "below", "above", "lower", "upper", "resolution", "origin"):
        assert_allclose(getattr(one.marginal, name), getattr(other.marginal, name), rtol=1e-12)
    assert_allclose(one.thresholds, other.thresholds, rtol=1e-12)
    assert_allclose(one.shares, other.shares, rtol=1e-12)
    assert one.centre == pytest.approx(other.centre, abs=1e-12)
    assert not np.array_equal(one.marginal.below, make(values, np.ones(150)).marginal.below)


def test_folds_have_every_fifth_row_and_share_whole_weights():
    ends = np.arange(24.0)
    for fold in range(5):
        found = np.diff(_share_of_fold(ends, fold))
        assert_array_equal(found, np.arange(23) % 5 == fold)
    shares = [np.diff(_share_of_fold(np.array([0, 2.5, 9, 30.25]), fold)) for fold in range(5)]
    assert_allclose(np.sum(shares, axis=0), [2.5, 6.5, 21.25])
    assert_allclose(shares[2], [0.5, 1.5, 4])


@columns
def test_knots_rise_and_all_bins_have_mass(column):
    m = column.marginal
    assert (np.diff(m.knots) > 0).all()
    assert (np.diff(m.below) > 0).all()
    assert (np.diff(m.above) < 0).all()
    assert_allclose(m.below + m.above, 1, rtol=1e-12)


# The code


@columns
def test_bits_tell_whether_values_are_above_the_limits(column):
    values = all_cells(column, 1.0)
    values = values[:: max(len(values) // 2000, 1)]
    bits, places = column.code(values)
    half = column.marginal.resolution / 2
    above = values[:, None] > column.limits + half / 2
    differ = bits != above
    between = (values[:, None] > column.limits) & differ  # values that training did not have
    assert not (differ & ~between).any()
    assert (np.diff(bits.astype(int), axis=0) >= 0).all()
    assert (np.diff(places[:, 0]) >= 0).all()
    assert column.n_bits == len(column.limits) == len(column.shares) <= 9


def test_bits_of_training_values_part_them_at_the_limits():
    rng = np.random.default_rng(5)
    for values in (rng.normal(size=90), np.round(rng.normal(size=500), 1), rng.poisson(2, 80)):
        column = counts(values) if values.dtype.kind == "i" else reals(values)
        bits, places = column.code(values.astype(float))
        assert_array_equal(bits, values[:, None] > column.limits + column.marginal.resolution / 2)
        assert_allclose(bits.mean(axis=0), column.shares, rtol=1e-12)
        assert places.mean() == pytest.approx(0, abs=1e-4 if column.resolution == 0 else 1e-9)
        assert column.shares.min() > 0
        assert column.shares.max() < 1


def test_few_levels_have_a_bit_each_and_many_have_five():
    assert levels([0.25] * 4).limits.tolist() == [0, 1, 2]
    assert counts(np.arange(10)).n_bits == 9
    many = counts(np.arange(600) % 60)
    assert many.limits.tolist() == [9, 19, 29, 39, 49]
    assert counts([4, 4, 4]).n_bits == 0


@pytest.mark.parametrize("noise", [0.1 * 3, 0.3])
def test_rounding_makes_no_values_of_their_own(noise):
    values = np.array([0.1] * 20 + [0.2] * 20 + [0.3] * 20 + [noise] * 20 + [0.5] * 20)
    column = reals(values)
    assert column.resolution == 0.1
    assert column.n_bits == 3
    assert_array_equal(column.code(np.array([0.1 * 3, 0.3]))[0], [[1, 1, 0]] * 2)
    assert_allclose(*column.log_prob(np.array([0.1 * 3, 0.3]), np.zeros(2)), rtol=1e-12)


def test_means_of_a_row_have_the_same_bits_in_any_company():
    values = np.random.default_rng(0).normal(size=400)
    column = Ordered.fit_counts(values, np.ones(400))
    masses = column.masses(np.random.default_rng(1).normal(size=(400, 2)))
    means = column.mean(masses)
    for n in (1, 3, 138):
        parts = [column.mean(masses[a : a + n]) for a in range(0, 400, n)]
        np.testing.assert_array_equal(np.concatenate(parts), means)
