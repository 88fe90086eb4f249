"""Missing values (NaN) of tables: whether, how many, and which rows share a pattern of them."""

import numpy as np
import scipy.sparse

from .dense import chunks, dense_rows, rows_of_a_piece, slices


def has_missing(data):
    """Whether any value is missing."""
    return any(chunk.dtype.kind == "f" and np.isnan(chunk).any() for chunk in chunks(data))


def missing_per_row(data):
    """Number of missing values of each row, (n_rows,) int64."""
    if data.dtype.kind != "f":
        return np.zeros(data.shape[0], np.int64)
    return np.concatenate([np.empty(0, np.int64), *map(_missing_of_piece, slices(data))])


def _missing_of_piece(data):
    """The same of some rows."""
    if not scipy.sparse.issparse(data):
        return np.isnan(data).sum(axis=1)
    missing = np.concatenate([[0], np.cumsum(np.isnan(data.data))])
    return np.diff(missing[data.indptr])


def by_pattern(data, chosen, fewest):
    """Numbers of rows apart by what is missing of them.

    chosen : the numbers to part. A list of the numbers of each pattern that at least ``fewest``
    rows have, and the numbers of all other rows, those of a pattern side by side.
    """
    step = rows_of_a_piece(data)
    places = (chosen[start : start + step] for start in range(0, len(chosen), step))
    bits = [np.packbits(np.isnan(dense_rows(data, place)), axis=1) for place in places]
    bits = np.concatenate([np.empty((0, -(-data.shape[1] // 8)), np.uint8), *bits])
    _, numbers, counts = np.unique(bits, axis=0, return_inverse=True, return_counts=True)
    numbers = numbers.reshape(-1)
    order = np.argsort(numbers, kind="stable")
    often = counts[numbers[order]] >= fewest
    limits = np.cumsum(counts[counts >= fewest])
    return np.split(chosen[order[often]], limits)[:-1], chosen[order[~often]]
