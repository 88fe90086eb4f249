"""The normal distribution without a model: means and covariances of the highest likelihood.

A model is tested against it. Complete rows have it in closed form; where values are missing it is
the end of EM (Orchard & Woodbury 1972; Little & Rubin 2019, section 11.2), here with the matrices
of rows that miss the same values shared, and with steps that are lengthened by squared
extrapolation (Varadhan & Roland 2008).
"""

from dataclasses import dataclass

import numpy as np

from .linear_gaussian import row_patterns
from .patterned import PatternedRows

_LOG_2PI = np.log(2 * np.pi)
_SINGULAR = 1e-10  # eigenvalue of a correlation matrix
_ENTRIES = 2**20  # float64 of the matrices that are held at once
_MOST_STEPS = 2000
_SETTLED = 1e-7  # nats, of all rows together, that a step of EM gains in the end
_HIDDEN = 1e-13  # of the log-likelihood, relative: rounding


class SingularCovarianceError(ValueError):
    """The covariance is singular: the likelihood has no upper bound."""


class UnknownCovarianceError(ValueError):
    """Two features have no row that holds both; pair : their numbers."""

    def __init__(self, pair):
        super().__init__(f"no row holds both {pair[0]} and {pair[1]}")
        self.pair = pair


@dataclass(frozen=True)
class Saturated:
    """Normal distribution of the highest likelihood, of all or of independent features.

    mean : (n_features,); covariance : (n_features, n_features); log_likelihood : of all rows,
    nats; independent : the same with no covariances, nats; weight : of the rows that hold any
    value.
    """

    mean: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    independent: float
    weight: float

    @classmethod
    def of_moments(cls, moments):
        """The distribution of `SecondMoments`, whose covariance has full rank."""
        columns, covariance = moments.columns(), moments.covariance()
        variance = columns.variance
        np.fill_diagonal(covariance, variance)
        log_det = log_determinant(correlation_of(covariance))
        independent = independent_log_likelihood(columns)
        return cls(
            columns.mean, covariance, independent - 0.5 * moments.weight * log_det, independent,
            moments.weight,
        )  # fmt: skip

    @classmethod
    def of_incomplete(cls, data, weights, columns):
        """The distribution of data with missing values (NaN).

        weights : (n_rows,); columns : `observed_columns` of both, of which none is constant.
        """
        scale = np.sqrt(columns.variance)
        center = columns.mean + columns.remainder

        def standardise(x):
            return (x - center) / scale

        rows = PatternedRows.of(data, weights, standardise, len(scale))
        _check_pairs(rows)
        mean, covariance, value = _ascend(rows)
        value = float(value - columns.weight @ np.log(scale))
        independent = independent_log_likelihood(columns)
        empty = rows.weights[np.isnan(rows.rows).all(axis=1)].sum()
        empty += rows.totals[~rows.seen.any(axis=1)].sum()
        return cls(
            columns.mean + scale * mean, covariance * scale * scale[:, None], value, independent,
            float(rows.weight - empty),
        )  # fmt: skip


def correlation_of(covariance):
    """Correlations of a covariance matrix (n, n) of positive variances."""
    scale = 1 / np.sqrt(np.diag(covariance))
    result = covariance * scale * scale[:, None]
    np.fill_diagonal(result, 1)
    return result


def log_determinant(correlations):
    """The logarithm of the determinant, or a `SingularCovarianceError`."""
    values = np.linalg.eigvalsh(correlations)
    if not values[0] > _SINGULAR:
        raise SingularCovarianceError(
            f"the least eigenvalue of the correlations is {max(values[0], 0):.3g}"
        )
    return float(np.log(values).sum())


def independent_log_likelihood(columns):
    """The highest log-likelihood of independent normal features, nats; columns : `Columns`."""
    return float(-0.5 * (columns.weight @ (np.log(columns.variance) + 1 + _LOG_2PI)))


def _check_pairs(rows):
    """Refuse `PatternedRows` of which none hold both of two features."""
    together = np.zeros((rows.rows.shape[1],) * 2)
    for seen in (rows.seen, ~np.isnan(rows.rows)):
        flags = seen.astype(np.float64)
        together += flags.T @ flags
    apart = np.argwhere(together == 0)
    if len(apart):
        raise UnknownCovarianceError(tuple(int(number) for number in apart[0]))


