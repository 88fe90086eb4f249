"""Factor models in exact rational arithmetic: what float64 should have answered."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np


def fractions(array):
    """A matrix of floats as lists of fractions, exactly."""
    return [[Fraction(float(value)) for value in row] for row in array]


def times(a, b):
    """The product of two matrices."""
    columns = list(zip(*b, strict=True))
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns]
            for row in a]  # fmt: skip


def solve(matrix, right):
    """The solution of linear equations by Gaussian elimination, and the determinant.

    None, and 0, where the matrix is singular.
    """
    rows, det = [[*left, *other] for left, other in zip(matrix, right, strict=True)], Fraction(1)
    for i in range(len(rows)):
        pivot = next((r for r in range(i, len(rows)) if rows[r][i]), None)
        if pivot is None:
            return None, Fraction(0)
        if pivot != i:
            rows[i], rows[pivot], det = rows[pivot], rows[i], -det
        det *= rows[i][i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for r in set(range(len(rows))) - {i}:
            factor = rows[r][i]
            rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [row[len(rows) :] for row in rows], det


def floats(matrix):
    """A matrix of fractions, rounded."""
    return np.array([[float(value) for value in row] for row in matrix])


def log(value):
    """The logarithm of a positive fraction."""
    with localcontext(prec=50):
        return float((Decimal(value.numerator) / Decimal(value.denominator)).ln())


class FactorModel:
    """A model with mean 0 and what is observed of a row, all given as floats.

    loadings : (n_factors, n_features); noise : (n_features,); row : (n_features,), NaN where a
    value is missing.
    """

    def __init__(self, loadings, noise, row):
        loads, k = fractions(loadings), len(loadings)
        self.seen, self.k = np.flatnonzero(~np.isnan(row)), k
        C = times(zip(*loads, strict=True), loads)
        for i, variance in enumerate(noise):
            C[i][i] += Fraction(float(variance))
        self._cross = [[C[i][j] for j in self.seen] for i in range(len(C))]
        self._inner = [self._cross[i] for i in self.seen]
        self._loads = [[factor[i] for i in self.seen] for factor in loads]
        self._x = [[Fraction(float(row[i]))] for i in self.seen]
        self._noise = [Fraction(float(noise[i])) for i in self.seen]
        right = [[*x, *column] for x, column in
                 zip(self._x, zip(*self._loads, strict=True), strict=True)]  # fmt: skip
        solution, self._det = solve(self._inner, right)
        self._gain = [row[1:] for row in solution]
        self._solved = [row[:1] for row in solution]

    def condition(self):
        """The condition number of the correlations of what is observed."""
        C = floats(self._inner)
        scale = np.sqrt(np.diag(C))
        return np.linalg.cond(C / scale / scale[:, None])

    def log_prob(self):
        """Of what is observed."""
        quadratic = sum(x[0] * y[0] for x, y in zip(self._x, self._solved, strict=True))
        return -0.5 * (float(quadratic) + log(self._det) + len(self._x) * math.log(2 * math.pi))

    def means(self):
        """Of the factors."""
        return floats(times(self._loads, self._solved))[:, 0]

    def covariance(self):
        """Of the factors."""
        known = times(self._loads, self._gain)
        rest = [[(i == j) - known[i][j] for j in range(self.k)] for i in range(self.k)]
        return floats(rest)

    def expected(self):
        """All features given those observed."""
        return floats(times(self._cross, self._solved))[:, 0]

    def precision(self):
        """The inverse of the covariance of what is observed."""
        identity = [[Fraction(i == j) for j in range(len(self._x))] for i in range(len(self._x))]
        return floats(solve(self._inner, identity)[0])

    def bartlett(self):
        """Generalised least squares, and how far it is from undetermined.

        The shortest of all exact solutions where features are fewer than factors. The second is the
        condition number of the loadings, whose features and factors are scaled. None where loadings
        are dependent.
        """
        turned = list(zip(*self._loads, strict=True))
        if len(self._x) < self.k:
            solved, det = solve(times(turned, self._loads), self._x)
            scores = times(self._loads, solved) if det else None
        else:
            weighted = [[x / v for x, v in zip(row, self._noise, strict=True)]
                        for row in self._loads]  # fmt: skip
            scores, det = solve(times(weighted, turned), times(weighted, self._x))
        if not det:
            return None, np.inf
        loads = floats(self._loads)
        lengths = np.linalg.norm(loads, axis=0)
        return floats(scores)[:, 0], np.linalg.cond(loads / np.where(lengths > 0, lengths, 1))
