"""Rows of collections of Dask to learn from, validated chunk by chunk."""

import numpy as np
from sklearn.utils.validation import validate_data

from .._gradients import BlockGradients
from ..distributed import (
    ChunkedRows,
    WorkerGradients,
    by_chunk,
    check_chunks,
    check_workers,
    chunks_of,
    computed,
    current_client,
    is_in_task,
    kind_of,
    shipped,
    summed,
    weights_by_chunk,
)
from ..rows import ChunkOrder, TableSummary, WholeOrder
from .collected_scores import chunk_weights, refuse_no_rows
from .surveys import Survey


def see_columns(estimator, X, reset):
    """Let an estimator learn the number and the names of the columns, or compare them."""
    check_chunks(X)
    seen = X._meta if kind_of(X) == "frame" else np.empty((0, X.shape[1]))
    validate_data(estimator, seen, reset=reset, skip_check_array=True)


def rows_to_learn(estimator, X, sample_weight, reset, name="sample_weight"):
    """`ChunkedRows` of a collection, read once for their summary, and the weights of all rows.

    Weights are (n_rows,) float64, or None; some may be zero. name : of their parameter.
    """
    see_columns(estimator, X, reset)
    if reset:
        estimator._schema = _found_schema(estimator, X)
    chunks, shipment = chunks_of(X), shipped(estimator)
    weights = [None] * len(chunks)
    if sample_weight is not None:
        weights = weights_by_chunk(sample_weight, X, name)
    parts = by_chunk(_validated_chunk, [shipment] * len(chunks), chunks)
    found = computed(by_chunk(_looked_at, parts, chunks, weights, [name] * len(chunks)))
    summaries, weights = zip(*found, strict=True)
    sizes = [len(summary.n_missing) for summary in summaries]
    refuse_no_rows(sum(sizes), None)
    rows = ChunkedRows(parts, TableSummary.of_all(summaries), np.cumsum([0, *sizes]))
    if sample_weight is None:
        return rows, None
    weights = np.concatenate(weights)
    refuse_no_rows(weights.any(), sample_weight, name)
    return rows, weights


def _found_schema(estimator, X):
    """The `Schema` of a collection whose columns are mixed, otherwise None.

    A task surveys each chunk, and surveys are united in the order of the chunks.
    """
    if not estimator._sees_mixed(X._meta):
        return None
    check_workers()
    (survey,) = computed([summed(by_chunk(Survey.of, chunks_of(X)), Survey.united)])
    refuse_no_rows(survey.n_rows, None)
    return estimator._schema_of(survey)


def _validated_chunk(shipment, rows):
    """Validated rows of a chunk, of mixed columns their codes."""
    if not rows.shape[0]:
        return np.empty((0, rows.shape[1]))
    return shipment.estimator._validate(rows, reset=False)


def _looked_at(rows, given, weights, name):
    """The `TableSummary` of the rows of a chunk that count, and its weights or None.

    given : the rows as the user has them, by whose labels weights go; name : of the weights'
    parameter.
    """
    weights = chunk_weights(weights, rows, given, name)
    return TableSummary.of(rows, None if weights is None else weights > 0), weights


def summary_of(data):
    """The `TableSummary` of validated data, which rows of a collection have already."""
    return data.summary if isinstance(data, ChunkedRows) else TableSummary.of(data)


def rows_as_given(estimator, data, numbers):
    """Some rows of a collection in memory, as users have them where columns are mixed."""
    schema = estimator._schema
    return data[numbers] if schema is None else schema.decode(data[numbers])


def order_of(data, batch_size):
    """The order in which training goes through validated data."""
    return data.order(batch_size) if isinstance(data, ChunkedRows) else WholeOrder()


def order_of_rows(rows, batch_size):
    """The order in which training goes through the rows of a `Table`, by their places in it."""
    order = order_of(rows.data, batch_size)
    if not isinstance(rows.data, ChunkedRows) or rows.chosen is None:
        return order
    return ChunkOrder(np.searchsorted(rows.chosen, rows.data.limits))


def gradients_of(rows):
    """Who computes gradients of a table: workers where it is a collection and there are any."""
    is_chunked = isinstance(getattr(rows, "data", None), ChunkedRows)
    shares = is_chunked and current_client() is not None and not is_in_task()
    return WorkerGradients if shares else BlockGradients
