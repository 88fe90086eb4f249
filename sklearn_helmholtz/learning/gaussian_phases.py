"""The two phases of a step of a Boltzmann machine of real data."""

import numpy as np

from .phases import Phases, Sums

SHARE_OF_VARIANCES = 0.1  # of the rate of weights, at which the logarithms of variances learn
FARTHEST = 40.0  # changes of inputs of hidden units in a step at the rate 1, which is 1/40


class GaussianPhases(Phases):
    """As `Phases`, of a `GaussianBoltzmann` and rows of real numbers.

    With p = p(h | v), log p* has the derivatives

        by W: (v / s) p',    by b: (v - b) / s,    by c: p,
        by s: ((v - b)^2 / 2 - v W p) / s^2.
    """

    def write(self, weights, shares, out):
        """Write the step of the block to ``out``: see `Phases.write`, and `as_step`."""
        machine, n_rows = self._machine, len(self._x)
        error, minus_sums = self._signed_means(weights, shares)
        upward, x, moved = machine.upward, self._x.values, self.moved
        upward.gradient(machine.natural(x, self._work), error[:n_rows], out.upward)
        upward.gradient(machine.natural(moved, self._work), error[n_rows:], out.upward, add=True)
        # Of rows and of chains: sums of v - b, and of its square.
        first, second = zip(*(
            moments(values - machine.visible_intercept, own)
            for values, own in ((x, weights), (moved, shares))
        ), strict=True)  # fmt: skip
        variance = machine.variance
        out.visible_intercept[:] = (first[0] - first[1]) / variance
        W, by_weights = machine.weights.astype(np.float64), out.upward.weights.astype(np.float64)
        by_variance = 0.5 * (second[0] - second[1]) / variance
        by_variance -= np.einsum("ij,ij->i", W, by_weights)
        out.units.log_excess[:] = by_variance / variance * machine.units.excess
        as_step(machine, out, x, weights)
        energies = [float((-0.5 * each / variance).sum()) for each in second]
        of_rows = energies[0] - float((weights * minus_sums[:n_rows]).sum())
        of_chains = energies[1] - float((shares * minus_sums[n_rows:]).sum())
        # Real rows may be as far from what a machine dreams as they like.
        return Sums(of_rows, of_chains, float(weights.sum(dtype=np.float64)), np.inf)


def as_step(machine, gradient, x, weights):
    """Turn the gradient of a block, in place, into a step.

    What belongs to a feature is multiplied by its variance: steps are those of the natural gradient
    of ``p(v | h)``, and do not become long where a feature is nearly noiseless. Variances learn
    more slowly than weights (Cho, Ilin & Raiko 2011). And where all features follow one another,
    a step along them moves hidden units so far that what it should mend turns into its opposite:
    steps are shortened (as by Melchior, Wang & Wiskott 2017, Gaussian-binary restricted Boltzmann
    machines for modeling natural image statistics, PLoS ONE 12), so that at the usual rate they
    change the input of no hidden unit by more than about 1.

    x : (n_rows, n_visible), weights : (n_rows,), of the block.
    """
    variance = machine.units.variance
    gradient.upward.weights[...] *= variance[:, None]
    gradient.visible_intercept[...] *= variance
    gradient.units.log_excess[...] *= np.float32(SHARE_OF_VARIANCES)
    total, precision = float(weights.sum(dtype=np.float64)), 1 / machine.variance
    squares = np.einsum("ij,ij,i->j", *2 * (gradient.upward.weights.astype(np.float64),), precision)
    size = np.einsum("r,rk,rk,k->", weights, x, x, precision) / total
    farthest = float(np.sqrt(squares.max(initial=0.0) * size)) / total
    if farthest > FARTHEST:
        for part in (gradient.upward.weights, gradient.upward.intercept,
                     gradient.visible_intercept, gradient.units.log_excess):  # fmt: skip
            part *= np.float32(FARTHEST / farthest)


def moments(distances, weights):
    """Weighted sums of distances, and of their squares, (n_columns,) float64."""
    each, distances = weights.astype(np.float64), distances.astype(np.float64)
    return (
        np.einsum("r,rk->k", each, distances), np.einsum("r,rk,rk->k", each, distances, distances)
    )  # fmt: skip
