"""Mixtures of normals as densities of sources."""

from dataclasses import dataclass

import numpy as np

from .._kernels.source_mixtures import (
    add_mixture_log_densities,
    mixture_scores,
    mixture_statistics,
)
from .density import Scores, SourceDensity
from .leaps import leapt

N_NORMALS = 3
_LOG_2PI = np.log(2 * np.pi)
_NARROW = 0.01  # variance, relative to that of a source, that the prior of variances knows
_STARTS = (  # quantiles and variances at which normals start: of heavy tails, and of two humps
    ((0.5, 0.5, 0.5), (0.1, 0.7, 4.0)),
    ((0.1, 0.5, 0.9), (0.15, 0.15, 0.15)),
)
_LEAST = 1e-10  # of weights and variances


@dataclass(frozen=True)
class Mixture(SourceDensity):
    """Each source has a mixture of three normals; arrays (n_sources, n_normals).

    Learning takes the most probable parameters: weights have Dirichlet's distribution (one row more
    for each normal), and variances know ``1 + n / 100`` rows of the variance 0.01, where the mean
    square of the source is 1.
    """

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    name = "mixture"

    @classmethod
    def start(cls, sources):
        """The better one of two starts for each source, after a few steps of EM."""
        found = [cls._at(sources, *start).improved(sources, 3) for start in _STARTS]
        first, second = (one.each_objective(sources) for one in found)
        is_second = (second > first)[:, None]
        arrays = zip(*(one.arrays().values() for one in found), strict=True)
        return cls(*(np.where(is_second, b, a) for a, b in arrays))

    @classmethod
    def _at(cls, sources, places, variances):
        (values, weights), *_ = sources.parts()
        kept = weights > 0
        quantiles = weighted_quantiles(values[:, kept], weights[kept], places)
        shape = quantiles.shape
        return cls(np.full(shape, 1 / shape[1]), quantiles, np.broadcast_to(variances, shape))

    def _parameters(self):
        heights = np.log(self.weights) - (_LOG_2PI + np.log(self.variances)) / 2
        return heights, np.ascontiguousarray(self.means), 1 / self.variances

    @property
    def n_shapes(self):
        """Free parameters of all sources besides places and scales."""
        return (3 * self.weights.shape[1] - 3) * len(self.weights)

    def log_prob(self, values):
        """Log-densities of all sources together, (n_rows,) nats."""
        result = np.zeros(values.shape[1])
        add_mixture_log_densities(values, *self._parameters(), result)
        return result

    def scores(self, values, weights):
        """The `Scores` of values; weights : (n_rows,)."""
        scores, sums = np.empty(values.shape), np.empty((len(values), 3))
        mixture_scores(values, weights, *self._parameters(), scores, sums)
        return Scores(scores, *sums.T)

    def improved(self, sources, n_steps):
        """The mixtures after some leaps of EM; see `leaps`."""
        result = self
        for _ in range(n_steps):
            result = leapt(result, sources)
        return result

    def stepped(self, sources):
        """The mixtures after a step of EM, and the objective of each source before it."""
        sums, log_densities = self._statistics(sources)
        priors = self._log_priors(sources.samples)
        return self._maximised(sums, sources.samples), log_densities + priors

    def points(self):
        """Parameters without bounds, (3, n_sources, n_normals)."""
        return np.stack([np.log(self.weights), self.means, np.log(self.variances)])

    @classmethod
    def of_points(cls, points):
        """The mixtures of `points`, whose weights need not sum to 1."""
        logits, means, scales = points
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights = np.maximum(weights / weights.sum(axis=1, keepdims=True), _LEAST)
        variances = np.exp(np.clip(scales, np.log(_LEAST), -np.log(_LEAST)))
        return cls(weights / weights.sum(axis=1, keepdims=True), means, variances)

    def each_objective(self, sources):
        """Mean log-density of each source over all rows and its prior, (n_sources,) nats."""
        return self._statistics(sources)[1] + self._log_priors(sources.samples)

    def each_log_density(self, sources):
        """Mean log-density of each source over all rows, (n_sources,) nats."""
        return self._statistics(sources)[1]

    def _statistics(self, sources):
        """Sums of a step of EM, and the mean log-density of each source."""
        shape = self.weights.shape
        sums, log_densities = np.zeros((*shape, 3)), np.zeros(shape[0])
        for values, weights in sources.parts():
            part, own = np.empty((*shape, 3)), np.empty(shape[0])
            mixture_statistics(values, weights, *self._parameters(), part, own)
            sums += part
            log_densities += own
        return sums, log_densities

    @staticmethod
    def _maximised(sums, samples):
        counts = np.maximum(sums[..., 0], _LEAST)
        means = sums[..., 1] / counts
        spread = np.maximum(sums[..., 2] - counts * means**2, 0)
        known = _narrow_share(samples)
        variances = np.maximum((spread + known * _NARROW) / (counts + known), _LEAST)
        weights = counts + 1 / samples.n_all_rows
        return Mixture(weights / weights.sum(axis=1, keepdims=True), means, variances)

    def log_prior(self, samples):
        """Logarithm of the prior of all mixtures, nats a row."""
        return float(self._log_priors(samples).sum())

    def _log_priors(self, samples):
        known = _narrow_share(samples)
        of_variances = -known / 2 * (np.log(self.variances) + _NARROW / self.variances)
        return (of_variances + np.log(self.weights) / samples.n_all_rows).sum(axis=1)

    def scaled(self, factors):
        """The mixtures of the sources times numbers that are not zero, (n_sources,)."""
        factors = np.asarray(factors)[:, None]
        return Mixture(self.weights, self.means * factors, self.variances * factors**2)

    def draw(self, n_rows, rng):
        """Values of the sources, (n_sources, n_rows)."""
        ends = np.cumsum(self.weights, axis=1)
        ends[:, -1] = 1
        uniform = rng.random_sample((len(ends), n_rows))
        chosen = (uniform[:, :, None] >= ends[:, None, :]).sum(axis=2)
        means = np.take_along_axis(self.means, chosen, axis=1)
        deviations = np.sqrt(np.take_along_axis(self.variances, chosen, axis=1))
        return means + deviations * rng.standard_normal(chosen.shape)

    def moments(self):
        """Means and variances of the sources, (n_sources,) each."""
        means = (self.weights * self.means).sum(axis=1)
        squares = (self.weights * (self.variances + self.means**2)).sum(axis=1)
        return means, squares - means**2


def _narrow_share(samples):
    """Rows that the prior of variances knows, as a share of all."""
    return 1 / samples.n_all_rows + 0.01 * (1 - samples.shrinkage)


def weighted_quantiles(values, weights, places):
    """Quantiles of rows of values (n_sources, n_rows), (n_sources, n_places)."""
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    below = np.cumsum(weights[order], axis=1)
    below /= below[:, -1:]
    found = [
        [row[min(np.searchsorted(ends, place), len(row) - 1)] for place in places]
        for row, ends in zip(ordered, below, strict=True)
    ]
    return np.array(found)
