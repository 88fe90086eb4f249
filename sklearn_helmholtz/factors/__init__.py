"""Factor models: the linear-Gaussian machine, learning, rotations, and tests of both."""

from .information import Parameters, Pattern, patterns_of, squared_slopes
from .learning import FactorLearning
from .linear_gaussian import FactorPosterior, LinearGaussian
from .moments import SecondMoments, centred, observed_columns
from .polychoric import Influences, Items, at_end, fill_empty, fit_correlations, smoothed
from .rotations import METHODS, Rotation, rotate
from .saturated import Saturated, SingularCovarianceError
from .uncertainty import Uncertainty

__all__ = [
    "METHODS",
    "FactorLearning",
    "FactorPosterior",
    "Influences",
    "Items",
    "LinearGaussian",
    "Parameters",
    "Pattern",
    "Rotation",
    "Saturated",
    "SecondMoments",
    "SingularCovarianceError",
    "Uncertainty",
    "at_end",
    "centred",
    "fill_empty",
    "fit_correlations",
    "observed_columns",
    "patterns_of",
    "rotate",
    "smoothed",
    "squared_slopes",
]
