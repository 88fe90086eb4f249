"""Sequences of rows, as users mark them by groups."""

import numpy as np

from ..sequences import Sequences
from .labels import rows_by_label
from .tables import missing_values


def sequences_of(groups, X, n_rows, lag=0):
    """The `Sequences` of rows that groups mark, each of more rows than a lag, or a ValueError.

    groups : a label for each row, or None for one sequence; X : the rows as the user has them, by
    whose labels those of a Series go.
    """
    if groups is None:
        sequences, names = Sequences.one(n_rows), [None]
    else:
        labels = _checked_labels(groups, X, n_rows)
        starts = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]]))
        sequences, names = Sequences(n_rows, starts.astype(np.int64)), labels[starts].tolist()
        _check_order(starts, names)
    short = np.flatnonzero(sequences.lengths <= lag)
    if len(short):
        _refuse_short(names[short[0]], sequences.lengths[short[0]], lag)
    return sequences


def _checked_labels(groups, X, n_rows):
    """Labels of the rows, (n_rows,), in their order."""
    labels = np.asarray(rows_by_label("groups", groups, X))
    if labels.shape != (n_rows,):
        raise ValueError(
            f"groups must hold a label for each of the {n_rows} rows of X, got the shape "
            f"{labels.shape}."
        )
    if missing_values(labels).any():
        raise ValueError("groups must hold a label for each row, but some are missing.")
    return labels


def _check_order(starts, names):
    """Refuse labels that come again after others."""
    seen = set()
    for start, name in zip(starts, names, strict=True):
        if name in seen:
            raise ValueError(
                "groups must have the rows of a sequence side by side, in the order of time, but "
                f"{name!r} is back in row {start} after other groups. Sort the rows by groups, "
                "with a stable sort."
            )
        seen.add(name)


def _refuse_short(name, n_rows, lag):
    whose = "X" if name is None else f"The sequence {name!r} of groups"
    rows = "1 row" if n_rows == 1 else f"{n_rows} rows"
    raise ValueError(
        f"{whose} has {rows}, but differences of rows that are lag={lag} apart need at least "
        f"{lag + 1} rows of each sequence. Leave shorter ones out."
    )
