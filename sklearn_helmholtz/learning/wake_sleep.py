"""The wake-sleep algorithm."""

from dataclasses import dataclass

import numpy as np

from .fused import FusedWakeSleep, is_plain
from .phases import generation_gradient, sleep_gradient, wake_and_dream


@dataclass(frozen=True)
class WakeSleep:
    """One explanation of each row teaches generation; one dream for each row teaches recognition.

    The expected step of the generative chain is minus the gradient of the variational free energy
    E_q[log q(h | x) - log p(x, h)]; that of the recognition chain is the gradient of
    E_p[log q(h | x)] over dreams, not of the free energy.

    References
    ----------
    Hinton, Dayan, Frey & Neal (1995), The wake-sleep algorithm for unsupervised neural networks,
    Science 268, 1158-1161.
    """

    n_particles = 1

    def fused(self, machine):
        """The same rule in one kernel, where there is one for the machine, else None."""
        return FusedWakeSleep() if is_plain(machine) else None

    def remember(self, machine, rows):
        """Nothing: rows are explained anew in every step."""

    def gradient(self, machine, x, wake, dream, out, work=np):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats.

        x : (n_rows, n_features); wake, dream : random numbers with an address for each row.
        """
        phases = wake_and_dream(machine, x, wake, dream, work)
        weights = work.empty(phases.log_weights.shape, np.float32)
        weights[:] = 1
        generation_gradient(machine, phases, weights, out.generation)
        sleep_gradient(machine, phases, out.recognition, work)
        return float(phases.log_weights.sum())
