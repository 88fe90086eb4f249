"""Factor models of items from given parameters."""

import numpy as np

from .factor_parameters import correlation_and_turn, real_array
from .items import MOST_LEVELS
from .ordinal_fits import OrdinalFit


def given_fit(components, thresholds, factor_correlation):
    """An `OrdinalFit` of given parameters, after checking them, and how its factors are published.

    Returns the fit, the numbers of levels (n_items,), the loadings, the transformation that makes
    the factors given ``z @ turn`` of uncorrelated ones, and the correlations of the former.
    """
    components = real_array("components", components)
    if components.ndim != 2 or not components.shape[1]:
        raise ValueError(
            "components must have two dimensions, and a column for each item, got the shape "
            f"{components.shape}."
        )
    k, p = components.shape
    limits = _limits(thresholds, p)
    correlation, turn = correlation_and_turn(factor_correlation, k)
    loadings = (turn @ components).T
    communalities = (loadings**2).sum(axis=1)
    if not (communalities < 1).all():
        item = int(communalities.argmax())
        raise ValueError(
            "components must leave some noise to each item, whose variance is 1, but explain "
            f"{communalities[item]:.3g} of item {item}."
        )
    behind = loadings @ loadings.T
    np.fill_diagonal(behind, 1)
    n_levels = np.array([len(own) + 1 for own in limits])
    table = np.full((p, n_levels.max() + 1), np.inf)
    table[:, 0] = -np.inf
    for row, own in zip(table, limits, strict=True):
        row[1 : 1 + len(own)] = own
    found = OrdinalFit(loadings, table, behind, False, 1.0, np.zeros(p, bool), [], 0, True)
    return found, n_levels, components.T, turn, correlation


def _limits(thresholds, n_items):
    """Rising arrays, one for each item, or a ValueError."""
    if isinstance(thresholds, str) or not hasattr(thresholds, "__len__"):
        raise ValueError(f"thresholds must be a list of arrays, got {thresholds!r}.")
    if len(thresholds) != n_items:
        raise ValueError(
            f"thresholds must hold an array for each of the {n_items} items, got {len(thresholds)}."
        )
    found = []
    for number, own in enumerate(thresholds):
        own = real_array(f"thresholds[{number}]", own)
        if own.ndim != 1 or not 1 <= len(own) < MOST_LEVELS or (np.diff(own) <= 0).any():
            raise ValueError(
                f"thresholds[{number}] must hold from 1 to {MOST_LEVELS - 1} numbers that rise, "
                f"got {own}."
            )
        found.append(own)
    return found


def table_of_levels(n_levels):
    """A table that has all levels 0, 1, ... of some items, NaN where an item has fewer."""
    levels = np.arange(n_levels.max(), dtype=np.float64)[:, None]
    return np.where(levels < n_levels, levels, np.nan)
