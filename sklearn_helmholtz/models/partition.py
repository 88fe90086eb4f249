"""Models with a partition function, which is found when it is first asked for, and kept."""

import functools
from functools import partial

import numpy as np

from .. import _keys
from .._keys import Draws, Purpose
from ..likelihood import partition_of


class PartitionMixin:
    """Knows log Z of ``undirected``, the `Boltzmann` machine of a model.

    chains : (n_chains, n_hidden) uint8, hidden states of the chains that taught it, or None: they
    bear witness to its partition function.
    """

    chains = None

    @property
    def undirected(self):
        """The machine whose partition function it is."""
        return self.machine

    @functools.cached_property
    def _known(self):
        """Partition functions by how they were found: a score is a function of the model."""
        return {}

    def partition(self, n_chains, n_temperatures, n_threads, method="auto", rng=None):
        """The `Partition` by a number of chains and temperatures, ``"auto"`` for enough of these.

        rng : None for fixed random numbers, under which it is made once.
        """
        find = partial(
            partition_of, self.undirected, method, n_chains=n_chains,
            n_temperatures=n_temperatures, n_threads=n_threads,
        )  # fmt: skip
        if rng is not None:
            seed = _keys.scoring_seed(rng)
            return find(seed=seed, chains=self.visible_chains(seed))
        way, seed = (method, n_chains, n_temperatures), _keys.scoring_seed()
        if way not in self._known:
            self._known[way] = find(seed=seed, chains=self.visible_chains(seed))
        return self._known[way]

    def visible_chains(self, seed):
        """Visible states of the chains that taught the machine, (n_chains, n_visible), or None."""
        if self.chains is None:
            return None
        machine, addresses = self.undirected, np.arange(len(self.chains), dtype=np.uint64)
        draws = Draws(_keys.key(seed, Purpose.START), addresses)
        return machine.units.draw(machine.visible_eta(self.chains), draws, 0)
