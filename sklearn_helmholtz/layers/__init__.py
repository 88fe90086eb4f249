"""Layers: maps and the units they feed make a conditional distribution."""

from .affine import Affine
from .competitive import Competitive
from .conditional import Conditional
from .doubles import outer
from .lateral import Lateral
from .map import Map
from .nade import Nade
from .origin import Origin
from .perceptron import Perceptron

__all__ = [
    "Affine",
    "Competitive",
    "Conditional",
    "Lateral",
    "Map",
    "Nade",
    "Origin",
    "Perceptron",
    "outer",
]
