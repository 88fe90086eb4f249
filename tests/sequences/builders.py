"""Dynamic factor models, their rows, and the joint distribution of whole sequences."""

import numpy as np

from sklearn_helmholtz.sequences import DynamicFactors, Sequences


def make_machine(k=2, p=4, seed=0, noise=0.5):
    """A machine whose features have persistences of both signs."""
    rng = np.random.default_rng(seed)
    persistence = np.linspace(0.95, -0.4, k)
    return DynamicFactors(
        rng.normal(size=p), rng.normal(size=(k, p)), noise * rng.uniform(0.5, 2, p), persistence
    )


def make_rows(machine, lengths=(6,), seed=1, share=0.0):
    """Rows, a share of whose values is missing, and their `Sequences`."""
    rng = np.random.RandomState(seed)
    rows, _ = machine.sample(lengths, rng)
    rows[rng.random_sample(rows.shape) < share] = np.nan
    return rows, Sequences(len(rows), np.cumsum([0, *lengths[:-1]]).astype(np.int64))


def joint_of_features(machine, length):
    """The covariance of all features of a sequence, step by step: (length k, length k)."""
    apart = np.abs(np.subtract.outer(np.arange(length), np.arange(length)))
    k = len(machine.persistence)
    found = np.zeros((length, k, length, k))
    for i, persistence in enumerate(machine.persistence):
        found[:, i, :, i] = persistence**apart
    return found.reshape(length * k, length * k)


def joint(machine, length):
    """Mean and covariance of all values of a sequence, and covariances with the features."""
    features = joint_of_features(machine, length)
    loadings = np.kron(np.eye(length), machine.loadings)
    covariance = loadings.T @ features @ loadings + np.diag(np.tile(machine.noise, length))
    return np.tile(machine.mean, length), covariance, features @ loadings
