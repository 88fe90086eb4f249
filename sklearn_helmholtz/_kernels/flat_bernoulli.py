"""Bernoulli units one by one and in rows, for the kernels that go from unit to unit."""

import math

import numpy as np
from numba import float32

from .arithmetic import fill, maximum, minimum, multiply_add, select, total
from .borrowing import borrowing_routine
from .exponential import compound, exp_minus_size, log1p
from .kernel import helper
from .lanes import LANES, first, load, load_first, store

_SEGMENT = 16 * LANES
_ZERO, _HALF, _ONE, _TWO = (np.float32(x) for x in (0, 0.5, 1, 2))
BEYOND = np.float32(1e30)  # every value lies below, but not NaN


@borrowing_routine
def moved_log_prob(values, place, n_units, eta, weights, w0, step):
    """Log-probability of values under the inputs ``eta + step * weights``, as in `bernoulli`.

    place : of the first unit in ``values`` and ``eta``; w0 : of its weight. NaN adds nothing.
    """
    result = 0.0
    for start in range(0, n_units, _SEGMENT):
        linear, surplus = fill(_ZERO), fill(_ZERO)
        stop = min(start + _SEGMENT, n_units)
        full = stop - (stop - start) % LANES
        for j in range(start, full, LANES):
            x = load(values, place + j)
            a = multiply_add(step, load(weights, w0 + j), load(eta, place + j))
            seen = x < BEYOND
            linear += select(seen, x * a - maximum(a, _ZERO), _ZERO)
            surplus = compound(surplus, select(seen, exp_minus_size(a), _ZERO))
        if full < stop:
            n = stop - full
            x = load_first(values, place + full, n)
            a = load_first(weights, w0 + full, n)
            a = multiply_add(step, a, load_first(eta, place + full, n))
            seen = x < BEYOND
            linear += select(seen, x * a - maximum(a, _ZERO), _ZERO)
            grown = select(first(n), exp_minus_size(a), _ZERO)
            surplus = compound(surplus, select(seen, grown, _ZERO))
        result += total(linear - log1p(surplus))
    return result


@helper
def fires(log_odds, uniform):
    """Whether a unit fires: NaN log-odds count as impossible."""
    if log_odds >= 0:
        return uniform * (1.0 + math.exp(-log_odds)) < 1.0
    grown = math.exp(log_odds)
    return uniform * (1.0 + grown) < grown


@borrowing_routine
def make_thresholds(uniforms):
    """Replace uniform numbers u by log(u / (1 - u)): units fire where their input lies above."""
    for j in range(0, uniforms.shape[0], LANES):
        u = load(uniforms, j)
        rarer = minimum(u, _ONE - u)
        size = log1p((_ONE - _TWO * rarer) / rarer)
        store(uniforms, j, select(u < _HALF, _ZERO - size, size))


@helper
def mean(eta):
    """sigmoid(eta) of one input."""
    grown = math.exp(-abs(eta))
    return float32((_ONE if eta >= _ZERO else grown) / (_ONE + grown))
