"""Products in float64 that do not depend on threads."""

import numpy as np


def outer(left, right):
    """The product of two matrices, without BLAS, whose sums depend on its threads."""
    return np.einsum("rk,ks->rs", left, right)
