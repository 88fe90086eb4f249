"""Doubts about ``visible="auto"``: a word where its choice may surprise."""

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse

from ..models import choose_family, named
from ..rows import dense_rows, reduced, rounded_interval, rounding
from .notices import notify

_ROWS = 4096
_RARE = 1 / 20  # of the values
_SLACK = 1e-5  # of the length of a row that was scaled to 1, in float32 too
_LARGEST_COUNT = 1e6
_MANY = 20  # sizes of values
_COUNTED_TWICE = 2  # the one value beyond 1 of sparse counts: codes for missing are others
_OF_COUNTS = (
    "But all values are whole numbers from 0 on, and most are 0, as of counts of words or of goods "
    "in baskets. Say visible='poisson' for counts, or binarise them (X > 0), which of words and "
    "goods keeps most; or say visible='gaussian' if it is meant."
)
_OF_AMOUNTS = (
    "But most values are 0 and none is negative, as of TF-IDF and other weights of words, or of "
    "amounts, which no normal distribution describes. Binarise the data (X > 0), or say "
    "visible='mixed' for columns with heaps at 0; or say visible='gaussian' if it is meant."
)


def notify_of_doubts(data, summary, feature_names):
    """Warn where the choice of ``visible="auto"`` may surprise; summary : of the data.

    Gaussian units are chosen for any value outside [0, 1], which surprises where few entries alone
    decide. That is so where most values lie inside, and those outside are a single entry, or all of
    the same value, a code; where fewer than one in 20 of all known values lie outside; and where
    most columns have none outside, or fewer than one in 20 of their known values. It surprises,
    too, where all values are whole numbers: classes, codes and counts are no reals; and where most
    values are zero and none is negative, as of counts, weights of words and amounts, which are not
    normal. And Bernoulli units surprise where the values are shares, or weights of words.
    """
    if choose_family("auto", summary).is_binary:
        if not summary.is_whole:
            _notify_of_fractions(data, feature_names)
    elif not summary.lies_in(0, 1):
        _notify_of_reals(data, summary, feature_names)


def _notify_of_reals(data, summary, feature_names):
    """Warn where few entries made all features of a table Gaussian, or all are whole numbers."""
    outside = reduced(data, _outside_of, _Outside.united, summary.known_rows)
    column, value = outside.example
    chosen = (
        f"visible='auto' took all {len(outside.counts)} features for real numbers (Gaussian "
        f"units), because column {named(column, feature_names)} holds {_shown(value, data.dtype)}"
    )
    if outside.may_be_amounts and _are_mostly_zero(summary):
        notify(f"{chosen}. {_OF_COUNTS if _are_whole(summary) else _OF_AMOUNTS}")
        return
    reason = _reason_for_doubt(outside, summary)
    if reason is None:
        return
    notify(
        f"{chosen}, {reason}. If such a value stands for a missing one, make it NaN; binarise "
        "codes and counts (two codes to 0 and 1, counts by X > 0), or rescale the column by "
        "MinMaxScaler(clip=True); say visible='mixed' where columns differ in kind, as classes, "
        "codes or counts beside real numbers; or say visible='gaussian' if it is meant."
    )


def _reason_for_doubt(outside, summary):
    """The end of a sentence on why Gaussian units may surprise, or None where they do not."""
    counts, known = outside.counts, outside.known
    n_outside, n_known, n_columns = counts.sum(), known.sum(), len(counts)
    n_inside, n_nearly = (counts == 0).sum(), ((counts == 0) | (counts < _RARE * known)).sum()
    most_inside = 2 * n_outside < n_known
    others = f"although all values but {_shown(outside.example[1], summary.dtype)} lie in [0, 1]"
    if n_outside == 1 and most_inside:
        return others
    if 2 * n_inside > n_columns:
        return f"although {n_inside} of {n_columns} columns lie in [0, 1]"
    if n_outside < _RARE * n_known:
        return f"although {1 - n_outside / n_known:.3%} of the values lie in [0, 1]"
    if 2 * n_nearly > n_columns:
        most = f"more than {1 - _RARE:.0%} of the values"
        return f"although in {n_nearly} of {n_columns} columns {most} lie in [0, 1]"
    if _are_whole(summary):
        return "and all values are whole numbers, of which Gaussian units know nothing"
    return others if outside.are_alike and most_inside else None


def _notify_of_fractions(data, feature_names):
    """Warn where fractions that are shares or weights of words are taken for probabilities."""
    column, value = _first_fraction(data)
    if column is None or not _are_shares(data):
        return
    notify(
        "visible='auto' took all features for probabilities of binary ones (Bernoulli units), "
        f"because all values lie in [0, 1], such as {value:g} in column "
        f"{named(column, feature_names)}. But no row is longer than 1, as of TF-IDF or of "
        "shares of a whole, which are no probabilities. Binarise the data (X > 0), or say "
        "visible='gaussian' for real numbers, or visible='bernoulli' if it is meant."
    )


