"""Data that chains of a Boltzmann machine of bits dream, given their hidden states."""

import numpy as np
from numba import uint32

from .copying import copy_row
from .exponential import exp_minus_size, is_below_sigmoid
from .kernel import helper, routine
from .lanes import LANES, gather_flags, load, store
from .random import UNITS, uniform_block
from .tables import SPAN, WIDTH, add_transposed, aligned, row_words, start_of

_HALF_WORD, _ONE_BIT, _ALL_BITS = np.uint32(LANES), np.uint32(1), np.uint32(2**32 - 1)


@helper
def _draw_data(sums, s, u, drawn, place):
    """Draw sixteen visible units of a chain; their bits."""
    a = load(sums, s)
    fires = is_below_sigmoid(u, a, exp_minus_size(a))
    store(drawn, place, fires)
    return gather_flags(fires)


@helper
def _first_bits(n):
    """A word of which the first n bits are set, all of them from 32 on."""
    return uint32(_ALL_BITS if n >= SPAN else (_ONE_BIT << uint32(n)) - _ONE_BIT)


@helper
def copy_first(drawn, states, m0):
    """Copy the first units of rows that have whole blocks of them to the rows from m0 on."""
    for i in range(drawn.shape[0]):
        copy_row(drawn[i], states[m0 + i])


@routine
def dream(hidden, matrix, intercept, key, addresses, particle, layer, tables, m0, states, words):
    """Draw the data of chains given their hidden states: the rows of ``states`` from m0 on.

    And their bits in ``words``, zeros before, (n_spans, n_rows + n_chains).
    """
    (n_chains, n_hidden), n_visible = hidden.shape, states.shape[1]
    own, entries, panel = row_words(hidden), matrix.reshape(-1), aligned(SPAN * WIDTH)
    sums, apart = aligned(n_chains * WIDTH), aligned(n_chains * WIDTH)
    drawn = np.empty((n_chains, UNITS * -(-n_visible // UNITS)), np.uint8)
    target, stride = drawn.reshape(-1), drawn.shape[1]
    for j in range(0, n_visible, UNITS):
        j2 = j + WIDTH
        low, high = start_of(intercept, j, min(WIDTH, n_visible - j))
        add_transposed(own, entries, n_hidden, n_visible, j, low, high, panel, tables, sums)
        if j2 < n_visible:
            low, high = start_of(intercept, j2, min(WIDTH, n_visible - j2))
            add_transposed(own, entries, n_hidden, n_visible, j2, low, high, panel, tables, apart)
        for i in range(n_chains):
            u0, u1, u2, u3 = uniform_block(key, addresses[i], particle, layer, j // UNITS)
            s, place = i * WIDTH, i * stride + j
            s1 = s + LANES
            b0 = _draw_data(sums, s, u0, target, place)
            b1 = _draw_data(sums, s1, u1, target, place + LANES)
            b2 = _draw_data(apart, s, u2, target, place + 2 * LANES)
            b3 = _draw_data(apart, s1, u3, target, place + 3 * LANES)
            words[j // SPAN, m0 + i] = (b0 | b1 << _HALF_WORD) & _first_bits(n_visible - j)
            if j2 < n_visible:
                words[j // SPAN + 1, m0 + i] = (b2 | b3 << _HALF_WORD) & _first_bits(n_visible - j2)
    copy_first(drawn, states, m0)
