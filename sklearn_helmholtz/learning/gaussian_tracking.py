"""Log Z of a Boltzmann machine of real or mixed data that learns, followed from step to step."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from ..inference import chains_of, enumeration_of
from ..machines import GaussianBoltzmann, MixedBoltzmann
from .partition_tracking import ExactPartition, PartitionChains, follow_partition

_MOST_UNITS = 12  # of a side of which all states are enumerated
_MOST_INPUTS = 2**17  # that these make, of mixed columns
_HALF = 0.5  # share of the chains that stay of use on a way in temperature, of real data


@dataclass(frozen=True)
class ExactIntegral(ExactPartition):
    """Log Z by all states of the hidden side, or of mixed columns: nothing is to be followed."""

    def log_partition(self, machine):
        """Log Z, nats."""
        return enumeration_of(machine).log_partition()


@dataclass
class GaussianPartitionChains(PartitionChains):
    """As `PartitionChains`, of a machine of real or mixed data and chains of such rows."""

    def _begin(self, machine):
        gibbs = chains_of(machine)
        self.log_mean = float(gibbs.log_base(gibbs.everywhere())[0])
        self.visible = machine.base.sample(self._draws(), 0)

    def _path(self, machine):
        return partial(chains_of(machine).log_path, self.visible)

    def _sweep(self, machine, beta):
        self.visible = self.visible.copy()
        chains_of(machine).sweep(self.visible, self._draws(), 0, 1, beta)

    def _share_of_use(self, machine):
        usual = super()._share_of_use(machine)
        return _HALF if machine.units.standardises else usual

    def _energy(self, machine):
        return machine.log_energy(self.visible.astype(np.float64))


def follower_of(machine, seed):
    """A follower of log Z of a machine, by the kind of its data, see `follow_partition`."""
    if not isinstance(machine, GaussianBoltzmann | MixedBoltzmann):
        return follow_partition(machine, seed)
    few = machine.n_enumerable
    is_cheap = 2**few * max(machine.n_units) <= _MOST_INPUTS
    if few <= _MOST_UNITS and (is_cheap or machine.units.standardises):
        return ExactIntegral()
    return GaussianPartitionChains.start(machine, seed)
