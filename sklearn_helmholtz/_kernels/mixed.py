"""Rows of mixed columns: codes, log-probabilities, errors and draws, a row at a time.

Units of one family lie side by side, whatever the order of their columns. *sizes* (4,) int64 :
numbers of Bernoulli, ordered, Gaussian and softmax columns; *levels* : of each softmax column.

========= ================================================== =====================================
family    payload, float32, NaN where a value is missing     inputs eta
========= ================================================== =====================================
Bernoulli the bit                                            its logit
ordered   edges of cells: all lo, all hi, all hi - lo        all locations, then all log-scales
Gaussian  standardised values                                means
softmax   levels, counted from 0                             one of each level
========= ================================================== =====================================

What other units see of a value are bits (uint8) and real numbers (float32), all 0 where it is
missing. `marginals` says what *places*, *numbers*, *knots* and *thresholds* hold of each column.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from . import bernoulli, ordered, softmax
from .families import BERNOULLI, GAUSSIAN, ORDERED
from .kernel import helper, kernel, reads, writes
from .marginals import (
    BITS,
    CENTRE,
    ETA,
    FAMILY,
    HIGHEST_SCALE,
    KNOT,
    LOWER,
    LOWEST_SCALE,
    N_BITS,
    N_INPUTS,
    N_KNOTS,
    PAYLOAD,
    REALS,
    SCALE,
    UNKNOWN,
    UPPER,
    on_grid,
    quantile,
    write_cell,
)
from .random import UNITS, uniform_row
from .weight_rows import add_row

_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)
_ZERO, _ONE, _NAN = np.float32(0), np.float32(1), np.float32(np.nan)

_LAYOUT = reads(int64, "d 10"), reads(float64, "d 8"), reads(float64, "4 _"), reads(float64, "_")
_FAMILIES = reads(int64, "4"), reads(int64, "_"), reads(float32, "_")


@helper
def _write_value(
    x, near, j, places, numbers, knots, thresholds, n_ordered, payload, p0, bits, b0, reals, r0
):  # fmt: skip
    """Write what a value of column j is to units, and what others see of it.

    near : a knot not far from x, or `UNKNOWN`; payload, bits, reals : flat; p0, b0, r0 : where
    their row begins.
    """
    place, family = places[j], places[j, FAMILY]
    p, b, r = p0 + place[PAYLOAD], b0 + place[BITS], r0 + place[REALS]
    if family == ORDERED:
        write_cell(
            x, near, place, numbers[j], knots, thresholds, n_ordered, payload, p, bits, b, reals, r
        )
    elif family == GAUSSIAN:
        payload[p] = reals[r] = (x - numbers[j, CENTRE]) / numbers[j, SCALE]
    elif family == BERNOULLI:
        payload[p] = bits[b] = x
    else:
        payload[p] = x
        for k in range(place[N_BITS]):
            bits[b + k] = k == int64(x)


@helper
def _write_missing(j, places, n_ordered, payload, p0, bits, b0, reals, r0):
    """Write a missing value: NaN, and nothing that others could see."""
    place = places[j]
    p = p0 + place[PAYLOAD]
    payload[p] = _NAN
    if place[FAMILY] == ORDERED:
        payload[p + n_ordered] = payload[p + 2 * n_ordered] = _NAN
    for k in range(place[N_BITS]):
        bits[b0 + place[BITS] + k] = 0
    if place[FAMILY] == ORDERED or place[FAMILY] == GAUSSIAN:
        reals[r0 + place[REALS]] = _ZERO


@kernel(
    *_LAYOUT, reads(int64, "4"), reads(float64, "n d"), writes(float32, "n _"),
    writes(uint8, "n _"), writes(float32, "n _"),
)  # fmt: skip
def mixed_encode(places, numbers, knots, thresholds, sizes, values, payload, bits, reals):
    """Write payload and codes of rows of values (n_rows, n_columns), NaN where missing."""
    flat, flat_bits, flat_reals = payload.reshape(-1), bits.reshape(-1), reals.reshape(-1)
    n_payload, n_bits, n_reals = payload.shape[1], bits.shape[1], reals.shape[1]
    for i in range(values.shape[0]):
        p0, b0, r0 = i * n_payload, i * n_bits, i * n_reals
        for j in range(values.shape[1]):
            x = values[i, j]
            if x != x:
                _write_missing(j, places, sizes[1], flat, p0, flat_bits, b0, flat_reals, r0)
            else:
                _write_value(
                    x, UNKNOWN, j, places, numbers, knots, thresholds, sizes[1], flat, p0,
                    flat_bits, b0, flat_reals, r0,
                )  # fmt: skip


@helper
def _gaussian_terms(payload, p0, n, parameters, eta, e0):
    """Log-density of the Gaussian values of one row, nats."""
    result = 0.0
    for i in range(n):
        z, precision = payload[p0 + i], parameters[i]
        if z == z:
            distance = z - eta[e0 + i]
            result -= 0.5 * (precision * distance * distance - math.log(precision))
            result -= _HALF_LOG_2_PI
    return result


@helper
def _gaussian_errors(payload, p0, n, parameters, eta, e0):
    """Derivatives of the same by the means, which they overwrite."""
    for i in range(n):
        z = payload[p0 + i]
        eta[e0 + i] = parameters[i] * (z - eta[e0 + i]) if z == z else _ZERO


@kernel(*_FAMILIES, reads(float32, "n/_ _"), reads(float32, "n/_ _"), writes(float64, "n"))
def mixed_log_prob(sizes, levels, parameters, payload, eta, log_prob):
    """Add the log-probability of each row, nats, to ``log_prob``; rows may share both others.

    parameters : precisions of the Gaussian units, then their deviations.
    """
    n_rows, n_payload, n_inputs = log_prob.shape[0], payload.shape[1], eta.shape[1]
    share, share_values = n_rows // eta.shape[0], n_rows // payload.shape[0]
    x, a = payload.reshape(-1), eta.reshape(-1)
    n_binary, n_ordered, n_gaussian = sizes[0], sizes[1], sizes[2]
    for i in range(n_rows):
        p0, e0 = i // share_values * n_payload, i // share * n_inputs
        result = bernoulli.row_log_prob(x, p0, a, e0, n_binary)
        p0, e0 = p0 + n_binary, e0 + n_binary
        result += ordered.row_log_prob(x, p0, n_ordered, a, e0)
        p0, e0 = p0 + 3 * n_ordered, e0 + 2 * n_ordered
        result += _gaussian_terms(x, p0, n_gaussian, parameters, a, e0)
        p0, e0 = p0 + n_gaussian, e0 + n_gaussian
        for j in range(levels.shape[0]):
            result += softmax.log_prob(x[p0 + j], levels[j], a, e0)
            e0 += levels[j]
        log_prob[i] += result


@kernel(*_FAMILIES, reads(float32, "n/_ _"), writes(float32, "n _"), writes(float64, "n"))
def mixed_score(sizes, levels, parameters, payload, eta, log_prob):
    """As `mixed_log_prob`; eta is overwritten by the derivatives of the log-probability by it."""
    n_rows, n_payload, n_inputs = eta.shape[0], payload.shape[1], eta.shape[1]
    share_values = n_rows // payload.shape[0]
    x, a = payload.reshape(-1), eta.reshape(-1)
    n_binary, n_ordered, n_gaussian = sizes[0], sizes[1], sizes[2]
    for i in range(n_rows):
        p0, e0 = i // share_values * n_payload, i * n_inputs
        result = bernoulli.row_score(x, p0, a, e0, n_binary)
        p0, e0 = p0 + n_binary, e0 + n_binary
        result += ordered.row_score(x, p0, n_ordered, a, e0)
        p0, e0 = p0 + 3 * n_ordered, e0 + 2 * n_ordered
        result += _gaussian_terms(x, p0, n_gaussian, parameters, a, e0)
        _gaussian_errors(x, p0, n_gaussian, parameters, a, e0)
        p0, e0 = p0 + n_gaussian, e0 + n_gaussian
        for j in range(levels.shape[0]):
            result += softmax.score(x[p0 + j], levels[j], a, e0)
            e0 += levels[j]
        log_prob[i] += result


@helper
def _draw_value(j, places, numbers, knots, sizes, parameters, eta, e0, uniforms, stride):
    """A value of column j under the inputs of its row, from ``e0`` on, and a knot near it."""
    place = places[j]
    family, e, u = place[FAMILY], e0 + place[ETA], float64(uniforms[j])
    if family == ORDERED:
        log_scale = min(max(float64(eta[e + sizes[1]]), LOWEST_SCALE), HIGHEST_SCALE)
        z = eta[e] + math.exp(log_scale) * (math.log(u) - math.log1p(-u))
        number = numbers[j]
        x, near = quantile(z, place[KNOT], place[N_KNOTS], number[LOWER], number[UPPER], knots)
        return on_grid(x, number), near
    if family == GAUSSIAN:
        radius = math.sqrt(-2.0 * math.log(u))
        normal = radius * math.cos(2 * math.pi * uniforms[j + stride])
        deviation = parameters[sizes[2] + place[ETA] - sizes[0] - 2 * sizes[1]]
        z = eta[e] + deviation * normal
        return numbers[j, CENTRE] + numbers[j, SCALE] * z, UNKNOWN
    if family == BERNOULLI:
        return 1.0 if u * (1.0 + math.exp(-float64(eta[e]))) < 1.0 else 0.0, UNKNOWN
    return float64(softmax.draw(u, place[N_INPUTS], eta, e)), UNKNOWN


@helper
def _pass_on(place, bits, b0, reals, r0, weights, n_bits, eta, e0, n_inputs):
    """Add what a value's code adds to the inputs of its row."""
    for k in range(place[N_BITS]):
        b = place[BITS] + k
        if bits[b0 + b]:
            add_row(_ONE, weights, b * n_inputs, eta, e0, 0, n_inputs)
    if place[FAMILY] == ORDERED or place[FAMILY] == GAUSSIAN:
        r = place[REALS]
        add_row(reals[r0 + r], weights, (n_bits + r) * n_inputs, eta, e0, 0, n_inputs)


