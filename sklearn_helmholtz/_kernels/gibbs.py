"""Single-site Gibbs sampling of the hidden units of a generative net, at any temperature.

Given everything else, hidden unit i of layer l fires with log-odds ``eta_i + log p(children | on) -
log p(children | off)``. Inputs eta of all layers are kept up to date from flip to flip, and made
anew before every sweep, so that rounding errors do not pile up.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .arithmetic import fill, maximum, multiply_add, select, total
from .exponential import compound, exp_minus_size, log1p
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, first, load, load_first, store, store_first
from .random import UNITS, uniform_row

_SEGMENT = 16 * LANES
_ZERO = np.float32(0)
BEYOND = np.float32(1e30)  # every value lies below, but not NaN


@helper
def add_row(weights, w0, step, eta, e0, n_units):
    """``eta += step * weights`` for one row of each."""
    full = n_units - n_units % LANES
    for j in range(0, full, LANES):
        store(eta, e0 + j, multiply_add(step, load(weights, w0 + j), load(eta, e0 + j)))
    if full < n_units:
        n = n_units - full
        a = multiply_add(step, load_first(weights, w0 + full, n), load_first(eta, e0 + full, n))
        store_first(eta, e0 + full, a, n)


@routine
def moved_bernoulli(values, v0, eta, e0, weights, w0, step, n_units):
    """Log-probability of values under the inputs ``eta + step * weights``, as in `bernoulli`."""
    result = 0.0
    for start in range(0, n_units, _SEGMENT):
        linear, surplus = fill(_ZERO), fill(_ZERO)
        stop = min(start + _SEGMENT, n_units)
        full = stop - (stop - start) % LANES
        for j in range(start, full, LANES):
            x = load(values, v0 + j)
            a = multiply_add(step, load(weights, w0 + j), load(eta, e0 + j))
            seen = x < BEYOND
            linear += select(seen, x * a - maximum(a, _ZERO), _ZERO)
            surplus = compound(surplus, select(seen, exp_minus_size(a), _ZERO))
        if full < stop:
            n = stop - full
            x = load_first(values, v0 + full, n)
            a = load_first(weights, w0 + full, n)
            a = multiply_add(step, a, load_first(eta, e0 + full, n))
            seen = x < BEYOND
            linear += select(seen, x * a - maximum(a, _ZERO), _ZERO)
            grown = select(first(n), exp_minus_size(a), _ZERO)
            surplus = compound(surplus, select(seen, grown, _ZERO))
        result += total(linear - log1p(surplus))
    return result


@routine
def moved_gaussian(values, v0, eta, e0, weights, w0, step, precision, n_units):
    """Log-density of values, but for its constant, under the means ``eta + step * weights``.

    precision : of all visible units, numbered as those of eta.
    """
    result = 0.0
    for j in range(0, n_units, LANES):
        n = min(n_units - j, LANES)
        x = load_first(values, v0 + j, n)
        a = load_first(weights, w0 + j, n)
        difference = x - multiply_add(step, a, load_first(eta, e0 + j, n))
        square = difference * difference * load_first(precision, e0 + j, n)
        result -= 0.5 * total(select(x < BEYOND, square, _ZERO))
    return result


@helper
def _log_prob(layer, values, v0, states, places, eta, weights, w0, step, precision, n_units):
    """Log-probability of the units of a layer under their inputs, moved by a row of weights."""
    e0 = places[layer]
    if layer > 0:
        s0 = e0 - places[1]
        return moved_bernoulli(states, s0, eta, e0, weights, w0, step, n_units)
    if precision.shape[0] > 0:
        return moved_gaussian(values, v0, eta, e0, weights, w0, step, precision, n_units)
    return moved_bernoulli(values, v0, eta, e0, weights, w0, step, n_units)


@helper
def _make_inputs(states, sizes, places, weights, starts, intercepts, eta):
    """Inputs of the units of all layers, given all states."""
    for j in range(eta.shape[0]):
        eta[j] = intercepts[j]
    for layer in range(1, sizes.shape[0]):
        n, below = sizes[layer], sizes[layer - 1]
        for i in range(n):
            if states[places[layer] - places[1] + i]:
                w0 = starts[layer] + i * below
                add_row(weights, w0, float32(1), eta, places[layer - 1], below)


@helper
def fires(log_odds, uniform):
    """Whether a unit fires: NaN log-odds count as impossible."""
    if log_odds >= 0:
        return uniform * (1.0 + math.exp(-log_odds)) < 1.0
    grown = math.exp(log_odds)
    return uniform * (1.0 + grown) < grown


@kernel(
    reads(float32, 2), reads(int64, 1), reads(float32, 1), reads(float32, 1), reads(float32, 1),
    reads(float64, 1), reads(float64, 1), int64, reads(uint32, 1), reads(uint64, 1),
    reads(int64, 1), writes(uint8, 2), writes(float64, 1),
)  # fmt: skip
def gibbs_sweeps(
    values, sizes, weights, intercepts, precision, gaps, temperatures, direction, key, addresses,
    numbers, states, log_weights,
):  # fmt: skip
    """Move chains by sweeps over all hidden units; weigh them as in annealed importance sampling.

    Before sweep t, ``gaps[t] * log p(x | h)`` is added to the log-weight of a chain; the sweep
    leaves ``p(h) p(x | h)^temperatures[t]`` invariant. It goes through the units from the data
    upward if ``direction`` is 1; if it is -1 the other way round, which is the reversal of the
    same sweep.

    values : (n_rows, n_features), NaN where missing; sizes : units of each layer from the data
    upward; weights : of layers 1, 2, ..., each (n_units, n_units below), one after the other;
    intercepts : of all layers; precision : (n_features,) of Gaussian visible units, whose constant
    is left out of log p(x | h), or (0,) for Bernoulli ones; gaps, temperatures : (n_sweeps,);
    key : (2,); addresses : (n_rows,); numbers : (n_chains,), of the first sweep of each chain among
    all sweeps of the row; states : (n_chains, n_hidden), the layers side by side; log_weights :
    (n_chains,). The chains of a row are neighbours.
    """
    n_layers, n_chains, n_hidden = sizes.shape[0], states.shape[0], states.shape[1]
    share = n_chains // values.shape[0]
    places, starts = np.zeros(n_layers, np.int64), np.zeros(n_layers, np.int64)
    for layer in range(1, n_layers):
        places[layer] = places[layer - 1] + sizes[layer - 1]
    for layer in range(2, n_layers):
        starts[layer] = starts[layer - 1] + sizes[layer - 1] * sizes[layer - 2]
    layer_of = np.empty(n_hidden, np.int64)
    for layer in range(1, n_layers):
        place = places[layer] - places[1]
        layer_of[place : place + sizes[layer]] = layer
    eta, log_prob = np.empty(intercepts.shape[0], np.float32), np.empty(n_layers, np.float64)
    uniforms = np.empty(UNITS * -(-n_hidden // UNITS), np.float32)
    x = values.reshape(-1)
    word = uint32(0)
    for chain in range(n_chains):
        h, v0 = states[chain], chain // share * sizes[0]
        for t in range(gaps.shape[0]):
            _make_inputs(h, sizes, places, weights, starts, intercepts, eta)
            for layer in range(n_layers):
                log_prob[layer] = _log_prob(
                    layer, x, v0, h, places, eta, weights, int64(0), _ZERO, precision,
                    sizes[layer],
                )  # fmt: skip
            log_weights[chain] += gaps[t] * log_prob[0]
            uniform_row(key, addresses[chain // share], numbers[chain] + t, word, uniforms)
            for k in range(n_hidden):
                u = k if direction > 0 else n_hidden - 1 - k
                layer = layer_of[u]
                below, place = layer - 1, places[1] + u
                w0 = starts[layer] + (place - places[layer]) * sizes[below]
                step = float32(-1) if h[u] else float32(1)
                moved = _log_prob(
                    below, x, v0, h, places, eta, weights, w0, step, precision, sizes[below]
                )
                gain = moved - log_prob[below]
                if below == 0:
                    gain *= temperatures[t]
                if fires(eta[place] + step * gain, uniforms[u]) != (h[u] != 0):
                    h[u] = uint8(1) - h[u]
                    log_prob[layer] += step * eta[place]
                    log_prob[below] = moved
                    add_row(weights, w0, step, eta, places[below], sizes[below])
