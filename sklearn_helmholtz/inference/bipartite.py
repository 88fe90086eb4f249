"""Two sides of binary units, of which one is enumerated and the other summed in closed form."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from .._kernels.gray_code import RESTART, missing_log_sums, softplus_sums
from .._kernels.lanes import LANES
from .._threads import run_blocks
from ..layers import outer

MAX_AUTOMATIC_SIDE = 20  # units of the smaller side whose states are enumerated unasked
MAX_SIDE = 25
MAX_GAP_SIDE = 14  # the same for each row with missing values
_CHUNK = 2**RESTART
_NEVER = -1e3  # inputs of units that are never on


@dataclass(frozen=True)
class Bipartite:
    """``p(s, t) ~ exp(b's + c't + s'Wt)`` of two sides, of which s is enumerated; float64.

    biases : b, (n_enumerated,); others : c, (n_summed,); weights : W, (n_enumerated, n_summed).
    State number k of the enumerated side has unit i where its bit i is set.
    """

    biases: np.ndarray
    others: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, machine):
        """The sides of a `Boltzmann` machine, the smaller one enumerated."""
        W, c, b = doubles_of(machine)
        if enumerates_visible(machine):
            return cls(b, c, W)
        return cls(c, b, np.ascontiguousarray(W.T))

    def with_biases(self, biases):
        """The same sides with other biases of the enumerated one."""
        return replace(self, biases=biases)

    @property
    def n_states(self):
        """Number of states that are enumerated."""
        return 2 ** len(self.biases)

    def log_sums(self, n_threads=1):
        """``sum_j softplus(c_j + s'W_j)`` of all states s, (n_states,) float64 nats."""
        sums = np.empty(self.n_states)
        self._walk(lambda number, values: None, n_threads, sums)
        return sums

    def log_terms(self, n_threads=1):
        """Log of the sum over t of the terms of all states s, (n_states,) float64 nats."""
        return self.log_sums(n_threads) + linear_terms(self.biases[None])[0]

    def log_partition(self, n_threads=1):
        """Log of the sum over all s and t, nats: only some of the terms are held at a time."""
        low = linear_terms(self.biases[None, :RESTART])[0]
        totals = np.empty(-(-self.n_states // _CHUNK))

        def add(number, sums):
            bits = number >> np.arange(len(self.biases[RESTART:])) & 1
            totals[number] = logsumexp(sums + low) + (bits * self.biases[RESTART:]).sum()

        self._walk(add, n_threads)
        return float(logsumexp(totals))

    def _walk(self, visit, n_threads, sums=None):
        """Call ``visit(number, sums)`` for each chunk of states, which may be kept in ``sums``."""
        # Without units there is one state, to which nothing is added: a row of zeros to read.
        weights = self.weights if len(self.weights) else np.zeros((1, len(self.others)))
        weights, others = padded(weights), padded(self.others, _NEVER)
        size = min(_CHUNK, self.n_states)

        def run(number):
            start = number * size
            part = np.empty(size) if sums is None else sums[start : start + size]
            softplus_sums(weights, others, start, part)
            visit(number, part)

        run_blocks(run, self.n_states // size, n_threads)

    def states(self, numbers):
        """The states of some numbers, (n, n_enumerated) uint8."""
        return (numbers[:, None] >> np.arange(len(self.biases)) & 1).astype(np.uint8)

    def others_eta(self, states):
        """Inputs of the other side given states of the enumerated one, (n, n_summed) float64."""
        return self.others + outer(states.astype(np.float64), self.weights)


def enumerates_visible(machine):
    """Whether the visible side is the smaller one; the hidden one where they are equal."""
    return machine.n_units[0] < machine.n_units[1]


def linear_terms(biases):
    """``b's`` of all states s for rows of biases: (n_rows, 2^n) float64, n their number."""
    n_rows, n = biases.shape
    terms = np.zeros((n_rows, 2**n))
    for unit in range(n):
        half = 1 << unit
        np.add(terms[:, :half], biases[:, unit, None], out=terms[:, half : 2 * half])
    return terms


def padded(array, value=0.0):
    """An array whose last axis is filled up to whole lanes."""
    more = -array.shape[-1] % LANES
    widths = [(0, 0)] * (array.ndim - 1) + [(0, more)]
    return np.ascontiguousarray(np.pad(array, widths, constant_values=value))


def log_totals_of_rows(machine, inputs, missing):
    """Log of the sums over what is missing of rows and all h, (n_rows,) float64 nats.

    Of ``exp(sum_missing b_i v_i + sum_j h_j (c_j + v'W_j))``: what observed values add to this by
    their own biases is left out. The smaller of both sides is enumerated, of each row on its own.

    inputs : (n_rows, n_hidden) float64, of the hidden units given what is observed; missing :
    (n_rows, n_visible) bool.
    """
    W, _, b = doubles_of(machine)
    by_missing = missing.sum(axis=1) <= W.shape[1]
    totals = np.empty(len(missing))
    rows = np.flatnonzero(by_missing)
    if len(rows):
        indptr = np.concatenate([[0], np.cumsum(missing[rows].sum(axis=1))])
        columns = np.ascontiguousarray(np.nonzero(missing[rows])[1])
        own, weights, found = padded(inputs[rows], _NEVER), padded(W), np.empty(len(rows))
        missing_log_sums(own, weights, b, indptr, columns, found)
        totals[rows] = found
    for rows, columns in patterns(missing, np.flatnonzero(~by_missing)):
        sums = hidden_side(W, b, columns).log_sums()
        for row in rows:  # one by one: the tables are large
            totals[row] = logsumexp(linear_terms(inputs[row : row + 1])[0] + sums)
    return totals


def patterns(missing, rows):
    """Pairs of the rows that miss the same columns, and these columns."""
    if not len(rows):
        return
    distinct, place = np.unique(missing[rows], axis=0, return_inverse=True)
    for number, pattern in enumerate(distinct):
        yield rows[place.ravel() == number], np.flatnonzero(pattern)


def hidden_side(W, b, columns):
    """The hidden side enumerated, the missing columns summed; without biases of its own."""
    return Bipartite(np.zeros(W.shape[1]), b[columns], np.ascontiguousarray(W[columns].T))


def doubles_of(machine):
    """W, c and b of a `Boltzmann` machine, float64."""
    arrays = machine.weights, machine.hidden_intercept, machine.visible_intercept
    return tuple(np.ascontiguousarray(array, np.float64) for array in arrays)
