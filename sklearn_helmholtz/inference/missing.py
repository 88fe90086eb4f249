"""Posterior of missing values of rows whose units depend on those before them.

Where units depend on those before them, a missing value cannot be left out: what is observed after
it is evidence about it. Zeros and ones are enumerated; Gaussian values are normal together.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, softmax

from .._kernels.enumeration import bernoulli_completion_table, gaussian_table
from .._kernels.gaussian import gaussian_sample
from .._kernels.reflection import reflect
from .._keys import layer_word
from ..layers import outer
from ..units import Missing
from .resampling import choose_by_state, fine_uniforms
from .states import all_states

_COMPLETED_ENTRIES = 2**20  # of completed rows held at a time


def missing_posterior(conditional):
    """Posterior of the missing children of a conditional with lateral weights.

    A ValueError for units whose missing values are drawn: theirs has no closed form.
    """
    units = conditional.units
    if conditional.lateral.nade is not None:
        return NeuralMissing(conditional)
    if units.missing not in _WAYS:
        raise ValueError(
            f"Missing values of {units.name.capitalize()} units that others depend on can only be "
            "drawn."
        )
    return _WAYS[units.missing](conditional)


class SummedMissing:
    """Sums over missing values by enumeration of all completions, 2^n for n of them."""

    def __init__(self, conditional):
        self._map, self._weights = conditional.map, conditional.lateral.doubles

    def log_prob_table(self, rows, states):
        """Log p(observed values | state), nats, of all pairs, (n_rows, n_states)."""
        eta = self._inputs(states)
        return np.stack([logsumexp(self._table(row, eta), axis=0) for row in rows])

    def means(self, row, states):
        """A row with what is missing expected, given what is observed of it and each state.

        Returns (n_states, n_units).
        """
        missing, means = np.isnan(row), np.tile(row, (len(states), 1))
        p = softmax(self._table(row, self._inputs(states)), axis=0)
        means[:, missing] = outer(p.T, all_states(missing.sum()))
        return means

    def draw(self, row, states, draws):
        """A row with what is missing drawn, for each of some states, (draws.n_rows, n_units)."""
        missing, values = np.isnan(row), np.tile(row, (draws.n_rows, 1))
        distinct, which = np.unique(states, axis=0, return_inverse=True)
        p = softmax(self._table(row, self._inputs(distinct)), axis=0)
        chosen = choose_by_state(p.T, which.ravel(), fine_uniforms(draws).ravel())
        values[:, missing] = (chosen[:, None] >> np.arange(missing.sum())) & 1
        return values

    def _inputs(self, states):
        return np.ascontiguousarray(self._map.doubles(states).T)

    def _table(self, row, eta):
        """Log p(completed row | state), nats, (2^n_missing, n_states)."""
        missing, observed = np.flatnonzero(np.isnan(row)), np.nan_to_num(row)
        table = np.empty((2 ** len(missing), eta.shape[1]))
        shifts = outer(observed[None], self._weights)[0]
        bernoulli_completion_table(observed, shifts, missing, self._weights[missing], eta, table)
        return table


class NeuralMissing(SummedMissing):
    """As `SummedMissing`, where units depend on earlier ones by way of deterministic units."""

    def __init__(self, conditional):
        super().__init__(conditional)
        self._conditional = conditional

    def _table(self, row, eta):
        missing = np.flatnonzero(np.isnan(row))
        states, table = all_states(len(missing)), np.empty((2 ** len(missing), eta.shape[1]))
        step = max(_COMPLETED_ENTRIES // len(row), 1)
        for part in (slice(start, start + step) for start in range(0, len(states), step)):
            values = np.tile(row, (len(states[part]), 1))
            values[:, missing] = states[part]
            shifts = self._conditional.shifts(values)
            self._conditional.units.shifted_table(values, shifts, eta, table[part])
        return table


class ListedMissing:
    """Sums over missing levels of mixed columns by enumeration of all completions."""

    def __init__(self, conditional):
        self._conditional = conditional

    def log_prob_table(self, rows, states):
        """As `SummedMissing.log_prob_table`."""
        eta = self._inputs(states)
        return np.stack([logsumexp(self._table(row, eta)[1], axis=0) for row in rows])

    def weighed_completions(self, row, states, p):
        """Completions of a row, (n, n_columns), and their probabilities; p : of the states."""
        values, table = self._table(row, self._inputs(states))
        return values, outer(softmax(table, axis=0), p[:, None])[:, 0]

    def draw(self, row, states, draws):
        """As `SummedMissing.draw`."""
        distinct, which = np.unique(states, axis=0, return_inverse=True)
        values, table = self._table(row, self._inputs(distinct))
        p = softmax(table, axis=0)
        return values[choose_by_state(p.T, which.ravel(), fine_uniforms(draws).ravel())]

    def _inputs(self, states):
        return np.ascontiguousarray(self._conditional.map.doubles(states).T)

    def _table(self, row, eta):
        """Completions of a row, and their log-probabilities under each state, nats."""
        values = self._conditional.units.completions(row)
        table = np.empty((len(values), eta.shape[1]))
        shifts = self._conditional.shifts(values)
        self._conditional.units.shifted_table(values, shifts, eta, table)
        return values, table


class IntegratedMissing:
    """Integrals over missing Gaussian values by elimination from the equations of the units."""

    def __init__(self, conditional):
        self._map, self._weights = conditional.map, conditional.lateral.doubles
        self._variance = conditional.units.dispersion

    def log_prob_table(self, rows, states):
        """Log p(observed values | state), nats, of all pairs, (n_rows, n_states)."""
        table = np.empty((len(rows), len(states)))
        patterns, which = np.unique(np.isnan(rows), axis=0, return_inverse=True)
        for number, missing in enumerate(patterns):
            mine = which.ravel() == number
            table[mine] = self._eliminate(missing).log_prob_table(rows[mine], states)
        return table

    def means(self, row, states):
        """As `SummedMissing.means`; states may be any numbers."""
        return self.normals(row, states)[0]

    def normals(self, row, states):
        """The means of a row as `means` returns them, and the variances, (n_units,).

        Variances do not depend on states; of observed values they are those of the units.
        """
        missing, means = np.isnan(row), np.tile(row, (len(states), 1))
        equations, variance = self._eliminate(missing), self._variance.copy()
        means[:, missing] = equations.means(row, states)
        variance[missing] = (equations.spread**2).sum(axis=1)
        return means, variance

    def draw(self, row, states, draws):
        """As `SummedMissing.draw`."""
        missing, values = np.isnan(row), np.tile(row, (draws.n_rows, 1))
        equations, n = self._eliminate(missing), missing.sum()
        noise, zeros = np.empty((draws.n_rows, n), np.float32), np.zeros((1, n), np.float32)
        gaussian_sample(
            zeros, np.ones(n, np.float32), draws.key, draws.addresses, draws.n_particles,
            draws.first, layer_word(0), noise, np.zeros(draws.n_rows),
        )  # fmt: skip
        means = equations.means(row, states.astype(np.float64))
        values[:, missing] = means + outer(noise.astype(np.float64), equations.spread.T)
        return values

    def best_log_prob(self, row):
        """Log-density of observed values under the states that suit them best, (n_units,).

        Relative to its maximum, and given the observed values before them; 0 for what is missing.
        """
        missing, observed = np.flatnonzero(np.isnan(row)), np.flatnonzero(~np.isnan(row))[::-1]
        equations = self._equations(np.concatenate([missing, observed]))
        reflect(len(row), equations)
        known, hidden, constant = _split(equations[len(missing) :], len(missing), len(row))
        middle = outer(known, row[observed][:, None])[:, 0] + constant
        lowest, highest = (
            middle + find(hidden, 0).sum(axis=1) for find in (np.minimum, np.maximum)
        )
        deviations = np.zeros(len(row))
        deviations[observed] = np.maximum(np.maximum(lowest, -highest), 0)
        return -0.5 * deviations**2

    def _eliminate(self, missing):
        order, n = np.argsort(~missing, kind="stable"), missing.sum()
        equations = self._equations(order)
        reflect(n, equations)
        pivots = np.abs(np.diag(equations[:n]))
        log_scale = -0.5 * np.log(self._variance).sum() - np.log(pivots).sum()
        return StructuralEquations(missing, equations, log_scale)

    def _equations(self, order):
        """The noise of each unit, of unit variance, as a sum over columns: (n_units, n_columns).

        Of the values of the units in a given order, the hidden states and 1:
        e = (x (I - A) - h W - b) / sqrt(v).
        """
        own = (np.eye(len(order)) - self._weights)[order]
        weights, intercept = self._map.coefficients
        columns = [own, -weights, -intercept[None]]
        scale = np.sqrt(self._variance)
        return np.ascontiguousarray((np.concatenate(columns) / scale).T, np.float64)


@dataclass(frozen=True)
class StructuralEquations:
    """Equations of independent noise, of which only the first few contain the missing values.

    The others give the density of the observed values, and the first ones, one for each missing
    value, then the missing values. missing : (n_units,) bool; rows : (n_units, n_columns) as
    `IntegratedMissing._equations` makes them, missing values before observed ones; log_scale : what
    the log-density has that is the same for all rows, but for constants of the normal distribution.
    """

    missing: np.ndarray
    rows: np.ndarray
    log_scale: float

    def log_prob_table(self, values, states):
        """Log-densities of the observed values of all pairs, (n_rows, n_states), nats."""
        n = self.missing.sum()
        known, hidden, constant = _split(self.rows[n:], n, len(self.missing))
        table = np.empty((len(values), len(states)))
        given = outer(np.ascontiguousarray(values[:, ~self.missing]), _transposed(known)) + constant
        eta = _transposed(-outer(states, _transposed(hidden)))
        gaussian_table(given, eta, np.ones(len(eta)), table)
        return table + self.log_scale

    def means(self, row, states):
        """Expected missing values, (n_states, n_missing)."""
        n = self.missing.sum()
        known, hidden, constant = _split(self.rows[:n], n, len(self.missing))
        rest = outer(states, _transposed(hidden)) + constant
        rest += outer(row[None, ~self.missing], _transposed(known))
        return -outer(rest, self.spread.T)

    @functools.cached_property
    def spread(self):
        """Factors by which independent noise of unit variance enters the missing values.

        The inverse of a triangle, (n_missing, n_missing).
        """
        n = self.missing.sum()
        triangle, inverse = self.rows[:n, :n], np.eye(n)
        for k in range(n - 1, -1, -1):
            inverse[k] -= outer(triangle[k : k + 1, k + 1 :], inverse[k + 1 :])[0]
            inverse[k] /= triangle[k, k]
        return inverse


def _split(equations, start, stop):
    """The columns of values from start to stop, those of hidden states, and the last one."""
    return equations[:, start:stop], equations[:, stop:-1], equations[:, -1]


def _transposed(matrix):
    return np.ascontiguousarray(matrix.T)


_WAYS = {
    Missing.SUMMED: SummedMissing,
    Missing.INTEGRATED: IntegratedMissing,
    Missing.LISTED: ListedMissing,
}
