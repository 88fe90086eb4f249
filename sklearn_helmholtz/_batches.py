"""Rows of data as the kernels want them: blocks of uint8 for zeros and ones, otherwise float32."""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse

from ._incomplete import IncompleteRows
from ._sparse import SparseRows

_CHECKED_ENTRIES = 2**20
_BLOCK_WORK = 2**23
_FORGIVEN = 8  # units of rounding by which a value may miss [0, 1]: scaling makes some
_FARTHEST = 1e15  # standard deviations: the square is still a float32


@dataclass(frozen=True)
class Scaling:
    """The affine map between the user's units and standardised ones: ``z = (x - centre) / scale``.

    centre, scale : (n_features,) float64; remainder : what rounding left of the centre, which
    counts where values vary by little more than rounding.
    """

    centre: np.ndarray
    scale: np.ndarray
    remainder: np.ndarray | float = 0.0

    def standardise(self, values):
        """Values in standardised units, float32; beyond +-1e15 they count as that far."""
        z = (values.astype(np.float64, copy=False) - self.centre - self.remainder) / self.scale
        return np.clip(z, -_FARTHEST, _FARTHEST).astype(np.float32)

    def restore(self, values):
        """Standardised values in the user's units, float64."""
        return self.centre + (self.remainder + self.scale * values)

    def log_volumes(self, x):
        """What the log-density of each row loses on the way back to the user's units, nats.

        A missing value loses nothing.
        """
        logs = np.log(self.scale)
        if isinstance(x, IncompleteRows):
            return np.where(np.isnan(x.values), 0.0, logs).sum(axis=1)
        return np.full(len(x), logs.sum())


