"""Elliptical slice sampling of Gaussian latents given the data, at any inverse temperature."""

from dataclasses import dataclass

import numpy as np

from .._kernels.elliptical import N_ARCS, elliptical_step
from .._kernels.random import UNITS
from .._workspace import Workspace
from ..units import Ability
from .sweep_numbers import sweep_numbers

_CHAINS = 256  # at least, that go side by side: fewer are not worth the calls, many leave the cache
_SHARE_DONE = 8  # chains are counted out when one in eight of those that go is done


@dataclass(frozen=True)
class Elliptical:
    """Moves latents z ~ N(0, 1) of data of any kind along ellipses, on which the prior is constant.

    The continuous sister of `Gibbs`, with the same contract. There is no step size, and a move is
    its own reversal. What is missing of the data is left out.

    References
    ----------
    Murray, Adams & MacKay (2010), Elliptical slice sampling, AISTATS.
    """

    machine: object

    name = "elliptical"
    chains_of_a_block = _CHAINS
    has_probabilities = False  # log p(x, z) is a density: no bound of log p(x)

    @classmethod
    def of(cls, machine):
        """The sampler of a machine, or a ValueError where a layer does not allow it."""
        machine.require(Ability.ELLIPTICAL)
        if machine.is_autoregressive or len(machine.n_units) != 2:
            raise ValueError(
                f"{Ability.ELLIPTICAL.capitalize()} is for one hidden layer, and for data whose "
                "units do not depend on each other."
            )
        return cls(machine)

    @property
    def entries_per_chain(self):
        """Number of values held for each chain."""
        return self.machine.n_hidden

    def split(self, states):
        """Parts of an array (n_rows, n_hidden), by hidden layer: the whole of it."""
        return [states]

    def start(self, draws):
        """Latents from the prior, (draws.n_rows, n_hidden) float32."""
        return self.machine.imagine(draws)[0][0]

    def completes(self, x):
        """Whether what is missing of a block of rows is a part of the state of chains: never."""
        return False

    def complete(self, x, states, draws):
        """None: chains need no data of their own, see `completes`."""
        return

    def sweep(self, x, states, draws, n_sweeps, completed=None):
        """Move chains towards p(z | x) by a number of moves, in place; arguments as of `anneal`."""
        self.anneal(x, states, draws, np.zeros(n_sweeps), np.ones(n_sweeps), completed=completed)

    def anneal(self, x, states, draws, increments, betas, reverse=False, completed=None):
        """Move chains, one sweep after the other, and weigh them.

        Before each sweep its increment times log p(x | z) is added to the log-weight of a chain;
        the sweep, one move of all latents together, leaves p(z) p(x | z)^beta invariant. Returns
        the log-weights (draws.n_rows,) in nats. x : a `Block`; states : (draws.n_rows, n_hidden)
        float32, moved in place; betas, increments : (n_sweeps,). ``reverse`` and ``completed`` are
        of the contract: reversed moves are the same ones, and ``completed`` is always None.
        """
        numbers = sweep_numbers(draws, len(betas))
        increments, betas = (np.ascontiguousarray(a, np.float64) for a in (increments, betas))
        addresses = np.repeat(draws.addresses, draws.n_particles)
        log_weights, work = np.zeros(draws.n_rows), Workspace()
        for chains in np.array_split(np.arange(draws.n_rows), max(draws.n_rows // _CHAINS, 1)):
            rows, part = chains // draws.n_particles, slice(chains[0], chains[-1] + 1)
            path = draws.key, addresses[part], numbers[part], increments, betas
            self._go(x.values, rows, path, states[part], log_weights[part], work)
        return log_weights

    def _go(self, values, rows, path, states, log_weights, work):
        """Move some chains to the end of a path; rows : of the values, (n_chains,).

        A chain that has made a move goes on to its next one at once: rounds of likelihoods are
        about as many as the proposals of any one chain, and nobody waits for the last to be
        accepted.
        """
        n, n_sweeps = len(states), len(path[-1])
        noise, uniforms = np.empty_like(states), np.empty((n, UNITS), np.float32)
        arcs, counts = np.zeros((n, N_ARCS)), np.tile(np.array([-1, 0], np.int64), (n, 1))
        chains, proposals = np.arange(n), states.copy()
        observed = values[rows]
        while len(chains):
            log_probs = self._log_probs(observed, proposals, work)
            elliptical_step(
                *path, chains, log_probs, states, noise, uniforms, arcs, counts, log_weights,
                proposals,
            )  # fmt: skip
            is_on = counts[chains, 0] < n_sweeps
            n_on = np.count_nonzero(is_on)
            if n_on == 0 or _SHARE_DONE * n_on <= (_SHARE_DONE - 1) * len(chains):
                chains, proposals = chains[is_on], proposals[is_on]
                observed = values[rows[chains]]

    def _log_probs(self, values, latents, work):
        """Log p(x | z) of rows of data and latents, (n_rows,) nats; valid until the next call."""
        work.reset()
        visible, log_probs = self.machine.visible, work.empty((len(latents),), np.float64)
        log_probs[:] = 0
        visible.units.log_prob(values, visible.eta(latents, work), log_probs)
        return log_probs
