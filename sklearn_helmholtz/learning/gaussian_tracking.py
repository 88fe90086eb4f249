"""Log Z of a Boltzmann machine of real data that learns, followed from step to step."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from ..inference import GaussianBlockGibbs, HiddenSide
from ..machines import GaussianBoltzmann
from .partition_tracking import ExactPartition, PartitionChains, follow_partition

_MOST_UNITS = 12  # hidden ones, of which all states are enumerated


@dataclass(frozen=True)
class ExactIntegral(ExactPartition):
    """Log Z by all states of the hidden side: nothing is to be followed."""

    def log_partition(self, machine):
        """Log Z, nats."""
        return HiddenSide.of(machine).log_partition()


@dataclass
class GaussianPartitionChains(PartitionChains):
    """As `PartitionChains`, of a machine of real data and chains of real numbers, float32."""

    warming: ClassVar = 0.5

    def _begin(self, machine):
        gibbs = GaussianBlockGibbs(machine)
        self.log_mean = float(gibbs.log_base(gibbs.everywhere())[0])
        self.visible = machine.base.sample(self._draws(), 0)

    def _path(self, machine):
        return partial(GaussianBlockGibbs(machine).log_path, self.visible)

    def _sweep(self, machine, beta):
        self.visible = self.visible.copy()
        GaussianBlockGibbs(machine).sweep(self.visible, self._draws(), 0, 1, beta)

    def _energy(self, machine):
        return machine.log_energy(self.visible.astype(np.float64))


def follower_of(machine, seed):
    """A follower of log Z of a machine, by the kind of its data, see `follow_partition`."""
    if not isinstance(machine, GaussianBoltzmann):
        return follow_partition(machine, seed)
    if machine.n_units[1] <= _MOST_UNITS:
        return ExactIntegral()
    return GaussianPartitionChains.start(machine, seed)
