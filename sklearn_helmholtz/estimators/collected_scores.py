"""Scores of collections of Dask, of which some numbers come back to this process."""

import math

import numpy as np

from ..distributed import by_chunk, chunks_of, computed, weights_by_chunk
from .collected import checked_collection, ready
from .scored_rows import ScoredRows
from .weights import checked_weights


def of_chunks(function, estimator, X, sample_weight, method, **constants):
    """A list of what a function makes of each chunk: all that comes back to this process.

    function : of an open `Shipment`, the rows of a chunk, which may be none, their weights or None,
    and constants.
    """
    X = checked_collection(estimator, X)
    chunks, shipment = chunks_of(X), ready(estimator, method)
    weights = [None] * len(chunks)
    if sample_weight is not None:
        weights = weights_by_chunk(sample_weight, X)
    tasks = by_chunk(function, [shipment] * len(chunks), chunks, weights, **constants)
    return computed(tasks)


def chunk_weights(weights, rows, given=None, name="sample_weight"):
    """Weights of the rows of a chunk, all of which may be zero, or None.

    given : the rows as the user has them, by whose labels weights go; None where they are that;
    name : of the weights' parameter.
    """
    if weights is None:
        return None
    if len(weights) == rows.shape[0] and not np.any(weights):
        return np.zeros(len(weights))
    return checked_weights(weights, rows, rows if given is None else given, name)


def mean_score(estimator, X, sample_weight):
    """The mean of `score_samples` over the rows of a collection, nats; weighted if there are any.

    Only two numbers come back of each chunk.
    """
    sums = of_chunks(_summed_scores, estimator, X, sample_weight, "score")
    total, weight = (math.fsum(terms) for terms in zip(*sums, strict=True))
    refuse_no_rows(weight, sample_weight)
    return total / weight


def refuse_no_rows(weight, sample_weight, name="sample_weight"):
    """Refuse a mean over no rows, or over rows that have no weight; name : of the parameter."""
    if weight:
        return
    if sample_weight is not None:
        raise ValueError(f"{name} must hold at least one non-zero number, got zeros.")
    raise ValueError("X has no rows: all of its chunks are empty.")


def _summed_scores(shipment, rows, weights):
    """The weighted sum of the scores of a chunk, and the sum of the weights."""
    weights = chunk_weights(weights, rows)
    if weights is not None:
        kept = np.flatnonzero(weights)
        rows, weights = getattr(rows, "iloc", rows)[kept], weights[kept]
    if not rows.shape[0]:
        return 0.0, 0.0
    scores = shipment.estimator.score_samples(rows)
    if weights is None:
        return float(scores.sum()), float(len(scores))
    return float((scores * weights).sum()), float(weights.sum())


def scored_collection(estimator, X, sample_weight, **asked):
    """The `ScoredRows` of a collection; asked : of estimates, see `ScoringMixin._scored`.

    Of each row some numbers come back, as in memory: it has the same bits.
    """
    parts = of_chunks(_scored_chunk, estimator, X, sample_weight, "log_likelihood", asked=asked)
    parts = [part for part in parts if part is not None]
    has_weights = sample_weight is not None
    total = sum(part.weights.any() if has_weights else 1 for part in parts)
    refuse_no_rows(total, sample_weight if parts else None)
    return ScoredRows.of_all(parts)


def _scored_chunk(shipment, rows, weights, asked):
    """The `ScoredRows` of a chunk, None of no rows."""
    if not rows.shape[0]:
        return None
    weights = chunk_weights(weights, rows)
    given = weights if weights is not None and weights.any() else None
    return shipment.estimator._scored(rows, given, **asked).with_weights(weights)
