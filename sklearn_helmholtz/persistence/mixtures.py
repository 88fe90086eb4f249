"""Mixtures of densities in archives."""

import numpy as np

from ..applications.mixture_components import check_components
from .held import answering_arrays, check_held, set_features

RECORDS = frozenset(
    {"estimators_", "feature_names_in_", "loglike_", "n_features_in_", "n_iter_", "weights_"}
)


def write_mixture(part, mixture, write_density):
    """Write what a fitted `DensityMixture` has learnt."""
    part.array("weights", mixture.weights_)
    part.array("loglike", np.array(mixture.loglike_, np.float64))
    held = mixture.estimators_
    for number, own in enumerate(part.parts("estimators", len(held))):
        write_density(own, held[number], f"estimator.estimators_[{number}]")


def read_mixture(part, mixture, n_features, names, read_density):
    """Let a mixture become the fitted one that was written."""
    held = [answering_arrays(read_density(own)) for own in part.parts("estimators")]
    for density in held:
        check_held(density, mixture, n_features, names)
    check_components(held)
    weights = part.array("weights", np.float64, (len(held),), low=0, high=1)
    if not np.isclose(weights.sum(), 1):
        raise ValueError("its weights are no probabilities that sum to 1")
    loglike = part.array("loglike", np.float64, (None,)).tolist()
    mixture._hold(held, weights, loglike)
    set_features(mixture, n_features, names)
