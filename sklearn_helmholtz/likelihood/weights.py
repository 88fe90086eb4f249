"""The estimate of log p(x) that importance weights make, and what they tell about its error."""

import numpy as np

from .._kernels.pareto import pareto_shapes
from .._kernels.particles import sum_weights
from .estimate import Estimate


def estimate_from_weights(log_weights, n_first, free_energy):
    """The `Estimate` of each row from weights whose mean is unbiased for p(x).

    log p(x) is estimated by the logarithm of the mean weight, a lower bound in expectation (Burda,
    Grosse & Salakhutdinov 2016). The variance of its error is that of the mean weight relative to
    its square, and its bias minus half of that, to first order in the number of samples. The first
    ``n_first`` weights and the others are two strata, drawn from proposals of their own.

    log_weights : (n_rows, n_samples) float64, nats; free_energy : (n_rows,).
    """
    n_rows, n_samples = log_weights.shape
    highest = log_weights.max(axis=1)
    total, squares, variance = np.zeros((3, n_rows))
    for stratum in (log_weights[:, :n_first], log_weights[:, n_first:]):
        if stratum.shape[1]:
            sums, sums_of_squares = _sums(stratum, highest)
            variance += _variance_of_sum(sums, sums_of_squares, stratum.shape[1])
            total += sums
            squares += sums_of_squares
    variance /= total**2
    shapes = np.empty(n_rows)
    pareto_shapes(log_weights, shapes)
    per_sample = highest + np.log(total / n_samples)
    return Estimate(per_sample, variance, -variance / 2, total**2 / squares, free_energy, shapes)


def _sums(log_weights, highest):
    total, squares = np.empty((2, len(highest)))
    sum_weights(np.ascontiguousarray(log_weights), highest, total, squares)
    return total, squares


def _variance_of_sum(total, squares, n):
    """The variance of a sum of n weights, from the weights; NaN for a single one."""
    if n < 2:
        return np.full(len(total), np.nan)
    return np.maximum(squares - total**2 / n, 0) * n / (n - 1)
