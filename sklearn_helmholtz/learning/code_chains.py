"""Chains of the factors of a dictionary, one for each row, that go on from step to step."""

from dataclasses import dataclass

import numpy as np

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import run_blocks
from ..dictionaries import SCALE, most_probable
from ..inference import LaplaceGibbs

_ROWS = 256  # of a block of a thread
LAG = 8  # visits between two states of a row that count as different draws


@dataclass(frozen=True)
class Sweep:
    """Part of the chains after a sweep, with rows that have no gaps any more.

    numbers : of the rows; x : less the mean, what is missing drawn; codes : (n_rows, n_atoms).
    """

    numbers: np.ndarray
    x: np.ndarray
    codes: np.ndarray


class CodeChains:
    """Factors of all rows, (n_rows, n_atoms), which each visit moves by a sweep.

    given : (n_rows, n_features) float64, NaN for what is missing; seed : of random numbers, which
    go by the number of the row and of its visit.
    """

    def __init__(self, machine, given, seed, n_threads):
        self._given, self._seed, self._n_threads = given, seed, n_threads
        self._visits = 0
        self.codes = np.empty((len(given), machine.n_atoms))
        self._by_blocks(len(given), lambda place: self._begin(machine, place))

    def _begin(self, machine, place):
        self.codes[place] = most_probable(machine, machine.rows(self._given[place]))

    def visit(self, machine, numbers):
        """The `Sweep` of some rows, whose chains it moves."""
        key, codes = _keys.key(self._seed, Purpose.CHAINS), self.codes[numbers]
        sampler, self._visits = LaplaceGibbs(machine, 1 / SCALE), self._visits + 1

        def move(place):
            rows, states = machine.rows(self._given[numbers[place]]), codes[place]
            draws = Draws(key, numbers[place].astype(np.uint64), 1, self._visits)
            sampler.sweep(rows, states, draws, 1)

        self._by_blocks(len(numbers), move)
        self.codes[numbers] = codes
        return Sweep(numbers, self._completed(machine, numbers, codes), codes)

    def _completed(self, machine, numbers, codes):
        """Rows less the mean, what is missing drawn given the factors."""
        x = self._given[numbers]
        missing = np.isnan(x)
        if missing.any():
            rng = _keys.generator(self._seed, Purpose.COMPLETE, self._visits)
            x = np.where(missing, machine.draw(codes, rng), x)
        return x - machine.mean

    def put(self, numbers, codes):
        """Put the factors of some rows where they have moved to."""
        self.codes[numbers] = codes

    def turn(self, matrix):
        """Replace the factors of all rows by linear combinations ``codes @ matrix``."""
        self.codes = np.ascontiguousarray(self.codes @ matrix)

    def _by_blocks(self, n_rows, work):
        def run(number):
            work(slice(number * _ROWS, (number + 1) * _ROWS))

        run_blocks(run, -(-n_rows // _ROWS), self._n_threads)


class Information:
    """Information that rows hold about some directions of the parameters, by scores of chains.

    What data tell is the covariance, over rows, of the expected scores of each; two draws of a row
    that are far enough from each other estimate it without the noise of either. The last `LAG`
    scores of all rows are kept: ``scores`` (n_rows, n_directions).
    """

    def __init__(self, n_rows, prior, rate=0.1):
        self._kept = np.full((LAG, n_rows, len(prior)), np.nan)
        self.value, self._floor, self._rate = prior.copy(), prior * 1e-3, rate
        self._visits = np.zeros(n_rows, np.int64)

    def step(self, numbers, scores):
        """The step of Newton's method in these directions for some rows' mean score."""
        place = self._visits[numbers] % LAG
        before = self._kept[place, numbers]
        self._kept[place, numbers] = scores
        self._visits[numbers] += 1
        known = ~np.isnan(before[:, 0])
        if known.sum() > 1:
            one, other = before[known], scores[known]
            product = (one - one.mean(axis=0)).T @ (other - other.mean(axis=0)) / len(one)
            self.value += self._rate * ((product + product.T) / 2 - self.value)
        values, vectors = np.linalg.eigh(self.value)
        values = np.maximum(values, np.diag(self._floor).max())
        return vectors @ ((vectors.T @ scores.mean(axis=0)) / values)
