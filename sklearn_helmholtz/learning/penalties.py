"""Penalties on weights: of a given strength, or of one that the weights themselves tell."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class FixedPenalty:
    """``alpha (l1_ratio |W|_1 + (1 - l1_ratio) / 2 |W|^2)``, relative to the mean bound per row."""

    alpha: float
    l1_ratio: float = 0.0

    def strengths(self, size, square):
        """Of the quadratic part and of the absolute part: decay and lasso."""
        return _split(self.alpha, self.l1_ratio)


@dataclass(frozen=True)
class EstimatedPenalty:
    """As `FixedPenalty`, with the strength of a prior that is learnt along with the weights.

    The penalty of all rows together is minus the logarithm of a prior ``prod c exp(-c |w|)`` of the
    weights (or a Gaussian one, or a mixture of the exponents) whose inverse scale c has a Gamma
    distribution. The most probable c, given weights of the mean size m, is 1 / (m + 1 / strongest):
    tables with much structure make large weights and a weak penalty; those with few rows or little
    to learn make small ones and a strong penalty, but for ``strongest`` not without limit (the
    hierarchical prior of the Bayesian lasso, Park & Casella 2008, with one scale for all weights of
    a kind).

    n_rows : rows of the table; strongest : the bound of c.
    """

    n_rows: int
    l1_ratio: float
    strongest: float

    def strengths(self, size, square):
        """Decay and lasso; size, square : means of the weights' sizes and of their squares."""
        half = (1 - self.l1_ratio) / 2
        mean = (self.l1_ratio * size + half * square) / (self.l1_ratio + half)
        return _split(1 / (mean + 1 / self.strongest) / self.n_rows, self.l1_ratio)


def penalise(optimizer, parameters, penalties):
    """The optimiser with penalties of connections and of lateral weights for a packed machine."""
    machine, (first, last) = parameters.tree, parameters.ends
    parts = parameters.vector[:first], parameters.vector[first:last]
    counts = machine.n_connections, machine.n_lateral_weights
    (decay, lasso), lateral = (
        penalty.strengths(_mean(np.abs(part), n), _mean(np.square(part), n))
        for penalty, part, n in zip(penalties, parts, counts, strict=True)
    )
    return replace(optimizer, decay=decay, lasso=lasso, lateral=lateral)


def _mean(values, n):
    return float(values.sum(dtype=np.float64)) / max(n, 1)


def _split(alpha, l1_ratio):
    lasso = alpha * l1_ratio
    return alpha - lasso, lasso
