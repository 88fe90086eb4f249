"""Covariances of the estimates of factor models, by the information of the rows.

Of turned factors the likelihood is the same, so the information is singular in their directions.
What is added to it there makes it invertible, and does not matter to what is published: the
equations of a rotation have the same solution however factors were turned before (the augmented
information of Jennrich 1974 comes to the same).

References
----------
Jennrich (1974), Simplified formulae for standard errors in maximum-likelihood factor analysis,
British Journal of Mathematical and Statistical Psychology 27.
Huber (1967), The behavior of maximum likelihood estimates under nonstandard conditions, Fifth
Berkeley Symposium on Mathematical Statistics and Probability.
White (1982), Maximum likelihood estimation of misspecified models, Econometrica 50.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_solve
from scipy.linalg.lapack import dpocon, dpotrf

from .turned import TurnedDerivatives

_LEAST = 1e-11  # reciprocal condition number of the scaled information


@dataclass(frozen=True)
class Uncertainty:
    """Covariance of the estimates of the parameters that are free.

    parameters : `information.Parameters`; basis : (n_features, n_free), which times the free ones
    makes noise variances; covariance : of means, loadings row by row, and these free ones. Of
    loadings it is right along what turns of the factors do not change, and only there.
    """

    parameters: object
    basis: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, parameters, basis, information):
        """The inverse of an information, (size, size) as `Parameters` order it."""
        merge = _merging(parameters, basis)
        p, turns = len(basis), turns_of(parameters.loadings)
        turns = np.pad(turns, ((p, basis.shape[1]), (0, 0)))
        return cls(parameters, basis, inverse_beside(merge.T @ information @ merge, turns))

    def sandwich(self, products):
        """The same whether or not the model is right, from that by the observed information.

        products : (size, size), the sum over rows of the products of their slopes (Huber 1967,
        White 1982).
        """
        merge = _merging(self.parameters, self.basis)
        return replace(
            self, covariance=self.covariance @ (merge.T @ products @ merge) @ self.covariance
        )

    def gain(self, slopes):
        """Twice the log-likelihood that a step promises; slopes : (size,), its derivatives."""
        slopes = _merging(self.parameters, self.basis).T @ slopes
        return float(slopes @ self.covariance @ slopes)

    def published(self, turn, method):
        """Derivatives of what is published by the free parameters, which make a last axis.

        turn, method : as `TurnedDerivatives.of` takes them. A dict by name; noise_variance are the
        variances that are free.
        """
        loadings, noise = self.parameters.loadings, self.parameters.noise
        p, n = len(noise), len(self.covariance)
        derivatives = TurnedDerivatives.of(loadings, noise, turn, method)
        return {
            "loadings": self._by_free(derivatives.loadings),
            "standardized_loadings": self._by_free(derivatives.standardised),
            "noise_variance": np.eye(n)[n - self.basis.shape[1] :],
            "factor_correlation": self._by_free(derivatives.correlation),
            "mean": np.eye(p, n),
            "communalities": self._by_free(derivatives.communalities),
        }

    def _by_free(self, slopes):
        """Derivatives by loadings and noise variances (..., n) as those by all that is free."""
        p = len(self.basis)
        by_mean = np.zeros((*slopes.shape[:-1], p))
        parts = by_mean, slopes[..., :-p], slopes[..., -p:] @ self.basis
        return np.concatenate(parts, axis=-1)

    def errors(self, derivatives):
        """Standard errors of quantities with derivatives (..., n) by the free parameters."""
        return errors_by(self.covariance, derivatives)


def errors_by(covariance, derivatives):
    """Standard errors by the delta method: derivatives (..., n) by what has a covariance (n, n)."""
    flat = derivatives.reshape(-1, derivatives.shape[-1])
    variances = np.einsum("ij,ij->i", flat @ covariance, flat)
    return np.sqrt(np.maximum(variances, 0)).reshape(derivatives.shape[:-1])


def _merging(parameters, basis):
    """Derivatives of all parameters by the free ones, (size, n)."""
    n = parameters.size - len(basis)
    result = np.zeros((parameters.size, n + basis.shape[1]))
    result[:n, :n] = np.eye(n)
    result[n:, n:] = basis
    return result


def turns_of(loadings):
    """Directions of loadings (n_features, n_factors), row by row, in which factors are turned.

    (n_features * n_factors, n_turns).
    """
    p, k = loadings.shape
    first, second = np.triu_indices(k, 1)
    turns, numbers = np.zeros((len(first), p, k)), np.arange(len(first))
    turns[numbers, :, first] = loadings[:, second].T
    turns[numbers, :, second] = -loadings[:, first].T
    return turns.reshape(len(first), p * k).T


def inverse_beside(information, turns):
    """An inverse of an information (n, n) but for its turns (n, n_turns), or a ValueError."""
    diagonal = np.diag(information)
    if not (diagonal > 0).all():
        raise ValueError(_FLAT)
    scale = 1 / np.sqrt(diagonal)
    directions, _ = np.linalg.qr(turns / scale[:, None])
    scaled = information * scale * scale[:, None] + directions @ directions.T
    root, failed = dpotrf(scaled, lower=1)
    if failed or dpocon(root, np.abs(scaled).sum(axis=0).max(), uplo="L")[0] < _LEAST:
        raise ValueError(_FLAT)
    return cho_solve((root, True), np.diag(scale)) * scale[:, None]


_FLAT = (
    "The parameters have no standard errors: other ones are as likely, to rounding, or these are "
    "not the likeliest. Take fewer components, or raise max_iter where the fit has not converged."
)
