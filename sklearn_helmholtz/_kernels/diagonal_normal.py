"""Independent normal units of recognition, whose means and scales are inputs: draws and slopes.

A row of eta holds the means of m units, then the logarithms of their scales, which are held between
-6 and 3 before ``log_spread`` is added. Neighbouring rows of noise may share a row of eta.
"""

import math

import numpy as np
from numba import float32, float64

from .arithmetic import fill, maximum, minimum, multiply_add, select, total
from .exponential import exp
from .kernel import helper, kernel, reads, writes
from .lanes import LANES, first, load_first, store_first

LOWEST, HIGHEST = np.float32(-6), np.float32(3)  # logarithms of scales
_ZERO, _ONE, _HALF = (np.float32(x) for x in (0, 1, 0.5))
_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


@helper
def _held(logs):
    """Logarithms of scales within their limits."""
    return minimum(maximum(logs, LOWEST), HIGHEST)


@helper
def _held_back(slope, logs):
    """Derivatives by logarithms of scales: zero where they would lead out of the limits."""
    slope = select(logs < HIGHEST, slope, minimum(slope, _ZERO))
    return select(logs > LOWEST, slope, maximum(slope, _ZERO))


@kernel(reads(float32, "n/r _"), float32, reads(float32, "n m"), writes(float32, "n m"))
def normal_transport(eta, log_spread, noise, values):
    """``mu + s noise``. eta : (n_eta, 2 m); noise, values : (n_rows, m)."""
    n_units, width = noise.shape[1], eta.shape[1]
    share = noise.shape[0] // eta.shape[0]
    source, numbers, target = eta.reshape(-1), noise.reshape(-1), values.reshape(-1)
    for r in range(eta.shape[0]):
        for j in range(0, n_units, LANES):
            n, e = min(n_units - j, LANES), r * width + j
            mean = load_first(source, e, n)
            scale = exp(_held(load_first(source, e + n_units, n)) + log_spread)
            for i in range(r * share, (r + 1) * share):
                place = i * n_units + j
                moved = multiply_add(scale, load_first(numbers, place, n), mean)
                store_first(target, place, moved, n)


@kernel(reads(float32, "n/r _"), float32, reads(float32, "n m"), writes(float32, "n m"))
def normal_whiten(eta, log_spread, noise, out):
    """``noise / s``. eta : (n_eta, 2 m); noise, out : (n_rows, m)."""
    n_units, width = noise.shape[1], eta.shape[1]
    share = noise.shape[0] // eta.shape[0]
    source, numbers, target = eta.reshape(-1), noise.reshape(-1), out.reshape(-1)
    for r in range(eta.shape[0]):
        for j in range(0, n_units, LANES):
            n, e = min(n_units - j, LANES), r * width + n_units + j
            precision = exp(_ZERO - (_held(load_first(source, e, n)) + log_spread))
            for i in range(r * share, (r + 1) * share):
                place = i * n_units + j
                store_first(target, place, precision * load_first(numbers, place, n), n)


@kernel(
    reads(float32, "r w"), float32, reads(float32, "n m"), reads(float32, "n m"),
    writes(float32, "r w"),
)  # fmt: skip
def normal_pull(eta, log_spread, noise, slopes, out):
    """Derivatives by eta from those by the values ``mu + s noise``.

    Sums over the rows that share a row of eta: of slopes by the means, of ``slope noise s`` by the
    logarithms. eta, out : (n_eta, 2 m); noise, slopes : (n_rows, m).
    """
    n_units, width = noise.shape[1], eta.shape[1]
    share = noise.shape[0] // eta.shape[0]
    source, numbers = eta.reshape(-1), noise.reshape(-1)
    steep, target = slopes.reshape(-1), out.reshape(-1)
    for r in range(eta.shape[0]):
        for j in range(0, n_units, LANES):
            n, e = min(n_units - j, LANES), r * width + j
            by_mean, by_scale = fill(_ZERO), fill(_ZERO)
            for i in range(r * share, (r + 1) * share):
                slope = load_first(steep, i * n_units + j, n)
                by_mean = by_mean + slope
                by_scale = multiply_add(slope, load_first(numbers, i * n_units + j, n), by_scale)
            logs = load_first(source, e + n_units, n)
            by_log = by_scale * exp(_held(logs) + log_spread)
            store_first(target, e, by_mean, n)
            store_first(target, e + n_units, _held_back(by_log, logs), n)


@kernel(reads(float32, "r w"), float32, writes(float64, "r"), writes(float32, "r w"))
def normal_divergence(eta, log_spread, divergence, slopes):
    """``1/2 sum(mu^2 + s^2 - 1 - 2 log s)``, KL(N(mu, s^2) || N(0, 1)), and its derivatives.

    They are zero where a fall would lead logarithms out of their limits. eta, slopes : (n, 2 m);
    divergence : (n,), nats.
    """
    n_rows, width = eta.shape
    n_units = width // 2
    source, target = eta.reshape(-1), slopes.reshape(-1)
    for r in range(n_rows):
        result = 0.0
        for j in range(0, n_units, LANES):
            n, e = min(n_units - j, LANES), r * width + j
            mean, logs = load_first(source, e, n), load_first(source, e + n_units, n)
            log_scale = _held(logs) + log_spread
            excess = exp(log_scale + log_scale) - _ONE
            own = multiply_add(mean, mean, excess - (log_scale + log_scale))
            result += total(select(first(n), own, _ZERO))
            store_first(target, e, mean, n)
            store_first(target, e + n_units, _ZERO - _held_back(_ZERO - excess, logs), n)
        divergence[r] = 0.5 * result


@kernel(reads(float32, "n/r _"), float32, reads(float32, "n m"), writes(float64, "n"))
def normal_log_prob_of_noise(eta, log_spread, noise, log_prob):
    """Add ``-sum(noise^2 / 2 + log s + log(2 pi) / 2)`` of each row to ``log_prob``.

    Whatever else of a triangular L follows in rows of eta, s is its diagonal. eta : (n_eta, 2 m) or
    wider; noise : (n_rows, m); log_prob : (n_rows,), nats.
    """
    n_units, width = noise.shape[1], eta.shape[1]
    share = noise.shape[0] // eta.shape[0]
    source, numbers = eta.reshape(-1), noise.reshape(-1)
    for r in range(eta.shape[0]):
        volume = n_units * _HALF_LOG_2_PI
        for j in range(0, n_units, LANES):
            n = min(n_units - j, LANES)
            logs = _held(load_first(source, r * width + n_units + j, n)) + log_spread
            volume += total(select(first(n), logs, _ZERO))
        for i in range(r * share, (r + 1) * share):
            squares = 0.0
            for j in range(0, n_units, LANES):
                number = load_first(numbers, i * n_units + j, min(n_units - j, LANES))
                squares += total(number * number)
            log_prob[i] -= 0.5 * squares + volume
