"""Products with a transposed matrix against NumPy, and to the bit against those with a copy."""

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz._kernels import dense, tables, transposition
from sklearn_helmholtz.layers import Affine

# Rows, inputs and units: alone, around the 16 lanes, the 32 of a panel, and several panels.
SHAPES = [
    (1, 1, 1), (2, 3, 5), (3, 8, 16), (1, 9, 17), (7, 16, 15), (5, 31, 33), (64, 32, 32),
    (33, 33, 31), (4, 48, 40), (6, 64, 65), (70, 130, 100), (3, 200, 161), (0, 5, 4), (3, 0, 4),
    (3, 4, 0), (520, 450, 33),
]  # fmt: skip
KINDS = {
    "binary": (np.uint8, tables.table_product, tables.table_product_transposed),
    "real": (np.float32, dense.dense_product, dense.dense_product_transposed),
}
kinds = pytest.mark.parametrize("kind", KINDS)
shapes = pytest.mark.parametrize("shape", SHAPES)


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def rows_of(dtype, *shape):
    rows = normal(0, *shape)
    return (rows > 0).astype(np.uint8) if dtype == np.uint8 else rows


@kinds
@shapes
def test_products_with_a_transposed_matrix(kind, shape):
    n_rows, n_inputs, n_units = shape
    dtype, product, transposed = KINDS[kind]
    rows, matrix = rows_of(dtype, n_rows, n_inputs), normal(1, n_units, n_inputs)
    intercept, before = normal(2, n_units), matrix.copy()
    out = np.full((n_rows, n_units), np.nan, np.float32)
    transposed(rows, matrix, intercept, out)
    wide = rows.astype(np.float64) @ matrix.T.astype(np.float64) + intercept
    assert_allclose(out, wide, rtol=1e-5, atol=1e-5 * (1 + np.sqrt(n_inputs)))
    straight = np.full_like(out, np.nan)
    product(rows, np.ascontiguousarray(matrix.T), intercept, straight)
    assert_array_equal(out, straight)
    assert_array_equal(matrix, before)


@kinds
def test_the_product_of_a_row_does_not_depend_on_the_other_rows(kind):
    dtype, _, transposed = KINDS[kind]
    rows, matrix, intercept = rows_of(dtype, 9, 70), normal(1, 50, 70), normal(2, 50)
    together, alone = np.empty((9, 50), np.float32), np.empty((1, 50), np.float32)
    transposed(rows, matrix, intercept, together)
    for m in range(9):
        transposed(rows[m : m + 1], matrix, intercept, alone)
        assert_array_equal(alone[0], together[m])


@kinds
def test_nan_and_infinity_stay_in_the_columns_of_their_units(kind):
    dtype, _, transposed = KINDS[kind]
    matrix, out = normal(0, 5, 40), np.empty((2, 5), np.float32)
    matrix[1, 7], matrix[2, 33] = np.nan, np.inf
    transposed(np.ones((2, 40), dtype), matrix, np.zeros(5, np.float32), out)
    assert np.isnan(out[:, 1]).all()
    assert (out[:, 2] == np.inf).all()
    assert np.isfinite(out[:, [0, 3, 4]]).all()


@numba.njit
def turn(source, s0, source_stride, target, t0, target_stride):
    transposition.turn(source, s0, source_stride, target, t0, target_stride)


def test_sixteen_rows_are_turned_into_columns_and_nothing_else_is_written():
    source, target = normal(0, 20, 23), np.zeros((40, 31), np.float32)
    turn(source.reshape(-1), 2 * 23 + 5, 23, target.reshape(-1), 3 * 31 + 4, 31)
    expected = np.zeros_like(target)
    expected[3:19, 4:20] = source[2:18, 5:21].T
    assert_array_equal(target, expected)


@numba.njit
def turn_square(matrix, n_rows, n_columns, m0, k0, target, t0, target_stride):
    transposition.turn_square(matrix, n_rows, n_columns, m0, k0, target, t0, target_stride)


