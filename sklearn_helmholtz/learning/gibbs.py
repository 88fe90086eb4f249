"""Learning from Gibbs sampling: chains that stay with their rows."""

from dataclasses import dataclass

import numpy as np

from .._incomplete import observed
from .._keys import Draws
from ..inference import Gibbs
from .costs import OF_A_FUNCTION
from .memory import Memory, n_kept_values
from .phases import explain_by_states, generation_gradient


@dataclass(frozen=True)
class GibbsLearning:
    """States of Markov chains explain each row and teach a belief net (Neal 1992).

    The step is the mean gradient of log p(x, h) over the chains of a row. Once chains have reached
    p(h | x) its expectation is the gradient of log p(x); they begin in the prior, go on from where
    the row left them in the epoch before, and follow a net that changes slowly.

    n_particles : chains of a row; n_sweeps : sweeps over all hidden units between two steps.

    References
    ----------
    Neal (1992), Connectionist learning of belief networks, Artificial Intelligence 56, 71-113.
    """

    n_particles: int = 1
    n_sweeps: int = 5

    def fused(self, machine):
        """None: its kernel goes through all layers as it is."""

    def work_per_row(self, machine):
        """What a row costs: each sweep of a chain tries every unit on all its children."""
        return OF_A_FUNCTION * machine.n_weights * self.n_particles * self.n_sweeps

    def remember(self, machine, rows):
        """The states of the chains of each row, and their data where gaps belong to the state."""
        sizes = sum(machine.n_units[1:]), n_kept_values(machine, rows)
        shapes = [(self.n_particles, n) for n in sizes]
        return Memory(rows.data.shape[0], shapes, [np.uint8, np.float32])

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of log p(x, h), nats.

        Of chains in the mean. wake : random numbers with an address for each row; dream : not used;
        memory : `Recollections` of the rows, or None for rows that were never met.
        """
        gibbs, draws = Gibbs.of(machine), Draws(wake.key, wake.addresses, self.n_particles)
        states, completed = _begin(gibbs, x, draws, memory)
        if memory is not None:
            _go_on(memory, x, states, completed)
        gibbs.sweep(x, states, draws, self.n_sweeps, completed)
        if memory is not None:
            for chain, kept in zip([states, completed], memory.arrays, strict=True):
                if chain is not None:
                    kept[...] = _by_row(chain, kept)
        hidden = [np.ascontiguousarray(layer) for layer in gibbs.split(states)]
        data = x if completed is None else completed
        phases = explain_by_states(machine, data, hidden, draws, work)
        weights = np.full(len(states), 1 / self.n_particles, np.float32)
        generation_gradient(machine, phases, weights, out.generation)
        return float(phases.log_weights.sum()) / self.n_particles


def _begin(gibbs, x, draws, memory):
    """Chains in the prior and the data of each, see `Gibbs`.

    Where all rows were met, as after the first epoch, nothing is drawn: there is room for where
    they were.
    """
    if memory is None or not memory.met.all():
        states = gibbs.start(draws)
        return states, gibbs.complete(x, states, draws)
    states = np.empty((draws.n_rows, memory.arrays[0].shape[2]), np.uint8)
    if not gibbs.completes(x):
        return states, None
    return states, np.repeat(observed(x).astype(np.float32), draws.n_particles, axis=0)


def _go_on(memory, x, states, completed):
    """Put chains of rows that were met where they were; of the data, only what is missing.

    The rest of them is not known of a row that was met in a block without gaps.
    """
    hidden, data = memory.arrays
    _by_row(states, hidden)[memory.met] = hidden[memory.met]
    if completed is not None:
        gaps = np.isnan(observed(x)) & memory.met[:, None]
        np.copyto(_by_row(completed, data), data, where=gaps[:, None])


def _by_row(chains, kept):
    """The chains of each row side by side, a view."""
    return chains.reshape(kept.shape)
