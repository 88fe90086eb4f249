"""Data with their missing values filled in, in the form that users asked for."""

import numpy as np
import scipy.sparse

from .containers import contained, container_of, feature_names


def imputed(estimator, X, data, values, dtype, n_imputations, decode=None):
    """Tables without missing values: one, or several stacked or, where they cannot be, in a list.

    Parameters
    ----------
    estimator : estimator
        Whose output was set by ``set_output``.

    X : array-like, DataFrame or sparse matrix
        As it was given: its index and its columns stay.

    data : ndarray or CSR matrix of shape (n_samples, n_features)
        The same, validated.

    values : ndarray of shape (n_missing, n_different)
        What to fill in, row by row.

    dtype : dtype
        Of the answer.

    n_imputations : int
        Tables to make; where there are fewer different ones the last is repeated.

    decode : callable or None
        Turns codes of mixed columns into tables of the form of the training data.
    """
    if decode is not None:
        dtype = np.float64
    tables = [_filled(data, column, dtype) for column in values.T]
    tables += [tables[-1].copy() for _ in range(len(tables), n_imputations)]
    if decode is None:
        tables = [_framed(estimator, X, table) for table in tables]
    else:
        tables = [decode(table) for table in tables]
    if n_imputations == 1:
        return tables[0]
    return np.stack(tables) if isinstance(tables[0], np.ndarray) else tables


def _filled(data, values, dtype):
    """The data with their missing values, row by row, replaced."""
    completed = data.astype(dtype, copy=True)
    entries = completed.data if scipy.sparse.issparse(data) else completed
    entries[np.isnan(entries)] = values
    return completed


def _framed(estimator, X, table):
    """A table as ``set_output`` of an estimator has it, with the index and the columns of X."""
    container = container_of(estimator)
    if container is not None and scipy.sparse.issparse(table):
        raise ValueError(
            f"impute answers with a sparse matrix where X is one, which {container} output has no "
            "form for. Use set_output(transform='default'), or give X dense."
        )
    return contained(estimator, table, feature_names(estimator, X), like=X)
