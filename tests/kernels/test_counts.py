"""Weighted counts of ones."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz._kernels.counts import weighted_counts


@pytest.mark.parametrize(("n_rows", "n_units"), [(1, 1), (3, 70), (200, 33)])
def test_counts_weigh_ones_by_their_rows(n_rows, n_units):
    rng = np.random.default_rng(0)
    states = rng.integers(0, 2, (n_rows, n_units)).astype(np.uint8)
    weights, out = rng.normal(size=n_rows).astype(np.float32), np.full(n_units, np.nan)
    weighted_counts(states, weights, out)
    assert_allclose(out, weights.astype(np.float64) @ states, rtol=1e-5, atol=1e-5)
