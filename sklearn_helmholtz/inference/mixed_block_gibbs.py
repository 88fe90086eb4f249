"""Gibbs sampling of both sides of a Boltzmann machine of mixed columns, a whole side at a time."""

import itertools
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from ..machines import log_sum
from ..units import sample_entries
from .block_gibbs import MOST_CHAINS, check_numbers
from .gaussian_block_gibbs import ClampedReals

_VISIBLE, _HIDDEN, _START = 0, 1, 2  # layers of random numbers


class MixedBlockGibbs:
    """Chains of both sides of a `MixedBoltzmann`, at any inverse temperature beta.

    As `BlockGibbs`, whose methods these are. The path begins in the independent columns of
    ``machine.base``, with inputs a of bits and levels, means m and variances t of real numbers:

        p_beta(v) ~ exp(((1 - beta) a + beta b)'x)
                    exp(-sum_real [(1 - beta) (v_i - m_i)^2 / t_i + beta (v_i - b_i)^2 / s_i] / 2)
                    prod_j (1 + exp(beta (c_j + W_j'(v / s)))).

    Given h the columns are independent on all of the way, each of its own kind. Chains are rows of
    entries, uint8, or float32 where there are real columns, and hold zeros where values are
    clamped.
    """

    name = "block-gibbs"

    def __init__(self, machine):
        self.machine, self.dtype, base = machine, machine.units.dtype, machine.base
        self._n_bits = machine.layout.n_bits
        self._logits = base.logits.astype(np.float64)
        self._start = base.means.astype(np.float64), base.variances.astype(np.float64)
        b = machine.visible_intercept.astype(np.float64)
        self._gain = b[: self._n_bits] - self._logits
        self._end = b[self._n_bits :], machine.units.variance

    @staticmethod
    def can_begin(values):
        """Whether chains can begin in rows of entries, (n_rows,) bool: where all are known."""
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
        """Log of the sum over free cells, or their integral, and over h at beta = 0, in nats."""
        each = np.array([self._log_base_of(j) for j in range(self.machine.layout.n_columns)])
        free = self.machine.layout.missing(np.where(clamped.free, np.nan, 0.0))
        return self.machine.n_units[1] * np.log(2) + np.where(free, each, 0.0).sum(axis=1)

    def _log_base_of(self, column):
        """Log of the sum over the values of a column, or their integral, at beta = 0, nats."""
        codes = self.machine.layout.codes_of(column)
        if codes[0] >= self._n_bits:
            return 0.5 * np.log(2 * np.pi * self._start[1][codes[0] - self._n_bits])
        logits = self._logits[codes]
        return logsumexp(logits if codes[0] >= self.machine.layout.n_binary else [0, *logits])

    def start(self, draws, clamped=None):
        """Free cells from the base, (draws.n_rows, n_visible), zeros where clamped."""
        check_numbers(draws, 0, 0)
        visible = self.machine.base.sample(draws, _START)
        if clamped is not None:
            visible *= clamped.shared(visible, clamped.free)
        return visible

    def sweep(self, visible, draws, first_sweep, n_sweeps, beta=1.0, clamped=None):
        """Move chains by sweeps numbered from ``first_sweep`` on, in place; the last hidden states.

        visible : (draws.n_rows, n_visible); hidden : (draws.n_rows, n_hidden) uint8.
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
        machine, eta = self.machine, self._inputs(visible, clamped)
        sides = machine.units.mean(machine.visible_eta(hidden)), machine.hidden_units.mean(eta)
        return np.concatenate(sides, axis=1)

    def log_path(self, visible, beta, clamped=None):
        """Log f of chains at a beta, without its normaliser, (n_chains,) float64 nats."""
        clamped = self.everywhere() if clamped is None else clamped
        eta, before, gain = self._inputs(visible, clamped), *self._energies(visible, clamped)
        return before + beta * gain + log_sum(np.float32(beta) * eta)

    def _go(self, visible, draws, betas, first_sweep, clamped):
        clamped = self.everywhere() if clamped is None else clamped
        check_numbers(draws, first_sweep, len(betas) - 1)
        log_weights, hidden = np.zeros(draws.n_rows), None
        betas = np.asarray(betas, np.float32)
        given = clamped.shared(visible, clamped.inputs) - self.machine.hidden_intercept
        for number, (before, beta) in enumerate(itertools.pairwise(betas)):
            eta = self.machine.hidden_eta(visible)
            eta += given
            if before != beta:
                gain = self._energies(visible, clamped)[1]
                log_weights += (float(beta) - float(before)) * gain
                log_weights += log_sum(beta * eta) - log_sum(before * eta)
            # Chains of a call are neighbours: their numbers are the low bits of those of particles.
            first = (first_sweep + number) * MOST_CHAINS + draws.first
            own = replace(draws, first=first)
            hidden = self.machine.hidden_units.draw(beta * eta, own, _HIDDEN)
            self._draw_visible(hidden, beta, own, clamped, visible)
        return hidden, log_weights

    def _draw_visible(self, hidden, beta, draws, clamped, visible):
        """Draw what is free given hidden states, in place."""
        n_bits, eta = self._n_bits, self.machine.visible_eta(hidden)
        (m, t), s = self._start, self._end[1]
        precision = (1 - beta) / t + beta / s
        eta[:, :n_bits] *= beta
        eta[:, :n_bits] += ((1 - beta) * self._logits).astype(np.float32)
        eta[:, n_bits:] *= (beta / s / precision).astype(np.float32)
        eta[:, n_bits:] += ((1 - beta) * m / t / precision).astype(np.float32)
        deviations = (1 / np.sqrt(precision)).astype(np.float32)
        ignored = np.zeros(draws.n_rows)
        sample_entries(self.machine.layout, eta, deviations, draws, _VISIBLE, ignored, visible)
        if not clamped.free.all():
            visible *= clamped.shared(visible, clamped.free)

    def _inputs(self, visible, clamped):
        """Inputs of the hidden units by what is free and what is clamped, float32."""
        eta = self.machine.hidden_eta(visible) - self.machine.hidden_intercept
        eta += clamped.shared(visible, clamped.inputs)
        return eta

    def _energies(self, visible, clamped):
        """Log f of the free cells at the start of the way, without h, and what the end adds."""
        n_bits = self._n_bits
        bits = visible[:, :n_bits].astype(np.float64)
        before, gain = (np.einsum("rk,k->r", bits, each) for each in (self._logits, self._gain))
        if self.machine.layout.n_reals:
            free = clamped.shared(visible, clamped.free)[:, n_bits:]
            ends = []
            for mean, variance in (self._start, self._end):
                distances = (visible[:, n_bits:] - mean) * free
                ends.append(np.einsum("rk,rk,k->r", distances, distances, -0.5 / variance))
            before, gain = before + ends[0], gain + (ends[1] - ends[0])
        return before, gain
