"""p(h | x) by Markov chains that start in the prior."""

import numpy as np

from .. import _keys
from .._keys import Draws, Purpose
from .sampler import sampler_of


class ChainPosterior:
    """The states that a machine's sampler goes through, the later half of its sweeps.

    Where chains rarely pass from one mode of the posterior to another, they report the one that
    they met first; which that is depends on the order of the units, so half of the chains go
    through them backwards. n_chains : of each row and direction; n_sweeps : of each chain.
    """

    def __init__(self, machine, n_chains, n_sweeps):
        self.machine, self.n_chains, self.n_sweeps = machine, n_chains, n_sweeps
        self._sampler = sampler_of(machine)

    @property
    def method(self):
        """The name of the sampler."""
        return self._sampler.name

    @property
    def entries_per_row(self):
        """Number of values held for each row of a block."""
        return self.n_chains * sum(self.machine.n_units)

    def hidden_means(self, x, addresses):
        """The mean states of each hidden layer's units, (n_rows, n_units).

        addresses : of the random numbers of each row.
        """
        means = [self._mean_states(x, addresses, backwards) for backwards in (False, True)]
        return self._sampler.split(np.mean(means, axis=0))

    def free_energy(self, x):
        """A ValueError: nobody knows the density of what chains report."""
        raise ValueError(
            f"inference='{self.method}' has no free energy: its chains have no density. Use "
            "log_likelihood."
        )

    def _mean_states(self, x, addresses, backwards):
        """Mean states of all hidden units, (n_rows, n_hidden), over the chains of a direction."""
        key = _keys.key(_keys.scoring_seed(), Purpose.SWEEP)
        first = backwards * self.n_chains * self.n_sweeps
        draws = Draws(key, addresses, self.n_chains, first)
        states = self._sampler.start(draws)
        completed = self._sampler.complete(x, states, draws)
        total, burn_in = np.zeros(states.shape), self.n_sweeps // 2
        once = np.zeros(1), np.ones(1)
        for sweep in range(self.n_sweeps):
            draws = Draws(key, addresses, self.n_chains, first + sweep * self.n_chains)
            self._sampler.anneal(x, states, draws, *once, backwards, completed)
            if sweep >= burn_in:
                total += states
        means = total.reshape(len(addresses), self.n_chains, -1).mean(axis=1)
        return means / (self.n_sweeps - burn_in)
