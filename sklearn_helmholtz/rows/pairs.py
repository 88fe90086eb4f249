"""Pairs of columns: weighted sums of products of their observed values."""

import functools

import numpy as np
import scipy.sparse

from .dense import row_pieces
from .reductions import reduced


def pair_sums(data, indices, weights, columns):
    """Sums over some rows, float64, for each pair of one of some columns and any column.

    weights : (n_rows,) of all rows, or None where each counts once; columns : a slice. Returned are
    ``sum w x_i x_j``, ``sum w x_i``, ``sum w x_j`` and ``sum w``, each (n_chosen, n_columns), over
    the rows in which both are observed: a missing value (NaN) takes its row from the pairs of its
    column, and from no others.
    """
    sums = reduced(data, _sums, _added, indices, weights, columns=columns)
    both, own, other, lost, ones, missing, total = sums
    seen = total - missing[columns, None] - missing + lost
    return both, ones[columns, None] - own, ones - other, seen


def _added(parts):
    return tuple(functools.reduce(np.add, terms) for terms in zip(*parts, strict=True))


def _sums(data, indices, weights, columns):
    """Products of values, of values with gaps on either side, and of gaps; sums of each; weights.

    Of gaps there are few: sums over rows where a value is observed are those over all without them.
    """
    d = data.shape[1]
    n = len(range(*columns.indices(d)))
    both, own, other, lost = (np.zeros((n, d)) for _ in range(4))
    ones, missing, total, start = np.zeros(d), np.zeros(d), 0.0, 0
    for piece in row_pieces(data, indices):
        stop = start + piece.shape[0]
        w = np.ones(stop - start) if weights is None else weights[indices[start:stop]]
        values, gaps = _values_and_gaps(piece)
        weighed = _weighed(values[:, columns], w)
        both += _product(weighed, values)
        ones += values.T @ w
        total += w.sum()
        if gaps is not None:
            missing += gaps.T @ w
            own += _product(weighed, gaps)
            other += _product(_weighed(gaps[:, columns], w), values)
            lost += _product(_weighed(gaps[:, columns], w), gaps)
        start = stop
    return both, own, other, lost, ones, missing, total


def _values_and_gaps(piece):
    """Values with zeros in gaps, and ones in gaps, both float64; None where there are no gaps."""
    piece = piece.astype(np.float64)
    stored = piece.data if scipy.sparse.issparse(piece) else piece
    is_gap = np.isnan(stored)
    if not is_gap.any():
        return piece, None
    if not scipy.sparse.issparse(piece):
        return np.where(is_gap, 0.0, piece), is_gap.astype(np.float64)
    values, gaps = piece.copy(), piece.copy()
    values.data, gaps.data = np.where(is_gap, 0.0, stored), is_gap.astype(np.float64)
    return values, gaps


def _weighed(values, weights):
    if scipy.sparse.issparse(values):
        return scipy.sparse.diags_array(weights).tocsr() @ values
    return values * weights[:, None]


def _product(first, second):
    """``first.T @ second`` as an array."""
    product = first.T @ second
    return product.toarray() if scipy.sparse.issparse(product) else product
