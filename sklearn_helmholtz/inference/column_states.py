"""All states of one side of a Boltzmann machine of mixed columns, the other side summed out."""

import functools
import math

import numpy as np
from scipy.special import expit, logsumexp, softmax

from .._threads import run_blocks
from ..layers import outer
from .bipartite import doubles_of, linear_terms
from .gaussian_sides import bits_of

_LOW = 2**12  # states that are held at a time


class HiddenStates:
    """States of the hidden units of a `MixedBoltzmann`, some columns summed or integrated; float64.

    State number k has unit i where its bit i is set. columns : numbers of those that are summed
    out, all if None; what all else adds is in the *inputs* of the hidden units, (n_hidden,).
    """

    is_hidden = True

    def __init__(self, machine, columns=None):
        W, _, b = doubles_of(machine)
        self._units, self.part = machine.units, machine.layout.part(columns)
        self._b, self._n = b[self.part.codes], W.shape[1]
        self._W = np.ascontiguousarray(W[self.part.codes].T)
        self._n_low = min(self._n, _LOW.bit_length() - 1)
        low = bits_of(np.arange(2**self._n_low), self._n_low).astype(np.float64)
        self._low_eta = self._b + outer(low, self._W[: self._n_low])

    @property
    def n_pieces(self):
        """Pieces in which all states come."""
        return 2 ** (self._n - self._n_low)

    def piece(self, number, inputs):
        """Log of the sum over the columns for some states, (n_states,) nats."""
        high = self._high(number)
        linear = linear_terms(inputs[None, : self._n_low])[0] + (high * inputs[self._n_low :]).sum()
        return self._sums(high) + linear

    def log_terms(self, inputs):
        """The same of all states, (2^n_hidden,)."""
        return self._all_sums + linear_terms(inputs[None])[0]

    @functools.cached_property
    def _all_sums(self):
        return np.concatenate([self._sums(self._high(k)) for k in range(self.n_pieces)])

    def _high(self, number):
        """States of the units that all states of a piece have alike."""
        return bits_of([number], self._n - self._n_low)[0].astype(np.float64)

    def _sums(self, high):
        eta = self._low_eta + outer(high[None], self._W[self._n_low :])
        return self._units.log_sums(eta, self.part, self._b)

    def states(self, numbers):
        """Hidden states of some numbers, (n, n_hidden) uint8."""
        return bits_of(numbers, self._n)

    def means(self, p, inputs):
        """Expected entries of the columns, and hidden states, under probabilities of all states."""
        visible, hidden = np.zeros(len(self._b)), np.zeros(self._n)
        for numbers in _pieces(len(p)):
            own, states = p[numbers], self.states(numbers).astype(np.float64)
            eta = self._b + outer(states, self._W)
            visible += np.einsum("s,sk->k", own, self._units.expected(eta, self.part))
            hidden += np.einsum("s,sk->k", own, states)
        return visible, hidden


