"""Second moments of the differences of rows that are a lag apart."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg.blas import dsyrk

from ..rows import dense_rows

_ENTRIES = 2**18  # of the rows of a product, which caches hold with those a lag before
_FEWEST = 512  # rows of a product: with fewer BLAS is slow


@dataclass(frozen=True)
class Differences:
    """The sum of d'd over the differences ``d = x_t - x_(t - lag)`` of rows of one sequence.

    lag : in rows; n_pairs : how many differences; second : (n_features, n_features) float64. Rows
    of different calls of `plus` are of different sequences, so that sums of parts of the sequences
    add up to the sums of all.
    """

    lag: int
    n_pairs: int
    second: np.ndarray

    @classmethod
    def none(cls, n_features, lag):
        """No differences yet."""
        return cls(lag, 0, np.zeros((n_features, n_features)))

    def plus(self, rows, sequences):
        """The moments with those of some more `Sequences` of rows, an array or a CSR matrix."""
        second, lag = self.second.copy(order="F"), self.lag
        first_ones = sequences.without_past(lag)
        size = max(_ENTRIES // rows.shape[1], _FEWEST)
        room = np.empty((size, rows.shape[1]))
        for start in range(lag, rows.shape[0], size):
            stop = min(start + size, rows.shape[0])
            x = dense_rows(rows, slice(start - lag, stop))
            d = np.subtract(x[lag:], x[:-lag], out=room[: stop - start])
            a, b = np.searchsorted(first_ones, [start, stop])
            d[first_ones[a:b] - start] = 0.0
            # By scipy's BLAS, which decompositions use as well: `factors.blas` says why.
            second = dsyrk(1.0, d.T, beta=1.0, c=second, overwrite_c=1, lower=1)
        second = np.tril(second) + np.tril(second, -1).T
        return replace(self, n_pairs=self.n_pairs + sequences.n_pairs(lag), second=second)

    def mean(self):
        """The mean of d'd, (n_features, n_features)."""
        return self.second / self.n_pairs
