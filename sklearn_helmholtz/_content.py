"""What rows hold, as numbers that go wherever the rows go."""

import numpy as np

from ._incomplete import IncompleteRows
from ._kernels.content import content_keys_binary, content_keys_real, content_keys_sparse
from ._sparse import SparseRows


def keys_of_rows(rows, x, place):
    """The content keys of a block x of rows, those at a place, as they were before any scaling.

    They go wherever the rows go, whatever the precision in which they came.
    """
    return content_keys(x if rows.scaling is None else rows.contents(place))


def content_keys(x):
    """The content key of each row of a block, (n_rows,) uint64."""
    keys = np.empty(len(x), np.uint64)
    if isinstance(x, SparseRows):
        content_keys_sparse(*x.lists, keys)
    elif isinstance(x, IncompleteRows):
        content_keys_real(x.values, keys)
    elif x.dtype == np.uint8:
        content_keys_binary(x, keys)
    else:
        content_keys_real(x, keys)
    return keys
