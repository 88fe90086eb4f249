"""Helmholtz machines and their relatives: latent-variable density models for scikit-learn."""

from ._version import __version__
from .applications import (
    GenerativeClassifier,
    LatentAnomalyDetector,
    LatentClassifier,
    LatentImputer,
    TransformedDensity,
)
from .estimators import (
    DeepBeliefNet,
    DeepBoltzmannMachine,
    DeterministicHelmholtzMachine,
    FactorAnalysis,
    GaussianHelmholtzMachine,
    HeldOutLikelihood,
    HelmholtzMachine,
    OrdinalFactorAnalysis,
    RestrictedBoltzmannClassifier,
    RestrictedBoltzmannMachine,
    SigmoidBeliefNet,
    bartlett_sphericity,
    compare_log_likelihood,
    kaiser_meyer_olkin,
    one_standard_error,
    parallel_analysis,
    polychoric_correlation,
)
from .persistence import TRUSTED_TYPES, load, save

__all__ = [
    "TRUSTED_TYPES",
    "DeepBeliefNet",
    "DeepBoltzmannMachine",
    "DeterministicHelmholtzMachine",
    "FactorAnalysis",
    "GaussianHelmholtzMachine",
    "GenerativeClassifier",
    "HeldOutLikelihood",
    "HelmholtzMachine",
    "LatentAnomalyDetector",
    "LatentClassifier",
    "LatentImputer",
    "OrdinalFactorAnalysis",
    "RestrictedBoltzmannClassifier",
    "RestrictedBoltzmannMachine",
    "SigmoidBeliefNet",
    "TransformedDensity",
    "__version__",
    "bartlett_sphericity",
    "compare_log_likelihood",
    "kaiser_meyer_olkin",
    "load",
    "one_standard_error",
    "parallel_analysis",
    "polychoric_correlation",
    "save",
]
