"""Reweighted wake-sleep."""

from dataclasses import dataclass

import numpy as np

from .._kernels.particles import ROULETTE, prune, self_normalise
from .._kernels.random import uniform_rows
from .._keys import layer_word
from .fused import FusedReweightedWakeSleep, is_plain
from .kept import keep
from .passes import (
    first_recognition_gradient,
    generation_gradient,
    higher_recognition_gradient,
    wake_and_dream,
)
from .rule import BeliefNetRule, weighted


@dataclass(frozen=True)
class ReweightedWakeSleep(BeliefNetRule):
    """Several particles for each row, weighted by p(x, h) / q(h | x), teach both chains.

    With particles h_k ~ q(h | x) and self-normalised weights w_k of p(x, h_k) / q(h_k | x), the
    generative chain moves along sum_k w_k d log p(x, h_k), the gradient of the importance-weighted
    bound log(1/K sum_k p/q); the recognition chain along the mean of its wake step,
    sum_k w_k d log q(h_k | x), and its sleep step. With one particle the wake step of the
    recognition chain is zero in expectation: sleep carries it.

    Most particles of a machine that has learnt have next to no weight, but would cost as much as
    all others. So particles play Russian roulette: one of a weight w below t is kept with the
    probability w / t, and has the weight t then. The expected step is the same; gradients are made
    of those that are kept. t is half the mean weight, 1 / 2K: the whole of it would make steps up
    to a tenth faster, and about four times the noise (`benchmarks.pruning`). Since t is no more
    than the mean, one of each row is always kept, and particles of much the same weight all are. A
    particle adds w (t - w) times its squared gradient to the variance, and so all of a row at most
    t times the weighted mean of theirs. Machines with lateral weights, whose parents are other
    units of the layer, keep all particles.

    n_particles : K, particles for each row; roulette : K t, from 0, which spares all particles that
    have any weight, to 1.

    References
    ----------
    Bornschein & Bengio (2015), Reweighted wake-sleep, ICLR. Arvo & Kirk (1990), Particle transport
    and image synthesis, SIGGRAPH, for roulette, which is due to von Neumann & Ulam: Kahn (1955),
    Use of different Monte Carlo sampling techniques, RAND P-766.
    """

    n_particles: int = 5
    roulette: float = 0.5

    def __post_init__(self):
        if not 0 <= self.roulette <= 1:  # above, all particles of a row might be dropped
            raise ValueError(f"roulette must be in [0, 1], got {self.roulette!r}.")

    @property
    def threshold(self):
        """The weight t below which particles may be dropped, float32."""
        return np.float32(self.roulette / self.n_particles)

    def fused(self, machine):
        """The same rule in one kernel, where there is one for the machine, else None."""
        if not is_plain(machine):
            return None
        return FusedReweightedWakeSleep(self.n_particles, self.threshold)

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats."""
        passes = wake_and_dream(machine, x, wake, dream, work)
        weights = work.empty(passes.log_weights.shape, np.float32)
        bound = work.empty((len(weights),), np.float64)
        self_normalise(passes.log_weights, weights, bound)
        kept = None if machine.is_autoregressive else self._prune(weights, wake, work)
        if x.weights is not None:
            weights *= x.weights[:, None]
        first_recognition_gradient(machine, passes, weights, out.recognition, work)
        if kept is not None:
            passes, weights = keep(passes, kept, work), weights.reshape(-1)[kept]
        generation_gradient(machine, passes, weights, out.generation)
        higher_recognition_gradient(machine, passes, weights, out.recognition, work)
        return float(weighted(bound, x.weights).sum())

    def _prune(self, weights, wake, work):
        """Play roulette for the weights, in place; the numbers of the particles that are kept."""
        numbers = work.empty(weights.shape, np.float32)
        uniform_rows(wake.key, wake.addresses, 1, ROULETTE, layer_word(0), numbers)
        prune(numbers, self.threshold, weights)
        return np.flatnonzero(weights)
