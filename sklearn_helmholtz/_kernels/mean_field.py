"""Fully factorised approximations of p(h | x) in a belief net, and the bound that they make.

Units are numbered and *free* as in `free_units`. Free unit u is on with probability m_u,
independently of all others. Then unit i, known or free, adds to a lower bound of log p(x)

    m_i E[eta_i] - xi_i E[eta_i] - log(A_i + B_i),

with A and B as in `tilting`, for any xi_i in [0, 1], and a free unit also its entropy (Saul,
Jaakkola & Jordan 1996, eq. 20). Data that are not binary are *closed*: they need no xi, see
`families`.

Everything is float64: a bound that only rises can be told from one that does not.
"""

import math

import numpy as np
from numba import float32, float64, int64

from .arithmetic import fill_doubles, maximum, minimum, select, total
from .borrowing import borrowing_routine
from .families import expect, expected_log_prob, follow, n_closed, pull
from .free_units import (
    count_connections,
    expected_inputs,
    known_inputs,
    make_children,
    mark,
    pass_on,
)
from .kernel import helper, kernel, reads, writes
from .lanes import LANES, first, load_first, store_first
from .tilting import LOW_RATIO, ONE, OTHER_SIDE, ZERO, costs_of, make_factors, tilt
from .xi_steps import halve_steps, propose_step, take_steps

_SUREST = 1 - 1e-12  # no unit is surer than this
_TRIALS = 40  # halvings of a step of xi
_HIGH_RATIO = np.float64(1e280)


@helper
def _entropy(m):
    result = 0.0
    if m > 0:
        result -= m * math.log(m)
    if m < 1:
        result -= (1 - m) * math.log1p(-m)
    return result


@borrowing_routine
def _bound(log_prob, closed, present, free, means, expected, xi, table):
    """Lower bound of log p(x), nats; log_prob : what the ``closed`` first units add to it."""
    result, n_units = log_prob, present.shape[0]
    for i in range(closed, n_units, LANES):
        count = min(n_units - i, LANES)
        terms = load_first(means, i, count) * load_first(expected, i, count)
        terms = terms - costs_of(xi, expected, table, n_units, i, count)
        result += total(select(first(count), load_first(present, i, count) * terms, ZERO))
    for u in range(n_units):
        if free[u]:
            result += _entropy(means[u])
    return result


@borrowing_routine
def _start(values, present, free, means):
    """Write the means to start from: of known data these, and none is too sure."""
    for u in range(means.shape[0]):
        if free[u]:
            means[u] = min(max(means[u], 1 - _SUREST), _SUREST)
        else:
            means[u] = values[u] if present[u] else 0.0


@borrowing_routine
def _pull(m, present, means, xi, weights, low, high, ratio, start, w0, n):
    """Log-odds that a unit gets from its children: the slope of the tangent of their terms.

    start, w0, n : of the children, as in `free_units`.
    """
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


@borrowing_routine
def _update_ratios(m, moved, low, high, ratio, start, w0, n):
    """Write A / B of the children of a unit that has gone from m to ``moved``."""
    for k in range(0, n, LANES):
        count = min(n - k, LANES)
        f, g = load_first(low, w0 + k, count), load_first(high, w0 + k, count)
        above = (f * moved + (ONE - moved)) * (g * m + (ONE - m))
        below = (f * m + (ONE - m)) * (g * moved + (ONE - moved))
        rho = load_first(ratio, start + k, count) * (above / below)
        store_first(ratio, start + k, minimum(maximum(rho, LOW_RATIO), _HIGH_RATIO), count)


