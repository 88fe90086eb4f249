"""Block Gibbs sampling of two sides of binary units, a whole side at a time, and annealing by it.

At the inverse temperature beta a visible side v of biases a and b, and a hidden side of weights W
and inputs ``eta = c + v'W``, have

    f_beta(v) = exp(((1 - beta) a + beta b)'v) prod_j (1 + exp(beta eta_j)),

under which the hidden units have the inputs ``beta eta`` given v, and the visible ones
``a + beta (b - a + W h)`` given h. As all states are binary, both products are those of `tables`.
What is observed of a row is clamped: its cells stay 0 in v, and what they add is in the inputs.

States are held as the bits of words, 32 units a word, which is what both products want, and as soon
as 64 units of a side have their sums for all chains, their states are drawn. Weights come in panels
of 32 columns, since a product goes through them column by column, and all that goes with units is
filled up to pairs of panels.
"""

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .arithmetic import fill, maximum, multiply_add, select, total
from .exponential import compound, exp_minus_size, log1p
from .kernel import helper, kernel, opaque_true, reads, routine, writes
from .lanes import LANES, gather_flags, load, store
from .random import UNITS, uniform_block
from .tables import N_GROUPS, WIDTH, add_tables, aligned, row_words

_ENTRIES = 16 * WIDTH * N_GROUPS  # of the tables of a span
_PAIRS = 4  # of panels, 256 units, of whose softplus one logarithm is taken
_ROOM = 3 * LANES  # of a chain, for parts of softplus
_ZERO, _ONE = np.float32(0), np.float32(1)
_HALF_WORD, _BIT = np.uint32(LANES), np.uint32(1)


@helper
def _add_panels(words, panels, n_inputs, pair, tables, sums, apart):
    """The sums of a pair of panels for all rows, 32 units of each in ``sums`` and in ``apart``."""
    zero, size = fill(_ZERO), n_inputs * WIDTH
    fresh, start = opaque_true(size), 2 * pair * size
    first = panels[start : start + size]
    add_tables(words, first, n_inputs, WIDTH, 0, zero, zero, fresh, tables, sums, 0, WIDTH)
    second = panels[start + size : start + 2 * size]
    if second.shape[0]:
        add_tables(words, second, n_inputs, WIDTH, 0, zero, zero, fresh, tables, apart, 0, WIDTH)


@helper
def _fires(a, grown, u, present):
    """Flags of units that are present and whose number is below sigmoid(a); grown : exp(-|a|)."""
    return u * (_ONE + grown) < present * select(a < _ZERO, grown, _ONE)


@helper
def _draw_hidden(sums, s, inputs, i, present, j, beta, u):
    """Bits of sixteen hidden units given their inputs."""
    a = beta * (load(inputs, i) + load(sums, s))
    return gather_flags(_fires(a, exp_minus_size(a), u, load(present, j)))


@helper
def _draw_tempered(sums, s, inputs, i, present, j, before, beta, u, parts):
    """Bits as of `_draw_hidden`; and the parts of softplus at both temperatures, with theirs added.

    That is the sum of ``max(eta, 0)``, and the surpluses of the products of ``1 + exp(-|x|)``.
    """
    linear, surplus, surplus_before = parts
    real = load(present, j)
    eta = real * (load(inputs, i) + load(sums, s))
    a = beta * eta
    grown, other = exp_minus_size(a), real * exp_minus_size(before * eta)
    bits = gather_flags(_fires(a, grown, u, real))
    surplus, surplus_before = compound(surplus, real * grown), compound(surplus_before, other)
    return bits, (linear + maximum(eta, _ZERO), surplus, surplus_before)


@helper
def _settle(room, before, beta, log_weights):
    """Add ``sum_j softplus(beta eta_j) - softplus(before eta_j)`` of what the room holds."""
    zero = fill(_ZERO)
    for i in range(log_weights.shape[0]):
        r = i * _ROOM
        log_weights[i] += (float64(beta) - before) * total(load(room, r))
        log_weights[i] += total(log1p(load(room, r + LANES)) - log1p(load(room, r + 2 * LANES)))
        store(room, r, zero)
        store(room, r + LANES, zero)
        store(room, r + 2 * LANES, zero)


