"""Log Z of a Boltzmann machine of real data that learns, followed from step to step."""

from dataclasses import dataclass

import numpy as np

from ..inference import GaussianBlockGibbs, HiddenSide
from ..machines import GaussianBoltzmann, log_sum
from .partition_tracking import PartitionChains, effective_share, follow_partition

_N_CHAINS = 64
_MOST_UNITS = 12  # hidden ones, of which all states are enumerated
_SHORTEST_WAY = 2**-12  # in inverse temperature, that a start goes at once


@dataclass(frozen=True)
class ExactIntegral:
    """Log Z by all states of the hidden side: nothing is to be followed."""

    def follow(self, near, far):
        """Nothing to do."""

    def look_again(self, machine):
        """Nothing to do."""

    def log_partition(self, machine):
        """Log Z, nats."""
        return HiddenSide.of(machine).log_partition()

    def bridge(self, near, far):
        """Log Z of the far machine, nats."""
        return self.log_partition(far)


@dataclass
class GaussianPartitionChains(PartitionChains):
    """As `PartitionChains`, of a machine of real data and chains of real numbers, float32."""

    @classmethod
    def start(cls, machine, seed, n_sweeps=0, n_chains=_N_CHAINS):
        """Chains that have come from the base to a machine; n_sweeps : of others before."""
        gibbs = GaussianBlockGibbs(machine)
        chains = cls(seed, None, np.zeros(n_chains), 0.0, None, n_sweeps)
        chains.log_mean = float(gibbs.log_base(gibbs.everywhere())[0])
        chains.visible = machine.base.sample(chains._draws(), 0)
        beta = 0.0
        while beta < 1:
            beta = chains._warm(gibbs, beta)
        chains.log_p = chains._log_unnormalized(machine)
        return chains

    def _warm(self, gibbs, beta):
        """Go up in inverse temperature as far as half of the chains stay of use; how far it is."""
        way, now = 1 - beta, gibbs.log_path(self.visible, beta)

        def gain(way):
            return gibbs.log_path(self.visible, beta + way) - now

        while way > _SHORTEST_WAY and effective_share(gain(way)) < 0.5:
            way /= 2
        beta = min(beta + way, 1.0)
        self._weigh(gibbs.log_path(self.visible, beta) - now)
        self._resample()
        gibbs.sweep(self.visible, self._draws(), 0, 1, beta)
        return beta

    def _step(self, machine):
        """Weigh the chains by what the machine has become, and move them under it."""
        self._weigh(self._log_unnormalized(machine) - self.log_p)
        self._resample()
        self.visible = self.visible.copy()
        GaussianBlockGibbs(machine).sweep(self.visible, self._draws(), 0, 1)
        self.log_p = self._log_unnormalized(machine)

    def _log_unnormalized(self, machine):
        return machine.log_energy(self.visible.astype(np.float64)) + log_sum(
            machine.hidden_eta(self.visible)
        )


def follower_of(machine, seed):
    """A follower of log Z of a machine, by the kind of its data, see `follow_partition`."""
    if not isinstance(machine, GaussianBoltzmann):
        return follow_partition(machine, seed)
    if machine.n_units[1] <= _MOST_UNITS:
        return ExactIntegral()
    return GaussianPartitionChains.start(machine, seed)
