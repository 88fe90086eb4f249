"""Helmholtz machines with baselines, which predict the rewards of posterior samples."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..layers import Affine
from .belief_net import glorot
from .helmholtz import Helmholtz

_N_UNITS = 100  # of the hidden layer of a baseline


@dataclass(frozen=True)
class Baseline:
    """A number for each row: an affine map of tanh units, which see what a layer has below it.

    hidden, value : the affine maps, to (n_units,) and to (1,).
    """

    hidden: Affine
    value: Affine

    is_penalised: ClassVar = False  # it is no part of the model

    def predict(self, below, work=np):
        """The numbers (n_rows,), and the states of the tanh units, (n_rows, n_units)."""
        states = self.hidden.forward(below, work)
        np.tanh(states, out=states)
        return self.value.forward(states, work)[:, 0], states

    def gradient(self, below, states, error, out):
        """Write the derivatives of what has the derivative ``error`` (n_rows,) by the numbers.

        states : those of `predict`, which are used up; out : a `Baseline` of the same shape.
        """
        error = np.ascontiguousarray(error[:, None], np.float32)
        self.value.gradient(states, error, out.value)
        slopes = (1 - states * states) * self.value.pullback(states, error)
        self.hidden.gradient(below, slopes, out.hidden)


@dataclass(frozen=True)
class WithBaselines(Helmholtz):
    """A Helmholtz machine whose recognition learns by reward, and what reward it should expect.

    baselines : one for each hidden layer, from the data upward, of the layer below it.

    References
    ----------
    Mnih & Gregor (2014), Neural variational inference and learning in belief networks, ICML.
    """

    baselines: tuple[Baseline, ...]

    def below(self, x, hidden):
        """Inputs of each baseline: the data as recognition sees them, all layers but the top."""
        return [self.seen(x), *hidden[:-1]]


def with_baselines(machine, rng):
    """A Helmholtz machine with baselines that expect nothing."""
    baselines = [
        Baseline(
            Affine(glorot(n, _N_UNITS, rng), np.zeros(_N_UNITS, np.float32)),
            Affine(np.zeros((_N_UNITS, 1), np.float32), np.zeros(1, np.float32)),
        )
        for n in (conditional.map.n_inputs for conditional in machine.recognition.conditionals)
    ]
    return WithBaselines(machine.generation, machine.recognition, tuple(baselines))
