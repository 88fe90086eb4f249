"""Unit families: what a unit does with its input eta."""

from .bernoulli import Bernoulli
from .gaussian import Gaussian

__all__ = ["Bernoulli", "Gaussian"]
