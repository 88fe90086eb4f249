"""Tables of items, whose columns have ordered levels."""

import numpy as np
from sklearn.utils import _safe_indexing

from ..factors import Items
from ..models import named
from .schema import Schema
from .surveys import Survey
from .weights import checked_weights

MOST_LEVELS = 30


def schema_of_items(X):
    """The `Schema` of a table all of whose columns are ordinal, or a ValueError."""
    return schema_of_survey(Survey.of(X))


def schema_of_survey(survey):
    """The same from a `Survey` of the table."""
    n_columns = len(survey.columns)
    if n_columns and survey.n_rows == 1:
        raise ValueError("X has n_samples=1, but an item of one row does not vary.")
    schema = Schema.of_survey(survey, ["ordinal"] * n_columns)
    for number, levels in enumerate(schema.categories):
        if len(levels) > MOST_LEVELS:
            raise ValueError(
                f"Column {named(number, schema.names)} of X has {len(levels)} levels, but items "
                f"have at most {MOST_LEVELS}. Merge levels, or take FactorAnalysis if it is a "
                "quantity."
            )
    return schema


def rows_with_weight(X, sample_weight):
    """The rows of a table that have a weight, and their weights, (n_rows,) or None for 1 each."""
    if sample_weight is None:
        return X, None
    weights = checked_weights(sample_weight, X, X)
    if weights.all():
        return X, weights
    kept = np.flatnonzero(weights)
    return _safe_indexing(X, kept), weights[kept]


def items_of(codes, schema, weights=None):
    """`Items` of rows, or a ValueError where an item does not vary.

    codes : as `Schema.encode` returns them; weights : (n_rows,), positive, or None for 1 each.
    """
    weights = np.ones(len(codes)) if weights is None else weights
    items = Items(*codes_of(codes, schema, weights))
    check_varying(items, schema)
    return items


def codes_of(codes, schema, weights):
    """The arguments of `Items`, of codes as `Schema.encode` returns them."""
    numbers = np.where(np.isnan(codes), -1, codes).astype(np.int64)
    return numbers, weights, np.array([len(levels) for levels in schema.categories])


def check_varying(items, schema):
    """Refuse items one of which does not vary; items : `CrossTables`."""
    flat = np.flatnonzero((items.counts > 0).sum(axis=1) < 2)
    if len(flat):
        raise ValueError(
            f"Column {named(flat[0], schema.names)} of X has one level only: an item that does "
            "not vary has no correlations. Leave it out."
        )


def check_pairs(tables, items, names):
    """Refuse two items of which rows that have both show one level only."""
    varies = ((tables.sum(axis=2) > 0).sum(axis=1) > 1) & ((tables.sum(axis=1) > 0).sum(axis=1) > 1)
    if varies.all():
        return
    pair = np.flatnonzero(~varies)[0]
    first, second = (named(side[pair], names) for side in items.pairs)
    raise ValueError(
        f"Among the rows of X that have both columns {first} and {second}, one of them does not "
        "vary: nothing is known of their correlation. Leave one of them out."
    )
