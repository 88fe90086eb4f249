"""The door: which units fit the data, and the data in the form the machine learns from."""

import numpy as np
import scipy.sparse

from .._batches import (
    Rows,
    Scaling,
    chunks,
    density,
    has_gaps,
    is_binary,
    known_rows,
    means,
    moments,
    rounded_interval,
)
from ..units import Bernoulli, Gaussian
from .columns import refuse_empty
from .doubts import notify_of_fractions, notify_of_reals
from .tables import is_masked, named

_SPARSE = 1 / 8  # of the entries: below, lists of active rows are faster than tables of sums
_LARGEST = 1e15  # of parameters, standard deviations and their inverses
_FARTHEST = 2.0**53  # of means: beyond, float64 does not hold all whole numbers


def choose_visible(visible, data, feature_names=None):
    """``"bernoulli"`` or ``"gaussian"``; ``"auto"`` looks whether all values lie in [0, 1].

    Warns where that may surprise.
    """
    if visible != "auto":
        return visible
    if _inside_unit_interval(data):
        notify_of_fractions(data, feature_names)
        return "bernoulli"
    notify_of_reals(data, feature_names)
    return "gaussian"


def forgiven(values):
    """Values of which those that miss [0, 1] by no more than rounding lie in it; NaN stays."""
    low, high = rounded_interval(values.dtype)
    near = (values >= low) & (values <= high)
    return np.where(near, np.clip(values, 0, 1), values)


def _inside_unit_interval(data):
    """Whether all values lie in [0, 1], but for rounding."""
    low, high = rounded_interval(data.dtype)
    return not any(((chunk < low) | (chunk > high)).any() for chunk in chunks(data))


def check_unit_interval(data, feature_names=None):
    """Raise a ValueError that names the first column with a value outside [0, 1]."""
    if _inside_unit_interval(data):
        return
    low, high = (_column_extremes(data, find) for find in (np.fmin, np.fmax))
    lowest, highest = rounded_interval(data.dtype)
    outside = np.flatnonzero((low < lowest) | (high > highest))
    if len(outside):
        column = outside[0]
        value = low[column] if low[column] < lowest else high[column]
        raise ValueError(
            f"Column {named(column, feature_names)} of X holds the value {float(value)!r}, but "
            "Bernoulli visible units take values in [0, 1]. Binarise or rescale the data, or fit "
            "with visible='gaussian'; rows that a scaler has not seen stay inside by "
            "MinMaxScaler(clip=True)."
        )


def fit_scaling(data, indices, feature_names=None):
    """The standardisation of real data: constant features keep their unit of measurement."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, variance, n, remainder, constant = moments(data, indices)
        known = n > 0
        mean, variance, remainder = (np.where(known, m, 0) for m in (mean, variance, remainder))
    scale = np.where(constant, 1.0, np.sqrt(variance))
    _check_magnitude(mean, scale, feature_names)
    return Scaling(mean, scale, remainder)


def _check_magnitude(mean, scale, feature_names):
    """Refuse features whose parameters float32 could not hold."""
    is_near = (np.abs(mean) <= _FARTHEST) & (scale <= _LARGEST)
    bad = np.flatnonzero(~(is_near & (scale >= 1 / _LARGEST)))
    if len(bad):
        raise ValueError(
            f"Column {named(bad[0], feature_names)} of X has a magnitude out of range: a mean "
            f"beyond +-{_FARTHEST:g}, or a standard deviation outside [{1 / _LARGEST:g}, "
            f"{_LARGEST:g}]. Rescale the data, for example with "
            "sklearn.preprocessing.StandardScaler."
        )


def known_to_learn_from(data):
    """Numbers of the rows of which anything is known, or a ValueError: the others teach nothing."""
    known = known_rows(data)
    if not len(known):
        raise ValueError("Every value of X is missing (NaN): there is nothing to learn from.")
    return known


def check_observed(data, indices, feature_names=None):
    """Refuse columns without any value in the rows to learn from."""
    if has_gaps(data):
        empty = np.flatnonzero(means(data, indices)[1] == 0)
        if len(empty):
            refuse_empty(empty[0], feature_names)


def as_rows(data, visible, scaling, feature_names=None, sparse=False):
    """`Rows` of data for Bernoulli or Gaussian units; the first must lie in [0, 1]."""
    if visible == "gaussian":
        return Rows(data, False, scaling)
    check_unit_interval(data, feature_names)
    binary = is_binary(data)
    rounded = not binary and any(((chunk < 0) | (chunk > 1)).any() for chunk in chunks(data))
    return Rows(data, binary, sparse=sparse, rounded=rounded)


def is_sparse(data):
    """Whether products with rows like these are faster from lists of the non-zero entries."""
    return density(data) < _SPARSE


def initial_units(visible, data, indices):
    """The units of the data layer, their first intercept, and what stands in for missing values.

    Bernoulli units start at the logit of the mean, smoothed by one row of each kind; Gaussian units
    at the mean and the variance of the data, which are 0 and 1 in standardised units. Means stand
    in. Intercept and stand-in : (n_features,).
    """
    if visible == "gaussian":
        n_features = data.shape[1]
        zeros = np.zeros(n_features, np.float32)
        return Gaussian.from_variance(np.ones(n_features)), zeros, zeros.copy()
    mean, count = means(data, indices)
    smoothed = (mean * count + 1) / (count + 2)
    return Bernoulli(), np.log(smoothed) - np.log1p(-smoothed), mean.astype(np.float32)


def real_arrays(name, values):
    """Given parameters as float64 arrays, or a ValueError that names what is wrong with them."""
    try:
        if any(is_masked(value) for value in values):
            raise TypeError("masked values are not allowed")
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
    """The lowest or highest value of each column that is not missing; find : `fmin` or `fmax`."""
    if scipy.sparse.issparse(data):
        data = data.tocsc()
        entries = np.split(data.data, data.indptr[1:-1])
        return np.array([find.reduce(column, initial=0) for column in entries])
    return find.reduce([find.reduce(chunk, axis=0) for chunk in chunks(data)])
