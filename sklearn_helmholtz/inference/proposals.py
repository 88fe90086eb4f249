"""Guesses at p(h | x) of a block of rows that particles are proposed by, with known densities."""

import numpy as np
from scipy.special import expit

from .. import _keys
from .._keys import Draws, Purpose
from ..machines import has_recognition
from ..rows import Block
from ..units import Ability, standard_noise
from .gibbs import Gibbs
from .mean_field import MeanField

_SUREST = np.float32(4)  # log-odds of mean field's units: it is too sure of itself
_N_CHAINS, _N_SWEEPS, _N_COUNTED = 8, 10, 6  # of chains, and how many of the last sweeps count


class Proposal:
    """Distribution that particles of the hidden layers of a block of rows come from.

    Subclasses have ``machine`` and ``x``, `sample` and `log_prob`. The *guess* q(h | x) is that of
    what infers the hidden layers itself; a proposal may be another.
    """

    references = None  # that the hidden layers are near, from the data upward

    def is_guess(self, numbers):
        """Whether the particles of some numbers come from the guess: they make the free energy."""
        return np.ones(len(numbers), bool)

    def likely_place(self, hidden, uniforms):
        """Number of a particle that is likely to have been at given hidden layers, (n_rows,).

        uniforms : (n_rows,), by which it is chosen.
        """
        return np.zeros(len(uniforms), np.int64)


class RecognitionProposal(Proposal):
    """The recognition chain of a machine, whose first inputs all particles of a row share."""

    def __init__(self, machine, x, n_particles):
        self.machine, self.x, self._seen = machine, x, machine.seen(x)
        self._eta = machine.recognition.conditionals[0].eta(self._seen)
        self.references = machine.recognition.references(self._eta, n_particles)

    def sample(self, draws, work=np):
        """Values, with the hidden layers drawn; their log-density, and under the guess, nats."""
        values, log_q = self.machine.recognise(self.x, draws, work, self._eta, self.references)
        return values, log_q, log_q

    def log_prob(self, hidden, log_q, work=np):
        """Add log q(h | x) of given hidden layers, nats, to ``log_q``."""
        self.machine.recognition.log_prob((self._seen, *hidden), log_q, work, self._eta)


class WidenedProposal(Proposal):
    """Normal recognition, and for every other particle the same with wider scales.

    Recognition that learns by a bound is narrower than p(h | x), where weights would have no
    bound. Particles of odd numbers are the wider ones; all are weighed under the mixture.

    n_particles : of each row.
    """

    def __init__(self, machine, x, n_particles):
        self.machine, self.x = machine, x
        (self._guess,) = machine.recognition.conditionals
        self._spread = np.float32(self._guess.units.proposal_spread)
        self._wide = self._guess.units.widened(self._spread)
        self._share = n_particles // 2 / n_particles
        self._eta = self._guess.eta(machine.seen(x))

    def sample(self, draws, work=np):
        """As `RecognitionProposal` does."""
        numbers = draws.first + np.arange(draws.n_particles)
        factors = np.where(self.is_guess(numbers), np.float32(1), self._spread)
        noise = standard_noise(draws, 1, self.machine.n_units[1], work)
        noise *= np.tile(factors, len(draws.addresses))[:, None]
        latents = self._guess.units.transport(self._eta, noise)
        log_parts = self._log_parts(noise)
        log_guess = log_parts[0] - np.log1p(-self._share)
        return (self.x, latents), np.logaddexp(*log_parts), log_guess

    def log_prob(self, hidden, log_q, work=np):
        """As `RecognitionProposal` does."""
        noise = self._guess.units.noise_of(hidden[0], self._eta)
        log_q += np.logaddexp(*self._log_parts(noise))

    def is_guess(self, numbers):
        """Whether numbers are even."""
        return numbers % 2 == 0

    def likely_place(self, hidden, uniforms):
        """0 for recognition as it is, 1 for the wider one."""
        log_parts = self._log_parts(self._guess.units.noise_of(hidden[0], self._eta))
        return (uniforms < expit(log_parts[1] - log_parts[0])).astype(np.int64)

    def _log_parts(self, noise):
        """Log-densities of values with some noise in each part of the mixture, times its share."""
        log_parts = np.zeros((2, len(noise)))
        with np.errstate(divide="ignore"):
            log_parts += np.log([[1 - self._share], [self._share]])
        self._guess.units.log_prob_of_noise(self._eta, noise, log_parts[0])
        self._wide.log_prob_of_noise(self._eta, noise / self._spread, log_parts[1])
        return log_parts


class IndependentProposal(Proposal):
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
        return (self.x, *hidden), log_q, log_q

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


def propose(machine, x, addresses, n_particles):
    """The proposal of so many particles for each of a block of rows of a machine."""
    if has_recognition(machine):
        if machine.recognition.conditionals[0].units.proposal_spread != 1:
            return WidenedProposal(machine, x, n_particles)
        return RecognitionProposal(machine, x, n_particles)
    has_mean_field = machine.can(Ability.MEAN_FIELD)
    return (MeanFieldProposal if has_mean_field else ChainProposal)(machine, x, addresses)
