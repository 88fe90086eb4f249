"""Learning from mean field: the gradient of a bound that every row makes as high as it can."""

import math
from dataclasses import dataclass

import numpy as np

from ..inference import MeanField
from ..rows import content_keys
from .memory import RowMemory, n_kept_values
from .rule import COST_OF_A_FUNCTION, BeliefNetRule, weighted

_FUNCTIONS = 4  # of each weight and sweep


@dataclass(frozen=True)
class MeanFieldLearning(BeliefNetRule):
    """Factorised posteriors teach a belief net that has no recognition chain.

    The step is the gradient of the sum of the bounds of Saul, Jaakkola & Jordan (1996), which for
    each row is maximised by `MeanField` first, starting from where it ended in the epoch before.
    Every step is a function of parameters and rows: nothing is drawn.

    most_sweeps : over the units of a row; tol : nats that a sweep has to gain to be followed by
    another.

    References
    ----------
    Saul, Jaakkola & Jordan (1996), Mean field theory for sigmoid belief networks, Journal of
    Artificial Intelligence Research 4, 61-76.
    """

    most_sweeps: int = 20
    tol: float = 1e-3

    def accepts(self, machine):
        """Whether there are bounds for a machine, or training has diverged."""
        return MeanField.of(machine).has_moderate_weights

    def work_per_row(self, machine):
        """Highest cost of a row: in each sweep every weight has factors, which are tilted."""
        return COST_OF_A_FUNCTION * _FUNCTIONS * machine.n_weights * self.most_sweeps

    def make_memory(self, machine, rows):
        """Last probabilities of each row's hidden units, and of data that are like hidden units."""
        shapes = [(machine.n_hidden,), (n_kept_values(machine, rows),)]
        return RowMemory(rows.data.shape[0], shapes, [np.float32] * 2)

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats.

        Minus infinity, and no step, where a machine is not accepted. wake, dream : not used;
        memory : `RowState` of the rows, or None for rows that were never seen.
        """
        mean_field = MeanField.of(machine)
        if not mean_field.has_moderate_weights:
            return -math.inf
        means = mean_field.start(content_keys(x.values))
        remembered = [] if memory is None else _side_by_side(means, memory.arrays)
        for part, kept in remembered:
            part[memory.seen] = kept[memory.seen]
        xi, bounds, _ = mean_field.solve(x, means, self.most_sweeps, self.tol)
        for part, kept in remembered:
            kept[:] = part
        _write(mean_field, machine, x, mean_field.gradient(x, means, xi), out.generation)
        return float(weighted(bounds, x.weights).sum())


def _side_by_side(means, arrays):
    """Pairs of views of means and what is remembered of them: hidden units, and data if any are."""
    hidden, data = arrays
    return [(means[:, -hidden.shape[1] :], hidden), (means[:, : data.shape[1]], data)]


def _write(mean_field, machine, x, slopes, out):
    """Write derivatives by the flat parameters of a net to a chain of the same shape."""
    weights, intercepts, moments = slopes
    upward, place = out.conditionals[::-1], 0
    maps = [c.map.coefficients for c in upward]
    matrices = [matrix for matrix, _ in maps[:-1]]
    matrices += [c.lateral.weights for c in upward if c.lateral is not None]
    for matrix in matrices:
        matrix[...] = weights[place : place + matrix.size].reshape(matrix.shape)
        place += matrix.size
    parts = np.split(intercepts, np.cumsum(mean_field.sizes)[:-1])
    for (_, intercept), part in zip(maps, parts, strict=True):
        intercept[:] = part
    if moments.shape[1]:
        known = ~np.isnan(x.toarray())
        counts = weighted(known.T, x.weights).T.sum(axis=0)
        sums = weighted(moments.T, x.weights).T.sum(axis=0)
        machine.visible.units.write_slopes(sums, counts, upward[0].units)
