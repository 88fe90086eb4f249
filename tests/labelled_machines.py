"""Boltzmann machines of rows and labels, and everything about them by enumeration, in float64.

Energies are written out here once more: nothing of this calls the package.
"""

import itertools
import math

import numpy as np
from scipy.special import logsumexp

from sklearn_helmholtz.machines import assemble_boltzmann, assemble_labelled


def make_labelled(n_visible=4, n_hidden=3, n_classes=3, scale=1.0, seed=0, is_binary=True):
    """A machine with normal parameters of a standard deviation."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, scale, (n_visible, n_hidden))
    hidden, visible, base = (rng.normal(0, scale, n) for n in (n_hidden, n_visible, n_visible))
    boltzmann = assemble_boltzmann(weights, hidden, visible, base)
    labels = rng.normal(0, scale, (n_hidden, n_classes)), rng.normal(0, scale, n_classes)
    return assemble_labelled(boltzmann, *labels, is_binary)


def states(n):
    """All states of n units, (2^n, n) float64."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=n))).reshape(2**n, n)


def arrays_of(machine):
    """W, c, b, U' and d, in the order of their names in `Parameters`, float64."""
    boltzmann, labels = machine.boltzmann, machine.labels
    found = (
        boltzmann.weights, boltzmann.hidden_intercept, boltzmann.visible_intercept, labels.weights,
        labels.intercept,
    )  # fmt: skip
    return [np.asarray(array, np.float64) for array in found]


def log_table(arrays, X):
    """Minus the energy of rows, classes and all hidden states, (n_rows, n_classes, 2^n_hidden)."""
    W, c, b, U, d = arrays
    h = states(len(c))
    of_rows = (X @ b)[:, None] + X @ W @ h.T
    of_labels = d[:, None] + (h @ U).T
    return of_rows[:, None, :] + of_labels[None] + h @ c


def log_joint(arrays, X):
    """Log p*(x, y) by all hidden states, (n_rows, n_classes)."""
    return logsumexp(log_table(arrays, X), axis=2)


def log_posterior(arrays, X):
    """Log p(y | x), (n_rows, n_classes)."""
    table = log_joint(arrays, X)
    return table - logsumexp(table, axis=1, keepdims=True)


def log_partition(arrays):
    """Log Z of binary rows, exactly one label of each, nats."""
    return logsumexp(log_joint(arrays, states(len(arrays[2]))))


def objective(arrays, X, codes, weights, generative):
    """The hybrid objective of rows, of which the code -1 means no label; infinity: all of it."""
    labelled, own = codes >= 0, np.maximum(codes, 0)
    rows = np.arange(len(X))
    conditional = log_posterior(arrays, X)[rows, own]
    table = log_joint(arrays, X) - log_partition(arrays)
    joint = np.where(labelled, table[rows, own], logsumexp(table, axis=1))
    second = (weights * joint).sum() / weights.sum()
    if math.isinf(generative):
        return second
    if not labelled.any():
        return generative * second / (1 + generative)
    first = (weights * conditional)[labelled].sum() / weights[labelled].sum()
    return (first + generative * second) / (1 + generative)


def log_table_observed(arrays, X, is_binary=True):
    """As `log_table` of rows with gaps (NaN), which are summed out or integrated given h.

    Of real rows with ``-|x - b|^2 / 2`` in place of ``b'x``.
    """
    W, c, b, U, d = arrays
    h = states(len(c))
    u, x = (h @ W.T)[None], X[:, None, :]
    if is_binary:
        terms = np.where(np.isnan(x), np.logaddexp(0, b + u), np.nan_to_num(x) * (b + u))
    else:
        integrated = 0.5 * np.log(2 * np.pi) + b * u + 0.5 * u**2
        terms = np.where(np.isnan(x), integrated, np.nan_to_num(x * u - 0.5 * (x - b) ** 2))
    of_labels = d[:, None] + (h @ U).T
    return terms.sum(axis=2)[:, None, :] + of_labels[None] + h @ c


def log_joint_observed(arrays, X, is_binary=True):
    """Log p*(observed, y) of rows with gaps, (n_rows, n_classes)."""
    return logsumexp(log_table_observed(arrays, X, is_binary), axis=2)


def log_partition_observed(arrays, is_binary=True):
    """Log Z: of a row of which nothing is observed."""
    nothing = np.full((1, len(arrays[2])), np.nan)
    return logsumexp(log_joint_observed(arrays, nothing, is_binary))


def objective_observed(arrays, X, codes, weights, generative, is_binary=True):
    """As `objective`, of what is observed of rows."""
    labelled, own, rows = codes >= 0, np.maximum(codes, 0), np.arange(len(X))
    table = log_joint_observed(arrays, X, is_binary) - log_partition_observed(arrays, is_binary)
    totals = logsumexp(table, axis=1)
    joint = np.where(labelled, table[rows, own], totals)
    second = (weights * joint).sum() / weights.sum()
    if math.isinf(generative):
        return second
    if not labelled.any():
        return generative * second / (1 + generative)
    conditional = (weights * (table[rows, own] - totals))[labelled].sum() / weights[labelled].sum()
    return (conditional + generative * second) / (1 + generative)


def slopes(arrays, *rows, objective=objective):
    """Central differences of an objective by all parameters, arrays of their shapes."""
    found, step = [], 1e-5
    for number, array in enumerate(arrays):
        own = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = [a.copy() for a in arrays]
                moved[number][place] += sign * step
                ends.append(objective(moved, *rows))
            own[place] = (ends[0] - ends[1]) / (2 * step)
        found.append(own)
    return found


def flat(arrays):
    """Arrays as one vector."""
    return np.concatenate([np.ravel(array) for array in arrays])
