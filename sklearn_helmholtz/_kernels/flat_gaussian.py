"""Gaussian units one by one and in rows, for the kernels that go from unit to unit.

Their parameters are flat: the precisions of all units, then their standard deviations.
"""

import math

import numpy as np
from numba import float32

from .arithmetic import multiply_add, select, total
from .borrowing import borrowing_routine
from .flat_bernoulli import BEYOND
from .kernel import helper
from .lanes import LANES, load_first

_ZERO = np.float32(0)
_TWO_PI = np.float32(2 * math.pi)


def log_constants(parameters, values):
    """Part of the log-density of each row of values that is the same for all means, nats."""
    precision = parameters[: values.shape[1]].astype(np.float64)
    terms = 0.5 * np.log(precision / (2 * np.pi))
    return np.where(np.isnan(values), 0.0, terms).sum(axis=1)


@borrowing_routine
def moved_log_prob(parameters, values, place, n_units, eta, weights, w0, step):
    """Log-density of values, but for its constant, under the means ``eta + step * weights``.

    place : of the first unit in ``parameters``, ``values`` and ``eta``; w0 : of its weight. NaN
    adds nothing.
    """
    return moved_row(parameters, place, values, place, n_units, eta, place, weights, w0, step)


@helper
def moved_row(parameters, r0, values, v0, n_units, eta, e0, weights, w0, step):
    """As `moved_log_prob`; r0, v0, e0 : where precisions, values and inputs begin."""
    result = 0.0
    for j in range(0, n_units, LANES):
        n = min(n_units - j, LANES)
        x = load_first(values, v0 + j, n)
        a = load_first(weights, w0 + j, n)
        difference = x - multiply_add(step, a, load_first(eta, e0 + j, n))
        square = difference * difference * load_first(parameters, r0 + j, n)
        result -= 0.5 * total(select(x < BEYOND, square, _ZERO))
    return result


@helper
def draw(parameters, i, eta, numbers, place, stride):
    """A value of unit i by Box & Muller (1958), from two uniform numbers ``stride`` apart."""
    radius = math.sqrt(float32(-2) * math.log(numbers[place]))
    normal = radius * math.cos(_TWO_PI * numbers[place + stride])
    return float32(eta + parameters[parameters.shape[0] // 2 + i] * normal)


@borrowing_routine
def _derivatives(parameters, values, children, weights, eta):
    """Derivatives of `moved_log_prob` by the step, at zero: the first, and minus the second."""
    slope, curvature = 0.0, 0.0
    for j in range(0, children[2], LANES):
        place, n = children[0] + j, min(children[2] - j, LANES)
        x, w = load_first(values, place, n), load_first(weights, children[1] + j, n)
        scaled, known = w * load_first(parameters, place, n), x < BEYOND
        difference = x - load_first(eta, place, n)
        slope += total(select(known, scaled * difference, _ZERO))
        curvature += total(select(known, scaled * w, _ZERO))
    return slope, curvature


@borrowing_routine
def step_of_missing(
    parameters, u, children, seen, free, beta, weights, eta, numbers, place, stride
):  # fmt: skip
    """Way from a missing value to a draw given all others, as `families.step_of_missing`.

    Its density given its children is Gaussian: the derivatives tell where it lies.
    """
    precision = parameters[u]
    slope, curvature = _derivatives(parameters, seen, children, weights, eta)
    free_slope, free_curvature = _derivatives(parameters, free, children, weights, eta)
    slope = beta * slope + free_slope - (free[u] - eta[u]) * precision
    curvature = beta * curvature + free_curvature + precision
    radius = math.sqrt(-2.0 * math.log(numbers[place]))
    normal = radius * math.cos(_TWO_PI * numbers[place + stride])
    return float32(slope / curvature + normal / math.sqrt(curvature))


# Mean field. Parents of the data are on with probabilities m, independently of each other.


@borrowing_routine
def expect(values, present, means, expected, weights, children, squares):
    """Write the expected squares of x - eta, 0 where x is missing.

    The square of what is expected of x - eta, and what the variance of each parent adds to it.
    """
    n_features = squares.shape[0]
    for i in range(n_features):
        squares[i] = (values[i] - expected[i]) ** 2 if present[i] else 0.0
    for u in range(n_features, means.shape[0]):
        start, w0, n = children[u, 1, 0], children[u, 1, 1], children[u, 1, 2]
        if start < n_features:
            spread = means[u] * (1 - means[u])
            for k in range(n):
                squares[start + k] += present[start + k] * spread * weights[w0 + k] ** 2


@borrowing_routine
def expected_log_prob(parameters, present, squares):
    """Expected log-density of all values that are present, nats."""
    result = 0.0
    for i in range(squares.shape[0]):
        if present[i]:
            precision = parameters[i]
            result -= 0.5 * (precision * squares[i] - math.log(precision / (2 * math.pi)))
    return result


@borrowing_routine
def pull(parameters, m, values, present, expected, weights, start, w0, n):
    """Log-odds that a unit gets from its children; m : the probability that it is on."""
    slope = 0.0
    for k in range(n):
        i, w = start + k, weights[w0 + k]
        if present[i]:
            slope += parameters[i] * w * (values[i] - expected[i] + w * (m - 0.5))
    return slope


@borrowing_routine
def write_errors(parameters, values, present, expected, errors):
    """Write the derivatives of the expected log-density by the intercepts."""
    for i in range(values.shape[0]):
        errors[i] = parameters[i] * (values[i] - expected[i]) if present[i] else 0.0


@borrowing_routine
def add_slopes(parameters, m, present, errors, weights, start, w0, n, slopes):
    """Add the derivatives by the weights of a unit that is on with probability m."""
    spread = m * (1 - m)
    for k in range(n):
        i, w = start + k, weights[w0 + k]
        squeeze = present[i] * parameters[i] * spread * w
        slopes[w0 + k] += m * errors[i] - squeeze
