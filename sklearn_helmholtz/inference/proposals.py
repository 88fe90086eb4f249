"""Guesses at p(h | x) of a block of rows that particles are proposed by, with known densities."""

import numpy as np

from .. import _keys
from .._keys import Draws, Purpose
from ..machines import has_recognition
from ..rows import Block
from ..units import Ability
from .gibbs import Gibbs
from .mean_field import MeanField

_SUREST = np.float32(4)  # log-odds of mean field's units: it is too sure of itself
_N_CHAINS, _N_SWEEPS, _N_COUNTED = 8, 10, 6  # of chains, and how many of the last sweeps count


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


class IndependentProposal:
    """Independent hidden units, for nets without recognition.

    Probabilities keep away from 0 and 1: states that inference rules out are proposed at times.
    Where units depend on what is missing of the data, fill values take its place. Subclasses have
    `_means`.
    """

    def __init__(self, machine, x, addresses):
        self.machine, self.x = machine, x
        self._etas = [
            np.ascontiguousarray(np.clip(np.log(m) - np.log1p(-m), -_SUREST, _SUREST), np.float32)
            for m in self._means(addresses)
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


class MeanFieldProposal(IndependentProposal):
    """The probabilities of mean field."""

    def _means(self, addresses):
        """Probabilities of the units of each hidden layer, (n_rows, n_units)."""
        mean_field = MeanField.of(self.machine).clip_weights()
        means = mean_field.start(addresses)
        x = Block(self.x.filled) if self.machine.is_autoregressive else self.x
        mean_field.solve(x, means)
        return mean_field.hidden(means)


class ChainProposal(IndependentProposal):
    """Mean states of a few short chains from the prior, for data that have no mean field."""

    def _means(self, addresses):
        """As `MeanFieldProposal` does; as if half a state of each kind were met as well."""
        gibbs, key = Gibbs.of(self.machine), _keys.key(_keys.scoring_seed(), Purpose.PROPOSE)
        states = gibbs.start(Draws(key, addresses, _N_CHAINS))
        total = np.zeros(states.shape)
        for sweep in range(_N_SWEEPS):
            gibbs.guess(self.x, states, Draws(key, addresses, _N_CHAINS, sweep * _N_CHAINS))
            if sweep >= _N_SWEEPS - _N_COUNTED:
                total += states
        total = total.reshape(len(addresses), _N_CHAINS, -1).sum(axis=1)
        return gibbs.split((total + 0.5) / (_N_CHAINS * _N_COUNTED + 1))


def propose(machine, x, addresses):
    """The proposal of particles for a block of rows of a machine."""
    if has_recognition(machine):
        return RecognitionProposal(machine, x)
    has_mean_field = machine.can(Ability.MEAN_FIELD)
    return (MeanFieldProposal if has_mean_field else ChainProposal)(machine, x, addresses)