class Configurations:
    """Configurations of some columns of levels of a `MixedBoltzmann`, h summed out; float64.

    Numbers count through the levels of the columns, those of the first fastest. columns : numbers
    of those that are enumerated, all if None; inputs : as of `HiddenStates`.
    """

    is_hidden = False

    def __init__(self, machine, columns=None):
        W, _, b = doubles_of(machine)
        self.part = machine.layout.part(columns)
        self._W, self._b = W[self.part.codes], b[self.part.codes]
        self._sizes = [2] * self.part.n_binary + [int(n) for n in self.part.levels]
        self._strides = [math.prod(self._sizes[:k]) for k in range(len(self._sizes) + 1)]
        self._n_low = max(k for k, stride in enumerate(self._strides) if stride <= _LOW)
        numbers = np.arange(self._strides[self._n_low])
        low = self._entries(numbers, range(self._n_low)).astype(np.float64)
        self._low_biases, self._low_inputs = (low * self._b).sum(axis=1), outer(low, self._W)

    @property
    def n_pieces(self):
        """Pieces in which all configurations come."""
        return self._strides[-1] // len(self._low_biases)

    def piece(self, number, inputs):
        """Log of the sum over h for some configurations, (n_configurations,) nats."""
        high = np.array([number * len(self._low_biases)])
        own = self._entries(high, range(self._n_low, len(self._sizes))).astype(np.float64)
        moved = self._low_inputs + (outer(own, self._W) + inputs)
        return self._low_biases + (own * self._b).sum() + np.logaddexp(0, moved).sum(axis=1)

    def log_terms(self, inputs):
        """The same of all configurations."""
        return np.concatenate([self.piece(number, inputs) for number in range(self.n_pieces)])

    def states(self, numbers):
        """Configurations as entries of the columns, (n, n_entries) uint8."""
        return self._entries(np.asarray(numbers, np.int64), range(len(self._sizes)))

    def _entries(self, numbers, columns):
        """The entries that some of the columns have; those of all others are 0."""
        n_binary, rows = self.part.n_binary, np.arange(len(numbers))
        found = np.zeros((len(numbers), len(self._b)), np.uint8)
        for column in columns:
            level = numbers // self._strides[column] % self._sizes[column]
            if column < n_binary:
                found[:, column] = level
            else:
                found[rows, self.part.starts[column - n_binary] + level] = 1
        return found

    def hidden_eta(self, states, inputs):
        """Inputs of the hidden units given configurations, (n, n_hidden) float64."""
        return inputs + outer(states.astype(np.float64), self._W)

    def means(self, p, inputs):
        """Expected entries of the columns, and hidden states, under all probabilities."""
        visible, hidden = np.zeros(len(self._b)), np.zeros(self._W.shape[1])
        for numbers in _pieces(len(p)):
            own, states = p[numbers], self.states(numbers)
            visible += np.einsum("s,sk->k", own, states.astype(np.float64))
            hidden += np.einsum("s,sk->k", own, expit(self.hidden_eta(states, inputs)))
        return visible, hidden


def _pieces(n):
    """Numbers of states, some at a time."""
    return (np.arange(start, min(start + _LOW, n)) for start in range(0, n, _LOW))


def smaller_side(machine, columns=None):
    """`HiddenStates`, or the `Configurations` of some columns where these are fewer."""
    few = machine.layout.part(columns).size_in_bits <= machine.n_units[1]
    return (Configurations if few else HiddenStates)(machine, columns)


class ColumnEnumeration:
    """The side of a `MixedBoltzmann` that has fewer states, of which nothing is observed."""

    def __init__(self, machine):
        self.side, self.inputs = smaller_side(machine), doubles_of(machine)[1]

    @classmethod
    def of(cls, machine):
        """The same."""
        return cls(machine)

    def log_partition(self, n_threads=1):
        """Log Z, nats: only some of the terms are held at a time."""
        totals = np.empty(self.side.n_pieces)

        def add(number):
            totals[number] = logsumexp(self.side.piece(number, self.inputs))

        run_blocks(add, len(totals), n_threads)
        return float(logsumexp(totals))

    def probabilities(self, n_threads=1):
        """Probabilities of all states."""
        pieces = [None] * self.side.n_pieces

        def add(number):
            pieces[number] = self.side.piece(number, self.inputs)

        run_blocks(add, len(pieces), n_threads)
        return softmax(np.concatenate(pieces))


def column_totals(machine, inputs, missing):
    """As `log_totals_of_rows`, of a `MixedBoltzmann`; missing : (n_rows, n_entries) bool."""
    totals = np.empty(len(missing))
    for rows, columns in column_patterns(machine, missing):
        side = smaller_side(machine, columns)
        for row in rows:  # one by one: the tables are large
            totals[row] = logsumexp(side.log_terms(inputs[row]))
    return totals


def column_patterns(machine, missing):
    """Pairs of the rows that miss the same columns, and these; entries : (n_rows, n_entries).

    Only rows that miss any.
    """
    gaps = machine.layout.missing(np.where(missing, np.nan, 0.0))
    rows = np.flatnonzero(gaps.any(axis=1))
    if not len(rows):
        return
    distinct, place = np.unique(gaps[rows], axis=0, return_inverse=True)
    for number, pattern in enumerate(distinct):
        yield rows[place.ravel() == number], np.flatnonzero(pattern)
