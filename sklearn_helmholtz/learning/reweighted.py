"""Reweighted wake-sleep."""

from dataclasses import dataclass

import numpy as np

from .._kernels.particles import self_normalise
from .fused import FusedReweightedWakeSleep, is_plain
from .passes import generation_gradient, recognition_gradient, wake_and_dream
from .rule import BeliefNetRule, weighted


@dataclass(frozen=True)
class ReweightedWakeSleep(BeliefNetRule):
    """Several particles for each row, weighted by p(x, h) / q(h | x), teach both chains.

    With particles h_k ~ q(h | x) and self-normalised weights w_k of p(x, h_k) / q(h_k | x), the
    generative chain moves along sum_k w_k d log p(x, h_k), the gradient of the importance-weighted
    bound log(1/K sum_k p/q); the recognition chain along the mean of its wake step,
    sum_k w_k d log q(h_k | x), and its sleep step. With one particle the wake step of the
    recognition chain is zero in expectation: sleep carries it.

    n_particles : K, particles for each row.

    References
    ----------
    Bornschein & Bengio (2015), Reweighted wake-sleep, ICLR.
    """

    n_particles: int = 5

    def fused(self, machine):
        """The same rule in one kernel, where there is one for the machine, else None."""
        return FusedReweightedWakeSleep(self.n_particles) if is_plain(machine) else None

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats."""
        passes = wake_and_dream(machine, x, wake, dream, work)
        weights = work.empty(passes.log_weights.shape, np.float32)
        bound = work.empty((len(weights),), np.float64)
        self_normalise(passes.log_weights, weights, bound)
        if x.weights is not None:
            weights *= x.weights[:, None]
        generation_gradient(machine, passes, weights, out.generation)
        recognition_gradient(machine, passes, weights, out.recognition, work)
        return float(weighted(bound, x.weights).sum())
