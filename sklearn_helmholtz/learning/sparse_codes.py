"""Learning of dictionaries: stochastic-approximation EM with chains that stay with their rows.

Where noise is small, the factors given a row hardly vary, and plain EM moves atoms by no more than
the noise allows. Two steps go where it cannot (parameter expansion: Liu, Rubin & Wu 1998):

* factors and atoms together, ``h W`` and ``W^-1 atoms``: what explains the data stays as it is,
  and the prior of the factors rises, by the relative Newton step of independent components with
  Laplace densities. The chains of all rows turn along;
* the noise variance with the covariance of the features kept as it is, so that atoms give what the
  noise takes, and residuals along (`NoiseMove`): a Newton step for the score, with the information
  that the rows hold.
"""

from dataclasses import dataclass, replace

import numpy as np

from .. import _keys
from .._keys import Purpose
from ..dictionaries import SCALE
from .code_chains import CodeChains, Information
from .noise_moves import NoiseMove

_LARGEST_STEP = 0.1  # of log noise
_CAUTION = 0.5  # share of a Newton step that is made
_DECAY = 0.7  # power of steps that become smaller (Delyon, Lavielle & Moulines 1999)
_PHASES = 3  # thirds of the steps: full ones, smaller ones, smaller ones that are averaged
_RIDGE = 1e-6


@dataclass(frozen=True)
class LearntDictionary:
    """Result of learning: a machine, and the noise variance after each step, (n_steps,)."""

    machine: object
    noise_path: np.ndarray


@dataclass(frozen=True)
class CodeLearning:
    """Steps of learning.

    n_steps : how many; batch_size : rows whose chains move in a step; floor : of the noise
    variance; seed : of random numbers.
    """

    n_steps: int
    batch_size: int
    floor: float
    seed: tuple
    n_threads: int = 1

    def learn(self, machine, given):
        """The `LearntDictionary` of rows (n_rows, n_features), NaN for what is missing.

        machine : to begin with.
        """
        chains = CodeChains(machine, given, self.seed, self.n_threads)
        prior = np.full((1, 1), 0.5 * given.shape[1])
        information, path = Information(len(given), prior), np.empty(self.n_steps)
        mean, n_averaged = machine, 0
        for step, numbers in enumerate(self._batches(len(given))):
            rate = self._rate(step)
            sweep = chains.visit(machine, numbers)
            machine, codes = self._rebalance(machine, chains, sweep, information, rate)
            machine = _regress(machine, codes, sweep.x - codes @ machine.atoms, rate)
            turn = expansion(codes, rate)
            chains.turn(turn)
            machine = replace(machine, atoms=np.linalg.solve(turn, machine.atoms))
            path[step] = machine.noise
            if step >= self.n_steps - -(-self.n_steps // _PHASES):
                n_averaged += 1
                mean = _average(mean, machine, n_averaged)
        return LearntDictionary(mean, path)

    def _rate(self, step):
        full = self.n_steps / _PHASES
        return 1.0 if step < full else (full / step) ** _DECAY

    def _batches(self, n_rows):
        """Numbers of the rows of each step, in order: all, or shuffled ones."""
        size = min(self.batch_size, n_rows)
        order, start = np.arange(n_rows), 0
        rng = _keys.generator(self.seed, Purpose.SHUFFLE)
        for _ in range(self.n_steps):
            if size == n_rows:
                yield order
                continue
            if start == 0:
                order = rng.permutation(n_rows)
            yield np.sort(order[start : start + size])
            start = 0 if start + 2 * size > n_rows else start + size

    def _rebalance(self, machine, chains, sweep, information, rate):
        """Move the noise, atoms giving way; the machine, and where the factors have moved to."""
        move = NoiseMove.of(machine, sweep.x, sweep.codes)
        (change,) = rate * _CAUTION * information.step(sweep.numbers, move.scores[:, None])
        change = np.clip(change, -_LARGEST_STEP, _LARGEST_STEP)
        machine, change = move.apply(machine, change, self.floor)
        codes = sweep.codes + change * move.factors
        chains.put(sweep.numbers, codes)
        return machine, codes


def _regress(machine, codes, residual, rate):
    """The machine after a step towards least squares of the rows on their factors."""
    second = codes.T @ codes / len(codes)
    second[np.diag_indices_from(second)] += _RIDGE
    step = np.linalg.solve(second, codes.T @ residual / len(codes))
    mean = machine.mean + rate * residual.mean(axis=0)
    return replace(machine, mean=mean, atoms=machine.atoms + rate * step)


def expansion(codes, rate):
    """The matrix W by which factors ``codes @ W`` have a higher density, (n_atoms, n_atoms).

    A Newton step for ``mean log p(codes W) + log |det W|`` at the identity. Its derivative is
    ``I - codes' psi``, with psi the derivative of ``-log p``; second derivatives are taken as they
    are for independent factors (Ablin, Cardoso & Gramfort 2018), of which Laplace's have
    ``E psi' = 1 / SCALE^2 = 2``.
    """
    n = codes.shape[1]
    gradient = np.eye(n) - codes.T @ np.sign(codes) / len(codes) / SCALE
    step = (2 * gradient - gradient.T) / 3
    step[np.diag_indices(n)] = np.diag(gradient)
    norm = np.linalg.norm(step)
    return np.eye(n) + rate * _CAUTION * step / max(1.0, norm)


def _average(mean, machine, n):
    """The mean of n machines, of which ``machine`` is the last; of noise in its logarithm."""
    share = 1 / n
    log_noise = np.log(mean.noise) + share * (np.log(machine.noise) - np.log(mean.noise))
    return replace(
        mean,
        mean=mean.mean + share * (machine.mean - mean.mean),
        atoms=mean.atoms + share * (machine.atoms - mean.atoms),
        noise=float(np.exp(log_noise)),
    )
