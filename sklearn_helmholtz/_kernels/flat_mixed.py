"""Mixed data in rows, for the kernels that go from unit to unit: always whole rows.

Values are a row of payload, and inputs eta one of theirs, as `mixed` has them. Parameters are flat:
the numbers of Bernoulli, ordered, Gaussian and softmax columns, the levels of each softmax column,
and the precisions of the Gaussian ones.
"""

import math

import numpy as np
from numba import int64

from . import flat_bernoulli, ordered, softmax
from .borrowing import borrowing_routine
from .flat_gaussian import moved_row

_N_FAMILIES = 4
_LARGE = 1e280  # a product of numbers of levels that takes no further factor


def log_constants(parameters, values):
    """Part of the log-probability of each row that is the same for all inputs, nats."""
    n_binary, n_ordered, n_gaussian, n_softmax = parameters[:_N_FAMILIES].astype(np.int64)
    precision = parameters[_N_FAMILIES + n_softmax :].astype(np.float64)
    start = n_binary + 3 * n_ordered
    terms = 0.5 * np.log(precision / (2 * np.pi))
    return np.where(np.isnan(values[:, start : start + n_gaussian]), 0.0, terms).sum(axis=1)


@borrowing_routine
def moved_log_prob(parameters, values, eta, weights, w0, step):
    """Log-probability of a row, but for constants, under the inputs ``eta + step * weights``.

    w0 : of the first weight. What is missing (NaN) adds nothing.
    """
    n_binary, n_ordered = int64(parameters[0]), int64(parameters[1])
    n_gaussian, n_softmax = int64(parameters[2]), int64(parameters[3])
    result = flat_bernoulli.moved_log_prob(values, 0, n_binary, eta, weights, w0, step)
    v, e = n_binary, n_binary
    result += ordered.moved_log_prob(values, v, n_ordered, eta, e, weights, w0 + e, step)
    v, e, r = v + 3 * n_ordered, e + 2 * n_ordered, _N_FAMILIES + n_softmax
    result += moved_row(parameters, r, values, v, n_gaussian, eta, e, weights, w0 + e, step)
    v, e, masses = v + n_gaussian, e + n_gaussian, 1.0
    for j in range(n_softmax):
        level, n_levels = values[v + j], int64(parameters[_N_FAMILIES + j])
        if level == level:
            own, mass = softmax.moved_share(level, n_levels, eta, e, weights, w0 + e, step)
            result, masses = result + own, masses * mass
            if masses > _LARGE:
                result, masses = result - math.log(masses), 1.0
        e += n_levels
    return result - math.log(masses)
