"""Fully factorised approximations of p(h | x) in a belief net, and the bound that they make.

Units are numbered and *free* as in `free_units`. Free unit u is on with probability m_u,
independently of all others. Then unit i, known or free, adds to a lower bound of log p(x)

    m_i E[eta_i] - xi_i E[eta_i] - log(A_i + B_i),

with A and B as in `tilting`, for any xi_i in [0, 1], and a free unit also its entropy (Saul,
Jaakkola & Jordan 1996, eq. 20). Gaussian data need no xi.

Everything is float64: a bound that only rises can be told from one that does not.
"""

import math

import numpy as np
from numba import float32, float64, int64

from .arithmetic import absolute, fill_doubles, maximum, minimum, select, total
from .free_units import (
    count_connections,
    expected_inputs,
    known_inputs,
    make_children,
    mark,
    pass_on,
)
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, first, load_first, store_first
from .tilting import (
    HALF,
    LOW_RATIO,
    MEAN,
    ONE,
    OTHER_SIDE,
    VARIANCE,
    ZERO,
    costs_of,
    make_factors,
    ratios,
    table_row,
    tilt,
)

_SUREST = 1 - 1e-12  # no unit is surer than this
_TRIALS = 40  # halvings of a step of xi
_SLACK = 1e-13  # of a cost that has not risen but by rounding
_HIGH_RATIO = np.float64(1e280)


@routine
def _entropy(m):
    result = 0.0
    if m > 0:
        result -= m * math.log(m)
    if m < 1:
        result -= (1 - m) * math.log1p(-m)
    return result


@routine
def _bound(present, free, means, expected, xi, table, precision, residual):
    """The lower bound of log p(x), nats.

    residual : (n_features,), the expected square of x - eta of Gaussian data.
    """
    result, n_real, n_units = 0.0, precision.shape[0], present.shape[0]
    for i in range(n_real):
        if present[i]:
            result -= 0.5 * (precision[i] * residual[i] - math.log(precision[i] / (2 * math.pi)))
    for i in range(n_real, n_units, LANES):
        count = min(n_units - i, LANES)
        terms = load_first(means, i, count) * load_first(expected, i, count)
        terms = terms - costs_of(xi, expected, table, n_units, i, count)
        result += total(select(first(count), load_first(present, i, count) * terms, ZERO))
    for u in range(n_units):
        if free[u]:
            result += _entropy(means[u])
    return result


@routine
def _residuals(present, free, means, expected, weights, children, values, n_real, residual):
    """Expected squares of x - eta of Gaussian data; 0 where they are missing."""
    for i in range(n_real):
        residual[i] = (values[i] - expected[i]) ** 2 if present[i] else 0.0
    for u in range(n_real, free.shape[0]):
        start, w0, n = children[u, 1, 0], children[u, 1, 1], children[u, 1, 2]
        if start < n_real:
            spread = means[u] * (1 - means[u])
            for k in range(n):
                residual[start + k] += present[start + k] * spread * weights[w0 + k] ** 2


@routine
def _newton(n_real, xi, expected, table, costs, trial):
    """A step of Newton's method for every xi; the cost is convex in it, and lowest in [0, 1]."""
    n_units = xi.shape[0]
    for i in range(n_real, n_units, LANES):
        count = min(n_units - i, LANES)
        store_first(costs, i, costs_of(xi, expected, table, n_units, i, count), count)
        ratio = ratios(table, n_units, i, count)
        b = fill_doubles(ONE) / (ratio + ONE)
        a = ratio * b
        low = table_row(table, MEAN, n_units, i, count)
        high = table_row(table, OTHER_SIDE + MEAN, n_units, i, count)
        curvature = a * table_row(table, VARIANCE, n_units, i, count)
        curvature = curvature + b * table_row(table, OTHER_SIDE + VARIANCE, n_units, i, count)
        curvature = curvature + a * b * (high - low) * (high - low)
        slope = load_first(expected, i, count) - (a * low + b * high)
        longest = absolute(slope)
        step = slope / maximum(curvature, maximum(longest, LOW_RATIO))
        x = load_first(xi, i, count)
        store_first(trial, i, minimum(maximum(x - step, ZERO), ONE), count)


@routine
def _retreat(n_real, xi, expected, table, costs, trial):
    """Halve the steps of those xi whose cost has risen; how many they are."""
    n_units, number = xi.shape[0], 0.0
    for i in range(n_real, n_units, LANES):
        count = min(n_units - i, LANES)
        before = load_first(costs, i, count)
        now = costs_of(trial, expected, table, n_units, i, count)
        fine = now - before < absolute(before) * _SLACK + _SLACK
        x, y = load_first(xi, i, count), load_first(trial, i, count)
        store_first(trial, i, select(fine, y, (x + y) * HALF), count)
        risen = select(fine, fill_doubles(ZERO), ONE)
        number += total(select(first(count), risen, ZERO))
    return number


@routine
def _settle(n_real, xi, table, trial, ratio):
    """Take the steps of all xi, and note A / B under them."""
    n_units = xi.shape[0]
    for i in range(n_real, n_units, LANES):
        count = min(n_units - i, LANES)
        store_first(xi, i, load_first(trial, i, count), count)
        store_first(ratio, i, ratios(table, n_units, i, count), count)


