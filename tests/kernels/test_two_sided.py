"""Draws of two halves of normal distributions, against their distribution function in the tails."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, special, stats

from sklearn_helmholtz._kernels import two_sided

PLACES = np.concatenate([10.0 ** -np.arange(1, 14), np.linspace(0.02, 0.98, 49), [1 - 1e-9]])


def test_mills_ratios_keep_their_digits_from_one_tail_to_the_other():
    u = np.array([-36, -10, -1, 0, 0.3, 3, 15.99, 16, 17, 40, 1e3, 1e9])
    found = [two_sided.mills_ratio(value) for value in u]
    expected = math.sqrt(math.pi / 2) * special.erfcx(u / math.sqrt(2))
    assert_allclose(found, expected, rtol=3e-14)


def test_quantiles_are_those_of_scipy():
    p = np.concatenate([10.0 ** -np.arange(1, 300, 7), np.linspace(0.03, 0.96, 40), [1 - 1e-12]])
    found = [two_sided.upper_quantile(value) for value in p]
    assert_allclose(found, -special.ndtri(p), rtol=1e-13)


@pytest.mark.parametrize("u", [-20.0, -3.0, 0.0, 2.9, 3.1, 10.0, 40.0, 1e4])
def test_numbers_beyond_a_threshold_exceed_it_by_their_share(u):
    ratio = two_sided.mills_ratio(u)
    excess = np.array([two_sided.tail_excess(u, ratio, share) for share in PLACES])
    root = math.sqrt(0.5)
    log_tail = np.log(special.erfcx(root * (u + excess))) - np.log(special.erfcx(root * u))
    log_tail -= excess * (u + excess / 2)
    rtol = 1e-12 if u >= 0 else 1e-8  # shares near 1 are of a tail that has all the mass
    assert_allclose(log_tail, np.log(PLACES), rtol=rtol, atol=1e-13)


def distribution(a, c, s, h):
    """Shares of the distribution below each h, by tails of the normal on either side."""
    root = math.sqrt(a)
    below, above = (s + c) / root, (s - c) / root

    def log_mass(u, start):
        return special.log_ndtr(-u) + start * start / 2

    total = np.logaddexp(log_mass(below, below), log_mass(above, above))
    left = np.exp(log_mass(below - np.minimum(h, 0) * root, below) - total)
    right = np.exp(log_mass(above + np.maximum(h, 0) * root, above) - total)
    return np.where(h < 0, left, 1 - right)


@pytest.mark.parametrize(
    ("a", "c"), [(1, 0), (100, 50), (25, -3), (1e-2, 0.3), (1e6, -100), (4, -30), (30, 200)]
)
def test_draws_are_at_their_place_in_the_distribution(a, c):
    s = 1 / math.sqrt(0.5)
    draws = np.array([two_sided.two_sided_draw(float(a), float(c), s, u) for u in PLACES])
    assert_allclose(distribution(a, c, s, draws), PLACES, rtol=1e-9, atol=1e-12)


def test_the_density_is_the_one_that_is_stated():
    a, c, s = 3.0, 1.7, 1.3

    def density(h):
        return math.exp(-a * h * h / 2 + c * h - s * abs(h))

    total = sum(integrate.quad(density, *ends)[0] for ends in ((-20, 0), (0, 20)))
    for place in (0.03, 0.2, 0.6, 0.99):
        h = two_sided.two_sided_draw(a, c, s, place)
        below = integrate.quad(density, -20, min(h, 0))[0]
        below += integrate.quad(density, 0, max(h, 0))[0]
        assert_allclose(below / total, place, rtol=1e-9)


def test_without_data_draws_are_those_of_laplace():
    for a in (0.0, 1e-14):
        draws = [two_sided.two_sided_draw(a, 0.0, 2.0, place) for place in PLACES]
        assert_allclose(draws, stats.laplace(scale=0.5).ppf(PLACES), rtol=1e-6)


def test_sides_without_probability_are_never_drawn():
    draws = np.array([two_sided.two_sided_draw(1e4, 4e3, 1.4, place) for place in PLACES])
    assert (draws > 0).all()
    assert_allclose(draws, (4e3 - 1.4) / 1e4 + stats.norm.ppf(PLACES) / 100, rtol=1e-9)
