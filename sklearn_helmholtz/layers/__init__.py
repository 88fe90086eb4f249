"""Layers: maps and the units they feed make a conditional distribution."""

from .affine import Affine
from .conditional import Conditional
from .lateral import Lateral

__all__ = ["Affine", "Conditional", "Lateral"]
