"""Gaussian units with a variance each: samples, log-densities, errors.

Rows are shared as in `bernoulli`; a value that is NaN is missing here as well.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint32, uint64

from .arithmetic import is_seen, select, total
from .kernel import helper, kernel, reads, writes
from .lanes import LANES, load, load_first, store, store_first
from .random import UNITS, uniform_row

_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)
_TWO_PI = np.float32(2 * math.pi)
_ZERO = np.float32(0)


@kernel(
    reads(float32, "n/_ m"), reads(float32, "m"), reads(uint32, "2"), reads(uint64, "n/_"), int64,
    int64, uint32, writes(float32, "n m"), writes(float64, "n"),
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
def _per_unit(variance):
    """Half the precision of each unit, and ``1/2 log 2 pi v``."""
    half_precision, constant = np.empty_like(variance), np.empty_like(variance)
    for j in range(variance.shape[0]):
        half_precision[j] = float32(0.5) / variance[j]
        constant[j] = 0.5 * math.log(variance[j]) + _HALF_LOG_2_PI
    return half_precision, constant


@kernel(
    reads(float32, "n/_ m"), reads(float32, "n/_ m"), reads(float32, "m"), writes(float64, "n"),
)  # fmt: skip
def gaussian_log_prob(values, eta, variance, log_prob):
    """Add ``-1/2 sum_j (x_j - eta_j)^2 / v_j + log 2 pi v_j`` of each row to ``log_prob``."""
    n_rows, n_units = log_prob.shape[0], eta.shape[1]
    share, share_values = n_rows // eta.shape[0], n_rows // values.shape[0]
    half, constant = _per_unit(variance)
    x, mean = values.reshape(-1), eta.reshape(-1)
    full = n_units - n_units % LANES
    for i in range(n_rows):
        v0, e0 = i // share_values * n_units, i // share * n_units
        for j in range(0, full, LANES):
            value = load(x, v0 + j)
            difference = value - load(mean, e0 + j)
            lost = difference * difference * load(half, j) + load(constant, j)
            log_prob[i] -= total(select(is_seen(value), lost, _ZERO))
        if full < n_units:
            n = n_units - full
            value = load_first(x, v0 + full, n)
            difference = value - load_first(mean, e0 + full, n)
            lost = difference * difference * load_first(half, full, n)
            lost += load_first(constant, full, n)
            log_prob[i] -= total(select(is_seen(value), lost, _ZERO))


@kernel(reads(float32, "n/_ m"), writes(float32, "n m"), reads(float32, "m"), writes(float64, "n"))
def gaussian_score(values, eta, variance, log_prob):
    """As `gaussian_log_prob`, but eta is left holding the errors ``(x - eta) / v``.

    values : (n_values, n_units), shared by neighbouring rows of eta (n_rows, n_units).
    """
    n_rows, n_units = eta.shape
    share_values = n_rows // values.shape[0]
    half, constant = _per_unit(variance)
    x, mean = values.reshape(-1), eta.reshape(-1)
    full = n_units - n_units % LANES
    for i in range(n_rows):
        v0, e0 = i // share_values * n_units, i * n_units
        for j in range(0, full, LANES):
            value = load(x, v0 + j)
            difference = value - load(mean, e0 + j)
            seen, error = is_seen(value), difference * load(half, j)
            lost = difference * error + load(constant, j)
            log_prob[i] -= total(select(seen, lost, _ZERO))
            store(mean, e0 + j, select(seen, error + error, _ZERO))
        if full < n_units:
            n = n_units - full
            value = load_first(x, v0 + full, n)
            difference = value - load_first(mean, e0 + full, n)
            seen, error = is_seen(value), difference * load_first(half, full, n)
            lost = difference * error + load_first(constant, full, n)
            log_prob[i] -= total(select(seen, lost, _ZERO))
            store_first(mean, e0 + full, select(seen, error + error, _ZERO), n)


@kernel(
    reads(float32, "n/_ m"), reads(float32, "n m"), reads(float32, "n"), reads(float32, "m"),
    writes(float32, "m"),
)  # fmt: skip
def gaussian_variance_gradient(values, error, weight, variance, out):
    """The derivative of the rows' weighted log-densities by the variances.

    ``sum_i w_i (error_i^2 - 1 / v) / 2`` over the values that are not missing, with the errors
    ``(x - eta) / v`` (n_rows, n_units); values : (n_values, n_units), shared by neighbouring rows;
    weight : (n_rows,); variance, out : (n_units,).
    """
    n_rows, n_units = error.shape
    share = n_rows // values.shape[0]
    squares, weights = np.zeros(n_units, np.float64), np.zeros(n_units, np.float64)
    for i in range(n_rows):
        x, row, w = values[i // share], error[i], weight[i]
        for j in range(n_units):
            seen = w if x[j] == x[j] else _ZERO
            weights[j] += seen
            squares[j] += seen * row[j] * row[j]
    for j in range(n_units):
        out[j] = 0.5 * (squares[j] - weights[j] / variance[j])
