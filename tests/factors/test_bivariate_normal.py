"""Bivariate normal probabilities beside quadrature and scipy's."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats
from scipy.special import ndtr

from sklearn_helmholtz.factors.bivariate_normal import (
    bivariate_normal_cdf,
    bivariate_normal_pdf,
    conditional_slopes,
)


def by_quadrature(h, k, r):
    """The integral of the density of x below h times P(Y <= k | x)."""
    spread = np.sqrt((1 - r) * (1 + r))

    def integrand(x):
        return np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr((k - r * x) / spread)

    turn, width = (k / r, 10 * spread / abs(r)) if r else (0, 0)
    inner = {x for x in (turn - width, turn, turn + width, 0.0) if -12 < x < h}
    edges = [-12.0, *sorted(inner), h]
    parts = [
        integrate.quad(integrand, a, b, epsabs=1e-15, epsrel=1e-13, limit=200)[0]
        for a, b in itertools.pairwise(edges)
    ]
    return sum(parts)


def points(n, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(n):
        h, k = rng.normal(size=2) * rng.choice([0.01, 1, 3])
        h, k = (0.0 if rng.random() < 0.15 else value for value in (h, k))
        yield h, k, float(np.tanh(rng.normal() * rng.choice([0, 0.3, 1, 3])))


def test_probabilities_are_right_to_rounding():
    for h, k, r in points(300):
        assert_allclose(bivariate_normal_cdf(h, k, r), by_quadrature(h, k, r), atol=2e-15)


def test_probabilities_are_scipys():
    h, k, r = np.array(list(points(30, seed=1))).T
    expected = [
        stats.multivariate_normal([0, 0], [[1, c], [c, 1]]).cdf([a, b])
        for a, b, c in zip(h, k, r, strict=True)
    ]
    assert_allclose(bivariate_normal_cdf(h, k, r), expected, atol=1e-5)


@pytest.mark.parametrize("r", [-0.9, 0.0, 0.4])
def test_infinite_limits_are_margins(r):
    inf = np.inf
    assert bivariate_normal_cdf(inf, inf, r) == 1
    assert bivariate_normal_cdf(-inf, inf, r) == bivariate_normal_cdf(1, -inf, r) == 0
    assert bivariate_normal_cdf(0.7, inf, r) == bivariate_normal_cdf(inf, 0.7, r) == ndtr(0.7)


def test_derivatives_are_those_of_the_probabilities():
    h, k, r = np.array(list(points(50, seed=2))).T
    r, step = r * 0.9, 1e-6
    by_r = bivariate_normal_cdf(h, k, r + step) - bivariate_normal_cdf(h, k, r - step)
    by_h = bivariate_normal_cdf(h + step, k, r) - bivariate_normal_cdf(h - step, k, r)
    assert_allclose(bivariate_normal_pdf(h, k, r), by_r / (2 * step), rtol=1e-5, atol=1e-8)
    assert_allclose(conditional_slopes(h, k, r), by_h / (2 * step), rtol=1e-5, atol=1e-8)
    density = [
        stats.multivariate_normal([0, 0], [[1, c], [c, 1]]).pdf([a, b])
        for a, b, c in zip(h, k, r, strict=True)
    ]
    assert_allclose(bivariate_normal_pdf(h, k, r), density, rtol=1e-9)
    infinite = np.array([-np.inf, np.inf])
    assert (bivariate_normal_pdf(infinite, 0.3, 0.5) == 0).all()
    assert (conditional_slopes(infinite, 0.3, 0.5) == 0).all()
