"""Expectations of exponentials of the inputs of units whose parents are independent.

Of unit i, with the number xi_i in [0, 1] and the input eta_i,

    A_i = E[exp(-xi_i eta_i)],  B_i = E[exp((1 - xi_i) eta_i)].

Parent u is on with probability m_u, so both are products over the parents: f is short for
``exp(-xi_i w)`` or ``exp((1 - xi_i) w)``, the *factors* of a weight w, and ``q = 1 - m + m f`` for
what is expected of them. Parents that are on with probability ``m f / q`` are *tilted*. ``xi_i
E[eta_i] + log(A_i + B_i)`` is an upper bound of the expected softplus of eta_i (Saul, Jaakkola &
Jordan 1996).

What is known of units is a table, flat, with the rows below for A, and the same rows for B.
"""

import math

import numpy as np

from .arithmetic import absolute, exponent, maximum, minimum, power_of_two
from .borrowing import borrowing_routine
from .exponential import exp_double, log_double
from .kernel import helper
from .lanes import LANES, load_first, store_first

_FACTORS = 4  # of a product before its exponent is taken out: weights are below 150
_LOG_RATIO = 600.0  # the largest log(A / B) that is told from larger ones
LOW_RATIO = np.float64(1e-280)
ZERO, HALF, ONE = np.float64(0), np.float64(0.5), np.float64(1)
_LN2 = np.float64(math.log(2))
_PRODUCT, _EXPONENT, LOG, MEAN, VARIANCE = range(5)  # rows of the table; the last two are of eta
OTHER_SIDE = 5  # how many these are


@borrowing_routine
def make_factors(n_closed, weights, growth, children, free, xi, low, high):
    """Write the factors f of A and of B for all children of free units, but not closed ones.

    n_closed : number of closed units, see `families`, which come first; growth : exp of the
    weights; low, high : as the weights.
    """
    for u in range(free.shape[0]):
        if not free[u]:
            continue
        for kind in range(2):
            start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
            if start < n_closed:
                continue
            for k in range(0, n, LANES):
                count = min(n - k, LANES)
                w, x = load_first(weights, w0 + k, count), load_first(xi, start + k, count)
                f = exp_double(ZERO - x * w)
                store_first(low, w0 + k, f, count)
                store_first(high, w0 + k, f * load_first(growth, w0 + k, count), count)


@helper
def _weigh(m, w, factors, e, row, n_units, i, table, count):
    """Let one parent of some units enter a side of the table."""
    f = load_first(factors, e, count) * m
    q = f + (ONE - m)
    p = f / q
    place = row * n_units + i
    product = load_first(table, place + _PRODUCT * n_units, count)
    mean = load_first(table, place + MEAN * n_units, count)
    variance = load_first(table, place + VARIANCE * n_units, count)
    store_first(table, place + _PRODUCT * n_units, product * q, count)
    store_first(table, place + MEAN * n_units, mean + w * p, count)
    store_first(table, place + VARIANCE * n_units, variance + w * w * p * (ONE - p), count)


@borrowing_routine
def tilt(n_closed, base, weights, children, free, means, xi, low, high, table):
    """Write the table of all units but closed ones, see above: 2 x 5 rows of units.

    Log A and log B, and the mean and variance of eta where the parents are weighted by f.
    """
    # Order of writes: no parents in the table; parent by parent its products, means and variances,
    # with exponents taken out of the products now and then; then logarithms.
    n_units, count = base.shape[0], 0
    for i in range(n_units):
        for row in (0, OTHER_SIDE):
            table[(row + _PRODUCT) * n_units + i] = 1
            table[(row + _EXPONENT) * n_units + i] = 0
            table[(row + MEAN) * n_units + i] = base[i]
            table[(row + VARIANCE) * n_units + i] = 0
    for u in range(n_units):
        if not free[u]:
            continue
        for kind in range(2):
            start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
            if start < n_closed:
                continue
            for k in range(0, n, LANES):
                part = min(n - k, LANES)
                w = load_first(weights, w0 + k, part)
                _weigh(means[u], w, low, w0 + k, 0, n_units, start + k, table, part)
                _weigh(means[u], w, high, w0 + k, OTHER_SIDE, n_units, start + k, table, part)
        count += 1
        if count % _FACTORS == 0:
            _take_exponents(n_closed, n_units, table)
    _take_exponents(n_closed, n_units, table)
    _take_logarithms(n_closed, base, xi, table)


@borrowing_routine
def _take_exponents(n_closed, n_units, table):
    """Keep the products of the table in [1, 2)."""
    for row in (0, OTHER_SIDE):
        for i in range(n_closed, n_units, LANES):
            count = min(n_units - i, LANES)
            place = (row + _PRODUCT) * n_units + i
            product = maximum(load_first(table, place, count), LOW_RATIO)
            n = exponent(product)
            store_first(table, place, product * power_of_two(ZERO - n), count)
            place = (row + _EXPONENT) * n_units + i
            store_first(table, place, load_first(table, place, count) + n, count)


@borrowing_routine
def _take_logarithms(n_closed, base, xi, table):
    """Log A and log B from the products."""
    n_units = base.shape[0]
    for row in (0, OTHER_SIDE):
        share = ONE if row else ZERO
        for i in range(n_closed, n_units, LANES):
            count = min(n_units - i, LANES)
            product = maximum(load_first(table, (row + _PRODUCT) * n_units + i, count), HALF)
            n = load_first(table, (row + _EXPONENT) * n_units + i, count)
            own = (share - load_first(xi, i, count)) * load_first(base, i, count)
            place = (row + LOG) * n_units + i
            store_first(table, place, own + (n * _LN2 + log_double(product)), count)


@helper
def table_row(table, row, n_units, i, count):
    """Some units of a row of the table."""
    return load_first(table, row * n_units + i, count)


@helper
def costs_of(xi, expected, table, n_units, i, count):
    """``xi E[eta] + log(A + B)``, upper bounds of the expected softplus of eta."""
    a = table_row(table, LOG, n_units, i, count)
    b = table_row(table, OTHER_SIDE + LOG, n_units, i, count)
    rest = log_double(exp_double(ZERO - absolute(a - b)) + ONE)
    linear = load_first(xi, i, count) * load_first(expected, i, count)
    return linear + (maximum(a, b) + rest)


@helper
def ratios(table, n_units, i, count):
    """A / B of some units."""
    a = table_row(table, LOG, n_units, i, count)
    b = table_row(table, OTHER_SIDE + LOG, n_units, i, count)
    return exp_double(minimum(maximum(a - b, -_LOG_RATIO), _LOG_RATIO))
