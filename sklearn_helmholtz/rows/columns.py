"""Columns of a table: moments of their values, and everything that one pass can tell of them."""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse

from .dense import chunks, dense_doubles, row_pieces, rows_of_a_piece
from .reductions import reduced

_BELOW = 8  # units of rounding by which a value may miss 0: small ones may be meant
_ABOVE = 7 * float(np.finfo(np.float32).eps)  # 8.3e-7, by which it may miss 1


@dataclass(frozen=True)
class TableLimits:
    """Limits of the values of a table.

    low, high : the lowest and the highest value (NaN where there is none); is_whole : whether all
    values are whole numbers; has_missing : whether any value is missing; dtype : of the table.
    """

    low: float
    high: float
    is_whole: bool
    has_missing: bool
    dtype: np.dtype

    @classmethod
    def of(cls, data):
        """Limits of the values of an array, or of those of a CSR matrix and its zeros."""
        low = high = np.nan
        if scipy.sparse.issparse(data) and data.data.size < math.prod(data.shape):
            low = high = 0.0
        is_whole, has_missing = True, False
        for chunk in chunks(data):
            if not chunk.size:
                continue
            lowest, highest = chunk.min(), chunk.max()
            if lowest != lowest:  # NaN is the lowest of all
                has_missing = True
                lowest, highest = (find.reduce(chunk, axis=None) for find in (np.fmin, np.fmax))
            low, high = np.fmin(low, lowest), np.fmax(high, highest)
            is_whole = is_whole and _is_whole(chunk)
        return cls(float(low), float(high), is_whole, has_missing, data.dtype)

    @property
    def is_binary(self):
        """Whether every value is 0 or 1, and none is missing."""
        return self.is_whole and self.low >= 0 and self.high <= 1 and not self.has_missing


@dataclass(frozen=True)
class TableSummary(TableLimits):
    """Limits of the values of a table, and what else one pass over it tells.

    n_active : entries that are not zero, missing ones among them; n_missing : (n_rows,) int64, of
    rows that do not count as many as there are columns; totals, counts : (n_features,) float64,
    sums and numbers of the values that are not missing; shape : of the rows that count.
    """

    n_active: int
    n_missing: np.ndarray
    totals: np.ndarray
    counts: np.ndarray
    shape: tuple

    @classmethod
    def of(cls, data, counts=None):
        """The `TableSummary` of an array or a CSR matrix; counts : which rows do, None for all."""
        if counts is not None and not counts.all():
            found = cls.of(data[np.flatnonzero(counts)])
            n_missing = np.full(len(counts), data.shape[1])
            n_missing[counts] = found.n_missing
            return replace(found, n_missing=n_missing)
        pieces = map(_dense, _slices(data))
        if scipy.sparse.issparse(data):
            pieces = [_listed(data)] if data.shape[0] else []
        low = high = np.nan
        is_whole, n_active, n_missing = True, 0, [np.empty(0, np.int64)]
        totals, counts = np.zeros((2, data.shape[1]))
        for piece in pieces:
            low, high = np.fmin(low, piece.low), np.fmax(high, piece.high)
            n_active += piece.n_active
            is_whole = is_whole and piece.is_whole
            n_missing.append(piece.n_missing)
            totals += piece.totals
            counts += piece.counts
        n_missing = np.concatenate(n_missing)
        return cls(
            float(low), float(high), is_whole, bool(n_missing.any()), data.dtype, n_active,
            n_missing, totals, counts, data.shape,
        )  # fmt: skip

    @classmethod
    def of_all(cls, parts):
        """The summary of several tables as one, whose rows follow upon each other."""
        lows, highs = ([getattr(part, name) for part in parts] for name in ("low", "high"))
        n_missing = np.concatenate([part.n_missing for part in parts])
        of_rows = [part for part in parts if part.shape[0]] or parts
        shape = sum(part.shape[0] for part in parts), parts[0].shape[1]
        return cls(
            float(np.fmin.reduce(lows)), float(np.fmax.reduce(highs)),
            all(part.is_whole for part in parts), any(part.has_missing for part in parts),
            np.result_type(*(part.dtype for part in of_rows)),
            sum(part.n_active for part in parts), n_missing,
            sum(part.totals for part in parts), sum(part.counts for part in parts), shape,
        )  # fmt: skip

    @functools.cached_property
    def known_rows(self):
        """Numbers of the rows of which anything is known."""
        return np.flatnonzero(self.n_missing < self.shape[1])

    @property
    def density(self):
        """The share of entries that are not zero."""
        return self.n_active / max(math.prod(self.shape), 1)

    def lies_in(self, low, high):
        """Whether all values lie in an interval, but for rounding; None is no limit."""
        below, above = rounding(self.dtype)
        is_below = low is not None and self.low < low - below
        is_above = high is not None and self.high > high + above
        return not (is_below or is_above)


