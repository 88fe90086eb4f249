"""Helmholtz machines and their relatives: latent-variable density models for scikit-learn."""

from ._version import __version__
from .applications import GenerativeClassifier
from .estimators import (
    FactorAnalysis,
    HeldOutLikelihood,
    HelmholtzMachine,
    SigmoidBeliefNet,
    compare_log_likelihood,
)
from .persistence import TRUSTED_TYPES, load, save

__all__ = [
    "TRUSTED_TYPES",
    "FactorAnalysis",
    "GenerativeClassifier",
    "HeldOutLikelihood",
    "HelmholtzMachine",
    "SigmoidBeliefNet",
    "__version__",
    "compare_log_likelihood",
    "load",
    "save",
]
