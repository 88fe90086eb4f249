"""Inference: the distribution of the hidden layers given the data."""

from .chains import ChainPosterior
from .elliptical import Elliptical
from .exact import ExactPosterior, log_prob_table, state_parts
from .gibbs import Gibbs
from .importance import Particles, n_from_prior, sample_particles, sample_prior_particles
from .joint import log_joint
from .mean_field import LARGEST_WEIGHT, MeanField
from .missing import missing_posterior
from .posterior import (
    ImportancePosterior,
    MeanFieldPosterior,
    MovedPosterior,
    RecognitionPosterior,
)
from .proposals import propose
from .resampling import resampling_uniforms
from .sampler import sampler_of
from .states import all_states

__all__ = [
    "LARGEST_WEIGHT",
    "ChainPosterior",
    "Elliptical",
    "ExactPosterior",
    "Gibbs",
    "ImportancePosterior",
    "MeanField",
    "MeanFieldPosterior",
    "MovedPosterior",
    "Particles",
    "RecognitionPosterior",
    "all_states",
    "log_joint",
    "log_prob_table",
    "missing_posterior",
    "n_from_prior",
    "propose",
    "resampling_uniforms",
    "sample_particles",
    "sample_prior_particles",
    "sampler_of",
    "state_parts",
]
