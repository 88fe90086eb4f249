"""Learning of Boltzmann machines from chains that start in the rows."""

from dataclasses import dataclass, replace

import numpy as np

from .._keys import Draws
from .boltzmann_rule import BoltzmannRule
from .chains import ChainMemory, Share
from .gaps import fill_gaps
from .half_sweeps import BEGINNING, sample_hidden, sample_visible, sweep
from .mixed_phases import phases_of
from .phases import finish, row_weights


@dataclass(frozen=True)
class ContrastiveDivergence(BoltzmannRule):
    """Contrastive divergence: what the machine dreams of a row after a few sweeps from it.

    The step is ``<v h'>`` given the rows less that of chains which start in the rows and make
    ``n_steps`` sweeps: it is no gradient of anything, and comes near that of log p(x) as chains
    become long. Modes of the machine where no rows are go unnoticed; `PersistentLearning` is
    better.

    n_steps : sweeps; centred : as of `PersistentLearning`.

    References
    ----------
    Hinton (2002), Training products of experts by minimizing contrastive divergence, Neural
    Computation 14, 1771-1800.
    """

    n_steps: int = 1
    centred: bool = False

    def make_memory(self, machine, rows, means=None):
        """The chains of rows with gaps, and log Z: a `ChainMemory` without chains of its own."""
        return ChainMemory(machine, rows, None, self.centred, means)

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of its log p(x), nats.

        As of `PersistentLearning`; memory : a `Share`, or None.
        """
        memory = Share() if memory is None else memory
        filled = fill_gaps(machine, x, wake, memory.gaps, work)
        phases = phases_of(machine, filled.x, len(x), work)
        phases.infer_rows()
        filled.remember(machine, phases.eta_of_rows)
        hidden = sample_hidden(machine, phases.eta_of_rows, replace(dream, first=BEGINNING))
        for number in range(self.n_steps - 1):
            sweep(machine, hidden, Draws(dream.key, dream.addresses, 1, number), work)
        draws = Draws(dream.key, dream.addresses, 1, self.n_steps - 1)
        sample_visible(machine, hidden, draws, work, phases.moved)
        phases.infer_chains()
        memory.moved = phases.moved
        weights = row_weights(x)
        return finish(machine, phases, filled, weights, weights, memory, out)
