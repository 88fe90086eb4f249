"""Factor models: the linear-Gaussian machine, learning, rotations, and tests of both."""

from .information import Parameters, Pattern, patterns_of, squared_slopes
from .learning import FactorLearning
from .linear_gaussian import FactorPosterior, LinearGaussian
from .moments import SecondMoments, centred, observed_columns
from .rotations import METHODS, Rotation, rotate
from .saturated import Saturated, SingularCovarianceError
from .uncertainty import Uncertainty

__all__ = [
    "METHODS",
    "FactorLearning",
    "FactorPosterior",
    "LinearGaussian",
    "Parameters",
    "Pattern",
    "Rotation",
    "Saturated",
    "SecondMoments",
    "SingularCovarianceError",
    "Uncertainty",
    "centred",
    "observed_columns",
    "patterns_of",
    "rotate",
    "squared_slopes",
]
