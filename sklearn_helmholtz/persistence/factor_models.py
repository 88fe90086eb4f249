"""Factor models in archives."""

import math

import numpy as np

from ..factors import LinearGaussian
from ..factors.moments import SecondMoments
from .encodings import read_remainder
from .histories import read_weights, write_weights

RECORDS = frozenset(
    {"_model", "_moments", "_weights", "feature_names_in_", "heywood_", "loglike_",
     "n_features_in_", "n_iter_"}
)  # fmt: skip
_LEAST = math.ulp(0.0)
SAME = 1e-4  # of arrays that say the same: what rounding may make of nearly equal factors


def write_factor_model(part, estimator):
    """Write what a fitted factor analysis has learnt."""
    machine = estimator._model.machine
    for name in ("mean", "loadings", "noise", "remainder"):
        part.array(name, getattr(machine, name))
    part.array("turn", estimator._model.turn)
    part.array("components", estimator.components_)
    part.array("factor_correlation", estimator.factor_correlation_)
    part.array("heywood", estimator.heywood_)
    part.flag("is_isotropic", np.ndim(estimator.noise_variance_) == 0)
    part.array("loglike", np.array(estimator.loglike_, np.float64))
    part.whole("n_iter", estimator.n_iter_)
    write_weights(part, estimator._weights)
    moments = estimator._moments
    if moments is None:
        part.nothing("n_rows")
    else:
        write_moments(part, moments)


def write_moments(part, moments):
    """Write `SecondMoments`."""
    part.whole("n_rows", moments.n_rows)
    part.number("weight", moments.weight)
    for name in ("shift", "first", "second"):
        part.array(name, getattr(moments, name))


def read_factor_model(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    machine = _read_machine(part, n_features)
    n = len(machine.loadings)
    turn = part.array("turn", np.float64, (n, n))
    components = part.array("components", np.float64, (n, n_features))
    correlation = part.array("factor_correlation", np.float64, (n, n), -1 - SAME, 1 + SAME)
    check_same("components", turn @ components, machine.loadings)
    check_same("factor_correlation", turn.T @ turn, correlation)
    estimator.n_features_in_ = n_features
    if feature_names is not None:
        estimator.feature_names_in_ = feature_names
    estimator._hold(machine, components, turn, correlation)
    noise = machine.noise
    estimator._publish({
        "heywood_": part.array("heywood", np.bool_, (n_features,)),
        "noise_variance_": float(noise[0]) if part.flag("is_isotropic") else noise,
        "loglike_": part.array("loglike", np.float64, (None,), finite=False).tolist(),
        "n_iter_": part.whole("n_iter"),
    })  # fmt: skip
    estimator._weights = read_weights(part)
    estimator._moments = None if part.is_nothing("n_rows") else read_moments(part, n_features)


def _read_machine(part, n_features):
    shape = (n_features,)
    return LinearGaussian(
        part.array("mean", np.float64, shape),
        part.array("loadings", np.float64, (None, n_features)),
        part.array("noise", np.float64, shape, low=_LEAST),
        read_remainder(part, n_features),
    )


def check_same(name, found, expected):
    """Refuse arrays that contradict each other."""
    scale = np.abs(expected).max(axis=0, initial=0)
    if not (np.abs(found - expected) <= SAME * np.maximum(scale, _LEAST)).all():
        raise ValueError(f"its array {name!r} contradicts its other arrays")


def read_moments(part, n_features):
    """The `SecondMoments` that were written."""
    shape = (n_features,)
    n_rows, weight = part.whole("n_rows"), part.number("weight", low=_LEAST)
    shift = part.array("shift", np.float64, shape)
    first = part.array("first", np.float64, shape)
    second = part.array("second", np.float64, (n_features, n_features))
    if (second != second.T).any() or (np.diag(second) < 0).any():
        raise ValueError("its array 'second' holds no second moments")
    return SecondMoments(shift, n_rows, weight, first, second)
