"""The two phases of a step of a Boltzmann machine of mixed columns, and those of any machine."""

import numpy as np

from ..machines import GaussianBoltzmann, MixedBoltzmann
from .gaussian_phases import SHARE_OF_VARIANCES, GaussianPhases, moments
from .phases import Phases, Sums

SHARE_OF_REALS = 1 / 4  # of the rate of all else, at which what belongs to real columns learns
FARTHEST = 10.0  # changes of inputs of hidden units by real columns in a step at the rate 1


class MixedPhases(Phases):
    """As `Phases`, of a `MixedBoltzmann` with real columns and rows of entries.

    Bits and levels have the derivatives that they always have, real columns those of
    `GaussianPhases`.
    """

    def write(self, weights, shares, out):
        """Write the step of the block to ``out``: see `Phases.write`, and `as_real_step`."""
        machine, n_rows = self._machine, len(self._x)
        error, minus_sums = self._signed_means(weights, shares)
        upward, x, moved = machine.upward, self._x.values, self.moved
        upward.gradient(machine.natural(x, self._work), error[:n_rows], out.upward)
        upward.gradient(machine.natural(moved, self._work), error[n_rows:], out.upward, add=True)
        firsts, seconds, energies = zip(
            self._sums(x, weights), self._sums(moved, shares), strict=True
        )
        out.visible_intercept[:] = firsts[0] - firsts[1]
        self._write_variances(seconds[0] - seconds[1], out)
        as_real_step(machine, out, x, weights)
        of_rows = energies[0] - float((weights * minus_sums[:n_rows]).sum())
        of_chains = energies[1] - float((shares * minus_sums[n_rows:]).sum())
        return Sums(of_rows, of_chains, float(weights.sum(dtype=np.float64)), np.inf)

    def _sums(self, values, weights):
        """Weighted sums over rows: derivatives by b, squares of distances of reals, energies."""
        machine, n_bits = self._machine, self._machine.layout.n_bits
        b, s = machine.visible_intercept.astype(np.float64)[:n_bits], machine.units.variance
        ones = np.einsum("r,rk->k", weights.astype(np.float64), values[:, :n_bits].astype(float))
        distances = values[:, n_bits:] - machine.visible_intercept[n_bits:]
        first, second = moments(distances, weights)
        energy = float((b * ones).sum() - (0.5 * second / s).sum())
        return np.concatenate([ones, first / s]), second, energy

    def _write_variances(self, second, out):
        """Write the derivative by ``log_excess``; second : the difference of both phases."""
        units, n_bits = self._machine.units, self._machine.layout.n_bits
        W = self._machine.weights[n_bits:].astype(np.float64)
        by_weights = out.upward.weights[n_bits:].astype(np.float64)
        by_variance = 0.5 * second / units.variance - np.einsum("ij,ij->i", W, by_weights)
        out.units.normal.log_excess[:] = by_variance / units.variance * units.normal.excess


def as_real_step(machine, gradient, x, weights):
    """Turn what belongs to real columns in the gradient of a block, in place, into a step.

    As `gaussian_phases.as_step` does, for these columns alone: given hidden units, the mean of a
    bit moves by at most a quarter of what its input does, and that of a real number by all of it.

    x : (n_rows, n_codes), weights : (n_rows,), of the block.
    """
    real, variance = slice(machine.layout.n_bits, None), machine.units.normal.variance
    own = gradient.upward.weights[real], gradient.visible_intercept[real]
    own[0][...] *= (SHARE_OF_REALS * variance)[:, None]
    own[1][...] *= SHARE_OF_REALS * variance
    excess = gradient.units.normal.log_excess
    excess *= np.float32(SHARE_OF_REALS * SHARE_OF_VARIANCES)
    total, precision = float(weights.sum(dtype=np.float64)), 1 / machine.units.variance
    squares = np.einsum("ij,ij,i->j", *2 * (own[0].astype(np.float64),), precision)
    size = np.einsum("r,rk,rk,k->", weights, x[:, real], x[:, real], precision) / total
    farthest = float(np.sqrt(squares.max(initial=0.0) * size)) / total
    if farthest > FARTHEST:
        for part in (*own, excess):
            part *= np.float32(FARTHEST / farthest)


def phases_of(machine, x, n_chains, work=np):
    """`Phases` of a block of rows, by the kind of the data."""
    if isinstance(machine, MixedBoltzmann) and machine.layout.n_reals:
        return MixedPhases(machine, x, n_chains, work)
    kind = GaussianPhases if isinstance(machine, GaussianBoltzmann) else Phases
    return kind(machine, x, n_chains, work)
