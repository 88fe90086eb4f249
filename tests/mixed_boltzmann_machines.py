"""Boltzmann machines of a few mixed columns, and everything about them by enumeration.

Energies are written out here once more, in float64, and real columns are summed over a fine grid:
nothing of this calls the package.
"""

import itertools

import numpy as np
from scipy.special import logsumexp

from sklearn_helmholtz.columns import Binary, Categorical, Normal, OneHotLayout
from sklearn_helmholtz.machines import BaseColumns, assemble_mixed_boltzmann
from sklearn_helmholtz.units import Gaussian, OneHot
from tests.boltzmann_machines import states

LEVELS = (3, 2, 4, 2)  # of columns: two are bits, the others one-hot groups
WITH_A_REAL = (3, 2, None, 4)  # whose third column is real
CENTRE, SCALE = 5.0, 2.0  # of real columns, in the user's units
_GRID = np.linspace(-14, 14, 561)


def make_mixed_boltzmann(levels=LEVELS, n_hidden=3, scale=0.8, seed=0, two_as_levels=False):
    """A machine with normal parameters of a standard deviation, and a base of its own.

    two_as_levels : whether columns of two levels are one-hot groups as well.
    """
    rng = np.random.default_rng(seed)
    columns = [_column(n, two_as_levels) for n in levels]
    layout = OneHotLayout(columns)
    n, n_reals = layout.n_inputs, layout.n_reals
    units = OneHot(layout, Gaussian.from_variance(rng.uniform(0.4, 1.5, n_reals)))
    W, c, b = (rng.normal(0, scale, size) for size in ((n, n_hidden), n_hidden, n))
    base = BaseColumns(
        layout, rng.normal(0, scale, layout.n_bits), rng.normal(0, 0.3, n_reals),
        rng.uniform(0.5, 2, n_reals),
    )  # fmt: skip
    return assemble_mixed_boltzmann(W, c, b, units, base)


def _column(n, two_as_levels):
    if n is None:
        return Normal(CENTRE, SCALE)
    if n == 2 and not two_as_levels:
        return Binary(0.3, 100.0)
    return Categorical(np.arange(1.0, n + 1) / np.arange(1, n + 1).sum(), 100.0)


class Oracle:
    """All that is asked of a machine, by sums over all rows and hidden states.

    Rows are levels, counted from 0, and standardised numbers; entries are bits first, then one-hot
    groups, then numbers. levels : as of `make_mixed_boltzmann`; W, c, b and s : float64.
    """

    def __init__(self, levels, W, c, b, s, two_as_levels=False):
        self.levels, self.W, self.c, self.b, self.s = levels, W, c, b, s
        self.h = states(len(c))
        kinds = [
            2 if n is None else 0 if n == 2 and not two_as_levels else 1 for n in levels
        ]  # fmt: skip
        self.order = np.argsort(kinds, kind="stable")
        self.kinds = np.array(kinds)
        self.all, self.log_weights = self.completions(np.full(len(levels), np.nan))
        table = self.table(self.all) + self.log_weights[:, None]
        self.log_partition = logsumexp(table)
        self.log_joint_table = table - self.log_partition

    @classmethod
    def of(cls, machine, levels=LEVELS, **options):
        """That of a machine."""
        parts = machine.weights, machine.hidden_intercept, machine.visible_intercept
        W, c, b = (np.asarray(part, np.float64) for part in parts)
        return cls(levels, W, c, b, machine.units.variance, **options)

    def entries(self, rows):
        """Rows as entries."""
        parts = []
        for j in self.order:
            values = rows[:, j : j + 1]
            if self.kinds[j] == 1:
                values = (values == np.arange(self.levels[j])).astype(np.float64)
            parts.append(values)
        return np.concatenate(parts, axis=1)

    def table(self, rows):
        """-E of complete rows under all hidden states, (n_rows, 2^n_hidden)."""
        x, n_reals = self.entries(rows), len(self.s)
        n = x.shape[1] - n_reals
        own = x[:, :n] @ self.b[:n] - 0.5 * ((x[:, n:] - self.b[n:]) ** 2 / self.s).sum(axis=1)
        natural = np.concatenate([x[:, :n], x[:, n:] / self.s], axis=1)
        return own[:, None] + self.h @ self.c + natural @ self.W @ self.h.T

    def completions(self, row):
        """All ways to fill in what a row misses, and the log of the step of their grid."""
        choices, log_weight = [], 0.0
        for value, n in zip(row, self.levels, strict=True):
            if not np.isnan(value):
                choices.append([value])
            elif n is None:
                choices.append(_GRID)
                log_weight += np.log(_GRID[1] - _GRID[0])
            else:
                choices.append(np.arange(n))
        rows = np.array(list(itertools.product(*choices)), np.float64)
        return rows, np.full(len(rows), log_weight)

    def log_prob(self, row):
        """Log p of what is observed of a row."""
        rows, log_weights = self.completions(np.asarray(row, np.float64))
        return logsumexp(self.table(rows) + log_weights[:, None]) - self.log_partition

    def given(self, row):
        """Completions of a row, and p(completion, h | observed)."""
        rows, log_weights = self.completions(np.asarray(row, np.float64))
        table = self.table(rows) + log_weights[:, None]
        return rows, np.exp(table - logsumexp(table))

    def expected(self, row):
        """Means of entries and of hidden states given what is observed of a row."""
        rows, p = self.given(row)
        return p.sum(axis=1) @ self.entries(rows), p.sum(axis=0) @ self.h


def gappy_rows(oracle, n_rows=None, seed=0):
    """Rows in which all patterns of values are missing, in turn."""
    n = len(oracle.levels)
    patterns = states(n).astype(bool)
    rng = np.random.default_rng(seed)
    rows = oracle.all[rng.integers(0, len(oracle.all), len(patterns))].copy()
    for j, level in enumerate(oracle.levels):
        if level is None:
            rows[:, j] = rng.normal(0, 1, len(rows))
    return np.where(patterns, np.nan, rows)[:n_rows]


def users(rows, levels):
    """Rows in the user's units."""
    real = np.array([n is None for n in levels])
    return np.where(real, CENTRE + SCALE * rows, rows)
