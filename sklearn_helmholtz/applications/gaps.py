"""Gaps of tables: which values are missing, and which rows miss the same."""

import numpy as np
import scipy.sparse

from ..estimators.tables import missing_values


def never_observed(X):
    """Flags of the columns of a table that hold no value at all, (n_features,) bool.

    What a sparse matrix does not store is zero.
    """
    if not scipy.sparse.issparse(X):
        return missing_values(X).all(axis=0)
    n_missing = np.bincount(X.indices[np.isnan(X.data)], minlength=X.shape[1])
    return n_missing == X.shape[0]


def rows_by_gaps(X):
    """Numbers of the rows of a table of numbers by the columns that they miss.

    X : array or CSR matrix, NaN where missing, (n_samples, n_features).

    Returns a list of pairs: missing columns, (n_missing,), and rows, (n_rows,).
    """
    if scipy.sparse.issparse(X):
        rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
        missing = np.isnan(X.data)
        rows, columns = rows[missing], X.indices[missing]
    else:
        rows, columns = np.nonzero(np.isnan(X))
    columns = columns.astype(np.int64, copy=False)
    groups = {}
    pieces = np.split(columns, np.cumsum(np.bincount(rows, minlength=X.shape[0]))[:-1])
    for row, piece in enumerate(pieces):
        groups.setdefault(piece.tobytes(), []).append(row)
    return [(np.frombuffer(key, np.int64), np.array(rows)) for key, rows in groups.items()]
