"""The whole wake-sleep gradient of Bernoulli layers in one call.

What the layered rule does call by call, here without Python in between: small nets spend most of
their time there. It uses the same routines in the same order, so that it has the same bits.
"""

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from . import bernoulli
from .kernel import helper, kernel, opaque_true, reads, writes
from .layers import (
    generation_place,
    recognition_place,
    rows,
    word,
    write_gradient,
    write_inputs,
)


@helper
def _recognise(x, hidden, places, sizes, parameters, starts, key, addresses, eta, log_q):
    """Sample explanations of x into the first rows of the hidden layers; add log q(h | x).

    From the data up. The inputs of each layer overwrite those of the last in ``eta``: they are
    used up when its states are drawn.
    """
    n, top = x.shape[0], sizes.shape[0] - 1
    below = x
    for layer in range(1, top + 1):
        inputs = rows(eta, 0, n, sizes[layer])
        write_inputs(below, parameters, starts, recognition_place(layer, top), inputs)
        states = rows(hidden, places[layer], n, sizes[layer])
        bernoulli.sample(inputs, key, addresses, 1, 0, word(layer), states, log_q)
        below = states


@helper
def _descend(
    x, dreamt, hidden, places, sizes, parameters, starts, key, addresses, eta, limits, parts, log_p
):
    """Score explanations, write the generative gradients, and sample dreams, from the top down.

    Rows of a layer are n explanations, which `_recognise` has written, and below them n dreams,
    which are written here. One product writes the inputs of both to ``eta``. First the dreams are
    drawn from theirs, then scoring leaves errors in the place of the others, and these make the
    gradients; the next layer overwrites all. Of ``parts`` the places of all generative parameters
    are written, each once.
    """
    n, top = x.shape[0], sizes.shape[0] - 1
    ignored, ones = np.zeros(n, np.float64), np.ones(n, np.float32)
    fresh = opaque_true(n)
    states = rows(hidden, places[top], 2 * n, sizes[top])
    prior = rows(parameters, starts[0], 1, sizes[top])
    bernoulli.log_prob(states[:n], prior, log_p)
    bernoulli.sample(prior, key, addresses, 1, 0, word(top), states[n:], ignored)
    for p in range(parts.shape[0]):
        a, b = limits[p], limits[p + 1]
        bernoulli.error(states[a:b], prior, ones[a:b], rows(parts[p], starts[0], 1, sizes[top]))
    for layer in range(top - 1, -1, -1):
        place = generation_place(layer, top)
        inputs = rows(eta, 0, 2 * n, sizes[layer])
        write_inputs(states, parameters, starts, place, inputs)
        child, dream = x, dreamt
        if layer:
            below = rows(hidden, places[layer], 2 * n, sizes[layer])
            child, dream = below[:n], below[n:]
        bernoulli.sample(inputs[n:], key, addresses, 1, 0, word(layer), dream, ignored)
        bernoulli.score(child, inputs[:n], log_p)
        for p in range(parts.shape[0]):
            a, b = limits[p], limits[p + 1]
            write_gradient(states[a:b], inputs[a:b], fresh, parts[p], starts, place)
        if layer:
            states = below


@helper
def _sleep(dreamt, hidden, places, sizes, parameters, starts, eta, limits, parts):
    """Write the gradients of the recognition layers on the dreams, from the data up.

    In ``eta`` errors take the place of the inputs they come from. Of ``parts`` the places of all
    recognition parameters are written, each once: with `_descend` that is all of them.
    """
    n, top = dreamt.shape[0], sizes.shape[0] - 1
    ones, fresh = np.ones(n, np.float32), opaque_true(n)
    below = dreamt
    for layer in range(1, top + 1):
        place = recognition_place(layer, top)
        inputs = rows(eta, 0, n, sizes[layer])
        write_inputs(below, parameters, starts, place, inputs)
        states = rows(hidden, places[layer], 2 * n, sizes[layer])[n:]
        bernoulli.error(states, inputs, ones, inputs)
        for p in range(parts.shape[0]):
            a, b = limits[p], limits[p + 1]
            write_gradient(below[a:b], inputs[a:b], fresh, parts[p], starts, place)
        below = states


@kernel(
    writes(uint8, "n _"), reads(int64, "_"), writes(float32, "p"), reads(int64, "_"),
    reads(uint32, "2"), reads(uint32, "2"), reads(uint64, "n"), reads(int64, "q+1"),
    writes(float32, "q p"), writes(float64, "n"),
)  # fmt: skip
def wake_sleep_gradient(
    x, sizes, parameters, starts, wake_key, dream_key, addresses, limits, parts, bound
):
    """Write the wake-sleep gradients of consecutive row blocks, and each row's bound in nats.

    x : (n_rows, n_features) in {0, 1}; sizes : units of each layer from the data upward;
    parameters : (n_parameters,), and where its parts start, see `layers`; addresses : (n_rows,);
    limits : (n_parts + 1,), where row blocks start; parts : (n_parts, n_parameters);
    bound : (n_rows,), log p(x, h) - log q(h | x).
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
