"""Slow features in closed form."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

_EPS = np.finfo(np.float64).eps
_MOST_LOST = 1e-10  # of the largest variance: a direction with less may be rounding in any table
_ALIKE = 1e-8  # of correlations that rounding may tell apart


@dataclass(frozen=True)
class SlowFeatures:
    """Linear features ``(x - mean) @ filters.T`` of variance 1, slowest first.

    filters : (n_components, n_features); mixing : (n_features, n_components), covariances of the
    columns with the features, which are the best linear way back; deltas : (n_components,), mean
    squared differences of the features; rank : directions in which rows vary.
    """

    filters: np.ndarray
    mixing: np.ndarray
    deltas: np.ndarray
    rank: int

    def first(self, n):
        """The n slowest features."""
        parts = self.filters[:n], self.mixing[:, :n], self.deltas[:n]
        return SlowFeatures(*(np.array(part, order="C") for part in parts), self.rank)


def slow_features(covariance, differences, n_rows):
    """The `SlowFeatures` of second moments, as many as the covariance has directions.

    They solve ``differences w = delta covariance w`` [1]_, where the covariance is inverted within
    the directions in which standardised columns have more than ``n_rows`` times the precision of
    float64 of their largest variance. The column that is correlated most with a feature has a
    positive correlation.

    covariance, differences : (n_features, n_features) means of squares of centred rows and of their
    differences; n_rows : that they were made of.

    .. [1] Wiskott & Sejnowski (2002), Slow feature analysis, Neural Computation 14, 715-770.
    """
    deviations = np.sqrt(np.diag(covariance))
    scale = np.divide(1, deviations, out=np.zeros_like(deviations), where=deviations > 0)
    values, vectors = scipy.linalg.eigh(covariance * scale * scale[:, None])
    least = values[-1] * min(max(n_rows, len(values)) * _EPS, _MOST_LOST)
    kept = values > least
    rank = int(kept.sum())
    white = (vectors[:, kept] / np.sqrt(values[kept])) * scale[:, None]
    inner = white.T @ differences @ white
    deltas, turn = scipy.linalg.eigh((inner + inner.T) / 2)
    filters = (white @ turn).T
    mixing = covariance @ filters.T
    signs = signs_of(mixing * scale[:, None])
    return SlowFeatures(filters * signs[:, None], mixing * signs, np.maximum(deltas, 0), rank)


def signs_of(correlations):
    """Signs of columns whose largest entry is negative; of equally large ones the first counts."""
    sizes = np.abs(correlations)
    chosen = (sizes >= (1 - _ALIKE) * sizes.max(axis=0)).argmax(axis=0)
    return np.where(correlations[chosen, np.arange(sizes.shape[1])] < 0, -1.0, 1.0)
