"""Kernels of independent normal units against slow twins and differences in float64."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz._kernels import diagonal_normal as kernels

N_ROWS, LOG_SPREAD = 6, np.float32(0.25)
each_size = pytest.mark.parametrize("m", [1, 5, 16, 50])
shared = pytest.mark.parametrize("n_eta", [1, 2, 6])


def rows(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def moments(eta, m):
    """Means and scales of all rows, float64."""
    mean, logs = np.float64(eta)[:, :m], np.clip(np.float64(eta)[:, m : 2 * m], -6, 3)
    each = N_ROWS // len(eta)
    return np.repeat(mean, each, axis=0), np.exp(np.repeat(logs, each, axis=0) + LOG_SPREAD)


def slopes_by(eta, function, step=1e-5):
    """Central differences of a function of eta by each of its entries."""
    found = np.empty(eta.shape)
    for index in np.ndindex(eta.shape):
        ends = []
        for sign in (1, -1):
            moved = np.float64(eta)
            moved[index] += sign * step
            ends.append(function(moved))
        found[index] = (ends[0] - ends[1]) / (2 * step)
    return found


@each_size
@shared
def test_normal_values_and_noise_are_their_slow_twins(m, n_eta):
    eta, noise = rows(0, n_eta, 2 * m), rows(1, N_ROWS, m)
    mean, scale = moments(eta, m)
    values, whitened = np.full((2, N_ROWS, m), np.nan, np.float32)
    kernels.normal_transport(eta, LOG_SPREAD, noise, values)
    assert_allclose(values, mean + scale * noise, rtol=1e-5, atol=1e-6)
    kernels.normal_whiten(eta, LOG_SPREAD, noise, whitened)
    assert_allclose(whitened, noise / scale, rtol=1e-6)


@each_size
@shared
@pytest.mark.parametrize("n_more", [0, 3])
def test_normal_densities_of_noise_are_their_slow_twins(m, n_eta, n_more):
    eta, noise = rows(0, n_eta, 2 * m + n_more), rows(1, N_ROWS, m)
    _, scale = moments(eta, m)
    found = np.full(N_ROWS, 0.5)
    kernels.normal_log_prob_of_noise(eta, LOG_SPREAD, noise, found)
    expected = [
        0.5 - sum(0.5 * e * e + math.log(s) + 0.5 * math.log(2 * math.pi)
                  for e, s in zip(map(float, row), scales, strict=True))
        for row, scales in zip(noise, scale, strict=True)
    ]  # fmt: skip
    assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("m", [1, 5, 17])
@shared
def test_normal_pulls_are_slopes_through_values(m, n_eta):
    eta, noise, steep = rows(0, n_eta, 2 * m), rows(1, N_ROWS, m), rows(2, N_ROWS, m)

    def total(moved):
        mean, scale = moments(moved, m)
        return (steep * (mean + scale * noise)).sum()

    found = np.full(eta.shape, np.nan, np.float32)
    kernels.normal_pull(eta, LOG_SPREAD, noise, steep, found)
    assert_allclose(found, slopes_by(eta, total), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("m", [1, 5, 17])
def test_normal_divergences_have_their_value_and_slopes(m):
    eta = rows(0, N_ROWS, 2 * m)

    def divergences(moved):
        mean, scale = moments(moved, m)
        return 0.5 * (mean**2 + scale**2 - 1 - 2 * np.log(scale)).sum(axis=1)

    found, slopes = np.full(N_ROWS, np.nan), np.full(eta.shape, np.nan, np.float32)
    kernels.normal_divergence(eta, LOG_SPREAD, found, slopes)
    assert_allclose(found, divergences(eta), rtol=1e-5)
    expected = slopes_by(eta, lambda moved: divergences(moved).sum())
    assert_allclose(slopes, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("logs", "outward"), [(-6, -1), (-20, -1), (3, 1), (60, 1)])
def test_normal_scales_have_limits_and_slopes_lead_inward(logs, outward):
    eta = np.array([[0.5, logs]], np.float32)
    scale = math.exp(min(max(logs, -6), 3))
    value, one = np.empty((1, 1), np.float32), np.ones((1, 1), np.float32)
    kernels.normal_transport(eta, np.float32(0), one, value)
    assert value[0, 0] == pytest.approx(0.5 + scale, rel=1e-6)
    pulled, slopes, divergence = np.empty_like(eta), np.empty_like(eta), np.empty(1)
    for slope in (1, -1):
        kernels.normal_pull(eta, np.float32(0), one, slope * one, pulled)
        expected = 0 if slope == outward else slope * scale
        assert_allclose(pulled, [[slope, expected]], rtol=1e-6)
    kernels.normal_divergence(eta, np.float32(0), divergence, slopes)
    assert_allclose(slopes, [[0.5, scale**2 - 1]], rtol=1e-5)
    # A divergence that falls outward, as that of a much narrower or wider proposal does.
    shift = np.float32(-4 if outward > 0 else 8)
    kernels.normal_divergence(eta, shift, divergence, slopes)
    assert_array_equal(slopes, np.array([[0.5, 0]], np.float32))


def test_normal_units_that_are_not_finite_say_so():
    eta = np.array([[0, 0, np.nan, 0], [np.nan, 0, 0, 0]], np.float32)
    noise = np.ones((2, 2), np.float32)
    values, divergence, log_prob = np.empty_like(noise), np.empty(2), np.zeros(2)
    kernels.normal_transport(eta, LOG_SPREAD, noise, values)
    assert_array_equal(np.isnan(values), [[True, False], [True, False]])
    kernels.normal_divergence(eta, LOG_SPREAD, divergence, np.empty_like(eta))
    assert np.isnan(divergence).all()
    kernels.normal_log_prob_of_noise(eta, LOG_SPREAD, noise, log_prob)
    assert_array_equal(np.isnan(log_prob), [True, False])
