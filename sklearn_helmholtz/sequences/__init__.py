"""Sequences of rows: slow features in closed form, and the factors of which they are the limit."""

from .differences import Differences
from .dynamic_factors import DynamicFactors, FilteredFeatures, SmoothedFeatures
from .learning import DynamicFactorFit, fit_dynamic_factors
from .sequences import Sequences
from .slow_features import SlowFeatures, signs_of, slow_features

__all__ = [
    "Differences",
    "DynamicFactorFit",
    "DynamicFactors",
    "FilteredFeatures",
    "Sequences",
    "SlowFeatures",
    "SmoothedFeatures",
    "fit_dynamic_factors",
    "signs_of",
    "slow_features",
]
