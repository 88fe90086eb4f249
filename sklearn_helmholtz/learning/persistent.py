"""Learning of Boltzmann machines from chains that go on from step to step."""

from dataclasses import dataclass

import numpy as np

from .. import _keys
from .._keys import Draws, Purpose
from .bit_steps import step_of_bits
from .boltzmann_rule import BoltzmannRule
from .chains import ChainMemory, Share
from .gaps import fill_gaps
from .half_sweeps import begin, sample_hidden, sample_visible, sweep
from .mixed_phases import phases_of
from .phases import finish, row_weights


@dataclass(frozen=True)
class PersistentLearning(BoltzmannRule):
    """Persistent contrastive divergence: chains that follow the machine stand for what it dreams.

    The gradient of log p(x) is ``<v h'>`` given the rows less ``<v h'>`` of the machine. Chains
    go on from where they were at the step before; under a machine that changes slowly they stay
    near its distribution, and then the expectation of the step is the gradient of the mean log
    p(x). What is kept of them are hidden states, from which a sweep goes to data and back.

    n_steps : sweeps of the chains at each step; n_chains : None for as many as a minibatch has
    rows; centred : whether states are measured from their centre, see `phases.centre`.

    References
    ----------
    Younes (1989), Parametric inference for imperfectly observed Gibbsian fields, Probability Theory
    and Related Fields 82, 625-645. Tieleman (2008), Training restricted Boltzmann machines using
    approximations to the likelihood gradient, ICML.
    """

    n_steps: int = 1
    n_chains: int | None = None
    centred: bool = False

    def make_memory(self, machine, rows, means=None):
        """The chains, those of rows with gaps, and log Z: a `ChainMemory`; means : see there."""
        return ChainMemory(machine, rows, self._first_states, self.centred, means)

    def _first_states(self, machine, batch_size, seed):
        n_chains = batch_size if self.n_chains is None else self.n_chains
        addresses = _keys.training_addresses(0, 0, n_chains)
        return self._begin(machine, _keys.key(seed, Purpose.DREAM), addresses)

    def fewest_rows(self, n_rows):
        """So many that a block has two chains, of which one may fall to its neighbour."""
        return max(super().fewest_rows(n_rows), self.rows_of_two_chains(n_rows))

    def rows_of_two_chains(self, n_rows):
        """Rows of a minibatch for two chains; 1 where each row has a chain."""
        return 1 if self.n_chains is None else -(-n_rows // max(self.n_chains // 2, 1))

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of its log p(x), nats.

        An estimate, see `BoltzmannRule`. wake, dream : random numbers with an address for each row,
        the latter of one step; memory : a `Share`, or None for chains that begin at the base rates,
        one for each row, and log Z = 0.
        """
        if memory is None:
            memory = Share(self._begin(machine, dream.key, dream.addresses))
        n_chains, weights = len(memory.hidden), row_weights(x)
        shares = np.full(n_chains, weights.sum(dtype=np.float64) / n_chains, np.float32)
        if self._is_of_bits(machine, x, memory):
            draws = self._sweep(machine, memory, dream, work)
            sums = step_of_bits(machine, x, weights, shares, memory.hidden, draws, out)
            return sums.objective(memory.log_partition, machine.n_units[0])
        filled = self._fill(machine, x, wake, memory.gaps, work)
        phases = phases_of(machine, filled.x, n_chains, work)
        self._move(machine, memory, dream, phases, work)
        filled.remember(machine, phases.eta_of_rows)
        return self._finish(machine, phases, filled, weights, shares, memory, out)

    def _fill(self, machine, x, draws, state, work):
        """Rows, complete: by their chains."""
        return fill_gaps(machine, x, draws, state, work)

    def _finish(self, machine, phases, filled, weights, shares, memory, out):
        """Write the step, see `finish`."""
        return finish(machine, phases, filled, weights, shares, memory, out)

    def _is_of_bits(self, machine, x, memory):
        """Whether all is bits, and no more is asked for than the step."""
        asked = memory.gaps is not None or memory.centre is not None
        return x.is_binary and machine.units.is_binary and not asked

    def _begin(self, machine, key, addresses):
        """Hidden states of new chains, one for each address."""
        return begin(machine, key, addresses)

    def _move(self, machine, memory, dream, phases, work):
        """Move chains; `Phases` get their data, and the inputs of all hidden units."""
        hidden, draws = memory.hidden, self._sweep(machine, memory, dream, work)
        sample_visible(machine, hidden, draws, work, phases.moved)
        phases.infer()
        sample_hidden(machine, phases.eta_of_chains, draws, out=hidden)

    def _sweep(self, machine, memory, dream, work):
        """Move chains by all sweeps but the last; random numbers of that."""
        hidden, last = memory.hidden, self.n_steps - 1
        addresses = _keys.at_same_step(dream.addresses, memory.first, memory.first + len(hidden))
        for number in range(last):
            sweep(machine, hidden, Draws(dream.key, addresses, 1, number), work)
        return Draws(dream.key, addresses, 1, last)
