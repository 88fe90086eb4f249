"""Columns of real numbers with Gaussian units."""

from dataclasses import dataclass

import numpy as np

from .._kernels.families import GAUSSIAN
from .column import Column


@dataclass(frozen=True, eq=False)
class Normal(Column):
    """A column of real numbers that is normal given its parents, whose variance is learnt.

    In standardised units, ``z = (x - centre) / scale``, where its input is the mean.
    """

    centre: float
    scale: float

    family = GAUSSIAN
    n_bits = 0
    n_reals = 1

    @classmethod
    def fit(cls, values, weights):
        """The column of values that are not missing."""
        centre = np.average(values, weights=weights)
        scale = np.sqrt(np.average((values - centre) ** 2, weights=weights))
        return cls(float(centre), float(scale) if scale > 0 else 1.0)

    @property
    def intercept(self):
        """The mean, 0."""
        return np.zeros(1)

    @property
    def code_means(self):
        """Nothing, and the mean, 0."""
        return np.empty(0), np.zeros(1)

    @property
    def log_volume(self):
        """The logarithm of the scale."""
        return float(np.log(self.scale))

    @property
    def numbers(self):
        """Centre and scale."""
        return {"centre": self.centre, "scale": self.scale}

    def standardise(self, values):
        """Values in standardised units."""
        return (values - self.centre) / self.scale

    def code(self, values):
        """The standardised value."""
        return np.empty((len(values), 0), np.uint8), self.standardise(values)[:, None]

    def log_prob(self, values, eta, variance=1.0):
        """Log-density in standardised units, nats, of values (...,) under inputs (..., 1)."""
        square = (self.standardise(values) - eta[..., 0]) ** 2
        return -0.5 * (square / variance + np.log(2 * np.pi * variance))

    def masses(self, eta):
        """The means themselves, (..., 1)."""
        return eta

    def mode(self, masses):
        """The mean: of a mixture it stands for the median and the mode as well."""
        return self.centre + self.scale * masses[:, 0]
