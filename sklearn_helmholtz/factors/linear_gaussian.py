"""Linear-Gaussian machines: factors and noise that are normal, so that everything is exact."""

import functools
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..rows import by_pattern, dense_rows, has_missing
from .reflections import Reflections

_LOG_2PI = np.log(2 * np.pi)
_EPS = np.finfo(np.float64).eps
_ENTRIES = 2**22  # float64 of what is held for some rows
_HELD = 2**17  # float64 of matrices that caches hold
_OFTEN = 32  # rows with one pattern of missing values that are worth products of their own
_MOST_LOST = 1e7  # times the precision of float64 that answers may lose
_MOST_KNOWN = 1e12  # information on the factors beside which residuals are more than rounding
_HIDDEN = 1e-9  # of the standard deviation of noise: what is not worth a pass over the rows
_LEAST_NOISE = 1e-60  # relative to what factors explain: less changes nothing


@dataclass(frozen=True)
class LinearGaussian:
    """x = mean + z @ loadings + noise, with z ~ N(0, I) and independent noise.

    mean, remainder : (n_features,), whose sum is the mean: the latter is what rounding left of it;
    loadings : (n_factors, n_features); noise : (n_features,) variances, all
    positive. float64. The covariance of x is ``C = loadings.T @ loadings + diag(noise)``; to
    infer factors, only matrices (n_factors, n_factors) are inverted. Where noise is so small
    beside the loadings that these lose digits, which C itself may keep, `Reflections` take their
    place. Values that are missing (NaN) are left out of everything. Data are arrays or CSR
    matrices, of which a block at a time is made dense float64; x are such blocks.
    """

    mean: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray
    remainder: np.ndarray | float = 0.0

    @functools.cached_property
    def scaled(self):
        """``loadings diag(1 / noise)``, (n_factors, n_features)."""
        with np.errstate(over="ignore"):
            return self.loadings / self.noise

    def covariance(self):
        """The covariance of x, (n_features, n_features)."""
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

    def is_singular(self):
        """Whether C is singular to rounding: a feature is known from all others.

        Not where rounding leaves the information on the factors positive: then their size makes up
        for the noise that is lost in C.
        """
        everything = np.ones((1, len(self.mean)))
        precision = self._information(everything) + np.eye(len(self.loadings))
        try:
            if np.isfinite(np.linalg.cholesky(precision)).all():
                return False
        except np.linalg.LinAlgError:
            pass
        return bool(self.unexplained().min() <= 10 * _EPS)

    def unexplained(self):
        """Variances of features given all others, relative to their own, (n_features,)."""
        k, p = self.loadings.shape
        deviations = np.sqrt((self.loadings**2).sum(axis=0) + self.noise)
        result, everything = np.empty(p), np.ones((1, p))
        size = max(_ENTRIES // p, 1)
        for start in range(0, p, size):
            rows = np.eye(min(size, p - start), p, start) * deviations
            numbers = np.zeros(len(rows), np.int64)
            ((_, _, _, turned),) = self._reflections(everything, numbers, rows, 1.0)
            result[start : start + size] = 1 / (turned[:, k:] ** 2).sum(axis=1)
        return result

    def canonical(self):
        """The same model with factors in order of what they explain, relative to the noise.

        Given x they are independent; of all rotations one is chosen but for signs.
        """
        _, vectors = np.linalg.eigh(self.scaled @ self.loadings.T)
        return replace(self, loadings=vectors[:, ::-1].T @ self.loadings)

    def infer(self, x):
        """The `FactorPosterior` of some rows (n_rows, n_features), the posterior of their factors.

        It holds a matrix for each pattern of missing values: see `blocks` for many rows.
        """
        patterns, numbers, difference = self._deviations(x)
        roots, is_safe = self._roots(patterns)
        if is_safe.all():
            return self._by_inverses(patterns, numbers, difference, roots)
        means, log_prob = np.empty((len(x), len(self.loadings))), np.empty(len(x))
        for chosen, infer in ((is_safe, self._by_inverses), (~is_safe, self._by_reflections)):
            rows = chosen[numbers]
            places = np.cumsum(chosen) - 1
            part = infer(patterns[chosen], places[numbers[rows]], difference[rows], roots[chosen])
            means[rows], log_prob[rows], roots[chosen] = part.means, part.log_prob, part.roots
        return FactorPosterior(means, roots, numbers, log_prob)

    def _roots(self, patterns):
        """Roots of the covariances of the factors given patterns, and which of them are safe.

        (n_patterns, n_factors, n_factors) and (n_patterns,) bool.
        """
        identity = np.eye(len(self.loadings))
        precisions = self._information(patterns) + identity
        known = np.einsum("pkk->p", precisions)
        is_safe = known <= _MOST_KNOWN
        if not is_safe.all():
            precisions[~is_safe] = identity
        roots = np.linalg.inv(np.linalg.cholesky(precisions))
        variances = np.einsum("pij,pij->pj", roots, roots)
        return roots, is_safe & (_lost(precisions, variances) <= _MOST_LOST)

    def _by_inverses(self, patterns, numbers, difference, roots):
        """Posterior of rows less the mean (n_rows, n_features) by Woodbury's formula."""
        means = _each(np.swapaxes(roots, 1, 2) @ roots, numbers, difference @ self.scaled.T)
        log_dets = patterns @ np.log(self.noise)
        log_dets -= 2 * np.log(np.einsum("pkk->pk", roots)).sum(axis=1)
        # The sum of two squares: a difference would lose digits where noise is small.
        rest = difference - means @ self.loadings
        rest = rest if patterns.all() else rest * patterns[numbers]
        quadratic = (rest**2 / self.noise).sum(axis=1) + (means**2).sum(axis=1)
        constants = (log_dets + patterns.sum(axis=1) * _LOG_2PI)[numbers]
        return FactorPosterior(means, roots, numbers, -0.5 * (quadratic + constants))

    def _by_reflections(self, patterns, numbers, difference, roots):
        """The same by weighted least squares: ``difference = z @ loadings``, and z = 0."""
        k = len(self.loadings)
        means, log_prob, roots = np.empty((len(numbers), k)), np.empty(len(numbers)), roots.copy()
        dets = patterns @ np.log(self._noise)
        for place, rows, found, turned in self._reflections(patterns, numbers, difference, 1.0):
            roots[place] = found.roots
            means[rows] = _each(found.roots, numbers[rows] - place.start, turned[:, :k])
            dets[place] += 2 * np.log(np.abs(np.einsum("pkk->pk", found.upper))).sum(axis=1)
            log_prob[rows] = (turned[:, k:] ** 2).sum(axis=1)
        log_prob += (dets + patterns.sum(axis=1) * _LOG_2PI)[numbers]
        return FactorPosterior(means, roots, numbers, -0.5 * log_prob)

    def _reflections(self, patterns, numbers, difference, prior, least=0.0):
        """Slices of patterns, their rows, the `Reflections` of their equations, and turned rows.

        The equations of a pattern (n_features + n_factors, n_factors): the loadings of each feature
        that is observed in units of its noise; and ``prior`` times the factors.
        """
        (k, p), unit = self.loadings.shape, np.sqrt(self._noise)
        size = max(_HELD // max((p + k) * k, 1), 1)
        for start in range(0, len(patterns), size):
            place = slice(start, start + size)
            rows = np.flatnonzero((numbers >= start) & (numbers < start + size))
            equations = np.zeros((len(patterns[place]), p + k, k))
            equations[:, :p] = patterns[place, :, None] * (self.loadings / unit).T
            equations[:, np.arange(p, p + k), np.arange(k)] = prior
            found = Reflections.of(equations, least)
            values = np.concatenate([difference[rows] / unit, np.zeros((len(rows), k))], axis=1)
            yield place, rows, found, found.turn(values, numbers[rows] - start)

    @functools.cached_property
    def _noise(self):
        """Noise variances that change nothing where they are more than given, (n_features,)."""
        return np.maximum(self.noise, _LEAST_NOISE * (self.loadings**2).sum(axis=0))

    def blocks(self, data, chosen=None):
        """Pairs of numbers of rows, or a slice, and these rows: few enough for inference at once.

        chosen : numbers of the rows that count, None for all. Rows with one pattern of missing
        values come together where they are many, so that they share their matrices.
        """
        n_factors, n_features = self.loadings.shape
        many = max(_ENTRIES // n_features, 1)
        few = min(max(_ENTRIES // max(n_factors, 1) ** 2, 1), many)
        if chosen is None and not has_missing(data):
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
            result[place] = self.infer(x).log_prob
        return result

    def log_joint(self, data, z):
        """Log-density of what is observed of each row together with its factors, (n_rows,) nats."""
        result = -0.5 * ((z**2).sum(axis=1) + z.shape[1] * _LOG_2PI)
        constants = np.log(self.noise) + _LOG_2PI
        for place, x in self.blocks(data):
            patterns, numbers, difference = self._deviations(x)
            seen = patterns[numbers]
            rest = difference - seen * (z[place] @ self.loadings)
            result[place] -= 0.5 * ((rest**2 / self.noise).sum(axis=1) + seen @ constants)
        return result

    def means(self, data):
        """Expected factors given what is observed, (n_rows, n_factors): Thomson's scores."""
        result = np.empty((data.shape[0], len(self.loadings)))
        for place, x in self.blocks(data):
            result[place] = self.infer(x).means
        return result

    def bartlett(self, data):
        """Factors by generalised least squares, (n_rows, n_factors): unbiased given the factors.

        Those of Bartlett (1937). Where loadings of what is observed are dependent, the shortest
        solution.
        """
        result = np.empty((data.shape[0], len(self.loadings)))
        for place, x in self.blocks(data):
            result[place] = self._bartlett(*self._deviations(x))
        return result

    def _bartlett(self, patterns, numbers, difference):
        """The same of rows less the mean."""
        result = np.empty((len(numbers), len(self.loadings)))
        inverses, is_safe = self._inverses(patterns)
        rows = is_safe[numbers]
        if rows.any():
            result[rows] = _each(inverses, numbers[rows], difference[rows] @ self.scaled.T)
        if not rows.all():
            places = (np.cumsum(~is_safe) - 1)[numbers[~rows]]
            result[~rows] = self._shortest(patterns[~is_safe], places, difference[~rows])
        return result

    def _shortest(self, patterns, numbers, difference):
        """The same by reflections, where loadings are dependent or weights very different."""
        result = np.empty((len(numbers), len(self.loadings)))
        least = np.sqrt(10 * max(len(self.loadings), 1) * _EPS)
        parts = self._reflections(patterns, numbers, difference, 0.0, least)
        for place, rows, found, turned in parts:
            turned = turned[:, : len(self.loadings)]
            result[rows] = _each(found.shortest(), numbers[rows] - place.start, turned)
        return result

    def _inverses(self, patterns):
        """Inverses of what patterns say of the factors, and which of them are safe."""
        information = self._information(patterns)
        diagonal = np.einsum("pkk->pk", information)
        is_safe = np.isfinite(diagonal).all(axis=1) & (diagonal > 0).all(axis=1)
        information[~is_safe] = np.eye(len(self.loadings))
        scale = 1 / np.sqrt(np.einsum("pkk->pk", information))
        values, vectors = np.linalg.eigh(information * scale[:, None] * scale[:, :, None])
        values = np.maximum(values, _EPS)[:, None]
        vectors *= scale[:, :, None]
        inverses = (vectors / values) @ np.swapaxes(vectors, 1, 2)
        variances = np.einsum("pkk->pk", inverses)
        return inverses, is_safe & (_lost(information, variances) <= _MOST_LOST)

    def sample(self, n_rows, rng):
        """Draws of x (n_rows, n_features) and of the factors (n_rows, n_factors)."""
        z = rng.standard_normal((n_rows, len(self.loadings)))
        return self.draw(z, rng), z

    def complete(self, row, n_rows, rng):
        """Draws of what is missing of a row (n_features,), given the rest, and of the factors."""
        found = self.infer(row[None])
        normal = rng.standard_normal((n_rows, len(self.loadings)))
        z = found.means + normal @ found.roots[0]
        return np.where(np.isnan(row), self.draw(z, rng), row), z

    def draw(self, z, rng):
        """Draws of x given factors."""
        noise = rng.standard_normal((len(z), len(self.mean)))
        return self.expected(z) + noise * np.sqrt(self.noise)

    def expected(self, z):
        """Expected x given factors."""
        return self.mean + (z @ self.loadings + self.remainder)

    def _deviations(self, x):
        """Patterns of what is observed, the number of that of each row, and ``x - mean``.

        The last is zero where a value is missing.
        """
        seen = ~np.isnan(x)
        patterns, numbers = row_patterns(seen)
        difference = np.where(seen, x - self.mean, 0.0)
        if (np.abs(self.remainder) > _HIDDEN * np.sqrt(self.noise)).any():
            difference -= seen * self.remainder
        return patterns, numbers, difference

    def _information(self, patterns):
        """Information of patterns of features about the factors: ``loadings psi^-1 loadings.T``.

        (n_patterns, n_factors, n_factors).
        """
        n_factors, n_features = self.loadings.shape
        # What overflows is not safe, and not used.
        with np.errstate(over="ignore", invalid="ignore"):
            if len(patterns) <= n_factors:
                return (patterns[:, None] * self.scaled) @ self.loadings.T
            products = self.scaled[:, None] * self.loadings
            products = products.reshape(n_factors**2, n_features)
            return (patterns @ products.T).reshape(len(patterns), n_factors, n_factors)


@dataclass(frozen=True)
class FactorPosterior:
    """The normal distributions of the factors of some rows, and how likely the rows are.

    means : (n_rows, n_factors); roots : (n_patterns, n_factors, n_factors), one for each pattern of
    what is missing, with ``root.T @ root`` the covariance; numbers : (n_rows,),
    the pattern of each row; log_prob : (n_rows,) log-density of what is observed, nats.
    """

    means: np.ndarray
    roots: np.ndarray
    numbers: np.ndarray
    log_prob: np.ndarray

    @functools.cached_property
    def covariances(self):
        """Posterior covariances of the factors, (n_patterns, n_factors, n_factors)."""
        return np.swapaxes(self.roots, 1, 2) @ self.roots

    def draw(self, rng):
        """A draw of the factors of each row."""
        normal = rng.standard_normal(self.means.shape)
        return self.means + _each(self.roots, self.numbers, normal)


def _lost(information, variances):
    """Errors of the inverses of matrices, as multiples of the precision of float64, (n,).

    information : (n, n_factors, n_factors); variances : (n, n_factors), the diagonals of their
    inverses. Errors of inverses are, in units of the variances, at most what the condition number
    of the matrices in units of their diagonals makes of rounding; what they are multiplied with is
    as large as the root of all information (infinite where there is no number).
    """
    diagonal = np.einsum("nkk->nk", information)
    spread = (diagonal * variances).sum(axis=1)
    ratio = diagonal.sum(axis=1) / diagonal.min(axis=1, initial=np.inf)
    return np.where(np.isfinite(spread), spread * np.sqrt(ratio), np.inf)


def _each(matrices, numbers, vectors):
    """The products ``vector @ matrix`` of rows (n_rows, n) with the matrices of their numbers."""
    if len(matrices) == 1:
        return vectors @ matrices[0]
    return np.einsum("rk,rkl->rl", vectors, matrices[numbers])


def row_patterns(seen):
    """The different rows of a table of flags, as numbers, and which of them each row is."""
    if (seen == seen[:1]).all():
        return seen[:1].astype(np.float64), np.zeros(len(seen), np.int64)
    bits, numbers = np.unique(np.packbits(seen, axis=1), axis=0, return_inverse=True)
    patterns = np.unpackbits(bits, axis=1, count=seen.shape[1]).astype(np.float64)
    return patterns, numbers.reshape(-1)
