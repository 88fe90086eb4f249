"""Reweighted wake-sleep."""

from dataclasses import dataclass

import numpy as np

from .._tree import empty_like, leaves
from ..inference import sample_particles
from ..machines import downward
from .sleep import sleep_gradient


@dataclass(frozen=True)
class ReweightedWakeSleep:
    """Several explanations of each row, weighted by how well they explain it, teach both chains.

    With particles h_k ~ q(h | x) and self-normalised weights w_k of p(x, h_k) / q(h_k | x), the
    generative chain moves along sum_k w_k d log p(x, h_k), the gradient of the importance-weighted
    bound log(1/K sum_k p/q); the recognition chain along the mean of its wake step,
    sum_k w_k d log q(h_k | x), and its sleep step. With one particle the wake step of the
    recognition chain is zero in expectation: sleep carries it.

    n_particles : K, the explanations of a row.

    References
    ----------
    Bornschein & Bengio (2015), Reweighted wake-sleep, ICLR.
    """

    n_particles: int = 5

    def gradient(self, machine, x, wake, dream, out, work=np):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats.

        x : (n_rows, n_features); wake, dream : random numbers with an address for each row, the
        first with ``n_particles`` particles.
        """
        particles = sample_particles(machine, x, wake, work)
        weights, bound = particles.self_normalise(work)
        weights = weights.reshape(-1)
        machine.generation.gradient(
            downward(particles.values), particles.generation_etas, weights, out.generation, work
        )
        weights *= np.float32(0.5)
        machine.recognition.gradient(
            particles.values, particles.recognition_etas, weights, out.recognition, work
        )
        slept = empty_like(machine.recognition, work)
        sleep_gradient(machine, dream, 0.5, slept, work)
        for target, source in zip(leaves(out.recognition), leaves(slept), strict=True):
            target += source
        return float(bound.sum())
