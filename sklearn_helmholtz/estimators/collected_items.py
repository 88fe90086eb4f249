"""Items in collections of Dask: levels are found, and rows counted, chunk by chunk."""

import numpy as np

from ..distributed import (
    by_chunk,
    check_workers,
    chunks_of,
    computed,
    summed,
    weights_by_chunk,
)
from ..factors import CountedItems, Items
from .collected_rows import see_columns
from .collected_scores import chunk_weights, refuse_no_rows
from .items import check_varying, codes_of, schema_of_survey
from .surveys import Survey


def collected_items(estimator, X, sample_weight, asks_rows):
    """The `CountedItems` of a collection, and its different rows as `Items`, or None.

    The estimator learns the columns and their levels. asks_rows : whether rows are asked for: of
    few items with few levels they are few, however long the table is.
    """
    see_columns(estimator, X, reset=True)
    check_workers()
    chunks = chunks_of(X)
    weights = [None] * len(chunks)
    if sample_weight is not None:
        weights = weights_by_chunk(sample_weight, X)
    parts = by_chunk(_rows_that_count, chunks, weights)
    (survey,) = computed([summed(by_chunk(_surveyed, parts), Survey.united)])
    refuse_no_rows(survey.n_rows, sample_weight)
    schema = estimator._schema = schema_of_survey(survey)
    asked = [summed(by_chunk(_counted, parts, schema=schema), CountedItems.united)]
    if asks_rows:
        asked.append(summed(by_chunk(_distinct, parts, schema=schema), Items.united))
    counted, *rows = computed(asked)
    check_varying(counted, schema)
    return counted, rows[0] if rows else None


def _rows_that_count(rows, weights):
    """The rows of a chunk that have a weight, and the weights or None."""
    weights = chunk_weights(weights, rows)
    if weights is None or weights.all():
        return rows, weights
    kept = np.flatnonzero(weights)
    return getattr(rows, "iloc", rows)[kept], weights[kept]


def _surveyed(part):
    """The `Survey` of the rows of a chunk."""
    return Survey.of(part[0])


def _items(part, schema):
    """The `Items` of a chunk."""
    rows, weights = part
    weights = np.ones(rows.shape[0]) if weights is None else weights
    return Items(*codes_of(schema.encode(rows), schema, weights))


def _counted(part, schema):
    """The tables of a chunk."""
    return _items(part, schema).counted()


def _distinct(part, schema):
    """The different rows of a chunk."""
    return _items(part, schema).distinct()
