"""Factor models: the linear-Gaussian machine, learning, rotations, and tests of both."""

from .em import Moments
from .graded import MOST_FACTORS, Ogives, infer, is_coarse, may_be_coarse
from .graded_completion import draw_factors, draw_levels, level_probabilities
from .graded_learning import fit_ogives
from .information import Parameters, Pattern, patterns_of, squared_slopes
from .items import CountedItems, Items
from .learning import FactorLearning
from .linear_gaussian import FactorPosterior, LinearGaussian
from .moments import SecondMoments, centred, observed_columns
from .ordinal_uncertainty import OgiveUncertainty, of_correlations
from .patterned import PatternedRows, mean_products
from .polychoric import Influences, at_end, fill_empty, fit_correlations, smoothed
from .rotations import METHODS, Rotation, rotate
from .saturated import Saturated, SingularCovarianceError, UnknownCovarianceError
from .uncertainty import Uncertainty

__all__ = [
    "METHODS",
    "MOST_FACTORS",
    "CountedItems",
    "FactorLearning",
    "FactorPosterior",
    "Influences",
    "Items",
    "LinearGaussian",
    "Moments",
    "OgiveUncertainty",
    "Ogives",
    "Parameters",
    "Pattern",
    "PatternedRows",
    "Rotation",
    "Saturated",
    "SecondMoments",
    "SingularCovarianceError",
    "Uncertainty",
    "UnknownCovarianceError",
    "at_end",
    "centred",
    "draw_factors",
    "draw_levels",
    "fill_empty",
    "fit_correlations",
    "fit_ogives",
    "infer",
    "is_coarse",
    "level_probabilities",
    "may_be_coarse",
    "mean_products",
    "observed_columns",
    "of_correlations",
    "patterns_of",
    "rotate",
    "smoothed",
    "squared_slopes",
]
