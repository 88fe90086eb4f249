"""Particles of a row: their self-normalised importance weights, streamed without overflow."""

import math

from numba import float32, float64

from .kernel import kernel, reads, writes


@kernel(reads(float64, 2), writes(float32, 2), writes(float64, 1))
def self_normalise(log_weights, weights, bound):
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


@kernel(
    reads(float64, 2), writes(float64, 1), writes(float64, 1), writes(float64, 1),
    writes(float64, 1),
)  # fmt: skip
def add_log_weights(log_weights, highest, total, squares, logs):
    """Fold particles into running sums, relative to the highest log-weight of each row so far.

    log_weights : (n_rows, n_particles); the sums : (n_rows,): total ``sum exp(lw - highest)``,
    squares ``sum exp(2 (lw - highest))``, logs ``sum lw``. Particles are added one by one, so that
    the sums do not depend on how particles are split into calls.
    """
    for i in range(log_weights.shape[0]):
        for k in range(log_weights.shape[1]):
            value = log_weights[i, k]
            logs[i] += value
            if value > highest[i]:
                shrink = math.exp(highest[i] - value)
                total[i] = total[i] * shrink + 1.0
                squares[i] = squares[i] * shrink * shrink + 1.0
                highest[i] = value
            else:
                ratio = math.exp(value - highest[i])
                total[i] += ratio
                squares[i] += ratio * ratio
