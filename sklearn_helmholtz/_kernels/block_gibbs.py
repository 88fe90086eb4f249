"""Block Gibbs sampling of two sides of binary units, a whole side at a time, and annealing by it.

At the inverse temperature beta a visible side v of biases a and b, and a hidden side of weights W
and inputs ``eta = c + v'W``, have

    f_beta(v) = exp(((1 - beta) a + beta b)'v) prod_j (1 + exp(beta eta_j)),

under which the hidden units have the inputs ``beta eta`` given v, and the visible ones
``a + beta (b - a + W h)`` given h. As all states are binary, both products are those of `tables`.
What is observed of a row is clamped: its cells stay 0 in v, and what they add is in the inputs.
"""

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .arithmetic import fill, maximum, multiply_add, select, total
from .exponential import compound, exp_minus_size, log1p
from .kernel import helper, kernel, reads, writes
from .lanes import LANES, first, load, load_first, store, store_first
from .random import UNITS, uniform_row
from .tables import product

_SEGMENT = 16 * LANES
_ZERO, _ONE = np.float32(0), np.float32(1)


@helper
def _draw_hidden(sums, s0, inputs, i0, beta, uniforms, states, n):
    """Hidden units fire where their number is below sigmoid(beta eta)."""
    full = n - n % LANES
    for j in range(0, full, LANES):
        a = beta * (load(inputs, i0 + j) + load(sums, s0 + j))
        grown = exp_minus_size(a)
        fires = load(uniforms, j) * (_ONE + grown) < select(a < _ZERO, grown, _ONE)
        store(states, s0 + j, fires)
    if full < n:
        m = n - full
        a = beta * (load_first(inputs, i0 + full, m) + load_first(sums, s0 + full, m))
        grown = exp_minus_size(a)
        fires = load(uniforms, full) * (_ONE + grown) < select(a < _ZERO, grown, _ONE)
        store_first(states, s0 + full, fires, m)


@helper
def _draw_tempered(sums, s0, inputs, i0, before, beta, uniforms, states, n):
    """As `_draw_hidden`; and ``sum_j softplus(beta eta_j) - softplus(before eta_j)``."""
    result = 0.0
    for start in range(0, n, _SEGMENT):
        linear, surplus, surplus_before = fill(_ZERO), fill(_ZERO), fill(_ZERO)
        stop = min(start + _SEGMENT, n)
        full = stop - (stop - start) % LANES
        for j in range(start, full, LANES):
            eta = load(inputs, i0 + j) + load(sums, s0 + j)
            a = beta * eta
            grown = exp_minus_size(a)
            fires = load(uniforms, j) * (_ONE + grown) < select(a < _ZERO, grown, _ONE)
            store(states, s0 + j, fires)
            linear += maximum(eta, _ZERO)
            surplus = compound(surplus, grown)
            surplus_before = compound(surplus_before, exp_minus_size(before * eta))
        if full < stop:
            m = stop - full
            eta = load_first(inputs, i0 + full, m) + load_first(sums, s0 + full, m)
            a = beta * eta
            grown = exp_minus_size(a)
            fires = load(uniforms, full) * (_ONE + grown) < select(a < _ZERO, grown, _ONE)
            store_first(states, s0 + full, fires, m)
            linear += maximum(eta, _ZERO)
            surplus = compound(surplus, select(first(m), grown, _ZERO))
            grown = exp_minus_size(before * eta)
            surplus_before = compound(surplus_before, select(first(m), grown, _ZERO))
        result += (float64(beta) - before) * total(linear)
        result += total(log1p(surplus) - log1p(surplus_before))
    return result


@helper
def _draw_visible(sums, s0, base, gain, beta, free, f0, uniforms, states, n):
    """Free visible units fire, clamped ones do not; ``sum_i gain_i v_i`` of what comes of it."""
    linear, full = fill(_ZERO), n - n % LANES
    for j in range(0, full, LANES):
        more = load(gain, j)
        a = multiply_add(beta, more + load(sums, s0 + j), load(base, j))
        grown = exp_minus_size(a)
        odds = load(free, f0 + j) * select(a < _ZERO, grown, _ONE)
        fires = load(uniforms, j) * (_ONE + grown) < odds
        store(states, s0 + j, fires)
        linear += select(fires, more, _ZERO)
    if full < n:
        m = n - full
        more = load_first(gain, full, m)
        a = multiply_add(beta, more + load_first(sums, s0 + full, m), load_first(base, full, m))
        grown = exp_minus_size(a)
        odds = load_first(free, f0 + full, m) * select(a < _ZERO, grown, _ONE)
        fires = load(uniforms, full) * (_ONE + grown) < odds
        store_first(states, s0 + full, fires, m)
        linear += select(fires, more, _ZERO)
    return total(linear)


