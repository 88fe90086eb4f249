"""Linear-Gaussian machines: factors and noise that are normal, so that everything is exact."""

import functools
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from .._batches import by_pattern, dense_rows, has_gaps

_LOG_2PI = np.log(2 * np.pi)
_EPS = np.finfo(np.float64).eps
_ENTRIES = 2**22  # float64 of what is held for some rows
_OFTEN = 32  # rows with one pattern of gaps that are worth products of their own


@dataclass(frozen=True)
class LinearGaussian:
    """x = mean + z @ loadings + noise, with z ~ N(0, I) and independent noise.

    mean : (n_features,); loadings : (n_factors, n_features); noise : (n_features,) variances, all
    positive. float64. The covariance of x is ``C = loadings.T @ loadings + diag(noise)``; to
    explain rows, only matrices of the size of the factors are inverted. Values that are missing
    (NaN) are left out of everything. Data are arrays or CSR matrices, of which a block at a time is
    made dense float64; x are such blocks.
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
        """The inverse of the covariance of x, (n_features, n_features).

        Not by Woodbury's formula, which loses all digits where a noise variance all but vanishes.
        """
        covariance = self.covariance()
        scale = 1 / np.sqrt(np.diag(covariance))
        correlations = covariance * scale * scale[:, None]
        return cho_solve(cho_factor(correlations), np.diag(scale)) * scale[:, None]

    def canonical(self):
        """The same model with factors in order of what they explain, relative to the noise.

        Given x they are independent; of all rotations one is chosen but for signs.
        """
        _, vectors = np.linalg.eigh(self.scaled @ self.loadings.T)
        return replace(self, loadings=vectors[:, ::-1].T @ self.loadings)

    def explain(self, x):
        """What is known of the factors of some rows (n_rows, n_features), an `Explanation`.

        It holds a matrix for each pattern of gaps: see `blocks` for many rows.
        """
        patterns, numbers, difference = self._deviations(x)
        precisions = self._information(patterns) + np.eye(len(self.loadings))
        roots = np.linalg.inv(np.linalg.cholesky(precisions))
        means = _each(np.swapaxes(roots, 1, 2) @ roots, numbers, difference @ self.scaled.T)
        log_dets = patterns @ np.log(self.noise)
        log_dets -= 2 * np.log(np.einsum("pkk->pk", roots)).sum(axis=1)
        # The sum of two squares: a difference would lose digits where noise is small.
        rest = np.where(np.isnan(x), 0.0, difference - means @ self.loadings)
        quadratic = (rest**2 / self.noise).sum(axis=1) + (means**2).sum(axis=1)
        constants = (log_dets + patterns.sum(axis=1) * _LOG_2PI)[numbers]
        return Explanation(means, roots, numbers, -0.5 * (quadratic + constants))

    def blocks(self, data, chosen=None):
        """Pairs of numbers of rows, or a slice, and these rows: few enough to be explained at once.

        chosen : numbers of the rows that count, None for all. Rows with one pattern of gaps come
        together where they are many, so that they share their matrices.
        """
        n_factors, n_features = self.loadings.shape
        many = max(_ENTRIES // n_features, 1)
        few = min(max(_ENTRIES // max(n_factors, 1) ** 2, 1), many)
        if chosen is None and not has_gaps(data):
            slices = (slice(start, start + many) for start in range(0, data.shape[0], many))
            yield from ((place, dense_rows(data, place)) for place in slices)
            return
        chosen = np.arange(data.shape[0]) if chosen is None else chosen
        if not len(chosen):
            return
        often, rare = by_pattern(data, chosen, _OFTEN)
        for rows, size in [*((rows, many) for rows in often), (rare, few)]:
            for start in range(0, len(rows), size):
                place = rows[start : start + size]
                yield place, dense_rows(data, place)

    def log_prob(self, data):
        """Log-density of what is observed of each row, (n_rows,) nats; 0 for nothing."""
        result = np.empty(data.shape[0])
        for place, x in self.blocks(data):
            result[place] = self.explain(x).log_prob
        return result

    def means(self, data):
        """Expected factors given what is observed, (n_rows, n_factors): Thomson's scores."""
        result = np.empty((data.shape[0], len(self.loadings)))
        for place, x in self.blocks(data):
            result[place] = self.explain(x).means
        return result

    def bartlett(self, data):
        """Factors by generalised least squares, (n_rows, n_factors): unbiased given the factors.

        Those of Bartlett (1937). Where loadings of what is observed are dependent, the shortest
        solution.
        """
        n_factors = len(self.loadings)
        result = np.empty((data.shape[0], n_factors))
        for place, x in self.blocks(data):
            patterns, numbers, difference = self._deviations(x)
            inverses = np.linalg.pinv(
                self._information(patterns), rcond=10 * max(n_factors, 1) * _EPS, hermitian=True
            )
            result[place] = _each(inverses, numbers, difference @ self.scaled.T)
        return result

    def sample(self, n_rows, rng):
        """Draws of x (n_rows, n_features) and of the factors (n_rows, n_factors)."""
        z = rng.standard_normal((n_rows, len(self.loadings)))
        return self.draw(z, rng), z

    def complete(self, row, n_rows, rng):
        """Draws of what is missing of a row (n_features,), given the rest, and of the factors."""
        found = self.explain(row[None])
        normal = rng.standard_normal((n_rows, len(self.loadings)))
        z = found.means + normal @ found.roots[0]
        return np.where(np.isnan(row), self.draw(z, rng), row), z

    def draw(self, z, rng):
        """Draws of x given factors."""
        noise = rng.standard_normal((len(z), len(self.mean)))
        return self.expected(z) + noise * np.sqrt(self.noise)

    def expected(self, z):
        """Expected x given factors."""
        return self.mean + z @ self.loadings

    def _deviations(self, x):
        """Patterns of what is observed, the number of that of each row, and ``x - mean``.

        The last is zero where a value is missing.
        """
        seen = ~np.isnan(x)
        patterns, numbers = _patterns(seen)
        return patterns, numbers, np.where(seen, x - self.mean, 0.0)

    def _information(self, patterns):
        """What the features of patterns say of the factors: ``loadings psi^-1 loadings.T``.

        (n_patterns, n_factors, n_factors).
        """
        n_factors, n_features = self.loadings.shape
        if len(patterns) <= n_factors:
            return (patterns[:, None] * self.scaled) @ self.loadings.T
        products = self.scaled[:, None] * self.loadings
        products = products.reshape(n_factors**2, n_features)
        return (patterns @ products.T).reshape(len(patterns), n_factors, n_factors)


