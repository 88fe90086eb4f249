"""Arrays and CSR matrices piece by piece, so that neither is copied or made dense as a whole."""

from functools import partial

import numpy as np
import scipy.sparse

CHECKED_ENTRIES = 2**20  # of a piece


def dense_doubles(block):
    """Some rows, an array or a CSR matrix, as a dense array of float64.

    Where they are one already, they themselves: not to be written to.
    """
    block = block.toarray() if scipy.sparse.issparse(block) else block
    return block.astype(np.float64, copy=False)


def dense_rows(data, rows):
    """Some rows of an array or a CSR matrix, by numbers or slice, as of `dense_doubles`."""
    return dense_doubles(data[rows])


def with_column(data, column, value):
    """A copy of an array or a CSR matrix, float64, with one value in all of a column."""
    if not scipy.sparse.issparse(data):
        data = np.array(data, np.float64)
        data[:, column] = value
        return data
    filled = scipy.sparse.csr_array(np.full((data.shape[0], 1), float(value)))
    parts = [data[:, :column], filled, data[:, column + 1 :]]
    return scipy.sparse.csr_matrix(scipy.sparse.hstack(parts, "csr"))


def with_columns_in_order(data, order):
    """A copy of a table whose columns stand in another order: an array, CSR matrix or chunks.

    order : (n_columns,) the number of the column that comes to each place.
    """
    if hasattr(data, "mapped"):
        return data.mapped(partial(with_columns_in_order, order=order))
    if scipy.sparse.issparse(data):
        return data[:, order].sorted_indices()
    return np.take(data, order, axis=1)


def row_pieces(data, indices):
    """Some rows of an array or a CSR matrix, by number, a piece at a time, in the same form."""
    step = rows_of_a_piece(data)
    for start in range(0, len(indices), step):
        yield data[indices[start : start + step]]


def rows_of_a_piece(data):
    """Number of rows of which a piece consists, at least one."""
    return max(CHECKED_ENTRIES // max(data.shape[1], 1), 1)


def slices(data):
    """The rows of an array, or of a table in chunks, some at a time; a CSR matrix as a whole."""
    if scipy.sparse.issparse(data):
        yield data
        return
    step = rows_of_a_piece(data)
    for start in range(0, data.shape[0], step):
        yield data[start : start + step]


def chunks(data):
    """The values of an array, some rows at a time; the stored values of CSR matrices."""
    for piece in slices(data):
        yield piece.data if scipy.sparse.issparse(piece) else piece
