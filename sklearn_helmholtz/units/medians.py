"""Medians of mixtures, column by column."""

import numpy as np
from scipy.special import ndtr, pdtr

_HALVINGS = 60  # of an interval around a median, until nothing is left of it


def gaussian_mixture_medians(weights, means, variances):
    """Medians of mixtures of Gaussians, (n_rows, n_features).

    weights : (n_rows, n_components); means : (n_rows, n_components, n_features); variances :
    (n_rows, n_features), the same for all components of a row.
    """
    deviations = np.sqrt(variances)
    low, high = means.min(axis=1), means.max(axis=1)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = ndtr((middle[:, None] - means) / deviations[:, None])
        is_low = np.einsum("nk,nkd->nd", weights, below) < 0.5
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return (low + high) / 2


def poisson_mixture_medians(weights, rates):
    """Smallest counts that at least half of mixtures of Poisson distributions do not exceed.

    rates : (n_rows, n_components, n_features), as the means of Gaussians.
    """
    low = np.full(rates[:, 0].shape, -1.0)
    high = np.ceil(2 * rates.max(axis=1)) + 2  # beyond the median of any component
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        below = np.einsum("nk,nkd->nd", weights, pdtr(middle[:, None], rates))
        is_low = (below < 0.5) & (middle > low)
        high = np.where(is_low, high, np.maximum(middle, low + 1))
        low = np.where(is_low, middle, low)
    return high
