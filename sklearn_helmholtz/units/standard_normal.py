"""Standard normal units: x ~ N(eta, 1)."""

from dataclasses import dataclass

import numpy as np

from .._kernels import gaussian as kernels
from .._kernels.enumeration import gaussian_table
from .._kernels.normal_noise import normal_rows
from .._keys import layer_word
from .abilities import Ability
from .family import Units


@dataclass(frozen=True)
class StandardNormal(Units):
    """Hidden units with mean eta and variance 1, which have no parameters of their own."""

    name = "standard normal"
    dtype = np.float32
    hidden_abilities = frozenset({Ability.ANNEAL, Ability.ELLIPTICAL})

    def mean(self, eta, work=np):
        """Expected values: eta itself."""
        return eta

    def mode(self, eta):
        """Most probable values: eta itself."""
        return eta

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw values, (draws.n_rows, n_units) float32, and add their log-density (nats)."""
        if out is None:
            out = work.empty((draws.n_rows, eta.shape[1]), np.float32)
        write_noise(draws, layer, out)
        kernels.gaussian_log_prob(out, np.zeros_like(eta[:1]), _ones(eta.shape[1]), log_prob)
        out.reshape(len(eta), -1, eta.shape[1])[...] += eta[:, None]
        return out

    def log_prob(self, values, eta, log_prob):
        """Add the log-density of each row of values, nats, to ``log_prob``."""
        kernels.gaussian_log_prob(values, eta, _ones(eta.shape[1]), log_prob)

    def score(self, values, eta, log_prob):
        """Add log-densities; overwrite eta by the errors ``x - eta``."""
        kernels.gaussian_score(values, eta, _ones(eta.shape[1]), log_prob)
        return eta

    def table(self, values, eta, out):
        """Log-density, float64, of each row of values under each column of eta."""
        gaussian_table(values, eta, np.ones(len(eta)), out)


def standard_noise(draws, layer, n_units, work=np):
    """Standard normal numbers of the particles of rows, (draws.n_rows, n_units) float32."""
    noise = work.empty((draws.n_rows, n_units), np.float32)
    write_noise(draws, layer, noise)
    return noise


def write_noise(draws, layer, out):
    """Write such numbers to an array, (draws.n_rows, n_units) float32."""
    normal_rows(draws.key, draws.addresses, draws.n_particles, draws.first, layer_word(layer), out)


def _ones(n):
    return np.ones(n, np.float32)
