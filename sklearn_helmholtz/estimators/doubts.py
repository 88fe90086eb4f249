"""Doubts about ``visible="auto"``: a word where its choice may surprise."""

import numpy as np
import scipy.sparse

from ..models import choose_family, named
from ..rows import chunks, dense_rows, rounded_interval
from .notices import notify

_ROWS = 4096
_RARE = 1 / 20  # of the values
_SLACK = 1e-5  # of the length of a row that was scaled to 1, in float32 too
_LARGEST_COUNT = 1e6
_MANY = 20  # sizes of values


def notify_of_doubts(data, summary, feature_names):
    """Warn where the choice of ``visible="auto"`` may surprise; summary : of the data."""
    if choose_family("auto", summary).is_binary:
        if not summary.is_whole:
            _notify_of_fractions(data, feature_names)
    elif not summary.lies_in(0, 1):
        _notify_of_reals(data, feature_names)


def _notify_of_reals(data, feature_names):
    """Warn where few columns or values of a table made all of its features Gaussian.

    Or where all values are whole numbers: classes, codes and counts are no reals.
    """
    outside, known, first = _outside(data)
    column = int(np.flatnonzero(outside)[0])
    where, value = named(column, feature_names), first[column]
    n_columns, n_inside = len(outside), int((outside == 0).sum())
    if 2 * n_inside > n_columns:
        reason = f"although {n_inside} of {n_columns} columns lie in [0, 1]"
    elif outside.sum() < _RARE * known:
        reason = f"although {1 - outside.sum() / known:.3%} of the values lie in [0, 1]"
    elif _are_whole(data):
        reason = "and all values are whole numbers, of which Gaussian units know nothing"
    else:
        return
    notify(
        f"visible='auto' took all {n_columns} features for real numbers (Gaussian units), because "
        f"column {where} holds {value:g}, {reason}. If such a value stands for a missing one, make "
        "it NaN; binarise codes and counts (two codes to 0 and 1, counts by X > 0), or rescale the "
        "column by MinMaxScaler(clip=True); or say visible='gaussian' if it is meant."
    )


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


def _outside(data):
    """Numbers of values outside [0, 1] in each column, of all known values, and a first of each.

    (n_columns,), an int and (n_columns,), NaN where there is none. Zeros that a CSR matrix does not
    store are inside.
    """
    low, high = rounded_interval(data.dtype)
    counts, first = np.zeros(data.shape[1], np.int64), np.full(data.shape[1], np.nan)
    known = data.shape[0] * data.shape[1]
    for place in _places(data.shape[0]):
        columns, values = _entries(data[place])
        known -= int(np.isnan(values).sum())
        out = (values < low) | (values > high)
        counts += np.bincount(columns[out], minlength=len(counts))
        new = np.isnan(first[columns[out]])
        first[columns[out][new][::-1]] = values[out][new][::-1]
    return counts, known, first


def _entries(block):
    """Columns and values of the entries of some rows, (n_entries,) each, row by row."""
    if scipy.sparse.issparse(block):
        return block.indices, block.data
    return np.indices(block.shape)[1].ravel(), block.ravel()


def _are_whole(data):
    """Whether all known values are whole numbers of a size that codes and counts have."""
    parts = (chunk[~np.isnan(chunk)] for chunk in chunks(data))
    return all(((part % 1 == 0) & (np.abs(part) <= _LARGEST_COUNT)).all() for part in parts)


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
    """The column and the value of the first entry between 0 and 1, or None for both."""
    for place in _places(data.shape[0]):
        columns, values = _entries(data[place])
        inner = np.flatnonzero((values > 0) & (values < 1))
        if len(inner):
            return int(columns[inner[0]]), float(values[inner[0]])
    return None, None


def _places(n_rows):
    return (slice(start, start + _ROWS) for start in range(0, n_rows, _ROWS))
