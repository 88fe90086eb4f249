"""Learning of deterministic Helmholtz machines: the exact derivatives of what they train by."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from .._threads import run_blocks
from ..rows import split_evenly
from .rule import COST_OF_A_FUNCTION, BeliefNetRule, weighted

_FEWEST_ROWS = 64
_FUNCTIONS = 6  # of each unit: logarithms and exponentials


@dataclass(frozen=True)
class DeterministicLearning(BeliefNetRule):
    """Steps along minus F, of both nets, by the chain rule.

    F is what a row costs with means in place of states (see `DeterministicHelmholtz.losses`). It is
    no bound of log p(x). Nothing is drawn, and everything is computed in float64.

    References
    ----------
    Dayan, Hinton, Neal & Zemel (1995), The Helmholtz machine, Neural Computation 7, 889-904,
    appendix.
    """

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the derivatives of minus F to ``out``; return minus the sum of F, nats.

        wake, dream : not used.
        """
        return -float(weighted(write_derivatives(machine, x, out), x.weights).sum())

    def objective(self, machine, rows, seed, n_samples, n_threads, memory=None):
        """Minus the mean of F over a `Table`, nats per row; nothing is drawn."""
        losses = deterministic_losses(machine, rows, n_threads)
        return -float(np.average(losses, weights=rows.row_weights))

    def limits(self, machine, n_rows):
        """Limits of row blocks that are worth a thread's while."""
        return _limits(machine, n_rows)


def _limits(machine, n_rows):
    """Limits of blocks of rows: a function of the work and never of the threads."""
    work = machine.n_weights + COST_OF_A_FUNCTION * _FUNCTIONS * sum(machine.n_units)
    return split_evenly(n_rows, work, _FEWEST_ROWS)


def deterministic_losses(machine, rows, n_threads):
    """F of each row of a `Table`, (n_rows,) nats in the machine's units."""
    places, losses = _limits(machine, len(rows)), np.empty(len(rows))

    def run(number):
        place = slice(places[number], places[number + 1])
        x = rows.take(place)
        losses[place] = machine.losses(x, machine.infer(x))

    run_blocks(run, len(places) - 1, n_threads)
    return losses


def write_derivatives(machine, x, out):
    """Write the derivatives of minus the weighted sum of F by all parameters to ``out``.

    x : a `Block`; out : a machine of the same shape. Returns F of each row, (n_rows,) nats.
    """
    means = machine.infer(x)
    pulled = _write_generation(machine, x, means, out.generation)
    _write_recognition(machine, x, means, pulled, out.recognition)
    return machine.losses(x, means)


def _write_generation(machine, x, means, out):
    """Write the derivatives by the generative net; return those by the means, from h_1 upward."""
    values, pulled = [x.todoubles(), *means.values[1:]], []
    down, outs = machine.generation.conditionals[::-1], out.conditionals[::-1]
    for layer, (conditional, target) in enumerate(zip(down, outs, strict=True)):
        units, value = conditional.units, values[layer]
        is_known = ~np.isnan(value)
        distance = np.where(is_known, value - units.expected(means.downward[layer]), 0.0)
        error = _weigh(distance, x.weights)
        parents = values[layer + 1] if layer + 1 < len(values) else None
        slopes, by_parents = conditional.map.derivatives(parents, error / units.dispersion)
        target.map.write_slopes(slopes)
        units.write_slopes(
            (error * distance).sum(axis=0), _weigh(is_known, x.weights).sum(axis=0), target.units
        )
        pulled.append(by_parents)
    return pulled[:-1]


def _write_recognition(machine, x, means, pulled, out):
    """Write the derivatives by recognition; pulled : those by the means that generation has."""
    ups = list(zip(machine.recognition.conditionals, out.conditionals, strict=True))
    above = 0.0
    for layer in range(len(ups), 0, -1):
        conditional, target = ups[layer - 1]
        inputs = means.upward[layer - 1]
        by_means = pulled[layer - 1] + above
        by_means += _weigh(means.downward[layer] - inputs, x.weights)
        error = by_means * expit(inputs) * expit(-inputs)
        below = means.values[layer - 1]
        if layer == 1:  # nobody asks for derivatives by the data
            target.map.write_slopes(conditional.map.slopes(below, error))
            return
        slopes, above = conditional.map.derivatives(below, error)
        target.map.write_slopes(slopes)


def _weigh(values, weights):
    """Values of rows times their weights; as they are where each row counts once."""
    return values if weights is None else values * weights[:, None]
