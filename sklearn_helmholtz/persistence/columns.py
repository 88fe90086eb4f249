"""Columns of mixed tables in archives."""

import math

import numpy as np

from ..columns import Binary, Categorical, Normal, Ordered
from ..columns.marginal import Marginal

_KINDS = {"binary": Binary, "categorical": Categorical, "normal": Normal, "ordered": Ordered}
_SCALES = ("lower", "upper")
_MOST_KNOTS = 100_000


def write_columns(part, columns):
    """Write `Column` values."""
    words = {kind: word for word, kind in _KINDS.items()}
    for own, column in zip(part.parts("columns", len(columns)), columns, strict=True):
        word = words[type(column)]
        own.word("kind", word)
        _WRITE[word](own, column)


def read_columns(part):
    """A list of `Column` values, at least one."""
    columns = [_READ[own.word("kind", tuple(_KINDS))](own) for own in part.parts("columns")]
    if not columns:
        raise ValueError("its columns are none")
    return columns


def _write_binary(part, column):
    part.number("share", column.share)
    part.number("n", column.n)


def _read_binary(part):
    return Binary(part.number("share", 0, 1), part.number("n", 0))


def _write_categorical(part, column):
    part.array("shares", column.shares)
    part.number("n", column.n)


def _read_categorical(part):
    return Categorical(part.array("shares", np.float64, (None,), 0, 1), part.number("n", 0))


def _write_normal(part, column):
    part.number("centre", column.centre)
    part.number("scale", column.scale)


def _read_normal(part):
    return Normal(part.number("centre"), _positive(part, "scale"))


def _positive(part, name):
    return part.number(name, low=math.ulp(0.0))


def _write_ordered(part, column):
    marginal = column.marginal
    for name in ("knots", "below", "above"):
        part.array(name, getattr(marginal, name))
    for name in (*_SCALES, "resolution", "origin"):
        part.number(name, getattr(marginal, name))
    part.whole("levels", column.levels)
    for name in ("is_recorded", "has_volume"):
        part.flag(name, getattr(column, name))
    for name in ("lowest", "highest", "centre"):
        part.number(name, getattr(column, name))
    for name in ("thresholds", "limits", "shares"):
        part.array(name, getattr(column, name))


def _read_ordered(part):
    marginal = _read_marginal(part)
    thresholds = part.array("thresholds", np.float64, (None,))
    levels = part.whole("levels", 0, _MOST_KNOTS)
    if levels and levels != len(marginal.knots) - 1:
        raise ValueError(f"a column of {levels} levels has {len(marginal.knots)} edges of cells")
    lowest = part.number("lowest", finite=False)
    highest = part.number("highest", low=lowest, finite=False)
    return Ordered(
        marginal, levels, part.flag("is_recorded"), lowest, highest, part.number("centre"),
        thresholds, part.array("limits", np.float64, thresholds.shape),
        part.array("shares", np.float64, thresholds.shape, 0, 1), part.flag("has_volume"),
    )  # fmt: skip


def _read_marginal(part):
    knots = part.array("knots", np.float64, (None,))
    if len(knots) < 2 or not (np.diff(knots) > 0).all():
        raise ValueError("the knots of a column must be two at least, and rise")
    below = part.array("below", np.float64, knots.shape, 0, 1 + 1e-9)
    above = part.array("above", np.float64, knots.shape, 0, 1 + 1e-9)
    if (np.diff(below) < 0).any() or np.abs(below + above - 1).max() > 1e-9:
        raise ValueError("the probabilities of a column must rise, and sum to 1 at each knot")
    lower, upper = (part.number(name, 0) for name in _SCALES)
    resolution = _positive(part, "resolution")
    return Marginal(knots, below, above, lower, upper, resolution, part.number("origin"))


_WRITE = {
    "binary": _write_binary, "categorical": _write_categorical, "normal": _write_normal,
    "ordered": _write_ordered,
}  # fmt: skip
_READ = {
    "binary": _read_binary, "categorical": _read_categorical, "normal": _read_normal,
    "ordered": _read_ordered,
}  # fmt: skip
