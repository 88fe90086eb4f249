"""Products of real numbers with a float32 matrix, added in the order of `tables`.

A panel of the matrix, some inputs by WIDTH columns, is copied to where it lies together, and then
all rows go through it, tile by tile.
"""

import numpy as np
from numba import boolean, float32, types
from numba.core.imputils import impl_ret_borrowed

from .arithmetic import fill
from .copying import copy_rows
from .intrinsics import intrinsic
from .kernel import helper, kernel, opaque_true, reads, routine, writes
from .lanes import LANES, load, load_first, prefetch, store
from .tables import GROUP, SPAN, WIDTH, add_rows, aligned, copy_columns, start_of
from .tiles import multiply_row, multiply_tile, tile_height
from .transposition import turn_square

_DEPTH = 7 * SPAN  # inputs of a panel (28 KB), which stays near the core
_ROWS = 512  # that go through a panel together: what they have for it stays nearly as near
_ZERO = np.float32(0)


@intrinsic
def read_only(context, array):
    """The same array as one that is only read: one type for it and for what is written as well."""

    def generate(context, builder, signature, arguments):
        return impl_ret_borrowed(context, builder, signature.return_type, arguments[0])

    kind = types.Array(array.dtype, array.ndim, array.layout, readonly=True)
    return kind(array), generate


