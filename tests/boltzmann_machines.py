"""Restricted Boltzmann machines of a few units, and everything about them by enumeration.

Energies are written out here once more, in float64: nothing of this calls the package.
"""

import itertools

import numpy as np
from scipy.special import logsumexp

from sklearn_helmholtz.machines import assemble_boltzmann


def make_boltzmann(n_visible=6, n_hidden=5, scale=1.0, seed=0, base=None):
    """A machine with normal parameters of a standard deviation, and a base of its own."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, scale, (n_visible, n_hidden))
    hidden, visible, own = (rng.normal(0, scale, n) for n in (n_hidden, n_visible, n_visible))
    return assemble_boltzmann(weights, hidden, visible, own if base is None else base)


def states(n):
    """All states of n units, (2^n, n) float64, the first unit varying slowest."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=n))).reshape(2**n, n)


def log_joint_table(machine):
    """``b'v + c'h + v'Wh`` of all states, (2^n_visible, 2^n_hidden) float64."""
    W, c, b = (
        np.asarray(array, np.float64)
        for array in (machine.weights, machine.hidden_intercept, machine.visible_intercept)
    )
    v, h = states(len(b)), states(len(c))
    return (v @ b)[:, None] + h @ c + v @ W @ h.T


def log_partition(machine):
    """Log Z by enumeration of both sides, nats."""
    return logsumexp(log_joint_table(machine))


def log_probabilities(machine):
    """Log p(v) of all states of the visible side, (2^n_visible,)."""
    table = log_joint_table(machine)
    return logsumexp(table, axis=1) - logsumexp(table)


def log_probability(machine, row):
    """Log p of what is observed of a row, NaN being missing, by enumeration."""
    v, row = states(len(row)), np.asarray(row, np.float64)
    seen = ~np.isnan(row)
    fits = (v[:, seen] == row[seen]).all(axis=1)
    return logsumexp(log_probabilities(machine)[fits])


def joint_given(machine, row):
    """p(v, h | what is observed of a row), (2^n_visible, 2^n_hidden)."""
    v, row = states(len(row)), np.asarray(row, np.float64)
    seen = ~np.isnan(row)
    fits = (v[:, seen] == row[seen]).all(axis=1)
    table = np.where(fits[:, None], log_joint_table(machine), -np.inf)
    return np.exp(table - logsumexp(table))


def moments(machine, joint):
    """Means of v'h, v and h under probabilities of all states: (n, m), (n,), (m,)."""
    v, h = (states(n) for n in machine.n_units)
    return v.T @ joint @ h, joint.sum(axis=1) @ v, joint.sum(axis=0) @ h
