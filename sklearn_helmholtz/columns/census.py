"""Censuses of columns of numbers: what their kinds depend on, found part by part of a table."""

from dataclasses import dataclass

import numpy as np

MOST_LEVELS = 255
_ROWS = 2**16  # whose values are told apart at a time


@dataclass(frozen=True, eq=False)
class Census:
    """Census of a column of numbers: of what it holds as much as its kind and levels depend on.

    A census of each part of a table is united into that of the whole.

    n_known : values that are not missing; distinct : the different ones, rising, float64, or None
    where they are more than `MOST_LEVELS`; low, high : the lowest and the highest, and fraction :
    the lowest that is no whole number, each NaN where there is none.
    """

    n_known: int
    distinct: np.ndarray | None
    low: float
    high: float
    fraction: float

    @classmethod
    def of(cls, values):
        """The census of values, (n_rows,) float64, NaN where missing."""
        known = values[~np.isnan(values)] + 0.0  # of which -0.0 is none
        low, high, fraction = (
            float(find.reduce(some, initial=np.nan))
            for find, some in (
                (np.fmin, known), (np.fmax, known), (np.fmin, known[known != np.rint(known)])
            )
        )  # fmt: skip
        pieces = (known[start : start + _ROWS] for start in range(0, len(known), _ROWS))
        return cls(len(known), _few(pieces), low, high, fraction)

    @classmethod
    def united(cls, parts):
        """The census of all rows of several."""
        low, high, fraction = (
            float(find.reduce([getattr(part, name) for part in parts]))
            for find, name in ((np.fmin, "low"), (np.fmax, "high"), (np.fmin, "fraction"))
        )
        distinct = [part.distinct for part in parts]
        few = None if any(own is None for own in distinct) else _few(distinct)
        return cls(sum(part.n_known for part in parts), few, low, high, fraction)

    @property
    def is_whole(self):
        """Whether all values are whole numbers."""
        return bool(np.isnan(self.fraction))

    @property
    def extremes(self):
        """The lowest value, the lowest that is not whole, and the highest, where there are such."""
        found = np.array([self.low, self.fraction, self.high])
        return found[~np.isnan(found)]


def _few(pieces):
    """Different values of all pieces, rising, or None where they are too many."""
    found = np.empty(0)
    for piece in pieces:
        found = np.unique(np.concatenate([found, np.unique(piece)]))
        if len(found) > MOST_LEVELS:
            return None
    return found


def united_levels(lists):
    """The levels of several lists, each once, in the order in which they are first listed.

    lists : arrays, (n_levels,) each, of numbers or objects; at least one.
    """
    union = list(dict.fromkeys(level for own in lists for level in own.tolist()))
    found = np.fromiter(union, dtype=object, count=len(union))
    return found if lists[0].dtype == object else np.array(union, lists[0].dtype)
