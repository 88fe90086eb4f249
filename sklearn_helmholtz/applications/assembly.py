"""Imputed tables put together: columns that were never observed, and indicators of gaps."""

import numpy as np
import scipy.sparse
from sklearn.utils import _safe_indexing

from ..estimators._compat import ADAPTERS_MANAGER
from ..estimators.frames import library_of, table_columns


def beside(table, flags, names):
    """A table with flags to the right of it, in its form.

    table : array, CSR matrix or DataFrame; flags : (n_samples, n_flags) bool, dense or sparse like
    it; names : of all columns together.
    """
    if scipy.sparse.issparse(table):
        return scipy.sparse.hstack([table, flags], format="csr")
    if library_of(table) is None:
        return np.hstack([table, flags])
    return _framed_beside(table, flags, names[table.shape[1] :])


def with_empty_columns(X, filled, observed):
    """A completed table with the columns back that it had no model of: 0 where they are missing.

    X : the table that was to be completed; filled : what of it a model knows, completed; observed :
    numbers of those columns.
    """
    if library_of(filled) is not None:
        return _framed_with_empty_columns(X, filled, observed)
    if not scipy.sparse.issparse(X):
        out = np.nan_to_num(np.asarray(X, np.float64), nan=0).astype(filled.dtype)
        out[:, observed] = filled
        return out
    out = X.astype(filled.dtype, copy=True)
    out.data[np.isin(out.indices, observed)] = filled.data
    out.data[np.isnan(out.data)] = 0
    return out


def _framed_with_empty_columns(X, filled, observed):
    """The same of DataFrames."""
    empty = np.setdiff1d(np.arange(X.shape[1]), observed)
    names = [X.columns[number] for number in empty]
    both = _framed_beside(filled, np.nan_to_num(numbers_of(X, empty), nan=0), names)
    order = np.argsort(np.concatenate([observed, empty]))
    return _safe_indexing(both, order, axis=1)


def numbers_of(X, numbers):
    """Some columns of a table of mixed columns as numbers, or a ValueError where they are none.

    numbers : of columns that held no value in training. Returns (n_samples, n_numbers) float64.
    """
    columns = table_columns(X, "X")[1]
    for number in numbers:
        if columns[number].levels is not None:
            raise ValueError(
                f"{columns[number]} holds categories, none of which was observed in training, so "
                "there is nothing to keep. Leave it out, or set keep_empty_features=False."
            )
    return np.column_stack([columns[number].numbers() for number in numbers])


def _framed_beside(frame, values, names):
    """A DataFrame with values to the right of it."""
    adapter = ADAPTERS_MANAGER.adapters[library_of(frame)]
    return adapter.hstack([frame, adapter.create_container(values, frame, list(names))])
