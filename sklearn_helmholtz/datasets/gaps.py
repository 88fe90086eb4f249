"""Gaps: values that are missing completely at random."""

import numpy as np


def with_gaps(X, share, rng):
    """A copy of rows in which a share of the values, float64, is missing (NaN)."""
    return np.where(rng.random_sample(X.shape) < share, np.nan, X)
