"""log p(x) by importance sampling, with the recognition chain as the proposal."""

import numpy as np

from .._kernels.particles import add_log_weights
from .._keys import Draws
from ..inference import sample_particles
from .estimate import Estimate

_PARTICLE_ENTRIES = 2**19  # entries of the widest layer that are held at a time


class _Sums:
    """Running sums over the particles of each row."""

    def __init__(self, n_rows):
        self.highest = np.full(n_rows, -np.inf)
        self.total, self.squares, self.logs = np.zeros((3, n_rows))

    def add(self, log_weights):
        add_log_weights(log_weights, self.highest, self.total, self.squares, self.logs)

    def estimate(self, n):
        """Delta-method moments of the log of the mean weight of n samples; NaN for NaN weights."""
        effective = self.total**2 / self.squares
        variance = (n / effective - 1) / max(n - 1, 1) if n > 1 else np.full(len(effective), np.nan)
        variance = np.maximum(variance, 0)
        per_sample = self.highest + np.log(self.total / n)
        return Estimate(per_sample, variance, -variance / 2, effective, -self.logs / n)


def importance_estimate(machine, x, key, addresses, n_samples, work=np):
    """Estimates for a block of rows, from ``n_samples`` particles for each.

    log p(x) is estimated by log(1/S sum_s p(x, h_s) / q(h_s | x)), h_s ~ q(h | x), a lower bound in
    expectation (Burda, Grosse & Salakhutdinov 2016); the variance of its error is that of the mean
    weight relative to its square, and its bias minus half of that, to first order in 1/S.

    x : (n_rows, n_features) uint8 or float32; key : (2,) uint32; addresses : (n_rows,) uint64.
    Neither the split into blocks nor the order of rows changes a bit of the result.
    """
    sums = _Sums(len(x))
    chunk = max(_PARTICLE_ENTRIES // (len(x) * max(machine.n_units)), 1)
    for first in range(0, n_samples, chunk):
        draws = Draws(key, addresses, min(chunk, n_samples - first), first)
        sums.add(sample_particles(machine, x, draws, work).log_weights)
        if work is not np:
            work.reset()
    return sums.estimate(n_samples)
