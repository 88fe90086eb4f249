"""Whitening: the subspace of the sources, in which second moments are those of noise."""

from dataclasses import dataclass

import numpy as np

from ..rows import dense_rows

_EPS = np.finfo(np.float64).eps
_LEAST_REST = 1e-8  # of the smallest variance of a feature that varies
_ENTRIES = 2**20  # of a block of rows


@dataclass(frozen=True)
class Whitening:
    """Rows in coordinates z of mean 0 and covariance I, ``z = (x - mean) @ matrix.T``.

    mean : (n_features,); matrix : (n_components, n_features), whose rows span the leading
    subspace, all of it where there are as many components as features; rest_variance : of what lies
    outside, in each direction; 0 where nothing does. float64.
    """

    mean: np.ndarray
    matrix: np.ndarray
    rest_variance: float

    def rows(self, data):
        """Whitened rows of an array or a CSR matrix, (n_components, n_rows)."""
        k, p = self.matrix.shape
        result, step = np.empty((k, data.shape[0])), max(_ENTRIES // p, 1)
        for start in range(0, data.shape[0], step):
            place = slice(start, start + step)
            result[:, place] = self.matrix @ (dense_rows(data, place) - self.mean).T
        return result


@dataclass(frozen=True)
class Spectrum:
    """Mean and covariance of some rows, of which `Whitening` of any size is made.

    mean : (n_features,); covariance : (n_features, n_features); rank : of the correlations.
    """

    mean: np.ndarray
    covariance: np.ndarray
    rank: int

    @classmethod
    def of(cls, moments):
        """The spectrum of rows by their `SecondMoments`."""
        covariance, columns = moments.covariance(), moments.columns()
        varies = ~columns.constant
        roots = np.sqrt(np.where(varies, np.diag(covariance), 1.0))
        correlations = (covariance / roots / roots[:, None])[np.ix_(varies, varies)]
        values = np.linalg.eigvalsh(correlations) if varies.any() else np.zeros(0)
        least = 10 * len(covariance) * _EPS * values.max(initial=0)
        return cls(moments.shift + moments.first / moments.weight, covariance,
                   int((values > least).sum()))  # fmt: skip

    def whitening(self, n_components):
        """The `Whitening` to some components, at most as many as the rank.

        To all of them by the correlations, of which no column's unit takes the digits; to fewer by
        the leading directions of the covariance (Tipping & Bishop 1999).
        """
        if n_components == len(self.mean):
            roots = np.sqrt(np.diag(self.covariance))
            values, vectors = np.linalg.eigh(self.covariance / roots / roots[:, None])
            matrix = (vectors / np.sqrt(values)).T[::-1] / roots
            return Whitening(self.mean, np.ascontiguousarray(matrix), 0.0)
        values, vectors = np.linalg.eigh(self.covariance)
        leading = slice(len(values) - n_components, None)
        matrix = (vectors[:, leading] / np.sqrt(values[leading])).T[::-1]
        rest = max(values[: leading.start].mean(), self.least_rest)
        return Whitening(self.mean, np.ascontiguousarray(matrix), float(rest))

    @property
    def least_rest(self):
        """The least variance outside the subspace: 1e-8 of that of a feature that varies."""
        variances = np.diag(self.covariance)
        return float(_LEAST_REST * variances[variances > 0].min())
