"""Log-probabilities of rows under every state of the parents, in float64, for enumeration."""

import math

import numpy as np
from numba import float64

from .kernel import kernel, reads, writes

_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


@kernel(reads(float64, 2), reads(float64, 2), writes(float64, 2))
def bernoulli_table(values, eta, out):
    """``out[r, s] = sum_j x_rj eta_js - softplus(eta_js)``: log p(row r | state s), nats.

    values : (n_rows, n_units); eta : (n_units, n_states); out : (n_rows, n_states).
    """
    n_units, n_states = eta.shape
    normaliser = np.zeros(n_states, np.float64)
    for j in range(n_units):
        a = eta[j]
        for s in range(n_states):
            normaliser[s] += max(a[s], 0.0) + math.log1p(math.exp(-abs(a[s])))
    for r in range(values.shape[0]):
        target = out[r]
        for s in range(n_states):
            target[s] = -normaliser[s]
        for j in range(n_units):
            x, a = values[r, j], eta[j]
            if x != 0:
                for s in range(n_states):
                    target[s] += x * a[s]


@kernel(reads(float64, 2), reads(float64, 2), reads(float64, 1), writes(float64, 2))
def gaussian_table(values, eta, variance, out):
    """``out[r, s] = -1/2 sum_j (x_rj - eta_js)^2 / v_j + log 2 pi v_j``: log-densities, nats.

    values : (n_rows, n_units); eta : (n_units, n_states); variance : (n_units,).
    """
    n_units, n_states = eta.shape
    constant = 0.0
    for j in range(n_units):
        constant += 0.5 * math.log(variance[j]) + _HALF_LOG_2_PI
    for r in range(values.shape[0]):
        target = out[r]
        for s in range(n_states):
            target[s] = -constant
        for j in range(n_units):
            x, mean, half = values[r, j], eta[j], 0.5 / variance[j]
            for s in range(n_states):
                difference = x - mean[s]
                target[s] -= half * difference * difference
