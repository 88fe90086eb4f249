"""Means, medians and modes of columns from masses and from draws, against brute force."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.special import expit, log_softmax, logit

from sklearn_helmholtz.columns import Binary, Categorical, Normal
from tests.columns.builders import ORDERED, counts, random_eta, reals

NUMBERS = {name: column for name, column in ORDERED.items() if not column.is_discrete}
LEVELS = {name: column for name, column in ORDERED.items() if column.is_discrete}
numbers = pytest.mark.parametrize("column", NUMBERS.values(), ids=NUMBERS)


def quantiles(column, p):
    """Where the marginal has probabilities, by a search: an inverse of `Marginal.probabilities`."""
    m = column.marginal
    low = np.full(len(p), m.knots[0] - 60 * m.lower)
    high = np.full(len(p), m.knots[-1] + 60 * m.upper)
    for _ in range(100):
        middle = low / 2 + high / 2
        below = m.probabilities(middle)[0] < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def many(column, eta, n=1000):
    """Values of equal probability under inputs eta."""
    u = (np.arange(n) + 0.5) / n
    return quantiles(column, expit(eta[0] + np.exp(eta[1]) * logit(u)))


def widest_bin(column, x):
    """Width of the bins of values, that of a tail counting its scale."""
    m = column.marginal
    widths = np.concatenate([[3 * m.lower], np.diff(m.knots), [3 * m.upper]])
    return widths[np.searchsorted(m.knots, x)]


@numbers
def test_means_without_parents_are_those_of_the_marginal(column):
    values = many(column, (0, 0))
    scale = np.abs(values - np.median(values)).mean() or column.marginal.resolution
    found = column.mean(column.masses(np.zeros((1, 2))))
    assert found == pytest.approx(values.mean(), abs=0.05 * scale)


@numbers
def test_means_and_medians_are_in_the_bins_of_equally_probable_values(column):
    for location, log_scale in random_eta(6, seed=1) * [0.5, 0.3]:
        masses = column.masses(np.array([[location, log_scale]]))
        values = many(column, (location, log_scale))
        error = widest_bin(column, values).mean() + column.marginal.resolution
        assert column.mean(masses)[0] == pytest.approx(values.mean(), abs=error)
        middle = quantiles(column, np.array([expit(location)]))
        error = widest_bin(column, middle)[0] + column.marginal.resolution
        assert column.median(masses)[0] == pytest.approx(middle[0], abs=error)


@numbers
def test_answers_are_values_of_the_column(column):
    masses = column.masses(random_eta(9, seed=2))
    for answer in (column.median(masses), column.mode(masses)):
        steps = (answer - column.marginal.origin) / column.marginal.resolution
        assert_allclose(steps, np.round(steps), atol=1e-4)
        assert (answer >= column.lowest).all()


@pytest.mark.parametrize("values", [[0.5] * 9 + [1.5] * 4 + [4.0] * 7, [2.0, 2.5, 3.0] * 20])
def test_modes_of_atoms_are_the_most_probable_of_them(values):
    column = reals(values)
    distinct = np.unique(values)
    for eta in random_eta(50, seed=3) * [0.3, 0.3]:
        log_prob = column.log_prob(distinct, eta)
        best, second = np.sort(log_prob)[[-1, -2]]
        if best > second + 1e-6:
            assert column.mode(column.masses(eta[None]))[0] == distinct[log_prob.argmax()]


def test_modes_of_counts_are_the_most_probable():
    column = counts([0] * 30 + [1] * 50 + [2] * 20 + [3] * 5)
    for eta in random_eta(50, seed=4) * [0.4, 0.2]:
        log_prob = column.log_prob(np.arange(4.0), eta)
        best, second = np.sort(log_prob)[[-1, -2]]
        if best > second + 1e-6:
            assert column.mode(column.masses(eta[None]))[0] == log_prob.argmax()


@pytest.mark.parametrize("column", LEVELS.values(), ids=LEVELS)
def test_levels_have_the_most_probable_one_for_every_answer(column):
    eta = random_eta(30, seed=5)
    grid = np.arange(float(column.levels))
    best = column.log_prob(grid, eta[:, None]).argmax(axis=1)
    masses = column.masses(eta)
    for answer in (column.mean, column.median, column.mode):
        assert_array_equal(answer(masses), best)


def test_mixtures_of_masses_are_those_of_mixtures():
    column, eta = ORDERED["skew"], random_eta(2, seed=6) * [0.3, 0.3]
    masses = 0.3 * column.masses(eta[:1]) + 0.7 * column.masses(eta[1:])
    values = [many(column, one) for one in eta]
    mean = 0.3 * values[0].mean() + 0.7 * values[1].mean()
    assert column.mean(masses)[0] == pytest.approx(mean, rel=0.1)
    below = [(v <= column.median(masses)[0]).mean() for v in values]
    assert 0.3 * below[0] + 0.7 * below[1] == pytest.approx(0.5, abs=0.05)


# From draws


def weighted(n_rows=5, n_draws=40, seed=7):
    rng = np.random.default_rng(seed)
    weights = rng.exponential(size=(n_rows, n_draws))
    return weights / weights.sum(axis=1, keepdims=True), rng


def test_answers_from_draws_of_numbers():
    weights, rng = weighted()
    column = counts(rng.poisson(3, 100))
    draws = rng.poisson(3, weights.shape).astype(float)
    assert_allclose(
        column.mean_of_draws(weights, draws), np.average(draws, axis=1, weights=weights)
    )
    for found, w, x in zip(column.median_of_draws(weights, draws), weights, draws, strict=True):
        assert w[x < found].sum() < 0.5 <= w[x <= found].sum()
    knots = column.marginal.knots
    if (np.diff(knots)[:3] == 1).all():
        for found, w, x in zip(column.mode_of_draws(weights, draws), weights, draws, strict=True):
            shares = np.array([w[x == k].sum() for k in range(int(knots[-1] - 0.5))])
            assert found == shares.argmax()


@pytest.mark.parametrize(
    "column",
    [Binary(0.3, 50.0), Categorical(np.full(5, 0.2), 50.0), LEVELS["ordinal"]],
    ids=["binary", "categorical", "ordinal"],
)
def test_answers_from_draws_of_levels_are_the_most_probable(column):
    weights, rng = weighted()
    n = len(column.masses(np.zeros((1, column.n_inputs)))[0])
    draws = rng.integers(0, n, weights.shape).astype(float)
    shares = np.stack([np.where(draws == k, weights, 0).sum(axis=1) for k in range(n)], axis=1)
    for strategy in ("mean", "median", "mode"):
        found = getattr(column, f"{strategy}_of_draws")(weights, draws)
        assert_array_equal(found, shares.argmax(axis=1))


# The other families


def test_binary_columns_are_bernoulli():
    values, weights = np.array([0.0, 1, 1, 0, 1]), np.array([1.0, 2, 3, 1, 1])
    column = Binary.fit(values, weights)
    assert (column.share, column.n) == (6 / 8, 8)
    assert column.intercept[0] == pytest.approx(logit(7 / 10))
    eta = np.linspace(-30, 30, 7)[:, None]
    expected = stats.bernoulli(expit(eta[:, 0])).logpmf(1)
    assert_allclose(column.log_prob(np.ones(7), eta), expected, rtol=1e-9, atol=1e-15)
    assert_allclose(column.masses(eta), np.column_stack([expit(-eta), expit(eta)]))
    assert_array_equal(column.code(values)[0][:, 0], values)


def test_categorical_columns_are_softmax():
    values, weights = np.array([0.0, 2, 2, 0, 3]), np.array([1.0, 2, 3, 1, 1])
    column = Categorical.fit(values, weights, 5)
    assert_allclose(column.shares, [2 / 8, 0, 5 / 8, 1 / 8, 0])
    assert_allclose(np.exp(column.intercept), (np.array([2, 0, 5, 1, 0]) + 0.5) / 10.5)
    eta = 5 * np.random.default_rng(0).normal(size=(6, 5))
    levels = np.array([0, 1, 2, 3, 4, 0])
    assert_allclose(column.log_prob(levels, eta), log_softmax(eta, axis=1)[np.arange(6), levels])
    assert_allclose(column.masses(eta), np.exp(log_softmax(eta, axis=1)))
    assert_array_equal(column.code(values)[0], np.eye(5)[values.astype(int)])


def test_normal_columns_are_normal_in_the_users_units():
    values, weights = np.random.default_rng(0).normal(7, 3, 40), np.ones(40)
    column = Normal.fit(values, weights)
    assert column.centre == pytest.approx(values.mean())
    assert column.scale == pytest.approx(values.std())
    eta = np.linspace(-2, 2, 40)[:, None]
    mean, deviation = column.centre + column.scale * eta[:, 0], column.scale * np.sqrt(0.7)
    found = column.log_prob(values, eta, 0.7) - column.log_volume
    assert_allclose(found, stats.norm(mean, deviation).logpdf(values), rtol=1e-9)
    assert_allclose(column.mode(column.masses(eta)), mean)
    assert Normal.fit(np.full(3, 2.0), np.ones(3)).scale == 1
