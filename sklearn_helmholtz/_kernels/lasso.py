"""The most probable Laplace factors: least squares with a penalty on their sizes."""

import math

import numpy as np
from numba import float64, int64

from .kernel import helper, kernel, reads, writes


@helper
def _shrunken(value, by):
    """A number moved towards zero, and no further."""
    if value > by:
        return value - by
    return value + by if value < -by else 0.0


@kernel(
    reads(float64, "k d"), reads(float64, "n d"), reads(float64, "n d"), float64, float64, int64,
    writes(float64, "n k"),
)  # fmt: skip
def lasso(atoms, x, seen, penalty, tolerance, n_passes, codes):
    """Write the h that minimise ``|seen (x - h atoms)|^2 / 2 + penalty |h|_1`` of each row.

    By passes over all factors (Friedman, Hastie & Tibshirani 2010), each taking its best value
    given the others, until none moves the data by more than ``tolerance`` of the row's length.
    """
    n_factors, width = atoms.shape
    own, squares, residual = np.empty((n_factors, width)), np.empty(n_factors), np.empty(width)
    for row in range(codes.shape[0]):
        h, size = codes[row], 0.0
        for j in range(width):
            residual[j] = x[row, j] * seen[row, j]
            size += residual[j] ** 2
        for i in range(n_factors):
            h[i], squares[i] = 0.0, 0.0
            for j in range(width):
                own[i, j] = atoms[i, j] * seen[row, j]
                squares[i] += own[i, j] ** 2
        least = tolerance * math.sqrt(size)
        for _ in range(n_passes):
            largest = 0.0
            for i in range(n_factors):
                if squares[i] == 0:
                    continue
                projection = h[i] * squares[i]
                for j in range(width):
                    projection += own[i, j] * residual[j]
                best = _shrunken(projection, penalty) / squares[i]
                change = best - h[i]
                if change != 0:
                    for j in range(width):
                        residual[j] -= change * own[i, j]
                    h[i] = best
                    largest = max(largest, abs(change) * math.sqrt(squares[i]))
            if largest <= least:
                break
