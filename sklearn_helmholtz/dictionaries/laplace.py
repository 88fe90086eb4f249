"""The dictionary: a linear machine whose factors have Laplace distributions."""

import functools
from dataclasses import dataclass

import numpy as np

from .rows import SeenRows, filled_up

SCALE = np.sqrt(0.5)  # of Laplace factors of variance 1
_LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class LaplaceDictionary:
    """Density of ``x = mean + h @ atoms + noise``: h of Laplace, of variance 1, noise N(0, noise).

    p(h) is the product of ``exp(-|h_i| / SCALE) / (2 SCALE)``: an atom's length says how much it
    explains. mean : (n_features,); atoms : (n_atoms, n_features), any number of them; noise : its
    variance, one for all features. All float64.
    """

    mean: np.ndarray
    atoms: np.ndarray
    noise: float

    @functools.cached_property
    def filled_atoms(self):
        """The atoms as kernels take them."""
        return filled_up(self.atoms)

    @property
    def n_atoms(self):
        """Number of atoms, and of factors."""
        return len(self.atoms)

    @property
    def penalty(self):
        """The price of sizes of the most probable factors: scikit-learn's ``alpha``."""
        return self.noise / SCALE

    def rows(self, given):
        """The `SeenRows` of some rows (n_rows, n_features) float64, NaN for what is missing."""
        return SeenRows(given, self.mean)

    def covariance(self):
        """Covariance of the features, (n_features, n_features)."""
        return self.atoms.T @ self.atoms + self.noise * np.eye(len(self.mean))

    def expected(self, h):
        """Expected x given factors (n_rows, n_atoms)."""
        return self.mean + h @ self.atoms

    def draw(self, h, rng):
        """Draws of x given factors; rng : a RandomState or Generator of NumPy."""
        return self.expected(h) + np.sqrt(self.noise) * rng.standard_normal(
            (len(h), len(self.mean))
        )

    def sample(self, n_rows, rng):
        """Draws of x (n_rows, n_features) and of the factors (n_rows, n_atoms)."""
        h = rng.laplace(scale=SCALE, size=(n_rows, self.n_atoms))
        return self.draw(h, rng), h

    def log_visible(self, rows, h):
        """Log-density of what is observed of each row given its factors, (n_rows,) nats."""
        residual = np.where(rows.is_seen, rows.given - self.expected(h), 0.0)
        n_seen = rows.is_seen.sum(axis=1)
        quadratic = (residual**2).sum(axis=1) / self.noise
        return -0.5 * (quadratic + n_seen * (_LOG_2PI + np.log(self.noise)))

    def log_joint(self, rows, h):
        """Log-density of what is observed of each row together with its factors, nats."""
        log_prior = -np.abs(h).sum(axis=1) / SCALE - h.shape[1] * np.log(2 * SCALE)
        return log_prior + self.log_visible(rows, h)
