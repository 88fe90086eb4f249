"""Slow twins of kernels of deterministic units between the units of a layer: sums anew each time.

Parameters are incoming, outgoing ``(n_units, n_between)`` and intercept ``(n_between,)``; lateral
weights ``(n_units, n_units)``.
"""

import math

import numpy as np
from scipy.special import expit

from tests.naive import sigmoid


def inputs(values, incoming, intercept, outgoing):
    """Return what the units between make of the input of each unit, ``(n_units,)``."""
    incoming, intercept, outgoing = (np.float64(a) for a in (incoming, intercept, outgoing))
    return np.array([
        outgoing[i] @ expit(intercept + np.float64(values[:i]) @ incoming[:i])
        for i in range(len(values))
    ])  # fmt: skip


def gradient(rows, errors, incoming, intercept, outgoing):
    """Return derivatives by the parameters of the sum of ``errors * inputs`` over rows."""
    incoming, intercept, outgoing = (np.float64(a) for a in (incoming, intercept, outgoing))
    by_incoming, by_intercept, by_outgoing = (
        np.zeros(a.shape) for a in (incoming, intercept, outgoing)
    )
    for x, error in zip(np.float64(rows), np.float64(errors), strict=True):
        for i in range(len(x)):
            states = expit(intercept + x[:i] @ incoming[:i])
            by_sums = error[i] * outgoing[i] * states * (1 - states)
            by_outgoing[i] += error[i] * states
            by_intercept += by_sums
            by_incoming[:i] += np.outer(x[:i], by_sums)
    return by_incoming, by_intercept, by_outgoing


def complete(values, lateral, incoming, intercept, outgoing, eta, draw):
    """Return all values of one row, and the inputs of its units; as `naive.complete_in_order`."""
    values, found = np.array(values, np.float64), np.empty(len(values))
    for i in range(len(values)):
        through = inputs(values[: i + 1], incoming[: i + 1], intercept, outgoing[: i + 1])[i]
        found[i] = eta[i] + values[:i] @ np.float64(lateral[:i, i]) + through
        if math.isnan(values[i]):
            values[i] = draw(i, found[i])
    return values, found


def log_prob(x, lateral, incoming, intercept, outgoing, eta):
    """Return log p of one row of zeros and ones, nats."""
    found = eta + x @ np.float64(lateral) + inputs(x, incoming, intercept, outgoing)
    return sum(math.log(sigmoid(e if value else -e)) for value, e in zip(x, found, strict=True))
