"""Small symmetric matrices in float64: their triangular roots, and solutions by these."""

import math

from .kernel import routine


@routine
def root_of(matrix, root):
    """The lower triangular ``root`` with ``root root' = matrix``, which is positive definite.

    Only the lower triangle of the matrix is read; what is above the diagonal of the root is zero.
    """
    k = matrix.shape[0]
    for a in range(k):
        for b in range(a + 1):
            total = matrix[a, b]
            for c in range(b):
                total -= root[a, c] * root[b, c]
            if a == b:
                root[a, a] = math.sqrt(total)
            else:
                root[a, b] = total / root[b, b]
                root[b, a] = 0.0


@routine
def solve_lower(root, rows):
    """Let each row x of a matrix become ``root^-1 x``, in place."""
    k = root.shape[0]
    for i in range(rows.shape[0]):
        x = rows[i]
        for a in range(k):
            total = x[a]
            for b in range(a):
                total -= root[a, b] * x[b]
            x[a] = total / root[a, a]


@routine
def solve_upper(root, rows):
    """Let each row x of a matrix become ``root'^-1 x``, in place."""
    k = root.shape[0]
    for i in range(rows.shape[0]):
        x = rows[i]
        for a in range(k - 1, -1, -1):
            total = x[a]
            for b in range(a + 1, k):
                total -= root[b, a] * x[b]
            x[a] = total / root[a, a]


@routine
def add_square(rows, out):
    """Add ``rows rows'`` to a symmetric matrix."""
    k, n = rows.shape
    for a in range(k):
        for b in range(a + 1):
            total = 0.0
            for c in range(n):
                total += rows[a, c] * rows[b, c]
            out[a, b] += total
            if a != b:
                out[b, a] += total
