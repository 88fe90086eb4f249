"""Where sequences begin among the rows of a table."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sequences:
    """Rows in the order of time, in sequences one after the other.

    n_rows : of all of them; starts : (n_sequences,) int64, the numbers of their first rows.
    """

    n_rows: int
    starts: np.ndarray

    @classmethod
    def one(cls, n_rows):
        """All rows as one sequence."""
        return cls(n_rows, np.zeros(1, np.int64))

    @property
    def lengths(self):
        """Rows of each sequence, (n_sequences,)."""
        return np.diff(self.starts, append=self.n_rows)

    @property
    def begins(self):
        """1 for the first row of each sequence, 0 for all others, (n_rows,) int64."""
        found = np.zeros(self.n_rows, np.int64)
        found[self.starts] = 1
        return found

    def n_pairs(self, lag):
        """Pairs of rows of one sequence that are a lag apart."""
        return int(np.maximum(self.lengths - lag, 0).sum())

    def without_past(self, lag):
        """Numbers of the rows that have no row of their sequence a lag before them."""
        ends = self.starts + np.minimum(self.lengths, lag)
        return np.concatenate([np.arange(a, b) for a, b in zip(self.starts, ends, strict=True)])
