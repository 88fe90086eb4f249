"""Gibbs sampling of both sides of a Boltzmann machine, a whole side at a time."""

from dataclasses import dataclass

import numpy as np

from .._kernels.block_gibbs import block_gibbs_sweeps
from .._kernels.random import UNITS
from .._kernels.tables import WIDTH
from .._keys import layer_word

_VISIBLE, _HIDDEN, _START = 0, 1, 2  # layers of random numbers
_SWEEP_BITS, _CHAIN_BITS = 18, 14  # of the number of a sweep of a chain
MOST_SWEEPS, MOST_CHAINS = 2**_SWEEP_BITS, 2**_CHAIN_BITS
_PIECE_WORK = 2**31  # weights times chains times sweeps of a call, which cannot be interrupted


@dataclass(frozen=True)
class Clamped:
    """The observed values of some rows, which chains leave as they are.

    inputs : (n_rows, n_hidden) float32, what the hidden units get from their bias and the observed
    values; free : (n_rows, n_visible) uint8, 1 where a value is missing; values : of the rows, NaN
    where missing, or None where nothing is observed.
    """

    inputs: np.ndarray
    free: np.ndarray
    values: np.ndarray | None = None

    def complete(self, visible):
        """The states of chains with what is observed in its place, (n_chains, n_visible).

        visible : (n_chains, n_visible) uint8; uint8 as well unless fractions are observed.
        """
        if self.values is None:
            return visible
        share = len(visible) // len(self.free)
        values, free = (np.repeat(a, share, axis=0) for a in (self.values, self.free))
        completed = np.where(free.astype(bool), visible, values)
        if ((completed == 0) | (completed == 1)).all():
            return completed.astype(np.uint8)
        return completed.astype(np.float32)


