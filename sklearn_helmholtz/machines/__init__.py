"""Machines: chains of conditionals, and what they make together."""

from .baselines import WithBaselines, with_baselines
from .belief_net import BeliefNet, downward, generative_chain, has_recognition, initialise_net
from .boltzmann import BaseRates, Boltzmann, assemble_boltzmann, initialise_boltzmann, log_sum
from .chain import Chain
from .deterministic import (
    ACTIVATIONS,
    DeterministicHelmholtz,
    as_deterministic,
    initialise_deterministic,
)
from .gaussian import POSTERIORS, GaussianHelmholtz, assemble_gaussian, initialise_gaussian
from .helmholtz import Helmholtz, assemble, initialise

__all__ = [
    "ACTIVATIONS",
    "POSTERIORS",
    "BaseRates",
    "BeliefNet",
    "Boltzmann",
    "Chain",
    "DeterministicHelmholtz",
    "GaussianHelmholtz",
    "Helmholtz",
    "WithBaselines",
    "as_deterministic",
    "assemble",
    "assemble_boltzmann",
    "assemble_gaussian",
    "downward",
    "generative_chain",
    "has_recognition",
    "initialise",
    "initialise_boltzmann",
    "initialise_deterministic",
    "initialise_gaussian",
    "initialise_net",
    "log_sum",
    "with_baselines",
]
