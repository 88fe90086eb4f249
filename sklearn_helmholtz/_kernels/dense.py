"""Products of real numbers with a float32 matrix, added in the order of `tables`."""

import numpy as np
from numba import boolean, float32

from .arithmetic import fill, multiply_add
from .copying import copy_rows
from .kernel import helper, kernel, opaque_true, reads, routine, writes
from .lanes import LANES, load, load_first, load_same, store
from .tables import (
    GROUP,
    N_GROUPS,
    SPAN,
    WIDTH,
    add_rows,
    aligned,
    copy_columns,
    fill_transposed,
    start_of,
)

_TILE = 3  # rows that go through a panel together
_ZERO = np.float32(0)


@helper
def _fill_panel(matrix, n_inputs, n_units, k0, j0, width, panel):
    """Copy rows k0 to k0 + 31 of WIDTH columns from j0 on, zeros past the matrix's edges."""
    for i in range(SPAN):
        n = width if k0 + i < n_inputs else 0
        a, p = (k0 + i) * n_units + j0, i * WIDTH
        store(panel, p, load_first(matrix, a, min(n, LANES)))
        store(panel, p + LANES, load_first(matrix, a + LANES, n - LANES))


@helper
def _multiply_row(values, v, n_groups, panel, p, sums, s):
    """Add to LANES sums of one row, from s on, what its values from v on make of a panel."""
    sum_0 = fill(_ZERO)
    for _ in range(n_groups):
        q0 = load_same(values, v) * load(panel, p)
        q0 = multiply_add(load_same(values, v + 1), load(panel, p + WIDTH), q0)
        q0 = multiply_add(load_same(values, v + 2), load(panel, p + 2 * WIDTH), q0)
        q0 = multiply_add(load_same(values, v + 3), load(panel, p + 3 * WIDTH), q0)
        sum_0 = sum_0 + q0
        v += GROUP
        p += GROUP * WIDTH
    store(sums, s, load(sums, s) + sum_0)


@helper
def _multiply_tile(values, v, stride, n_groups, panel, p, sums, s):
    """As `_multiply_row`, for three rows that share what is loaded from the panel.

    Their sums, the products of a group and one row of the panel fill the 16 registers of AVX2.
    """
    v1, v2, s1, s2 = v + stride, v + 2 * stride, s + WIDTH, s + 2 * WIDTH
    sum_0, sum_1, sum_2 = fill(_ZERO), fill(_ZERO), fill(_ZERO)
    for _ in range(n_groups):
        x = load(panel, p)
        q0, q1 = load_same(values, v) * x, load_same(values, v1) * x
        q2 = load_same(values, v2) * x
        x = load(panel, p + WIDTH)
        q0 = multiply_add(load_same(values, v + 1), x, q0)
        q1 = multiply_add(load_same(values, v1 + 1), x, q1)
        q2 = multiply_add(load_same(values, v2 + 1), x, q2)
        x = load(panel, p + 2 * WIDTH)
        q0 = multiply_add(load_same(values, v + 2), x, q0)
        q1 = multiply_add(load_same(values, v1 + 2), x, q1)
        q2 = multiply_add(load_same(values, v2 + 2), x, q2)
        x = load(panel, p + 3 * WIDTH)
        sum_0 = sum_0 + multiply_add(load_same(values, v + 3), x, q0)
        sum_1 = sum_1 + multiply_add(load_same(values, v1 + 3), x, q1)
        sum_2 = sum_2 + multiply_add(load_same(values, v2 + 3), x, q2)
        v += GROUP
        v1 += GROUP
        v2 += GROUP
        p += GROUP * WIDTH
    store(sums, s, load(sums, s) + sum_0)
    store(sums, s1, load(sums, s1) + sum_1)
    store(sums, s2, load(sums, s2) + sum_2)


