"""Incomplete rows, of which those with the same values missing are kept as moments."""

from dataclasses import dataclass

import numpy as np

from ..rows import by_pattern, dense_rows
from .em import expect

_ROWS = 4096  # of a product
_FEWEST = 1e-300  # weight: no division by zero


@dataclass(frozen=True)
class PatternedRows:
    """Incomplete rows; where many miss the same values, these are kept as moments.

    rows : (n_rows, n_features) of rare patterns, NaN where a value is missing; weights : (n_rows,)
    of these. Of each frequent pattern, which has no fewer rows than there are features, seen :
    (n_patterns, n_features) whether a feature is observed; totals : (n_patterns,) sums of weights;
    first, second : sums of the rows (n_patterns, n_features) and of their products (n_patterns,
    n_features, n_features), zero for what is missing. float64.
    """

    rows: np.ndarray
    weights: np.ndarray
    seen: np.ndarray
    totals: np.ndarray
    first: np.ndarray
    second: np.ndarray

    @classmethod
    def of(cls, data, weights, standardise, n_features):
        """The rows of data that have a weight.

        standardise : a function of rows of the data (n_rows, any) that returns rows (n_rows,
        n_features) in the units in which they are to be learnt.
        """
        often, rare = by_pattern(data, np.flatnonzero(weights), max(n_features, 1))
        rows = np.empty((len(rare), n_features))
        for place in _places(len(rare)):
            rows[place] = standardise(dense_rows(data, rare[place]))
        n = len(often)
        result = cls(
            rows, weights[rare], np.empty((n, n_features), bool), np.empty(n),
            np.zeros((n, n_features)), np.zeros((n, n_features, n_features)),
        )  # fmt: skip
        for pattern, numbers in enumerate(often):
            result.seen[pattern] = ~np.isnan(standardise(dense_rows(data, numbers[:1]))[0])
            result.totals[pattern] = weights[numbers].sum()
            for place in _places(len(numbers)):
                x = standardise(dense_rows(data, numbers[place]))
                result._add(pattern, x, weights[numbers[place]])
        return result

    def _add(self, pattern, x, weights):
        x = np.where(self.seen[pattern], x, 0.0)
        self.first[pattern] += weights @ x
        x *= np.sqrt(weights)[:, None]
        self.second[pattern] += x.T @ x

    @property
    def weight(self):
        """The sum of the weights of all rows."""
        return float(self.weights.sum() + self.totals.sum())

    def covariance(self):
        """Mean products of standardised features over the rows that have both.

        (n_features, n_features), not always positive; 0 where no row has both.
        """
        return mean_products(*self.products())

    def products(self):
        """Sums of the products of features over the rows that have both, and of their weights."""
        sums, flags = self.second.sum(axis=0), self.seen.astype(np.float64)
        weight = (self.totals[:, None] * flags).T @ flags
        for place in _places(len(self.rows)):
            x, w = self.rows[place], self.weights[place, None]
            seen = (~np.isnan(x)).astype(np.float64)
            x = np.nan_to_num(x)
            sums += (w * x).T @ x
            weight += (w * seen).T @ seen
        return sums, weight

    def expect(self, machine):
        """The `Moments` that a machine expects of the rows."""
        return expect(machine, self)


def mean_products(sums, weight):
    """Means by sums and weights; 0 where there is none."""
    return sums / np.maximum(weight, _FEWEST)


def _places(n_rows):
    return (slice(start, start + _ROWS) for start in range(0, n_rows, _ROWS))
