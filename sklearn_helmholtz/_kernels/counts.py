"""Weighted counts of ones, column by column."""

import numpy as np
from numba import float32, float64, uint8

from .kernel import kernel, reads, routine, writes


@routine
def count_ones(states, first, weights, out):
    """``sum_i w_i x_i`` of as many rows as there are weights, from the first on.

    states : (_, n_units) in {0, 1}; weights : float32; out : (n_units,) float64.
    """
    total = np.zeros(states.shape[1], np.float32)
    for i in range(weights.shape[0]):
        row, weight = states[first + i], weights[i]
        for k in range(states.shape[1]):
            total[k] += weight * np.float32(row[k])
    for k in range(states.shape[1]):
        out[k] = total[k]


@kernel(reads(uint8, "n k"), reads(float32, "n"), writes(float64, "k"))
def weighted_counts(states, weights, out):
    """``sum_i w_i x_i`` of states (n_rows, n_units) in {0, 1}, (n_units,)."""
    count_ones(states, states.shape[0] - states.shape[0], weights, out)
