"""Densities of sources that have few parameters: scores and log-densities of all values.

Sources stand in rows, values (k, n) with n divisible by sixteen.
"""

import math

import numpy as np
from numba import float64

from .arithmetic import absolute, fill_doubles, select, total
from .exponential import exp_double, log_double
from .kernel import helper, kernel, reads, writes
from .lanes import LANES, load, store

_ZERO, _ONE, _TWO = np.float64(0), np.float64(1), np.float64(2)
_LOG_2 = np.float64(np.log(2))


@helper
def _log_cosh(size, grown):
    """Log cosh u; size : |u|, grown : exp(-2 |u|)."""
    return size + log_double(_ONE + grown) - _LOG_2


@kernel(reads(float64, "k n"), reads(float64, "k"), writes(float64, "n"))
def add_log_cosh(values, slopes, out):
    """Add ``log cosh(slope s)`` of all sources to numbers of the rows, out (n,)."""
    for i in range(values.shape[0]):
        row = values[i]
        for j in range(0, values.shape[1], LANES):
            size = absolute(slopes[i] * load(row, j))
            grown = exp_double(_ZERO - _TWO * size)
            store(out, j, load(out, j) + _log_cosh(size, grown))


@kernel(
    reads(float64, "k n"), reads(float64, "n"), reads(float64, "k"), writes(float64, "k n"),
    writes(float64, "k 3"),
)  # fmt: skip
def tanh_scores(values, weights, slopes, scores, sums):
    """``tanh(slope s)`` of all values, and weighted sums over the rows.

    sums : of log cosh(slope s), 1 - tanh^2 and (1 - tanh^2) s^2, for each source.
    """
    for i in range(values.shape[0]):
        row, psi = values[i], scores[i]
        height, slope, curved = fill_doubles(_ZERO), fill_doubles(_ZERO), fill_doubles(_ZERO)
        for j in range(0, values.shape[1], LANES):
            x, w = load(row, j), load(weights, j)
            u = slopes[i] * x
            size = absolute(u)
            grown = exp_double(_ZERO - _TWO * size)
            t = (_ONE - grown) / (_ONE + grown)
            bend = w * (_ONE - t * t)
            store(psi, j, select(u < _ZERO, _ZERO - t, t))
            height += w * _log_cosh(size, grown)
            slope += bend
            curved += bend * x * x
        sums[i, 0], sums[i, 1], sums[i, 2] = total(height), total(slope), total(curved)


@kernel(reads(float64, "k n"), *(reads(float64, "k") for _ in range(3)), writes(float64, "n"))
def add_student_logarithms(values, places, scales, degrees, out):
    """Add ``(df + 1) / 2 log(1 + u^2 / df)``, u = (s - place) / scale, to numbers of the rows."""
    for i in range(values.shape[0]):
        row = values[i]
        half = (degrees[i] + _ONE) / _TWO
        for j in range(0, values.shape[1], LANES):
            u = (load(row, j) - places[i]) / scales[i]
            store(out, j, load(out, j) + half * log_double(_ONE + u * u / degrees[i]))


@kernel(
    reads(float64, "k n"), reads(float64, "n"), *(reads(float64, "k") for _ in range(3)),
    writes(float64, "k n"), writes(float64, "k 3"),
)  # fmt: skip
def student_scores(values, weights, places, scales, degrees, scores, sums):
    """Scores of Student's densities of all values, and weighted sums over the rows.

    sums : of what `add_student_logarithms` adds, psi' and psi' s^2, for each source.
    """
    for i in range(values.shape[0]):
        row, psi = values[i], scores[i]
        df, scale = degrees[i], scales[i]
        height, slope, curved = fill_doubles(_ZERO), fill_doubles(_ZERO), fill_doubles(_ZERO)
        for j in range(0, values.shape[1], LANES):
            x, w = load(row, j), load(weights, j)
            u = (x - places[i]) / scale
            square = u * u
            wide = df + square
            bend = w * (df + _ONE) * (df - square) / (wide * wide * scale * scale)
            store(psi, j, (df + _ONE) * u / (wide * scale))
            height += w * ((df + _ONE) / _TWO * log_double(wide / df))
            slope += bend
            curved += bend * x * x
        sums[i, 0], sums[i, 1], sums[i, 2] = total(height), total(slope), total(curved)


@kernel(
    reads(float64, "k n"), reads(float64, "n"), *(reads(float64, "k") for _ in range(3)),
    writes(float64, "k 5"),
)  # fmt: skip
def student_statistics(values, weights, places, scales, degrees, sums):
    """Sums of a step of EM: weights times t, t s, t s^2, log t, and of the log-densities.

    t : ``(df + 1) / (df + u^2)``; the last is minus what `add_student_logarithms` adds.
    """
    for i in range(values.shape[0]):
        row, df = values[i], degrees[i]
        near, first, second = fill_doubles(_ZERO), fill_doubles(_ZERO), fill_doubles(_ZERO)
        bend = fill_doubles(_ZERO)
        for j in range(0, values.shape[1], LANES):
            x, w = load(row, j), load(weights, j)
            u = (x - places[i]) / scales[i]
            wide = _ONE + u * u / df
            t = w * ((df + _ONE) / df) / wide
            near += t
            first += t * x
            second += t * x * x
            bend += w * log_double(wide)
        total_bend, weight = total(bend), 0.0
        for j in range(weights.shape[0]):
            weight += weights[j]
        sums[i, 0], sums[i, 1], sums[i, 2] = total(near), total(first), total(second)
        sums[i, 3] = weight * math.log((df + 1) / df) - total_bend
        sums[i, 4] = -(df + 1) / 2 * total_bend
