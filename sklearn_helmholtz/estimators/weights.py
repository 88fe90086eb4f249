"""Weights of rows."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from sklearn.utils.validation import _check_sample_weight

from .labels import rows_by_label
from .tables import as_numbers

MERGED_ROWS = 100  # of a table, of which estimators whose steps are chance merge equal ones


def checked_weights(sample_weight, X, given, name="sample_weight"):
    """Weights of the rows of X, (n_samples,) float64, none of them negative, or a ValueError.

    given : the rows as the user has them, by whose labels those of the weights go; name : of the
    parameter.
    """
    weights = rows_by_label(name, sample_weight, given)
    if np.ma.isMaskedArray(weights):
        weights = as_numbers(weights, name)  # what is masked is refused as NaN
    try:
        weights = _check_sample_weight(weights, X, dtype=np.float64, ensure_non_negative=True)
    except Exception as error:  # of whatever a container may raise when it is made an array
        message = str(error).partition("\n")[0]
        raise ValueError(f"{name} must hold a number for each row: {message}") from error
    if not np.isfinite(weights).all():
        raise ValueError(f"{name} must hold finite numbers, got NaN or infinity.")
    if not weights.any():
        raise ValueError(f"{name} must hold at least one non-zero number, got zeros.")
    return weights


@dataclass(frozen=True)
class Weights:
    """Weights of the rows that a model has learnt from so far.

    n_rows : how many; total : the sum of their weights, None where they have none.
    """

    n_rows: int
    total: float | None = None

    @classmethod
    def of(cls, weights, numbers):
        """`Weights` of some rows, by number; weights : (n_samples,) of all rows, or None."""
        total = None if weights is None else float(weights[numbers].sum())
        return cls(len(numbers), total)

    @property
    def mean(self):
        """The mean weight of a row."""
        return self.total / self.n_rows


def check_alike(before, now):
    """The `Weights` of all rows, or a ValueError where only some of them have weights.

    before : of the rows so far, or None where nothing was learnt.
    """
    if before is None:
        return now
    if (before.total is None) != (now.total is None):
        raise ValueError(
            "sample_weight must be given for all rows that a model learns from, or for none: "
            + (
                "the rows so far had no weights. Give them from the first call on, 1 for each row "
                "that counts once."
                if before.total is None
                else "the rows so far had weights. Give these rows weights too."
            )
        )
    total = None if now.total is None else before.total + now.total
    return Weights(before.n_rows + now.n_rows, total)


def merge_equal_rows(X, weights):
    """The different rows of a table in an order of their own, and their weights or None.

    A weight is then as good as so many equal rows, and no order of rows matters.
    """
    X = X[:]  # of rows in chunks, all of them
    weights = np.ones(X.shape[0]) if weights is None else weights
    totals, places = {}, {}
    for number in range(X.shape[0]):
        content = _content(X, number)
        totals[content] = totals.get(content, 0.0) + weights[number]
        places.setdefault(content, number)
    order = sorted(totals)
    totals = np.array([totals[content] for content in order])
    merged = X[[places[content] for content in order]]
    return merged, None if (totals == 1).all() else totals


def _content(X, number):
    """Bytes that tell what a row holds: the same for all types of numbers and of matrices."""
    if scipy.sparse.issparse(X):
        row = X[[number]]
        row.sort_indices()
        columns, values = row.indices[row.data != 0], row.data[row.data != 0]
    else:
        columns = np.flatnonzero(X[number])
        values = X[number, columns]
    values = np.where(np.isnan(values), np.nan, values.astype(np.float64))  # NaN has many forms
    return columns.astype(np.int64).tobytes() + values.tobytes()


def effective_number(weights, numbers):
    """Number of rows that weighted ones are worth, ``(sum w)^2 / sum w^2`` (Kish 1965)."""
    if weights is None:
        return len(numbers)
    own = weights[numbers]
    return float(own.sum() ** 2 / (own**2).sum())
