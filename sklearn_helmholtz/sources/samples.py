"""Samples of sources: rows of data, and rows of a normal distribution beside them."""

import functools
from dataclasses import dataclass

import numpy as np

from .._kernels.lanes import LANES

_NODES = 64


def padded(values):
    """Values, (n_sources, n_rows), with zeros up to whole lanes."""
    n_sources, n_rows = values.shape
    if n_rows % LANES == 0:
        return np.ascontiguousarray(values)
    result = np.zeros((n_sources, n_rows + -n_rows % LANES))
    result[:, :n_rows] = values
    return result


@functools.cache
def normal_nodes():
    """Places and weights, (64,) each, that stand for a standard normal distribution.

    Gauss & Hermite's: sums of polynomials up to the degree 127 are exact.
    """
    places, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    return places, weights / weights.sum()


@dataclass(frozen=True)
class Samples:
    """Whitened rows of data, and how much a normal distribution counts beside them.

    rows : (n_dimensions, n_rows), padded; shares : (n_rows,), of which the sum is 1 and those of
    padding zero; n_rows : what rows weigh together; shrinkage : the share of *pseudo-rows*, normal
    with mean 0 and covariance I as the rows have them, among all. They keep densities and matrices
    from what few rows suggest.
    """

    rows: np.ndarray
    shares: np.ndarray
    n_rows: float
    shrinkage: float

    @classmethod
    def of(cls, rows, weights, shrinkage):
        """`Samples` of rows, (n_dimensions, n_rows), of weights (n_rows,)."""
        total = weights.sum()
        shares = padded(weights[None] / total)[0]
        return cls(padded(rows), shares, float(total), shrinkage)

    def thinned(self, most):
        """These samples, or evenly spaced rows of them where they are more than some number."""
        n_rows = np.count_nonzero(self.shares)
        if n_rows <= most:
            return self
        numbers = np.linspace(0, n_rows - 1, most).astype(np.int64)
        rows, shares = np.ascontiguousarray(self.rows[:, numbers]), self.shares[numbers]
        weights = self.n_rows * shares
        return Samples.of(rows, weights, self.shrinkage)

    @property
    def data_shares(self):
        """Shares of the rows of data among all rows, (n_rows,)."""
        return (1 - self.shrinkage) * self.shares

    @property
    def n_all_rows(self):
        """The number of all rows, pseudo-rows among them."""
        return np.inf if self.shrinkage == 1 else self.n_rows / (1 - self.shrinkage)

    def sources(self, unmixing):
        """The `SourceSamples` that a matrix (n_sources, n_dimensions) makes of the rows."""
        return SourceSamples(unmixing @ self.rows, unmixing, self)


@dataclass(frozen=True)
class SourceSamples:
    """Values of sources, (n_sources, n_rows), the matrix that made them, and of which rows.

    In pseudo-rows a source is normal with the length of its row of the matrix as its deviation.
    """

    values: np.ndarray
    unmixing: np.ndarray
    samples: Samples

    @functools.cached_property
    def lengths(self):
        """Deviations of the sources in pseudo-rows, (n_sources,)."""
        return np.sqrt((self.unmixing**2).sum(axis=1))

    def parts(self):
        """Pairs of values (n_sources, n) and weights (n,), which sum to 1 over all."""
        if self.samples.shrinkage < 1:
            yield self.values, self.samples.data_shares
        if self.samples.shrinkage > 0:
            places, weights = normal_nodes()
            yield self.lengths[:, None] * places, self.samples.shrinkage * weights

    def deviations(self):
        """Roots of the mean squares over all rows, (n_sources,)."""
        return np.sqrt(sum(values**2 @ weights for values, weights in self.parts()))

    def over(self, factors):
        """The samples of sources divided by numbers, (n_sources,)."""
        unmixing = self.unmixing / factors[:, None]
        return SourceSamples(self.values / factors[:, None], unmixing, self.samples)

    def mean_log_density(self, density):
        """Mean over all rows of the log-density of the sources, nats."""
        return sum(float(density.log_prob(values) @ weights) for values, weights in self.parts())

    def objective(self, density):
        """Objective of learning: mean log-density of all whitened rows, nats, and the prior."""
        _, log_volume = np.linalg.slogdet(self.unmixing)
        mean = self.mean_log_density(density) + log_volume
        return mean + density.log_prior(self.samples)
