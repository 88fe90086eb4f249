"""Information that rows carry about the parameters of a factor model: second derivatives.

Parameters make one vector, the mean (n_features), the loadings (n_features, n_factors) row by row
and the noise variances (n_features), those of unrotated and uncorrelated factors. The covariance is
``C = A A' + diag(noise)``; with W its inverse, S the mean of the products of rows less the mean and
``P = W S W``, minus the log-likelihood per row has the first derivatives ``(W - P) / 2`` by C and
the second ``tr(dC W dC' (2 P - W)) / 2 + tr((W - P) d2C) / 2``; expected, P is W. What is missing
is left out: rows with the same values missing are a pattern with a C of its own.

References
----------
Lawley & Maxwell (1971), Factor analysis as a statistical method, second edition.
Joreskog (1967), Some contributions to maximum likelihood factor analysis, Psychometrika 32.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..rows import by_pattern, dense_rows

_ENTRIES = 2**20  # float64 of rows that are looked at together


@dataclass(frozen=True)
class Pattern:
    """Sums over rows that have the same features observed.

    places : (n_observed,), numbers of these features; weight : of the rows; first : (n_observed,),
    sums of the rows less the mean of the model; second : (n_observed, n_observed), of their
    products.
    """

    places: np.ndarray
    weight: float
    first: np.ndarray
    second: np.ndarray


@dataclass(frozen=True)
class Parameters:
    """Loadings (n_features, n_factors) of uncorrelated factors, and noise variances (n_features,).

    Of features in units in which their variances are near 1.
    """

    loadings: np.ndarray
    noise: np.ndarray

    @property
    def size(self):
        """Number of means, loadings and noise variances."""
        return self.loadings.size + 2 * len(self.noise)

    def at(self, places):
        """The same of some features, by number."""
        return Parameters(self.loadings[places], self.noise[places])

    def precision(self):
        """The inverse of the covariance of the features."""
        covariance = self.loadings @ self.loadings.T
        covariance[np.diag_indices_from(covariance)] += self.noise
        return cho_solve(cho_factor(covariance), np.eye(len(covariance)))

    def positions(self, places):
        """Where the parameters of some features stand in the vector of all."""
        p, k = self.loadings.shape
        loads = p + places[:, None] * k + np.arange(k)
        return np.concatenate([places, loads.ravel(), p + p * k + places])

    def expected(self):
        """The expected information of a complete row, (size, size)."""
        W = self.precision()
        return _curvature(self.loadings, W, W, np.zeros(len(W)))

    def observed(self, patterns):
        """Minus the second derivatives of the log-likelihood of all rows, (size, size).

        patterns : of `Pattern`.
        """
        total = np.zeros((self.size, self.size))
        for pattern in patterns:
            own, weight = self.at(pattern.places), pattern.weight
            W = own.precision()
            P = W @ (pattern.second / weight) @ W
            block = weight * _curvature(own.loadings, W, P, W @ (pattern.first / weight))
            where = self.positions(pattern.places)
            total[np.ix_(where, where)] += block
        return total

    def slopes(self, pattern):
        """First derivatives of the log-likelihood of the rows of a `Pattern`, (size,)."""
        own, result = self.at(pattern.places), np.zeros(self.size)
        W = own.precision()
        rest = W @ pattern.second @ W - pattern.weight * W
        parts = W @ pattern.first, (rest @ own.loadings).ravel(), np.diag(rest) / 2
        result[self.positions(pattern.places)] = np.concatenate(parts)
        return result

    def row_slopes(self, places, deviations):
        """The same for each row, (n_rows, size), of ``deviations`` from the mean of the model.

        places : of the features that all of the rows have; deviations : (n_rows, n_observed).
        """
        own, result = self.at(places), np.zeros((len(deviations), self.size))
        W = own.precision()
        u = deviations @ W
        loads = u[:, :, None] * (u @ own.loadings)[:, None] - W @ own.loadings
        parts = u, loads.reshape(len(u), -1), (u**2 - np.diag(W)) / 2
        result[:, self.positions(places)] = np.concatenate(parts, axis=1)
        return result


def _curvature(A, W, P, e):
    """Minus the second derivatives per row; e : W times the mean of rows less the mean."""
    p, k = A.shape
    V, G = 2 * P - W, W @ A
    GV, H, HV = V @ A, A.T @ W @ A, A.T @ V @ A
    loads = np.einsum("jr,is->irjs", G, GV) + np.einsum("is,jr->irjs", G, GV)
    loads += np.einsum("rs,ij->irjs", H, V) + np.einsum("ij,rs->irjs", W, HV)
    loads /= 2
    factors = np.arange(k)
    loads[:, factors, :, factors] += W - P
    with_noise = (np.einsum("ij,jr->irj", W, GV) + np.einsum("jr,ij->irj", G, V)) / 2
    of_mean = np.einsum("hi,r->hir", W, e @ A) + np.einsum("hr,i->hir", G, e)
    n, with_noise, of_mean = p * k, with_noise.reshape(p * k, p), of_mean.reshape(p, p * k)
    return np.block(
        [
            [W, of_mean, W * e],
            [of_mean.T, loads.reshape(n, n), with_noise],
            [(W * e).T, with_noise.T, W * V / 2],
        ]
    )


def pieces(data, standardise):
    """Triples of numbers of rows, of the features they have, and of their standardised values.

    Of all rows that have any; standardise : a function of rows of the data (n_rows, any) that
    returns rows (n_rows, n_features), NaN where a value is missing.
    """
    often, _ = by_pattern(data, np.arange(data.shape[0]), 1)
    size = max(_ENTRIES // data.shape[1], 1)
    for numbers in often:
        for start in range(0, len(numbers), size):
            place = numbers[start : start + size]
            x = standardise(dense_rows(data, place))
            features = np.flatnonzero(~np.isnan(x[0]))
            if len(features):
                yield place, features, x[:, features]


def patterns_of(data, weights, standardise):
    """The `Pattern` of each piece of data, see `pieces`; weights : (n_rows,)."""
    for rows, features, x in pieces(data, standardise):
        w = weights[rows]
        yield Pattern(features, float(w.sum()), w @ x, (w[:, None] * x).T @ x)


def squared_slopes(parameters, data, weights, standardise):
    """The sum over rows of products of weighted slopes, (size, size)."""
    total = np.zeros((parameters.size, parameters.size))
    most = max(_ENTRIES // parameters.size, 1)
    for rows, features, x in pieces(data, standardise):
        for start in range(0, len(rows), most):
            place = slice(start, start + most)
            slopes = parameters.row_slopes(features, x[place]) * weights[rows[place], None]
            total += slopes.T @ slopes
    return total
