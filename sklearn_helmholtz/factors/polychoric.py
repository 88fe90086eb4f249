"""Correlations of normal variables of which only the intervals are seen that they lie in.

Items have levels, codes 0, 1, ... of which are the places of a standard normal variable between
thresholds. These follow from the shares of the levels of each item alone; given them, the
correlation of two items is where the likelihood of their contingency table is highest (Olsson
1979). All pairs are looked at together. A table with cells (i, j) between corners has

    P_ij = C(i+1, j+1) - C(i, j+1) - C(i+1, j) + C(i, j),

where C are bivariate normal probabilities below two thresholds.

References
----------
Olsson (1979), Maximum likelihood estimation of the polychoric correlation coefficient,
Psychometrika 44, 443-460.
Joreskog (1994), On the estimation of polychoric correlations and their asymptotic covariance
matrix, Psychometrika 59, 381-389.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .bivariate_normal import bivariate_normal_cdf, bivariate_normal_pdf, conditional_slopes
from .items import Items

_FARTHEST = 1 - 1e-6  # correlation, on either side
_LEAST = 1e-15  # probability of a cell: below it is rounding
_ENOUGH = 1e-13  # change of a correlation
_MOST_STEPS = 100
_NOTHING = 1e-300  # information: no division by zero
_FLAT = 1e-6  # slopes of the log-likelihood that are rounding
_FAR = 0.9  # correlation: nearer to zero slopes are small by chance


@dataclass(frozen=True)
class Cells:
    """Probabilities of the cells of some tables, and their derivatives by the correlations.

    below, left : thresholds (n_pairs, most + 1) of the items of each pair; correlation :
    (n_pairs,).
    """

    below: np.ndarray
    left: np.ndarray
    correlation: np.ndarray

    @cached_property
    def probabilities(self):
        """(n_pairs, most, most), at least what is more than rounding."""
        return np.maximum(_cells(self._at_corners(bivariate_normal_cdf)), _LEAST)

    @cached_property
    def slopes(self):
        """Derivatives of the probabilities by the correlations."""
        return _cells(self._at_corners(bivariate_normal_pdf))

    def _at_corners(self, function):
        return function(self.below[:, :, None], self.left[:, None], self.correlation[:, None, None])

    @cached_property
    def scores(self):
        """Derivatives of the logarithms of the probabilities."""
        return self.slopes / self.probabilities

    @property
    def information(self):
        """Information of a row about the correlation, (n_pairs,)."""
        return (self.slopes * self.scores).sum(axis=(1, 2))

    def information_with_thresholds(self):
        """Information of a row on the correlation together with the inner thresholds of both items.

        Two arrays (n_pairs, most - 1), zero where a threshold is infinite.
        """
        result = []
        for below, left, scores in (
            (self.below, self.left, self.scores),
            (self.left, self.below, np.swapaxes(self.scores, 1, 2)),
        ):
            slopes = conditional_slopes(
                below[:, 1:-1, None], left[:, None], self.correlation[:, None, None]
            )
            between = np.diff(slopes, axis=2)
            result.append((between * (scores[:, :-1] - scores[:, 1:])).sum(axis=2))
        return result


def _cells(corners):
    return np.diff(np.diff(corners, axis=1), axis=2)


def fit_correlations(tables, below, left):
    """Correlations (n_pairs,) of the highest likelihood of tables (n_pairs, most, most).

    By Fisher's scoring, which halves an interval where it would leave it. below, left : as `Cells`
    has them. -1 and 1 themselves are not reached: an end of the range says that the likelihood
    rises up to it.
    """
    n, weight = len(tables), tables.sum(axis=(1, 2))
    low, high = np.full(n, -_FARTHEST), np.full(n, _FARTHEST)
    r, active = np.zeros(n), np.arange(n)
    for _ in range(_MOST_STEPS):
        cells = Cells(below[active], left[active], r[active])
        slope = (tables[active] * cells.scores).sum(axis=(1, 2))
        low[active] = np.where(slope > 0, r[active], low[active])
        high[active] = np.where(slope < 0, r[active], high[active])
        step = slope / np.maximum(weight[active] * cells.information, _NOTHING)
        trial = r[active] + step
        inside = (trial > low[active]) & (trial < high[active])
        trial = np.where(inside, trial, (low[active] + high[active]) / 2)
        moved = np.abs(trial - r[active])
        r[active] = trial
        active = active[moved > _ENOUGH * (1 - trial**2)]
        if not len(active):
            break
    return np.where(_is_flat(tables, below, left, r), np.copysign(_FARTHEST, r), r)


def _is_flat(tables, below, left, r):
    """Whether to rounding no cell gets likelier or less so, up to the end of the range."""
    cells = Cells(below, left, r)
    sizes = (tables * np.abs(cells.scores)).sum(axis=(1, 2))
    return (sizes < _FLAT) & (np.abs(r) > _FAR)


def at_end(correlation):
    """Whether correlations are at the end of their range, but for rounding."""
    return np.abs(correlation) > 1 - 10 * (1 - _FARTHEST)


def fill_empty(tables, n_levels, amount):
    """Tables of two items with two levels each, without empty cells.

    Where a cell is empty the likelihood is highest at -1 or 1 however few rows there are. An amount
    is put there and into the opposite cell, and taken from the other two, which leaves the margins
    as they are; less where these have less. n_levels : of both items, two arrays (n_pairs,).
    """
    small = (n_levels[0] == 2) & (n_levels[1] == 2)
    four = tables[:, :2, :2].copy()
    empty = four == 0
    on_diagonal = empty[:, 0, 0] | empty[:, 1, 1]
    chosen = small & empty.any(axis=(1, 2))
    sign = np.where(on_diagonal, 1.0, -1.0)
    giving = np.where(
        on_diagonal, np.minimum(four[:, 0, 1], four[:, 1, 0]),
        np.minimum(four[:, 0, 0], four[:, 1, 1]),
    )  # fmt: skip
    moved = np.where(chosen, sign * np.minimum(amount, giving / 2), 0.0)
    result = tables.copy()
    result[:, :2, :2] += moved[:, None, None] * np.array([[1, -1], [-1, 1]])
    return result


@dataclass(frozen=True)
class Influences:
    """Influences of single rows on correlations, which their codes decide.

    by_cell : (n_pairs, most + 1, most + 1), of the rows that have both items, zero in the last
    places, which are those of missing values; by_first, by_second : (n_pairs, most + 1), by way of
    the thresholds, for whoever has the item. Of a row they are the sum of the three times its
    weight.
    """

    items: Items
    by_cell: np.ndarray
    by_first: np.ndarray
    by_second: np.ndarray

    @classmethod
    def of(cls, items, thresholds, tables, correlation):
        """Influences on what `fit_correlations` finds."""
        first, second = items.pairs
        cells = Cells(thresholds[first], thresholds[second], correlation)
        # Where nothing is known, at the ends of the range, there are no influences either.
        information = np.maximum(cells.information, _NOTHING)[:, None]
        weight = tables.sum(axis=(1, 2))[:, None, None]
        by_cell = np.pad(cells.scores / information[:, None] / weight, ((0, 0), (0, 1), (0, 1)))
        moves = _threshold_influences(items, thresholds)
        parts = []
        for shared, item in zip(cells.information_with_thresholds(), (first, second), strict=True):
            by_level = -np.einsum("mt,mtc->mc", shared / information, moves[item])
            parts.append(np.pad(by_level, ((0, 0), (0, 1))))
        return cls(items, by_cell, *parts)

    def rows(self, place):
        """Influences of some rows, (n_rows, n_pairs)."""
        first, second = self.items.pairs
        codes, numbers = self.items.codes[place], np.arange(len(first))
        a, b = codes[:, first], codes[:, second]
        total = self.by_cell[numbers, a, b] + self.by_first[numbers, a] + self.by_second[numbers, b]
        return total * self.items.weights[place, None]

    def variances(self):
        """Variances of the correlations, (n_pairs,)."""
        n = len(self.by_cell)
        return sum(
            ((self.rows(place) ** 2).sum(axis=0) for place in self.items.places(n)), np.zeros(n)
        )

    def threshold_errors(self, thresholds):
        """Standard errors of the inner thresholds, (n_items, most - 1); NaN for infinite ones."""
        moves, codes = _threshold_influences(self.items, thresholds), self.items.codes
        squares = np.zeros(moves.shape[:1] + moves.shape[2:])
        for item, own in enumerate(codes.T):
            seen = own >= 0
            weights = self.items.weights[seen] ** 2
            squares[item] = np.bincount(own[seen], weights, minlength=self.items.most)
        variances = np.einsum("itc,ic->it", moves**2, squares)
        return np.where(np.isfinite(thresholds[:, 1:-1]), np.sqrt(variances), np.nan)

    def covariance(self):
        """Covariances of the correlations, (n_pairs, n_pairs)."""
        n = len(self.by_cell)
        total = np.zeros((n, n))
        for place in self.items.places(n):
            rows = self.rows(place)
            total += rows.T @ rows
        return total


def _threshold_influences(items, thresholds):
    """Influences of a row with each level on the inner thresholds, (n_items, most - 1, most)."""
    counts, inner = items.counts, thresholds[:, 1:-1]
    weight = counts.sum(axis=1)
    shares = np.cumsum(counts, axis=1)[:, :-1] / weight[:, None]
    finite = np.isfinite(inner)
    density = np.exp(-(np.where(finite, inner, 0.0) ** 2) / 2) / np.sqrt(2 * np.pi)
    is_below = np.arange(items.most) <= np.arange(items.most - 1)[:, None]
    result = (is_below - shares[:, :, None]) / density[:, :, None] / weight[:, None, None]
    return np.where(finite[:, :, None], result, 0.0)


def smoothed(correlation, least=1e-6):
    """The matrix with eigenvalues of at least some value and ones on the diagonal, and the lowest.

    The lowest eigenvalue is that of the matrix as it was, which is returned as it is where it will
    do. Eigenvalues that are lower are raised, and what results is scaled (Knol & Berger 1991).
    """
    values, vectors = np.linalg.eigh(correlation)
    if not len(values) or values[0] >= least:
        return correlation, float(values[0]) if len(values) else 1.0
    raised = (vectors * np.maximum(values, 2 * least)) @ vectors.T
    scale = 1 / np.sqrt(np.diag(raised))
    raised = raised * scale * scale[:, None]
    np.fill_diagonal(raised, 1)
    return raised, float(values[0])
