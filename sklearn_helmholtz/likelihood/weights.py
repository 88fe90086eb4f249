"""The estimate of log p(x) that importance weights make, and what they tell about its error."""

import numpy as np

from .._kernels.pareto import pareto_shapes
from .estimate import Estimate


def estimate_from_weights(log_weights, n_first, free_energy, work=np):
    """The `Estimate` of each row from weights whose mean is unbiased for p(x).

    log p(x) is estimated by the logarithm of the mean weight, a lower bound in expectation (Burda,
    Grosse & Salakhutdinov 2016). The variance of its error is that of the mean weight relative to
    its square, and its bias minus half of that, to first order in the number of samples. The first
    ``n_first`` weights and the others are two strata, drawn from proposals of their own.

    log_weights : (n_rows, n_samples) float64, nats; free_energy : (n_rows,). The shapes of the
    tails are left to `tail_shapes`.
    """
    n_rows, n_samples = shape = log_weights.shape
    highest = log_weights.max(axis=1)
    weights = np.subtract(log_weights, highest[:, None], out=work.empty(shape, np.float64))
    np.exp(weights, out=weights)
    total, squares, variance = np.zeros((3, n_rows))
    for stratum in (weights[:, :n_first], weights[:, n_first:]):
        if stratum.shape[1]:
            total += stratum.sum(axis=1)
            room = work.empty(stratum.shape, np.float64)
            squares += np.square(stratum, out=room).sum(axis=1)
            variance += _variance_of_sum(stratum, room)
    variance /= total**2
    per_sample, unknown = highest + np.log(total / n_samples), np.full(n_rows, np.nan)
    return Estimate(per_sample, variance, -variance / 2, total**2 / squares, free_energy, unknown)


def tail_shapes(log_weights):
    """The shape of the tail of each row's weights, (n_rows,)."""
    shapes = np.empty(len(log_weights))
    pareto_shapes(log_weights, shapes)
    return shapes


def _variance_of_sum(weights, room):
    """The variance of each row's sum, from its n weights; NaN for a single one.

    room : for an array of the same shape.
    """
    n = weights.shape[1]
    if n < 2:
        return np.full(len(weights), np.nan)
    deviations = np.subtract(weights, weights.sum(axis=1, keepdims=True) / n, out=room)
    return np.square(deviations, out=room).sum(axis=1) * n / (n - 1)
