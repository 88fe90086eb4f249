"""Gibbs sampling of both sides of a Boltzmann machine of real data, a whole side at a time."""

import itertools
from dataclasses import replace

import numpy as np

from ..machines import log_sum
from ..units import standard_noise
from .block_gibbs import MOST_CHAINS, Clamped, check_numbers

_VISIBLE, _HIDDEN, _START = 0, 1, 2  # layers of random numbers
_LOG_2_PI = np.log(2 * np.pi)


class ClampedReals(Clamped):
    """Observed values of some rows of real data, which chains leave as they are."""

    def complete(self, visible):
        """The states of chains with what is observed in its place, (n_chains, n_visible)."""
        if self.values is None:
            return visible
        values, free = self.shared(visible, self.values), self.shared(visible, self.free)
        return np.where(free, visible, values).astype(np.float32)

    @staticmethod
    def shared(visible, array):
        """An array of rows, repeated for the chains of each."""
        return np.repeat(array, len(visible) // len(array), axis=0)


class GaussianBlockGibbs:
    """Chains of both sides of a `GaussianBoltzmann`, at any inverse temperature beta.

    As `BlockGibbs`, whose methods these are. The path begins in the independent normal units of
    ``machine.base``, with means a and variances t, and the weights are tempered:

        p_beta(v) ~ exp(-sum_i [(1 - beta) (v_i - a_i)^2 / t_i + beta (v_i - b_i)^2 / s_i] / 2)
                    prod_j (1 + exp(beta (c_j + W_j'(v / s)))).

    Given h the visible units are normal on all of the way, with the precisions
    ``(1 - beta) / t + beta / s``. Chains are float32, and hold zeros where values are clamped.
    """

    name = "block-gibbs"
    dtype = np.float32

    def __init__(self, machine):
        self.machine, self._base = machine, machine.base
        self._gain = machine.variance, machine.visible_intercept.astype(np.float64)
        self._start = self._base.variances.astype(np.float64), self._base.means.astype(np.float64)

    @staticmethod
    def can_begin(values):
        """Whether chains can begin in rows of values, (n_rows,) bool: where all are known."""
        return ~np.isnan(values).any(axis=1)

    def everywhere(self, n_rows=1):
        """Rows of which nothing is observed, and so nothing clamped."""
        inputs = np.tile(self.machine.hidden_intercept, (n_rows, 1))
        return ClampedReals(inputs, np.ones((n_rows, self.machine.n_units[0]), np.uint8))

    def clamp(self, x):
        """Rows of a `Block`, whose observed values are clamped."""
        values = x.toarray()
        free = np.isnan(values).astype(np.uint8)
        return ClampedReals(self.machine.hidden_eta(x.zero_filled), free, values)

    def log_base(self, clamped):
        """Log of the integral over free cells, and the sum over h, at beta = 0, float64 nats."""
        each = 0.5 * (_LOG_2_PI + np.log(self._start[0]))
        n_hidden = self.machine.n_units[1]
        return n_hidden * np.log(2) + np.where(clamped.free, each, 0.0).sum(axis=1)

    def start(self, draws, clamped=None):
        """Free cells from the base, (draws.n_rows, n_visible) float32, zeros where clamped."""
        check_numbers(draws, 0, 0)
        visible = self._base.sample(draws, _START)
        if clamped is not None:
            visible *= clamped.shared(visible, clamped.free)
        return visible

    def sweep(self, visible, draws, first_sweep, n_sweeps, beta=1.0, clamped=None):
        """Move chains by sweeps numbered from ``first_sweep`` on, in place; the last hidden states.

        visible : (draws.n_rows, n_visible) float32; hidden : (draws.n_rows, n_hidden) uint8.
        """
        betas = np.full(n_sweeps + 1, beta)
        return self._go(visible, draws, betas, first_sweep, clamped)[0]

    def anneal(self, visible, draws, betas, first_sweep=0, clamped=None):
        """Move chains by a sweep at each inverse temperature but the first, in place; weigh them.

        As `BlockGibbs.anneal`: log-weights, (draws.n_rows,) float64 nats.
        """
        return self._go(visible, draws, betas, first_sweep, clamped)[1]

    def means(self, visible, hidden, clamped):
        """Expected next states of both sides of chains at beta = 1, side by side, float32."""
        eta = self._inputs(visible, clamped)
        sides = self.machine.visible_eta(hidden), self.machine.hidden_units.mean(eta)
        return np.concatenate(sides, axis=1)

    def log_path(self, visible, beta, clamped=None):
        """Log f of chains at a beta, without its normaliser, (n_chains,) float64 nats."""
        clamped = self.everywhere() if clamped is None else clamped
        eta, before, after = self._inputs(visible, clamped), *self._energies(visible, clamped)
        return (1 - beta) * before + beta * after + log_sum(np.float32(beta) * eta)

    def _go(self, visible, draws, betas, first_sweep, clamped):
        clamped = self.everywhere() if clamped is None else clamped
        check_numbers(draws, first_sweep, len(betas) - 1)
        log_weights, hidden = np.zeros(draws.n_rows), None
        betas = np.asarray(betas, np.float32)
        for number, (before, beta) in enumerate(itertools.pairwise(betas)):
            eta = self._inputs(visible, clamped)
            if before != beta:
                start, end = self._energies(visible, clamped)
                log_weights += (float(beta) - float(before)) * (end - start)
                log_weights += log_sum(beta * eta) - log_sum(before * eta)
            # Chains of a call are neighbours: their numbers are the low bits of those of particles.
            first = (first_sweep + number) * MOST_CHAINS + draws.first
            own = replace(draws, first=first)
            hidden = self.machine.hidden_units.draw(beta * eta, own, _HIDDEN)
            self._draw_visible(hidden, beta, own, clamped, visible)
        return hidden, log_weights

    def _draw_visible(self, hidden, beta, draws, clamped, visible):
        """Draw what is free given hidden states, in place."""
        variance, base = self.machine.units.variance, self._base
        precision = (1 - beta) / base.variances + beta / variance
        mean = self.machine.visible_eta(hidden)
        mean *= beta / variance / precision
        mean += (1 - beta) * base.means / base.variances / precision
        noise = standard_noise(draws, _VISIBLE, len(precision))
        noise *= 1 / np.sqrt(precision)
        np.add(mean, noise, out=visible)
        if not clamped.free.all():
            visible *= clamped.shared(visible, clamped.free)

    def _inputs(self, visible, clamped):
        """Inputs of the hidden units by what is free and what is clamped, float32."""
        eta = self.machine.hidden_eta(visible) - self.machine.hidden_intercept
        eta += clamped.shared(visible, clamped.inputs)
        return eta

    def _energies(self, visible, clamped):
        """Log-densities of the free cells at both ends of the way, without normalisers."""
        free = clamped.shared(visible, clamped.free)
        ends = []
        for variance, mean in (self._start, self._gain):
            distances = visible - mean
            if not clamped.free.all():
                distances *= free
            ends.append(np.einsum("rk,rk,k->r", distances, distances, -0.5 / variance))
        return ends
