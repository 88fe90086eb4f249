"""Bernoulli units: means, samples, log-probabilities and errors, in one pass over the inputs eta.

Rows may share. With n rows of values over r rows of eta, ``n / r`` neighbouring rows share a row of
eta (particles under the first recognition layer, everything under a prior); with fewer rows of
values than of eta, particles share the row of values (one observation, many explanations).
"""

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .exponential import exp, sigmoid, softplus
from .kernel import helper, kernel, reads, writes
from .random import uniform_row

_LANES = 16
_ONE = np.float32(1)


@helper
def lane_sum(terms):
    """The sum of float32 terms in float64, in 16 lanes, so that its order suits vector units."""
    lanes = np.zeros(_LANES, np.float64)
    n = terms.shape[0]
    full = n - n % _LANES
    for j in range(0, full, _LANES):
        chunk = terms[j : j + _LANES]
        for i in range(_LANES):
            lanes[i] += chunk[i]
    total = 0.0
    for i in range(_LANES):
        total += lanes[i]
    for j in range(full, n):
        total += terms[j]
    return total


@kernel(reads(float32, 2), writes(float32, 2))
def bernoulli_mean(eta, out):
    """sigmoid(eta), both (n_rows, n_units)."""
    for m in range(eta.shape[0]):
        source, target = eta[m], out[m]
        for j in range(eta.shape[1]):
            target[j] = sigmoid(source[j])


@kernel(
    reads(float32, 2), reads(uint32, 1), reads(uint64, 1), int64, int64, uint32,
    writes(uint8, 2), writes(float64, 1),
)  # fmt: skip
def bernoulli_sample(eta, key, addresses, n_particles, first, layer, states, log_prob):
    """Draw states ~ Bernoulli(sigmoid(eta)); add their log-probability to ``log_prob``.

    eta : (n_eta, n_units); addresses : (n_rows / n_particles,); states : (n_rows, n_units);
    log_prob : (n_rows,). Row i is particle
    ``first + i % n_particles`` of address ``i // n_particles``.
    """
    n_rows, n_units = states.shape
    share = n_rows // eta.shape[0]
    uniforms = np.empty(4 * -(-n_units // 4), np.float32)
    terms = np.empty(n_units, np.float32)
    for i in range(n_rows):
        particle = first + i % n_particles
        uniform_row(key, addresses[i // n_particles], particle, layer, uniforms)
        source, target = eta[i // share], states[i]
        for j in range(n_units):
            target[j] = uint8(uniforms[j] * (_ONE + exp(-source[j])) < _ONE)
        for j in range(n_units):
            terms[j] = float32(target[j]) * source[j] - softplus(source[j])
        log_prob[i] += lane_sum(terms)


def _log_prob(values, eta, log_prob):
    """Add ``sum_j x_j eta_j - softplus(eta_j)``, the log-probability of each row, to ``log_prob``.

    values : (n_values, n_units); eta : (n_eta, n_units); log_prob : (max(n_values, n_eta),).
    """
    n_rows, n_units = log_prob.shape[0], eta.shape[1]
    share, share_values = n_rows // eta.shape[0], n_rows // values.shape[0]
    terms = np.empty(n_units, np.float32)
    for i in range(n_rows):
        x, a = values[i // share_values], eta[i // share]
        for j in range(n_units):
            terms[j] = float32(x[j]) * a[j] - softplus(a[j])
        log_prob[i] += lane_sum(terms)


def _error(values, eta, weight, out):
    """The weighted derivative by eta of the rows' log-probabilities, ``sum w (x - sigmoid(eta))``.

    values : (n_values, n_units); eta, out : (n_eta, n_units); weight : (max(n_values, n_eta),).
    ``out`` may be ``eta``. Rows that share a row of eta are summed.
    """
    n_rows, n_units = weight.shape[0], eta.shape[1]
    share, share_values = n_rows // eta.shape[0], n_rows // values.shape[0]
    mean, total = np.empty(n_units, np.float32), np.empty(n_units, np.float32)
    for r in range(eta.shape[0]):
        a, target = eta[r], out[r]
        for j in range(n_units):
            mean[j] = sigmoid(a[j])
            total[j] = 0
        for i in range(r * share, (r + 1) * share):
            x, w = values[i // share_values], weight[i]
            for j in range(n_units):
                total[j] += w * (float32(x[j]) - mean[j])
        for j in range(n_units):
            target[j] = total[j]


def _both(function, arguments):
    """The kernels of one function for values in {0, 1} (uint8) and for real values (float32)."""
    return tuple(
        kernel(reads(scalar, 2), *arguments, variant=f"_{scalar}")(function)
        for scalar in (uint8, float32)
    )


bernoulli_log_prob_binary, bernoulli_log_prob_real = _both(
    _log_prob, (reads(float32, 2), writes(float64, 1))
)
bernoulli_error_binary, bernoulli_error_real = _both(
    _error, (reads(float32, 2), reads(float32, 1), writes(float32, 2))
)