@dataclass(frozen=True)
class Explanation:
    """The normal distributions of the factors of some rows, and how likely the rows are.

    means : (n_rows, n_factors); roots : (n_patterns, n_factors, n_factors), lower triangular, one
    for each pattern of what is missing, with ``root.T @ root`` the covariance; numbers : (n_rows,),
    the pattern of each row; log_prob : (n_rows,) log-density of what is observed, nats.
    """

    means: np.ndarray
    roots: np.ndarray
    numbers: np.ndarray
    log_prob: np.ndarray

    @functools.cached_property
    def covariances(self):
        """Of the factors, (n_patterns, n_factors, n_factors)."""
        return np.swapaxes(self.roots, 1, 2) @ self.roots

    def draw(self, rng):
        """A draw of the factors of each row."""
        normal = rng.standard_normal(self.means.shape)
        return self.means + _each(self.roots, self.numbers, normal)


def _each(matrices, numbers, vectors):
    """The products ``vector @ matrix`` of rows (n_rows, n) with the matrices of their numbers."""
    if len(matrices) == 1:
        return vectors @ matrices[0]
    return np.einsum("rk,rkl->rl", vectors, matrices[numbers])


def _patterns(seen):
    """The different rows of a table of flags, as numbers, and which of them each row is."""
    if (seen == seen[:1]).all():
        return seen[:1].astype(np.float64), np.zeros(len(seen), np.int64)
    bits, numbers = np.unique(np.packbits(seen, axis=1), axis=0, return_inverse=True)
    patterns = np.unpackbits(bits, axis=1, count=seen.shape[1]).astype(np.float64)
    return patterns, numbers.reshape(-1)
