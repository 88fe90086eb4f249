"""Estimators: the shells that scikit-learn knows."""

from .adequacy import bartlett_sphericity, kaiser_meyer_olkin
from .choice import one_standard_error
from .comparison import compare_log_likelihood
from .deep_belief_net import DeepBeliefNet
from .deep_boltzmann_machine import DeepBoltzmannMachine
from .deterministic_helmholtz_machine import DeterministicHelmholtzMachine
from .dimensions import parallel_analysis
from .factor_analysis import FactorAnalysis
from .gaussian_helmholtz_machine import GaussianHelmholtzMachine
from .helmholtz_machine import HelmholtzMachine
from .independent_components import IndependentComponents
from .monitoring import HeldOutLikelihood
from .ordinal_factor_analysis import OrdinalFactorAnalysis
from .polychoric import polychoric_correlation
from .restricted_boltzmann_classifier import RestrictedBoltzmannClassifier
from .restricted_boltzmann_machine import RestrictedBoltzmannMachine
from .sigmoid_belief_net import SigmoidBeliefNet
from .slow_feature_analysis import SlowFeatureAnalysis
from .sparse_coding import SparseCoding

__all__ = [
    "DeepBeliefNet",
    "DeepBoltzmannMachine",
    "DeterministicHelmholtzMachine",
    "FactorAnalysis",
    "GaussianHelmholtzMachine",
    "HeldOutLikelihood",
    "HelmholtzMachine",
    "IndependentComponents",
    "OrdinalFactorAnalysis",
    "RestrictedBoltzmannClassifier",
    "RestrictedBoltzmannMachine",
    "SigmoidBeliefNet",
    "SlowFeatureAnalysis",
    "SparseCoding",
    "bartlett_sphericity",
    "compare_log_likelihood",
    "kaiser_meyer_olkin",
    "one_standard_error",
    "parallel_analysis",
    "polychoric_correlation",
]
