"""Laplace's densities of sources."""

from dataclasses import dataclass

import numpy as np

from .density import Scores, SourceDensity

_UNIT = np.sqrt(0.5)  # the scale of the variance 1


@dataclass(frozen=True)
class Laplace(SourceDensity):
    """``p(s) = exp(-|s| / b) / (2 b)`` with scales b, (n_sources,): the prior of sparse coding.

    The scale is not learnt: that of the rows of the matrix is, which comes to the same.
    """

    scales: np.ndarray

    name = "laplace"

    @classmethod
    def start(cls, sources):
        """Densities of the variance 1."""
        return cls(np.full(len(sources.values), _UNIT))

    @property
    def n_shapes(self):
        """Free parameters of all sources besides places and scales."""
        return 0

    def log_prob(self, values):
        """Log-densities of all sources together, (n_rows,) nats."""
        return -(1 / self.scales) @ np.abs(values) - np.log(2 * self.scales).sum()

    def scores(self, values, weights):
        """The `Scores` of values; slopes are those that are expected, ``1 / b^2``."""
        sizes = np.abs(values) @ weights
        log_densities = -sizes / self.scales - weights.sum() * np.log(2 * self.scales)
        slopes = weights.sum() / self.scales**2
        curved = (values**2 @ weights) / self.scales**2
        scores = np.sign(values) / self.scales[:, None]
        return Scores(scores, log_densities, slopes, curved)

    def improved(self, sources, n_steps):
        """The same: there is nothing to learn."""
        return self

    def scaled(self, factors):
        """The densities of the sources times numbers that are not zero, (n_sources,)."""
        return Laplace(self.scales * np.abs(factors))

    def draw(self, n_rows, rng):
        """Values of the sources, (n_sources, n_rows)."""
        return self.scales[:, None] * rng.laplace(size=(len(self.scales), n_rows))

    def moments(self):
        """Means and variances of the sources, (n_sources,) each."""
        return np.zeros(len(self.scales)), (self.scales / _UNIT) ** 2
