"""All states of a layer, and the inputs that states make, in float64."""

import numpy as np


def all_states(n):
    """All 2^n states of n units, float64, the first unit varying fastest."""
    states, numbers = np.empty((2**n, n)), np.arange(2**n)
    for unit in range(n):
        states[:, unit] = numbers >> unit & 1
    return states


def inputs(affine, parents):
    """Inputs of units in float64, (n_rows, n_units); without BLAS, whose sums depend on threads."""
    intercept = affine.intercept.astype(np.float64)
    if affine.weights is None:
        return intercept[None]
    return intercept + outer(parents, affine.weights.astype(np.float64))


def outer(left, right):
    """The product of two matrices, without BLAS."""
    return np.einsum("rk,ks->rs", left, right)
