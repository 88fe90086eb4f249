"""What imputers answer about hidden entries of mixed tables, and how good that is.

Of columns of levels an answer is their probabilities, scored by log-loss; of numbers it is a
distribution, scored by the continuous ranked probability score (CRPS, Gneiting & Raftery 2007), and
its mean, scored by the squared error; both in standard deviations of the training rows.
"""

from dataclasses import dataclass

import numpy as np

WEIGHTS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
_N_RESIDUALS = 99


@dataclass(frozen=True, eq=False)
class Points:
    """One value for each row, (n,): their CRPS is the absolute error."""

    values: np.ndarray

    @property
    def mean(self):
        """The values."""
        return self.values

    def of(self, rows):
        """The answer for some rows."""
        return Points(self.values[rows])

    def crps(self, truth):
        """Score of each row."""
        return np.abs(self.values - truth)


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws for each row, (n, n_draws).

    CRPS is that of the distribution they are drawn from, without bias by their number; or that of
    the draws themselves, where they are the distribution (``is_whole``).
    """

    values: np.ndarray
    is_whole: bool = False

    @property
    def mean(self):
        """Means of the draws."""
        return self.values.mean(axis=1)

    def of(self, rows):
        """The answer for some rows."""
        return Draws(self.values[rows], self.is_whole)

    def crps(self, truth):
        """Score of each row: E|X - x| - E|X - X'| / 2."""
        n = self.values.shape[1]
        ranks = 2 * np.arange(1, n + 1) - n - 1
        apart = np.sort(self.values, axis=1) @ ranks / (n * (n if self.is_whole else n - 1))
        return np.abs(self.values - truth[:, None]).mean(axis=1) - apart


@dataclass(frozen=True, eq=False)
class Weighted:
    """Probabilities (n, n_values) of some values, which rise."""

    values: np.ndarray
    weights: np.ndarray

    @property
    def mean(self):
        """Expected values."""
        return self.weights @ self.values

    def of(self, rows):
        """The answer for some rows."""
        return Weighted(self.values, self.weights[rows])

    def crps(self, truth):
        """Score of each row: E|X - x| - E|X - X'| / 2."""
        below = np.cumsum(self.weights, axis=1)[:, :-1]
        apart = (below * (1 - below)) @ np.diff(self.values)
        return (self.weights * np.abs(self.values - truth[:, None])).sum(axis=1) - apart


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers for all columns of some rows: probabilities of levels, or one of the above.

    by_column : list, (n, n_levels) or `Points`, `Draws`, `Weighted`.
    """

    by_column: list

    def of(self, rows):
        """The answers for some rows."""
        return Answers(
            [own[rows] if isinstance(own, np.ndarray) else own.of(rows) for own in self.by_column]
        )

    def smoothed(self, columns, weight):
        """Probabilities mixed with the shares of the levels."""
        return Answers(
            [
                (1 - weight) * own + weight * column.shares if column.is_discrete else own
                for own, column in zip(self.by_column, columns, strict=True)
            ]
        )

    def with_residuals(self, residuals):
        """Points with residuals about them, which are lists of numbers by column."""
        return Answers(
            [
                Draws(own.values[:, None] + rest, True) if isinstance(own, Points) else own
                for own, rest in zip(self.by_column, residuals, strict=True)
            ]
        )


def best_weight(probabilities, shares):
    """The weight of shares by which their mixture with probabilities predicts best."""
    with np.errstate(divide="ignore"):
        scores = [np.log((1 - w) * probabilities + w * shares).mean() for w in WEIGHTS]
    return WEIGHTS[int(np.argmax(scores))]


def smoothing(answers, table, truth, hidden):
    """`best_weight` for all hidden levels of some rows."""
    found = []
    for number, column in enumerate(table.columns):
        rows = np.flatnonzero(hidden[:, number])
        if column.is_discrete and len(rows):
            levels = truth[rows, number].astype(int)
            own = answers.by_column[number][rows, levels]
            found.append(np.stack([own, column.shares[levels]]))
    return best_weight(*np.concatenate(found, axis=1)) if found else 0.0


def residuals(answers, truth, hidden):
    """Quantiles of what is left over by `Points` at hidden entries, by column."""
    shares = (np.arange(_N_RESIDUALS) + 0.5) / _N_RESIDUALS
    found = []
    for number, own in enumerate(answers.by_column):
        rows = np.flatnonzero(hidden[:, number])
        usable = isinstance(own, Points) and len(rows)
        rest = truth[rows, number] - own.values[rows] if usable else np.zeros(1)
        found.append(np.quantile(rest, shares))
    return found


def losses(answers, table, truth, hidden):
    """Log-loss, CRPS and squared error of each row, (3, n_rows); their means are over entries."""
    n_rows, found = len(truth), np.zeros((3, len(truth)))
    for number, column in enumerate(table.columns):
        rows = np.flatnonzero(hidden[:, number])
        own, values = answers.by_column[number], truth[rows, number]
        if column.is_discrete:
            p = own[rows, values.astype(int)]
            found[0, rows] -= np.log(np.maximum(p, 1e-12))
        else:
            own, deviation = own.of(rows), table.deviations[number]
            found[1, rows] += own.crps(values) / deviation
            found[2, rows] += ((own.mean - values) / deviation) ** 2
    counts = np.array([hidden[:, table.discrete].sum(), hidden[:, ~table.discrete].sum()])
    return found * n_rows / np.maximum(counts[[0, 1, 1], None], 1)
