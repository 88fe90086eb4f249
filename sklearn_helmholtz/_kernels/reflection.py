"""Householder reflections, in float64: the same bits whatever else the machine is doing."""

import math

import numpy as np
from numba import float64, int64

from .kernel import kernel, writes


@kernel(int64, writes(float64, 2))
def reflect(n, equations):
    """Reflect the rows of a matrix so that its first n columns become upper triangular, in place.

    equations : (n_rows, n_columns), n of the columns independent. Independent noise of the same
    variance in all rows stays that; what is below the diagonal of the n columns is set to zero.
    """
    n_rows, n_columns = equations.shape
    mirror, along = np.empty(n_rows, np.float64), np.empty(n_columns, np.float64)
    for k in range(n):
        square = 0.0
        for r in range(k, n_rows):
            mirror[r] = equations[r, k]
            square += mirror[r] * mirror[r]
        pivot = -math.copysign(math.sqrt(square), mirror[k])
        mirror[k] -= pivot
        square = 0.0
        for r in range(k, n_rows):
            square += mirror[r] * mirror[r]
        along[:] = 0.0
        for r in range(k, n_rows):
            m, row = mirror[r], equations[r]
            for c in range(k + 1, n_columns):
                along[c] += m * row[c]
        for r in range(k, n_rows):
            m, row = 2.0 * mirror[r] / square, equations[r]
            for c in range(k + 1, n_columns):
                row[c] -= m * along[c]
            row[k] = 0.0
        equations[k, k] = pivot
