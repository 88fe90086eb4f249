"""Covariances of the estimates of factor models of items."""

from dataclasses import dataclass

import numpy as np

from .graded import Ogives, slopes_of_likelihood
from .information import Pattern
from .items import distinct_rows
from .turned import TurnedDerivatives
from .uncertainty import Uncertainty, errors_by, inverse_beside, turns_of

_STEP = 1e-4  # of a slope, and of a cut relative to the gaps beside it


def of_correlations(parameters, basis, correlation, influences):
    """The `Uncertainty` of factor analysis of polychoric correlations.

    What each row does to the correlations, it does to the parameters at which their discrepancy is
    least (Lee, Zhang & Edwards 2012). parameters : `Parameters` of standardised variables; basis :
    as of `Uncertainty`; correlation : (n_items, n_items); influences : `polychoric.Influences`.
    """
    p = len(correlation)
    pattern = Pattern(np.arange(p), 1.0, np.zeros(p), correlation)
    found = Uncertainty.of(parameters, basis, parameters.observed([pattern]))
    slopes = _slopes_by_pairs(parameters, influences.items.pairs)
    products = np.zeros((parameters.size, parameters.size))
    for place in influences.items.places(slopes.shape[1]):
        rows = influences.rows(place) @ slopes.T
        products += rows.T @ rows
    return found.sandwich(products)


def _slopes_by_pairs(parameters, pairs):
    """Changes of the first derivatives with each correlation, (size, n_pairs)."""
    A, W, (first, second) = parameters.loadings, parameters.precision(), pairs
    G = W @ A
    by_loadings = np.einsum("im,mr->irm", W[:, first], G[second])
    by_loadings += np.einsum("im,mr->irm", W[:, second], G[first])
    by_noise = W[:, first] * W[:, second]
    zeros = np.zeros((len(A), len(first)))
    return np.concatenate([zeros, by_loadings.reshape(A.size, len(first)), by_noise])


@dataclass(frozen=True)
class OgiveUncertainty:
    """Covariance of slopes, item by item, and of the cuts that are free.

    ogives : `graded.Ogives`; covariance : (n, n); gain : twice the log-likelihood that a step would
    gain.
    """

    ogives: object
    covariance: np.ndarray
    gain: float

    @classmethod
    def of(cls, ogives, codes, weights):
        """The inverse of minus the second derivatives of the log-likelihood of rows.

        By differences of the first, which are exact. Sums of products of the slopes of rows would
        tell next to nothing of an item with a level that few rows have, nor of the others then.
        """
        codes, weights = distinct_rows(codes, weights)
        ties, steps = ogives.ties(), _steps(ogives)

        def gradient(change):
            other = _moved(ogives, ties, change)
            _, by_slope, by_cut = slopes_of_likelihood(other, codes, weights)
            return np.concatenate([by_slope.ravel(), by_cut.ravel() @ ties])

        ends = [(gradient(-step), gradient(step)) for step in np.diag(steps)]
        curvature = np.array([low - high for low, high in ends]) / (2 * steps[:, None])
        turns = np.pad(turns_of(ogives.slopes), ((0, ties.shape[1]), (0, 0)))
        covariance = inverse_beside((curvature + curvature.T) / 2, turns)
        slopes = gradient(np.zeros(len(steps)))
        return cls(ogives, covariance, float(slopes @ covariance @ slopes))

    def errors(self, derivatives):
        """Standard errors of quantities with derivatives (..., n)."""
        return errors_by(self.covariance, derivatives)

    def published(self, turn, method):
        """Derivatives of what is published; see `Uncertainty.published`."""
        b, A = self.ogives.slopes, self.ogives.loadings
        p, k = b.shape
        length = np.sqrt(1 + (b**2).sum(axis=1))
        chain = np.zeros((p * k + p, len(self.covariance)))
        items = np.arange(p)
        by_slope = np.eye(k) / length[:, None, None]
        by_slope = by_slope - b[:, :, None] * b[:, None] / length[:, None, None] ** 3
        loads = np.zeros((p, k, p, k))
        loads[items, :, items] = by_slope
        chain[: p * k, : p * k] = loads.reshape(p * k, p * k)
        noise = np.zeros((p, p, k))
        noise[items, items] = -2 * b / length[:, None] ** 4
        chain[p * k :, : p * k] = noise.reshape(p, p * k)
        slopes = TurnedDerivatives.of(A, 1 / length**2, turn, method)
        return {
            "loadings": slopes.loadings @ chain,
            "noise_variance": chain[p * k :],
            "factor_correlation": slopes.correlation @ chain,
            "communalities": slopes.communalities @ chain,
        }

    def thresholds(self):
        """Derivatives of the inner thresholds that are free, (n_free, n)."""
        b, cuts = self.ogives.slopes, self.ogives.cuts[:, 1:-1]
        items, places = np.nonzero(self.ogives.is_free)
        length = np.sqrt(1 + (b**2).sum(axis=1))
        result = np.zeros((len(items), len(self.covariance)))
        rows, n = np.arange(len(items)), b.size
        result[rows, n + rows] = 1 / length[items]
        for factor in range(b.shape[1]):
            change = -cuts[items, places] * b[items, factor] / length[items] ** 3
            result[rows, items * b.shape[1] + factor] = change
        return result

    def threshold_errors(self):
        """Standard errors of the inner thresholds, (n_items, most - 1); NaN for infinite ones."""
        inner = self.ogives.cuts[:, 1:-1]
        errors = self.ogives.ties() @ self.errors(self.thresholds())
        return np.where(np.isfinite(inner), errors.reshape(inner.shape), np.nan)


def _steps(ogives):
    """Steps of slopes, item by item, and of free cuts, which stay in their order."""
    gaps = np.diff(np.where(np.isfinite(ogives.cuts), ogives.cuts, np.nan), axis=1)
    least = np.where(gaps > 0, gaps, 1.0).min(axis=1).clip(max=1.0)
    items, _ = np.nonzero(ogives.is_free)
    return _STEP * np.concatenate([np.ones(ogives.slopes.size), least[items]])


def _moved(ogives, ties, change):
    """The `Ogives` with slopes and free cuts changed; ties : as `Ogives.ties` has them."""
    n, cuts = ogives.slopes.size, ogives.cuts.copy()
    cuts[:, 1:-1] += (ties @ change[n:]).reshape(cuts[:, 1:-1].shape)
    return Ogives(ogives.slopes + change[:n].reshape(ogives.slopes.shape), cuts)
