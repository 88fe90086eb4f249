"""Kernels of competing causes against slow twins, one number at a time."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz._kernels.competitive import competitive_parts, competitive_slopes


def naive_parts(parents, theta, always):
    """Sums and probabilities of each unit by the formula, in extended precision."""
    shape = len(parents), len(always)
    total, some, none = (np.empty(shape, np.longdouble) for _ in range(3))
    for r, j in np.ndindex(shape):
        total[r, j] = np.longdouble(always[j])
        log_none = -np.log1p(np.longdouble(always[j]))
        for k, q in enumerate(parents[r]):
            t, q = np.longdouble(theta[k, j]), np.longdouble(q)
            total[r, j] += q * t
            # Two forms of log(1 - q t / (1 + t)), each with all digits where the other has not.
            own = np.log1p(-q * t / (1 + t)), np.log1p(t * (1 - q)) - np.log1p(t)
            log_none += own[int(t > 1)]
        none[r, j], some[r, j] = np.exp(log_none), -np.expm1(log_none)
    return total, some, none


def made(n_rows, n_parents, n_units, size=1.0, seed=0):
    """Parents, some of them exactly 0 or 1, and strengths of widely different sizes."""
    rng = np.random.default_rng(seed)
    parents = np.clip(rng.uniform(-0.3, 1.3, (n_rows, n_parents)), 0, 1)
    theta = size * np.exp(rng.normal(0, 3, (n_parents, n_units)))
    return parents, theta, size * np.exp(rng.normal(0, 3, n_units))


SHAPES = [(1, 1, 1), (3, 2, 5), (7, 9, 17), (2, 33, 8)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [1e-20, 1.0, 1e8])
def test_parts_of_competing_causes_are_the_naive_ones(shape, size):
    parents, theta, always = made(*shape, size)
    found = [np.full((shape[0], shape[2]), np.nan) for _ in range(3)]
    competitive_parts(parents, theta, always, *found)
    for own, expected in zip(found, naive_parts(parents, theta, always), strict=True):
        assert_allclose(own, expected.astype(np.float64), rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_slopes_of_competing_causes_are_the_naive_ones(shape):
    parents, theta, _ = made(*shape)
    rng = np.random.default_rng(1)
    by_total, by_log_none = rng.normal(size=(2, shape[0], shape[2]))
    by_theta, by_parents = np.full(theta.T.shape, np.nan), np.full(parents.shape, np.nan)
    competitive_slopes(
        parents, np.ascontiguousarray(theta.T), by_total, by_log_none, by_theta, by_parents
    )
    expected_theta, expected_parents = np.zeros(theta.T.shape), np.zeros(parents.shape)
    for r, k, j in np.ndindex(shape):
        q, t = parents[r, k], theta[k, j]
        # -log(1 - q t / (1 + t)) has these slopes:
        by_t = q / ((1 + t) * (1 + t * (1 - q)))
        by_q = t / (1 + t * (1 - q))
        expected_theta[j, k] += by_total[r, j] * q + by_log_none[r, j] * by_t
        expected_parents[r, k] += by_total[r, j] * t + by_log_none[r, j] * by_q
        h = 1e-6 * t
        ends = [-math.log1p(-q * x / (1 + x)) for x in (t + h, t - h)]
        if 0 < q < 1:
            assert_allclose((ends[0] - ends[1]) / (2 * h), by_t, rtol=1e-4, atol=1e-9)
    assert_allclose(by_theta, expected_theta, rtol=1e-10)
    assert_allclose(by_parents, expected_parents, rtol=1e-10)
