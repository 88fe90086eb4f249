"""Penalties on weights: of a given strength, or of one that the weights themselves tell."""

import math
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class FixedPenalty:
    """``alpha (l1_ratio |W|_1 + (1 - l1_ratio) / 2 |W|^2)``, relative to the mean bound per row."""

    alpha: float
    l1_ratio: float = 0.0
    rises = False

    def strengths(self, size, square, progress=1.0):
        """Strengths of the quadratic and of the absolute part: decay and lasso; no concavity."""
        lasso = self.alpha * self.l1_ratio
        return self.alpha - lasso, lasso, 0.0


@dataclass(frozen=True)
class EstimatedPenalty:
    """As `FixedPenalty`, with the strength of priors that are learnt along with the weights.

    The penalty of all rows together is minus the logarithm of a prior of the weights. Each weight
    has the prior ``c_i exp(-c_i |w_i|)``, whose inverse scale c_i has a Gamma distribution of some
    ``shape`` a around a common c; c has one as well, which bounds it. The most probable values,
    given weights of the mean size m, are

        c = 1 / (m + 1 / strongest),    c_i = (a + 1) / (a / c + |w_i|).

    So a table with much structure, which makes large weights, has a weak penalty, and one with few
    rows or little to learn a strong one; and within a table large weights are let off (the priors
    of the Bayesian lasso, Park & Casella 2008, and of the generalised double Pareto shrinkage,
    Armagan, Dunson & Lee 2013). What of the penalty is quadratic has the strength c for all.

    The mean size speaks of all weights alike. With ``order`` 2 it is sqrt(E w^2 / 2) instead, which
    is the same for weights that do have the prior exp(-c |w|), but is made by the large ones where
    many are about zero, as those of hidden units out of use are. Weights that have not learnt yet
    say nothing of a table, and a strong penalty would keep hidden units from ever being of use:
    ``initial_bound`` bounds c when training begins, and the bound grows geometrically to
    ``strongest``.

    n_rows : rows of the table; strongest : the bound of c; shape : a, infinite for inverse scales
    that are all c; order : 1 or 2; initial_bound : infinite for a bound that stays.
    """

    n_rows: int
    l1_ratio: float
    strongest: float
    shape: float = math.inf
    order: int = 1
    initial_bound: float = math.inf

    @property
    def rises(self):
        """Whether it is held back when training begins."""
        return self.initial_bound < self.strongest

    def strengths(self, size, square, progress=1.0):
        """Decay, lasso and concavity; size, square : means of the weights' sizes and squares.

        The lasso is that of weights near zero; that of others is divided by 1 + concavity |w|.
        progress : of the bound of c on its way, from 0 to 1.
        """
        half = (1 - self.l1_ratio) / 2
        size = math.sqrt(square / 2) if self.order == 2 else size
        mean = (self.l1_ratio * size + half * square) / (self.l1_ratio + half)
        common = min(1 / (mean + 1 / self.strongest), self._bound(progress))
        alpha = common / self.n_rows
        lasso = alpha * self.l1_ratio * (1 + 1 / self.shape)
        return alpha * (1 - self.l1_ratio), lasso, common / self.shape

    def _bound(self, progress):
        """The bound of c after a share of its way."""
        first = min(self.initial_bound, self.strongest)
        return first * (self.strongest / first) ** progress


def penalise(optimizer, parameters, penalties, progress=1.0):
    """The optimiser with penalties of connections and of lateral weights for a packed machine.

    progress : of penalties that rise with training, from 0 to 1.
    """
    first, last = parameters.ends
    parts = parameters.vector[:first], parameters.vector[first:last]
    (decay, lasso, concavity), lateral = (
        penalty.strengths(_mean(np.abs(part), n), _mean(np.square(part), n), progress)
        for penalty, part, n in zip(penalties, parts, parameters.counts, strict=True)
    )
    return replace(optimizer, decay=decay, lasso=lasso, concavity=concavity, lateral=lateral)


def _mean(values, n):
    return float(values.sum(dtype=np.float64)) / max(n, 1)
