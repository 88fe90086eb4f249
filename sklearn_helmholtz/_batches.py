"""Rows of data as the kernels want them: blocks of uint8 for zeros and ones, otherwise float32."""

import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse

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
    of the rows that count, None for all.
    """

    data: object
    binary: bool
    scaling: Scaling | None = None
    chosen: np.ndarray | None = None

    def __len__(self):
        return self.data.shape[0] if self.chosen is None else len(self.chosen)

    def take(self, indices):
        """Some rows, by number or slice, as a C-ordered block of uint8 or float32."""
        if self.scaling is None:
            return self.contents(indices)
        return np.ascontiguousarray(self.scaling.standardise(self._dense(indices)))

    def contents(self, indices):
        """Some rows as they were given, before any scaling, as a block of uint8 or float32."""
        dtype = np.uint8 if self.binary else np.float32
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(self._dense(indices).astype(dtype, copy=False))

    def _dense(self, indices):
        block = self.data[indices if self.chosen is None else self.chosen[indices]]
        return block.toarray() if scipy.sparse.issparse(block) else block


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
