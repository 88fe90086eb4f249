"""Particles of p(h | x): sampled by the recognition chain, weighted by p(x, h) / q(h | x)."""

from dataclasses import dataclass

import numpy as np

from .._kernels.particles import self_normalise


@dataclass(frozen=True)
class Particles:
    """Weighted samples of the hidden layers of a block of rows.

    values : (x, h_1, ..., h_L), the hidden layers with n_particles rows for each row of x;
    log_weights : (n_rows, n_particles) float64, log p(x, h) - log q(h | x) in nats;
    recognition_etas, generation_etas : inputs of the units of both chains.
    """

    values: tuple
    log_weights: np.ndarray
    recognition_etas: list
    generation_etas: list

    def self_normalise(self, work=np):
        """Weights that sum to 1 for each row, float32, and the importance-weighted bound, nats."""
        weights = work.empty(self.log_weights.shape, np.float32)
        bound = work.empty((len(weights),), np.float64)
        self_normalise(self.log_weights, weights, bound)
        return weights, bound


def sample_particles(machine, x, draws, work=np):
    """Particles for a block of rows x under given random numbers."""
    values, recognition_etas, log_q = machine.recognise(x, draws, work)
    generation_etas, log_p = machine.log_joint(values, work)
    log_weights = np.subtract(log_p, log_q, out=log_p).reshape(len(x), draws.n_particles)
    return Particles(values, log_weights, recognition_etas, generation_etas)
