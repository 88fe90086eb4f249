"""Second moments of the rows of a collection of Dask, chunk by chunk."""

from functools import reduce

import numpy as np

from ..distributed import (
    by_chunk,
    chunks_of,
    computed,
    shipped,
    summed,
    weights_by_chunk,
)
from ..factors import SecondMoments
from ..rows import has_missing
from .collected_scores import chunk_weights, refuse_no_rows
from .validation import validated

_FEWEST_ROWS = 2  # of a fit, as in memory
_INCOMPLETE = "incomplete"  # in the place of moments: an error would be in the logs of workers


class IncompleteError(ValueError):
    """Rows that miss values, of which no second moments are taken."""


def collected_moments(estimator, X, sample_weight, before=None):
    """`SecondMoments` of the rows of a collection of Dask: a task for each chunk, and their sum.

    They are about a row of the first chunk that has any, and added in an order that the number of
    chunks decides. before : moments of earlier rows, to be continued, or None.
    """
    chunks, shipment = chunks_of(X), shipped(estimator)
    n, weights = len(chunks), [None] * len(chunks)
    if sample_weight is not None:
        weights = weights_by_chunk(sample_weight, X)
    start = before or _beginning(by_chunk(_about_chunk, [shipment] * n, chunks, weights))
    refuse_no_rows(0 if start is None else 1, sample_weight)
    nothing = start.nothing()
    terms = by_chunk(_moments_of_chunk, [shipment] * n, chunks, weights, nothing=nothing)
    (more,) = computed([summed(terms, _added)])
    _refuse_incomplete(more)
    refuse_no_rows(more.weight, sample_weight)
    moments = start.merged(more)
    if moments.n_rows < _FEWEST_ROWS:
        raise ValueError(
            f"Found array with {moments.n_rows} sample(s) (shape={(moments.n_rows, X.shape[1])}) "
            f"while a minimum of {_FEWEST_ROWS} is required by {type(estimator).__name__}."
        )
    return moments


def _beginning(tasks):
    """The first of the results of some tasks that is not None; None if there is none."""
    for task in tasks:
        (start,) = computed([task])
        _refuse_incomplete(start)
        if start is not None:
            return start
    return None


def _refuse_incomplete(found):
    """Raise an `IncompleteError` where moments should be."""
    if isinstance(found, str):
        raise IncompleteError(
            "X holds missing values (NaN): partial_fit keeps second moments, which need whole "
            "rows. Use fit."
        )


def _rows_that_count(shipment, rows, weights):
    """Validated rows of a chunk that have a weight, and the weights or None.

    None in the place of no rows, and a word in that of rows that miss values.
    """
    if not rows.shape[0]:
        return None, None
    weights = chunk_weights(weights, rows)
    rows = validated(shipment.estimator, rows, reset=False)
    if has_missing(rows):
        return _INCOMPLETE, None
    if weights is None or weights.all():
        return rows, weights
    kept = np.flatnonzero(weights)
    return (rows[kept], weights[kept]) if len(kept) else (None, None)


def _about_chunk(shipment, rows, weights):
    """No moments yet, about a row of a chunk, or None if no row of it counts, or the word."""
    rows, weights = _rows_that_count(shipment, rows, weights)
    if rows is None or isinstance(rows, str):
        return rows
    return SecondMoments.about(rows, weights)


def _moments_of_chunk(shipment, rows, weights, nothing):
    """The moments of the rows of a chunk; nothing : those of no rows."""
    rows, weights = _rows_that_count(shipment, rows, weights)
    if isinstance(rows, str):
        return rows
    return nothing if rows is None else nothing.plus(rows, weights)


def _added(terms):
    """The sum of moments, one after the other, or the word that stands for one of them."""
    if any(isinstance(term, str) for term in terms):
        return _INCOMPLETE
    return reduce(SecondMoments.merged, terms)
