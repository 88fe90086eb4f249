"""Columns of two levels: Bernoulli units."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from .._kernels.families import BERNOULLI
from .column import Column


@dataclass(frozen=True, eq=False)
class Binary(Column):
    """A column that is 0 or 1: 1 with probability sigmoid(eta).

    share : of ones in the training rows; n : number of these rows, or the sum of their weights.
    """

    share: float
    n: float

    family = BERNOULLI
    n_levels = 2
    n_bits = 1

    @classmethod
    def fit(cls, values, weights):
        """The column of values that are not missing."""
        return cls(float(np.average(values, weights=weights)), float(weights.sum()))

    @property
    def intercept(self):
        """The logit of the share, smoothed by one row of each kind."""
        smoothed = (self.share * self.n + 1) / (self.n + 2)
        return np.array([np.log(smoothed) - np.log1p(-smoothed)])

    @property
    def code_means(self):
        """The share of ones, and nothing."""
        return np.array([self.share]), np.empty(0)

    def code(self, values):
        """The value itself."""
        return values[:, None].astype(np.uint8), np.empty((len(values), 0))

    def log_prob(self, values, eta):
        """Log-probability, nats, of values (...,) under inputs (..., 1)."""
        return log_expit(np.where(values == 1, 1, -1) * eta[..., 0])

    def masses(self, eta):
        """Probabilities of 0 and 1, (..., 2)."""
        return np.stack([expit(-eta[..., 0]), expit(eta[..., 0])], axis=-1)
