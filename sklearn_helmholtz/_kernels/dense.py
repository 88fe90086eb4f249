"""Products of real numbers with a float32 matrix, added in the order of `tables`."""

import numpy as np
from numba import boolean, float32

from .arithmetic import fill, multiply_add
from .copying import copy_rows
from .kernel import helper, kernel, opaque_true, reads, routine, writes
from .lanes import LANES, load, load_first, store
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

_ZERO = np.float32(0)


@helper
def _quad(values, i, x, y, z, w):
    """The sum of 4 neighbouring products, from left to right, as in a table."""
    q = values[i] * x
    q = multiply_add(values[i + 1], y, q)
    q = multiply_add(values[i + 2], z, q)
    return multiply_add(values[i + 3], w, q)


@helper
def _fill_panel(matrix, n_inputs, n_units, k0, j0, width, panel):
    """Copy rows k0 to k0 + 31 of WIDTH columns from j0 on, zeros past the matrix's edges."""
    for i in range(SPAN):
        n = width if k0 + i < n_inputs else 0
        a, p = (k0 + i) * n_units + j0, i * WIDTH
        store(panel, p, load_first(matrix, a, min(n, LANES)))
        store(panel, p + LANES, load_first(matrix, a + LANES, n - LANES))


@helper
def _multiply_span(values, v, panel, sums, o):
    """Add to WIDTH sums of one row the products of its 32 values with the rows of a panel."""
    low, high = fill(_ZERO), fill(_ZERO)
    for g in range(N_GROUPS):
        i, p = v + g * GROUP, g * GROUP * WIDTH
        q, r = p + LANES, WIDTH
        low = low + _quad(
            values, i, load(panel, p), load(panel, p + r), load(panel, p + 2 * r),
            load(panel, p + 3 * r),
        )  # fmt: skip
        high = high + _quad(
            values, i, load(panel, q), load(panel, q + r), load(panel, q + 2 * r),
            load(panel, q + 3 * r),
        )  # fmt: skip
    store(sums, o, load(sums, o) + low)
    store(sums, o + LANES, load(sums, o + LANES) + high)


@helper
def _multiply_span_twice(values, v, v_next, panel, sums, o, o_next):
    """As `_multiply_span`, for two rows that share what is loaded from the panel."""
    low, high, low_next, high_next = fill(_ZERO), fill(_ZERO), fill(_ZERO), fill(_ZERO)
    for g in range(N_GROUPS):
        i, p = g * GROUP, g * GROUP * WIDTH
        x, y = load(panel, p), load(panel, p + WIDTH)
        z, w = load(panel, p + 2 * WIDTH), load(panel, p + 3 * WIDTH)
        low = low + _quad(values, v + i, x, y, z, w)
        low_next = low_next + _quad(values, v_next + i, x, y, z, w)
        p += LANES
        x, y = load(panel, p), load(panel, p + WIDTH)
        z, w = load(panel, p + 2 * WIDTH), load(panel, p + 3 * WIDTH)
        high = high + _quad(values, v + i, x, y, z, w)
        high_next = high_next + _quad(values, v_next + i, x, y, z, w)
    store(sums, o, load(sums, o) + low)
    store(sums, o + LANES, load(sums, o + LANES) + high)
    store(sums, o_next, load(sums, o_next) + low_next)
    store(sums, o_next + LANES, load(sums, o_next + LANES) + high_next)


@helper
def _multiply_panel(values, stride, k0, panel, sums, n_rows):
    """Add to the sums of all rows what the inputs from k0 on make of a panel."""
    for m in range(0, n_rows - 1, 2):
        v, o = m * stride + k0, m * WIDTH
        _multiply_span_twice(values, v, v + stride, panel, sums, o, o + WIDTH)
    if n_rows % 2:
        m = n_rows - 1
        _multiply_span(values, m * stride + k0, panel, sums, m * WIDTH)


@helper
def _start_sums(intercept, j0, width, sums, n_rows):
    """Write the intercepts of the columns from j0 on to the sums of all rows."""
    low, high = start_of(intercept, j0, width)
    for m in range(n_rows):
        store(sums, m * WIDTH, low)
        store(sums, m * WIDTH + LANES, high)


@helper
def _whole_spans(inputs):
    """The inputs as a flat array whose rows are filled up with zeros to whole spans."""
    n_rows, n_inputs = inputs.shape
    stride = SPAN * -(-n_inputs // SPAN)
    if stride == n_inputs:
        return inputs.reshape(-1)
    padded = np.zeros((n_rows, stride), np.float32)
    copy_rows(inputs, padded)
    return padded.reshape(-1)


@routine
def _dense_sums(inputs, matrix, intercept, fresh, out):
    """``out = intercept + inputs @ matrix``, or ``out += inputs @ matrix`` if it is not fresh."""
    n_rows, (n_inputs, n_units) = inputs.shape[0], matrix.shape
    values, entries, target = _whole_spans(inputs), matrix.reshape(-1), out.reshape(-1)
    stride = SPAN * -(-n_inputs // SPAN)
    panel, sums = aligned(SPAN * WIDTH), aligned(n_rows * WIDTH)
    for j0 in range(0, n_units, WIDTH):
        width = min(WIDTH, n_units - j0)
        _start_sums(intercept, j0, width, sums, n_rows)
        if not fresh:
            copy_columns(target, j0, n_units, sums, 0, WIDTH, n_rows, width)
        for k0 in range(0, n_inputs, SPAN):
            _fill_panel(entries, n_inputs, n_units, k0, j0, width, panel)
            _multiply_panel(values, stride, k0, panel, sums, n_rows)
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
    values, entries, target = _whole_spans(inputs), matrix.reshape(-1), out.reshape(-1)
    stride = SPAN * -(-n_inputs // SPAN)
    panel, sums = aligned(SPAN * WIDTH), aligned(n_rows * WIDTH)
    for j0 in range(0, n_units, WIDTH):
        width = min(WIDTH, n_units - j0)
        _start_sums(intercept, j0, width, sums, n_rows)
        for k0 in range(0, n_inputs, SPAN):
            fill_transposed(entries, n_inputs, n_units, k0, j0, width, panel)
            _multiply_panel(values, stride, k0, panel, sums, n_rows)
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
