"""Gaps in data as they were given, and how they are filled."""

import numpy as np
import scipy.sparse


def put(data, values, dtype):
    """The data with their missing values, row by row, replaced."""
    completed = data.astype(dtype, copy=True)
    entries = completed.data if scipy.sparse.issparse(data) else completed
    entries[np.isnan(entries)] = values
    return completed
