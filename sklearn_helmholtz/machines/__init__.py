"""Machines: chains of conditionals, and what they make together."""

from .belief_net import BeliefNet, descend, downward, has_recognition, initialise_net
from .chain import Chain
from .helmholtz import Helmholtz, assemble, initialise
from .judged import Judged, with_baselines
from .linear_gaussian import Explanation, LinearGaussian
from .rotations import Rotation, rotate

__all__ = [
    "BeliefNet",
    "Chain",
    "Explanation",
    "Helmholtz",
    "Judged",
    "LinearGaussian",
    "Rotation",
    "assemble",
    "descend",
    "downward",
    "has_recognition",
    "initialise",
    "initialise_net",
    "rotate",
    "with_baselines",
]
