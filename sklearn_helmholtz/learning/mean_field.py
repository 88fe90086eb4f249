"""Learning from mean field: the gradient of a bound that every row makes as high as it can."""

import math
from dataclasses import dataclass

import numpy as np

from .._content import content_keys
from .._incomplete import observed
from .._kernels.families import GAUSSIAN
from ..inference import MeanField
from .costs import OF_A_FUNCTION
from .memory import Memory, n_kept_values

_FUNCTIONS = 4  # of each weight and sweep


@dataclass(frozen=True)
class MeanFieldLearning:
    """Factorised explanations teach a belief net that has no recognition chain.

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

    n_particles = 1

    def fused(self, machine):
        """None: its kernel goes through all layers as it is."""

    def accepts(self, machine):
        """Whether there are bounds for a machine, or training has diverged."""
        return MeanField.of(machine).is_tame

    def work_per_row(self, machine):
        """What a row costs at most: in each sweep every weight has factors, which are tilted."""
        return OF_A_FUNCTION * _FUNCTIONS * machine.n_weights * self.most_sweeps

    def remember(self, machine, rows):
        """Where each row ended: the probabilities of its hidden units, and of data like these."""
        shapes = [(sum(machine.n_units[1:]),), (n_kept_values(machine, rows),)]
        return Memory(rows.data.shape[0], shapes, [np.float32] * 2)

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats.

        Minus infinity, and no step, where a machine is not accepted. x : (n_rows, n_features);
        wake, dream : not used; memory : `Recollections` of the rows, or None for rows that were
        never met.
        """
        mean_field = MeanField.of(machine)
        if not mean_field.is_tame:
            return -math.inf
        means = mean_field.start(content_keys(x))
        remembered = [] if memory is None else _side_by_side(means, memory.arrays)
        for part, kept in remembered:
            part[memory.met] = kept[memory.met]
        xi, bounds, _ = mean_field.solve(x, means, self.most_sweeps, self.tol)
        for part, kept in remembered:
            kept[:] = part
        _write(mean_field, machine, x, mean_field.gradient(x, means, xi), out.generation)
        return float(bounds.sum())


def _side_by_side(means, arrays):
    """Pairs of views of means and what is remembered of them: hidden units, and data if any are."""
    hidden, data = arrays
    return [(means[:, -hidden.shape[1] :], hidden), (means[:, : data.shape[1]], data)]


def _write(mean_field, machine, x, slopes, out):
    """Write derivatives by the flat parameters of a net to a chain of the same shape."""
    weights, intercepts, moments = slopes
    upward, place = out.conditionals[::-1], 0
    matrices = [c.affine.weights for c in upward[:-1]]
    matrices += [c.lateral.weights for c in upward if c.lateral is not None]
    for matrix in matrices:
        matrix[...] = weights[place : place + matrix.size].reshape(matrix.shape)
        place += matrix.size
    parts = np.split(intercepts, np.cumsum(mean_field.sizes)[:-1])
    for conditional, part in zip(upward, parts, strict=True):
        conditional.affine.intercept[:] = part
    if mean_field.family == GAUSSIAN:
        _write_variance(machine.visible.units, observed(x), moments, upward[0].units)


def _write_variance(units, values, squares, out):
    """Write the derivative by the variance of Gaussian units, from the expected squares of x - eta.

    squares : (n_rows, n_features), 0 where values are missing.
    """
    variance = units.variance.astype(np.float64)
    squares, counts = squares.sum(axis=0), (~np.isnan(values)).sum(axis=0)
    slope = 0.5 * (squares / variance - counts) / variance
    out.log_excess[:] = slope * units.excess
