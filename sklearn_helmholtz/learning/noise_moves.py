"""Moves of the noise variance of a dictionary that take the factors, and the atoms, along."""

from dataclasses import dataclass, replace

import numpy as np

from ..dictionaries import SCALE


@dataclass(frozen=True)
class NoiseMove:
    """Direction in which the noise variance grows, to first order in its logarithm.

    Residuals are mostly what factors leave of the data within reach of the atoms. Were the noise
    alone to move, they would follow over many sweeps, and a step that the data ask for would be far
    too large for the factors at hand. So factors move along, such that residuals grow as the noise
    does, and atoms give way, if at all, such that the covariance of the features stays.

    scores : (n_rows,), derivatives of ``log p(x, h) + log |dh' / dh|`` of each row, whose
    expectation over h is that of log p(x); factors : (n_rows, n_atoms), their derivatives; atoms :
    (n_atoms, n_features), theirs, 0 where they stay.
    """

    scores: np.ndarray
    factors: np.ndarray
    atoms: np.ndarray

    @classmethod
    def of(cls, machine, x, codes, yields=True):
        """The move for some rows less the mean, (n_rows, n_features), and their factors.

        yields : whether atoms give way.
        """
        noise, residual = machine.noise, x - codes @ machine.atoms
        back = _pull_back(machine)
        atoms = -0.5 * noise * back.T * yields
        factors = -0.5 * (residual + 2 * codes @ atoms) @ back
        change = -(factors @ machine.atoms) - codes @ atoms  # of the residuals
        scores = ((residual**2).sum(axis=1) / noise - x.shape[1]) / 2
        scores -= (residual * change).sum(axis=1) / noise
        scores -= (np.sign(codes) * factors).sum(axis=1) / SCALE
        scores += np.trace((0.5 * machine.atoms - atoms) @ back)
        return cls(scores, factors, atoms)

    def apply(self, machine, change, floor):
        """The machine whose noise has moved by ``change`` of its logarithm, and that change.

        floor : which the noise does not fall below.
        """
        noise = float(max(machine.noise * np.exp(change), floor))
        made = np.log(noise / machine.noise)
        return replace(machine, noise=noise, atoms=machine.atoms + made * self.atoms), made


def _pull_back(machine):
    """The matrix by which residuals become factors, (n_features, n_atoms): expected normal ones."""
    left, values, right = np.linalg.svd(machine.atoms, full_matrices=False)
    return (right.T * (values / (values**2 + machine.noise))) @ left.T
