"""Gaussian units with a variance each: samples, log-densities, errors. Shared as in `bernoulli`."""

import math

import numpy as np
from numba import float32, float64, int64, uint32, uint64

from .arithmetic import total
from .kernel import helper, kernel, reads, writes
from .lanes import LANES, load, load_first, store, store_first
from .random import UNITS, uniform_row

_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)
_TWO_PI = np.float32(2 * math.pi)


@kernel(
    reads(float32, 2), reads(float32, 1), reads(uint32, 1), reads(uint64, 1), int64, int64, uint32,
    writes(float32, 2), writes(float64, 1),
)  # fmt: skip
def gaussian_sample(eta, variance, key, addresses, n_particles, first, layer, values, log_prob):
    """Draw values ~ N(eta, variance) by Box & Muller (1958); add their log-density to ``log_prob``.

    eta : (n_eta, n_units); variance : (n_units,); addresses : (n_rows / n_particles,);
    values : (n_rows, n_units); log_prob : (n_rows,).
    """
    n_rows, n_units = values.shape
    share = n_rows // eta.shape[0]
    half = UNITS * -(-n_units // UNITS)
    uniforms = np.empty(2 * half, np.float32)
    constant = 0.0
    for j in range(n_units):
        constant += 0.5 * math.log(variance[j]) + _HALF_LOG_2_PI
    for i in range(n_rows):
        particle = first + i % n_particles
        uniform_row(key, addresses[i // n_particles], particle, layer, uniforms)
        source, target = eta[i // share], values[i]
        total = 0.0
        for j in range(n_units):
            radius = math.sqrt(float32(-2) * math.log(uniforms[j]))
            normal = radius * math.cos(_TWO_PI * uniforms[half + j])
            target[j] = source[j] + math.sqrt(variance[j]) * normal
            total += 0.5 * normal * normal
        log_prob[i] -= total + constant


@helper
def _constant(variance):
    """``sum_j 1/2 log 2 pi v_j``."""
    constant = 0.0
    for j in range(variance.shape[0]):
        constant += 0.5 * math.log(variance[j]) + _HALF_LOG_2_PI
    return constant


@helper
def _precision(variance):
    precision = np.empty_like(variance)
    for j in range(variance.shape[0]):
        precision[j] = float32(1) / variance[j]
    return precision


@kernel(reads(float32, 2), reads(float32, 2), reads(float32, 1), writes(float64, 1))
def gaussian_log_prob(values, eta, variance, log_prob):
    """Add ``-1/2 sum_j (x_j - eta_j)^2 / v_j + log 2 pi v_j`` of each row to ``log_prob``."""
    n_rows, n_units = log_prob.shape[0], eta.shape[1]
    share, share_values = n_rows // eta.shape[0], n_rows // values.shape[0]
    constant, precision = _constant(variance), _precision(variance)
    x, mean = values.reshape(-1), eta.reshape(-1)
    full = n_units - n_units % LANES
    for i in range(n_rows):
        v0, e0 = i // share_values * n_units, i // share * n_units
        squares = 0.0
        for j in range(0, full, LANES):
            difference = load(x, v0 + j) - load(mean, e0 + j)
            squares += total(difference * difference * load(precision, j))
        if full < n_units:
            n = n_units - full
            difference = load_first(x, v0 + full, n) - load_first(mean, e0 + full, n)
            squares += total(difference * difference * load_first(precision, full, n))
        log_prob[i] -= 0.5 * squares + constant


@kernel(reads(float32, 2), writes(float32, 2), reads(float32, 1), writes(float64, 1))
def gaussian_score(values, eta, variance, log_prob):
    """As `gaussian_log_prob`, but eta is left holding the errors ``(x - eta) / v``.

    values : (n_values, n_units), shared by neighbouring rows of eta (n_rows, n_units).
    """
    n_rows, n_units = eta.shape
    share_values = n_rows // values.shape[0]
    constant, precision = _constant(variance), _precision(variance)
    x, mean = values.reshape(-1), eta.reshape(-1)
    full = n_units - n_units % LANES
    for i in range(n_rows):
        v0, e0 = i // share_values * n_units, i * n_units
        squares = 0.0
        for j in range(0, full, LANES):
            difference = load(x, v0 + j) - load(mean, e0 + j)
            error = difference * load(precision, j)
            squares += total(difference * error)
            store(mean, e0 + j, error)
        if full < n_units:
            n = n_units - full
            difference = load_first(x, v0 + full, n) - load_first(mean, e0 + full, n)
            error = difference * load_first(precision, full, n)
            squares += total(difference * error)
            store_first(mean, e0 + full, error, n)
        log_prob[i] -= 0.5 * squares + constant


@kernel(reads(float32, 2), reads(float32, 1), reads(float32, 1), writes(float32, 1))
def gaussian_variance_gradient(error, weight, variance, out):
    """The derivative of the rows' weighted log-densities by the variances.

    ``sum_i w_i (error_i^2 - 1 / v) / 2`` with the errors ``(x - eta) / v`` (n_rows, n_units);
    weight : (n_rows,); variance, out : (n_units,).
    """
    n_rows, n_units = error.shape
    squares, weights = np.zeros(n_units, np.float64), 0.0
    for i in range(n_rows):
        row, w = error[i], weight[i]
        weights += w
        for j in range(n_units):
            squares[j] += w * row[j] * row[j]
    for j in range(n_units):
        out[j] = 0.5 * (squares[j] - weights / variance[j])
