"""Gaussian units with a variance each: samples, log-densities, errors. Shared as in `bernoulli`."""

import math

import numpy as np
from numba import float32, float64, int64, uint32, uint64

from .bernoulli import lane_sum
from .kernel import kernel, reads, writes
from .random import uniform_row

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
    half = 4 * -(-n_units // 4)
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


@kernel(reads(float32, 2), reads(float32, 2), reads(float32, 1), writes(float64, 1))
def gaussian_log_prob(values, eta, variance, log_prob):
    """Add ``-1/2 sum_j (x_j - eta_j)^2 / v_j + log 2 pi v_j`` of each row to ``log_prob``."""
    n_rows, n_units = log_prob.shape[0], eta.shape[1]
    share, share_values = n_rows // eta.shape[0], n_rows // values.shape[0]
    terms, precision = np.empty(n_units, np.float32), np.empty(n_units, np.float32)
    constant = 0.0
    for j in range(n_units):
        constant += 0.5 * math.log(variance[j]) + _HALF_LOG_2_PI
        precision[j] = float32(0.5) / variance[j]
    for i in range(n_rows):
        x, mean = values[i // share_values], eta[i // share]
        for j in range(n_units):
            difference = x[j] - mean[j]
            terms[j] = difference * difference * precision[j]
        log_prob[i] -= lane_sum(terms) + constant


@kernel(
    reads(float32, 2), reads(float32, 2), reads(float32, 1), reads(float32, 1),
    writes(float32, 2), writes(float32, 1),
)  # fmt: skip
def gaussian_error(values, eta, variance, weight, out, by_variance):
    """The weighted derivatives of the rows' log-densities by eta and by the variance.

    By eta, ``out`` (n_eta, n_units): ``sum w (x - eta) / v``, which may be written over eta; by the
    variance, ``by_variance`` (n_units,): ``sum w ((x - eta)^2 / v - 1) / 2 v`` over all rows.
    """
    n_rows, n_units = weight.shape[0], eta.shape[1]
    share, share_values = n_rows // eta.shape[0], n_rows // values.shape[0]
    precision, total = np.empty(n_units, np.float32), np.empty(n_units, np.float32)
    squares = np.zeros(n_units, np.float64)
    for j in range(n_units):
        precision[j] = float32(1) / variance[j]
    for r in range(eta.shape[0]):
        mean, target = eta[r], out[r]
        for j in range(n_units):
            total[j] = 0
        for i in range(r * share, (r + 1) * share):
            x, w = values[i // share_values], weight[i]
            for j in range(n_units):
                scaled = (x[j] - mean[j]) * precision[j]
                total[j] += w * scaled
                squares[j] += w * (scaled * (x[j] - mean[j]) - 1)
        for j in range(n_units):
            target[j] = total[j]
    for j in range(n_units):
        by_variance[j] = 0.5 * squares[j] * precision[j]
