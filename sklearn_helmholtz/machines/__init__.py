"""Machines: chains of conditionals, and what they make together."""

from .baselines import WithBaselines, with_baselines
from .belief_net import BeliefNet, downward, generative_chain, has_recognition, initialise_net
from .chain import Chain
from .helmholtz import Helmholtz, assemble, initialise

__all__ = [
    "BeliefNet",
    "Chain",
    "Helmholtz",
    "WithBaselines",
    "assemble",
    "downward",
    "generative_chain",
    "has_recognition",
    "initialise",
    "initialise_net",
    "with_baselines",
]
