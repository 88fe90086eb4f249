"""Rows of mixed columns: as users have them, as their units do, and as other units see them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Coded:
    """Some rows of mixed columns, and what a machine makes of them.

    values : (n_rows, n_columns) float64, numbers and levels, NaN where missing; payload : (n_rows,
    n_payload) float32, what log-probabilities need, see `_kernels.mixed`; bits, reals : (n_rows,
    n_bits) uint8 and (n_rows, n_reals) float32, the code that others see, 0 where a value is
    missing, or filled with means, which makes bits float32; columns : (n_codes,), the column that
    each bit and then each number of the code is of.
    """

    values: np.ndarray
    payload: np.ndarray
    bits: np.ndarray
    reals: np.ndarray
    columns: np.ndarray

    def __len__(self):
        return len(self.values)

    @property
    def shape(self):
        """(n_rows, n_codes), of the code."""
        return len(self), self.bits.shape[1] + self.reals.shape[1]

    @property
    def missing(self):
        """Whether each value is missing, (n_rows, n_columns)."""
        return np.isnan(self.values)

    @property
    def parts(self):
        """The arrays that have a row for each row."""
        return self.values, self.payload, self.bits, self.reals

    @property
    def code(self):
        """The code as one array, (n_rows, n_codes) float32."""
        return np.concatenate([self.bits.astype(np.float32), self.reals], axis=1)

    def __getitem__(self, place):
        return Coded(*(part[place] for part in self.parts), self.columns)

    def __setitem__(self, place, rows):
        for part, source in zip(self.parts, rows.parts, strict=True):
            part[place] = source

    def repeat(self, times):
        """Each row several times, side by side."""
        return Coded(*(np.repeat(part, times, axis=0) for part in self.parts), self.columns)

    def filled(self, code_means):
        """The rows with means of the code, (n_codes,), where a value is missing."""
        return self._masked(self.missing, code_means)

    def mask_like(self, states, code_means):
        """Other rows with means of the code where these rows miss a value."""
        return states._masked(self.missing, code_means)

    def _masked(self, missing, code_means):
        if not missing.any():
            return self
        hidden = np.repeat(missing[:, self.columns], len(self) // len(missing), axis=0)
        n_bits = self.bits.shape[1]
        bits = np.where(hidden[:, :n_bits], code_means[:n_bits], self.bits)
        reals = np.where(hidden[:, n_bits:], code_means[n_bits:], self.reals)
        return Coded(
            self.values, self.payload, bits.astype(np.float32), reals.astype(np.float32),
            self.columns,
        )  # fmt: skip

    def n_missing(self):
        """Number of missing values of each row, (n_rows,) int64."""
        return self.missing.sum(axis=1)

    def toarray(self):
        """All values, (n_rows, n_columns) float64."""
        return self.values