@helper
def _pull(m, present, means, xi, weights, low, high, ratio, start, w0, n):
    """What children make of the log-odds of a unit: the slope of the tangent of their terms."""
    slopes = fill_doubles(ZERO)
    for k in range(0, n, LANES):
        count = min(n - k, LANES)
        i, e = start + k, w0 + k
        f, g = load_first(low, e, count), load_first(high, e, count)
        q, r = f * m + (ONE - m), g * m + (ONE - m)
        rho = load_first(ratio, i, count)
        b = fill_doubles(ONE) / (rho + ONE)
        tangent = (rho * b * (f - ONE) * r + b * (g - ONE) * q) / (q * r)
        linear = (load_first(means, i, count) - load_first(xi, i, count)) * load_first(
            weights, e, count
        )
        slopes += load_first(present, i, count) * (linear - tangent)
    return total(slopes)


@helper
def _update_ratios(m, moved, low, high, ratio, start, w0, n):
    """A / B of the children of a unit that has moved."""
    for k in range(0, n, LANES):
        count = min(n - k, LANES)
        f, g = load_first(low, w0 + k, count), load_first(high, w0 + k, count)
        above = (f * moved + (ONE - moved)) * (g * m + (ONE - m))
        below = (f * m + (ONE - m)) * (g * moved + (ONE - moved))
        rho = load_first(ratio, start + k, count) * (above / below)
        store_first(ratio, start + k, minimum(maximum(rho, LOW_RATIO), _HIGH_RATIO), count)


@helper
def _gaussian_pull(m, present, values, expected, weights, precision, start, w0, n):
    """As `_pull`, of Gaussian children."""
    slope = 0.0
    for k in range(n):
        i, w = start + k, weights[w0 + k]
        if present[i]:
            slope += precision[i] * w * (values[i] - expected[i] + w * (m - 0.5))
    return slope


@routine
def _move_units(
    values, present, free, means, expected, xi, weights, children, precision, low, high, ratio
):  # fmt: skip
    """Move each free unit to where the bound is no lower, all others staying as they are.

    The bound is a linear function of m_u, its entropy, and minus the logarithms of linear
    functions, which lie above their tangents: what the tangents make of the bound is highest at a
    sigmoid, and there the bound itself has risen. ratio : A / B of all units, kept up to date.
    """
    n_real = precision.shape[0]
    for u in range(free.shape[0]):
        if not free[u]:
            continue
        m, field = means[u], expected[u]
        for kind in range(2):
            start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
            if start < n_real:
                field += _gaussian_pull(
                    m, present, values, expected, weights, precision, start, w0, n
                )
            else:
                field += _pull(m, present, means, xi, weights, low, high, ratio, start, w0, n)
        on = 1 / (1 + math.exp(-min(max(field, -700.0), 700.0)))
        moved = min(max(on, 1 - _SUREST), _SUREST)
        means[u] = moved
        pass_on(moved - m, children, u, weights, expected)
        for kind in range(2):
            start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
            if start >= n_real:
                _update_ratios(m, moved, low, high, ratio, start, w0, n)


@kernel(
    reads(float32, 2), reads(int64, 1), reads(float32, 1), reads(float32, 1), reads(float32, 1),
    int64, float64, writes(float64, 2), writes(float64, 2), writes(float64, 1), writes(int64, 1),
)  # fmt: skip
def mean_field(
    values, sizes, weights, intercepts, precision, most_sweeps, tol, means, xi, bounds, n_sweeps
):  # fmt: skip
    """Raise the bound of each row unit by unit, until a sweep gains less than ``tol`` nats.

    values : (n_rows, n_features), NaN where missing; sizes : units of each layer from the data
    upward; weights : of layers 1, 2, ..., each (n_units, n_units below), one after the other, then
    the lateral ones (n_units, n_units) of all layers, or none; intercepts : of all layers;
    precision : (n_features,) of Gaussian data, or (0,); means, xi : (n_rows, n_units), where to
    start, written, those of known data by what they are known to be; bounds : (n_rows,), nats;
    n_sweeps : (n_rows,).

    Each step, of a unit or of all xi, leaves the bound at least as high as it was.
    """
    n_units, n_real = intercepts.shape[0], precision.shape[0]
    is_autoregressive = weights.shape[0] > count_connections(sizes)
    children = np.zeros((n_units, 2, 3), np.int64)
    make_children(sizes, is_autoregressive, children)
    wide = weights.astype(np.float64)
    growth = np.exp(wide)
    low, high = np.zeros(weights.shape[0]), np.zeros(weights.shape[0])
    table, costs = np.zeros(2 * OTHER_SIDE * n_units), np.zeros(n_units)
    base, expected = np.empty(n_units), np.empty(n_units)
    ratio, trial = np.ones(n_units), np.zeros(n_units)
    residual = np.zeros(n_real)
    present, free = np.ones(n_units), np.ones(n_units, np.bool_)
    for row in range(values.shape[0]):
        x, m, s = values[row], means[row], xi[row]
        mark(x, is_autoregressive, present, free)
        for i in range(n_units):
            if free[i]:
                m[i] = min(max(m[i], 1 - _SUREST), _SUREST)
            else:
                m[i] = x[i] if present[i] else 0.0
        known_inputs(intercepts, wide, children, x, free, base)
        make_factors(n_real, wide, growth, children, free, s, low, high)
        before, sweep = -np.inf, 0
        while True:
            expected_inputs(base, wide, children, free, m, expected)
            tilt(n_real, base, wide, children, free, m, s, low, high, table)
            _residuals(present, free, m, expected, wide, children, x, n_real, residual)
            bounds[row] = _bound(present, free, m, expected, s, table, precision, residual)
            if sweep == most_sweeps or not bounds[row] > before + tol:
                break
            before = bounds[row]
            _newton(n_real, s, expected, table, costs, trial)
            for _ in range(_TRIALS):
                make_factors(n_real, wide, growth, children, free, trial, low, high)
                tilt(n_real, base, wide, children, free, m, trial, low, high, table)
                if _retreat(n_real, s, expected, table, costs, trial) == 0:
                    break
            _settle(n_real, s, table, trial, ratio)
            _move_units(
                x, present, free, m, expected, s, wide, children, precision, low, high, ratio
            )
            sweep += 1
        n_sweeps[row] = sweep


