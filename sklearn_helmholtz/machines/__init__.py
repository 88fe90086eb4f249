"""Machines: chains of conditionals, and what they make together."""

from .baselines import WithBaselines, with_baselines
from .belief_net import BeliefNet, downward, generative_chain, has_recognition, initialise_net
from .boltzmann import BaseRates, Boltzmann, assemble_boltzmann, initialise_boltzmann, log_sum
from .chain import Chain
from .column_tree import tree_order
from .deep_belief import DeepBelief, assemble_deep_belief, initialise_deep_belief, stack
from .deep_boltzmann import DeepBoltzmann, assemble_deep_boltzmann, initialise_deep_boltzmann
from .deterministic import (
    ACTIVATIONS,
    DeterministicHelmholtz,
    as_deterministic,
    initialise_deterministic,
)
from .gaussian import POSTERIORS, GaussianHelmholtz, assemble_gaussian, initialise_gaussian
from .gaussian_boltzmann import (
    BaseNormals,
    GaussianBoltzmann,
    assemble_gaussian_boltzmann,
    initialise_gaussian_boltzmann,
)
from .helmholtz import Helmholtz, assemble, initialise, recognition_chain
from .labelled_boltzmann import LabelledBoltzmann, assemble_labelled, initialise_labelled
from .mixed_boltzmann import (
    BaseColumns,
    MixedBoltzmann,
    assemble_mixed_boltzmann,
    base_of,
    initialise_mixed_boltzmann,
)
from .normal_boltzmann import NormalBoltzmann, UnitNormal
from .transposed import boltzmann_above
from .undirected_prior import UndirectedPrior

__all__ = [
    "ACTIVATIONS",
    "POSTERIORS",
    "BaseColumns",
    "BaseNormals",
    "BaseRates",
    "BeliefNet",
    "Boltzmann",
    "Chain",
    "DeepBelief",
    "DeepBoltzmann",
    "DeterministicHelmholtz",
    "GaussianBoltzmann",
    "GaussianHelmholtz",
    "Helmholtz",
    "LabelledBoltzmann",
    "MixedBoltzmann",
    "NormalBoltzmann",
    "UndirectedPrior",
    "UnitNormal",
    "WithBaselines",
    "as_deterministic",
    "assemble",
    "assemble_boltzmann",
    "assemble_deep_belief",
    "assemble_deep_boltzmann",
    "assemble_gaussian",
    "assemble_gaussian_boltzmann",
    "assemble_labelled",
    "assemble_mixed_boltzmann",
    "base_of",
    "boltzmann_above",
    "downward",
    "generative_chain",
    "has_recognition",
    "initialise",
    "initialise_boltzmann",
    "initialise_deep_belief",
    "initialise_deep_boltzmann",
    "initialise_deterministic",
    "initialise_gaussian",
    "initialise_gaussian_boltzmann",
    "initialise_labelled",
    "initialise_mixed_boltzmann",
    "initialise_net",
    "log_sum",
    "recognition_chain",
    "stack",
    "tree_order",
    "with_baselines",
]
