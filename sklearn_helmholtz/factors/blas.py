"""Matrix products by the BLAS that scipy's decompositions use.

NumPy may come with a BLAS of its own. The threads of each go on waiting for work in a busy loop
when a product is done, and decompositions that follow find no core free: on two threads a fit was
twice as slow as on one.
"""

import numpy as np
from scipy.linalg.blas import dgemm, dgemv, dsyrk


def product(a, b):
    """``a @ b`` of float64 matrices, in the order of columns; of a matrix and a vector."""
    if not (a.size and b.size):
        return a @ b  # zeros, which BLAS refuses to add up
    a, is_a_turned = _in_order(a)
    if b.ndim == 1:
        return dgemv(1.0, a, b, trans=is_a_turned)
    b, is_b_turned = _in_order(b)
    return dgemm(1.0, a, b, trans_a=is_a_turned, trans_b=is_b_turned)


def add_squares(rows, onto):
    """The lower triangle of ``onto + rows.T @ rows``; ``onto`` is overwritten if it can be.

    rows : float64, in the order of rows; onto : float64, in that of columns.
    """
    return dsyrk(1.0, rows.T, beta=1.0, c=onto, overwrite_c=1, lower=1)


def _in_order(matrix):
    """A matrix or its transpose, whichever is in the order of columns; whether it is the latter."""
    if matrix.flags.c_contiguous:
        return matrix.T, 1
    return np.asfortranarray(matrix), 0
