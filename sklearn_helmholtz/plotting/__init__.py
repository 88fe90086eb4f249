"""Displays: what a model has learnt, drawn with matplotlib (the extra ``plotting``)."""

from .imputation import ImputationDisplay
from .latent_graph import LatentGraphDisplay
from .likelihood_comparison import LikelihoodComparisonDisplay
from .loadings import LoadingsDisplay
from .receptive_fields import ReceptiveFieldsDisplay
from .samples import SamplesDisplay
from .scree import ScreeDisplay
from .training_curve import TrainingCurveDisplay

__all__ = [
    "ImputationDisplay",
    "LatentGraphDisplay",
    "LikelihoodComparisonDisplay",
    "LoadingsDisplay",
    "ReceptiveFieldsDisplay",
    "SamplesDisplay",
    "ScreeDisplay",
    "TrainingCurveDisplay",
]
