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

__all__ = [
    "FactorAnalysis",
    "GenerativeClassifier",
    "HeldOutLikelihood",
    "HelmholtzMachine",
    "SigmoidBeliefNet",
    "__version__",
    "compare_log_likelihood",
]
