"""Particles of p(h | x): samples of the hidden layers, and their weights under two proposals."""

from dataclasses import dataclass

import numpy as np

from .._keys import Draws
from ..rows import Block
from .proposals import propose

PRIOR_SHARE = 1 / 5  # trained nets would do with less, bad ones would not: `prior_shares`
_FEWEST_FROM_PRIOR = 2  # fewer have no variance
_PRIOR_PARTICLES = 2**31  # where the numbers of the particles from the prior start


@dataclass(frozen=True)
class Particles:
    """Samples of the hidden layers of a block of rows.

    values : (x, h_1, ..., h_L), the hidden layers with n_particles rows for each row of x, and so
    the data where what is missing of them was drawn, as autoregressive machines do; log_q,
    log_prior, log_visible, log_guess : (n_rows, n_particles) float64, log q(h | x) of the proposal,
    log p(h), log p(x | h), and log q(h | x) of what infers the hidden layers, in nats.
    """

    values: tuple
    log_q: np.ndarray
    log_prior: np.ndarray
    log_visible: np.ndarray
    log_guess: np.ndarray

    def energies(self, work=np):
        """Log q(h | x) - log p(x, h) of the particles of what infers the hidden layers."""
        log_joint = self._log_joint(work)
        return np.subtract(self.log_guess, log_joint, out=log_joint)

    def mixture_log_weights(self, share, work=np):
        """Log p(x, h) - log m(h | x): weights under the mixture m = (1 - share) q + share p(h).

        Where p(h) is a part of the proposal, no weight exceeds p(x | h) / share, however little q
        makes of a state (Hesterberg 1995; Owen & Zhou 2000).
        """
        log_joint, log_mixture = self._log_joint(work), self.log_q
        if share:
            log_mixture, log_part = (work.empty(self.log_q.shape, np.float64) for _ in range(2))
            np.add(self.log_q, np.log1p(-share), out=log_mixture)
            np.add(self.log_prior, np.log(share), out=log_part)
            np.logaddexp(log_mixture, log_part, out=log_mixture)
        return np.subtract(log_joint, log_mixture, out=log_joint)

    def _log_joint(self, work):
        out = work.empty(self.log_prior.shape, np.float64)
        return np.add(self.log_prior, self.log_visible, out=out)


def n_from_prior(machine, n_samples):
    """Number of samples that come from the prior: one in five, or none of very few.

    None, too, where the prior is known up to its normaliser only.
    """
    n = int(PRIOR_SHARE * n_samples) if machine.is_normalised else 0
    return n if n >= _FEWEST_FROM_PRIOR else 0


def sample_particles(machine, x, draws, work=np, proposal=None):
    """Particles from a proposal for a block of rows x under given random numbers.

    proposal : what `propose` makes of the machine and the rows, which is the default.
    """
    proposal = proposal or propose(machine, x, draws.addresses, draws.n_particles)
    values, log_q, log_guess = proposal.sample(draws, work)
    log_prior, log_visible, values = machine.observe(values, draws, work, proposal.references)
    return _particles(values, log_q, log_prior, log_visible, log_guess, draws)


def sample_prior_particles(machine, x, draws, work=np, proposal=None):
    """Particles from the prior of the hidden layers for a block of rows x; else the same."""
    proposal = proposal or propose(machine, x, draws.addresses, draws.n_particles)
    draws = Draws(draws.key, draws.addresses, draws.n_particles, draws.first + _PRIOR_PARTICLES)
    hidden, log_prior = machine.imagine(draws, work)
    log_q, log_visible = _zeros(draws, work), _zeros(draws, work)
    proposal.log_prob(hidden, log_q, work)
    completed = machine.visible.observe_given(hidden[0], x, draws, 0, log_visible, work)
    data = x if completed is x.values else Block(completed)
    return _particles((data, *hidden), log_q, log_prior, log_visible, log_q, draws)


def _particles(values, log_q, log_prior, log_visible, log_guess, draws):
    shape = len(draws.addresses), draws.n_particles
    logs = log_q, log_prior, log_visible, log_guess
    return Particles(values, *(a.reshape(shape) for a in logs))


def _zeros(draws, work):
    zeros = work.empty((draws.n_rows,), np.float64)
    zeros[:] = 0
    return zeros
