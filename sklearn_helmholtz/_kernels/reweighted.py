"""The whole reweighted wake-sleep gradient of Bernoulli layers in one call.

As in `wake_sleep`, the routines and their order are those of the layered rule, and so are the bits.
Rows of all layers but the first are explanations, ``n_particles`` for each row of data, and then
dreams, one for each. When the weights are known, the explanations that are kept move to the front.
"""

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from . import bernoulli, data_layer, flips
from .kernel import helper, kernel, opaque_true, reads, routine, writes
from .layers import (
    gather,
    gather_weighed,
    generation_place,
    recognition_place,
    rows,
    word,
    write_gradient,
    write_gradients,
    write_inputs,
    write_inputs_near,
    write_prior_gradients,
)
from .particles import kept_of, normalise, play

_HALF = np.float32(0.5)


@helper
def _references(memory, marks, n, layer, sizes):
    """The most probable states of n rows in a layer, (n, n_units)."""
    return rows(memory, marks[layer], n, sizes[layer])


@helper
def _recognise(
    x, m, hidden, places, marks, are_sure, etas, up, aside, sizes, parameters, starts, key,
    addresses, log_q,
):  # fmt: skip
    """Sample m explanations of x into the first rows of the hidden layers; add log q(h | x).

    From the data up. The inputs of each layer stay in the first rows of its part of ``etas``, n of
    the first layer, whose particles share them, m of all others: the recognition gradients take
    their errors from there. The most probable states of each row go to where ``marks`` says, and
    whether particles are near them to are_sure : (n_layers, n), of which the first row is given;
    aside : where the inputs of these go for the moment.
    """
    n, top = x.shape[0], sizes.shape[0] - 1
    first = n - n  # not a constant: see `opaque_true`
    eta = rows(etas, up[1], n, sizes[1])
    data_layer.write_recognition_inputs(x, parameters, starts, top, eta)
    reference_eta = eta
    for layer in range(1, top + 1):
        states = rows(hidden, places[layer], m, sizes[layer])
        bernoulli.sample(eta, key, addresses, m // n, first, word(layer), states, log_q)
        references = _references(hidden, marks, n, layer, sizes)
        for i in range(n):
            are_sure[layer, i] = are_sure[layer - 1, i]
        flips.choose(reference_eta, references, are_sure[layer])
        if layer < top:
            eta = rows(etas, up[layer + 1], m, sizes[layer + 1])
            reference_eta = rows(etas, aside, n, sizes[layer + 1])
            write_inputs_near(
                states, references, are_sure[layer], m // n, parameters, starts,
                recognition_place(layer + 1, top), eta, reference_eta,
            )  # fmt: skip


@helper
def _descend(
    n, m, hidden, places, marks, are_sure, etas, down, aside, sizes, parameters, starts, key,
    addresses, log_p,
):  # fmt: skip
    """Score m explanations and sample n dreams, from the top to layer 1; leave errors in etas.

    In each layer the inputs of explanations and dreams are written side by side; scoring turns the
    first m rows into errors, and the dreams are drawn from the others. Nothing is weighted yet: the
    weights are known when the data have been scored, which come last, see `_descend_to_data`.
    """
    top, ignored, first = sizes.shape[0] - 1, np.zeros(n, np.float64), n - n
    one = first + 1  # neither is a constant: see `opaque_true`
    states = rows(hidden, places[top], m + n, sizes[top])
    prior = rows(parameters, starts[0], 1, sizes[top])
    bernoulli.log_prob(states[:m], prior, log_p)
    bernoulli.sample(prior, key, addresses, one, first, word(top), states[m:], ignored)
    for layer in range(top - 1, 0, -1):
        eta = rows(etas, down[layer], m + n, sizes[layer])
        write_inputs_near(
            states, _references(hidden, marks, n, layer + 1, sizes), are_sure[layer + 1], m // n,
            parameters, starts, generation_place(layer, top), eta,
            rows(etas, aside, n, sizes[layer]),
        )  # fmt: skip
        states = rows(hidden, places[layer], m + n, sizes[layer])
        bernoulli.score(states[:m], eta[:m], log_p)
        bernoulli.sample(eta[m:], key, addresses, one, first, word(layer), states[m:], ignored)


@helper
def _descend_to_data(
    x, m, dreamt, hidden, places, marks, are_sure, etas, down, aside, sizes, parameters, starts,
    key, addresses, log_p,
):  # fmt: skip
    """Take the last step of `_descend`, in the same order, to the data and their dreams."""
    n, top = x.shape[0], sizes.shape[0] - 1
    ignored, first = np.zeros(n, np.float64), n - n
    one = first + 1  # neither is a constant: see `opaque_true`
    states = rows(hidden, places[1], m + n, sizes[1])
    eta = rows(etas, down[0], m + n, sizes[0])
    write_inputs_near(
        states, _references(hidden, marks, n, 1, sizes), are_sure[1], m // n, parameters, starts,
        generation_place(0, top), eta, rows(etas, aside, n, sizes[0]),
    )  # fmt: skip
    data_layer.score(x, eta[:m], log_p)
    data_layer.sample(eta[m:], key, addresses, one, first, dreamt, ignored)


@helper
def _generation_gradients(
    m, kept, weights, hidden, places, etas, down, sizes, parameters, starts, limits, parts
):
    """Write the gradients of ``sum weight log p(x, h)``, from the data up: the latest errors first.

    Of m explanations those that are kept move to the front, states and errors; the latter, those of
    `_descend`, are weighted on the way, and not needed again. Of ``parts`` the places of all
    generative parameters are written, each once. kept, weights : (n_kept,); limits : where row
    blocks start among these.
    """
    n_kept, top = kept.shape[0], sizes.shape[0] - 1
    for layer in range(top):
        error = rows(etas, down[layer], m, sizes[layer])
        states = rows(hidden, places[layer + 1], m, sizes[layer + 1])
        gather_weighed(error, kept, weights)
        gather(states, kept)
        write_gradients(
            states[:n_kept], error[:n_kept], limits, parts, starts, generation_place(layer, top)
        )
    prior = rows(parameters, starts[0], 1, sizes[top])
    states = rows(hidden, places[top], n_kept, sizes[top])
    write_prior_gradients(states, prior, weights, limits, parts, starts)


@helper
def _first_recognition_gradients(
    x, dreamt, halves, hidden, places, etas, up, sizes, parameters, starts, limits, parts
):
    """Write the gradients of the first recognition layer, whose particles share their input.

    The inputs of the explanations are there from `_recognise`, those of the dreams are written
    below them; errors take the place of both, summed over the particles of a row: those that are
    not kept have no weight. A row block writes its place of ``parts`` with the explanations, and
    adds the dreams. halves : (n_explanations + n_dreams,).
    """
    n, m, top, size = x.shape[0], halves.shape[0] - x.shape[0], sizes.shape[0] - 1, sizes[1]
    fresh = opaque_true(n)
    eta = rows(etas, up[1], 2 * n, size)
    states = rows(hidden, places[1], m + n, size)
    data_layer.write_recognition_inputs(dreamt, parameters, starts, top, eta[n:])
    bernoulli.error(states[:m], eta[:n], halves[:m], eta[:n])
    bernoulli.error(states[m:], eta[n:], halves[m:], eta[n:])
    for p in range(parts.shape[0]):
        a, b = limits[p], limits[p + 1]
        data_layer.write_recognition_gradient(x[a:b], eta[a:b], fresh, parts[p], starts, top)
        data_layer.write_recognition_gradient(
            dreamt[a:b], eta[n + a : n + b], not fresh, parts[p], starts, top
        )


@routine
def _copy(source, target):
    """Copy rows: an assignment takes seconds to compile, for the words of its error message."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = source[i, j]


@helper
def _recognition_gradients(
    layer, m, n, kept, halves, hidden, places, etas, up, ends, sizes, parameters, starts, limits,
    limits_of_kept, parts,
):  # fmt: skip
    """Write the gradients of a higher recognition layer on explanations and dreams together.

    The inputs of m explanations are there from `_recognise`, of which those that are kept move to
    the front, as their states have done; those of the n dreams are written below them all. The
    errors of a row block and their parents are brought together then, behind all others, where
    ``ends`` says: sums go by 32 rows. halves : (n_kept + n_dreams,).
    """
    n_kept, top, n_units = kept.shape[0], sizes.shape[0] - 1, sizes[layer]
    fresh, place = opaque_true(n), recognition_place(layer, top)
    below = rows(hidden, places[layer - 1], m + n, sizes[layer - 1])
    states = rows(hidden, places[layer], m + n, n_units)
    eta = rows(etas, up[layer], m + n, n_units)
    write_inputs(below[m:], parameters, starts, place, eta[m:])
    gather(eta, kept)
    for p in range(parts.shape[0]):
        a, b = limits_of_kept[p], limits_of_kept[p + 1]
        c, d = m + limits[p], m + limits[p + 1]
        error = rows(etas, ends[1], b - a + d - c, n_units)
        parents = rows(hidden, ends[0], b - a + d - c, sizes[layer - 1])
        bernoulli.error(states[a:b], eta[a:b], halves[a:b], error[: b - a])
        of_dreams = halves[n_kept + limits[p] : n_kept + limits[p + 1]]
        bernoulli.error(states[c:d], eta[c:d], of_dreams, error[b - a :])
        _copy(below[a:b], parents[: b - a])
        _copy(below[c:d], parents[b - a :])
        write_gradient(parents, error, fresh, parts[p], starts, place)


@helper
def _weigh_particles(weights, row_weights):
    """Multiply the weights of particles (n_rows, n_particles) by those of their rows, in place."""
    for i in range(weights.shape[0]):
        for k in range(weights.shape[1]):
            weights[i, k] *= row_weights[i]


@helper
def _halves(weights, n):
    """Half the weights of the explanations, and a half for each of n dreams."""
    m = weights.shape[0]
    halves = np.empty(m + n, np.float32)
    for i in range(m):
        halves[i] = _HALF * weights[i]
    for i in range(m, m + n):
        halves[i] = _HALF
    return halves


@helper
def _places(n, m, sizes):
    """Where layers start among states, references, and inputs of both chains; where room is left.

    States: of layers 1, 2, ... m explanations each, then n dreams; behind all, n references of each
    layer. Inputs: first of recognition, upward, m explanations (n in the first layer, whose
    particles share them), then n dreams; after these of generation, from the data upward, m
    explanations, then n dreams; behind all, n references of one layer at a time, which are needed
    for a moment: room is left from there on.
    """
    top = sizes.shape[0] - 1
    hidden, marks, up, down = sizes.copy(), sizes.copy(), sizes.copy(), sizes.copy()
    n_states, n_etas = 0, 0
    for layer in range(1, top + 1):
        hidden[layer], up[layer] = n_states, n_etas
        n_states += (m + n) * sizes[layer]
        n_etas += (n if layer == 1 else m) * sizes[layer] + n * sizes[layer]
    for layer in range(top):
        down[layer] = n_etas
        n_etas += (m + n) * sizes[layer]
    for layer in range(1, top + 1):
        marks[layer] = n_states
        n_states += n * sizes[layer]
    return hidden, marks, up, down, (n_states, n_etas)


def room(sizes, n_rows, n_particles, most_rows):
    """Numbers of states and of inputs for which `reweighted_gradient` needs room.

    sizes : of the layers, as a list; most_rows : of a row block.
    """
    top, hidden, n_both = len(sizes) - 1, sum(sizes[1:]), n_rows * (n_particles + 1)
    states, inputs = (n_both + n_rows) * hidden, n_both * (hidden - sizes[top] + sizes[0] + hidden)
    inputs -= n_rows * (n_particles - 1) * sizes[1]
    together = most_rows * (n_particles + 1) if top > 1 else 0
    states += together * max(sizes[1:top], default=0)
    # References and rows that are brought together take the same room, one after the other.
    return states, inputs + max(n_rows * max(sizes), together * max(sizes[2:], default=0))


def _reweighted_gradient(
    x, row_weights, sizes, parameters, starts, wake_key, dream_key, addresses, n_particles,
    threshold, limits, hidden, etas, parts, bound,
):  # fmt: skip
    """Write reweighted wake-sleep gradients of consecutive row blocks, and each row's bound, nats.

    x : (n_rows, n_features) in {0, 1}; row_weights : (n_rows,), which multiply what explanations
    add to gradients, not the bounds; sizes : units of each layer from the data upward;
    parameters : (n_parameters,), and where its parts start, see `layers`; addresses : (n_rows,);
    threshold : of weights, see `particles`, at most 1 / n_particles: one of each row is kept;
    limits : (n_parts + 1,), where row blocks start; hidden, etas : memory as large as `room` says
    or larger; parts : (n_parts, n_parameters); bound : (n_rows,), log(1/K sum_k p(x, h_k) /
    q(h_k | x)).
    """
    n, top = x.shape[0], sizes.shape[0] - 1
    m = n * n_particles
    places, marks, up, down, ends = _places(n, m, sizes)
    dreamt, log_p, log_q = (
        data_layer.empty_dreams(x),
        np.zeros(m, np.float64),
        np.zeros(m, np.float64),
    )
    are_sure = np.empty(sizes.shape[0] * n, np.uint8).reshape(sizes.shape[0], n)
    for i in range(n):
        are_sure[0, i] = uint8(n_particles >= flips.FEWEST_NEAR)
    _recognise(
        x, m, hidden, places, marks, are_sure, etas, up, ends[1], sizes, parameters, starts,
        wake_key, addresses, log_q,
    )  # fmt: skip
    _descend(
        n, m, hidden, places, marks, are_sure, etas, down, ends[1], sizes, parameters, starts,
        dream_key, addresses, log_p,
    )  # fmt: skip
    _descend_to_data(
        x, m, dreamt, hidden, places, marks, are_sure, etas, down, ends[1], sizes, parameters,
        starts, dream_key, addresses, log_p,
    )  # fmt: skip
    for i in range(m):
        log_p[i] -= log_q[i]
    weights = np.empty(m, np.float32)
    normalise(log_p.reshape(n, n_particles), weights.reshape(n, n_particles), bound)
    play(wake_key, addresses, threshold, weights.reshape(n, n_particles))
    kept, limits_of_kept = kept_of(weights.reshape(n, n_particles), limits)
    _weigh_particles(weights.reshape(n, n_particles), row_weights)
    _first_recognition_gradients(
        x, dreamt, _halves(weights, n), hidden, places, etas, up, sizes, parameters, starts, limits,
        parts,
    )  # fmt: skip
    for i in range(kept.shape[0]):
        weights[i] = weights[kept[i]]
    weights = weights[: kept.shape[0]]
    _generation_gradients(
        m, kept, weights, hidden, places, etas, down, sizes, parameters, starts, limits_of_kept,
        parts,
    )  # fmt: skip
    halves = _halves(weights, n)
    for layer in range(2, top + 1):
        _recognition_gradients(
            layer, m, n, kept, halves, hidden, places, etas, up, ends, sizes, parameters, starts,
            limits, limits_of_kept, parts,
        )  # fmt: skip


reweighted_gradient = kernel(
    writes(uint8, "n _"), reads(float64, "n"), reads(int64, "_"), writes(float32, "p"),
    reads(int64, "_"), reads(uint32, "2"), reads(uint32, "2"), reads(uint64, "n"), int64, float32,
    reads(int64, "q+1"), writes(uint8, "_"), writes(float32, "_"), writes(float32, "q p"),
    writes(float64, "n"),
)(_reweighted_gradient)  # fmt: skip
gradient = routine(_reweighted_gradient)  # for runs of steps
