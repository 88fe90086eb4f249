"""Both sides of a Boltzmann machine given what is observed, by annealed chains."""

import numpy as np
from scipy.special import softmax

from .. import _keys
from .._keys import Draws, Purpose
from .resampling import fine_uniforms, resample_evenly
from .sides import chains_of


class AnnealedSides:
    """p(missing, h | observed) of a `Boltzmann` machine by annealing, where nothing is enumerable.

    Chains of each row are annealed from independent units, so that no mode is forgotten, count by
    their importance weights, and are moved on by sweeps. n_chains : of each row, at least;
    n_temperatures : of the way; n_sweeps : after it. Draws of a row may have a chain in common
    before these sweeps.
    """

    method = "annealed"

    def __init__(self, machine, seed=None, n_chains=20, n_temperatures=1000, n_sweeps=100):
        self.machine, self._seed, self._chains = machine, seed, chains_of(machine)
        self.n_chains, self.n_temperatures, self.n_sweeps = n_chains, n_temperatures, n_sweeps

    def means(self, x, addresses):
        """Expected values of both sides of a `Block`, (n_rows, n_visible), (n_rows, n_hidden).

        float64; observed values are as they are. Chains tell the means of their next states, over
        all sweeps.
        """
        clamped, n_visible = self._chains.clamp(x), self.machine.n_units[0]
        draws = Draws(_keys.key(self._seed, Purpose.CHAINS), addresses, self.n_chains)
        visible, weights = self._anneal(clamped, draws)
        totals = np.zeros((len(x), sum(self.machine.n_units)))
        for sweep in range(self.n_sweeps):
            number = self.n_temperatures + sweep
            hidden = self._chains.sweep(visible, draws, number, 1, clamped=clamped)
            each = self._chains.means(visible, hidden, clamped)
            each = each.reshape(len(x), self.n_chains, -1)
            totals += np.einsum("rc,rcu->ru", weights, each.astype(np.float64))
        totals /= self.n_sweeps
        expected, hidden = totals[:, :n_visible], totals[:, n_visible:]
        return np.where(clamped.free, expected, x.todoubles()), hidden

    def sample(self, x, addresses, n_samples):
        """Draws of both sides: (n_rows * n_samples, n_visible) and (..., n_hidden) uint8.

        Those of a row are neighbours; the visible side is float32 if fractions are observed.
        """
        clamped = self._chains.clamp(x)
        visible, hidden = self._draw(clamped, addresses, n_samples)
        return clamped.complete(visible), hidden

    def components(self, x, addresses, n_components):
        """The mixtures that draws of the hidden side make of rows of real data.

        As of `GaussianSides`, about as many: one of each chain after every so many sweeps.
        """
        clamped, n_kept = self._chains.clamp(x), max(n_components // self.n_chains, 1)
        draws = Draws(_keys.key(self._seed, Purpose.CHAINS), addresses, self.n_chains)
        visible, weights = self._anneal(clamped, draws)
        each, number, kept = max(self.n_sweeps // n_kept, 1), self.n_temperatures, []
        for _ in range(n_kept):
            hidden = self._chains.sweep(visible, draws, number, each, clamped=clamped)
            kept.append(self.machine.visible_eta(hidden).reshape(len(x), self.n_chains, -1))
            number += each
        weights = np.tile(weights, n_kept) / n_kept
        return weights, np.concatenate(kept, axis=1).astype(np.float64)

    def imagine(self, addresses, n_samples):
        """Draws where nothing is observed, ``n_samples`` from the chains of each address."""
        return self._draw(self._chains.everywhere(len(addresses)), addresses, n_samples)

    def _draw(self, clamped, addresses, n_samples):
        key = _keys.key(self._seed, Purpose.CHAINS)
        visible, weights = self._anneal(
            clamped, Draws(key, addresses, max(n_samples, self.n_chains))
        )
        draws = Draws(key, addresses, n_samples)
        uniforms = Draws(_keys.key(self._seed, Purpose.RESAMPLE), addresses, n_samples)
        chosen = resample_evenly(weights, fine_uniforms(uniforms))
        visible = np.ascontiguousarray(visible[chosen])
        hidden = self._chains.sweep(
            visible, draws, self.n_temperatures, self.n_sweeps, clamped=clamped
        )
        return visible, hidden

    def _anneal(self, clamped, draws):
        """The ends of chains, and their weights, which sum to 1: (n_rows, n_chains)."""
        visible = self._chains.start(draws, clamped)
        betas = np.linspace(0, 1, self.n_temperatures + 1)
        log_weights = self._chains.anneal(visible, draws, betas, 0, clamped)
        return visible, softmax(log_weights.reshape(-1, draws.n_particles), axis=1)