def _ascend(rows):
    """Means, covariances and the log-likelihood of the maximum for `PatternedRows`."""
    p = rows.rows.shape[1]
    at = np.zeros(p), np.eye(p)
    for _ in range(_MOST_STEPS):
        value, once = _step(rows, *at)
        middle, twice = _step(rows, *once)
        if middle - value < _SETTLED + _HIDDEN * abs(value):
            log_determinant(correlation_of(once[1]))
            return *once, middle
        at = _further(rows, at, once, twice, middle)
    raise SingularCovarianceError(
        f"after {2 * _MOST_STEPS} steps of EM the likelihood was still rising"
    )


def _further(rows, at, once, twice, middle):
    """The point that an extrapolation of two steps of EM and a third lead to, or the second's.

    middle : the log-likelihood after the first, which the extrapolation may not fall below.
    """
    first = [b - a for a, b in zip(at, once, strict=True)]
    change = [c - b - f for b, c, f in zip(once, twice, first, strict=True)]
    curvature = np.sqrt(sum((c**2).sum() for c in change))
    if curvature == 0:
        return twice
    length = max(np.sqrt(sum((f**2).sum() for f in first)) / curvature, 1.0)
    moved = [a + 2 * length * f + length**2 * c for a, f, c in zip(at, first, change, strict=True)]
    try:
        value, further = _step(rows, *moved)
    except np.linalg.LinAlgError:
        return twice
    return further if value >= middle else twice


def _step(rows, mean, covariance):
    """The log-likelihood of a normal distribution, and the mean and covariance after a step of EM.

    With K the inverse of the covariance of what a row holds, zero elsewhere, and d its deviations,
    the step adds ``C (sum K d) / n`` to the mean and ``C (sum K d d' K - K) C / n`` to C, less the
    square of the former.
    """
    value, slope, curvature = _of_patterns(rows, mean, covariance)
    for place in _places(len(rows.rows), mean.size):
        x, w = rows.rows[place], rows.weights[place]
        found = _of_rows(x, w, mean, covariance)
        value, slope, curvature = value + found[0], slope + found[1], curvature + found[2]
    drift = covariance @ slope / rows.weight
    new = covariance + covariance @ curvature @ covariance / rows.weight - np.outer(drift, drift)
    return value, (mean + drift, (new + new.T) / 2)


def _places(n, p):
    """Slices of n matrices (p, p), few enough to be held at once."""
    size = max(_ENTRIES // p**2, 1)
    return (slice(start, start + size) for start in range(0, n, size))


def _inverses(seen, covariance):
    """Inverses of the covariances of what patterns hold (n, p, p), and their log-determinants."""
    outer = seen[:, :, None] & seen[:, None]
    whole = np.where(outer, covariance, np.eye(len(covariance)))
    roots = np.linalg.cholesky(whole)
    inverses = np.linalg.inv(whole)
    return inverses * outer, 2 * np.log(np.einsum("pii->pi", roots)).sum(axis=1)


def _of_patterns(rows, mean, covariance):
    """The part of a step that frequent patterns have: log-likelihood, slope and curvature."""
    p = len(mean)
    value, slope, curvature = 0.0, np.zeros(p), np.zeros((p, p))
    for place in _places(len(rows.seen), p):
        seen, totals = rows.seen[place], rows.totals[place]
        inverses, log_dets = _inverses(seen, covariance)
        known = seen * mean
        first = rows.first[place]
        about = first - totals[:, None] * known
        second = rows.second[place] - known[:, :, None] * first[:, None]
        second -= about[:, :, None] * known[:, None]
        turned = inverses @ second
        value -= 0.5 * float(
            totals @ (log_dets + seen.sum(axis=1) * _LOG_2PI) + np.einsum("pii->", turned)
        )
        slope += np.einsum("pij,pj->i", inverses, about)
        curvature += (turned @ inverses).sum(axis=0) - np.einsum("p,pij->ij", totals, inverses)
    return value, slope, curvature


def _of_rows(x, weights, mean, covariance):
    """The same of some rows of rare patterns, (n_rows, n_features)."""
    seen = ~np.isnan(x)
    patterns, numbers = row_patterns(seen)
    inverses, log_dets = _inverses(patterns.astype(bool), covariance)
    deviations = np.where(seen, x - mean, 0.0)
    turned = np.einsum("rij,rj->ri", inverses[numbers], deviations)
    quadratic = (turned * deviations).sum(axis=1)
    value = -0.5 * float(weights @ (log_dets[numbers] + seen.sum(axis=1) * _LOG_2PI + quadratic))
    totals = np.bincount(numbers, weights, len(patterns))
    curvature = (turned * weights[:, None]).T @ turned
    return value, weights @ turned, curvature - np.einsum("p,pij->ij", totals, inverses)
