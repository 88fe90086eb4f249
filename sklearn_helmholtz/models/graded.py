"""Fitted factor models of items, whose answers are sums over a grid of the factors."""

from dataclasses import dataclass

import numpy as np

from ..factors import (
    Ogives,
    draw_factors,
    draw_levels,
    infer,
    is_coarse,
    level_probabilities,
    may_be_coarse,
)
from ..likelihood import Estimate
from ..units import Support
from .effects import Effects
from .model import Model

_METHODS = ("auto", "exact")


@dataclass(frozen=True)
class GradedModel(Model):
    """Items of uncorrelated factors, which are published as ``z @ turn``.

    Data are codes of levels, NaN where missing; rows the same as whole numbers, -1 where missing.

    n_levels : (n_items,).
    """

    ogives: Ogives
    turn: np.ndarray
    n_levels: np.ndarray

    likelihood_methods = bound_methods = posterior_methods = _METHODS

    support = Support()

    @property
    def n_features(self):
        """Columns of the data."""
        return len(self.n_levels)

    def table(self, data, weights=None):
        """Codes as whole numbers."""
        return np.where(np.isnan(data), -1, data).astype(np.int64)

    def is_coarse(self, data):
        """Whether the grid is too coarse for the items, or for one of the rows."""
        if not may_be_coarse(self.ogives):
            return False
        return is_coarse(self.ogives, infer(self.ogives, self.table(data)).covariances)

    def estimate(self, rows, method, n_samples, n_temperatures, rng, n_threads, tails=None):
        """Exact values; each row stands for itself."""
        log_prob = infer(self.ogives, rows).log_prob
        return Estimate.exactly(log_prob, -log_prob), np.arange(len(rows)), "exact"

    def recorded(self, rows, log_prob):
        """The log-probabilities themselves."""
        return log_prob

    def level_probabilities(self, data, column, n_levels, n_samples, n_threads):
        """p(level of a column | what else is observed), (n_rows, n_levels).

        data : as for `table`, of which the column itself is left out.
        """
        rows = self.table(data)
        rows[:, column] = -1
        return level_probabilities(self.ogives, rows)[:, column, :n_levels]

    def bounds(self, n_rows, method, n_samples, n_temperatures, rng, n_threads):
        """Twice the same: log p of rows drawn."""
        log_prob = infer(self.ogives, self.table(self.draw(n_rows, rng, n_threads)[0])).log_prob
        return log_prob, log_prob.copy(), "exact"

    def draw(self, n_rows, rng, n_threads):
        """Codes and their factors, float64."""
        factors = rng.standard_normal((n_rows, len(self.turn)))
        codes = draw_levels(self.ogives, factors, rng)
        return codes.astype(np.float64), [factors @ self.turn]

    def draw_given(self, evidence, n_rows, n_pool, rng, n_threads):
        """Codes some of which are given, and their factors, float64."""
        factors = draw_factors(self.ogives, self.table(evidence[None]), n_rows, rng)[0]
        codes = draw_levels(self.ogives, factors, rng)
        return np.where(np.isnan(evidence), codes, evidence), [factors @ self.turn]

    def effects(self, layer):
        """Loadings of the standardised variables behind the items, and their sizes."""
        loadings = np.linalg.solve(self.turn, self.ogives.loadings.T)
        return Effects(loadings, np.abs(loadings))

    @property
    def hidden_sizes(self):
        """The number of factors, as of a layer."""
        return (len(self.turn),)

    def log_joint(self, rows, hidden, n_threads):
        """Log P(x | z) N(z), nats."""
        (factors,) = hidden
        factors = np.linalg.solve(self.turn.T, factors.T).T
        _, log_volume = np.linalg.slogdet(self.turn)
        items = np.arange(self.n_features)[:, None]
        levels = self.ogives.probabilities(factors)[items, rows.T, np.arange(len(rows))]
        items = np.where(rows.T >= 0, np.log(levels), 0.0).sum(axis=0)
        density = -((factors**2).sum(axis=1) + factors.shape[1] * np.log(2 * np.pi)) / 2
        return items + density - log_volume

    def posterior(self, rows, method, n_samples, n_pool, n_sweeps, rng, n_threads):
        """Means, covariances and draws of the factors."""
        found, turn = infer(self.ogives, rows), self.turn
        return {
            "mean": [found.means @ turn],
            "covariance": [turn.T @ found.covariances @ turn],
            "samples": [draw_factors(self.ogives, rows, n_samples, rng) @ turn],
            "effective_sample_size": np.full(len(rows), np.inf),
            "method": "exact",
        }

    def impute(self, rows, strategy, n_imputations, n_pool, rng, n_threads):
        """Most probable levels, medians of levels, or draws of all items together."""
        rows = rows[(rows < 0).any(axis=1)]
        missing = rows < 0
        if strategy == "sample":
            factors = draw_factors(self.ogives, rows, n_imputations, rng).transpose(1, 0, 2)
            values = [draw_levels(self.ogives, z, rng)[missing] for z in factors]
            return np.stack(values, axis=1).astype(np.float64)
        probabilities = level_probabilities(self.ogives, rows)[missing]
        if strategy == "median":
            levels = (np.cumsum(probabilities, axis=1) >= 0.5).argmax(axis=1)
        else:
            levels = probabilities.argmax(axis=1)
        return levels[:, None].astype(np.float64)

    def scores(self, rows):
        """Expected factors, (n_rows, n_factors)."""
        return infer(self.ogives, rows).means @ self.turn