@borrowing_routine
def _move_units(
    family, parameters, closed, values, present, free, means, expected, xi, weights, growth,
    children, low, high, ratio, moments,
):  # fmt: skip
    """Move each free unit to where the bound is no lower, all others staying as they are.

    The bound is a linear function of m_u, its entropy, and minus the logarithms of linear
    functions, which lie above their tangents: what the tangents make of the bound is highest at a
    sigmoid, and there the bound itself has risen. ratio : A / B of all units.
    """
    # Order of writes, for each unit: its mean, E[eta] of its children, then the ratios or the
    # moments of these: what the next unit reads is up to date.
    for u in range(free.shape[0]):
        if not free[u]:
            continue
        m, field = means[u], expected[u]
        for kind in range(2):
            start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
            if start < closed:
                field += pull(
                    family, parameters, m, values, present, expected, moments, weights, growth,
                    start, w0, n,
                )  # fmt: skip
            else:
                field += _pull(m, present, means, xi, weights, low, high, ratio, start, w0, n)
        on = 1 / (1 + math.exp(-min(max(field, -700.0), 700.0)))
        moved = min(max(on, 1 - _SUREST), _SUREST)
        means[u] = moved
        pass_on(moved - m, children, u, weights, expected)
        for kind in range(2):
            start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
            if start < closed:
                follow(family, parameters, m, moved, moments, weights, growth, start, w0, n)
            else:
                _update_ratios(m, moved, low, high, ratio, start, w0, n)


@kernel(
    int64, reads(float32, 1), reads(float32, 2), reads(int64, 1), reads(float32, 1),
    reads(float32, 1), int64, float64, writes(float64, 2), writes(float64, 2), writes(float64, 1),
    writes(int64, 1),
)  # fmt: skip
def mean_field(
    family, parameters, values, sizes, weights, intercepts, most_sweeps, tol, means, xi, bounds,
    n_sweeps,
):  # fmt: skip
    """Raise the bound of each row unit by unit, until a sweep gains less than ``tol`` nats.

    family, parameters : of the data, see `families`; values : (n_rows, n_features), NaN where
    missing; sizes : units of each layer from the data upward; weights : of layers 1, 2, ..., each
    (n_units, n_units below), one after the other, then the lateral ones (n_units, n_units) of all
    layers, or none; intercepts : of all layers; means, xi : (n_rows, n_units), where to start,
    written, those of known data by what they are known to be; bounds : (n_rows,), nats; n_sweeps :
    (n_rows,).

    Each step, of a unit or of all xi, leaves the bound at least as high as it was.
    """
    n_units, closed = intercepts.shape[0], n_closed(family, sizes[0])
    is_autoregressive = weights.shape[0] > count_connections(sizes)
    children = np.zeros((n_units, 2, 3), np.int64)
    lowest = 0 if is_autoregressive else sizes.shape[0]
    make_children(sizes, lowest, children)
    wide = weights.astype(np.float64)
    growth = np.exp(wide)
    low, high = np.zeros(weights.shape[0]), np.zeros(weights.shape[0])
    table, costs = np.zeros(2 * OTHER_SIDE * n_units), np.zeros(n_units)
    base, expected = np.empty(n_units), np.empty(n_units)
    ratio, trial, moments = np.ones(n_units), np.zeros(n_units), np.zeros(closed)
    present, free = np.ones(n_units), np.ones(n_units, np.bool_)
    for row in range(values.shape[0]):
        # Order of writes, for each row: what is known of it; then again and again all that the
        # means and xi make of the other units, the bound, xi, and the means.
        x, m, s = values[row], means[row], xi[row]
        mark(x, is_autoregressive, present, free)
        _start(x, present, free, m)
        known_inputs(family, intercepts, wide, children, x, free, base)
        make_factors(closed, wide, growth, children, free, s, low, high)
        before, sweep = -np.inf, 0
        while True:
            expected_inputs(base, wide, children, free, m, expected)
            tilt(closed, base, wide, children, free, m, s, low, high, table)
            expect(
                family, parameters, x, present, m, base, expected, wide, growth, children, moments
            )
            log_prob = expected_log_prob(family, parameters, x, present, expected, moments)
            bounds[row] = _bound(log_prob, closed, present, free, m, expected, s, table)
            if sweep == most_sweeps or not bounds[row] > before + tol:
                break
            before = bounds[row]
            propose_step(closed, s, expected, table, costs, trial)
            for _ in range(_TRIALS):
                make_factors(closed, wide, growth, children, free, trial, low, high)
                tilt(closed, base, wide, children, free, m, trial, low, high, table)
                if halve_steps(closed, s, expected, table, costs, trial) == 0:
                    break
            take_steps(closed, s, table, trial, ratio)
            _move_units(
                family, parameters, closed, x, present, free, m, expected, s, wide, growth,
                children, low, high, ratio, moments,
            )  # fmt: skip
            sweep += 1
        n_sweeps[row] = sweep
