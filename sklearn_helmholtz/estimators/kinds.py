"""Kinds of columns of mixed tables: said by users, or inferred from types and values."""

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np

from ..columns import MOST_LEVELS
from ..models import refuse_empty
from ..units import FAMILIES
from .given_columns import FARTHEST, shown
from .notices import notify

KINDS = ("bernoulli", "categorical", "ordinal", "count", "real", "gaussian")
BINARY = KINDS[0]
LEVELLED = KINDS[:3]  # whose values are levels of a list
REAL = KINDS[4:]  # whose values have densities


def check_visible(visible):
    """Refuse a parameter ``visible`` that is no word, and no kinds of columns.

    Raises
    ------
    ValueError
        Unless it is a word, or a dict or sequence of kinds or pairs ``("real", resolution)``.
    """
    words = ("auto", *FAMILIES, "mixed")
    if isinstance(visible, str) and visible in words:
        return
    if isinstance(visible, str) or not (isinstance(visible, dict) or _is_sequence(visible)):
        raise ValueError(
            f"visible must be one of {_listed(words)}, or a dict or sequence of the kinds of "
            f"columns, got {visible!r}."
        )
    entries = visible.items() if isinstance(visible, dict) else enumerate(visible)
    for column, entry in entries:
        _parted(column, entry)


def _is_sequence(visible):
    is_array = isinstance(visible, np.ndarray) and visible.ndim == 1
    return is_array or (isinstance(visible, Sequence) and not isinstance(visible, bytes))


