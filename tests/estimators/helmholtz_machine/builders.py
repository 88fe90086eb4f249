"""Rows, small machines, and what tests of `HelmholtzMachine` ask of them."""

import numpy as np

from sklearn_helmholtz import HelmholtzMachine
from tests import exact

NETS = ["generative_coefs_", "generative_intercepts_", "recognition_coefs_"]
NETS += ["recognition_intercepts_"]
SCORING = ["score_samples", "transform", "free_energy"]


def binary_data(n=60, d=6, seed=0):
    rng = np.random.default_rng(seed)
    cause = rng.random((n, 1)) < 0.5
    return np.where(rng.random((n, d)) < 0.8, cause, ~cause).astype(np.float64)


def real_data(n=60, d=4, seed=0):
    """Features of different places and spreads that go together."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 1)) + rng.normal(scale=0.5, size=(n, d))
    return z * 10.0 ** np.arange(-1, d - 1) + 3 * np.arange(d)


def machine(sizes=(4, 3), **params):
    return HelmholtzMachine(sizes, **{"max_iter": 5, "random_state": 0, "batch_size": 20, **params})


def parameters(model):
    arrays = [array for name in NETS for array in getattr(model, name)]
    return [*arrays, model.noise_variance_] if hasattr(model, "noise_variance_") else arrays


def same_bits(first, second):
    pairs = zip(parameters(first), parameters(second), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def is_finite(model):
    return all(np.isfinite(array).all() for array in parameters(model))


def as_oracle(model):
    """The public attributes as parameters of the enumeration oracle."""
    lists = ([np.float64(array) for array in getattr(model, name)] for name in NETS)
    noise = getattr(model, "noise_variance_", None)
    return exact.Parameters(*lists, None if noise is None else np.float64(noise))


DATA = {"bernoulli": binary_data(), "gaussian": real_data()}
FRACTIONAL = np.random.default_rng(1).random((60, 6))
REMEDY = r"diverged after.*Lower learning_rate_init"
