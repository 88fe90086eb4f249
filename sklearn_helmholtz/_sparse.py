"""Rows that are mostly zero, as lists of their non-zero entries."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse

from ._kernels import sparse as kernels


@dataclass(frozen=True)
class SparseRows:
    """A block of rows of which only the non-zero entries are held.

    Row i holds ``values[t]`` in column ``indices[t]`` for t from ``indptr[i]`` to
    ``indptr[i + 1] - 1``. indptr : (n_rows + 1,) int64; indices : int32; values : float32.
    """

    indptr: np.ndarray
    indices: np.ndarray
    values: np.ndarray
    n_columns: int

    @classmethod
    def from_csr(cls, matrix):
        """The rows of a CSR matrix without repeated entries."""
        return cls(
            matrix.indptr.astype(np.int64, copy=False),
            matrix.indices.astype(np.int32, copy=False),
            matrix.data.astype(np.float32, copy=False),
            matrix.shape[1],
        )

    @classmethod
    def from_dense(cls, rows):
        """The non-zero entries of rows (n_rows, n_columns) of uint8 or float32."""
        binary = rows.dtype == np.uint8
        indptr = np.zeros(len(rows) + 1, np.int64)
        (kernels.count_active_binary if binary else kernels.count_active_real)(rows, indptr[1:])
        np.cumsum(indptr, out=indptr)
        indices, values = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
        (kernels.list_active_binary if binary else kernels.list_active_real)(
            rows, indptr, indices, values
        )
        return cls(indptr, indices, values, rows.shape[1])

    def __len__(self):
        return len(self.indptr) - 1

    @property
    def lists(self):
        """What kernels take: where rows start, columns, values."""
        return self.indptr, self.indices, self.values

    def toarray(self):
        """All entries, (n_rows, n_columns) float32."""
        shape = len(self), self.n_columns
        return scipy.sparse.csr_array((self.values, self.indices, self.indptr), shape).toarray()
