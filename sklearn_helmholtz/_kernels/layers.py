"""Layers of Bernoulli units in flat arrays: what kernels of a whole learning rule are made of.

The states and inputs of all layers lie in one array each, and so do the parameters of a machine:
the intercept of the prior, weights and intercepts of the generative layers from the top down, then
those of the recognition layers from the data up. ``starts`` says where each of them begins.
"""

import numpy as np
from numba import uint32

from .kernel import helper, routine
from .tables import gradient, product

_LAYER_SHIFT = np.uint32(24)


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
def write_gradient(parents, error, fresh, out, starts, place):
    """Write, or add if it is not fresh, the derivatives by weights and intercept to their places.

    error : (n_rows, n_units), the derivatives by the inputs; out : as the parameters.
    """
    n_inputs, n_units = parents.shape[1], error.shape[1]
    by_weights = rows(out, starts[place], n_inputs, n_units)
    by_intercept = out[starts[place + 1] : starts[place + 1] + n_units]
    gradient(parents, error, fresh, by_weights, by_intercept)
