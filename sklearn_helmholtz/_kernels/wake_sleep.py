"""The whole wake-sleep gradient of Bernoulli layers in one call.

What the layered rule does call by call, here without Python in between: small nets spend most of
their time there. It uses the same routines in the same order, so that it has the same bits.
"""

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from . import bernoulli, tables
from .kernel import helper, kernel, reads, writes

_LAYER_SHIFT = np.uint32(24)


@helper
def _block(memory, starts, layer, n_rows, sizes):
    """The rows of one layer in a buffer of all layers: (n_rows, n_units)."""
    first = starts[layer]
    return memory[first : first + n_rows * sizes[layer]].reshape(n_rows, sizes[layer])


@helper
def _matrix(vector, starts, place, n_rows, n_columns):
    first = starts[place]
    return vector[first : first + n_rows * n_columns].reshape(n_rows, n_columns)


@helper
def _intercept(vector, starts, place, n):
    return vector[starts[place] : starts[place] + n]


@helper
def _recognise(x, hidden, places, sizes, parameters, starts, key, addresses, eta, log_q):
    """Sample explanations of x into the first rows of the hidden layers; add log q(h | x)."""
    n, top = x.shape[0], sizes.shape[0] - 1
    below = x
    for layer in range(1, top + 1):
        place = 2 * top + 2 * layer - 1
        weights = _matrix(parameters, starts, place, sizes[layer - 1], sizes[layer])
        inputs = eta[: n * sizes[layer]].reshape(n, sizes[layer])
        tables.product(
            below, weights, _intercept(parameters, starts, place + 1, sizes[layer]), inputs
        )
        states = _block(hidden, places, layer, 2 * n, sizes)[:n]
        word = uint32(layer) << _LAYER_SHIFT
        bernoulli.sample(inputs, key, addresses, 1, 0, word, states, log_q)
        below = states


@helper
def _descend(
    x, dreamt, hidden, places, sizes, parameters, starts, key, addresses, eta, limits, parts, log_p
):
    """Score explanations, write the generative gradients, and sample dreams, from the top down."""
    n, top = x.shape[0], sizes.shape[0] - 1
    ignored, ones = np.zeros(n, np.float64), np.ones(n, np.float32)
    fresh = n > 0  # not a constant: compiled once
    states = _block(hidden, places, top, 2 * n, sizes)
    prior = _intercept(parameters, starts, 0, sizes[top]).reshape(1, sizes[top])
    bernoulli.log_prob(states[:n], prior, log_p)
    word = uint32(top) << _LAYER_SHIFT
    bernoulli.sample(prior, key, addresses, 1, 0, word, states[n:], ignored)
    for p in range(parts.shape[0]):
        a, b = limits[p], limits[p + 1]
        out = _intercept(parts[p], starts, 0, sizes[top]).reshape(1, sizes[top])
        bernoulli.error(states[a:b], prior, ones[a:b], out)
    for layer in range(top - 1, -1, -1):
        place, size = 2 * (top - layer) - 1, sizes[layer]
        weights = _matrix(parameters, starts, place, sizes[layer + 1], size)
        inputs = eta[: 2 * n * size].reshape(2 * n, size)
        tables.product(states, weights, _intercept(parameters, starts, place + 1, size), inputs)
        child, dream = x, dreamt
        if layer:
            below = _block(hidden, places, layer, 2 * n, sizes)
            child, dream = below[:n], below[n:]
        bernoulli.sample(
            inputs[n:], key, addresses, 1, 0, uint32(layer) << _LAYER_SHIFT, dream, ignored
        )
        bernoulli.score(child, inputs[:n], log_p)
        for p in range(parts.shape[0]):
            a, b = limits[p], limits[p + 1]
            by_weights = _matrix(parts[p], starts, place, sizes[layer + 1], size)
            by_intercept = _intercept(parts[p], starts, place + 1, size)
            tables.gradient(states[a:b], inputs[a:b], fresh, by_weights, by_intercept)
        if layer:
            states = below


@helper
def _sleep(dreamt, hidden, places, sizes, parameters, starts, eta, limits, parts):
    """Write the gradients of the recognition layers on the dreams."""
    n, top = dreamt.shape[0], sizes.shape[0] - 1
    ones, fresh = np.ones(n, np.float32), n > 0
    below = dreamt
    for layer in range(1, top + 1):
        place, size = 2 * top + 2 * layer - 1, sizes[layer]
        weights = _matrix(parameters, starts, place, sizes[layer - 1], size)
        inputs = eta[: n * size].reshape(n, size)
        tables.product(below, weights, _intercept(parameters, starts, place + 1, size), inputs)
        states = _block(hidden, places, layer, 2 * n, sizes)[n:]
        bernoulli.error(states, inputs, ones, inputs)
        for p in range(parts.shape[0]):
            a, b = limits[p], limits[p + 1]
            by_weights = _matrix(parts[p], starts, place, sizes[layer - 1], size)
            by_intercept = _intercept(parts[p], starts, place + 1, size)
            tables.gradient(below[a:b], inputs[a:b], fresh, by_weights, by_intercept)
        below = states


@kernel(
    writes(uint8, 2), reads(int64, 1), writes(float32, 1), reads(int64, 1), reads(uint32, 1),
    reads(uint32, 1), reads(uint64, 1), reads(int64, 1), writes(float32, 2), writes(float64, 1),
)  # fmt: skip
def wake_sleep_gradient(
    x, sizes, parameters, starts, wake_key, dream_key, addresses, limits, parts, bound
):
    """Write the wake-sleep gradients of consecutive row blocks, and each row's bound in nats.

    x : (n_rows, n_features) in {0, 1}; sizes : units of each layer from the data upward;
    parameters : (n_parameters,), in which the intercept of the prior, weights and intercepts of the
    generative layers from the top down, and those of the recognition layers from the data up start
    at ``starts``; addresses : (n_rows,); limits : (n_parts + 1,), where row blocks start;
    parts : (n_parts, n_parameters); bound : (n_rows,), log p(x, h) - log q(h | x).
    """
    n, top = x.shape[0], sizes.shape[0] - 1
    places, room, widest = np.zeros(top + 1, np.int64), 0, sizes[0]
    for layer in range(1, top + 1):
        places[layer] = room
        room += 2 * n * sizes[layer]
        widest = max(widest, sizes[layer])
    hidden, dreamt = np.empty(room, np.uint8), np.empty((n, sizes[0]), np.uint8)
    eta, log_q = np.empty(2 * n * widest, np.float32), np.zeros(n, np.float64)
    bound[:] = 0
    _recognise(x, hidden, places, sizes, parameters, starts, wake_key, addresses, eta, log_q)
    _descend(
        x, dreamt, hidden, places, sizes, parameters, starts, dream_key, addresses, eta, limits,
        parts, bound,
    )  # fmt: skip
    bound -= log_q
    _sleep(dreamt, hidden, places, sizes, parameters, starts, eta, limits, parts)
