"""Inference: the distribution of the hidden layers given the data."""

from .exact import ExactPosterior
from .gaps import GaussianGaps
from .gibbs import Gibbs
from .importance import Particles, n_from_prior, sample_particles, sample_prior_particles
from .modes import mixture_modes
from .posterior import GibbsPosterior, ImportancePosterior, RecognitionPosterior

__all__ = [
    "ExactPosterior",
    "GaussianGaps",
    "Gibbs",
    "GibbsPosterior",
    "ImportancePosterior",
    "Particles",
    "RecognitionPosterior",
    "mixture_modes",
    "n_from_prior",
    "sample_particles",
    "sample_prior_particles",
]
