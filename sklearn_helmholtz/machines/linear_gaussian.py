"""Linear-Gaussian machines: factors and noise that are normal, so that everything is exact."""

import functools
from dataclasses import dataclass

import numpy as np

_LOG_2PI = np.log(2 * np.pi)
_ENTRIES = 2**22  # float64 of what is held for some rows


@dataclass(frozen=True)
class LinearGaussian:
    """x = mean + z @ loadings + noise, with z ~ N(0, I) and independent noise.

    mean : (n_features,); loadings : (n_factors, n_features); noise : (n_features,) variances, all
    positive. float64. The covariance of x is ``C = loadings.T @ loadings + diag(noise)``; only
    matrices of the size of the factors are ever inverted. Values that are missing (NaN) are left
    out of everything.
    """

    mean: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray

    @functools.cached_property
    def scaled(self):
        """``loadings diag(1 / noise)``, (n_factors, n_features)."""
        return self.loadings / self.noise

    def covariance(self):
        """Of x, (n_features, n_features)."""
        result = self.loadings.T @ self.loadings
        result[np.diag_indices_from(result)] += self.noise
        return result

    def precision(self):
        """The inverse of the covariance of x, (n_features, n_features), after Woodbury."""
        result = -self.scaled.T @ self.posterior_covariance @ self.scaled
        result[np.diag_indices_from(result)] += 1 / self.noise
        return result

    @functools.cached_property
    def posterior_covariance(self):
        """Of the factors given complete rows, (n_factors, n_factors): the same for every row."""
        return self.explain(self.mean[None]).covariances[0]

    def explain(self, x):
        """What is known of the factors of some rows (n_rows, n_features), an `Explanation`."""
        seen = ~np.isnan(x)
        patterns, numbers = _patterns(seen)
        precisions = np.einsum("ki,pi,li->pkl", self.scaled, patterns, self.loadings, optimize=True)
        precisions += np.eye(len(self.loadings))
        factors = np.linalg.cholesky(precisions)
        difference = np.where(seen, x - self.mean, 0.0)
        pulls = difference @ self.scaled.T
        covariances = np.linalg.inv(precisions)
        means = np.einsum("rkl,rl->rk", covariances[numbers], pulls)
        log_dets = 2 * np.log(np.einsum("pkk->pk", factors)).sum(axis=1)
        log_dets += patterns @ np.log(self.noise)
        quadratic = (difference**2 / self.noise).sum(axis=1) - (pulls * means).sum(axis=1)
        constants = log_dets + patterns.sum(axis=1) * _LOG_2PI
        return Explanation(means, covariances, numbers, -0.5 * (quadratic + constants[numbers]))

    def bartlett(self, x):
        """Factors by generalised least squares, (n_rows, n_factors): unbiased given the factors.

        Those of Bartlett (1937). Where loadings of what is observed are dependent, the shortest
        solution.
        """
        seen = ~np.isnan(x)
        patterns, numbers = _patterns(seen)
        information = np.einsum(
            "ki,pi,li->pkl", self.scaled, patterns, self.loadings, optimize=True
        )
        pulls = np.where(seen, x - self.mean, 0.0) @ self.scaled.T
        inverses = np.linalg.pinv(information, hermitian=True)
        return np.einsum("rkl,rl->rk", inverses[numbers], pulls)

    def sample(self, n_rows, rng):
        """Draws of x (n_rows, n_features) and of the factors (n_rows, n_factors)."""
        z = rng.standard_normal((n_rows, len(self.loadings)))
        return self.draw(z, rng), z

    def complete(self, x, rng):
        """Rows with draws of what is missing, given what is observed of the row, and factors."""
        z = self.explain(x).draw(rng)
        return np.where(np.isnan(x), self.draw(z, rng), x), z

    def draw(self, z, rng):
        """Draws of x given factors."""
        noise = rng.standard_normal((len(z), len(self.mean)))
        return self.expected(z) + noise * np.sqrt(self.noise)

    def expected(self, z):
        """Expected x given factors."""
        return self.mean + z @ self.loadings


@dataclass(frozen=True)
class Explanation:
    """The normal distributions of the factors of some rows, and how likely the rows are.

    means : (n_rows, n_factors); covariances : (n_patterns, n_factors, n_factors), one for each
    pattern of what is missing; numbers : (n_rows,), the pattern of each row; log_prob : (n_rows,)
    log-density of what is observed, nats.
    """

    means: np.ndarray
    covariances: np.ndarray
    numbers: np.ndarray
    log_prob: np.ndarray

    def draw(self, rng):
        """A draw of the factors of each row."""
        roots = np.linalg.cholesky(self.covariances)
        normal = rng.standard_normal(self.means.shape)
        return self.means + np.einsum("rkl,rl->rk", roots[self.numbers], normal)


def _patterns(seen):
    """The different rows of a table of flags, as numbers, and which of them each row is."""
    if seen.all():
        return np.ones((1, seen.shape[1])), np.zeros(len(seen), np.int64)
    bits, numbers = np.unique(np.packbits(seen, axis=1), axis=0, return_inverse=True)
    patterns = np.unpackbits(bits, axis=1, count=seen.shape[1]).astype(np.float64)
    return patterns, numbers.reshape(-1)
