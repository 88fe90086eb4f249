"""Sources, their densities and mixtures, made by hand for tests."""

import numpy as np
from scipy import stats

from sklearn_helmholtz.sources import (
    Adaptive,
    Laplace,
    Logistic,
    Mixture,
    Samples,
    Several,
    Student,
)


def mixture(n_sources, seed=0):
    """Mixtures of three normals, skewed and with humps."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(3), n_sources)
    return Mixture(weights, rng.normal(size=(n_sources, 3)), 0.1 + rng.random((n_sources, 3)))


def student(n_sources, seed=0):
    """Student's densities of several places, scales and degrees of freedom."""
    rng = np.random.default_rng(seed)
    places, scales = rng.normal(size=n_sources), 0.5 + rng.random(n_sources)
    return Student(places, scales, 3 + 4 * rng.random(n_sources))


def several(n_sources):
    """Sources of which every other one has a mixture."""
    numbers = np.arange(n_sources)
    even, odd = numbers[::2], numbers[1::2]
    return Several((even, odd), (mixture(len(even)), student(len(odd))))


def adaptive(n_sources):
    """Both kinds, of which the first sources have mixtures."""
    return Adaptive(mixture(n_sources), student(n_sources), np.arange(n_sources) < n_sources // 2)


#: Makers of densities of some number of sources.
MAKERS = {
    "mixture": mixture,
    "student": student,
    "logistic": lambda n: Logistic(0.3 + np.arange(n) / 4),
    "laplace": lambda n: Laplace(0.3 + np.arange(n) / 4),
    "several": several,
    "adaptive": adaptive,
}


def naive_log_densities(density, values):
    """Log-densities of each source by scipy, (n_sources, n_rows)."""
    if isinstance(density, Several | Adaptive):
        result = np.empty(values.shape)
        for numbers, own in density.groups():
            result[numbers] = naive_log_densities(own, values[numbers])
        return result
    if isinstance(density, Mixture):
        parts = stats.norm.pdf(
            values[:, None], density.means[..., None], np.sqrt(density.variances)[..., None]
        )
        return np.log((density.weights[..., None] * parts).sum(axis=1))
    if isinstance(density, Student):
        return stats.t.logpdf(
            values, density.df[:, None], density.places[:, None], density.scales[:, None]
        )
    family = stats.logistic if isinstance(density, Logistic) else stats.laplace
    return family.logpdf(values, 0, density.scales[:, None])


def planted(n_rows, seed=0, n_sources=3):
    """Mixed sources, (n_rows, n_sources): heavy tails, two humps, and skewed ones in turn."""
    rng = np.random.default_rng(seed)
    makers = [
        lambda: rng.laplace(size=n_rows),
        lambda: np.sign(rng.normal(size=n_rows)) + 0.4 * rng.normal(size=n_rows),
        lambda: rng.exponential(size=n_rows),
    ]
    sources = np.column_stack([makers[i % 3]() for i in range(n_sources)])
    return sources @ rng.normal(size=(n_sources, n_sources)) + 3, sources


def samples(n_rows=160, shrinkage=0.2, seed=0, n_sources=3):
    """`Samples` of whitened planted rows, with weights."""
    X, _ = planted(n_rows, seed, n_sources)
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 4, n_rows).astype(float)
    centred = X - np.average(X, 0, weights)
    root = np.linalg.cholesky(np.linalg.inv(np.cov(X.T, aweights=weights, bias=True)))
    return Samples.of(np.ascontiguousarray((centred @ root).T), weights, shrinkage)