@helper
def _draw_visible(sums, s, base, gain, free, f, j, beta, u, active):
    """Bits of sixteen visible units; and the gains of units that are on, with theirs added."""
    more = load(gain, j)
    a = multiply_add(beta, more + load(sums, s), load(base, j))
    fires = _fires(a, exp_minus_size(a), u, load(free, f))
    return gather_flags(fires), active + select(fires, more, _ZERO)


@helper
def _keep(words, pair, i, b0, b1, b2, b3):
    """Write four times sixteen bits as one word, or two where there is a second one."""
    words[2 * pair, i] = b0 | b1 << _HALF_WORD
    if 2 * pair + 1 < words.shape[0]:
        words[2 * pair + 1, i] = b2 | b3 << _HALF_WORD


@routine
def _move_hidden(
    visible, panels, n_visible, inputs, places, present, before, beta, key, addresses, numbers,
    step, word, tables, sums, apart, room, hidden, log_weights,
):  # fmt: skip
    """Draw h given v, and weigh the step from one inverse temperature to the next.

    places, addresses : of each chain, where its row's inputs begin, and of its random numbers.
    """
    n_chains, n_pairs, weighs = numbers.shape[0], present.shape[0] // UNITS, before != beta
    for pair in range(n_pairs):
        _add_panels(visible, panels, n_visible, pair, tables, sums, apart)
        j = UNITS * pair
        j1, j2, j3 = j + LANES, j + 2 * LANES, j + 3 * LANES
        for i in range(n_chains):
            u0, u1, u2, u3 = uniform_block(key, addresses[i], numbers[i] + step, word, pair)
            s, k, r = i * WIDTH, places[i] + j, i * _ROOM
            s1, k1, k2, k3 = s + LANES, k + LANES, k + 2 * LANES, k + 3 * LANES
            if weighs:
                p = load(room, r), load(room, r + LANES), load(room, r + 2 * LANES)
                b0, p = _draw_tempered(sums, s, inputs, k, present, j, before, beta, u0, p)
                b1, p = _draw_tempered(sums, s1, inputs, k1, present, j1, before, beta, u1, p)
                b2, p = _draw_tempered(apart, s, inputs, k2, present, j2, before, beta, u2, p)
                b3, p = _draw_tempered(apart, s1, inputs, k3, present, j3, before, beta, u3, p)
                store(room, r, p[0])
                store(room, r + LANES, p[1])
                store(room, r + 2 * LANES, p[2])
            else:
                b0 = _draw_hidden(sums, s, inputs, k, present, j, beta, u0)
                b1 = _draw_hidden(sums, s1, inputs, k1, present, j1, beta, u1)
                b2 = _draw_hidden(apart, s, inputs, k2, present, j2, beta, u2)
                b3 = _draw_hidden(apart, s1, inputs, k3, present, j3, beta, u3)
            _keep(hidden, pair, i, b0, b1, b2, b3)
        if weighs and (pair % _PAIRS == _PAIRS - 1 or pair == n_pairs - 1):
            _settle(room, before, beta, log_weights)


