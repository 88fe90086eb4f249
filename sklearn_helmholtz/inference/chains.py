"""p(h | x) by Markov chains that start in the prior."""

import numpy as np

from .. import _keys
from .._content import content_keys
from .._keys import Draws, Purpose
from .gibbs import Gibbs


class ChainPosterior:
    """The states that Gibbs sampling goes through, the later half of its sweeps.

    Where chains rarely pass from one explanation of a row to another, they report the one that they
    met first. n_chains : of each row; n_sweeps : of each chain.
    """

    method = "gibbs"

    def __init__(self, machine, n_chains, n_sweeps):
        self.machine, self.n_chains, self.n_sweeps = machine, n_chains, n_sweeps
        self._gibbs = Gibbs.of(machine)

    @property
    def entries_per_row(self):
        """How many numbers are held for each row of a block."""
        return self.n_chains * sum(self.machine.n_units)

    def hidden_means(self, x):
        """The mean states of each hidden layer's units, (n_rows, n_units).

        Random numbers depend on what a row holds, and on nothing else.
        """
        key = _keys.key(_keys.scoring_seed(), Purpose.SWEEP)
        draws = Draws(key, content_keys(x), self.n_chains)
        states = self._gibbs.start(draws)
        completed = self._gibbs.complete(x, states, draws)
        burn_in = self.n_sweeps // 2
        total = np.zeros(states.shape)
        for sweep in range(self.n_sweeps):
            place = Draws(key, draws.addresses, self.n_chains, sweep * self.n_chains)
            self._gibbs.sweep(x, states, place, 1, completed)
            if sweep >= burn_in:
                total += states
        means = total.reshape(len(draws.addresses), self.n_chains, -1).mean(axis=1)
        return self._gibbs.split(means / (self.n_sweeps - burn_in))
