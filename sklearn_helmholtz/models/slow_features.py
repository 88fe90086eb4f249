"""Fitted slow features: linear functions of rows, or the factors of sequences of rows.

Neither is a `Model`, which answers about rows that could change places.
"""

from dataclasses import dataclass

import numpy as np

from ..factors import LinearGaussian
from ..likelihood import Estimate
from ..rows import dense_rows, missing_per_row, row_pieces
from ..sequences import DynamicFactors


@dataclass(frozen=True)
class SlowFeatureModel:
    """Features ``(x - mean) @ filters.T``, and the way back, ``mean + h @ mixing.T``.

    mean : (n_columns,); filters : (n_features, n_columns); mixing : (n_columns, n_features).
    """

    mean: np.ndarray
    filters: np.ndarray
    mixing: np.ndarray

    @property
    def n_features(self):
        """Columns of the data."""
        return len(self.mean)

    def features(self, rows):
        """Features of each row by itself, (n_rows, n_features)."""
        pieces = row_pieces(rows, np.arange(rows.shape[0]))
        found = [(dense_rows(x, slice(None)) - self.mean) @ self.filters.T for x in pieces]
        return np.concatenate(found)

    def expected(self, h):
        """Rows given features."""
        return self.mean + h @ self.mixing.T


@dataclass(frozen=True)
class DynamicFactorModel:
    """A dynamic factor model: it answers about sequences of rows, in the order of time."""

    machine: DynamicFactors

    @property
    def n_features(self):
        """Columns of the data."""
        return len(self.machine.mean)

    @property
    def static(self):
        """The distribution of a row by itself, of which the rows around it are not known."""
        machine = self.machine
        return LinearGaussian(machine.mean, machine.loadings, machine.noise)

    @property
    def filters(self):
        """Weights of ``x - mean`` in the expected features of complete rows by themselves."""
        static = self.static
        information = static.scaled @ static.loadings.T
        return np.linalg.solve(np.eye(len(information)) + information, static.scaled)

    @property
    def mixing(self):
        """The way back, (n_columns, n_features)."""
        return self.machine.loadings.T

    def features(self, rows):
        """Expected features of each row by itself, (n_rows, n_features)."""
        return self.static.means(rows)

    def expected(self, h):
        """Expected rows given features."""
        return self.machine.expected(h)

    def estimate(self, rows, sequences):
        """The exact `Estimate` of log p of each row given those before it."""
        log_prob = self.machine.log_prob(rows, sequences)
        return Estimate.exactly(log_prob, -log_prob)

    def smooth(self, rows, sequences):
        """Means and standard deviations of the features, given all rows of a sequence."""
        found = self.machine.smooth(rows, sequences)
        return found.means, found.deviations()

    def posterior(self, rows, sequences, n_samples, rng):
        """Means and covariances of the features, and draws of those of a sequence together.

        The fields of what users get, as a dictionary.
        """
        found = self.machine.smooth(rows, sequences)
        n, k = found.means.shape
        samples = np.empty((n, n_samples, k))
        for number in range(n_samples):
            samples[:, number], _ = self.machine.draw_features(rows, sequences, found.means, rng)
        return {
            "mean": [found.means],
            "covariance": [found.covariances[found.places]],
            "samples": [samples],
            "effective_sample_size": np.full(n, np.inf),
            "method": "exact",
        }

    def impute(self, rows, sequences, is_drawn, n_imputations, rng):
        """Values for all that is missing, row by row, (n_missing, n_imputations).

        Expected ones, or draws of everything that is missing of a sequence together.
        """
        means = self.machine.smooth(rows, sequences).means
        counts = missing_per_row(rows)
        values = np.empty((counts.sum(), n_imputations if is_drawn else 1))
        for number in range(values.shape[1]):
            filled = self.machine.expected(means)
            if is_drawn:
                _, filled = self.machine.draw_features(rows, sequences, means, rng)
            values[:, number] = filled[self._missing(rows)]
        return values

    @staticmethod
    def _missing(rows):
        return np.isnan(dense_rows(rows, slice(None)))
