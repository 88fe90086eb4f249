"""The restricted Boltzmann machine of standardised real data: visible units of unit variance."""

from dataclasses import dataclass, field

import numpy as np

from ..units import Gaussian
from .boltzmann import Boltzmann
from .gaussian_boltzmann import BaseNormals, GaussianBoltzmann


@dataclass(frozen=True)
class UnitNormal:
    """Units that are normal around their input, with the variance 1: there is nothing to learn."""

    name = "gaussian"
    is_binary = False
    dtype = np.float32

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw values, (draws.n_rows, n_units) float32, and add their log-density (nats)."""
        units = Gaussian.from_variance(np.ones(eta.shape[1]))
        return units.sample(eta, draws, layer, log_prob, work, out)


@dataclass(frozen=True)
class NormalBoltzmann(Boltzmann):
    """``p(v, h) = exp(-|v - b|^2 / 2 + c'h + v'Wh) / Z`` for real v, and h of zeros and ones.

    Given h, v is normal around ``b + W h`` with unit variances; given v hidden units are as those
    of binary data. So p(v) is a mixture of 2^n_hidden normal distributions of one covariance, and
    integrates whatever the parameters are.
    """

    units: UnitNormal = field(default_factory=UnitNormal)

    def visible_energy(self, x):
        """``-|v - b|^2 / 2`` of a `Block` of complete rows, (n_rows,) float64."""
        distances = x.todoubles() - self.visible_intercept
        return -0.5 * np.einsum("rk,rk->r", distances, distances)

    def as_gaussian(self):
        """The same machine as a `GaussianBoltzmann`, which knows integrals, chains and gaps."""
        ones = np.ones(self.n_units[0])
        base = BaseNormals(self.base.logits, ones)
        units = Gaussian.from_variance(ones)
        return GaussianBoltzmann(self.upward, self.visible_intercept, base, units)