@dataclass(frozen=True)
class _Outside:
    """Values of a table outside [0, 1], of which there are some.

    counts, known : (n_columns,) ints, of those outside and of all known values of each column;
    first : (n_columns,), the first outside, NaN where there is none; lowest, highest : of them.
    """

    counts: np.ndarray
    known: np.ndarray
    first: np.ndarray
    lowest: float
    highest: float

    @classmethod
    def united(cls, parts):
        """The values outside of several tables as one."""
        counts, known = (sum(getattr(part, name) for part in parts) for name in ("counts", "known"))
        first = functools.reduce(_or_else, [part.first for part in parts])
        lowest = min(part.lowest for part in parts)
        return cls(counts, known, first, lowest, max(part.highest for part in parts))

    @property
    def example(self):
        """The column and the value of the first of the first column that has any."""
        column = int(np.flatnonzero(self.counts)[0])
        return column, float(self.first[column])

    @property
    def are_alike(self):
        """Whether all of them are the same value."""
        return bool(self.lowest == self.highest)

    @property
    def may_be_amounts(self):
        """Whether none is negative, and they are not all the same code."""
        is_code = self.are_alike and self.highest != _COUNTED_TWICE
        return bool(self.lowest > 0 and not is_code)


def _outside_of(data, indices, weights):
    """The `_Outside` of some rows of a table: zeros that a CSR matrix does not store are not."""
    data = data if len(indices) == data.shape[0] else data[indices]
    low, high = rounded_interval(data.dtype)
    n_columns = data.shape[1]
    counts, first = np.zeros(n_columns, np.int64), np.full(n_columns, np.nan)
    known, lowest, highest = np.full(n_columns, data.shape[0]), np.inf, -np.inf
    for place in _places(data.shape[0]):
        columns, values = _entries(data[place])
        known -= np.bincount(columns[np.isnan(values)], minlength=n_columns)
        out = (values < low) | (values > high)
        columns, values = columns[out], values[out]
        counts += np.bincount(columns, minlength=n_columns)
        new = np.isnan(first[columns])
        first[columns[new][::-1]] = values[new][::-1]
        lowest = min(lowest, values.min(initial=np.inf))
        highest = max(highest, values.max(initial=-np.inf))
    return _Outside(counts, known, first, lowest, highest)


def _or_else(first, second):
    """Numbers, or others where they are NaN."""
    return np.where(np.isnan(first), second, first)


def _shown(value, dtype):
    """A value outside [0, 1] with as many digits as show that it is."""
    text = f"{value:g}"
    return str(dtype.type(value)) if 0 <= float(text) <= 1 else text


def _entries(block):
    """Columns and values of the entries of some rows, (n_entries,) each, row by row."""
    if scipy.sparse.issparse(block):
        return block.indices, block.data
    return np.indices(block.shape)[1].ravel(), block.ravel()


def _are_whole(summary):
    """Whether all known values are whole numbers of a size that codes and counts have."""
    largest = max(abs(summary.low), abs(summary.high))
    return summary.is_whole and largest <= _LARGEST_COUNT


def _are_mostly_zero(summary):
    """Whether more than half of the values, missing ones among them, are zero."""
    return 2 * summary.n_active < math.prod(summary.shape)


def _are_shares(data):
    """Whether rows look like TF-IDF or like shares of a whole.

    None is longer than 1, and either all are as long as 1, or their squares or they themselves add
    up to it, or most values are zero and the others are of many sizes.
    """
    n_zeros, has_length, has_sum, sizes = 0, True, True, set()
    for place in _places(data.shape[0]):
        x = np.nan_to_num(dense_rows(data, place))
        lengths, sums = np.sqrt((x**2).sum(axis=1)), x.sum(axis=1)
        if (lengths > 1 + _SLACK).any():
            return False
        full = lengths > 0
        has_length &= bool((np.abs(lengths[full] - 1) < _SLACK).all())
        has_sum &= bool((np.abs(sums[full] - 1) < _SLACK).all())
        n_zeros += int((x == 0).sum())
        sizes |= set(np.unique(x[full])) if len(sizes) < _MANY else set()
    most_are_zero = 2 * n_zeros > data.shape[0] * data.shape[1]
    varied = most_are_zero and len(sizes) >= _MANY
    return data.shape[1] > 1 and (has_length or has_sum or varied)


def _first_fraction(data):
    """The column and the value of the first entry inside (0, 1), or None for both.

    What misses 0 or 1 by rounding is none.
    """
    below, above = rounding(data.dtype)
    for place in _places(data.shape[0]):
        columns, values = _entries(data[place])
        inner = np.flatnonzero((values > below) & (values < 1 - above))
        if len(inner):
            return int(columns[inner[0]]), float(values[inner[0]])
    return None, None


def _places(n_rows):
    return (slice(start, start + _ROWS) for start in range(0, n_rows, _ROWS))
