"""Weighted counts of ones, column by column."""

import numpy as np
from numba import float32, float64, uint8

from .kernel import kernel, reads, writes


@kernel(reads(uint8, "n k"), reads(float32, "n"), writes(float64, "k"))
def weighted_counts(states, weights, out):
    """``sum_i w_i x_i`` of states (n_rows, n_units) in {0, 1}, (n_units,)."""
    total = np.zeros(states.shape[1], np.float32)
    for i in range(states.shape[0]):
        row, weight = states[i], weights[i]
        for k in range(states.shape[1]):
            total[k] += weight * np.float32(row[k])
    for k in range(states.shape[1]):
        out[k] = total[k]
