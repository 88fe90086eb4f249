"""Calibration of a given dictionary: the scale of its atoms and the noise, by likelihood."""

from dataclasses import dataclass, replace

import numpy as np

from ..dictionaries import SCALE
from .code_chains import CodeChains, Information
from .noise_moves import NoiseMove

_LARGEST_STEP = 0.1  # of logarithms
_CAUTION = 0.5  # share of a Newton step that is made
_DECAY = 0.7  # power of the second half's steps


@dataclass(frozen=True)
class Calibration:
    """Steps towards the highest likelihood in the logarithms of a scale and of the noise variance.

    Of atoms that keep their directions and relative lengths. The steps are Newton's, with scores by
    chains that stay with their rows and the information that these hold.

    n_steps : how many, the second half averaged; floor : of the noise variance; frees_scale,
    frees_noise : which of both are sought.
    """

    n_steps: int
    floor: float
    seed: tuple
    n_threads: int = 1
    frees_scale: bool = True
    frees_noise: bool = True

    def calibrate(self, machine, given):
        """The `LaplaceDictionary` of rows (n_rows, n_features); machine : to begin with."""
        start, chains = machine, CodeChains(machine, given, self.seed, self.n_threads)
        prior = np.array([machine.n_atoms, 0.5 * given.shape[1]], float)
        free = np.flatnonzero([self.frees_scale, self.frees_noise])
        information, numbers = Information(len(given), np.diag(prior[free])), np.arange(len(given))
        places, place = [], np.zeros(2)
        for step in range(self.n_steps):
            sweep = chains.visit(machine, numbers)
            move = NoiseMove.of(machine, sweep.x, sweep.codes, yields=False)
            scores = np.column_stack([_scale_scores(sweep.codes), move.scores])[:, free]
            change = np.zeros(2)
            change[free] = self._rate(step) * information.step(numbers, scores)
            change = np.clip(change, -_LARGEST_STEP, _LARGEST_STEP)
            machine, change[1] = move.apply(machine, change[1], self.floor)
            machine = replace(machine, atoms=machine.atoms * np.exp(change[0]))
            chains.put(numbers, (sweep.codes + change[1] * move.factors) * np.exp(-change[0]))
            place = place + change
            places.append(place)
        scale, noise = np.exp(np.mean(places[self.n_steps // 2 :], axis=0))
        return replace(start, atoms=start.atoms * scale, noise=float(start.noise * noise))

    def _rate(self, step):
        half = self.n_steps / 2
        return _CAUTION * (1.0 if step < half else (half / step) ** _DECAY)


def _scale_scores(codes):
    """Derivatives by the logarithm of the scale of atoms, factors shrinking as they grow."""
    return np.abs(codes).sum(axis=1) / SCALE - codes.shape[1]
