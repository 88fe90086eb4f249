"""Training by L-BFGS on all rows at once, in float64, with the records of the other training."""

import math

import numpy as np
from scipy.optimize import minimize

from . import _tree
from ._threads import run_blocks
from ._training import DivergenceError, End, Outcome, Past
from .learning import write_derivatives

_LEAST_FALL = 1e-12  # of the loss in an iteration, relative: below, rounding is all there is
_N_CORRECTIONS = 20  # pairs of moves and changes of the gradient that are remembered
_MOST_TRIALS = 50  # of the length of one move


class Descent:
    """A machine that learns by a deterministic objective, and the rows that it learns from.

    ``result`` is the machine so far, packed, in float32; what moves is its vector in float64.

    rule : has `objective`; rows : a `Table`; past : of an earlier training; decay : strength of the
    penalty ``decay / 2 |W|^2`` on weights between layers, relative to the loss of a row.
    """

    def __init__(self, machine, rule, rows, n_threads, past, decay=0.0):
        self.result = _tree.pack(machine)
        self.step_number = past.step_number
        self._rule, self._seed, self._n_threads = rule, past.seed, n_threads
        self._rows, self._decay = rows, decay
        self._limits = rule.limits(machine, len(self._rows))

    @property
    def machine(self):
        """A copy of the machine so far."""
        return _tree.copy(self.result.tree)

    @property
    def past(self):
        """The `Past` of what follows on this training."""
        return Past(self._seed, self.step_number)

    def objective(self, machine, rows, n_samples):
        """The rule's objective for some rows, see `Rule.objective`."""
        return self._rule.objective(machine, rows, self._seed, n_samples, self._n_threads)

    def start(self):
        """The vector to start from, float64."""
        return self.result.vector.astype(np.float64)

    def move(self, vector):
        """Take a vector as the parameters so far."""
        self.step_number += 1
        self.result.vector[:] = vector

    def loss(self, vector):
        """The mean loss of the rows, nats, the penalty, and the derivatives of both together."""
        machine, slopes = self._tree_of(vector), np.empty((len(self._limits) - 1, len(vector)))
        losses = np.empty(len(self._limits) - 1)

        def run(number):
            place = slice(self._limits[number], self._limits[number + 1])
            x = self._rows.take(place)
            slopes[number] = 0.0
            found = write_derivatives(machine, x, self._tree_of(slopes[number]))
            losses[number] = (found if x.weights is None else x.weights * found).sum()

        run_blocks(run, len(losses), self._n_threads)
        weights, n_rows = vector[: self.result.ends[0]], len(self._rows)
        penalty, derivatives = self._decay / 2 * float((weights**2).sum()), slopes.sum(axis=0)
        derivatives /= -n_rows
        derivatives[: len(weights)] += self._decay * weights
        return math.fsum(losses) / n_rows, penalty, derivatives

    def _tree_of(self, vector):
        """The machine whose arrays are views of a vector."""
        leaves = _tree.leaves(self.result.tree)
        views = [
            vector[start : start + leaf.size].reshape(leaf.shape)
            for start, leaf in zip(self.result.starts, leaves, strict=True)
        ]
        return _tree.with_leaves(self.result.tree, views)


class _StopError(Exception):
    """Raised where a training has stalled, or somebody asks it to stop."""


def descend(descent, max_iter, tol, monitor, goes_on=False):
    """Train for at most ``max_iter`` iterations; returns the `Outcome`.

    It ends when no derivative of the loss and its penalty exceeds ``tol``, or when rounding lets
    the loss fall no more. The parameters left behind are those of the last iteration, or the best
    where the monitor keeps those; they are finite however it ends. Whatever is interrupted before
    the first of them goes on.
    """
    state = _Progress(descent, monitor)
    end, interrupt = End.FINISHED, None
    options = {
        "maxiter": max_iter, "maxfun": np.inf, "maxcor": _N_CORRECTIONS, "maxls": _MOST_TRIALS,
        "gtol": tol, "ftol": _LEAST_FALL,
    }  # fmt: skip
    try:
        monitor.begin(descent, goes_on)
        minimize(
            state.evaluate, descent.start(), jac=True, method="L-BFGS-B", callback=state.end,
            options=options,
        )  # fmt: skip
    except _StopError:
        end = End.STOPPED
    except DivergenceError:
        end = End.DIVERGED
    except KeyboardInterrupt as error:
        if not monitor.losses:
            raise
        end, interrupt = End.INTERRUPTED, error
    if monitor.best is not None:
        descent.result.vector[:] = monitor.best
    return Outcome(end, interrupt)


class _Progress:
    """Evaluations and iterations of one training as they go."""

    def __init__(self, descent, monitor):
        self._descent, self._monitor = descent, monitor
        self._is_open, self._losses = False, {}

    def evaluate(self, vector):
        """The penalised loss and its derivatives, or a DivergenceError where one is not finite."""
        if not self._is_open:
            self._monitor.begin_epoch()
            self._is_open = True
        with np.errstate(all="ignore"):
            loss, penalty, derivatives = self._descent.loss(vector)
        if not (math.isfinite(loss + penalty) and np.isfinite(derivatives).all()):
            raise DivergenceError
        self._losses[vector.tobytes()] = loss
        return loss + penalty, derivatives

    def end(self, vector):
        """Take note of an iteration."""
        loss = self._losses.get(vector.tobytes())
        if loss is None:
            loss = self._descent.loss(vector)[0]
        self._losses, self._is_open = {}, False
        self._descent.move(vector)
        asked = self._monitor.end_epoch(self._descent, loss)
        if asked or self._monitor.has_stalled:
            raise _StopError
