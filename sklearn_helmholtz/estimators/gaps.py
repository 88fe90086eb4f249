"""Gaps in data as they were given: where they are, and how they are filled."""

import numpy as np
import scipy.sparse


def rows_with_gaps(data):
    """Numbers of the rows in which something is missing."""
    if scipy.sparse.issparse(data):
        missing = np.concatenate([[0], np.cumsum(np.isnan(data.data))])
        return np.flatnonzero(np.diff(missing[data.indptr]))
    if data.dtype.kind != "f":
        return np.empty(0, np.int64)
    return np.flatnonzero(np.isnan(data).any(axis=1))


def put(data, values, dtype):
    """The data with their missing values, row by row, replaced."""
    completed = data.astype(dtype, copy=True)
    entries = completed.data if scipy.sparse.issparse(data) else completed
    entries[np.isnan(entries)] = values
    return completed
