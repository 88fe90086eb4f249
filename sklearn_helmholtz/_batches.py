"""Rows of data as the kernels want them: blocks of uint8 for zeros and ones, otherwise float32."""

import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse

from ._sparse import SparseRows

_CHECKED_ENTRIES = 2**20
_BLOCK_WORK = 2**23
_FARTHEST = 1e15  # standard deviations: the square is still a float32


@dataclass(frozen=True)
class Scaling:
    """The affine map between the user's units and standardised ones: ``z = (x - centre) / scale``.

    centre, scale : (n_features,) float64.
    """

    centre: np.ndarray
    scale: np.ndarray

    def standardise(self, values):
        """Values in standardised units, float32; beyond +-1e15 they count as that far."""
        z = (values.astype(np.float64, copy=False) - self.centre) / self.scale
        return np.clip(z, -_FARTHEST, _FARTHEST).astype(np.float32)

    def restore(self, values):
        """Standardised values in the user's units, float64."""
        return self.centre + self.scale * values

    @property
    def log_volume(self):
        """What log-densities lose on the way back to the user's units, nats."""
        return float(np.log(self.scale).sum())


@dataclass(frozen=True)
class Rows:
    """Data that is converted block by block, never as a whole.

    data : array or CSR matrix (n_rows, n_features); binary : whether all of it is 0 or 1;
    scaling : the standardisation of real features, None for values in [0, 1]; chosen : the numbers
    of the rows that count, None for all; sparse : whether blocks of an array list their non-zero
    entries, as those of a CSR matrix always do. It is decided by the training data, so that which
    kernel serves a row never depends on the other rows of a call.
    """

    data: object
    binary: bool
    scaling: Scaling | None = None
    chosen: np.ndarray | None = None
    sparse: bool = False

    def __len__(self):
        return self.data.shape[0] if self.chosen is None else len(self.chosen)

    def take(self, indices):
        """Some rows, by number or slice: a C-ordered block of uint8 or float32, or `SparseRows`.

        Rows that are standardised have no zeros to leave out.
        """
        if self.scaling is not None:
            return np.ascontiguousarray(self.scaling.standardise(_dense(self._chosen(indices))))
        return self.contents(indices)

    def contents(self, indices):
        """Some rows as they were given, before any scaling, in the same forms."""
        block = self._chosen(indices)
        with np.errstate(over="ignore"):
            if scipy.sparse.issparse(block):
                return SparseRows.from_csr(block)
            dtype = np.uint8 if self.binary else np.float32
            block = np.ascontiguousarray(block.astype(dtype, copy=False))
        return SparseRows.from_dense(block) if self.sparse else block

    def _chosen(self, indices):
        return self.data[indices if self.chosen is None else self.chosen[indices]]


def density(data):
    """The share of entries that are not zero."""
    n_active = sum(np.count_nonzero(chunk) for chunk in chunks(data))
    return n_active / max(math.prod(data.shape), 1)


def means(data, indices):
    """Mean of some rows, (n_features,) float64."""
    if scipy.sparse.issparse(data):
        counts = np.zeros(data.shape[0])
        counts[indices] = 1 / len(indices)
        return data.T @ counts
    mean, step = np.zeros(data.shape[1]), max(_CHECKED_ENTRIES // data.shape[1], 1)
    for start in range(0, len(indices), step):
        block = data[indices[start : start + step]]
        mean += block.sum(axis=0, dtype=np.float64) / len(indices)
    return mean


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
    """Mean and variance of some rows, (n_features,) float64 each, without a copy of the data."""
    mean, step = np.zeros(data.shape[1]), max(_CHECKED_ENTRIES // data.shape[1], 1)
    blocks = [indices[start : start + step] for start in range(0, len(indices), step)]
    for block in blocks:
        mean += _dense(data[block]).sum(axis=0) / len(indices)
    variance, drift = np.zeros((2, data.shape[1]))
    for block in blocks:
        difference = _dense(data[block]) - mean
        variance += (difference**2).sum(axis=0) / len(indices)
        drift += difference.sum(axis=0) / len(indices)
    return mean + drift, np.maximum(variance - drift**2, 0)


def _dense(block):
    block = block.toarray() if scipy.sparse.issparse(block) else block
    return block.astype(np.float64)
