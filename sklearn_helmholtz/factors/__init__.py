"""Factor models: the linear-Gaussian machine, learning of the highest likelihood, rotations."""

from .learning import FactorLearning
from .linear_gaussian import FactorPosterior, LinearGaussian
from .moments import SecondMoments, centred, observed_columns
from .rotations import METHODS, Rotation, rotate

__all__ = [
    "METHODS",
    "FactorLearning",
    "FactorPosterior",
    "LinearGaussian",
    "Rotation",
    "SecondMoments",
    "centred",
    "observed_columns",
    "rotate",
]