@helper
def _sum_of_active(states, s0, gain, n):
    """``sum_i gain_i v_i``, added as `_draw_visible` does."""
    linear, full = fill(_ZERO), n - n % LANES
    for j in range(0, full, LANES):
        linear += load(states, s0 + j) * load(gain, j)
    if full < n:
        linear += load_first(states, s0 + full, n - full) * load_first(gain, full, n - full)
    return total(linear)


@kernel(
    reads(float32, "v m"), reads(float32, "m v"), reads(float32, "v"), reads(float32, "v"),
    reads(float32, "r m"), reads(uint8, "r v"), reads(float32, "t+1"), reads(uint32, "2"),
    reads(uint64, "n/_"), reads(int64, "n"), uint32, uint32, writes(uint8, "n v"),
    writes(uint8, "n m"), writes(float64, "n"),
)  # fmt: skip
def block_gibbs_sweeps(
    weights, transposed, base, gain, inputs, free, betas, key, addresses, numbers, visible_word,
    hidden_word, visible, hidden, log_weights,
):  # fmt: skip
    """Move chains by sweeps of both sides, and weigh them as in annealed importance sampling.

    Before sweep t, ``log f(v)`` at ``betas[t + 1]`` less that at ``betas[t]`` is added to the
    log-weight of a chain; the sweep draws h given v and v given h, and leaves f at ``betas[t + 1]``
    invariant. It is its own reversal, as seen from v.

    weights, transposed : W and W'; base : a; gain : b - a; inputs, free : of each row what its
    hidden units get from the clamped cells and their bias, and whether cells are free;
    betas : (n_sweeps + 1,); numbers : of the first sweep of each chain; visible_word, hidden_word :
    the layers of their random numbers; visible : (n_chains, n_visible), zero where clamped, moved
    in place; hidden : (n_chains, n_hidden), the last states. Chains of a row are neighbours.
    """
    n_chains, n_visible, n_hidden = visible.shape[0], visible.shape[1], hidden.shape[1]
    share, share_address = n_chains // inputs.shape[0], n_chains // addresses.shape[0]
    up, down = np.empty((n_chains, n_hidden), np.float32), np.empty(visible.shape, np.float32)
    hidden_zeros, visible_zeros = np.zeros(n_hidden, np.float32), np.zeros(n_visible, np.float32)
    most = max(n_visible, n_hidden)
    uniforms = np.empty(UNITS * -(-most // UNITS), np.float32)
    for_hidden = uniforms[: UNITS * -(-n_hidden // UNITS)]
    for_visible = uniforms[: UNITS * -(-n_visible // UNITS)]
    flat_up, flat_down = up.reshape(-1), down.reshape(-1)
    flat_inputs, flat_free = inputs.reshape(-1), free.reshape(-1)
    v, h = visible.reshape(-1), hidden.reshape(-1)
    linear = np.empty(n_chains)
    for i in range(n_chains):
        linear[i] = _sum_of_active(v, i * n_visible, gain, n_visible)
    for t in range(betas.shape[0] - 1):
        before, beta = betas[t], betas[t + 1]
        product(visible, weights, hidden_zeros, up)
        for i in range(n_chains):
            address, number = addresses[i // share_address], numbers[i] + t
            uniform_row(key, address, number, hidden_word, for_hidden)
            i0, s0 = i // share * n_hidden, i * n_hidden
            if before == beta:
                _draw_hidden(flat_up, s0, flat_inputs, i0, beta, uniforms, h, n_hidden)
            else:
                log_weights[i] += (float64(beta) - before) * linear[i] + _draw_tempered(
                    flat_up, s0, flat_inputs, i0, before, beta, uniforms, h, n_hidden
                )
        product(hidden, transposed, visible_zeros, down)
        for i in range(n_chains):
            address, number = addresses[i // share_address], numbers[i] + t
            uniform_row(key, address, number, visible_word, for_visible)
            linear[i] = _draw_visible(
                flat_down, i * n_visible, base, gain, beta, flat_free, i // share * n_visible,
                uniforms, v, n_visible,
            )  # fmt: skip