@helper
def _fill_panel(matrix, n_inputs, n_units, k0, j0, width, panel):
    """Copy rows from k0 on of WIDTH columns from j0 on, zeros past the matrix's edges.

    As many rows as a panel has and whole groups of the matrix need. The next columns, which are
    seldom at hand, are asked for meanwhile.
    """
    depth = min(_DEPTH, n_inputs - k0)
    for i in range(depth):
        a, p = (k0 + i) * n_units + j0, i * WIDTH
        if width == WIDTH:
            store(panel, p, load(matrix, a))
            store(panel, p + LANES, load(matrix, a + LANES))
            prefetch(matrix, a + WIDTH)
            prefetch(matrix, a + WIDTH + LANES)
        else:
            store(panel, p, load_first(matrix, a, min(width, LANES)))
            store(panel, p + LANES, load_first(matrix, a + LANES, width - LANES))
    for i in range(depth, GROUP * -(-depth // GROUP)):
        store(panel, i * WIDTH, fill(_ZERO))
        store(panel, i * WIDTH + LANES, fill(_ZERO))


@helper
def _fill_transposed(matrix, n_inputs, n_units, k0, j0, width, panel):
    """As `_fill_panel`, from a matrix (n_units, n_inputs)."""
    for j in range(0, width, LANES):
        for i in range(0, min(_DEPTH, n_inputs - k0), LANES):
            turn_square(matrix, n_units, n_inputs, j0 + j, k0 + i, panel, i * WIDTH + j, WIDTH)


@helper
def _multiply_panel(
    values, v, stride, n_rows, n_groups, panel, width, fresh, low, high, sums, s, sums_stride
):  # fmt: skip
    """Add to the sums of all rows what their values from v on make of a panel, see `tiles`.

    Fresh sums start at low and, in the upper half of the columns, at high.
    """
    height = tile_height()
    whole = n_rows - n_rows % height
    for m in range(0, whole, height):
        for j in range(0, width, LANES):
            start, a, o = high if j else low, v + m * stride, s + m * sums_stride + j
            multiply_tile(
                values, a, stride, n_groups, panel, j, fresh, start, sums, o, sums_stride
            )  # fmt: skip
    for m in range(whole, n_rows):
        for j in range(0, width, LANES):
            start, a, o = high if j else low, v + m * stride, s + m * sums_stride + j
            multiply_row(values, a, stride, n_groups, panel, j, fresh, start, sums, o, sums_stride)


@helper
def _whole_groups(inputs):
    """The inputs as a flat array whose rows are filled up with zeros to whole groups; their length.

    inputs : (n_rows, n_inputs).
    """
    n_rows, n_inputs = inputs.shape
    stride = GROUP * -(-n_inputs // GROUP)
    values = read_only(inputs.reshape(-1))
    if stride != n_inputs:
        padded = np.zeros((n_rows, stride), np.float32)
        copy_rows(inputs, padded)
        values = read_only(padded.reshape(-1))
    return values, stride


@helper
def _columns(inputs):
    """The same of the columns of the inputs."""
    n_rows, n_inputs = inputs.shape
    stride = LANES * -(-n_rows // LANES)
    turned, source = aligned(LANES * -(-n_inputs // LANES) * stride), inputs.reshape(-1)
    for m in range(0, n_rows, LANES):
        for k in range(0, n_inputs, LANES):
            turn_square(source, n_rows, n_inputs, m, k, turned, k * stride + m, stride)
    return read_only(turned), stride


@routine
def _dense_sums(values, stride, matrix, n_inputs, is_turned, intercept, fresh, out):
    """``out = intercept + inputs @ matrix``, or ``out += inputs @ matrix`` if it is not fresh.

    values, stride : see `_whole_groups`; matrix : (n_inputs, n_units), or turned, flat; out :
    (n_rows, n_units). Sums of whole panels are added up where they belong, others apart.
    """
    (n_rows, n_units), target = out.shape, out.reshape(-1)
    depth = min(_DEPTH, LANES * -(-n_inputs // LANES))
    panel, apart = aligned(depth * WIDTH), aligned(min(n_rows, _ROWS) * WIDTH)
    for m0 in range(0, n_rows, _ROWS):
        n = min(_ROWS, n_rows - m0)
        for k0 in range(0, max(n_inputs, 1), _DEPTH):
            n_groups = -(-min(_DEPTH, n_inputs - k0) // GROUP)
            for j0 in range(0, n_units, WIDTH):
                width, t = min(WIDTH, n_units - j0), m0 * n_units + j0
                if is_turned:
                    _fill_transposed(matrix, n_inputs, n_units, k0, j0, width, panel)
                else:
                    _fill_panel(matrix, n_inputs, n_units, k0, j0, width, panel)
                sums, s, sums_stride = target, t, n_units
                if width < WIDTH:
                    sums, s, sums_stride = apart, 0, WIDTH
                    if not fresh and k0 == 0:
                        copy_columns(target, t, n_units, apart, 0, WIDTH, n, width)
                low, high = start_of(intercept, j0, width)
                _multiply_panel(
                    values, m0 * stride + k0, stride, n, n_groups, panel, width,
                    fresh and k0 == 0, low, high, sums, s, sums_stride,
                )  # fmt: skip
                if width < WIDTH and k0 + _DEPTH >= n_inputs:
                    copy_columns(apart, 0, WIDTH, target, t, n_units, n, width)


@kernel(reads(float32, "n k"), reads(float32, "k m"), reads(float32, "m"), writes(float32, "n m"))
def dense_product(inputs, matrix, intercept, out):
    """``intercept + inputs @ matrix`` for real inputs, added in the order of `table_product`.

    inputs : (n_rows, n_inputs); matrix : (n_inputs, n_units); intercept : (n_units,);
    out : (n_rows, n_units).
    """
    values, stride = _whole_groups(inputs)
    yes, n_inputs = opaque_true(out.shape[0]), inputs.shape[1]
    _dense_sums(values, stride, matrix.reshape(-1), n_inputs, not yes, intercept, yes, out)


@kernel(reads(float32, "n k"), reads(float32, "m k"), reads(float32, "m"), writes(float32, "n m"))
def dense_product_transposed(inputs, matrix, intercept, out):
    """``intercept + inputs @ matrix.T``, with the bits of `dense_product` with a copy of matrix.T.

    inputs : (n_rows, n_inputs); matrix : (n_units, n_inputs); intercept : (n_units,);
    out : (n_rows, n_units).
    """
    values, stride = _whole_groups(inputs)
    yes, n_inputs = opaque_true(out.shape[0]), inputs.shape[1]
    _dense_sums(values, stride, matrix.reshape(-1), n_inputs, yes, intercept, yes, out)


@kernel(
    reads(float32, "n k"), reads(float32, "n m"), boolean, writes(float32, "k m"),
    writes(float32, "m"),
)  # fmt: skip
def dense_gradient(inputs, error, fresh, by_matrix, by_intercept):
    """The derivatives of `table_gradient` for real inputs (n_rows, n_inputs)."""
    values, stride = _columns(inputs)
    n_rows, no = error.shape[0], not opaque_true(error.shape[0])
    zeros = read_only(np.zeros(error.shape[1], np.float32))
    _dense_sums(values, stride, error.reshape(-1), n_rows, no, zeros, fresh, by_matrix)
    add_rows(error, fresh, by_intercept)
