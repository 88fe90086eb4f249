"""Independent normal units of recognition, x_j ~ N(mu_j, s_j^2)."""

from dataclasses import dataclass

import numpy as np

from .normal import Normal, by_rows, held_back


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
        values = by_rows(noise, len(eta)) * self.scales(eta)[:, None] + self.mean(eta)[:, None]
        return values.reshape(noise.shape)

    def noise_of(self, values, eta):
        """``(x - mu) / s``."""
        noise = (by_rows(values, len(eta)) - self.mean(eta)[:, None]) / self.scales(eta)[:, None]
        return noise.reshape(values.shape)

    def whiten(self, eta, noise):
        """``noise / s``."""
        return (by_rows(noise, len(eta)) / self.scales(eta)[:, None]).reshape(noise.shape)

    def pull(self, eta, noise, slopes):
        """Derivatives by means, ``slopes``, and by logarithms of scales, ``slopes noise s``."""
        return held_back(self._outer(eta, slopes, noise), eta, noise.shape[1])

    def divergence_from_prior(self, eta):
        """``1/2 sum(mu^2 + s^2 - 1 - 2 log s)``, and its derivatives by eta."""
        k = self.n_values(eta.shape[1])
        logs, squares = self._log_scales(eta), self.scales(eta) ** 2
        own = eta[:, :k] ** 2 + squares - 1 - 2 * logs
        slopes = np.concatenate([eta[:, :k], squares - 1], axis=1)
        return 0.5 * own.sum(axis=1, dtype=np.float64), -held_back(-slopes, eta, k)

    def _outer(self, eta, slopes, noise):
        k, slopes, noise = noise.shape[1], by_rows(slopes, len(eta)), by_rows(noise, len(eta))
        found = np.empty_like(eta)
        found[:, :k] = slopes.sum(axis=1)
        found[:, k:] = (slopes * noise).sum(axis=1) * self.scales(eta)
        return found
