"""A step of a Boltzmann machine on rows and chains of bits, without anything between its parts.

Given hidden states, chains draw their data. From then on rows and chains share all products, and
64 hidden units at a time have their inputs, draw the states from which chains go on, leave their
part of log p*, and turn into probabilities, whose product with the data is the gradient of their
weights. Only bits are kept from one of these to the next: inputs never leave the cache.

Every number is that of the kernels of `tables`, `bernoulli` and `counts` one after the other, to
the bit, but for log p*, whose parts are added in another order.
"""

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .arithmetic import fill, maximum, total
from .copying import copy_rows
from .counts import count_ones
from .dense import read_only
from .dream import copy_first, dream
from .exponential import compound, exp_minus_size, is_below_sigmoid, log1p, sigmoid
from .kernel import helper, kernel, opaque_true, reads, routine, writes
from .lanes import LANES, load, store
from .random import UNITS, uniform_block
from .tables import (
    N_GROUPS,
    WIDTH,
    add_rows,
    add_tables,
    aligned,
    column_words,
    copy_columns,
    start_of,
    write_row_words,
    zero_words,
)

_ENTRIES = 16 * WIDTH * N_GROUPS  # of the tables of a span
_PAIRS = 4  # of panels, 256 units, of whose softplus one logarithm is taken
_ROOM = 2 * LANES  # of a row, for parts of softplus
_ZERO, _ONE = np.float32(0), np.float32(1)


@helper
def _weigh(sums, s, present, j, sign, parts):
    """Turn inputs of sixteen hidden units into probabilities times ``sign``.

    Returns the inputs, ``exp(-|eta|)``, and the parts of softplus with theirs added: the sum of
    ``-max(eta, 0)``, and what the product of ``1 + exp(-|eta|)`` has more than 1.
    """
    linear, surplus = parts
    real = load(present, j)
    a = real * load(sums, s)
    grown = exp_minus_size(a)
    store(sums, s, sign * sigmoid(a, grown))
    return a, grown, (linear - maximum(a, _ZERO), compound(surplus, real * grown))


@helper
def _go_on(sums, s, present, j, sign, parts, u, drawn, place):
    """Do as `_weigh`, and draw sixteen hidden units of a chain; returns the parts."""
    a, grown, parts = _weigh(sums, s, present, j, sign, parts)
    store(drawn, place, is_below_sigmoid(u, a, grown))
    return parts


@helper
def _turn_rows(sums, apart, present, j, weights, room):
    """Turn 64 inputs of every row into probabilities, see `_weigh`."""
    for i in range(weights.shape[0]):
        s, r, sign = i * WIDTH, i * _ROOM, weights[i]
        s1, p = s + LANES, (load(room, r), load(room, r + LANES))
        _, _, p = _weigh(sums, s, present, j, sign, p)
        _, _, p = _weigh(sums, s1, present, j + LANES, sign, p)
        _, _, p = _weigh(apart, s, present, j + 2 * LANES, sign, p)
        _, _, p = _weigh(apart, s1, present, j + 3 * LANES, sign, p)
        store(room, r, p[0])
        store(room, r + LANES, p[1])


