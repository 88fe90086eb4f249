"""Dictionaries: linear models of data with a few factors at work in each row."""

from .codes import most_probable
from .laplace import SCALE, LaplaceDictionary
from .rows import SeenRows

__all__ = ["SCALE", "LaplaceDictionary", "SeenRows", "most_probable"]
