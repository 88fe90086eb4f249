"""Machines: chains of conditionals, and what they make together."""

from .belief_net import BeliefNet, descend, downward, has_recognition, initialise_net
from .chain import Chain
from .helmholtz import Helmholtz, assemble, initialise
from .judged import Judged, with_baselines

__all__ = [
    "BeliefNet",
    "Chain",
    "Helmholtz",
    "Judged",
    "assemble",
    "descend",
    "downward",
    "has_recognition",
    "initialise",
    "initialise_net",
    "with_baselines",
]