@kernel(
    *_LAYOUT, *_FAMILIES, reads(float32, "_ _"), reads(uint32, "2"), reads(uint64, "n/_"), int64,
    int64, uint32, writes(float32, "n _"), writes(float64, "n d"), writes(float32, "n _"),
    writes(uint8, "n _"), writes(float32, "n _"),
)  # fmt: skip
def mixed_draw(
    places, numbers, knots, thresholds, sizes, levels, parameters, weights, key, addresses,
    n_particles, first, layer, eta, values, payload, bits, reals,
):  # fmt: skip
    """Draw the values that are NaN, column by column in the order of the columns.

    Where there are lateral weights, (n_bits + n_reals, n_inputs) or no rows, each value drawn adds
    to the inputs eta of later columns. The other values, and their payload and codes, are given.
    Rows are addressed as in `bernoulli`.
    """
    n_rows, n_columns = values.shape
    n_inputs, n_payload, n_bits, n_reals = (
        eta.shape[1], payload.shape[1], bits.shape[1], reals.shape[1]
    )  # fmt: skip
    a, w, is_lateral = eta.reshape(-1), weights.reshape(-1), weights.shape[0] > 0
    flat, flat_bits, flat_reals = payload.reshape(-1), bits.reshape(-1), reals.reshape(-1)
    stride = UNITS * -(-n_columns // UNITS)
    uniforms = np.empty(2 * stride if sizes[2] else stride, np.float32)
    for i in range(n_rows):
        n_missing = 0
        for j in range(n_columns):
            n_missing += values[i, j] != values[i, j]
        if n_missing == 0:
            continue
        particle = first + i % n_particles
        uniform_row(key, addresses[i // n_particles], particle, layer, uniforms)
        p0, b0, r0, e0 = i * n_payload, i * n_bits, i * n_reals, i * n_inputs
        for j in range(n_columns):
            if values[i, j] == values[i, j]:
                continue
            x, near = _draw_value(
                j, places, numbers, knots, sizes, parameters, a, e0, uniforms, stride
            )
            values[i, j] = x
            _write_value(
                x, near, j, places, numbers, knots, thresholds, sizes[1], flat, p0, flat_bits, b0,
                flat_reals, r0,
            )  # fmt: skip
            if is_lateral:
                _pass_on(places[j], flat_bits, b0, flat_reals, r0, w, n_bits, a, e0, n_inputs)


# In float64, for enumeration


@helper
def _ordered_double(low, high, width, location, log_scale):
    """As `ordered.row_log_prob`, of one value."""
    rate = math.exp(-min(max(log_scale, LOWEST_SCALE), HIGHEST_SCALE))
    a, b, t = (high - location) * rate, (low - location) * rate, max(width * rate, 1e-300)
    result = min(a, 0.0) - math.log1p(math.exp(-abs(a)))
    result -= max(b, 0.0) + math.log1p(math.exp(-abs(b)))
    return result + math.log(-math.expm1(-t))


@helper
def _softmax_double(level, n_levels, eta, shifts, e, i, s):
    highest, mass = eta[e, s] + shifts[i, e], 0.0
    for k in range(1, n_levels):
        highest = max(highest, eta[e + k, s] + shifts[i, e + k])
    for k in range(n_levels):
        mass += math.exp(eta[e + k, s] + shifts[i, e + k] - highest)
    place = e + int64(level)
    return eta[place, s] + shifts[i, place] - highest - math.log(mass)


@kernel(
    *_FAMILIES, reads(float32, "n _"), reads(float64, "n m"), reads(float64, "m s"),
    writes(float64, "n s"),
)  # fmt: skip
def mixed_table(sizes, levels, parameters, payload, shifts, eta, out):
    """Log-probability of each row under each column of eta, to which its ``shifts`` are added."""
    n_binary, n_ordered, n_gaussian = sizes[0], sizes[1], sizes[2]
    for i in range(out.shape[0]):
        x = payload[i]
        for s in range(out.shape[1]):
            result = 0.0
            for j in range(n_binary):
                if x[j] == x[j]:
                    a = eta[j, s] + shifts[i, j]
                    result += x[j] * a - max(a, 0.0) - math.log1p(math.exp(-abs(a)))
            p, e = n_binary, n_binary
            for j in range(n_ordered):
                low = float64(x[p + j])
                if low == low:
                    result += _ordered_double(
                        low, float64(x[p + n_ordered + j]), float64(x[p + 2 * n_ordered + j]),
                        eta[e + j, s] + shifts[i, e + j],
                        eta[e + n_ordered + j, s] + shifts[i, e + n_ordered + j],
                    )  # fmt: skip
            p, e = p + 3 * n_ordered, e + 2 * n_ordered
            for j in range(n_gaussian):
                z, precision = x[p + j], float64(parameters[j])
                if z == z:
                    distance = z - eta[e + j, s] - shifts[i, e + j]
                    result -= 0.5 * (precision * distance**2 - math.log(precision))
                    result -= _HALF_LOG_2_PI
            p, e = p + n_gaussian, e + n_gaussian
            for j in range(levels.shape[0]):
                if x[p + j] == x[p + j]:
                    result += _softmax_double(x[p + j], levels[j], eta, shifts, e, i, s)
                e += levels[j]
            out[i, s] = result
