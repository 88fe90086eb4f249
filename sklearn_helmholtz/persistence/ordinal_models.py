"""Factor models of items in archives."""

import numpy as np

from ..estimators.items import MOST_LEVELS
from ..estimators.ordinal_fits import OrdinalFit
from .factor_models import SAME, check_same
from .schemas import read_schema, write_schema

RECORDS = frozenset({"_found", "_model", "_schema", "feature_names_in_", "n_features_in_"})


def write_ordinal_model(part, estimator):
    """Write what a fitted factor analysis of items has learnt."""
    found = estimator._found
    for name in ("loadings", "thresholds", "correlation", "vanishing"):
        part.array(name, getattr(found, name))
    part.array("turn", estimator._model.turn)
    part.array("pattern", estimator.loadings_)
    part.array("factor_correlation", estimator.factor_correlation_)
    part.flag("is_smoothed", found.is_smoothed)
    part.flag("converged", found.converged)
    part.number("lowest", found.lowest)
    part.whole("n_iter", found.n_steps)
    part.array("loglike", np.array(found.path, np.float64))
    write_schema(part.part("schema"), estimator._schema)


def read_ordinal_model(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    schema = read_schema(part.part("schema"))
    n_levels = _read_levels(schema, n_features, feature_names)
    found = _read_fit(part, n_levels)
    k = found.loadings.shape[1]
    turn = part.array("turn", np.float64, (k, k))
    pattern = part.array("pattern", np.float64, (n_features, k))
    correlation = part.array("factor_correlation", np.float64, (k, k), -1 - SAME, 1 + SAME)
    check_same("pattern", turn @ pattern.T, found.loadings.T)
    check_same("factor_correlation", turn.T @ turn, correlation)
    estimator.n_features_in_ = n_features
    if feature_names is not None:
        estimator.feature_names_in_ = feature_names
    estimator._schema = schema
    estimator._hold(found, pattern, turn, correlation)


def _read_levels(schema, n_features, feature_names):
    """Numbers of levels of the items, (n_items,), or a ValueError where columns are no items."""
    if set(schema.kinds) != {"ordinal"} or len(schema.kinds) != n_features:
        raise ValueError("its schema is not one of so many items")
    words = all(isinstance(name, str) for name in schema.names or (None,))
    if list(schema.names if words else ()) != list(() if feature_names is None else feature_names):
        raise ValueError("its schema has other names than its features")
    n_levels = np.array([len(levels) for levels in schema.categories])
    if not ((n_levels > 1) & (n_levels <= MOST_LEVELS)).all():
        raise ValueError(f"an item has not from 2 to {MOST_LEVELS} levels")
    return n_levels


def _read_fit(part, n_levels):
    """The `OrdinalFit` to items of some numbers of levels."""
    p = len(n_levels)
    loadings = part.array("loadings", np.float64, (p, None), -1, 1)
    if not ((loadings**2).sum(axis=1) < 1).all():
        raise ValueError("its array 'loadings' leaves no noise to an item")
    shape = (p, n_levels.max() + 1)
    thresholds = part.array("thresholds", np.float64, shape, finite=False)
    beyond = np.arange(shape[1]) >= n_levels[:, None]
    is_rising = (thresholds[:, 1:] >= thresholds[:, :-1]).all()
    if not is_rising or (thresholds[:, 0] != -np.inf).any() or (thresholds[beyond] != np.inf).any():
        raise ValueError("its array 'thresholds' does not rise from one infinity to the other")
    correlation = part.array("correlation", np.float64, (p, p), -1, 1)
    if (correlation != correlation.T).any() or (np.diag(correlation) != 1).any():
        raise ValueError("its array 'correlation' holds no correlations")
    return OrdinalFit(
        loadings, thresholds, correlation, part.flag("is_smoothed"), part.number("lowest"),
        part.array("vanishing", np.bool_, (p,)),
        part.array("loglike", np.float64, (None,), finite=False).tolist(), part.whole("n_iter"),
        part.flag("converged"),
    )  # fmt: skip
