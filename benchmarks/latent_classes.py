"""Latent class models of mixed tables: columns are independent given a class that nobody sees.

Fitted by expectation and maximisation, with missing values left out, which is exact. Levels have
probabilities in each class. Numbers have a normal distribution of which a cell is an interval, on
the scale on which the column's own distribution is logistic with variance 1 (variant ``z``) or as
they are, standardised (``raw``); or they are put into bins, which are levels (``bins``). Half a
count of each level and of each class is added, so that nothing is impossible, and half a count of
values with a variance of 0.1 about each mean; what is maximised is the likelihood with these.
"""

import numpy as np
import scipy.sparse
from scipy.special import log_ndtr, logsumexp

from .mixed_columns import Levels

_HALF = 0.5
_VARIANCE = 0.1  # of the half count that is added to values
_AT_ZERO = 0.05  # counts of values at zero that are added, where a class has none
_NARROW = 1e-2  # standard deviations: where the moments of a cell are those of a uniform one
_LOG_ROOT = 0.5 * np.log(2 * np.pi)


class LevelEmissions:
    """Probabilities of levels in each class."""

    def __init__(self, n_levels):
        self._n_levels = n_levels

    def places(self, values):
        """Levels as integers."""
        return values.astype(np.int64)

    def maximise(self, places, counts):
        """The best ones for expected counts (n_distinct, n_classes) of distinct levels."""
        totals = np.full((self._n_levels, counts.shape[1]), _HALF)
        totals[places] += counts
        self.log_p = np.log(totals / totals.sum(axis=0))

    def log_prob(self, places):
        """Log-probability of levels in each class, (n, n_classes)."""
        return self.log_p[places]

    def log_prior(self):
        """Log-probability of what is added."""
        return _HALF * self.log_p.sum()


class CellEmissions:
    """A normal distribution of each class, on a scale on which values are intervals."""

    def __init__(self, intervals):
        self._intervals, self._last = intervals, (None, None)
        self.mean, self.deviation = None, None

    def places(self, values):
        """Cells, as intervals."""
        return self._intervals(values)

    def maximise(self, places, counts):
        """One step towards the best ones: expected values and squares within cells."""
        if self.mean is None:
            self.mean, self.deviation = np.zeros(counts.shape[1]), np.ones(counts.shape[1])
        known = self._last[1] if self._last[0] is places else None
        first, second = interval_moments(*places, self.mean, self.deviation, known)
        n = counts.sum(axis=0)
        self.mean = (counts * first).sum(axis=0) / (n + _AT_ZERO)
        squares = (counts * (second + (first - self.mean) ** 2)).sum(axis=0)
        squares += _HALF * _VARIANCE + _AT_ZERO * self.mean**2
        self.deviation = np.sqrt(squares / (n + _HALF))

    def log_prob(self, places):
        """Log-probability of cells in each class, (n, n_classes)."""
        found = interval_log_prob(*places, self.mean, self.deviation)
        self._last = places, found
        return found

    def log_prior(self):
        """Log-density of what is added, but for a constant."""
        squares = _HALF * _VARIANCE + _AT_ZERO * self.mean**2
        return -(0.5 * squares / self.deviation**2 + _HALF * np.log(self.deviation)).sum()


def interval_log_prob(low, high, mean, deviation):
    """Log-probability of intervals under normal distributions, (n_intervals, n_distributions)."""
    a, b = (low[:, None] - mean) / deviation, (high[:, None] - mean) / deviation
    flipped = a > 0
    a, b = np.where(flipped, -b, a), np.where(flipped, -a, b)
    upper, lower = log_ndtr(b), log_ndtr(a)
    with np.errstate(divide="ignore"):
        log_p = upper + np.log(-np.expm1(np.minimum(lower - upper, -1e-300)))
    middle = (a + b) / 2  # where the difference of two logarithms is too coarse
    narrow = b - a < 1e-8
    by_density = -0.5 * middle**2 - _LOG_ROOT + np.log(np.maximum(b - a, 1e-300))
    return np.where(narrow, by_density, log_p)


def interval_moments(low, high, mean, deviation, log_p=None):
    """Means and variances of normal distributions within intervals, like `interval_log_prob`.

    log_p : what that gives, where it is known.
    """
    a, b = (low[:, None] - mean) / deviation, (high[:, None] - mean) / deviation
    if log_p is None:
        log_p = interval_log_prob(low, high, mean, deviation)
    with np.errstate(over="ignore", invalid="ignore"):
        at_a = np.exp(np.minimum(-0.5 * a**2 - _LOG_ROOT - log_p, 300))
        at_b = np.exp(np.minimum(-0.5 * b**2 - _LOG_ROOT - log_p, 300))
        first = at_a - at_b
        second = 1 + a * at_a - b * at_b - first**2
    narrow = b - a < _NARROW
    square = np.where(narrow, (b - a) ** 2 / 12, 0.0)
    first = np.clip(np.where(narrow, (a + b) / 2 * (1 - square), first), a, b)
    second = np.where(narrow, square, np.clip(second, 0, 1))
    return mean + deviation * first, deviation**2 * second


