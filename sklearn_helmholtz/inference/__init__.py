"""Inference: the distribution of the hidden layers given the data."""

from .chains import ChainPosterior
from .exact import ExactPosterior
from .gaps import GaussianGaps
from .gibbs import Gibbs
from .importance import Particles, n_from_prior, sample_particles, sample_prior_particles
from .mean_field import LARGEST_WEIGHT, MeanField
from .modes import mixture_modes
from .posterior import (
    GibbsPosterior,
    ImportancePosterior,
    MeanFieldPosterior,
    RecognitionPosterior,
)
from .proposals import propose

__all__ = [
    "LARGEST_WEIGHT",
    "ChainPosterior",
    "ExactPosterior",
    "GaussianGaps",
    "Gibbs",
    "GibbsPosterior",
    "ImportancePosterior",
    "MeanField",
    "MeanFieldPosterior",
    "Particles",
    "RecognitionPosterior",
    "mixture_modes",
    "n_from_prior",
    "propose",
    "sample_particles",
    "sample_prior_particles",
]
