"""Layers: an affine map and the units it feeds make a conditional distribution."""

from .affine import Affine
from .conditional import Conditional

__all__ = ["Affine", "Conditional"]
