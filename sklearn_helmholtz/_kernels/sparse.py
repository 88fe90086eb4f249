"""Products of rows that are mostly zero: only their non-zero entries cost anything.

Rows are lists: row m holds ``values[t]`` in column ``indices[t]`` for t from ``indptr[m]`` to
``indptr[m + 1] - 1``. Entries are added in their order, to a running sum that stays in registers
and starts at the intercept.
"""

import numpy as np
from numba import boolean, float32, int32, int64, uint8

from .arithmetic import fill, multiply_add
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, load, load_eight, load_first, prefetch, store, store_first
from .tables import add_rows

_AHEAD = 8  # entries for whose rows of the matrix the memory is asked in time
_WIDE = 4 * LANES  # columns whose sums are held in registers together

# The arguments that are n rows, and those that are rows which n rows share.
LISTS = (reads(int64, "n+1"), reads(int32, "t"), reads(float32, "t"))
SHARED_LISTS = (reads(int64, "n/_+1"), *LISTS[1:])


def _count_active(rows, counts):
    """The number of non-zero entries of each row: rows (n_rows, n_columns), counts (n_rows,)."""
    for m in range(rows.shape[0]):
        row, count = rows[m], 0
        for j in range(rows.shape[1]):
            count += row[j] != 0
        counts[m] = count


@helper
def _list_part(row, start, stop, t, indices, values):
    """List the non-zero entries of some columns of a row from place t on: the place after them."""
    for j in range(start, stop):
        if row[j] != 0:
            indices[t] = j
            values[t] = row[j]
            t += 1
    return t


def _list_active(rows, indptr, indices, values):
    """Fill the lists of the non-zero entries of each row."""
    for m in range(rows.shape[0]):
        _list_part(rows[m], 0, rows.shape[1], indptr[m], indices, values)


def _list_active_bytes(rows, indptr, indices, values):
    """Fill the lists of the non-zero entries of each row, of which eight are looked at at once."""
    n_columns, flat = rows.shape[1], rows.reshape(-1)
    full = n_columns - n_columns % 8
    for m in range(rows.shape[0]):
        row, t = rows[m], indptr[m]
        for j in range(0, full, 8):
            if load_eight(flat, m * n_columns + j) != 0:
                t = _list_part(row, j, j + 8, t, indices, values)
        _list_part(row, full, n_columns, t, indices, values)


count_active_binary, count_active_real = (
    kernel(reads(scalar, "n _"), writes(int64, "n"), variant=f"_{scalar}")(_count_active)
    for scalar in (uint8, float32)
)
_LISTED = reads(int64, "n+1"), writes(int32, "t"), writes(float32, "t")
list_active_binary = kernel(reads(uint8, "n _"), *_LISTED)(_list_active_bytes)
list_active_real = kernel(reads(float32, "n _"), *_LISTED)(_list_active)


@routine
def _transpose(indptr, indices, values, n_columns):
    """The same entries, listed by column: for each column its rows, in their order."""
    starts = np.zeros(n_columns + 1, np.int64)
    for t in range(indices.shape[0]):
        starts[indices[t] + 1] += 1
    for k in range(n_columns):
        starts[k + 1] += starts[k]
    place = starts.copy()
    rows, entries = np.empty_like(indices), np.empty_like(values)
    for m in range(indptr.shape[0] - 1):
        for t in range(indptr[m], indptr[m + 1]):
            p = place[indices[t]]
            rows[p], entries[p] = m, values[t]
            place[indices[t]] = p + 1
    return starts, rows, entries


@helper
def _add_wide(first, last, indices, values, matrix, stride, j, target, o):
    """Add the entries of one list, times 64 columns of the matrix from j on, to the target."""
    a, b = load(target, o), load(target, o + LANES)
    c, d = load(target, o + 2 * LANES), load(target, o + 3 * LANES)
    for t in range(first, last):
        v, r = fill(values[t]), int64(indices[t]) * stride + j
        soon = int64(indices[min(t + _AHEAD, last - 1)]) * stride + j
        for line in range(0, _WIDE, LANES):
            prefetch(matrix, soon + line)
        a = multiply_add(v, load(matrix, r), a)
        b = multiply_add(v, load(matrix, r + LANES), b)
        c = multiply_add(v, load(matrix, r + 2 * LANES), c)
        d = multiply_add(v, load(matrix, r + 3 * LANES), d)
    store(target, o, a)
    store(target, o + LANES, b)
    store(target, o + 2 * LANES, c)
    store(target, o + 3 * LANES, d)


@helper
def _add_narrow(first, last, indices, values, matrix, stride, j, n, target, o):
    """Add the entries of one list, times up to 16 columns from j on, to the target."""
    total = load_first(target, o, n)
    for t in range(first, last):
        row = load_first(matrix, int64(indices[t]) * stride + j, n)
        total = multiply_add(values[t], row, total)
    store_first(target, o, total, n)


@routine
def _add_lists(indptr, indices, values, matrix, out):
    """``out += rows @ matrix``; rows without entries are not touched."""
    n_units = matrix.shape[1]
    entries, target = matrix.reshape(-1), out.reshape(-1)
    wide = n_units - n_units % _WIDE
    for m in range(indptr.shape[0] - 1):
        first, last, o = indptr[m], indptr[m + 1], m * n_units
        if first == last:
            continue
        for j in range(0, wide, _WIDE):
            _add_wide(first, last, indices, values, entries, n_units, j, target, o + j)
        for j in range(wide, n_units, LANES):
            n = min(n_units - j, LANES)
            _add_narrow(first, last, indices, values, entries, n_units, j, n, target, o + j)


@kernel(*LISTS, reads(float32, "k m"), reads(float32, "m"), writes(float32, "n m"))
def sparse_product(indptr, indices, values, matrix, intercept, out):
    """``intercept + rows @ matrix`` for listed rows.

    matrix : (n_inputs, n_units); intercept : (n_units,); out : (n_rows, n_units).
    """
    for m in range(out.shape[0]):
        out[m] = intercept
    _add_lists(indptr, indices, values, matrix, out)


@kernel(*LISTS, reads(float32, "n m"), boolean, writes(float32, "k m"), writes(float32, "m"))
def sparse_gradient(indptr, indices, values, error, fresh, by_matrix, by_intercept):
    """The derivatives ``rows.T @ error`` and ``sum error``; added to the outputs if not fresh.

    error : (n_rows, n_units); by_matrix : (n_inputs, n_units); by_intercept : (n_units,).
    """
    starts, rows, entries = _transpose(indptr, indices, values, by_matrix.shape[0])
    if fresh:
        by_matrix[:] = 0
    _add_lists(starts, rows, entries, error, by_matrix)
    add_rows(error, fresh, by_intercept)
