"""Correlated normal units of recognition, x ~ N(mu, L L')."""

import math
from dataclasses import dataclass

import numpy as np

from .._kernels.triangular import lower_product, lower_solution, upper_solution
from .normal import Normal, by_rows, held_back


@dataclass(frozen=True)
class FullNormal(Normal):
    """Normal units with any covariance ``L L'``, which is a function of the inputs as well.

    Inputs are the means, the logarithms of the diagonal of the lower triangular L, and what is
    below the diagonal, row by row.
    """

    name = "correlated normal"

    def n_inputs(self, n_columns):
        """``k + k (k + 1) / 2`` for k units."""
        return n_columns * (n_columns + 3) // 2

    def n_values(self, n_inputs):
        """The k of which these are the inputs."""
        return (math.isqrt(9 + 8 * n_inputs) - 3) // 2

    def scales(self, eta):
        """Standard deviations, (n_rows, n_units) float32: lengths of the rows of L."""
        return np.sqrt(np.einsum("nij,nij->ni", *[self._lower(eta)] * 2))

    def transport(self, eta, noise):
        """Values ``mu + L noise``."""
        values = self._apply(lower_product, eta, noise)
        by_rows(values, len(eta))[...] += self.mean(eta)[:, None]
        return values

    def noise_of(self, values, eta):
        """``L^-1 (x - mu)``."""
        differences = by_rows(values, len(eta)) - self.mean(eta)[:, None]
        return self._apply(lower_solution, eta, differences.reshape(values.shape))

    def whiten(self, eta, noise):
        """``L^-T noise``."""
        return self._apply(upper_solution, eta, noise)

    def pull(self, eta, noise, slopes):
        """Derivatives by means, ``slopes``, and by entries of L, ``slopes_i noise_j``."""
        return held_back(self._outer(eta, slopes, noise), eta, noise.shape[1])

    def divergence_from_prior(self, eta):
        """``1/2 (|mu|^2 + |L|^2 - k) - sum log L_ii``, and its derivatives by eta."""
        k = self.n_values(eta.shape[1])
        lower, logs = self._lower(eta), self._log_scales(eta)
        squares = np.einsum("nij,nij->n", lower, lower, dtype=np.float64)
        squares += np.einsum("ni,ni->n", eta[:, :k], eta[:, :k], dtype=np.float64)
        slopes = eta.copy()
        slopes[:, k : 2 * k] = np.exp(2 * logs) - 1
        slopes[:, 2 * k :] *= np.float32(self.spread**2)
        return 0.5 * (squares - k) - logs.sum(axis=1, dtype=np.float64), -held_back(-slopes, eta, k)

    def _outer(self, eta, slopes, noise):
        k, slopes, noise = noise.shape[1], by_rows(slopes, len(eta)), by_rows(noise, len(eta))
        by_lower = np.einsum("npi,npj->nij", slopes, noise)
        found = np.empty_like(eta)
        found[:, :k] = slopes.sum(axis=1)
        found[:, k : 2 * k] = np.einsum("nii->ni", by_lower) * np.exp(self._log_scales(eta))
        found[:, 2 * k :] = by_lower[:, *np.tril_indices(k, -1)] * np.float32(self.spread)
        return found

    def _lower(self, eta):
        """L of each row, (n_rows, k, k) float32."""
        k = self.n_values(eta.shape[1])
        lower = np.zeros((len(eta), k, k), np.float32)
        np.einsum("nii->ni", lower)[...] = np.exp(self._log_scales(eta))
        lower[:, *np.tril_indices(k, -1)] = eta[:, 2 * k :] * np.float32(self.spread)
        return lower

    def _apply(self, kernel, eta, values):
        out = np.empty(values.shape, np.float32)
        kernel(self._lower(eta), np.ascontiguousarray(values, np.float32), out)
        return out
