"""Sums over all states of one side of binary units, one flipped unit a step, in float64.

The other side is summed out in closed form: for inputs ``x = intercept + sum_i s_i weights_i`` the
sum over its states has the logarithm ``sum_j softplus(x_j)``. States are visited in the order of
Gray's code, in which neighbours differ in one unit, so that a step adds one row of weights. Inputs
are made anew every 4,096 states, so that rounding errors do not pile up.

Rows of weights are filled up to whole lanes; the units past the end have inputs far below zero,
which add nothing.
"""

import math

import numpy as np
from numba import float64, int64

from .arithmetic import absolute, fill_doubles, maximum, multiply_add, total
from .copying import copy_row
from .exponential import exp_double
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, load, store

RESTART = 12  # bits of the numbers of states that are walked through in one go
_FACTORS = 512  # up to 2 in a product of float64
_ZERO, _ONE = np.float64(0), np.float64(1)


@routine
def _move(inputs, weights, w0, sign, room):
    """Add a multiple of some weights to the inputs; the sum of their softplus.

    The logarithm of ``1 + exp(-|x|)`` is taken of products of many.
    """
    result = 0.0
    for start in range(0, inputs.shape[0], _FACTORS):
        product, positive = fill_doubles(_ONE), fill_doubles(_ZERO)
        for j in range(start, min(start + _FACTORS, inputs.shape[0]), LANES):
            x = multiply_add(sign, load(weights, w0 + j), load(inputs, j))
            store(inputs, j, x)
            positive += maximum(x, _ZERO)
            product = product * (_ONE + exp_double(_ZERO - absolute(x)))
        store(room, 0, product)
        each = 1.0
        for lane in range(LANES):
            each *= room[lane]
        result += total(positive) + math.log(each)
    return result


@helper
def _lowest_bit(number):
    """The place of the lowest bit that is set."""
    place = 0
    while not number >> place & 1:
        place += 1
    return place


@kernel(reads(float64, "k m"), reads(float64, "m"), int64, writes(float64, "_"))
def softplus_sums(weights, intercept, start, out):
    """``out[s] = sum_j softplus(x_j)`` of the states ``start + s``, nats.

    State number s has unit i where its bit i is set. weights : (n_units, n_inputs), n_inputs a
    multiple of 16; out : (2^k,), k at most 12, of which ``start`` is a multiple.
    """
    n_units, n_inputs = weights.shape
    flat, inputs, room = weights.reshape(-1), intercept.copy(), np.empty(LANES)
    for i in range(n_units):
        if start >> i & 1:
            for j in range(n_inputs):
                inputs[j] += weights[i, j]
    out[0], state = _move(inputs, flat, 0, _ZERO, room), 0
    for step in range(1, out.shape[0]):
        unit = _lowest_bit(step)
        sign = -_ONE if state >> unit & 1 else _ONE
        state ^= 1 << unit
        out[state] = _move(inputs, flat, unit * n_inputs, sign, room)


@kernel(
    reads(float64, "n m"), reads(float64, "v m"), reads(float64, "v"), reads(int64, "n+1"),
    reads(int64, "_"), writes(float64, "n"),
)  # fmt: skip
def missing_log_sums(inputs, weights, biases, indptr, columns, out):
    """Log of the sum over all that is missing of each row, nats.

    Of the terms ``exp(sum_i b_i s_i + sum_j softplus(x_j))``, where s are the missing units of a
    row, in ``columns`` from ``indptr[row]`` to ``indptr[row + 1] - 1``, and x its own inputs and
    what s adds to them. inputs : (n_rows, n_inputs); weights : (n_units, n_inputs), n_inputs a
    multiple of 16; biases : (n_units,); out : (n_rows,).
    """
    n_inputs, flat = weights.shape[1], weights.reshape(-1)
    x, room = np.empty(n_inputs), np.empty(LANES)
    for row in range(out.shape[0]):
        low, n = indptr[row], indptr[row + 1] - indptr[row]
        peak, mass, bias, state = -np.inf, 0.0, 0.0, 0
        for step in range(1 << n):
            unit, sign = 0, _ZERO
            if step:
                unit = _lowest_bit(step)
                sign = -_ONE if state >> unit & 1 else _ONE
                state ^= 1 << unit
            if step % (1 << RESTART) == 0:
                copy_row(inputs[row], x)
                bias, sign = 0.0, _ZERO
                for i in range(n):
                    if state >> i & 1:
                        bias += biases[columns[low + i]]
                        for j in range(n_inputs):
                            x[j] += weights[columns[low + i], j]
            column = columns[low + unit] if n else 0
            bias += sign * biases[column]
            value = bias + _move(x, flat, column * n_inputs, sign, room)
            if value > peak:
                mass, peak = mass * math.exp(peak - value) + 1.0, value
            else:
                mass += math.exp(value - peak)
        out[row] = peak + math.log(mass)
