"""The wake-sleep algorithm."""

from dataclasses import dataclass

import numpy as np

from .fused import FusedWakeSleep, is_plain
from .passes import generation_gradient, sleep_gradient, wake_and_dream
from .rule import BeliefNetRule, weighted


@dataclass(frozen=True)
class WakeSleep(BeliefNetRule):
    """Particles of each row teach generation; one dream for each row teaches recognition.

    The expected step of the generative chain is minus the gradient of the variational free energy
    E_q[log q(h | x) - log p(x, h)]; that of the recognition chain is the gradient of
    E_p[log q(h | x)] over dreams, not of the free energy. Several particles of a row, of which the
    mean counts, have the same expected step and less noise.

    n_particles : of each row.

    References
    ----------
    Hinton, Dayan, Frey & Neal (1995), The wake-sleep algorithm for unsupervised neural networks,
    Science 268, 1158-1161.
    """

    n_particles: int = 1

    def fused(self, machine):
        """The same rule in one kernel, where there is one for the machine, else None."""
        return FusedWakeSleep() if is_plain(machine) and self.n_particles == 1 else None

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats."""
        weights = work.empty((len(x), wake.n_particles), np.float32)
        weights[:] = 1 if x.weights is None else x.weights[:, None]
        if self.n_particles > 1:
            weights /= np.float32(self.n_particles)
        learnt = weights.reshape(-1), out.generation.conditionals[-1]
        passes = wake_and_dream(machine, x, wake, dream, work, learnt=learnt)
        generation_gradient(machine, passes, weights, out.generation)
        sleep_gradient(machine, passes, out.recognition, work)
        return float(weighted(passes.log_weights.mean(axis=1), x.weights).sum())
