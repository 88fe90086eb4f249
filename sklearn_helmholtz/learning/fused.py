"""Learning rules without the Python between their kernels: small nets spend much time there.

Each has the steps of its layered rule, to the bit, for machines of Bernoulli units without lateral
weights and rows of 0 and 1. Row blocks that one thread works on go through the products together.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from .._kernels.reweighted import reweighted_gradient
from .._kernels.wake_sleep import wake_sleep_gradient
from ..units import Bernoulli


def is_plain(machine):
    """Whether all units are Bernoulli and depend on no others of their layer."""
    chains = machine.generation, machine.recognition
    return not machine.is_autoregressive and all(
        isinstance(c.units, Bernoulli) for chain in chains for c in chain.conditionals
    )


@dataclass(frozen=True)
class FusedWakeSleep:
    """The steps of `WakeSleep` in one kernel."""

    n_particles = 1

    @property
    def at_hand(self):
        """Whether it can start at once: compiling it takes a few seconds."""
        return wake_sleep_gradient.at_hand

    def prepare(self):
        """Compile it now."""
        wake_sleep_gradient.compile()

    def gradients(self, parameters, x, wake, dream, limits, out):
        """Write the steps of consecutive row blocks to ``out``; return the sums of their bounds.

        parameters : a packed machine; x : (n_rows, n_features) uint8; wake, dream : random numbers
        with an address for each row; limits : where blocks start, rising from 0 to n_rows;
        out : (n_blocks, n_parameters).
        """
        bound = np.empty(len(x))
        limits = np.asarray(limits, np.int64)
        wake_sleep_gradient(
            x, np.array(parameters.tree.n_units), parameters.vector, parameters.starts,
            wake.key, dream.key, wake.addresses, limits, out, bound,
        )  # fmt: skip
        return _sums(bound, limits)


@dataclass(frozen=True)
class FusedReweightedWakeSleep:
    """The steps of `ReweightedWakeSleep` in one kernel."""

    n_particles: int

    @property
    def at_hand(self):
        """Whether it can start at once: compiling it takes several seconds."""
        return reweighted_gradient.at_hand

    def prepare(self):
        """Compile it now."""
        reweighted_gradient.compile()

    def gradients(self, parameters, x, wake, dream, limits, out):
        """As for wake-sleep; ``wake`` has ``n_particles`` particles for each row."""
        bound = np.empty(len(x))
        limits = np.asarray(limits, np.int64)
        reweighted_gradient(
            x, np.array(parameters.tree.n_units), parameters.vector, parameters.starts,
            wake.key, dream.key, wake.addresses, wake.n_particles, limits, out, bound,
        )  # fmt: skip
        return _sums(bound, limits)


def _sums(bound, limits):
    return [float(bound[a:b].sum()) for a, b in itertools.pairwise(limits)]
