"""Log-probabilities of rows under every state of the parents, in float64, for enumeration.

A value that is NaN is missing, and adds nothing.
"""

import math

import numpy as np
from numba import float64, int64

from .copying import copy_row
from .kernel import kernel, reads, routine, writes

_PRODUCTS = 512  # factors up to 2 of a product in float64
_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


@kernel(reads(float64, 2), reads(float64, 2), writes(float64, 2))
def bernoulli_table(values, eta, out):
    """``out[r, s] = sum_j x_rj eta_js - softplus(eta_js)``: log p(row r | state s), nats.

    values : (n_rows, n_units); eta : (n_units, n_states); out : (n_rows, n_states).
    """
    n_units, n_states = eta.shape
    softplus, normaliser = np.empty_like(eta), np.zeros(n_states, np.float64)
    for j in range(n_units):
        a, b = eta[j], softplus[j]
        for s in range(n_states):
            b[s] = max(a[s], 0.0) + math.log1p(math.exp(-abs(a[s])))
            normaliser[s] += b[s]
    for r in range(values.shape[0]):
        target = out[r]
        for s in range(n_states):
            target[s] = -normaliser[s]
        for j in range(n_units):
            x, a, b = values[r, j], eta[j], softplus[j]
            if x != x:
                for s in range(n_states):
                    target[s] += b[s]
            elif x != 0:
                for s in range(n_states):
                    target[s] += x * a[s]


@routine
def _add_units(values, shifts, eta, start, stop, product, target):
    """Add the log-probabilities of units ``start`` to ``stop - 1`` of a row under every state.

    The logarithm of ``1 + exp(-|eta|)`` is taken of products of many.
    """
    n_states = eta.shape[1]
    for low in range(start, stop, _PRODUCTS):
        product[:] = 1.0
        for j in range(low, min(low + _PRODUCTS, stop)):
            x, shift, a = values[j], shifts[j], eta[j]
            if x == x:
                for s in range(n_states):
                    moved = a[s] + shift
                    target[s] += x * moved - max(moved, 0.0)
                    product[s] *= 1.0 + math.exp(-abs(moved))
        for s in range(n_states):
            target[s] -= math.log(product[s])


@kernel(reads(float64, 2), reads(float64, 2), reads(float64, 2), writes(float64, 2))
def bernoulli_shifted_table(values, shifts, eta, out):
    """As `bernoulli_table`, where ``shifts[r, j]`` is added to the inputs eta of row r."""
    n_units, n_states = eta.shape
    product = np.empty(n_states, np.float64)
    for r in range(values.shape[0]):
        out[r] = 0.0
        _add_units(values[r], shifts[r], eta, 0, n_units, product, out[r])


@kernel(
    reads(float64, 1), reads(float64, 1), reads(int64, 1), reads(float64, 2), reads(float64, 2),
    writes(float64, 2),
)  # fmt: skip
def bernoulli_completion_table(values, shifts, missing, weights, eta, out):
    """Log p(completed row | state), nats, of all completions of one autoregressive row.

    values, shifts : (n_units,), the row with any numbers where values are missing, and what the
    others add to the inputs; missing : (n_missing,), which those are, rising; weights : (n_missing,
    n_units), what each of them adds if it is 1; eta : (n_units, n_states); out :
    (2^n_missing, n_states), the first missing value varying fastest.
    """
    n_units, n_states = eta.shape
    n_missing = len(missing)
    first = missing[0] if n_missing else n_units  # units before it see no completion
    product, before = np.empty(n_states, np.float64), np.zeros(n_states, np.float64)
    completed, moved = np.empty(n_units, np.float64), np.empty(n_units, np.float64)
    _add_units(values, shifts, eta, 0, first, product, before)
    for number in range(out.shape[0]):
        copy_row(values, completed)
        copy_row(shifts, moved)
        for k in range(n_missing):
            fires = (number >> k) & 1
            completed[missing[k]] = fires
            if fires:
                moved += weights[k]
        copy_row(before, out[number])
        _add_units(completed, moved, eta, first, n_units, product, out[number])


@kernel(reads(float64, 2), reads(float64, 2), reads(float64, 1), writes(float64, 2))
def gaussian_table(values, eta, variance, out):
    """``out[r, s] = -1/2 sum_j (x_rj - eta_js)^2 / v_j + log 2 pi v_j``: log-densities, nats.

    values : (n_rows, n_units); eta : (n_units, n_states); variance : (n_units,).
    """
    n_units, n_states = eta.shape
    for r in range(values.shape[0]):
        target = out[r]
        for s in range(n_states):
            target[s] = 0.0
        for j in range(n_units):
            x, mean, half = values[r, j], eta[j], 0.5 / variance[j]
            if x == x:
                constant = 0.5 * math.log(variance[j]) + _HALF_LOG_2_PI
                for s in range(n_states):
                    difference = x - mean[s]
                    target[s] -= half * difference * difference + constant
