"""Slopes of transformers that map each column on its own: ``log |dT_j / dx_j|``."""

import numpy as np
from scipy import stats
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from ..models import named
from .functions import FUNCTIONS
from .rows import numbers


def log_slopes(transformer, X):
    """Log-slope at each value, (n_rows, n_columns) float64, -inf where the transformer is flat.

    A missing value has no slope, and no part in a density: 0. X : as the transformer takes it.

    Raises
    ------
    TypeError
        Where nothing is known of the transformer.
    ValueError
        Where it has no slope: a `QuantileTransformer` whose quantiles are tied.
    """
    values = numbers(X)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.broadcast_to(_rule(transformer)(transformer, X, values), values.shape)
    return np.where(np.isnan(values), 0.0, slopes)


def has_slopes(transformer):
    """Whether the slopes of a transformer are known."""
    return _rule(transformer) is not None


def _rule(transformer):
    """The function that knows the slopes of a class, None where its map is another's."""
    for known, rule in _RULES.items():
        if isinstance(transformer, known) and type(transformer).transform is known.transform:
            return rule
    return None


def _of_divisor(transformer, X, values):
    """Slopes of scalers that divide: those that do not scale have no ``scale_``."""
    return 0.0 if transformer.scale_ is None else -np.log(transformer.scale_)


def _of_max_abs(transformer, X, values):
    slopes = -np.log(transformer.scale_)
    if getattr(transformer, "clip", False):
        return np.where(np.abs(values) > transformer.scale_, -np.inf, slopes)
    return slopes


def _of_range(transformer, X, values):
    slopes = np.log(transformer.scale_)
    if transformer.clip:
        is_flat = (values < transformer.data_min_) | (values > transformer.data_max_)
        return np.where(is_flat, -np.inf, slopes)
    return slopes


def _of_power(transformer, X, values):
    """Slopes ``x^(l - 1)`` of Box and Cox, ``(1 + |x|)^((l - 1) sign x)`` of Yeo and Johnson."""
    power = transformer.lambdas_ - 1
    if transformer.method == "box-cox":
        slopes = power * np.log(values)
    else:
        slopes = power * np.sign(values) * np.log1p(np.abs(values))
    return slopes - np.log(transformer._scaler.scale_) if transformer.standardize else slopes


def _of_quantiles(transformer, X, values):
    """Slopes of piecewise linear interpolation, then of the inverse of the normal distribution."""
    slopes = np.empty(values.shape)
    for column, knots in enumerate(transformer.quantiles_.T):
        if not (np.diff(knots) > 0).all():
            tie = knots[:-1][np.diff(knots) <= 0][0]
            label = named(column, getattr(transformer, "feature_names_in_", None))
            raise ValueError(
                f"Column {label} has more than one quantile at {tie:g}, where QuantileTransformer "
                "jumps: rows have no density there. Use fewer n_quantiles, another transformer, or "
                "leave the column as it is."
            )
        slopes[:, column] = _of_interpolation(values[:, column], knots, transformer.references_)
    slopes = np.log(slopes)
    if transformer.output_distribution == "normal":
        slopes = slopes - stats.norm.logpdf(np.asarray(transformer.transform(X), np.float64))
    return slopes


def _of_interpolation(values, knots, heights):
    """Slope of a broken line: at a knot the mean of both sides, beyond its ends zero."""
    steps = np.diff(heights) / np.diff(knots)
    sides = [np.searchsorted(knots, values, side) - 1 for side in ("left", "right")]
    left, right = (steps[np.clip(side, 0, len(steps) - 1)] for side in sides)
    return np.where((values < knots[0]) | (values > knots[-1]), 0.0, (left + right) / 2)


def _of_function(transformer, X, values):
    if transformer.func not in FUNCTIONS or transformer.kw_args:
        name = getattr(transformer.func, "__name__", transformer.func)
        known = ", ".join(sorted(function.__name__ for function in FUNCTIONS))
        raise TypeError(
            f"The slope of the function {name} of a FunctionTransformer is not known, only those "
            f"of {known} of NumPy and SciPy, without kw_args. Give log_det for the whole "
            "transformer, or a transformer that has log_abs_det_jacobian."
        )
    return FUNCTIONS[transformer.func].log_slope(values)


_RULES = {
    StandardScaler: _of_divisor,
    RobustScaler: _of_divisor,
    MaxAbsScaler: _of_max_abs,
    MinMaxScaler: _of_range,
    PowerTransformer: _of_power,
    QuantileTransformer: _of_quantiles,
    FunctionTransformer: _of_function,
}
KNOWN = tuple(known.__name__ for known in _RULES)
