"""The whole wake-sleep gradient of Bernoulli layers in one call.

What the layered rule does call by call, here without Python in between: small nets spend most of
their time there. It uses the same routines in the same order, so that it has the same bits.
"""

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from . import bernoulli, data_layer
from .kernel import helper, kernel, opaque_true, reads, routine, writes
from .layers import (
    generation_place,
    recognition_place,
    rows,
    weigh,
    word,
    write_gradients,
    write_inputs,
    write_prior_gradients,
)


@helper
def _recognise(x, hidden, places, sizes, parameters, starts, key, addresses, eta, log_q):
    """Sample explanations of x into the first rows of the hidden layers; add log q(h | x).

    From the data up. The inputs of each layer overwrite those of the last in ``eta``: they are
    used up when its states are drawn.
    """
    n, top = x.shape[0], sizes.shape[0] - 1
    inputs = rows(eta, 0, n, sizes[1])
    data_layer.write_recognition_inputs(x, parameters, starts, top, inputs)
    for layer in range(1, top + 1):
        states = rows(hidden, places[layer], n, sizes[layer])
        bernoulli.sample(inputs, key, addresses, 1, 0, word(layer), states, log_q)
        if layer < top:
            inputs = rows(eta, 0, n, sizes[layer + 1])
            write_inputs(states, parameters, starts, recognition_place(layer + 1, top), inputs)


@helper
def _descend(
    weights, hidden, places, sizes, parameters, starts, key, addresses, eta, limits, parts, log_p
):
    """Score explanations, write generative gradients and sample dreams, from the top to layer 1.

    Rows of a layer are n explanations, which `_recognise` has written, and below them n dreams,
    which are written here. One product writes the inputs of both to ``eta``. First the dreams are
    drawn from theirs, then scoring leaves errors in the place of the others, and these, weighted,
    make the gradients; the next layer overwrites all. Of ``parts`` the places of the generative
    parameters are written, each once, but for those of the data, which `_descend_to_data` writes.
    """
    n, top = weights.shape[0], sizes.shape[0] - 1
    ignored = np.zeros(n, np.float64)
    states = rows(hidden, places[top], 2 * n, sizes[top])
    prior = rows(parameters, starts[0], 1, sizes[top])
    bernoulli.log_prob(states[:n], prior, log_p)
    bernoulli.sample(prior, key, addresses, 1, 0, word(top), states[n:], ignored)
    write_prior_gradients(states[:n], prior, weights, limits, parts, starts)
    for layer in range(top - 1, 0, -1):
        place = generation_place(layer, top)
        inputs = rows(eta, 0, 2 * n, sizes[layer])
        write_inputs(states, parameters, starts, place, inputs)
        below = rows(hidden, places[layer], 2 * n, sizes[layer])
        bernoulli.sample(inputs[n:], key, addresses, 1, 0, word(layer), below[n:], ignored)
        bernoulli.score(below[:n], inputs[:n], log_p)
        weigh(inputs[:n], weights)
        write_gradients(states[:n], inputs[:n], limits, parts, starts, place)
        states = below


@helper
def _descend_to_data(
    x, dreamt, weights, hidden, places, sizes, parameters, starts, key, addresses, eta, limits,
    parts, log_p,
):  # fmt: skip
    """Take the last step of `_descend`, in the same order, to the data and their dreams."""
    n, top = x.shape[0], sizes.shape[0] - 1
    place = generation_place(0, top)
    states = rows(hidden, places[1], 2 * n, sizes[1])
    inputs = rows(eta, 0, 2 * n, sizes[0])
    write_inputs(states, parameters, starts, place, inputs)
    data_layer.sample(inputs[n:], key, addresses, 1, 0, dreamt, np.zeros(n, np.float64))
    data_layer.score(x, inputs[:n], log_p)
    weigh(inputs[:n], weights)
    write_gradients(states[:n], inputs[:n], limits, parts, starts, place)