def rounding(dtype):
    """Distances by which values of a type of numbers may miss 0 and 1 from outside.

    Scaling makes 0 of the lowest value of a column but for a few units, and 1 of the highest but
    for as many as the column is ranges away from zero, or of the float32 that it once was. So few
    units of float32, in which machines compute, are forgiven there, of float64 too.
    """
    if np.dtype(dtype).kind != "f":
        return 0.0, 0.0
    return _BELOW * float(np.finfo(dtype).eps), _ABOVE


def rounded_interval(dtype):
    """The lowest and the highest value that counts as one in [0, 1], for a type of numbers."""
    below, above = rounding(dtype)
    return -below, 1 + above


@dataclass(frozen=True)
class _Piece:
    """Some rows of a table, as the fields of `TableSummary`; whole numbers are found on demand."""

    values: np.ndarray
    n_missing: np.ndarray
    totals: np.ndarray
    counts: np.ndarray
    n_active: int

    @property
    def low(self):
        return self._extreme(np.min, np.fmin)

    @property
    def high(self):
        return self._extreme(np.max, np.fmax)

    def _extreme(self, of_all, of_known):
        """The lowest or highest value; where none is missing, the faster way."""
        if self.n_missing.any():
            return of_known.reduce(self.values, axis=None)
        return of_all(self.values)

    @property
    def is_whole(self):
        return _is_whole(self.values)


def _is_whole(values):
    """Whether all values that are not missing are whole numbers."""
    if values.dtype.kind != "f":
        return True
    is_whole = values == np.floor(values)
    return bool(is_whole.all() or (is_whole | np.isnan(values)).all())


def _slices(data):
    step = rows_of_a_piece(data)
    return (data[start : start + step] for start in range(0, data.shape[0], step))


def _dense(block):
    missing = np.isnan(block) if block.dtype.kind == "f" else None
    n_active = int(np.count_nonzero(block))
    none = missing is None or not missing.any()
    values = block if none else np.where(missing, 0, block)
    totals = values.sum(axis=0, dtype=np.float64)
    counts = np.full(block.shape[1], float(len(block)))
    n_missing = np.zeros(len(block), np.int64)
    if not none:
        counts -= missing.sum(axis=0)
        n_missing = missing.sum(axis=1)
    low_high = block.view(np.uint8) if block.dtype == np.bool_ else block
    return _Piece(low_high, n_missing, totals, counts, n_active)


def _listed(data):
    """A whole CSR matrix, whose other entries are zeros."""
    stored = data.data.view(np.uint8) if data.dtype == np.bool_ else data.data
    missing = np.isnan(stored) if stored.dtype.kind == "f" else np.zeros(len(stored), bool)
    values = np.where(missing, 0, stored)
    totals = np.bincount(data.indices, values, minlength=data.shape[1])
    lost = np.bincount(data.indices[missing], minlength=data.shape[1])
    ends = np.concatenate([[0], np.cumsum(missing)])
    if len(stored) < math.prod(data.shape):
        stored = np.concatenate([stored, np.zeros(1, stored.dtype)])
    return _Piece(
        stored, np.diff(ends[data.indptr]), totals, data.shape[0] - lost.astype(np.float64),
        int(np.count_nonzero(data.data)),
    )  # fmt: skip


def means(data, indices, weights=None):
    """Means of the values of some rows that are not missing, and their number, for each feature.

    Both (n_features,) float64; the mean of no values is NaN. weights : (n_rows,) of all rows, or
    None where each counts once.
    """
    total, count = reduced(data, _sums, _added, indices, weights)
    with np.errstate(invalid="ignore"):
        return total / count, count


def _sums(data, indices, weights):
    """Weighted sums and numbers of the values of some rows that are not missing, by column."""
    weights = np.ones(data.shape[0]) if weights is None else weights
    if scipy.sparse.issparse(data):
        total, missing = _sparse_sums(data, indices, weights)
        return total, weights[indices].sum() - missing
    total, count = np.zeros((2, data.shape[1]))
    for block, own in _weighted_pieces(data, indices, weights):
        more, counted = _weighted_sums(block, own)
        total += more
        count += counted
    return total, count


