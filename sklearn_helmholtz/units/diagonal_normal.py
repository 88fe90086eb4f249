"""Independent normal units of recognition, x_j ~ N(mu_j, s_j^2)."""

from dataclasses import dataclass

import numpy as np

from .._kernels import diagonal_normal as kernels
from .normal import Normal, by_rows


@dataclass(frozen=True)
class DiagonalNormal(Normal):
    """Normal units that are independent given their inputs: means, then logarithms of scales."""

    name = "independent normal"

    def n_inputs(self, n_columns):
        """Two for each unit."""
        return 2 * n_columns

    def n_values(self, n_inputs):
        """Half as many."""
        return n_inputs // 2

    def scales(self, eta):
        """Standard deviations, (n_rows, n_units) float32."""
        return np.exp(self._log_scales(eta))

    def transport(self, eta, noise):
        """Values ``mu + s noise``."""
        values = np.empty_like(noise)
        kernels.normal_transport(eta, self._log_spread, noise, values)
        return values

    def noise_of(self, values, eta):
        """``(x - mu) / s``."""
        noise = (by_rows(values, len(eta)) - self.mean(eta)[:, None]) / self.scales(eta)[:, None]
        return noise.reshape(values.shape)

    def whiten(self, eta, noise):
        """``noise / s``."""
        whitened = np.empty_like(noise)
        kernels.normal_whiten(eta, self._log_spread, noise, whitened)
        return whitened

    def pull(self, eta, noise, slopes):
        """Derivatives by means, ``slopes``, and by logarithms of scales, ``slopes noise s``."""
        found = np.empty_like(eta)
        kernels.normal_pull(eta, self._log_spread, noise, slopes, found)
        return found

    def divergence_from_prior(self, eta):
        """``1/2 sum(mu^2 + s^2 - 1 - 2 log s)``, and its derivatives by eta."""
        divergence, slopes = np.empty(len(eta)), np.empty_like(eta)
        kernels.normal_divergence(eta, self._log_spread, divergence, slopes)
        return divergence, slopes

    def _outer(self, eta, slopes, noise):
        k, slopes, noise = noise.shape[1], by_rows(slopes, len(eta)), by_rows(noise, len(eta))
        found = np.empty_like(eta)
        found[:, :k] = slopes.sum(axis=1)
        found[:, k:] = (slopes * noise).sum(axis=1) * self.scales(eta)
        return found
