"""Guesses at p(h | x) of a block of rows that particles are proposed by, with known densities."""

import numpy as np

from ..machines import has_recognition
from ..rows import Block
from .mean_field import MeanField

_SUREST = np.float32(4)  # log-odds of mean field's units: it is too sure of itself


class RecognitionProposal:
    """The recognition chain of a machine."""

    def __init__(self, machine, x):
        self.machine, self.x = machine, x

    def sample(self, draws, work=np):
        """Values, with the hidden layers drawn, and log q(h | x) of each row in nats."""
        return self.machine.recognise(self.x, draws, work)

    def log_prob(self, hidden, log_q, work=np):
        """Add log q(h | x) of given hidden layers, nats, to ``log_q``."""
        seen = self.machine.seen(self.x)
        self.machine.recognition.log_prob((seen, *hidden), log_q, work)


class MeanFieldProposal:
    """Independent hidden units with the probabilities of mean field, for nets without recognition.

    Probabilities keep away from 0 and 1: states that mean field rules out are proposed at times.
    Where units depend on what is missing of the data, fill values take its place.
    """

    def __init__(self, machine, x, addresses):
        self.machine, self.x = machine, x
        mean_field = MeanField.of(machine).clip_weights()
        means = mean_field.start(addresses)
        mean_field.solve(Block(x.filled) if machine.is_autoregressive else x, means)
        self._etas = [
            np.ascontiguousarray(np.clip(np.log(m) - np.log1p(-m), -_SUREST, _SUREST), np.float32)
            for m in mean_field.hidden(means)
        ]

    def sample(self, draws, work=np):
        """As `RecognitionProposal` does."""
        log_q = work.empty((draws.n_rows,), np.float64)
        log_q[:] = 0
        links = enumerate(zip(self._conditionals(), self._etas, strict=True), start=1)
        hidden = [
            conditional.units.sample(eta, draws, layer, log_q, work)
            for layer, (conditional, eta) in links
        ]
        return (self.x, *hidden), log_q

    def log_prob(self, hidden, log_q, work=np):
        """As `RecognitionProposal` does."""
        for conditional, eta, states in zip(self._conditionals(), self._etas, hidden, strict=True):
            conditional.units.log_prob(states, eta, log_q)

    def _conditionals(self):
        return self.machine.generation.conditionals[-2::-1]


def propose(machine, x, addresses):
    """The proposal of particles for a block of rows of a machine."""
    if has_recognition(machine):
        return RecognitionProposal(machine, x)
    return MeanFieldProposal(machine, x, addresses)
