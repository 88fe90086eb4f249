"""Ordered units: the probability of an interval of the logistic scale, sixteen units at a time.

With ``a = (hi - mu) / s``, ``b = (lo - mu) / s`` and ``t = (hi - lo) / s`` the log-probability is
``log sigmoid(a) + log sigmoid(-b) + log(1 - exp(-t))``: a difference of sigmoids in float32 would
be wrong by many nats where both are near 0 or 1. The last term is ``-log(1 + 1 / expm1(t))``, so
that one logarithm serves all three.
"""

import numpy as np

from .arithmetic import is_seen, maximum, minimum, multiply_add, select, total
from .exponential import compound, exp, exp_minus_size, log1p, sigmoid
from .kernel import helper
from .lanes import LANES, first, load_first, store_first
from .marginals import HIGHEST_SCALE, LOWEST_SCALE

_LOWEST_SCALE, _HIGHEST_SCALE = np.float32(LOWEST_SCALE), np.float32(HIGHEST_SCALE)
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_NARROWEST = np.float32(1e-36)
_C2, _C3, _C4, _C5, _C6 = (
    np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24), np.float32(1 / 120),
    np.float32(1 / 720),
)  # fmt: skip


@helper
def _expm1(t):
    """exp(t) - 1 for t > 0, as accurate where it is small: a Taylor series up to 1/2."""
    series = _C6 * t + _C5
    series = series * t + _C4
    series = series * t + _C3
    series = series * t + _C2
    series = series * t * t + t
    return select(t < _HALF, series, exp(t) - _ONE)


@helper
def _load_cells(payload, p, n_ordered, n):
    """Edges of n cells from a place on, low and high, and their distances."""
    low, high = load_first(payload, p, n), load_first(payload, p + n_ordered, n)
    return low, high, load_first(payload, p + 2 * n_ordered, n)


@helper
def _clip(log_scale):
    return minimum(maximum(log_scale, _LOWEST_SCALE), _HIGHEST_SCALE)


@helper
def _joined(a, b, grown_a, grown_b, inverse):
    """Log-probabilities of intervals; grown : exp of minus the sizes; inverse : 1 / expm1(t)."""
    surplus = compound(compound(grown_a, grown_b), inverse)
    return minimum(a, _ZERO) - maximum(b, _ZERO) - log1p(surplus)


@helper
def _log_prob(low, high, width, location, log_scale, n):
    """Log-probability of n intervals, nats; those that are missing add nothing."""
    rate = exp(_ZERO - _clip(log_scale))
    a, b = (high - location) * rate, (low - location) * rate
    inverse = _ONE / _expm1(maximum(width * rate, _NARROWEST))
    log_p = _joined(a, b, exp_minus_size(a), exp_minus_size(b), inverse)
    return total(select(first(n), select(is_seen(low), log_p, _ZERO), _ZERO))


@helper
def row_log_prob(payload, p0, n_ordered, eta, e0):
    """Log-probability of the ordered values of one row, nats.

    payload : edges lo of all units from ``p0``, then hi, then hi - lo; NaN is missing. eta :
    locations from ``e0``, then logarithms of scales.
    """
    result = 0.0
    for j in range(0, n_ordered, LANES):
        n = min(n_ordered - j, LANES)
        low, high, width = _load_cells(payload, p0 + j, n_ordered, n)
        location = load_first(eta, e0 + j, n)
        log_scale = load_first(eta, e0 + n_ordered + j, n)
        result += _log_prob(low, high, width, location, log_scale, n)
    return result


@helper
def moved_log_prob(payload, p0, n_ordered, eta, e0, weights, w0, step):
    """As `row_log_prob`, under the inputs ``eta + step * weights``; w0 : of the first weight."""
    result = 0.0
    for j in range(0, n_ordered, LANES):
        n = min(n_ordered - j, LANES)
        low, high, width = _load_cells(payload, p0 + j, n_ordered, n)
        location = load_first(weights, w0 + j, n)
        location = multiply_add(step, location, load_first(eta, e0 + j, n))
        log_scale = load_first(weights, w0 + n_ordered + j, n)
        log_scale = multiply_add(step, log_scale, load_first(eta, e0 + n_ordered + j, n))
        result += _log_prob(low, high, width, location, log_scale, n)
    return result


@helper
def row_score(payload, p0, n_ordered, eta, e0):
    """As `row_log_prob`; the inputs are overwritten by their derivatives."""
    result = 0.0
    for j in range(0, n_ordered, LANES):
        n = min(n_ordered - j, LANES)
        low, high, width = _load_cells(payload, p0 + j, n_ordered, n)
        location = load_first(eta, e0 + j, n)
        log_scale = load_first(eta, e0 + n_ordered + j, n)
        clipped = _clip(log_scale)
        rate = exp(_ZERO - clipped)
        a, b = (high - location) * rate, (low - location) * rate
        narrow = maximum(width * rate, _NARROWEST)
        inverse = _ONE / _expm1(narrow)
        grown_a, grown_b = exp_minus_size(a), exp_minus_size(b)
        log_p = _joined(a, b, grown_a, grown_b, inverse)
        seen = is_seen(low)
        result += total(select(first(n), select(seen, log_p, _ZERO), _ZERO))
        over_a, under_b = sigmoid(_ZERO - a, grown_a), sigmoid(b, grown_b)
        slope = select(seen, (under_b - over_a) * rate, _ZERO)
        turn = b * under_b - a * over_a - narrow * inverse
        turn = select(seen, select(clipped < log_scale, _ZERO, turn), _ZERO)
        turn = select(log_scale < clipped, _ZERO, turn)
        store_first(eta, e0 + j, slope, n)
        store_first(eta, e0 + n_ordered + j, turn, n)
    return result