class BlockGibbs:
    """Chains of both sides of a `Boltzmann` machine, at any inverse temperature beta.

    Sweeps leave a member of the path from the independent units of ``machine.base`` (beta = 0) to
    the machine (beta = 1) invariant, of which, as seen from v, each is its own reversal:

        p_beta(v) ~ exp(((1 - beta) a + beta b)'v) prod_j (1 + exp(beta (c_j + v'W_j))).

    What is observed of a row is clamped, and chains hold zeros in its place; free cells are 0 or 1.
    Nothing observed of one row is the machine itself. Chains of a row are neighbours. Bits of a
    chain depend neither on the other chains of a call nor on how sweeps are split into calls.
    Weights are those that the machine has when this is made: where it learns, make it anew.

    References
    ----------
    Salakhutdinov & Murray (2008), On the quantitative analysis of deep belief networks, ICML.
    """

    name = "block-gibbs"
    dtype = np.uint8

    def __init__(self, machine):
        self.machine = machine
        self._up, self._down = panels(machine.weights), panels(machine.weights.T)
        self._base = filled_up(machine.base.logits)
        self._gain = filled_up(machine.visible_intercept - machine.base.logits)
        self._present = filled_up(np.ones(machine.n_units[1], np.float32))

    @staticmethod
    def can_begin(values):
        """Whether chains can begin in rows of values, (n_rows,) bool: where all are 0 or 1."""
        return ((values == 0) | (values == 1)).all(axis=1)

    def everywhere(self, n_rows=1):
        """Nothing clamped, of so many rows."""
        inputs = np.tile(self.machine.hidden_intercept, (n_rows, 1))
        return Clamped(inputs, np.ones((n_rows, self.machine.n_units[0]), np.uint8))

    def clamp(self, x):
        """The observed values of a `Block` of rows, which may lie in (0, 1), as `Clamped`."""
        values = x.toarray()
        free = (
            np.isnan(values).astype(np.uint8) if x.has_missing else np.zeros_like(values, np.uint8)
        )
        return Clamped(self.machine.hidden_eta(x.zero_filled), free, values)

    def log_base(self, clamped):
        """Log of the sum over the free cells and h at beta = 0, (n_rows,) float64 nats."""
        each = np.logaddexp(0, self.machine.base.logits.astype(np.float64))
        n_hidden = self.machine.n_units[1]
        return n_hidden * np.log(2) + np.where(clamped.free, each, 0.0).sum(axis=1)

    def start(self, draws, clamped=None):
        """Free cells from the base, (draws.n_rows, n_visible) uint8, zeros where clamped."""
        check_numbers(draws, 0, 0)
        eta = np.ascontiguousarray(self.machine.base.logits[None])
        visible = self.machine.units.draw(eta, draws, _START)
        if clamped is not None:
            visible *= np.repeat(clamped.free, len(visible) // len(clamped.free), axis=0)
        return visible

    def sweep(self, visible, draws, first_sweep, n_sweeps, beta=1.0, clamped=None):
        """Move chains by sweeps numbered from ``first_sweep`` on, in place.

        visible : (draws.n_rows, n_visible) uint8. Returns the hidden states from which they were
        drawn last, (draws.n_rows, n_hidden) uint8.
        """
        betas = np.full(n_sweeps + 1, beta)
        return self._go(visible, draws, betas, first_sweep, clamped)[0]

    def anneal(self, visible, draws, betas, first_sweep=0, clamped=None):
        """Move chains by a sweep at each inverse temperature but the first; weigh them.

        Before each sweep log f(v) at its beta less that at the one before is added to the
        log-weight of a chain, f being p_beta without its normaliser, of the free cells. betas :
        (n_sweeps + 1,), rising or falling; visible : as of `sweep`, moved in place. Returns the
        log-weights, (draws.n_rows,) float64 nats.
        """
        return self._go(visible, draws, betas, first_sweep, clamped)[1]

    def means(self, visible, hidden, clamped):
        """Expected next states of both sides of chains at beta = 1, side by side, float32.

        Of v given h, whatever is clamped, and of h given v.
        """
        eta = self.machine.hidden_eta(visible) - self.machine.hidden_intercept
        eta += np.repeat(clamped.inputs, len(visible) // len(clamped.inputs), axis=0)
        sides = (
            self.machine.units.mean(self.machine.visible_eta(hidden)),
            self.machine.hidden_units.mean(eta),
        )
        return np.concatenate(sides, axis=1)

    def _go(self, visible, draws, betas, first_sweep, clamped):
        clamped = self.everywhere() if clamped is None else clamped
        n_sweeps = len(betas) - 1
        check_numbers(draws, first_sweep, n_sweeps)
        chains = np.arange(draws.first, draws.first + draws.n_particles) << _SWEEP_BITS
        numbers = np.tile(chains, len(draws.addresses)) + first_sweep
        hidden = np.zeros((draws.n_rows, self.machine.n_units[1]), np.uint8)
        log_weights = np.zeros(draws.n_rows)
        betas = np.ascontiguousarray(betas, np.float32)
        inputs, free = filled_up(clamped.inputs), filled_up(clamped.free)
        piece = max(_PIECE_WORK // (draws.n_rows * self._up.size), 1)
        for start in range(0, n_sweeps, piece):
            block_gibbs_sweeps(
                self._up, self._down, self._base, self._gain, inputs, free, self._present,
                betas[start : start + piece + 1], draws.key, draws.addresses, numbers + start,
                layer_word(_VISIBLE), layer_word(_HIDDEN), visible, hidden, log_weights,
            )  # fmt: skip
        return hidden, log_weights


def check_numbers(draws, first_sweep, n_sweeps):
    """Refuse chains and sweeps for which there are no numbers."""
    n_chains, last = draws.first + draws.n_particles, first_sweep + n_sweeps
    if n_chains > MOST_CHAINS or last > MOST_SWEEPS:
        raise ValueError(
            f"{n_chains} chains of {last} sweeps are more than the {MOST_CHAINS} chains of "
            f"{MOST_SWEEPS} sweeps that a row can have."
        )


def panels(matrix):
    """A matrix in panels of 32 columns, (n_panels, n_rows, 32) float32, zeros past its edge."""
    n_rows, n = matrix.shape
    wide = np.pad(matrix, [(0, 0), (0, -n % WIDTH)]).reshape(n_rows, -1, WIDTH)
    return np.ascontiguousarray(wide.transpose(1, 0, 2), np.float32)


def filled_up(array):
    """An array whose last axis has zeros up to a multiple of 64, float32."""
    more = [(0, 0)] * (array.ndim - 1) + [(0, -array.shape[-1] % UNITS)]
    return np.ascontiguousarray(np.pad(array, more), np.float32)
