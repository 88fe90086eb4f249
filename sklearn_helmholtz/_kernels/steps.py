"""Sums over rows, and the moves of the optimisers over the vector of all parameters."""

import math

import numpy as np
from numba import float32, float64, int64

from .kernel import kernel, reads, writes


@kernel(reads(float32, 2), writes(float32, 1))
def column_sums(matrix, out):
    """The sum of the rows of (n_rows, n_units), in their order, in float64."""
    n_rows, n_units = matrix.shape
    total = np.zeros(n_units, np.float64)
    for m in range(n_rows):
        row = matrix[m]
        for j in range(n_units):
            total[j] += row[j]
    for j in range(n_units):
        out[j] = total[j]


@kernel(
    reads(float32, 1), float64, float64, int64, float64, float64, writes(float32, 1),
    writes(float32, 1),
)  # fmt: skip
def sgd_move(gradient, scale, decay, n_decayed, rate, momentum, velocity, parameters):
    """Ascend: ``velocity = momentum velocity + rate (scale gradient - decay p)``.

    Only the first ``n_decayed`` parameters decay. A move is one call, so no signal can halve it.
    """
    unit, eps, mu = float32(scale), float32(rate), float32(momentum)
    n = len(parameters)
    for start, stop, shrink in ((0, n_decayed, float32(decay)), (n_decayed, n, float32(0))):
        for i in range(start, stop):
            v = mu * velocity[i] + eps * (unit * gradient[i] - shrink * parameters[i])
            velocity[i] = v
            parameters[i] += v


@kernel(
    reads(float32, 1), float64, float64, int64, float64, float64, float64, writes(float32, 1),
    writes(float32, 1), writes(float64, 1), writes(float32, 1),
)  # fmt: skip
def adam_move(
    gradient, scale, decay, n_decayed, rate, beta1, beta2, first, second, steps, parameters
):
    """Ascend by Adam (Kingma & Ba 2015, with the efficient ordering that ends their section 2).

    The gradient is scaled first. The decay of the first ``n_decayed`` parameters is part of the
    gradient, as in scikit-learn's multilayer perceptron. ``steps[0]`` counts the moves.
    """
    steps[0] += 1
    b1, b2, unit = float32(beta1), float32(beta2), float32(scale)
    eps, one = float32(1e-8), float32(1)
    step = float32(rate * math.sqrt(1 - beta2 ** steps[0]) / (1 - beta1 ** steps[0]))
    n = len(parameters)
    for start, stop, shrink in ((0, n_decayed, float32(decay)), (n_decayed, n, float32(0))):
        for i in range(start, stop):
            g = unit * gradient[i] - shrink * parameters[i]
            m = b1 * first[i] + (one - b1) * g
            v = b2 * second[i] + (one - b2) * g * g
            first[i] = m
            second[i] = v
            parameters[i] += step * m / (np.sqrt(v) + eps)
