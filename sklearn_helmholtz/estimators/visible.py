"""The door: which units fit the data, and the data in the form the machine learns from."""

import numpy as np
import scipy.sparse

from .._batches import Rows, Scaling, chunks, density, is_binary, means, moments
from ..units import Bernoulli, Gaussian

_SPARSE = 1 / 8  # of the entries: below, lists of active rows are faster than tables of sums
_LARGEST = 1e15  # of means, standard deviations and their inverses


def choose_visible(visible, data):
    """``"bernoulli"`` or ``"gaussian"``; ``"auto"`` looks whether all values lie in [0, 1]."""
    if visible != "auto":
        return visible
    return "bernoulli" if _inside_unit_interval(data) else "gaussian"


def _inside_unit_interval(data):
    return all(chunk.min() >= 0 and chunk.max() <= 1 for chunk in chunks(data) if chunk.size)


def check_unit_interval(data, feature_names=None):
    """Raise a ValueError that names the first column with a value outside [0, 1]."""
    if _inside_unit_interval(data):
        return
    low, high = (_column_extremes(data, find) for find in (np.min, np.max))
    outside = np.flatnonzero((low < 0) | (high > 1))
    if len(outside):
        column = outside[0]
        value = low[column] if low[column] < 0 else high[column]
        raise ValueError(
            f"Column {_named(column, feature_names)} of X holds the value {float(value)!r}, but "
            "Bernoulli visible units take values in [0, 1]. Binarise or rescale the data, or fit "
            "with visible='gaussian'."
        )


def fit_scaling(data, indices, feature_names=None):
    """The standardisation of real data: constant features keep their unit of measurement."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, variance = moments(data, indices)
        n, eps = len(indices), np.finfo(np.float64).eps
        constant = variance <= n * eps * variance + (n * mean * eps) ** 2
    scale = np.where(constant, 1.0, np.sqrt(variance))
    _check_magnitude(np.maximum(np.abs(mean), scale), scale, feature_names)
    return Scaling(mean, scale)


def _check_magnitude(largest, smallest, feature_names):
    """Refuse features whose parameters float32 could not hold."""
    bad = np.flatnonzero(~((largest <= _LARGEST) & (smallest >= 1 / _LARGEST)))
    if len(bad):
        raise ValueError(
            f"Column {_named(bad[0], feature_names)} of X has a magnitude (mean or standard "
            f"deviation) outside [{1 / _LARGEST:g}, {_LARGEST:g}]. Rescale the data, for example "
            "with sklearn.preprocessing.StandardScaler."
        )


def _named(column, feature_names):
    """A column by number, and by name where it has one."""
    return f"{column} ({feature_names[column]!r})" if feature_names is not None else f"{column}"


def as_rows(data, visible, scaling, feature_names=None, sparse=False):
    """`Rows` of data for Bernoulli or Gaussian units; the first must lie in [0, 1]."""
    if visible == "gaussian":
        return Rows(data, False, scaling)
    check_unit_interval(data, feature_names)
    return Rows(data, is_binary(data), sparse=sparse)


def is_sparse(data):
    """Whether products with rows like these are faster from lists of the non-zero entries."""
    return density(data) < _SPARSE


def initial_units(visible, data, indices):
    """The units of the data layer and their first intercept, (n_features,).

    Bernoulli units start at the logit of the mean, smoothed by one row of each kind; Gaussian units
    at the mean and the variance of the data, which are 0 and 1 in standardised units.
    """
    if visible == "gaussian":
        n_features = data.shape[1]
        return Gaussian.from_variance(np.ones(n_features)), np.zeros(n_features)
    smoothed = (means(data, indices) * len(indices) + 1) / (len(indices) + 2)
    return Bernoulli(), np.log(smoothed) - np.log1p(-smoothed)


def real_arrays(name, values):
    """Given parameters as float64 arrays, or a ValueError that names what is wrong with them."""
    try:
        arrays = [np.asarray(value) for value in values]
        if any(np.iscomplexobj(array) for array in arrays):
            raise TypeError("complex numbers are not allowed")
        arrays = [array.astype(np.float64) for array in arrays]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold arrays of real numbers: {error}.") from error
    for layer, array in enumerate(arrays):
        if not (np.abs(array) <= _LARGEST).all():
            raise ValueError(
                f"{name}[{layer}] must be finite and at most {_LARGEST:g} in magnitude, but holds "
                "other values."
            )
    return arrays


def given_units(noise_variance, n_features):
    """The units and the scaling of given parameters: the user's units are kept."""
    if noise_variance is None:
        return Bernoulli(), None
    (variance,) = real_arrays("noise_variance", [noise_variance])
    low, high = _LARGEST**-2, _LARGEST
    if variance.shape != (n_features,) or not ((variance >= low) & (variance <= high)).all():
        raise ValueError(
            f"noise_variance must hold a number between {low:g} and {high:g} for each of the "
            f"{n_features} features, got {noise_variance!r}."
        )
    # A learnt variance stays above its floor: take units in which the given one is 1.
    scale = np.sqrt(variance)
    return Gaussian.from_variance(np.ones(n_features)), Scaling(np.zeros(n_features), scale)


def noise_variance(units, scaling):
    """The variance of Gaussian visible units in the user's units, (n_features,) float32."""
    return (units.variance * scaling.scale**2).astype(np.float32)


def _column_extremes(data, find):
    if scipy.sparse.issparse(data):
        extreme = data.min(axis=0) if find is np.min else data.max(axis=0)
        return np.asarray(extreme.todense() if hasattr(extreme, "todense") else extreme).ravel()
    return find(np.stack([find(chunk, axis=0) for chunk in chunks(data)]), axis=0)