@helper
def _add_slopes(m, present, means, xi, low, high, ratio, start, w0, n, slopes):
    """Add the derivatives by the weights of a free unit on its children."""
    for k in range(0, n, LANES):
        count = min(n - k, LANES)
        i, e = start + k, w0 + k
        f, g, x = load_first(low, e, count), load_first(high, e, count), load_first(xi, i, count)
        rho = load_first(ratio, i, count)
        b = fill_doubles(ONE) / (rho + ONE)
        a = rho * b * x * f / (f * m + (ONE - m))
        b = b * (ONE - x) * g / (g * m + (ONE - m))
        slope = load_first(means, i, count) - x + a - b
        slope = load_first(present, i, count) * slope * m
        store_first(slopes, e, load_first(slopes, e, count) + slope, count)


@kernel(
    reads(float32, 2), reads(int64, 1), reads(float32, 1), reads(float32, 1), reads(float32, 1),
    reads(float64, 2), reads(float64, 2), writes(float64, 1), writes(float64, 1),
    writes(float64, 2),
)  # fmt: skip
def mean_field_gradient(
    values, sizes, weights, intercepts, precision, means, xi, weight_slopes, intercept_slopes,
    residuals,
):  # fmt: skip
    """Add the derivatives of the bounds of all rows by the parameters, with m and xi as they are.

    As for `mean_field`; weight_slopes, intercept_slopes : as the weights and intercepts, added to;
    residuals : (n_rows, n_features), written, the expected squares of x - eta of Gaussian data.
    """
    n_units, n_real = intercepts.shape[0], precision.shape[0]
    is_autoregressive = weights.shape[0] > count_connections(sizes)
    children = np.zeros((n_units, 2, 3), np.int64)
    make_children(sizes, is_autoregressive, children)
    wide = weights.astype(np.float64)
    growth = np.exp(wide)
    low, high = np.zeros(weights.shape[0]), np.zeros(weights.shape[0])
    table, error = np.zeros(2 * OTHER_SIDE * n_units), np.empty(n_units)
    base, expected, ratio = np.empty(n_units), np.empty(n_units), np.ones(n_units)
    present, free = np.ones(n_units), np.ones(n_units, np.bool_)
    for row in range(values.shape[0]):
        x, m, s = values[row], means[row], xi[row]
        mark(x, is_autoregressive, present, free)
        known_inputs(intercepts, wide, children, x, free, base)
        expected_inputs(base, wide, children, free, m, expected)
        make_factors(n_real, wide, growth, children, free, s, low, high)
        tilt(n_real, base, wide, children, free, m, s, low, high, table)
        _residuals(present, free, m, expected, wide, children, x, n_real, residuals[row])
        for i in range(n_real, n_units, LANES):
            count = min(n_units - i, LANES)
            store_first(ratio, i, ratios(table, n_units, i, count), count)
        for i in range(n_units):
            if i < n_real:
                error[i] = precision[i] * (x[i] - expected[i]) if present[i] else 0.0
            else:
                error[i] = present[i] * (m[i] - 1 / (1 + ratio[i]))
            intercept_slopes[i] += error[i]
        for u in range(n_units):
            for kind in range(2):
                start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
                if not free[u]:
                    for k in range(n):
                        weight_slopes[w0 + k] += m[u] * error[start + k]
                elif start < n_real:
                    spread = m[u] * (1 - m[u])
                    for k in range(n):
                        i, w = start + k, wide[w0 + k]
                        squeeze = present[i] * precision[i] * spread * w
                        weight_slopes[w0 + k] += m[u] * error[i] - squeeze
                else:
                    _add_slopes(m[u], present, m, s, low, high, ratio, start, w0, n, weight_slopes)