class LatentClasses:
    """A mixture of products of `LevelEmissions` and `CellEmissions`.

    columns : `Levels` or `Cells` of each column; variant : ``z``, ``raw`` or ``bins``.
    """

    def __init__(self, columns, n_classes, variant="z", seed=0, max_iter=200, tolerance=1e-4):
        self.columns, self.n_classes, self.variant = columns, n_classes, variant
        self.seed, self.max_iter, self.tolerance = seed, max_iter, tolerance

    def fit(self, codes):
        """Expectation and maximisation, until the likelihood rises by less than the tolerance."""
        self.emissions = [self._emissions(column) for column in self.columns]
        table = self._table(codes)
        responsible, self.objective = self._start(codes), []
        while True:
            self._maximise(table, responsible)
            joint = self._joint(table)
            row = logsumexp(joint, axis=1)
            prior = sum(emission.log_prior() for emission in self.emissions)
            self.objective.append((row.sum() + prior + _HALF * self.log_weights.sum()) / len(codes))
            if len(self.objective) >= self.max_iter or (
                len(self.objective) > 5 and self.objective[-1] - self.objective[-2] < self.tolerance
            ):
                return self
            responsible = np.exp(joint - row[:, None])

    def _emissions(self, column):
        if column.is_discrete or self.variant == "bins":
            return LevelEmissions(len(column.class_shares))
        return CellEmissions(column.intervals if self.variant == "z" else column.standardised)

    def log_prob(self, codes):
        """Log-probability of each row as recorded, nats."""
        return logsumexp(self._joint(self._table(codes)), axis=1) + self._log_within(codes)

    def responsibilities(self, codes):
        """Probabilities of the classes given what is observed of each row."""
        joint = self._joint(self._table(codes))
        return np.exp(joint - logsumexp(joint, axis=1)[:, None])

    def given_class(self, number, values):
        """Log-probability of some values of a column in each class, (n_values, n_classes)."""
        emission = self.emissions[number]
        return emission.log_prob(emission.places(values))

    def _log_within(self, codes):
        found = np.zeros(len(codes))
        for column, values in zip(self.columns, codes.T, strict=True):
            if self.variant == "bins":
                seen = ~np.isnan(values)
                found[seen] += column.log_within(values[seen])
        return found

    def _table(self, codes):
        """Places of distinct values by column, and which rows have them (sparse, with its bounds).

        Missing values are not in it.
        """
        places, blocks, bounds = [], [], [0]
        for column, emission, values in zip(self.columns, self.emissions, codes.T, strict=True):
            rows = np.flatnonzero(~np.isnan(values))
            seen = values[rows]
            if self.variant == "bins":
                seen = column.classes(seen).astype(np.float64)
            distinct, numbers = np.unique(seen, return_inverse=True)
            places.append(emission.places(distinct))
            shape = len(codes), len(distinct)
            ones = np.ones(len(rows))
            blocks.append(scipy.sparse.csr_array((ones, (rows, numbers.ravel())), shape))
            bounds.append(bounds[-1] + len(distinct))
        has = scipy.sparse.hstack(blocks, format="csr")
        return places, has, has.T.tocsr(), bounds

    def _start(self, codes):
        """Responsibilities by which of some random rows each row has the most classes in common."""
        rng = np.random.default_rng(self.seed)
        bits = []
        for column, values in zip(self.columns, codes.T, strict=True):
            classes = np.where(np.isnan(values), -1, 0)
            seen = ~np.isnan(values)
            classes[seen] = column.classes(values[seen])
            bits.append(Levels(column.class_shares).features(classes))
        bits = np.concatenate(bits, axis=1)
        centres = bits[rng.permutation(len(codes))[: self.n_classes]]
        common = bits @ centres.T + rng.random((len(codes), len(centres)))
        chosen = common.argmax(axis=1)[:, None] == np.arange(self.n_classes)
        return 0.9 * chosen + 0.1 / self.n_classes

    def _maximise(self, table, responsible):
        places, _, transposed, bounds = table
        counts = transposed @ responsible
        for number, emission in enumerate(self.emissions):
            emission.maximise(places[number], counts[bounds[number] : bounds[number + 1]])
        totals = responsible.sum(axis=0) + _HALF
        self.log_weights = np.log(totals / totals.sum())

    def _joint(self, table):
        """Log-probability of rows and classes, (n_rows, n_classes)."""
        places, has, _, _ = table
        parts = [e.log_prob(p) for e, p in zip(self.emissions, places, strict=True)]
        return has @ np.concatenate(parts) + self.log_weights
