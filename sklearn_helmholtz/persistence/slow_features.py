"""Slow features in archives."""

import numpy as np

from ..estimators.slow_feature_fit import SequenceMoments
from ..sequences import Differences, DynamicFactors, SlowFeatures
from .factor_models import check_same, read_moments, write_moments

RECORDS = frozenset({"_model", "_moments", "feature_names_in_", "n_features_in_"})
_LEAST = np.nextafter(0, 1)
_MOST = 1 - 2.0**-53  # the largest autocorrelation


def write_slow_features(part, estimator):
    """Write what a fitted slow feature analysis has learnt."""
    part.whole("rank", estimator.rank_)
    part.flag("has_noise", hasattr(estimator, "noise_variance_"))
    if hasattr(estimator, "noise_variance_"):
        machine = estimator._model.machine
        for name in ("mean", "loadings", "noise", "persistence"):
            part.array(name, getattr(machine, name))
        part.array("loglike", np.array(estimator.loglike_, np.float64))
        part.whole("n_iter", estimator.n_iter_)
        return
    for name in ("mean", "filters", "mixing"):
        part.array(name, getattr(estimator._model, name))
    part.array("deltas", estimator.delta_values_)
    moments = estimator._moments
    write_moments(part, moments.rows)
    part.whole("lag", moments.differences.lag)
    part.whole("n_pairs", moments.differences.n_pairs)
    part.array("differences", moments.differences.second)


def read_slow_features(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    estimator.n_features_in_ = n_features
    if feature_names is not None:
        estimator.feature_names_in_ = feature_names
    rank = part.whole("rank", 1, n_features)
    if part.flag("has_noise"):
        _read_noise(part, estimator, n_features, rank)
    else:
        _read_closed_form(part, estimator, n_features, rank)


def _read_noise(part, estimator, p, rank):
    if estimator.noise == "none":
        raise ValueError("its parameters say noise='none', but it holds noise")
    machine = DynamicFactors(
        part.array("mean", np.float64, (p,)),
        part.array("loadings", np.float64, (None, p)),
        part.array("noise", np.float64, (p,), low=_LEAST),
        part.array("persistence", np.float64, (None,), -_MOST, _MOST),
    )
    if len(machine.persistence) != len(machine.loadings):
        raise ValueError("its array 'persistence' has another length than its loadings")
    path = part.array("loglike", np.float64, (None,), finite=False).tolist()
    records = {"loglike_": path, "n_iter_": part.whole("n_iter"), "rank_": rank}
    estimator._hold_machine(machine, records)


def _read_closed_form(part, estimator, p, rank):
    mean = part.array("mean", np.float64, (p,))
    filters = part.array("filters", np.float64, (None, p))
    k = len(filters)
    mixing = part.array("mixing", np.float64, (p, k))
    deltas = part.array("deltas", np.float64, (k,), 0, np.inf)
    check_same("filters", filters @ mixing, np.eye(k))
    rows, lag = read_moments(part, p), part.whole("lag", 1)
    n_pairs, second = part.whole("n_pairs", 1), part.array("differences", np.float64, (p, p))
    if (second != second.T).any() or (np.diag(second) < 0).any():
        raise ValueError("its array 'differences' holds no second moments")
    moments = SequenceMoments(rows, Differences(lag, n_pairs, second))
    estimator._hold(SlowFeatures(filters, mixing, deltas, rank), mean, moments)
