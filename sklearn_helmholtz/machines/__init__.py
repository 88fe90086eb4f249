"""Machines: chains of conditionals, and pairs of chains."""

from .chain import Chain
from .helmholtz import Helmholtz, assemble, downward, initialise

__all__ = ["Chain", "Helmholtz", "assemble", "downward", "initialise"]
