"""Rows that are mostly zero, as lists of their non-zero entries."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse

from .._kernels import sparse as kernels

_LONG = 8  # columns to an entry: with fewer, tables of sums are as fast


@dataclass(frozen=True)
class Lists:
    """Some rows of which only the non-zero entries are held.

    Row i holds ``values[t]`` in column ``indices[t]`` for t from ``indptr[i]`` to
    ``indptr[i + 1] - 1``, columns in their order; NaN means missing. indptr : (n_rows + 1,) int64;
    indices : int32; values : float32.
    """

    indptr: np.ndarray
    indices: np.ndarray
    values: np.ndarray
    n_columns: int

    @classmethod
    def from_csr(cls, matrix):
        """The rows of a CSR matrix without repeated entries, in the order of their columns."""
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

    @classmethod
    def where_short(cls, rows):
        """Rows (n_rows, n_columns) as lists where these are short, else as they are."""
        n_active = np.count_nonzero(rows)
        return cls.from_dense(rows) if n_active * _LONG <= rows.size else rows

    def __len__(self):
        return len(self.indptr) - 1

    def __getitem__(self, numbers):
        """Some rows, by number, any of them more than once."""
        counts = np.diff(self.indptr)[numbers]
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        places = np.arange(indptr[-1]) + np.repeat(self.indptr[numbers] - indptr[:-1], counts)
        return replace(
            self, indptr=indptr, indices=self.indices[places], values=self.values[places]
        )

    @property
    def shape(self):
        """(n_rows, n_columns)."""
        return len(self), self.n_columns

    @property
    def lists(self):
        """Starts of the rows, columns and values: the arguments of kernels."""
        return self.indptr, self.indices, self.values

    @property
    def missing(self):
        """Whether each entry is missing, as ``values``."""
        return np.isnan(self.values)

    def filled(self, fill_values):
        """The rows with ``fill_values`` (n_columns,) where a value is missing."""
        missing = self.missing
        if not missing.any():
            return self
        values = np.where(missing, fill_values[self.indices], self.values)
        return replace(self, values=values.astype(np.float32, copy=False))

    def clipped(self):
        """The rows with all values moved into [0, 1]."""
        return replace(self, values=np.clip(self.values, 0, 1))

    def n_missing(self):
        """Number of missing values of each row, (n_rows,) int64."""
        missing = np.concatenate([[0], np.cumsum(self.missing)])
        return np.diff(missing[self.indptr])

    def mask_like(self, states, fill_values):
        """Other states (n_rows, n_columns) with ``fill_values`` where these rows miss a value."""
        missing = self.missing
        if not missing.any():
            return states
        masked, columns = states.astype(np.float32), self.indices[missing]
        rows = np.repeat(np.arange(len(self)), np.diff(self.indptr))[missing]
        masked[rows, columns] = fill_values[columns]
        return masked

    def toarray(self):
        """All entries, (n_rows, n_columns) float32."""
        matrix = scipy.sparse.csr_array((self.values, self.indices, self.indptr), self.shape)
        return matrix.toarray()
