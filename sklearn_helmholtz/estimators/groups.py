"""Sequences of rows, as users mark them by groups."""

import numpy as np

from ..sequences import Sequences
from .labels import rows_by_label
from .tables import missing_values


def sequences_of(groups, X, n_rows):
    """The `Sequences` of rows that groups mark, or a ValueError.

    groups : a label for each row, or None for one sequence; X : the rows as the user has them, by
    whose labels those of a Series go.
    """
    if groups is None:
        return Sequences.one(n_rows)
    labels = np.asarray(rows_by_label("groups", groups, X))
    if labels.shape != (n_rows,):
        raise ValueError(
            f"groups must hold a label for each of the {n_rows} rows of X, got the shape "
            f"{labels.shape}."
        )
    if missing_values(labels).any():
        raise ValueError("groups must hold a label for each row, but some are missing.")
    starts = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]]))
    seen = set()
    for start, label in zip(starts, labels[starts].tolist(), strict=True):
        if label in seen:
            raise ValueError(
                "groups must have the rows of a sequence side by side, in the order of time, but "
                f"{label!r} is back in row {start} after other groups. Sort the rows by groups, "
                "with a stable sort."
            )
        seen.add(label)
    return Sequences(n_rows, starts.astype(np.int64))


def check_lengths(sequences, lag, groups):
    """Refuse sequences that are too short for differences of rows that are a lag apart."""
    short = np.flatnonzero(sequences.lengths <= lag)
    if not len(short):
        return
    n_rows = int(sequences.lengths[short[0]])
    rows = "1 row" if n_rows == 1 else f"{n_rows} rows"
    whose = "X"
    if groups is not None:
        label = np.asarray(groups)[sequences.starts[short[0]]]
        whose = f"The sequence {getattr(label, 'item', lambda: label)()!r} of groups"
    raise ValueError(
        f"{whose} has {rows}, but differences of rows that are lag={lag} apart need at least "
        f"{lag + 1} rows of each sequence. Leave shorter ones out."
    )
