"""What can be learnt of the columns of real data, and what cannot."""

import numpy as np

from .._batches import dense_rows
from .tables import named

_LARGEST = 1e100  # of means and standard deviations, and of the inverses of the latter


def check_columns(columns, data, names=None):
    """Refuse columns without any value, and those whose squares are no numbers.

    columns : `learning.moments.Columns` of the data; names : of the features, if they have any.
    """
    empty = np.flatnonzero(columns.weight == 0)
    if len(empty):
        refuse_empty(empty[0], names)
    with np.errstate(over="ignore", invalid="ignore"):
        constant, deviation = columns.constant, np.sqrt(columns.variance)
    large = ~(np.maximum(np.abs(columns.mean), deviation) <= _LARGEST)
    small = ~constant & (deviation < 1 / _LARGEST)
    flat = np.flatnonzero(constant & ~large)
    small[flat] = _varies_below_rounding(data, flat)
    bad = np.flatnonzero(large | small)
    if len(bad):
        raise ValueError(
            f"Column {named(bad[0], names)} of X has a magnitude outside [{1 / _LARGEST:g}, "
            f"{_LARGEST:g}] (its mean or its standard deviation): squares of such numbers are "
            "lost. Rescale the data."
        )


def refuse_empty(column, names):
    """Refuse a column without any value to learn from."""
    raise ValueError(
        f"Every value of column {named(column, names)} of X is missing (NaN): there is nothing to "
        "learn of it. Leave the column out."
    )


def _varies_below_rounding(data, columns):
    """Whether columns that seem constant vary, by so little that squares vanish."""
    x = dense_rows(data[:, columns], slice(None))
    spread = np.fmax.reduce(x, axis=0) - np.fmin.reduce(x, axis=0)
    return (spread > 0) & (spread < 1 / _LARGEST)
