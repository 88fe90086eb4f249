"""Logistic densities of sources."""

from dataclasses import dataclass

import numpy as np

from .._kernels.source_shapes import add_log_cosh, tanh_scores
from .density import Scores, SourceDensity

_UNIT = np.sqrt(3) / np.pi  # the scale of the variance 1


@dataclass(frozen=True)
class Logistic(SourceDensity):
    """``p(s) = 1 / (4 a cosh^2(s / (2 a)))`` with scales a, (n_sources,).

    The density of infomax (Bell & Sejnowski 1995). The scale is not learnt: that of the rows of the
    matrix is, which comes to the same.
    """

    scales: np.ndarray

    name = "logistic"

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
        result = np.zeros(values.shape[1])
        add_log_cosh(values, 0.5 / self.scales, result)
        return -2 * result - np.log(4 * self.scales).sum()

    def scores(self, values, weights):
        """The `Scores` of values; weights : (n_rows,)."""
        scores, sums = np.empty(values.shape), np.empty((len(values), 3))
        tanh_scores(values, weights, 0.5 / self.scales, scores, sums)
        scores /= self.scales[:, None]
        log_densities = -2 * sums[:, 0] - weights.sum() * np.log(4 * self.scales)
        bends = sums[:, 1:].T / (2 * self.scales**2)
        return Scores(scores, log_densities, *bends)

    def improved(self, sources, n_steps):
        """The same: there is nothing to learn."""
        return self

    def scaled(self, factors):
        """The densities of the sources times numbers that are not zero, (n_sources,)."""
        return Logistic(self.scales * np.abs(factors))

    def draw(self, n_rows, rng):
        """Values of the sources, (n_sources, n_rows)."""
        return self.scales[:, None] * rng.logistic(size=(len(self.scales), n_rows))

    def moments(self):
        """Means and variances of the sources, (n_sources,) each."""
        return np.zeros(len(self.scales)), (self.scales / _UNIT) ** 2
