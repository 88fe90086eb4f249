"""Hidden layers in flat arrays: what kernels of a whole learning rule are made of.

Their units are Bernoulli units; those of the data are the business of `data_layer`. The states and
inputs of all layers lie in one array each, and so do the parameters of a machine: the intercept of
the prior, weights and intercepts of the generative layers from the top down, then those of the
recognition layers from the data up. ``starts`` says where each of them begins.
"""

import numpy as np
from numba import uint32

from . import bernoulli, flips
from .kernel import helper, opaque_true, routine
from .tables import gradient, product

_LAYER_SHIFT = np.uint32(24)
_ONE = np.float32(1)


@helper
def word(layer):
    """The part of counter word 0 of random numbers that tells layers apart."""
    return uint32(layer) << _LAYER_SHIFT


@routine
def rows(memory, start, n_rows, n_units):
    """Rows of a layer from an entry of an array on: (n_rows, n_units)."""
    return memory[start : start + n_rows * n_units].reshape(n_rows, n_units)


@helper
def generation_place(layer, top):
    """Which of the starts is that of the weights of p(layer | the layer above)."""
    return 2 * (top - layer) - 1


@helper
def recognition_place(layer, top):
    """Which of the starts is that of the weights of q(layer | the layer below)."""
    return 2 * (top + layer) - 1


@routine
def write_inputs(parents, parameters, starts, place, eta):
    """Write ``intercept + parents @ weights`` to eta (n_rows, n_units).

    The weights are at a place of the parameters, the intercept is at the next.
    """
    n_inputs, n_units = parents.shape[1], eta.shape[1]
    weights = rows(parameters, starts[place], n_inputs, n_units)
    intercept = parameters[starts[place + 1] : starts[place + 1] + n_units]
    product(parents, weights, intercept, eta)


@routine
def write_inputs_near(
    parents, references, are_sure, n_near, parameters, starts, place, eta, reference_eta
):  # fmt: skip
    """Do as `write_inputs`, for parents of which many are near references, see `flips`.

    reference_eta : the inputs that these make, (n_references, n_units), written where they are
    sure.
    """
    if not are_sure.any():
        write_inputs(parents, parameters, starts, place, eta)
        return
    n_inputs, n_units = parents.shape[1], eta.shape[1]
    weights = rows(parameters, starts[place], n_inputs, n_units)
    intercept = parameters[starts[place + 1] : starts[place + 1] + n_units]
    flips.product(parents, references, are_sure, n_near, weights, intercept, eta, reference_eta)


@routine
def write_gradient(parents, error, fresh, out, starts, place):
    """Write, or add if it is not fresh, the derivatives by weights and intercept to their places.

    error : (n_rows, n_units), the derivatives by the inputs; out : as the parameters.
    """
    n_inputs, n_units = parents.shape[1], error.shape[1]
    by_weights = rows(out, starts[place], n_inputs, n_units)
    by_intercept = out[starts[place + 1] : starts[place + 1] + n_units]
    gradient(parents, error, fresh, by_weights, by_intercept)


@helper
def write_gradients(parents, error, limits, parts, starts, place):
    """Write the derivatives of consecutive row blocks, each to its own of ``parts``.

    parents : (n_rows, n_inputs); error : (n_rows, n_units); limits : (n_parts + 1,), where blocks
    start among these rows.
    """
    n_parts = parts.shape[0]
    fresh = opaque_true(n_parts)
    for p in range(n_parts):
        a, b = limits[p], limits[p + 1]
        write_gradient(parents[a:b], error[a:b], fresh, parts[p], starts, place)


@helper
def write_prior_gradients(states, prior, weights, limits, parts, starts):
    """As `write_gradients`, those of the weighted log-probabilities of states by the prior.

    states : (n_rows, n_units); prior : its inputs, (1, n_units); weights : (n_rows,).
    """
    n_units = prior.shape[1]
    for p in range(parts.shape[0]):
        a, b = limits[p], limits[p + 1]
        out = rows(parts[p], starts[0], 1, n_units)
        bernoulli.error(states[a:b], prior, weights[a:b], out)


@routine
def gather(values, places):
    """Move some rows, whose numbers rise, to the front, in place: (n_rows, n_units)."""
    for i in range(places.shape[0]):
        source = places[i]
        if source != i:
            for j in range(values.shape[1]):
                values[i, j] = values[source, j]


@routine
def gather_weighed(error, places, weights):
    """Do as `gather`, and multiply each of these rows by its weight, (n_places,)."""
    for i in range(places.shape[0]):
        source, weight = places[i], weights[i]
        for j in range(error.shape[1]):
            error[i, j] = weight * error[source, j]


@routine
def weigh(error, weights):
    """Multiply each row of errors (n_rows, n_units) by its weight, in place."""
    for i in range(error.shape[0]):
        if weights[i] != _ONE:  # rows without weights need no pass over memory
            for j in range(error.shape[1]):
                error[i, j] *= weights[i]
