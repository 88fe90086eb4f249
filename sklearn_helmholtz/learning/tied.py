"""Learning of Boltzmann machines one side of which consists of two copies of the same units."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from .persistent import PersistentLearning
from .phases import finish


@dataclass(frozen=True)
class TiedLearning(PersistentLearning):
    """As `PersistentLearning`, of a machine that has two copies of one side, with equal weights.

    Steps are those of half the log-likelihood by parameters that both copies share: the mean of
    what either of them says. Copies that begin alike stay alike.

    axis : 0 for two copies of the visible units, which rows show one after the other, 1 for two of
    the hidden ones.

    References
    ----------
    Salakhutdinov & Hinton (2009), Deep Boltzmann machines, AISTATS, section 3.1.
    """

    axis: int = 0

    def _is_of_bits(self, machine, x, memory):
        return False  # its steps are tied

    def _finish(self, machine, phases, filled, weights, shares, memory, out):
        constrain = partial(tie, self.axis)
        return finish(machine, phases, filled, weights, shares, memory, out, constrain)


def tie(axis, out):
    """Let both copies of a side take the mean of their steps, in place."""
    biases = out.upward.intercept if axis else out.visible_intercept
    for copies in (np.split(out.upward.weights, 2, axis), np.split(biases, 2)):
        mean = (copies[0] + copies[1]) / 2
        for copy in copies:
            copy[...] = mean
