"""One-dimensional input with labels: its values go where the labels say, or it is refused."""

from difflib import get_close_matches

import numpy as np
import scipy.sparse


def by_label(name, values, labels, what="features"):
    """Values without labels, in the order of some labels.

    Parameters
    ----------
    name : str
        Of the parameter, for messages.

    values : array-like, Series or dict
        A Series that only numbers its values has no labels. With labels some may be left out,
        whose values are then missing (NaN).

    labels : sequence
        The labels to go by: the names of the features, or their numbers where they have none.

    what : str
        What has these labels, for messages.

    Raises
    ------
    ValueError
        Where labels are others than those to go by, or twice the same.
    """
    given = _labels(values)
    if given is None:
        return values
    values = list(values.values()) if isinstance(values, dict) else values.to_numpy()
    places = {label: place for place, label in enumerate(given)}
    strange = [label for label in given if label not in set(labels)]
    twice = [label for place, label in enumerate(given) if places[label] != place]
    if strange or twice:
        trouble = f"{strange[0]!r}" if strange else f"{twice[0]!r} twice"
        remedy = _meant(strange[0], labels) if strange else ": each may be named once."
        raise ValueError(
            f"{name} is labelled {_shown(given)}, with {trouble}, but the {what} are "
            f"{_shown(labels)}{remedy}"
        )
    return np.array([values[places[k]] if k in places else np.nan for k in labels], dtype=object)


def rows_by_label(name, values, X):
    """Values for each row of X, in the order of its rows, where both are labelled."""
    given, index = _labels(values), getattr(X, "index", None)
    if given is None and not hasattr(values, "index"):
        return values
    if index is None or callable(index) or not hasattr(values, "reindex"):
        return values
    if values.index.equals(index):
        return values
    if len(values) != len(index) or not index.is_unique or set(values.index) != set(index):
        raise ValueError(
            f"{name} has another index than X: give {name} for the same rows, or without an index "
            f"({name}.to_numpy()) if its order is that of the rows."
        )
    return values.reindex(index)


def index_of(X):
    """The index of a DataFrame of pandas, None of anything else."""
    index = getattr(X, "index", None)
    return index if hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2 else None


def check_same_labels(**given):
    """Refuse parameters whose labels of the features contradict each other.

    given : by name, Series, DataFrames with a column for each feature, and what has no labels.
    """
    first = None
    for name, value in given.items():
        labels = _columns(value)
        if labels is None:
            continue
        if first is not None and labels != first[1]:
            raise ValueError(
                f"{name} is labelled {_shown(labels)}, but {first[0]} {_shown(first[1])}: give "
                "both in the same order."
            )
        first = first or (name, labels)


def _columns(value):
    """The labels of the features in a parameter, or None."""
    if getattr(value, "ndim", 0) != 2:
        return _labels(value)
    columns = getattr(value, "columns", None)
    return None if columns is None or _numbers_only(columns) else list(columns)


def _labels(values):
    """The labels of a Series or a dict; None of anything else, and of those that only number."""
    if scipy.sparse.issparse(values):  # one of its forms is a dict
        return None
    if isinstance(values, dict):
        return list(values)
    index = getattr(values, "index", None)
    if index is None or callable(index) or getattr(values, "ndim", 0) != 1:
        return None
    return None if _numbers_only(index) else list(index)


def _numbers_only(index):
    """Whether an index says no more than 0, 1, 2, ..."""
    return len(index) > 0 and list(index) == list(range(len(index)))


def _meant(strange, labels):
    """End of a sentence about an unknown label: which of the labels it is like, if any."""
    known = {str(label).lower(): label for label in labels}
    like = get_close_matches(str(strange).lower(), known, n=1)
    return f". Did you mean {known[like[0]]!r}?" if like else "."


def _shown(labels, most=6):
    labels = [str(label) for label in labels]
    return ", ".join(labels[:most]) + (", ..." if len(labels) > most else "")
