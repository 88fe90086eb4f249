"""Rows that are mostly zero, as lists of their non-zero entries."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse

from ._kernels import sparse as kernels


@dataclass(frozen=True)
class SparseRows:
    """A block of rows of which only the non-zero entries are held.

    Row i holds ``values[t]`` in column ``indices[t]`` for t from ``indptr[i]`` to
    ``indptr[i + 1] - 1``; NaN means missing. indptr : (n_rows + 1,) int64; indices : int32;
    values : float32; stand_in : (n_columns,) float32, what recognition sees of missing values.
    """

    indptr: np.ndarray
    indices: np.ndarray
    values: np.ndarray
    n_columns: int
    stand_in: np.ndarray | None = None

    @classmethod
    def from_csr(cls, matrix, stand_in=None):
        """The rows of a CSR matrix without repeated entries."""
        return cls(
            matrix.indptr.astype(np.int64, copy=False),
            matrix.indices.astype(np.int32, copy=False),
            matrix.data.astype(np.float32, copy=False),
            matrix.shape[1],
            stand_in,
        )

    @classmethod
    def from_dense(cls, rows, stand_in=None):
        """The non-zero entries of rows (n_rows, n_columns) of uint8 or float32."""
        binary = rows.dtype == np.uint8
        indptr = np.zeros(len(rows) + 1, np.int64)
        (kernels.count_active_binary if binary else kernels.count_active_real)(rows, indptr[1:])
        np.cumsum(indptr, out=indptr)
        indices, values = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
        (kernels.list_active_binary if binary else kernels.list_active_real)(
            rows, indptr, indices, values
        )
        return cls(indptr, indices, values, rows.shape[1], stand_in)

    def __len__(self):
        return len(self.indptr) - 1

    @property
    def lists(self):
        """What kernels take: where rows start, columns, values."""
        return self.indptr, self.indices, self.values

    @property
    def filled(self):
        """What recognition sees: the same rows without gaps."""
        missing = np.isnan(self.values)
        if not missing.any():
            return self
        values = np.where(missing, self.stand_in[self.indices], self.values)
        return replace(self, values=values.astype(np.float32, copy=False))

    @property
    def has_gaps(self):
        """Whether any value is missing."""
        return bool(np.isnan(self.values).any())

    @property
    def zeroed(self):
        """The same rows with zeros where a value is missing."""
        if not self.has_gaps:
            return self
        return replace(self, values=np.nan_to_num(self.values, nan=0.0))

    def conceal(self, states):
        """What recognition would see of other states, with the gaps of these rows."""
        missing = np.isnan(self.values)
        if not missing.any():
            return states
        concealed, columns = states.astype(np.float32), self.indices[missing]
        rows = np.repeat(np.arange(len(self)), np.diff(self.indptr))[missing]
        concealed[rows, columns] = self.stand_in[columns]
        return concealed

    @property
    def known(self):
        """Whether anything is known of each row, (n_rows,) bool."""
        missing = np.concatenate([[0], np.cumsum(np.isnan(self.values))])
        return np.diff(missing[self.indptr]) < self.n_columns

    def toarray(self):
        """All entries, (n_rows, n_columns) float32."""
        shape = len(self), self.n_columns
        return scipy.sparse.csr_array((self.values, self.indices, self.indptr), shape).toarray()
