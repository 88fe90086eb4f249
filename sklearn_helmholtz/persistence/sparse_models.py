"""Dictionaries of sparse coding in archives."""

import math

import numpy as np

from ..dictionaries import LaplaceDictionary

RECORDS = frozenset({"_model", "feature_names_in_", "n_features_in_"})
_LEAST = math.ulp(0.0)


def write_sparse_model(part, estimator):
    """Write what a fitted `SparseCoding` has learnt."""
    machine = estimator._model.machine
    part.array("mean", machine.mean)
    part.array("atoms", machine.atoms)
    part.number("noise", machine.noise)
    part.whole("n_iter", estimator.n_iter_)
    part.array("noise_path", estimator.noise_path_)


def read_sparse_model(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    machine = LaplaceDictionary(
        part.array("mean", np.float64, (n_features,)),
        part.array("atoms", np.float64, (None, n_features)),
        part.number("noise", low=_LEAST),
    )
    if not machine.n_atoms:
        raise ValueError("its array 'atoms' holds none")
    estimator.n_features_in_ = n_features
    if feature_names is not None:
        estimator.feature_names_in_ = feature_names
    estimator._hold(machine)
    path = part.array("noise_path", np.float64, (None,), low=_LEAST)
    estimator._publish({"n_iter_": part.whole("n_iter"), "noise_path_": path})
