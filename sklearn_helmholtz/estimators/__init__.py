"""Estimators: the shells that scikit-learn knows."""

from .comparison import compare_log_likelihood
from .factor_analysis import FactorAnalysis
from .helmholtz_machine import HelmholtzMachine
from .monitoring import HeldOutLikelihood
from .sigmoid_belief_net import SigmoidBeliefNet

__all__ = [
    "FactorAnalysis",
    "HeldOutLikelihood",
    "HelmholtzMachine",
    "SigmoidBeliefNet",
    "compare_log_likelihood",
]
