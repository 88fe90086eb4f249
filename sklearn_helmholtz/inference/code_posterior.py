"""p(h | x) of a dictionary's factors: annealed chains, weighed, chosen and moved on."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from .. import _keys
from .._keys import Draws, Purpose
from .resampling import choose, resampling_uniforms


@dataclass(frozen=True)
class CodeMoments:
    """Moments and states of the factors of some rows.

    mean, deviation : (n_rows, n_atoms), over all chains and sweeps; states : (n_rows, n_chains,
    n_atoms), in which chains end; sizes : (n_rows,), effective numbers of the annealed chains.
    """

    mean: np.ndarray
    deviation: np.ndarray
    states: np.ndarray
    sizes: np.ndarray


@dataclass(frozen=True)
class CodePosterior:
    """Chains that come from the prior along a path of temperatures, and then stay at the last.

    Of ``n_chains`` of each row, those that go on are chosen by their weights, so that where they
    start is right in the limit of many of them, whatever a sweep reaches. sampler : a
    `LaplaceGibbs`; seed : of random numbers; betas : inverse temperatures, see
    `likelihood.annealing`; n_sweeps : that chains make at the last.
    """

    sampler: object
    seed: tuple
    n_chains: int
    betas: np.ndarray
    n_sweeps: int

    def infer(self, x, addresses, n_kept):
        """The `CodeMoments` of a block of rows, from ``n_kept`` chains that go on.

        addresses : of the random numbers of each row.
        """
        states, sizes = self._choose(x, addresses, n_kept)
        key, first, second = _keys.key(self.seed, Purpose.SWEEP), 0.0, 0.0
        for number in range(self.n_sweeps):
            self.sampler.sweep(x, states, Draws(key, addresses, n_kept, number * n_kept), 1)
            each = states.reshape(len(x), n_kept, -1)
            first += each.mean(axis=1) / self.n_sweeps
            second += (each**2).mean(axis=1) / self.n_sweeps
        deviation = np.sqrt(np.maximum(second - first**2, 0))
        return CodeMoments(first, deviation, states.reshape(len(x), n_kept, -1), sizes)

    def _choose(self, x, addresses, n_kept):
        """States of annealed chains, chosen by weight, and effective numbers of these chains."""
        draws = Draws(_keys.key(self.seed, Purpose.ANNEAL), addresses, self.n_chains)
        states = self.sampler.start(draws)
        path = np.diff(self.betas), self.betas[1:]
        log_weights = self.sampler.anneal(x, states, draws, *path).reshape(len(x), -1)
        weights = softmax(log_weights, axis=1)
        places = choose(weights, resampling_uniforms(self.seed, addresses, n_kept))
        rows = np.repeat(np.arange(len(x)), n_kept)
        chosen = states.reshape(len(x), self.n_chains, -1)[rows, places]
        return np.ascontiguousarray(chosen), 1 / (weights**2).sum(axis=1)
