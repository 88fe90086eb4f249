"""Kernels of lower triangular matrices against slow twins."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz._kernels.triangular import lower_product, lower_solution, upper_solution
from tests import naive

KERNELS = {
    "product": (lower_product, naive.lower_product),
    "solution": (lower_solution, naive.lower_solution),
    "transposed solution": (upper_solution, naive.upper_solution),
}
SHAPES = [(1, 1, 1), (3, 3, 2), (2, 6, 3), (1, 5, 5), (4, 12, 9), (2, 4, 50), (3, 0, 2)]


def make_case(n_matrices, n_rows, k):
    """Matrices that are easily solved; what is above their diagonals is garbage."""
    rng = np.random.default_rng(k)
    lower = rng.normal(0, 1 / np.sqrt(k), (n_matrices, k, k))
    lower[:, range(k), range(k)] = rng.uniform(0.5, 2, (n_matrices, k))
    lower[:, *np.triu_indices(k, 1)] = 1e6
    return lower.astype(np.float32), rng.normal(size=(n_rows, k)).astype(np.float32)


@pytest.mark.parametrize(("kernel", "twin"), KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_triangular_kernels_are_their_naive_twins(kernel, twin, shape):
    lower, values = make_case(*shape)
    out, before = np.full(values.shape, np.nan, np.float32), (lower.copy(), values.copy())
    kernel(lower, values, out)
    expected = twin(lower, values)
    assert_allclose(out, expected, rtol=1e-5, atol=1e-5 * abs(expected).max(initial=1))
    assert_array_equal(lower, before[0])
    assert_array_equal(values, before[1])


def test_solutions_undo_products():
    lower, values = make_case(2, 6, 4)
    product, back = (np.empty_like(values) for _ in range(2))
    lower_product(lower, values, product)
    lower_solution(lower, product, back)
    assert_allclose(back, values, rtol=1e-4, atol=1e-5)


def test_matrices_are_shared_by_whole_numbers_of_rows():
    lower, values = make_case(2, 5, 3)
    with pytest.raises(ValueError, match="lower"):
        lower_product(lower, values, values.copy())
