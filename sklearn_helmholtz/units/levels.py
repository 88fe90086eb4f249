"""Softmax of groups of inputs that lie side by side, in float64."""

import numpy as np


def level_log_sums(eta, starts):
    """``log sum_k exp(eta_k)`` of each group of entries, (n_rows, n_groups) float64 nats.

    eta : (n_rows, n_entries) of groups alone; starts : (n_groups + 1,), where each group begins
    among them, and where the last one ends.
    """
    if len(starts) < 2:
        return np.zeros((len(eta), 0))
    highest, grown = _grown(eta, starts)
    return highest + np.log(np.add.reduceat(grown, starts[:-1], axis=1))


def level_shares(eta, starts):
    """The softmax of each group of entries, of the shape of eta, float64."""
    if len(starts) < 2:
        return np.zeros(eta.shape)
    _, grown = _grown(eta, starts)
    sums = np.add.reduceat(grown, starts[:-1], axis=1)
    return grown / np.repeat(sums, np.diff(starts), axis=1)


def centre_levels(values, starts):
    """Take the mean over each group of rows from these, in place; the means, (n_groups, ...).

    values : (n_entries, ...) of groups alone; starts : as above.
    """
    sizes = np.diff(starts)
    if not len(sizes):
        return np.zeros((0, *values.shape[1:]))
    shape = (-1, *[1] * (values.ndim - 1))
    sums = np.add.reduceat(values.astype(np.float64), starts[:-1], axis=0)
    means = sums / sizes.reshape(shape)
    values -= np.repeat(means, sizes, axis=0).astype(values.dtype)
    return means


def _grown(eta, starts):
    """The highest entry of each group, and exp of all less that of their own."""
    eta = np.asarray(eta, np.float64)
    highest = np.maximum.reduceat(eta, starts[:-1], axis=1)
    return highest, np.exp(eta - np.repeat(highest, np.diff(starts), axis=1))
