"""Boltzmann machines of a few real features, and everything about them as mixtures of normals.

Energies are written out here once more, in float64; densities are those of scipy.
"""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from sklearn_helmholtz.machines import BaseNormals, assemble_gaussian_boltzmann
from sklearn_helmholtz.units import Gaussian
from tests.boltzmann_machines import states


def make_gaussian_boltzmann(n_visible=4, n_hidden=3, scale=0.7, seed=0):
    """A machine with normal parameters of a standard deviation, and a base of its own."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, scale, (n_visible, n_hidden))
    hidden, visible = rng.normal(0, scale, n_hidden), rng.normal(0, scale, n_visible)
    units = Gaussian.from_variance(rng.uniform(0.3, 1.5, n_visible))
    base = BaseNormals(rng.normal(0, 0.3, n_visible), rng.uniform(0.5, 2, n_visible))
    return assemble_gaussian_boltzmann(weights, hidden, visible, units, base)


def parameters(machine):
    """W, c, b and s, float64."""
    W, c, b = machine.weights, machine.hidden_intercept, machine.visible_intercept
    return *(array.astype(np.float64) for array in (W, c, b)), machine.variance


def negative_energies(machine, values):
    """-E of rows of values under all states of the hidden units, (n_rows, 2^n_hidden)."""
    W, c, b, s = parameters(machine)
    h = states(len(c))
    own = -0.5 * ((values - b) ** 2 / s).sum(axis=1)
    return own[:, None] + h @ c + (values / s) @ W @ h.T


class Mixture:
    """What a machine of W, c, b and s is: a mixture of ``2^n_hidden`` normals, by enumeration.

    log_partition : log Z, nats; log_prior : log p(h) of all states h, (2^n,); means : of the data
    given these, (2^n, n_visible).
    """

    def __init__(self, W, c, b, s):
        self.h = states(len(c))
        self.means, self.variance = b + self.h @ W.T, s
        # exp(-E) = weight N(v; b + W h, s): what is left where v is its mean.
        own = 0.5 * (self.means**2 - b**2) / s + 0.5 * np.log(2 * np.pi * s)
        log_weights = self.h @ c + own.sum(axis=1)
        self.log_partition = logsumexp(log_weights)
        self.log_prior = log_weights - self.log_partition

    @classmethod
    def of(cls, machine):
        """That of a machine."""
        return cls(*parameters(machine))

    def log_joint(self, row):
        """Log p(h, observed) of a row, NaN being missing, for all h; (2^n,)."""
        seen = ~np.isnan(row)
        if not seen.any():
            return self.log_prior
        cov = np.diag(self.variance[seen])
        log_p = [multivariate_normal(mean[seen], cov).logpdf(row[seen]) for mean in self.means]
        return self.log_prior + np.array(log_p)

    def log_prob(self, row):
        """Log p of what is observed of a row."""
        return logsumexp(self.log_joint(row))

    def given(self, row):
        """p(h | observed) of all h, (2^n,)."""
        joint = self.log_joint(row)
        return np.exp(joint - logsumexp(joint))

    def expected(self, row):
        """Means of both sides given what is observed of a row."""
        p = self.given(row)
        return np.where(np.isnan(row), p @ self.means, row), p @ self.h

    def cdf(self, row, column, values):
        """Distribution function of a column that a row misses, at some values."""
        return self.given(row) @ self._column(column).cdf(np.atleast_1d(values))

    def density(self, row, column, values):
        """Density of a column that a row misses, at some values."""
        return self.given(row) @ self._column(column).pdf(np.atleast_1d(values))

    def _column(self, column):
        return norm(self.means[:, column, None], np.sqrt(self.variance[column]))


def all_patterns(rows):
    """Rows in which all patterns of values are missing, in turn."""
    n = rows.shape[1]
    missing = states(n).astype(bool)
    return np.where(missing, np.nan, rows[np.arange(2**n) % len(rows)])
