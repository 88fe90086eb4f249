"""Values that are given, from which the others are to be drawn."""

import numpy as np
from scipy.special import log_expit, logit, xlog1py, xlogy

from .._incomplete import observed
from ..inference import GaussianGaps
from ..units import Bernoulli, Gaussian
from .labels import by_label
from .notices import notify
from .tables import as_numbers, named
from .visible import forgiven

_IMPOSSIBLE = 1e-12  # a probability
_SMALLEST_MEAN = 1e-6
_ALLOWANCE = 0.05  # nats for each given value: the more is given, the lower estimates of log p


def as_evidence(given, n_features, units, feature_names=None):
    """Given values as an array (n_features,) float64, or a ValueError."""
    names = range(n_features) if feature_names is None else feature_names
    given = by_label("given", given, list(names))
    values = given if np.ma.isMaskedArray(given) else np.asarray(given, dtype=object)
    if values.shape != (n_features,):
        raise ValueError(
            f"given must have the shape ({n_features},), one value for each feature and NaN for "
            f"those to be drawn, got {values.shape}."
        )
    evidence = _numbers(values, feature_names)
    infinite = np.flatnonzero(np.isinf(evidence))
    if len(infinite):
        raise ValueError(f"given holds infinity in column {named(infinite[0], feature_names)}.")
    if not isinstance(units, Bernoulli):
        return evidence
    evidence = forgiven(evidence)
    outside = np.flatnonzero((evidence < 0) | (evidence > 1))
    if len(outside):
        raise ValueError(
            f"given holds the value {evidence[outside[0]]:g} in column "
            f"{named(outside[0], feature_names)}, but Bernoulli visible units take values in "
            "[0, 1]."
        )
    return evidence


def _numbers(values, feature_names):
    """Given values as float64, NaN for those to be drawn, or a ValueError."""
    try:
        return as_numbers(values[None], "given", feature_names)[0].astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"given must hold a number for each feature, NaN for those to be drawn. {error}"
        ) from None


def check_evidence(estimator, rows, evidence):
    """Refuse values that no state of the causes makes possible; warn of combinations of values."""
    machine = estimator._machine
    x = observed(rows.take(np.arange(1)))[0]
    log_best = _log_best(machine.visible, x)
    impossible = np.flatnonzero(log_best < np.log(_IMPOSSIBLE))
    if len(impossible):
        column = impossible[0]
        raise ValueError(
            f"The model thinks it impossible that column {named(column, estimator._names)} is "
            f"{evidence[column]:g}, as given says: whatever the causes, its probability is at most "
            f"{np.exp(log_best[column]):.1g} (of a Gaussian unit, relative to that of the mean)."
        )
    if not isinstance(machine.visible.units, Gaussian):
        _warn_of_combination(estimator, rows, evidence)


def _log_best(visible, x):
    """Log-probability of each observed value under the states that suit it best; 0 if missing.

    For Gaussian units relative to the density at the mean. Where units depend on those before them,
    given the values of these that are given.
    """
    if not isinstance(visible.units, Gaussian):
        return _log_best_binary(x, *_extreme_inputs(visible, x))
    if visible.lateral is not None:
        return -0.5 * GaussianGaps(visible).deviations(x) ** 2
    distance = x - np.clip(x, *_extreme_inputs(visible, x))
    return np.where(np.isnan(x), 0.0, -0.5 * distance**2 / visible.units.variance)


def _log_best_binary(x, lowest, highest):
    """The same of zeros, ones and fractions, whose inputs lie between two limits."""
    # Concave in eta: the best is where x is the mean, or at an end.
    eta = np.clip(logit(x), lowest, highest)
    log_best = x * eta + log_expit(-eta) - xlogy(x, x) - xlog1py(1 - x, -x)
    return np.where(np.isnan(x), 0.0, log_best)


def _extreme_inputs(visible, x):
    """The lowest and the highest inputs of the units of the data, (n_features,) each.

    Over all states and, where units depend on those before them, over all missing values.
    """
    weights, fixed = visible.affine.weights.astype(np.float64), visible.affine.intercept
    if visible.lateral is not None:
        own = visible.lateral.weights.astype(np.float64)
        fixed = fixed + (np.nan_to_num(x)[:, None] * own).sum(axis=0)
        weights = np.concatenate([weights, own[np.isnan(x)]])
    return tuple(fixed + find(weights, 0).sum(axis=0) for find in (np.minimum, np.maximum))


def _warn_of_combination(estimator, rows, evidence):
    """Warn of evidence that is far less probable than if the features were independent."""
    seen = ~np.isnan(evidence)
    mean = np.clip(estimator._stand_in[seen], _SMALLEST_MEAN, 1 - _SMALLEST_MEAN)
    x = evidence[seen]
    independent = (x * np.log(mean) + (1 - x) * np.log1p(-mean)).sum()
    log_p = estimator._estimate_rows(rows, "auto", None, None)[0].per_sample[0]
    if log_p < independent + np.log(_IMPOSSIBLE) - _ALLOWANCE * len(x):
        notify(
            f"The model thinks the given values nearly impossible together: their log-probability "
            f"is {log_p:.1f} nats, and {independent:.1f} if the features were independent. What is "
            "drawn may mean little."
        )