@helper
def _turn_chains(sums, apart, present, j, shares, m0, key, addresses, particle, layer, drawn, room):
    """Turn 64 inputs of every chain, which come after the rows, and draw its hidden states."""
    target, stride = drawn.reshape(-1), drawn.shape[1]
    for i in range(shares.shape[0]):
        u0, u1, u2, u3 = uniform_block(key, addresses[i], particle, layer, j // UNITS)
        s, r, sign = (m0 + i) * WIDTH, (m0 + i) * _ROOM, _ZERO - shares[i]
        s1, p = s + LANES, (load(room, r), load(room, r + LANES))
        h, j1, j2, j3 = i * stride + j, j + LANES, j + 2 * LANES, j + 3 * LANES
        p = _go_on(sums, s, present, j, sign, p, u0, target, h)
        p = _go_on(sums, s1, present, j1, sign, p, u1, target, h + LANES)
        p = _go_on(apart, s, present, j2, sign, p, u2, target, h + 2 * LANES)
        p = _go_on(apart, s1, present, j3, sign, p, u3, target, h + 3 * LANES)
        store(room, r, p[0])
        store(room, r + LANES, p[1])


@helper
def _settle(room, minus_sums):
    """Take minus the softplus of what the room holds."""
    zero = fill(_ZERO)
    for i in range(minus_sums.shape[0]):
        r = i * _ROOM
        minus_sums[i] += total(load(room, r) - log1p(load(room, r + LANES)))
        store(room, r, zero)
        store(room, r + LANES, zero)


@routine
def _write_panel(by_unit, error, n_rows, j0, tables, sums, by_matrix, by_intercept):
    """Write the gradient of up to 32 hidden units from j0 on.

    by_unit : the data as words along the rows; error : of these units, (n_rows, WIDTH), flat.
    """
    (n_visible, n_hidden), zero = by_matrix.shape, fill(_ZERO)
    width, yes = min(WIDTH, n_hidden - j0), opaque_true(n_rows)
    no_place = n_rows - n_rows
    add_tables(
        by_unit, read_only(error), n_rows, WIDTH, no_place, zero, zero, yes, tables, sums,
        no_place, WIDTH,
    )  # fmt: skip
    copy_columns(sums, 0, WIDTH, by_matrix.reshape(-1), j0, n_hidden, n_visible, width)
    own = np.empty(WIDTH, np.float32)
    add_rows(error.reshape(n_rows, WIDTH), yes, own)
    for j in range(width):
        by_intercept[j0 + j] = own[j]


@helper
def _add_up(words, entries, n_visible, n_hidden, intercept, j0, tables, sums):
    """The inputs of up to 32 hidden units from j0 on, for all rows."""
    if j0 < n_hidden:
        yes, no_place = opaque_true(n_hidden), n_hidden - n_hidden
        low, high = start_of(intercept, j0, min(WIDTH, n_hidden - j0))
        add_tables(
            words, entries, n_visible, n_hidden, j0, low, high, yes, tables, sums, no_place, WIDTH
        )


@routine
def _learn(
    states, words, matrix, intercept, weights, shares, key, addresses, particle, layer, tables,
    hidden, minus_sums, by_matrix, by_intercept,
):  # fmt: skip
    """Go through all hidden units given the data of rows and, after them, chains."""
    (n_all, n_visible), n_hidden = states.shape, matrix.shape[1]
    m0, by_unit, entries = weights.shape[0], column_words(states), matrix.reshape(-1)
    sums, apart, room = aligned(n_all * WIDTH), aligned(n_all * WIDTH), aligned(n_all * _ROOM)
    slopes, present = aligned(n_visible * WIDTH), aligned(n_hidden + UNITS)
    drawn = np.empty((shares.shape[0], UNITS * -(-n_hidden // UNITS)), np.uint8)
    for j in range(n_hidden):
        present[j] = _ONE
    for j in range(0, n_hidden, UNITS):
        _add_up(words, entries, n_visible, n_hidden, intercept, j, tables, sums)
        _add_up(words, entries, n_visible, n_hidden, intercept, j + WIDTH, tables, apart)
        _turn_rows(sums, apart, present, j, weights, room)
        _turn_chains(
            sums, apart, present, j, shares, m0, key, addresses, particle, layer, drawn, room
        )
        if (j // UNITS) % _PAIRS == _PAIRS - 1 or j + UNITS >= n_hidden:
            _settle(room, minus_sums)
        _write_panel(by_unit, sums, n_all, j, tables, slopes, by_matrix, by_intercept)
        if j + WIDTH < n_hidden:
            _write_panel(by_unit, apart, n_all, j + WIDTH, tables, slopes, by_matrix, by_intercept)
    copy_first(drawn, hidden, m0 - m0)


@helper
def _log_p(ones, intercept, weights, minus_sums, m0):
    """The weighted sum of log p*(v) over some rows, from m0 on; ones : their weighted counts."""
    result = 0.0
    for k in range(ones.shape[0]):
        result += ones[k] * intercept[k]
    for i in range(weights.shape[0]):
        result -= weights[i] * minus_sums[m0 + i]
    return result


@kernel(
    reads(uint8, "n v"), reads(float32, "n"), reads(float32, "v m"), reads(float32, "v"),
    reads(float32, "m"), reads(uint32, "2"), reads(uint64, "c"), int64, uint32, uint32,
    reads(float32, "c"), writes(uint8, "c m"), writes(float32, "v m"), writes(float32, "v"),
    writes(float32, "m"), writes(float64, "3"),
)  # fmt: skip
def boltzmann_step(
    x, weights, matrix, visible_intercept, hidden_intercept, key, addresses, particle,
    visible_layer, hidden_layer, shares, hidden, by_matrix, by_visible, by_hidden, sums,
):  # fmt: skip
    """Move chains by a sweep, and write what rows show more than chains.

    x, weights : data of rows, and what they count; matrix : W, (n_visible, n_hidden); key,
    addresses, particle, visible_layer, hidden_layer : of random numbers, as of `bernoulli_sample`;
    shares, hidden : what chains count, and their hidden states, moved in place; by_matrix,
    by_visible, by_hidden : ``sum w v p(h | v)'``, ``sum w v`` and ``sum w p(h | v)`` of rows less
    those of chains; sums : ``sum w log p*(v)`` of rows and of chains, nats, and ``sum w`` of rows.
    """
    (n_rows, n_visible), n_chains = x.shape, shares.shape[0]
    n_all, tables = n_rows + n_chains, aligned(_ENTRIES)
    states, words = np.empty((n_all, n_visible), np.uint8), zero_words(n_visible, n_all)
    copy_rows(x, states)
    write_row_words(x, words, n_rows - n_rows)
    dream(
        hidden, matrix, visible_intercept, key, addresses, particle, visible_layer, tables, n_rows,
        states, words,
    )  # fmt: skip
    minus_sums, ones = np.zeros(n_all), np.empty((2, n_visible))
    _learn(
        states, words, matrix, hidden_intercept, weights, shares, key, addresses, particle,
        hidden_layer, tables, hidden, minus_sums, by_matrix, by_hidden,
    )  # fmt: skip
    count_ones(states, n_rows - n_rows, weights, ones[0])
    count_ones(states, n_rows, shares, ones[1])
    for k in range(n_visible):
        by_visible[k] = ones[0, k] - ones[1, k]
    sums[0] = _log_p(ones[0], visible_intercept, weights, minus_sums, n_rows - n_rows)
    sums[1] = _log_p(ones[1], visible_intercept, shares, minus_sums, n_rows)
    sums[2] = 0.0
    for i in range(n_rows):
        sums[2] += weights[i]
