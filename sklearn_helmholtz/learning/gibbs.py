"""Learning from Gibbs sampling: chains that stay with their rows."""

from dataclasses import dataclass

import numpy as np

from .._keys import Draws
from ..inference import Gibbs
from ..rows import Block
from .memory import RowMemory, n_kept_values
from .passes import generation_gradient, infer_by_states
from .rule import COST_OF_A_FUNCTION, BeliefNetRule, weighted


@dataclass(frozen=True)
class GibbsLearning(BeliefNetRule):
    """Posterior samples from Markov chains teach a belief net (Neal 1992).

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

    def work_per_row(self, machine):
        """Cost of a row: each sweep of a chain tries every unit on all its children."""
        return COST_OF_A_FUNCTION * machine.n_weights * self.n_particles * self.n_sweeps

    def make_memory(self, machine, rows):
        """The states of the chains of each row, and what is missing of their data, if drawn."""
        sizes = machine.n_hidden, n_kept_values(machine, rows)
        shapes = [(self.n_particles, n) for n in sizes]
        return RowMemory(rows.data.shape[0], shapes, [np.uint8, np.float32])

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of log p(x, h), nats.

        Of chains in the mean. wake : random numbers with an address for each row; dream : not used;
        memory : `RowState` of the rows, or None for rows that were never seen.
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
        data = x if completed is None else Block(completed)
        passes = infer_by_states(machine, data, hidden, draws, work)
        weights = np.full(len(states), 1 / self.n_particles, np.float32)
        if x.weights is not None:
            weights *= x.particle_weights(self.n_particles).ravel()
        generation_gradient(machine, passes, weights, out.generation)
        return float(weighted(passes.log_weights.T, x.weights).T.sum()) / self.n_particles


def _begin(gibbs, x, draws, memory):
    """Chains in the prior and the data of each, see `Gibbs`.

    Where all rows were seen, as after the first epoch, nothing is drawn: there is room for where
    they were.
    """
    if memory is None or not memory.seen.all():
        states = gibbs.start(draws)
        return states, gibbs.complete(x, states, draws)
    states = np.empty((draws.n_rows, memory.arrays[0].shape[2]), np.uint8)
    if not gibbs.completes(x):
        return states, None
    return states, np.repeat(x.toarray().astype(np.float32), draws.n_particles, axis=0)


def _go_on(memory, x, states, completed):
    """Put chains of rows that were seen where they were; of the data, only what is missing.

    The rest of them is not known of a row that was seen in a block where nothing was missing.
    """
    hidden, data = memory.arrays
    _by_row(states, hidden)[memory.seen] = hidden[memory.seen]
    if completed is not None:
        missing = np.isnan(x.toarray()) & memory.seen[:, None]
        np.copyto(_by_row(completed, data), data, where=missing[:, None])


def _by_row(chains, kept):
    """The chains of each row side by side, a view."""
    return chains.reshape(kept.shape)
