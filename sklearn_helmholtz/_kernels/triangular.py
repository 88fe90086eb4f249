"""Lower triangular matrices, one for each row and all its particles: products and solutions."""

from numba import float32, float64

from .kernel import kernel, reads, writes


@kernel(reads(float32, "n/_ k k"), reads(float32, "n k"), writes(float32, "n k"))
def lower_product(lower, values, out):
    """``out_i = L values_i``, where neighbouring rows share an L, in float64.

    lower : (n_matrices, k, k), of which the lower triangles count; values, out : (n_rows, k).
    """
    n_rows, k = values.shape
    share = n_rows // lower.shape[0]
    for i in range(n_rows):
        matrix, x, y = lower[i // share], values[i], out[i]
        for a in range(k):
            total = 0.0
            for b in range(a + 1):
                total += float64(matrix[a, b]) * float64(x[b])
            y[a] = float32(total)


@kernel(reads(float32, "n/_ k k"), reads(float32, "n k"), writes(float32, "n k"))
def lower_solution(lower, values, out):
    """``out_i = L^-1 values_i`` by forward substitution; shapes as of `lower_product`."""
    n_rows, k = values.shape
    share = n_rows // lower.shape[0]
    for i in range(n_rows):
        matrix, x, y = lower[i // share], values[i], out[i]
        for a in range(k):
            total = float64(x[a])
            for b in range(a):
                total -= float64(matrix[a, b]) * float64(y[b])
            y[a] = float32(total / float64(matrix[a, a]))


@kernel(reads(float32, "n/_ k k"), reads(float32, "n k"), writes(float32, "n k"))
def upper_solution(lower, values, out):
    """``out_i = L^-T values_i`` by backward substitution; shapes as of `lower_product`."""
    n_rows, k = values.shape
    share = n_rows // lower.shape[0]
    for i in range(n_rows):
        matrix, x, y = lower[i // share], values[i], out[i]
        for a in range(k - 1, -1, -1):
            total = float64(x[a])
            for b in range(a + 1, k):
                total -= float64(matrix[b, a]) * float64(y[b])
            y[a] = float32(total / float64(matrix[a, a]))
