"""The machine of independent components: sources of data, and the density of these."""

import functools
from dataclasses import dataclass

import numpy as np

from ..rows import dense_rows
from .density import SourceDensity
from .samples import padded

_LOG_2PI = np.log(2 * np.pi)
_ENTRIES = 2**20  # of a block of rows


@dataclass(frozen=True)
class Unmixing:
    """x = mean + s @ mixing.T + rest: independent sources s, and normal noise beside them.

    mean : (n_features,); components : (n_sources, n_features), with ``s = (x - mean) @
    components.T``; density : of s; rest_variance : of the noise, which has no part in the subspace
    that the components span, in each direction of the others; 0 where there are none. float64. With
    the orthonormal basis U of the subspace

        log p(x) = log p(s) + log |det(components @ U)| + log N(rest; 0, rest_variance I).
    """

    mean: np.ndarray
    components: np.ndarray
    rest_variance: float
    density: SourceDensity

    @property
    def is_square(self):
        """Whether there are as many sources as features, and no rest."""
        return self.components.shape[0] == self.components.shape[1]

    @functools.cached_property
    def basis(self):
        """Orthonormal directions of the subspace of the sources, (n_features, n_sources)."""
        return np.linalg.qr(self.components.T)[0]

    @functools.cached_property
    def mixing(self):
        """Sources to data, (n_features, n_sources): the inverse within the subspace."""
        if self.is_square:
            return np.linalg.inv(self.components)
        return self.basis @ np.linalg.inv(self.components @ self.basis)

    @functools.cached_property
    def log_volume(self):
        """Log-density that the change of variables adds, nats."""
        k, p = self.components.shape
        if k == p:
            return float(np.linalg.slogdet(self.components)[1])
        _, log_volume = np.linalg.slogdet(self.components @ self.basis)
        return float(log_volume - (p - k) / 2 * (_LOG_2PI + np.log(self.rest_variance)))

    def sources(self, data):
        """Sources of rows of an array or a CSR matrix, (n_rows, n_sources)."""
        result = np.empty((data.shape[0], len(self.components)))
        for place, d in self._deviations(data):
            result[place] = d @ self.components.T
        return result

    def log_prob(self, data):
        """Log p of rows of an array or a CSR matrix, (n_rows,) nats."""
        result = np.empty(data.shape[0])
        for place, d in self._deviations(data):
            values = padded(self.components @ d.T)
            result[place] = self.density.log_prob(values)[: len(d)] + self.log_volume
            if not self.is_square:
                result[place] -= self._rest(d) / (2 * self.rest_variance)
        return result

    def _rest(self, d):
        """Squared lengths of what lies outside the subspace, (n_rows,)."""
        rest = d - d @ self.basis @ self.basis.T
        return np.einsum("ij,ij->i", rest, rest)

    def _deviations(self, data):
        """Places of blocks of rows, and these less the mean."""
        step = max(_ENTRIES // len(self.mean), 1)
        for start in range(0, data.shape[0], step):
            place = slice(start, start + step)
            yield place, dense_rows(data, place) - self.mean

    def expected(self, sources):
        """Data of sources, (n_rows, n_features), without a rest."""
        return self.mean + np.asarray(sources, np.float64) @ self.mixing.T

    def sample(self, n_rows, rng):
        """Rows drawn, (n_rows, n_features), and their sources; rng : a RandomState."""
        sources = np.ascontiguousarray(self.density.draw(n_rows, rng).T)
        x = self.expected(sources)
        if not self.is_square:
            noise = np.sqrt(self.rest_variance) * rng.standard_normal(x.shape)
            x += noise - noise @ self.basis @ self.basis.T
        return x, sources

    def variances(self):
        """Variances of the features, (n_features,)."""
        _, variances = self.density.moments()
        result = self.mixing**2 @ variances
        if self.is_square:
            return result
        return result + self.rest_variance * (1 - (self.basis**2).sum(axis=1))