@pytest.mark.parametrize("shape", [(1, 1), (16, 15), (15, 16), (16, 16), (20, 23)])
def test_squares_at_the_edges_are_filled_up_with_zeros(shape):
    matrix = normal(0, *shape)
    target = np.full((33, 32), np.nan, np.float32)
    beyond = np.full(400, np.nan, np.float32)  # is not read
    flat = np.concatenate([matrix.reshape(-1), beyond])
    for m, k in np.ndindex(2, 2):
        if 16 * m < shape[0] and 16 * k < shape[1]:
            turn_square(flat, *shape, 16 * m, 16 * k, target.reshape(-1), 16 * (32 * k + m), 32)
    rows, columns = (16 * -(-n // 16) for n in shape)
    expected = np.full_like(target, np.nan)
    expected[:columns, :rows] = 0
    expected[: shape[1], : shape[0]] = matrix.T
    assert_array_equal(target, expected)


@shapes
def test_a_pullback_is_the_product_with_the_transposed_weights(shape):
    n_rows, n_outputs, n_inputs = shape
    affine = Affine(normal(0, n_inputs, n_outputs), normal(1, n_outputs))
    error = normal(2, n_rows, n_outputs)
    pulled = affine.pullback(None, error)
    wide = error.astype(np.float64) @ affine.weights.T.astype(np.float64)
    assert pulled.dtype == np.float32
    assert_allclose(pulled, wide, rtol=1e-5, atol=1e-5 * (1 + np.sqrt(n_outputs)))
    out = np.full_like(pulled, np.nan)
    assert affine.pullback(None, error, out=out) is out
    assert_array_equal(out, pulled)
    assert (affine.n_inputs, affine.n_outputs) == (n_inputs, n_outputs)


def test_a_pullback_is_the_derivative_by_the_parents():
    """Of ``sum error * eta``, by differences of the forward map."""
    affine, parents, error = Affine(normal(0, 6, 4), normal(1, 4)), normal(2, 3, 6), normal(3, 3, 4)
    slopes = np.zeros((3, 6))
    for m, k in np.ndindex(3, 6):
        around = []
        for sign in (1, -1):
            moved = parents.copy()
            moved[m, k] += sign * 0.5  # the map is linear
            around.append((error * affine.forward(moved)).sum(dtype=np.float64))
        slopes[m, k] = around[0] - around[1]
    assert_allclose(affine.pullback(None, error), slopes, atol=1e-5)


def test_a_prior_has_no_inputs_and_pulls_nothing_back():
    prior = Affine(None, normal(0, 4))
    assert (prior.n_inputs, prior.n_outputs) == (0, 4)
    assert prior.pullback(None, normal(1, 3, 4)).shape == (3, 0)


def test_errors_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"where k is 3 in inputs of shape \(2, 3\)"):
        Affine(normal(0, 6, 4), normal(1, 4)).pullback(None, normal(2, 2, 3))


@kinds
def test_without_inputs_a_product_is_the_intercept(kind):
    dtype, product, _ = KINDS[kind]
    out, intercept = np.full((3, 40), np.nan, np.float32), normal(0, 40)
    product(np.empty((3, 0), dtype), np.empty((0, 40), np.float32), intercept, out)
    assert_array_equal(out, np.tile(intercept, (3, 1)))


@pytest.mark.parametrize("gradient", [tables.table_gradient, dense.dense_gradient])
def test_without_rows_a_gradient_is_zero(gradient):
    dtype = np.uint8 if gradient is tables.table_gradient else np.float32
    by_matrix, by_intercept = np.full((5, 40), np.nan, np.float32), np.full(40, np.nan, np.float32)
    gradient(np.empty((0, 5), dtype), np.empty((0, 40), np.float32), True, by_matrix, by_intercept)
    assert not by_matrix.any()
    assert not by_intercept.any()
