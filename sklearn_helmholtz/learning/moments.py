"""Second moments of rows that come in pieces."""

from dataclasses import dataclass

import numpy as np

_ROWS = 4096  # of a product


@dataclass
class SecondMoments:
    """Sums over rows of d and of d'd, where d is a row less a fixed shift.

    shift : (n_features,), near the means, so that little is lost in differences; weight : the sum
    of the weights of all rows; first : (n_features,); second : (n_features, n_features). float64.
    Rows are taken in blocks, one after the other: however they come, sums differ by rounding only.
    """

    shift: np.ndarray
    weight: float
    first: np.ndarray
    second: np.ndarray

    @classmethod
    def about(cls, rows):
        """No rows yet, and the means of some as the shift."""
        n = rows.shape[1]
        shift = rows[:_ROWS].mean(axis=0, dtype=np.float64)
        return cls(shift, 0.0, np.zeros(n), np.zeros((n, n)))

    def add(self, rows, weights=None):
        """Count some more rows, (n_rows, n_features), with weights (n_rows,), or 1 each."""
        for start in range(0, len(rows), _ROWS):
            d = rows[start : start + _ROWS] - self.shift
            if weights is None:
                self.weight += len(d)
                self.first += d.sum(axis=0)
            else:
                w = weights[start : start + _ROWS]
                self.weight += w.sum()
                self.first += w @ d
                d *= np.sqrt(w)[:, None]
            self.second += d.T @ d
        return self

    def mean(self):
        """The means, (n_features,)."""
        return self.shift + self.first / self.weight

    def covariance(self):
        """The covariance, (n_features, n_features), for the weight of all rows as divisor."""
        first = self.first / self.weight
        result = self.second / self.weight
        result -= np.outer(first, first)
        return result
