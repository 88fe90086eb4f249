"""Inference: the distribution of the hidden layers given the data."""

from .exact import ExactPosterior
from .gibbs import Gibbs
from .importance import Particles, n_from_prior, sample_particles, sample_prior_particles
from .posterior import GibbsPosterior, ImportancePosterior, RecognitionPosterior

__all__ = [
    "ExactPosterior",
    "Gibbs",
    "GibbsPosterior",
    "ImportancePosterior",
    "Particles",
    "RecognitionPosterior",
    "n_from_prior",
    "sample_particles",
    "sample_prior_particles",
]
