"""Tails known by draws, against distributions in closed form."""

import numpy as np
import pytest
import scipy.stats

from sklearn_helmholtz.applications.tail import Tail

DISTRIBUTIONS = {
    "normal, one column": scipy.stats.chi2(1, scale=0.5),  # of -log p, but for a constant
    "normal, thirty columns": scipy.stats.chi2(30, scale=0.5),
    "exponential": scipy.stats.expon(),
    "a power": scipy.stats.expon(scale=1.5),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_tails_are_those_of_the_distribution(name):
    distribution = DISTRIBUTIONS[name]
    tail = Tail.of(distribution.rvs(5000, random_state=0))
    body = distribution.ppf(np.linspace(0.01, 0.99, 50))
    far = distribution.isf([1e-3, 1e-4])
    found, expected = tail.log_probability(body), distribution.logsf(body)
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.12)
    np.testing.assert_allclose(tail.log_probability(far), distribution.logsf(far), rtol=0.15)


def test_tails_fall_strictly_beyond_all_draws():
    draws = np.random.default_rng(0).exponential(size=200)
    t = np.concatenate([np.linspace(-5, 50, 1000), [1e3, 1e6]])
    logs = Tail.of(draws).log_probability(t)
    assert (np.diff(logs) < 0).all()
    assert logs[0] < 0


def test_half_of_what_ties_counts():
    tail = Tail.of(np.repeat([1.0, 2.0, 4.0], [50, 30, 20]))
    np.testing.assert_allclose(
        tail.log_probability(np.array([1.0, 2.0, 4.0])), np.log([0.75, 0.35, 0.1]), atol=1e-6
    )


@pytest.mark.parametrize("noise", [0, 1e-13])
def test_draws_that_are_all_the_same(noise):
    draws = 3 + noise * np.random.default_rng(0).normal(size=100)
    logs = Tail.of(draws).log_probability(np.array([3.0, 4.0]))
    np.testing.assert_allclose(logs, np.log(0.5) - [0, 1], atol=1e-5)


def test_tails_move_smoothly_with_draws():
    rng = np.random.default_rng(0)
    draws, t = rng.gamma(3, size=300), np.linspace(0, 20, 100)
    moved = Tail.of(draws + 1e-9 * rng.normal(size=300)).log_probability(t)
    np.testing.assert_allclose(moved, Tail.of(draws).log_probability(t), atol=1e-5)
