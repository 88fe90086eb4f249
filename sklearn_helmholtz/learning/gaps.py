"""Rows of a Boltzmann machine with missing values, which chains draw."""

from dataclasses import dataclass, replace

import numpy as np

from .._keys import Draws
from ..rows import Block
from .half_sweeps import begin, sample_hidden
from .memory import RowState

_MOST_SWEEPS = 10  # of a chain by which what is observed is scored


@dataclass(frozen=True)
class Filled:
    """Rows whose gaps chains have filled: half a sweep of block Gibbs sampling.

    x : a `Block` of complete rows; log_q : (n_rows,) nats, of what was drawn given hidden states;
    draws : by which, with an address for each row; state : `RowState` of the rows, or None where
    nothing is missing.
    """

    x: Block
    log_q: np.ndarray
    draws: object
    state: object

    def remember(self, machine, eta):
        """The other half: hidden states given the rows, from which their chains go on.

        eta : (n_rows, n_hidden), the inputs that the rows make.
        """
        if self.state is not None:
            sample_hidden(machine, eta, self.draws, out=self.state.arrays[0])


def fill_gaps(machine, x, draws, state, work=np):
    """The rows of a `Block`, complete: `Filled`.

    state : `RowState` with hidden states of each row; chains of rows that were never seen begin at
    the base rates, as all do where it is None.
    """
    if not x.has_missing:
        return Filled(x, np.zeros(len(x)), draws, None)
    if state is None:
        state = RowState(np.zeros(len(x), bool), [np.empty((len(x), machine.n_units[1]), np.uint8)])
    if not state.seen.all():
        new = ~state.seen
        state.arrays[0][new] = begin(machine, draws.key, draws.addresses, x.toarray())[new]
    return Filled(*complete(machine, x, draws, state.arrays[0], work), draws, state)


def complete(machine, x, draws, hidden, work=np):
    """The rows of a `Block` with ``v_missing ~ p(v | h)``, and log q of what was drawn, nats.

    hidden : (n_rows, n_hidden) uint8; draws : with an address for each row.
    """
    given = x.toarray()
    missing = np.isnan(given)
    eta, log_q = machine.visible_eta(hidden, work), np.zeros(len(given))
    drawn = machine.units.sample(eta, draws, 0, np.zeros(len(given)), work)
    machine.units.log_prob(np.where(missing, drawn, np.float32(np.nan)), eta, log_q)
    completed = np.where(missing, drawn, given)
    values = as_bits(completed) if machine.units.dtype == np.uint8 else completed
    return replace(x, values=values, fill_values=None), log_q


def as_bits(values):
    """Values as uint8 if all are 0 or 1, else float32: products have the same bits."""
    bits = values.astype(np.uint8)
    return bits if (bits == values).all() else values.astype(np.float32)


def log_observed(machine, x, key, addresses, n_sweeps):
    """Log p* of what is observed of each row of a `Block`, (n_rows,) nats.

    Of rows with gaps a lower bound, in expectation: ``log mean p*(v_observed, v_missing) /
    q(v_missing | h)`` over a few sweeps of one chain, which is right in the mean before the
    logarithm is taken, wherever the chain is. addresses : of the rows' random numbers.
    """
    values = x.toarray()
    gaps = np.isnan(values).any(axis=1)
    if not gaps.any():
        return machine.log_unnormalized(x, machine.hidden_eta(x.values))
    result, whole = np.empty(len(x)), np.ascontiguousarray(values[~gaps])
    result[~gaps] = machine.log_unnormalized(Block(whole), machine.hidden_eta(whole))
    rows = Block(np.ascontiguousarray(values[gaps]), x.fill_values)
    result[gaps] = _by_chains(machine, rows, key, addresses[gaps], min(n_sweeps, _MOST_SWEEPS))
    return result


def _by_chains(machine, x, key, addresses, n_sweeps):
    hidden, log_weights = begin(machine, key, addresses, x.toarray()), []
    for number in range(n_sweeps):
        draws = Draws(key, addresses, 1, number)
        completed, log_q = complete(machine, x, draws, hidden)
        eta = machine.hidden_eta(completed.values)
        log_weights.append(machine.log_unnormalized(completed, eta) - log_q)
        sample_hidden(machine, eta, draws, out=hidden)
    return np.logaddexp.reduce(log_weights, axis=0) - np.log(n_sweeps)
