"""Factor models to test with, and what is known of them by other ways."""

import numpy as np
from scipy import stats

from sklearn_helmholtz.factors import LinearGaussian


def make_machine(n_factors=2, n_features=6, seed=0):
    rng = np.random.default_rng(seed)
    return LinearGaussian(
        rng.normal(size=n_features),
        rng.normal(size=(n_factors, n_features)),
        rng.uniform(0.3, 1, n_features),
    )


def make_rows(machine, n_rows, seed=1, missing=0.0):
    rng = np.random.default_rng(seed)
    x, _ = machine.sample(n_rows, rng)
    x[rng.random(x.shape) < missing] = np.nan
    return x


def normal(machine, columns):
    """The distribution of some features, by scipy."""
    covariance = machine.covariance()[np.ix_(columns, columns)]
    return stats.multivariate_normal(machine.mean[columns], covariance)


def joint_covariance(machine):
    """Of the factors and the features."""
    n = len(machine.loadings)
    top = np.concatenate([np.eye(n), machine.loadings], axis=1)
    return np.concatenate([top, np.concatenate([machine.loadings.T, machine.covariance()], axis=1)])


def rows_with_moments(covariance, n_rows, seed=0):
    """Rows with mean zero that have a covariance matrix to rounding."""
    p = len(covariance)
    x = np.random.default_rng(seed).normal(size=(n_rows, p))
    x -= x.mean(axis=0)
    left, _, right = np.linalg.svd(x, full_matrices=False)
    return np.sqrt(n_rows) * left @ right @ np.linalg.cholesky(covariance).T
