"""Columns of unordered levels: softmax units."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, softmax

from .._kernels.families import SOFTMAX
from .column import Column


@dataclass(frozen=True, eq=False)
class Categorical(Column):
    """A column of levels 0, ..., K - 1: level k with probability softmax(eta)_k.

    shares : (K,), of the levels in the training rows; n : number of these rows, or the sum of their
    weights. The sum of all inputs is free: the penalty of the weights, and the intercept that
    learning starts with, decide it.
    """

    shares: np.ndarray
    n: float

    family = SOFTMAX

    @classmethod
    def fit(cls, values, weights, n_levels):
        """The column of values that are not missing; levels need not be seen."""
        counts = np.bincount(values.astype(np.int64), weights, n_levels)
        return cls(counts / counts.sum(), float(counts.sum()))

    @property
    def n_levels(self):
        """Number of levels."""
        return len(self.shares)

    @property
    def n_inputs(self):
        """One of each level."""
        return len(self.shares)

    @property
    def n_bits(self):
        """One of each level."""
        return len(self.shares)

    @property
    def intercept(self):
        """Logarithms of the shares, smoothed by half a row of each level."""
        smoothed = (self.shares * self.n + 0.5) / (self.n + 0.5 * len(self.shares))
        return np.log(smoothed)

    @property
    def code_means(self):
        """The shares, and nothing."""
        return self.shares, np.empty(0)

    def input_names(self, name, levels):
        """One of each level, such as ``"job=fixed"``."""
        return [f"{name}={level}" for level in levels]

    code_names = input_names

    def code(self, values):
        """1 for the level, 0 for all others."""
        bits = values[:, None] == np.arange(len(self.shares))
        return bits.astype(np.uint8), np.empty((len(values), 0))

    def log_prob(self, values, eta):
        """Log-probability, nats, of levels (...,) under inputs (..., K)."""
        levels = np.asarray(values).astype(np.int64)[..., None]
        return np.take_along_axis(log_softmax(eta, axis=-1), levels, axis=-1)[..., 0]

    def masses(self, eta):
        """Probabilities of all levels, (..., K)."""
        return softmax(eta, axis=-1)
