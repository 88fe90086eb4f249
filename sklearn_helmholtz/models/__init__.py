"""Fitted models: encodings, machines and their answers, for users of any library."""

from .belief_net import BeliefNetModel
from .boltzmann import BoltzmannModel
from .completion import MOST_ROWS, N_SWEEPS, by_blocks
from .deep_belief import DeepBeliefModel
from .deep_boltzmann import DeepBoltzmannModel
from .encoding import (
    LARGEST,
    Encoding,
    choose_family,
    fit_encoding,
    fit_mixed_encoding,
    fit_one_hot_encoding,
    named,
    refuse_empty,
    reorder,
)
from .gaussian_boltzmann import GaussianBoltzmannModel
from .graded import GradedModel
from .independent_components import IndependentComponentsModel
from .joint import joint_probabilities, joint_states, most_probable
from .labelled_boltzmann import LabelledBoltzmannModel
from .linear_gaussian import LinearGaussianModel, check_columns
from .mixed_boltzmann import MixedBoltzmannModel
from .model import Model
from .slow_features import DynamicFactorModel, SlowFeatureModel
from .sparse_coding import SparseCodingModel
from .ways import Ways

__all__ = [
    "LARGEST",
    "MOST_ROWS",
    "N_SWEEPS",
    "BeliefNetModel",
    "BoltzmannModel",
    "DeepBeliefModel",
    "DeepBoltzmannModel",
    "DynamicFactorModel",
    "Encoding",
    "GaussianBoltzmannModel",
    "GradedModel",
    "IndependentComponentsModel",
    "LabelledBoltzmannModel",
    "LinearGaussianModel",
    "MixedBoltzmannModel",
    "Model",
    "SlowFeatureModel",
    "SparseCodingModel",
    "Ways",
    "by_blocks",
    "check_columns",
    "choose_family",
    "fit_encoding",
    "fit_mixed_encoding",
    "fit_one_hot_encoding",
    "joint_probabilities",
    "joint_states",
    "most_probable",
    "named",
    "refuse_empty",
    "reorder",
]