@routine
def _move_visible(
    hidden, panels, n_hidden, base, gain, free, places, beta, key, addresses, numbers, step, word,
    tables, sums, apart, active, visible, linear,
):  # fmt: skip
    """Draw v given h, and sum up the gains of the units that are on.

    places, addresses : of each chain, where its row's free cells begin, and of its random numbers.
    """
    n_chains, zero = numbers.shape[0], fill(_ZERO)
    for i in range(n_chains):
        store(active, i * LANES, zero)
    for pair in range(base.shape[0] // UNITS):
        _add_panels(hidden, panels, n_hidden, pair, tables, sums, apart)
        j = UNITS * pair
        j1, j2, j3 = j + LANES, j + 2 * LANES, j + 3 * LANES
        for i in range(n_chains):
            u0, u1, u2, u3 = uniform_block(key, addresses[i], numbers[i] + step, word, pair)
            s, f, r = i * WIDTH, places[i], i * LANES
            s1, on = s + LANES, load(active, r)
            b0, on = _draw_visible(sums, s, base, gain, free, f + j, j, beta, u0, on)
            b1, on = _draw_visible(sums, s1, base, gain, free, f + j1, j1, beta, u1, on)
            b2, on = _draw_visible(apart, s, base, gain, free, f + j2, j2, beta, u2, on)
            b3, on = _draw_visible(apart, s1, base, gain, free, f + j3, j3, beta, u3, on)
            store(active, r, on)
            _keep(visible, pair, i, b0, b1, b2, b3)
    for i in range(n_chains):
        linear[i] = total(load(active, i * LANES))


@helper
def _sum_up(states, gain, active, linear):
    """The gains of the units that are on, added in the order of `_move_visible`."""
    zero = fill(_ZERO)
    for i in range(states.shape[0]):
        store(active, 0, zero)
        for j in range(states.shape[1]):
            if states[i, j]:
                active[j % LANES] += gain[j]
        linear[i] = total(load(active, 0))


@helper
def _unpack(words, states):
    """The bits of words (n_spans, n_rows) as states (n_rows, n_units)."""
    for i in range(states.shape[0]):
        for j in range(states.shape[1]):
            states[i, j] = words[j // WIDTH, i] >> uint32(j % WIDTH) & _BIT


@kernel(
    reads(float32, "_ v 32"), reads(float32, "_ m 32"), reads(float32, "w"), reads(float32, "w"),
    reads(float32, "r x"), reads(float32, "r w"), reads(float32, "x"), reads(float32, "t+1"),
    reads(uint32, "2"), reads(uint64, "n/_"), reads(int64, "n"), uint32, uint32,
    writes(uint8, "n v"), writes(uint8, "n m"), writes(float64, "n"),
)  # fmt: skip
def block_gibbs_sweeps(
    up, down, base, gain, inputs, free, present, betas, key, addresses, numbers, visible_word,
    hidden_word, visible, hidden, log_weights,
):  # fmt: skip
    """Move chains by sweeps of both sides, and weigh them as in annealed importance sampling.

    Before sweep t, ``log f(v)`` at ``betas[t + 1]`` less that at ``betas[t]`` is added to the
    log-weight of a chain; the sweep draws h given v and v given h, and leaves f at ``betas[t + 1]``
    invariant. It is its own reversal, as seen from v.

    up, down : W and W' in panels, (n_panels, n_inputs, 32); base, gain : a and b - a; inputs, free
    : of each row what its hidden units get from the clamped cells and their bias, and 1 where cells
    are free; present : 1 for hidden units; all of these with zeros up to a multiple of 64 units;
    betas : (n_sweeps + 1,); numbers : of the first sweep of each chain; visible_word, hidden_word :
    the layers of their random numbers; visible : (n_chains, n_visible), zero where clamped, moved
    in place; hidden : (n_chains, n_hidden), the last states. Chains of a row are neighbours.
    """
    n_chains, n_visible, n_hidden = visible.shape[0], visible.shape[1], hidden.shape[1]
    tables, room = aligned(_ENTRIES), aligned(n_chains * _ROOM)
    sums, apart = aligned(n_chains * WIDTH), aligned(n_chains * WIDTH)
    active, linear = aligned(max(n_chains, 1) * LANES), np.empty(n_chains)
    v, h = row_words(visible), row_words(hidden)
    flat_up, flat_down = up.reshape(-1), down.reshape(-1)
    flat_inputs, flat_free = inputs.reshape(-1), free.reshape(-1)
    places, free_places = np.empty(n_chains, np.int64), np.empty(n_chains, np.int64)
    own = np.empty(n_chains, np.uint64)
    share, share_address = n_chains // inputs.shape[0], n_chains // addresses.shape[0]
    for i in range(n_chains):
        places[i], free_places[i] = i // share * inputs.shape[1], i // share * free.shape[1]
        own[i] = addresses[i // share_address]
    _sum_up(visible, gain, active, linear)
    for t in range(betas.shape[0] - 1):
        before, beta = betas[t], betas[t + 1]
        for i in range(n_chains):
            log_weights[i] += (float64(beta) - before) * linear[i]
        _move_hidden(
            v, flat_up, n_visible, flat_inputs, places, present, before, beta, key, own, numbers, t,
            hidden_word, tables, sums, apart, room, h, log_weights,
        )  # fmt: skip
        _move_visible(
            h, flat_down, n_hidden, base, gain, flat_free, free_places, beta, key, own, numbers, t,
            visible_word, tables, sums, apart, active, v, linear,
        )  # fmt: skip
    _unpack(v, visible)
    _unpack(h, hidden)
