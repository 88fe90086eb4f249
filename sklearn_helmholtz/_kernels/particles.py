"""Particles of a row: their self-normalised importance weights, without overflow."""

import math

from numba import float32, float64

from .kernel import kernel, reads, routine, writes


def _self_normalise(log_weights, weights, bound):
    """Weights that sum to 1 in each row, and ``log(1/K sum_k exp(log_weight_k))``.

    log_weights, weights : (n_rows, n_particles); bound : (n_rows,), nats. A row that holds NaN has
    NaN for its bound.
    """
    n_rows, n_particles = log_weights.shape
    for i in range(n_rows):
        highest = log_weights[i, 0]
        for k in range(n_particles):
            if not log_weights[i, k] <= highest:
                highest = log_weights[i, k]
        total = 0.0
        for k in range(n_particles):
            total += math.exp(log_weights[i, k] - highest)
        for k in range(n_particles):
            weights[i, k] = math.exp(log_weights[i, k] - highest) / total
        bound[i] = highest + math.log(total / n_particles)


self_normalise = kernel(
    reads(float64, "n k"), writes(float32, "n k"), writes(float64, "n")
)(_self_normalise)  # fmt: skip
normalise = routine(_self_normalise)  # for kernels that do more than one thing
