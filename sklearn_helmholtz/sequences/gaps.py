"""Gaps of the rows of a table, by patterns of what is missing."""

from dataclasses import dataclass

import numpy as np

from ..rows import dense_rows, has_missing

_ENTRIES = 2**18  # of some rows, which caches hold


@dataclass(frozen=True)
class Gaps:
    """Which columns of each row are observed.

    patterns : (n_patterns, n_features) float64, 1 where a value is observed; numbers : (n_rows,)
    int64, the pattern of each row.
    """

    patterns: np.ndarray
    numbers: np.ndarray

    @classmethod
    def of(cls, rows):
        """Those of an array or a CSR matrix, in which missing values are NaN."""
        n, p = rows.shape
        if not has_missing(rows):
            return cls(np.ones((1, p)), np.zeros(n, np.int64))
        bits = [np.packbits(~np.isnan(dense_rows(rows, each)), axis=1) for each in places(n, p)]
        found, numbers = np.unique(np.concatenate(bits), axis=0, return_inverse=True)
        patterns = np.unpackbits(found, axis=1, count=p).astype(np.float64)
        return cls(patterns, numbers.reshape(-1).astype(np.int64))

    @property
    def are_none(self):
        """Whether nothing is missing."""
        return bool(self.patterns.all())

    def counts(self):
        """Observed values of each column, (n_features,)."""
        return np.bincount(self.numbers, minlength=len(self.patterns)) @ self.patterns

    def deviations(self, rows, place, mean):
        """``x - mean`` of the rows of a slice, 0 where a value is missing; a new array."""
        x = dense_rows(rows, place) - mean
        if not self.are_none:
            np.copyto(x, 0.0, where=np.isnan(x))
        return x


def places(n_rows, n_columns):
    """Slices of rows, one after the other, so that some of them together are not large."""
    size = max(_ENTRIES // max(n_columns, 1), 1)
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))
