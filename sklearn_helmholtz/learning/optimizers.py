"""Optimisers as values: `init` makes a state, `move` changes parameters and state in place.

Threads that call `move` with the same ``progress``, new counters of so many shares, share the work,
each beginning with the share of its own number; whoever calls it, everything has moved when it
returns. `end` tells the state that a move is over. Where ``is_shared`` is false one thread has to
make the whole move. Those that ``makes_runs`` have `run`, for kernels that make many steps.

Both ascend, and take a packed vector of parameters with the weights first: only they are penalised.
"""

from dataclasses import dataclass

import numpy as np

from .._kernels.steps import ONCE, adam_move, sgd_move


@dataclass(frozen=True)
class Moves:
    """Moves of an optimiser in a run of steps.

    rates : (n_steps,) float64; arguments : of kernels of runs, these rates the first.
    """

    rates: np.ndarray
    arguments: tuple


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient ascent with momentum.

    momentum : the share of the last move that is made again; decay, lasso : the strengths of the
    penalty ``decay / 2 |W|^2 + lasso |W|_1`` on the objective; the second makes weights exactly
    zero; concavity : where positive, ``lasso log(1 + concavity |W|) / concavity`` takes its place,
    which lets large weights off; lateral : (decay, lasso, concavity) of lateral weights, None for
    the same as of the others.
    """

    momentum: float = 0.9
    decay: float = 0.0
    lasso: float = 0.0
    concavity: float = 0.0
    lateral: tuple | None = None

    is_shared = makes_runs = True

    def init(self, n_parameters):
        """The state: a velocity for each parameter. All zeros is where it starts.

        Without momentum it stays there.
        """
        return (np.zeros(n_parameters, np.float32),)

    def move(self, parameters, gradient, scale, rate, state, progress, share):
        """Move the packed parameters along ``scale`` times the sum of the gradient's rows."""
        sgd_move(
            gradient, scale, _penalties(self), parameters.ends, rate, self.momentum, progress,
            share, state[0], parameters.vector, *ONCE,
        )  # fmt: skip

    def end(self, state):
        """There is nothing to count."""

    def run(self, parameters, rates, state, average):
        """The `Moves` of a run at some rates; average : of the parameters, or None."""
        factors, none = np.array([self.momentum, 0.0]), np.empty(0, np.float32)
        moments = np.zeros(1), state[0], none  # no count, and no second moment
        return _moves(self, parameters, rates, factors, moments, average)


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma & Ba 2015); ``decay``, as a part of the gradient, and the rest as in `SGD`."""

    decay: float = 0.0
    lasso: float = 0.0
    concavity: float = 0.0
    lateral: tuple | None = None
    beta1: float = 0.9
    beta2: float = 0.999

    is_shared = makes_runs = True

    def init(self, n_parameters):
        """The state: moments of the gradient, and the number of steps they are made of."""
        return (*(np.zeros(n_parameters, np.float32) for _ in range(2)), np.zeros(1))

    def move(self, parameters, gradient, scale, rate, state, progress, share):
        """Move the packed parameters along ``scale`` times the sum of the gradient's rows."""
        first, second, count = state
        adam_move(
            gradient, scale, _penalties(self), parameters.ends, rate, self.beta1, self.beta2,
            count[0] + 1, progress, share, first, second, parameters.vector, *ONCE,
        )  # fmt: skip

    def end(self, state):
        """Count the move."""
        state[2][0] += 1

    def run(self, parameters, rates, state, average):
        """The `Moves` of a run at some rates; average : of the parameters, or None."""
        first, second, count = state
        betas = np.array([self.beta1, self.beta2], np.float64)
        return _moves(self, parameters, rates, betas, (count, first, second), average)


def _moves(optimizer, parameters, rates, factors, moments, average):
    """The `Moves` of an optimiser with two factors and moments like Adam's."""
    counts = np.zeros(2, np.int64) if average is None else average.counts
    mean = np.empty(0, np.float32) if average is None else average.vector
    rates, penalties = np.asarray(rates, np.float64), _penalties(optimizer)
    return Moves(rates, (rates, penalties, parameters.ends, factors, *moments, counts, mean))


def _penalties(optimizer):
    """Decay, lasso and concavity of connections, and of lateral weights, (2, 3) float64."""
    own = optimizer.decay, optimizer.lasso, optimizer.concavity
    return np.array([own, own if optimizer.lateral is None else optimizer.lateral], np.float64)
