"""Tables for factor analysis, and one likelihood for whoever is fitted to them."""

import numpy as np
from scipy.linalg import cho_solve, cholesky
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

N_RANDOM = 30
_ROWS = 500  # that are made at a time


def planted_rows(n_rows, n_features, n_factors, seed=0):
    """Rows of a random factor model, (n_rows, n_features), with variances between 1.2 and 2.

    Those are the expected ones: loadings are normal with the variance ``1 / n_factors``, and noise
    variances uniform in [0.2, 1). Rows are made a few at a time, so that making them takes hardly
    more memory than they do.
    """
    rng = np.random.default_rng(seed)
    loadings = rng.standard_normal((n_factors, n_features)) / np.sqrt(n_factors)
    deviations = np.sqrt(rng.uniform(0.2, 1, n_features))
    X = np.empty((n_rows, n_features))
    for start in range(0, n_rows, _ROWS):
        part = X[start : start + _ROWS]
        part[:] = rng.standard_normal(part.shape)
        part *= deviations
        part += rng.standard_normal((len(part), n_factors)) @ loadings
    return X


def problems():
    """Tables by name: four real ones, and random ones of many shapes, with one to three factors."""
    digits = load_digits().data
    yield "iris", load_iris().data
    yield "wine", load_wine().data
    yield "breast cancer", load_breast_cancer().data
    yield "digits", digits[:, digits.var(axis=0) > 0]
    for seed in range(N_RANDOM):
        rng = np.random.default_rng(seed)
        n, p, k = int(rng.integers(30, 300)), int(rng.integers(4, 25)), int(rng.integers(1, 4))
        x = rng.normal(size=(n, k)) @ rng.normal(size=(k, p))
        yield f"random {seed}", (x + rng.normal(size=(n, p)) * rng.uniform(0.1, 2, p)) * 3 + 5


def covariance(X):
    """The covariance of rows, (n_features, n_features), with their number as divisor."""
    centred = X - X.mean(axis=0)
    return centred.T @ centred / len(X)


def log_likelihood(S, C):
    """Mean log-likelihood, nats, of rows with the covariance S under a normal one of covariance C.

    Both (n_features, n_features), the mean being that of the rows. The whole matrix is factorised,
    in units in which its diagonal is 1: where a noise variance vanishes this loses fewer digits
    than inverting matrices of the size of the factors.
    """
    deviations = np.sqrt(np.diag(C))
    units = np.outer(deviations, deviations)
    root = cholesky(C / units, lower=True)
    log_det = 2 * (np.log(np.diag(root)).sum() + np.log(deviations).sum())
    distance = np.trace(cho_solve((root, True), S / units))
    return float(-0.5 * (len(C) * np.log(2 * np.pi) + log_det + distance))
