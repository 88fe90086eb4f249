"""Weighted draws of columns."""

import numpy as np


def weighted_medians(weights, values):
    """Smallest values that at least half of the weight does not exceed, (n_rows, n_features).

    weights : (n_rows, n_values); values : (n_rows, n_values, n_features).
    """
    order = np.argsort(values, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(weights[..., None], order, axis=1), axis=1)
    place = (sums >= 0.5 * sums[:, -1:]).argmax(axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    return np.take_along_axis(ordered, place[:, None], axis=1)[:, 0]