@helper
def _multiply_panel(values, stride, k0, n_left, panel, width, sums, n_rows):
    """Add to the sums of all rows what the inputs from k0 on, n_left of them, make of a panel."""
    n_groups = min(N_GROUPS, -(-n_left // GROUP))
    whole = n_rows - n_rows % _TILE
    for m in range(0, whole, _TILE):
        for j in range(0, width, LANES):
            v, s = m * stride + k0, m * WIDTH + j
            _multiply_tile(values, v, stride, n_groups, panel, j, sums, s)
    for m in range(whole, n_rows):
        for j in range(0, width, LANES):
            _multiply_row(values, m * stride + k0, n_groups, panel, j, sums, m * WIDTH + j)


@helper
def _start_sums(intercept, j0, width, sums, n_rows):
    """Write the intercepts of the columns from j0 on to the sums of all rows."""
    low, high = start_of(intercept, j0, width)
    for m in range(n_rows):
        store(sums, m * WIDTH, low)
        store(sums, m * WIDTH + LANES, high)


@helper
def _whole_groups(inputs):
    """The inputs as a flat array whose rows are filled up with zeros to whole groups."""
    n_rows, n_inputs = inputs.shape
    stride = GROUP * -(-n_inputs // GROUP)
    if stride == n_inputs:
        return inputs.reshape(-1)
    padded = np.zeros((n_rows, stride), np.float32)
    copy_rows(inputs, padded)
    return padded.reshape(-1)


@routine
def _dense_sums(inputs, matrix, intercept, fresh, out):
    """``out = intercept + inputs @ matrix``, or ``out += inputs @ matrix`` if it is not fresh."""
    n_rows, (n_inputs, n_units) = inputs.shape[0], matrix.shape
    values, entries, target = _whole_groups(inputs), matrix.reshape(-1), out.reshape(-1)
    stride = GROUP * -(-n_inputs // GROUP)
    panel, sums = aligned(SPAN * WIDTH), aligned(n_rows * WIDTH)
    for j0 in range(0, n_units, WIDTH):
        width = min(WIDTH, n_units - j0)
        _start_sums(intercept, j0, width, sums, n_rows)
        if not fresh:
            copy_columns(target, j0, n_units, sums, 0, WIDTH, n_rows, width)
        for k0 in range(0, n_inputs, SPAN):
            _fill_panel(entries, n_inputs, n_units, k0, j0, width, panel)
            _multiply_panel(values, stride, k0, n_inputs - k0, panel, width, sums, n_rows)
        copy_columns(sums, 0, WIDTH, target, j0, n_units, n_rows, width)


@kernel(reads(float32, "n k"), reads(float32, "k m"), reads(float32, "m"), writes(float32, "n m"))
def dense_product(inputs, matrix, intercept, out):
    """``intercept + inputs @ matrix`` for real inputs, added in the order of `table_product`.

    inputs : (n_rows, n_inputs); matrix : (n_inputs, n_units); intercept : (n_units,);
    out : (n_rows, n_units).
    """
    # Copies are not read-only, like what a gradient passes: one type for both.
    _dense_sums(inputs.copy(), matrix, intercept.copy(), opaque_true(out.shape[0]), out)


@kernel(reads(float32, "n k"), reads(float32, "m k"), reads(float32, "m"), writes(float32, "n m"))
def dense_product_transposed(inputs, matrix, intercept, out):
    """``intercept + inputs @ matrix.T``, with the bits of `dense_product` with a copy of matrix.T.

    inputs : (n_rows, n_inputs); matrix : (n_units, n_inputs); intercept : (n_units,);
    out : (n_rows, n_units).
    """
    n_rows, (n_units, n_inputs) = inputs.shape[0], matrix.shape
    values, entries, target = _whole_groups(inputs), matrix.reshape(-1), out.reshape(-1)
    stride = GROUP * -(-n_inputs // GROUP)
    panel, sums = aligned(SPAN * WIDTH), aligned(n_rows * WIDTH)
    for j0 in range(0, n_units, WIDTH):
        width = min(WIDTH, n_units - j0)
        _start_sums(intercept, j0, width, sums, n_rows)
        for k0 in range(0, n_inputs, SPAN):
            fill_transposed(entries, n_inputs, n_units, k0, j0, width, panel)
            _multiply_panel(values, stride, k0, n_inputs - k0, panel, width, sums, n_rows)
        copy_columns(sums, 0, WIDTH, target, j0, n_units, n_rows, width)


@kernel(
    reads(float32, "n k"), reads(float32, "n m"), boolean, writes(float32, "k m"),
    writes(float32, "m"),
)  # fmt: skip
def dense_gradient(inputs, error, fresh, by_matrix, by_intercept):
    """The derivatives of `table_gradient` for real inputs (n_rows, n_inputs)."""
    zeros = np.zeros(error.shape[1], np.float32)
    _dense_sums(inputs.T.copy(), error, zeros, fresh, by_matrix)
    add_rows(error, fresh, by_intercept)
