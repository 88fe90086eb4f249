"""Content keys: numbers that go wherever the rows go whose contents they hash."""

import numpy as np

from .._kernels.content import content_keys_binary, content_keys_real, content_keys_sparse
from .coded import Coded
from .lists import Lists


def content_keys(values):
    """The content key of each row of values, an array, `Lists` or `Coded`: (n_rows,) uint64."""
    if isinstance(values, Coded):
        with np.errstate(over="ignore"):
            values = values.values.astype(np.float32)
    keys = np.empty(len(values), np.uint64)
    if isinstance(values, Lists):
        content_keys_sparse(*values.lists, keys)
    elif values.dtype == np.uint8:
        content_keys_binary(values, keys)
    else:
        content_keys_real(values, keys)
    return keys
