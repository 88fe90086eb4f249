"""Inference: the distribution of the hidden layers given the data."""

from .importance import Particles, sample_particles

__all__ = ["Particles", "sample_particles"]