@helper
def _sleep_on_data(dreamt, ones, hidden, places, sizes, parameters, starts, eta, limits, parts):
    """Write the gradients of the first recognition layer on the dreams.

    In ``eta`` errors take the place of the inputs they come from.
    """
    n, top, fresh = dreamt.shape[0], sizes.shape[0] - 1, opaque_true(dreamt.shape[0])
    inputs = rows(eta, 0, n, sizes[1])
    data_layer.write_recognition_inputs(dreamt, parameters, starts, top, inputs)
    states = rows(hidden, places[1], 2 * n, sizes[1])
    bernoulli.error(states[n:], inputs, ones, inputs)
    for p in range(parts.shape[0]):
        a, b = limits[p], limits[p + 1]
        data_layer.write_recognition_gradient(
            dreamt[a:b], inputs[a:b], fresh, parts[p], starts, top
        )


@helper
def _sleep(ones, hidden, places, sizes, parameters, starts, eta, limits, parts):
    """Write the gradients of the higher recognition layers on the dreams, from layer 2 up.

    As `_sleep_on_data`. Of ``parts`` the two write the places of all recognition parameters, each
    once: with those of generation that is all of them. ones : (n_rows,), for dreams count once.
    """
    n, top = ones.shape[0], sizes.shape[0] - 1
    for layer in range(2, top + 1):
        place = recognition_place(layer, top)
        below = rows(hidden, places[layer - 1], 2 * n, sizes[layer - 1])
        states = rows(hidden, places[layer], 2 * n, sizes[layer])
        inputs = rows(eta, 0, n, sizes[layer])
        write_inputs(below[n:], parameters, starts, place, inputs)
        bernoulli.error(states[n:], inputs, ones, inputs)
        write_gradients(below[n:], inputs, limits, parts, starts, place)


@helper
def _places(n, sizes):
    """Where the hidden layers start among states, of 2 n rows each."""
    places, end = np.zeros(sizes.shape[0], np.int64), 0
    for layer in range(1, sizes.shape[0]):
        places[layer] = end
        end += 2 * n * sizes[layer]
    return places


def room(sizes, n_rows):
    """Numbers of states and of inputs for which `wake_sleep_gradient` needs room.

    sizes : of the layers, as a list.
    """
    return 2 * n_rows * sum(sizes[1:]), 2 * n_rows * max(sizes)


def _wake_sleep_gradient(
    x, row_weights, sizes, parameters, starts, wake_key, dream_key, addresses, limits, hidden, eta,
    parts, bound,
):  # fmt: skip
    """Write the wake-sleep gradients of consecutive row blocks, and each row's bound in nats.

    x : (n_rows, n_features) in {0, 1}; row_weights : (n_rows,), which multiply what explanations
    add to gradients, not the bounds; sizes : units of each layer from the data upward;
    parameters : (n_parameters,), and where its parts start, see `layers`; addresses : (n_rows,);
    limits : (n_parts + 1,), where row blocks start; hidden, eta : memory as large as `room` says
    or larger; parts : (n_parts, n_parameters); bound : (n_rows,), log p(x, h) - log q(h | x).
    """
    n = x.shape[0]
    places = _places(n, sizes)
    dreamt, log_q = data_layer.empty_dreams(x), np.zeros(n, np.float64)
    weights, ones = np.empty(n, np.float32), np.ones(n, np.float32)
    for i in range(n):
        weights[i], bound[i] = row_weights[i], 0
    _recognise(x, hidden, places, sizes, parameters, starts, wake_key, addresses, eta, log_q)
    _descend(
        weights, hidden, places, sizes, parameters, starts, dream_key, addresses, eta, limits,
        parts, bound,
    )  # fmt: skip
    _descend_to_data(
        x, dreamt, weights, hidden, places, sizes, parameters, starts, dream_key, addresses, eta,
        limits, parts, bound,
    )  # fmt: skip
    bound -= log_q
    _sleep_on_data(dreamt, ones, hidden, places, sizes, parameters, starts, eta, limits, parts)
    _sleep(ones, hidden, places, sizes, parameters, starts, eta, limits, parts)


wake_sleep_gradient = kernel(
    writes(uint8, "n _"), reads(float64, "n"), reads(int64, "_"), writes(float32, "p"),
    reads(int64, "_"), reads(uint32, "2"), reads(uint32, "2"), reads(uint64, "n"),
    reads(int64, "q+1"), writes(uint8, "_"), writes(float32, "_"), writes(float32, "q p"),
    writes(float64, "n"),
)(_wake_sleep_gradient)  # fmt: skip
gradient = routine(_wake_sleep_gradient)  # for runs of steps