def _added(parts):
    """Sums of each of several arrays, part after part."""
    return tuple(functools.reduce(np.add, terms) for terms in zip(*parts, strict=True))


def _weighted_sums(block, weights):
    """The same of a block of an array."""
    missing = np.isnan(block) if block.dtype.kind == "f" else np.zeros(1, bool)
    counts = np.full(block.shape[1], weights.sum())
    if missing.any():
        counts = np.einsum("i,ij->j", weights, ~missing)
        block = np.where(missing, 0, block)
    if (weights == 1).all():
        return block.sum(axis=0, dtype=np.float64), counts
    return np.einsum("i,ij->j", weights, block.astype(np.float64, copy=False)), counts


def _sparse_sums(data, indices, weights):
    """Weighted sums of the values that are not missing, and weights of the others, by column."""
    chosen = np.bincount(indices, weights[indices], data.shape[0])
    missing = np.isnan(data.data) if data.dtype.kind == "f" else np.zeros(1, bool)
    if not missing.any():
        return data.T @ chosen, np.zeros(data.shape[1])
    values, missing = np.where(missing, 0, data.data), missing.astype(np.float64)
    return tuple(_with_entries(data, entries).T @ chosen for entries in (values, missing))


def _with_entries(matrix, entries):
    return scipy.sparse.csr_array((entries, matrix.indices, matrix.indptr), matrix.shape)


def moments(data, indices, weights=None):
    """Means and variances of the values of some rows that are not missing, and their number.

    And what rounding left of the mean, and whether all values are the same. Each (n_features,)
    float64, the last bool; no copy of the data is made. Of no values the first three are NaN.
    weights : (n_rows,) of all rows, or None where each counts once.
    """
    first, _, count, total, varies = reduced(data, _about_values, _united, indices, weights)
    with np.errstate(invalid="ignore"):
        shift = first + total / count
        about = {"shift": shift, "count": count}
        variance, drift = reduced(data, _about_shift, _added, indices, weights, **about)
        mean = shift + drift
        variance = np.where(varies, np.maximum(variance - drift**2, 0), variance * 0)
        return mean, variance, count, drift - (mean - shift), ~varies


def _about_values(data, indices, weights):
    """A value of each column, whether there is one, numbers of values, and sums of differences.

    And whether any differs from it, each (n_features,). About a value of the data those of constant
    features are zero.
    """
    weights = np.ones(data.shape[0]) if weights is None else weights
    first, count, total = np.zeros((3, data.shape[1]))
    varies, met = np.zeros((2, len(first)), bool)
    with np.errstate(over="ignore", invalid="ignore"):
        for block, own in _weighted_pieces(data, indices, weights):
            block, own = dense_doubles(block), own[:, None]
            known = ~np.isnan(block)
            new = ~met & known.any(axis=0)
            met |= new
            first[new] = block[known[:, new].argmax(axis=0), new]
            block = np.nan_to_num(block - first, copy=False, nan=0.0)
            count += (known * own).sum(axis=0)
            total += (block * own).sum(axis=0)
            varies |= block.any(axis=0)
    return first, met, count, total, varies


def _united(parts):
    """The same of all rows of several: about the values of the first that has any."""
    first, met, count, total, varies = (array.copy() for array in parts[0])
    for own_first, own_met, own_count, own_total, own_varies in parts[1:]:
        new = own_met & ~met
        first[new] = own_first[new]
        met |= own_met
        away = np.where(own_met, own_first - first, 0.0)
        count += own_count
        total += own_total + own_count * away
        varies |= own_varies | (away != 0)
    return first, met, count, total, varies


def _about_shift(data, indices, weights, shift, count):
    """Mean squares and means of differences from a shift, shares of a table of so many values."""
    weights = np.ones(data.shape[0]) if weights is None else weights
    variance, drift = np.zeros((2, data.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):
        for block, own in _weighted_pieces(data, indices, weights):
            own = own[:, None]
            block = np.nan_to_num(dense_doubles(block) - shift, copy=False, nan=0.0)
            variance += (block**2 * own).sum(axis=0) / count
            drift += (block * own).sum(axis=0) / count
    return variance, drift


def _weighted_pieces(data, indices, weights):
    """Pairs of some rows, a piece at a time, and their weights."""
    start = 0
    for block in row_pieces(data, indices):
        stop = start + block.shape[0]
        yield block, weights[indices[start:stop]]
        start = stop
