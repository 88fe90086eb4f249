"""Normal units of recognition: x ~ N(mu, L L'), both of them inputs of the units."""

import abc
import math
from dataclasses import dataclass, replace

import numpy as np

from .._kernels.diagonal_normal import HIGHEST, LOWEST, normal_log_prob_of_noise
from .family import Units
from .standard_normal import standard_noise


@dataclass(frozen=True)
class Normal(Units):
    """Hidden units whose means and scales are both inputs: the posterior that recognition guesses.

    Inputs eta are the means, the logarithms of the diagonal of L, and whatever else of L a subclass
    has. The logarithms are held between -6 and 3: beside a prior of variance 1 nothing is narrower
    or wider; derivatives that would lead farther out are zero. *Noise* is ``L^-1 (x - mu)``,
    standard normal numbers of which a draw is made. Units have no parameters of their own.

    spread : factor of all scales: a proposal somewhat wider than what was learnt has lighter tails
    of its weights.
    """

    spread: float = 1.0

    dtype = np.float32
    proposal_spread = 1.2

    def widened(self, spread):
        """The units with all scales multiplied by a factor."""
        return replace(self, spread=self.spread * spread)

    @abc.abstractmethod
    def n_values(self, n_inputs):
        """Number of units of which there are so many inputs."""

    # Draws, and what depends on eta through them.

    @abc.abstractmethod
    def transport(self, eta, noise):
        """Values ``mu + L noise``, (n_rows, n_units) float32.

        Neighbouring rows of noise may share a row of eta.
        """

    @abc.abstractmethod
    def pull(self, eta, noise, slopes):
        """Derivatives by eta of what has the derivatives ``slopes`` by the values: its shape.

        Values are those that `transport` makes of the noise; rows that share a row of eta add up.
        """

    @abc.abstractmethod
    def noise_of(self, values, eta):
        """Noise that makes values, (n_rows, n_units) float32."""

    @abc.abstractmethod
    def whiten(self, eta, noise):
        """``L^-T noise``, minus the derivatives of the log-densities by the values."""

    @abc.abstractmethod
    def divergence_from_prior(self, eta):
        """KL(N(mu, L L') || N(0, 1)) of each row, (n_rows,) float64 nats, and its derivatives."""

    @abc.abstractmethod
    def _outer(self, eta, slopes, noise):
        """Sums over rows of one of eta of products of slopes and noise, as derivatives by eta.

        Those by mu are the slopes; those by an entry of L, ``slope_i noise_j``, times the entry
        where eta holds its logarithm.
        """

    # The contract of families.

    def mean(self, eta, work=np):
        """Expected values: the means, (n_rows, n_units)."""
        return np.ascontiguousarray(eta[:, : self.n_values(eta.shape[1])])

    def mode(self, eta):
        """Most probable values: the means."""
        return self.mean(eta)

    @abc.abstractmethod
    def scales(self, eta):
        """Standard deviations, (n_rows, n_units) float32."""

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw values, (draws.n_rows, n_units) float32, and add their log-density (nats)."""
        noise = standard_noise(draws, layer, self.n_values(eta.shape[1]), work)
        values = self.transport(eta, noise)
        self.log_prob_of_noise(eta, noise, log_prob)
        if out is None:
            return values
        out[...] = values
        return out

    def log_prob(self, values, eta, log_prob):
        """Add the log-density of each row of values, nats, to ``log_prob``."""
        self.log_prob_of_noise(eta, self.noise_of(values, eta), log_prob)

    def score(self, values, eta, log_prob):
        """Add log-densities; overwrite eta by their derivatives.

        By mu ``g = L^-T noise``, by an entry of L ``g_i noise_j - [i = j] / L_ii``.
        """
        noise = self.noise_of(values, eta)
        self.log_prob_of_noise(eta, noise, log_prob)
        eta[...] = self._derivatives(eta, noise)
        return eta

    def log_prob_of_noise(self, eta, noise, log_prob):
        """Add the log-density of the values that noise makes, nats, to ``log_prob``."""
        normal_log_prob_of_noise(eta, self._log_spread, noise, log_prob)

    def _derivatives(self, eta, noise):
        """Derivatives by eta of the log-densities of values with some noise."""
        k, share = noise.shape[1], len(noise) // len(eta)
        found = self._outer(eta, self.whiten(eta, noise), noise)
        found[:, k : 2 * k] -= share
        return held_back(found, eta, k)

    def _log_scales(self, eta):
        """Logarithms of the diagonal of L, (n_rows, n_units)."""
        k = self.n_values(eta.shape[1])
        return np.clip(eta[:, k : 2 * k], LOWEST, HIGHEST) + self._log_spread

    @property
    def _log_spread(self):
        """The logarithm of the factor of all scales, float32."""
        return np.float32(math.log(self.spread))


def held_back(found, eta, k):
    """Derivatives by eta, zero where they would lead logarithms of scales out of their limits."""
    logs, slopes = eta[:, k : 2 * k], found[:, k : 2 * k]
    slopes[(logs >= HIGHEST) & (slopes > 0)] = 0
    slopes[(logs <= LOWEST) & (slopes < 0)] = 0
    return found


def by_rows(values, n_rows):
    """Values of particles, (n_rows, n_particles, n_units)."""
    return values.reshape(n_rows, -1, values.shape[1])
