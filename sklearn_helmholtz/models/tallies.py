"""Tallies of the columns of a table, of which few are there at a time."""

import numpy as np

from ..columns import Tally
from ..rows import dense_doubles, reduced

_MOST_ROWS = 2**21  # by which the distribution of numbers is known well enough
_MOST_VALUES = 2**23  # of numbers, all of which may differ, that are tallied together


def tallied(data, are_numbers, indices, weights=None):
    """Pairs of the number of a column and its `Tally` over some rows, of every column.

    Of numbers every so many-th row is tallied where there are more than 2**21 of them: these know
    their distribution as well, and take little memory. Levels are few.

    data : array, or a table in chunks; are_numbers : of each column, whether it has no levels;
    indices : of the rows, rising; weights : of all rows, or None.
    """
    step = -(-len(indices) // _MOST_ROWS)
    n_together = max(_MOST_VALUES * step // len(indices), 1)
    numbers, others = np.flatnonzero(are_numbers), np.flatnonzero(~np.asarray(are_numbers))
    starts = range(0, len(numbers), n_together)
    groups = [numbers[start : start + n_together] for start in starts]
    if step == 1:  # one pass does for these and others
        groups[:1] = [np.concatenate([others, *groups[:1]])]
        others = others[:0]
    if len(others):
        yield from zip(others, _tallies(data, others, indices, weights), strict=True)
    for group in groups:
        found = _tallies(data, group, indices[::step], weights)
        for j, tally in zip(group, found, strict=True):
            if step > 1 and not tally.n_rows:  # what is known of it lies between
                (tally,) = _tallies(data, [j], indices, weights)
            yield j, tally


def _tallies(data, columns, indices, weights):
    """A list of the `Tally` of some columns, by number."""
    return reduced(data, _of_rows, _united, indices, weights, columns=columns)


def _of_rows(data, indices, weights, columns):
    """The same of a table that is one whole."""
    own = None if weights is None else weights[indices]
    return [Tally.of(dense_doubles(data[:, [j]])[indices, 0], own) for j in columns]


def _united(parts):
    """Tallies of each column united."""
    return [Tally.united(tallies) for tallies in zip(*parts, strict=True)]
