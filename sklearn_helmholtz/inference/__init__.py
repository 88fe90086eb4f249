"""Inference: the distribution of the hidden layers given the data."""

from .gibbs import Gibbs
from .importance import Particles, n_from_prior, sample_particles, sample_prior_particles

__all__ = ["Gibbs", "Particles", "n_from_prior", "sample_particles", "sample_prior_particles"]