def _parted(column, entry):
    """The kind and the resolution, or None, of an entry of ``visible``."""
    is_pair = isinstance(entry, tuple | list) and len(entry) == 2
    kind, resolution = entry if is_pair else (entry, None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(
            f"visible names the kind {kind!r} for column {column!r}, but the kinds are "
            f"{_listed(KINDS)}."
        )
    if not is_pair:
        return str(kind), None
    if kind != "real":
        raise ValueError(
            f"visible hands in a resolution for column {column!r} of the kind {kind!r}, but only "
            "'real' columns have one."
        )
    is_number = isinstance(resolution, Real) and not isinstance(resolution, bool | np.bool_)
    if not is_number or not 0 < resolution < np.inf:
        raise ValueError(
            f"visible hands in the resolution {resolution!r} for column {column!r}, but a "
            "resolution must be a positive finite number."
        )
    return str(kind), float(resolution)


def _listed(values, most=20):
    return ", ".join(map(repr, values[:most])) + (", ..." if len(values) > most else "")


def said_kinds(visible, n_columns, names=None):
    """The kind and the resolution that ``visible`` says of each column, None where nothing.

    names : of the columns, None if they are numbered.
    """
    check_visible(visible)
    said = [(None, None)] * n_columns
    if isinstance(visible, str):
        return said
    if not isinstance(visible, dict):
        if len(visible) != n_columns:
            raise ValueError(
                f"visible has {len(visible)} kinds, but X has {n_columns} columns: give one for "
                "each, or a dict of those that are not to be inferred."
            )
        visible = dict(enumerate(visible))
        names = None
    labels = list(range(n_columns) if names is None else names)
    for column, entry in visible.items():
        said[_place(column, labels, names)] = _parted(column, entry)
    return said


def _place(column, labels, names):
    """The number of a column that a key of ``visible`` names."""
    if names is None and isinstance(column, str):
        raise ValueError(
            f"visible names the column {column!r}, but X has no column names, use numbers: 0 to "
            f"{len(labels) - 1}."
        )
    is_number = isinstance(column, Integral) and not isinstance(column, bool)
    if column not in labels or (names is None and not is_number):
        listed = _listed(labels) if names is not None else f"0 to {len(labels) - 1}"
        raise ValueError(f"visible names the column {column!r}, but those of X are {listed}.")
    return labels.index(column)


def kind_and_levels(survey, number, names, said):
    """The kind of a column, and its levels or None.

    survey : `ColumnSurvey` of training data; number : its place; names : of all columns, or None;
    said : its kind as users said, or None.
    """
    column, census = survey.column, survey.census
    if not census.n_known:
        refuse_empty(number, names)
    if column.levels is not None:
        return _declared(survey, said)
    kind = said or _inferred(survey)
    if kind == "count":
        check_counts(column, census.extremes)
    return kind, _found(survey, kind) if kind in LEVELLED else None


def _declared(survey, said):
    """The kind and the levels of a column of categories."""
    column = survey.column
    levels, n = column.levels, len(column.levels)
    inferred = BINARY if n == 2 else "ordinal" if column.is_ordered else "categorical"
    kind = said or inferred
    if kind not in LEVELLED:
        raise ValueError(
            f"{column} holds categories, which cannot be {kind!r}, but {_listed(LEVELLED)}. Turn "
            "it into numbers if it is one."
        )
    if kind == BINARY and n != 2:
        raise ValueError(
            f"{column} has {n} levels, but 'bernoulli' columns have two. Let it be 'categorical' "
            "or 'ordinal'."
        )
    if kind == "ordinal" and not column.is_declared:
        raise ValueError(
            f"{column} cannot be 'ordinal': its type does not say in which order its levels are. "
            "Make it a type that lists them, such as pl.Enum, or a pandas category."
        )
    if kind == "ordinal" and not survey.is_agreed:
        raise ValueError(
            f"{column} cannot be 'ordinal': its partitions do not list the same levels in one "
            "order. Give all the same type, with X.astype."
        )
    if n > MOST_LEVELS:
        _refuse_many(column, n)
    if kind == "ordinal" and getattr(column.dtype, "ordered", True) is False:
        _notify_of_alphabet(column, levels)
    return kind, levels


def _notify_of_alphabet(column, levels):
    """Warn where levels of text that pandas does not order are in the order of the alphabet."""
    levels = levels.tolist()
    is_text = all(isinstance(level, str) for level in levels)
    if is_text and len(levels) > 2 and levels == sorted(levels):
        notify(
            f"{column} is 'ordinal', but its type has no order: levels are taken in that of the "
            f"alphabet, {' < '.join(map(repr, levels[:4]))}{' < ...' if levels[4:] else ''}. List "
            "them in order, as pd.CategoricalDtype([...], ordered=True) does."
        )


def _inferred(survey):
    """The kind of a column of numbers, of which some are known."""
    census = survey.census
    if survey.holds_truths or (census.distinct is not None and len(census.distinct) == 2):
        return BINARY
    is_count = census.low >= 0 and census.high <= FARTHEST and census.is_whole
    return "count" if is_count else "real"


def _found(survey, kind):
    """The levels of a column of numbers."""
    column, census = survey.column, survey.census
    if survey.holds_truths:
        return np.array([False, True])
    distinct = census.distinct
    if kind == "categorical":
        _check_whole(column, census)
    if kind != BINARY:
        if distinct is None:
            _refuse_many(column, f"more than {MOST_LEVELS}")
        return distinct
    if distinct is None or len(distinct) > 2:
        examples = census.extremes if distinct is None else distinct[:3]
        raise ValueError(
            f"{column} holds {', '.join(f'{value:g}' for value in examples)}"
            f"{' and others' if distinct is None else ''}, but 'bernoulli' columns have at most "
            "two values."
        )
    if len(distinct) == 1:
        value = distinct[0]
        distinct = np.array([0.0, 1.0] if value in (0, 1) else [value, value + 1])
    return distinct


def _check_whole(column, census):
    """Refuse numbers that are not whole for categories."""
    if not census.is_whole:
        raise ValueError(
            f"{column} holds {shown(census.fraction)}, but numbers of 'categorical' columns must "
            "be whole. Let it be 'ordinal' or 'real'."
        )


def check_counts(column, known):
    """Refuse numbers that are no counts; known : all of them, or the extremes of a `Census`."""
    odd = known[(known < 0) | (known != np.rint(known)) | (known > FARTHEST)]
    if len(odd):
        raise ValueError(
            f"{column} holds {shown(odd[0])}, but 'count' columns hold whole numbers from 0 to "
            "2**53. Let it be 'real' if it is no count."
        )


def _refuse_many(column, n):
    """Refuse a column of too many levels; n : how many."""
    raise ValueError(
        f"{column} has {n} levels, but at most {MOST_LEVELS} are allowed. Merge rare ones, or drop "
        "the column."
    )