@dataclass(frozen=True)
class Rows:
    """Data that is converted block by block, never as a whole.

    data : array or CSR matrix (n_rows, n_features); binary : whether all of it is 0 or 1;
    scaling : the standardisation of real features, None for values in [0, 1]; chosen : the numbers
    of the rows that count, None for all; sparse : whether blocks of an array list their non-zero
    entries, as those of a CSR matrix always do. It is decided by the training data, so that which
    kernel serves a row never depends on the other rows of a call; stand_in : (n_features,) float32,
    what recognition sees of missing values (NaN), in the machine's units, None where none is;
    rounded : whether values in [0, 1] miss it by rounding, and are moved there.
    """

    data: object
    binary: bool
    scaling: Scaling | None = None
    chosen: np.ndarray | None = None
    sparse: bool = False
    stand_in: np.ndarray | None = None
    rounded: bool = False

    def __len__(self):
        return self.data.shape[0] if self.chosen is None else len(self.chosen)

    def take(self, indices):
        """Some rows, by number or slice: a C-ordered block of uint8 or float32, or one with gaps.

        Those are `IncompleteRows` or `SparseRows`. Rows that are standardised have no zeros to
        leave out.
        """
        if self.scaling is not None:
            block = self.scaling.standardise(_dense(self._chosen(indices)))
            return self._with_gaps(np.ascontiguousarray(block))
        return self.contents(indices)

    def contents(self, indices):
        """Some rows as they were given, before any scaling, in the same forms."""
        block = self._chosen(indices)
        with np.errstate(over="ignore"):
            if scipy.sparse.issparse(block):
                return self._bounded(SparseRows.from_csr(block, self.stand_in))
            dtype = np.uint8 if self.binary else np.float32
            block = self._bounded(np.ascontiguousarray(block.astype(dtype, copy=False)))
        if self.sparse:
            return SparseRows.from_dense(block, self.stand_in)
        return self._with_gaps(block)

    def choose(self, numbers):
        """Some of the rows, by number, any of them more than once."""
        return replace(self, chosen=numbers if self.chosen is None else self.chosen[numbers])

    def with_stand_in(self, stand_in):
        """The same rows; recognition sees ``stand_in`` in their gaps, if they have any."""
        return replace(self, stand_in=stand_in if has_gaps(self.data) else None)

    def count_missing(self):
        """How many values of each row are missing, (n_rows,) int64."""
        if self.stand_in is None:
            return np.zeros(len(self), np.int64)
        missing = missing_per_row(self.data)
        return missing if self.chosen is None else missing[self.chosen]

    @functools.cached_property
    def log_volume(self):
        """What the mean log-density of these rows loses on the way to the user's units, nats."""
        if self.scaling is None:
            return 0.0
        step = max(_CHECKED_ENTRIES // self.data.shape[1], 1)
        starts = range(0, len(self), step)
        lost = [self.scaling.log_volumes(self.take(slice(a, a + step))).sum() for a in starts]
        return math.fsum(lost) / len(self)

    def _with_gaps(self, block):
        return block if self.stand_in is None else IncompleteRows(block, self.stand_in)

    def _bounded(self, block):
        """A block whose values lie in [0, 1] if those of the data do, but for rounding."""
        if not self.rounded:
            return block
        if isinstance(block, SparseRows):
            return replace(block, values=np.clip(block.values, 0, 1))
        return np.clip(block, 0, 1)

    def _chosen(self, indices):
        return self.data[indices if self.chosen is None else self.chosen[indices]]


def density(data):
    """The share of entries that are not zero."""
    n_active = sum(np.count_nonzero(chunk) for chunk in chunks(data))
    return n_active / max(math.prod(data.shape), 1)


def means(data, indices):
    """Mean of the values of some rows that are not missing, and their number, for each feature.

    Both (n_features,) float64; the mean of no values is NaN.
    """
    if scipy.sparse.issparse(data):
        total, missing = _sparse_sums(data, indices)
    else:
        total, missing = np.zeros((2, data.shape[1]))
        for block in _row_blocks(data, indices):
            gaps = np.isnan(block) if block.dtype.kind == "f" else None
            if gaps is not None and gaps.any():
                missing += gaps.sum(axis=0)
                block = np.where(gaps, 0, block)
            total += block.sum(axis=0, dtype=np.float64)
    count = len(indices) - missing
    with np.errstate(invalid="ignore"):
        return total / count, count


def _sparse_sums(data, indices):
    """Sums of the values that are not missing, and numbers of the others, of rows of a CSR."""
    chosen = np.zeros(data.shape[0])
    chosen[indices] = 1
    gaps = np.isnan(data.data) if data.dtype.kind == "f" else np.zeros(1, bool)
    if not gaps.any():
        return data.T @ chosen, np.zeros(data.shape[1])
    values, missing = np.where(gaps, 0, data.data), gaps.astype(np.float64)
    return tuple(_with_entries(data, entries).T @ chosen for entries in (values, missing))


def _with_entries(matrix, entries):
    return scipy.sparse.csr_array((entries, matrix.indices, matrix.indptr), matrix.shape)


def rounded_interval(dtype):
    """The lowest and the highest value that counts as one in [0, 1], for a type of numbers."""
    slack = _FORGIVEN * np.finfo(dtype).eps if np.dtype(dtype).kind == "f" else 0
    return -slack, 1 + slack


def is_binary(data):
    """Whether every value is 0 or 1."""
    return all(((chunk == 0) | (chunk == 1)).all() for chunk in chunks(data))


def chunks(data):
    """The values of an array, some rows at a time; the stored values of a CSR matrix."""
    if scipy.sparse.issparse(data):
        yield data.data
        return
    step = max(_CHECKED_ENTRIES // max(data.shape[1], 1), 1)
    for start in range(0, data.shape[0], step):
        yield data[start : start + step]


def minibatches(order, batch_size):
    """The row numbers of an epoch, in pieces of at most ``batch_size``."""
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def split_evenly(n_rows, work_per_row, fewest):
    """Limits of row blocks worth a thread's while: a function of the work, not of threads.

    fewest : rows that a block should have at least. Returns a list rising from 0 to ``n_rows``.
    """
    rows_per_block = max(_BLOCK_WORK // max(work_per_row, 1), fewest)
    n_blocks = max(math.ceil(n_rows / rows_per_block), 1)
    return [n_rows * block // n_blocks for block in range(n_blocks + 1)]


def moments(data, indices):
    """Mean and variance of the values of some rows that are not missing, and their number.

    And what rounding left of the mean, and whether all values are the same. Each (n_features,)
    float64, the last bool; no copy of the data is made. Of no values the first three are NaN.
    """
    first, count, drift, mean, variance = np.zeros((5, data.shape[1]))
    varies = np.zeros(len(first), bool)
    for block in map(_dense, _row_blocks(data, indices)):
        # About a value of the data: those of constant features are zero.
        known = ~np.isnan(block)
        new = (count == 0) & known.any(axis=0)
        first[new] = block[known[:, new].argmax(axis=0), new]
        block = np.nan_to_num(block - first, copy=False, nan=0.0)
        count += known.sum(axis=0)
        mean += block.sum(axis=0)
        varies |= block.any(axis=0)
    with np.errstate(invalid="ignore"):
        shift = first + mean / count
        for block in map(_dense, _row_blocks(data, indices)):
            block = np.nan_to_num(block - shift, copy=False, nan=0.0)
            variance += (block**2).sum(axis=0) / count
            drift += block.sum(axis=0) / count
        mean = shift + drift
        variance = np.where(varies, np.maximum(variance - drift**2, 0), variance * 0)
        return mean, variance, count, drift - (mean - shift), ~varies


def has_gaps(data):
    """Whether any value is missing (NaN)."""
    return any(chunk.dtype.kind == "f" and np.isnan(chunk).any() for chunk in chunks(data))


def missing_per_row(data):
    """How many values of each row are missing (NaN), (n_rows,) int64."""
    if data.dtype.kind != "f":
        return np.zeros(data.shape[0], np.int64)
    if scipy.sparse.issparse(data):
        missing = np.concatenate([[0], np.cumsum(np.isnan(data.data))])
        return np.diff(missing[data.indptr])
    counts = [np.isnan(chunk).sum(axis=1) for chunk in chunks(data)]
    return np.concatenate(counts)


def known_rows(data):
    """Numbers of the rows of which anything is known."""
    if not has_gaps(data):
        return np.arange(data.shape[0])
    if scipy.sparse.issparse(data):
        return np.flatnonzero(SparseRows.from_csr(data).known)
    step = max(_CHECKED_ENTRIES // max(data.shape[1], 1), 1)
    starts = range(0, data.shape[0], step)
    return np.flatnonzero(
        np.concatenate([~np.isnan(data[a : a + step]).all(axis=1) for a in starts])
    )


def _row_blocks(data, indices):
    step = max(_CHECKED_ENTRIES // data.shape[1], 1)
    for start in range(0, len(indices), step):
        yield data[indices[start : start + step]]


def _dense(block):
    block = block.toarray() if scipy.sparse.issparse(block) else block
    return block.astype(np.float64)


def dense_rows(data, rows):
    """Some rows of an array or a CSR matrix, by numbers or slice, as a dense array of float64.

    Where they are one already, a slice of it: not to be written to.
    """
    block = data[rows]
    block = block.toarray() if scipy.sparse.issparse(block) else block
    return block.astype(np.float64, copy=False)


def by_pattern(data, chosen, fewest):
    """Numbers of rows apart by what is missing of them.

    chosen : the numbers to part. A list of the numbers of each pattern that at least ``fewest``
    rows have, and the numbers of all other rows, those of a pattern side by side.
    """
    step = max(_CHECKED_ENTRIES // data.shape[1], 1)
    places = (chosen[start : start + step] for start in range(0, len(chosen), step))
    bits = [np.packbits(np.isnan(dense_rows(data, place)), axis=1) for place in places]
    bits = np.concatenate([np.empty((0, -(-data.shape[1] // 8)), np.uint8), *bits])
    _, numbers, counts = np.unique(bits, axis=0, return_inverse=True, return_counts=True)
    numbers = numbers.reshape(-1)
    order = np.argsort(numbers, kind="stable")
    often = counts[numbers[order]] >= fewest
    limits = np.cumsum(counts[counts >= fewest])
    return np.split(chosen[order[often]], limits)[:-1], chosen[order[~often]]
