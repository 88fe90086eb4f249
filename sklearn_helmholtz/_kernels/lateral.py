"""Units of one layer in order: each adds its row of lateral weights to the inputs of later ones.

Lateral weights are strictly upper triangular: entry [j, i] is the weight of unit j on unit i > j.
What depends on the values of earlier units only through these sums is parallel where all values are
known (a product, as in any layer), and goes from unit to unit where some are to be drawn.
"""

import math

import numpy as np
from numba import float32, int64, uint8, uint32, uint64

from .arithmetic import minimum, multiply_add, select
from .copying import copy_row
from .exponential import log1p
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, load, load_first, store, store_first
from .random import UNITS, uniform_row

_ZERO, _HALF, _ONE, _TWO = (np.float32(x) for x in (0, 0.5, 1, 2))
_TWO_PI = np.float32(2 * math.pi)


@routine
def _pass_on(value, weights, i, eta, e0, n_units):
    """Add a value times row i of the weights to the inputs of the units after i."""
    w0 = i * n_units
    for j in range(i + 1 - (i + 1) % LANES, n_units, LANES):
        if j + LANES <= n_units:
            moved = multiply_add(value, load(weights, w0 + j), load(eta, e0 + j))
            store(eta, e0 + j, moved)
        else:
            n = n_units - j
            moved = multiply_add(value, load_first(weights, w0 + j, n), load_first(eta, e0 + j, n))
            store_first(eta, e0 + j, moved, n)


@helper
def _thresholds(uniforms):
    """Replace uniform numbers u by log(u / (1 - u)): units fire where their input lies above."""
    for j in range(0, uniforms.shape[0], LANES):
        u = load(uniforms, j)
        rarer = minimum(u, _ONE - u)
        size = log1p((_ONE - _TWO * rarer) / rarer)
        store(uniforms, j, select(u < _HALF, _ZERO - size, size))


@kernel(
    reads(float32, 2), reads(float32, 2), reads(uint32, 1), reads(uint64, 1), int64, int64, uint32,
    writes(float32, 2), writes(float32, 2),
)  # fmt: skip
def bernoulli_complete(values, weights, key, addresses, n_particles, first, layer, eta, completed):
    """Draw the missing values of Bernoulli units in order, given those that are not missing.

    values : (n_values, n_units), NaN where missing, shared by neighbouring rows; weights :
    (n_units, n_units); eta : (n_rows, n_units), the inputs of the units but for what missing values
    add to them, which is added; completed : (n_rows, n_units), all values. Rows are addressed as in
    `bernoulli`.
    """
    n_rows, n_units = eta.shape
    share = n_rows // values.shape[0]
    inputs, flat = eta.reshape(-1), weights.reshape(-1)
    numbers = np.empty(UNITS * -(-n_units // UNITS), np.float32)
    for r in range(n_rows):
        particle = first + r % n_particles
        uniform_row(key, addresses[r // n_particles], particle, layer, numbers)
        _thresholds(numbers)
        given, e0 = values[r // share], r * n_units
        for i in range(n_units):
            value = given[i]
            if value != value:
                value = _ONE if inputs[e0 + i] > numbers[i] else _ZERO
                if value != _ZERO:
                    _pass_on(value, flat, i, inputs, e0, n_units)
            completed[r, i] = value


@kernel(
    reads(float32, 2), reads(float32, 2), reads(uint32, 1), reads(uint64, 1), int64, int64, uint32,
    writes(float32, 2), writes(uint8, 2),
)  # fmt: skip
def bernoulli_sample_in_order(
    eta, weights, key, addresses, n_particles, first, layer, inputs, states
):
    """Draw all values of Bernoulli units in order; eta (n_eta, n_units), shared by neighbours.

    inputs : (n_rows, n_units), the inputs of the units; states : (n_rows, n_units).
    """
    n_rows, n_units = inputs.shape
    share = n_rows // eta.shape[0]
    target, flat = inputs.reshape(-1), weights.reshape(-1)
    numbers = np.empty(UNITS * -(-n_units // UNITS), np.float32)
    for r in range(n_rows):
        particle = first + r % n_particles
        uniform_row(key, addresses[r // n_particles], particle, layer, numbers)
        _thresholds(numbers)
        e0 = r * n_units
        copy_row(eta[r // share], inputs[r])
        for i in range(n_units):
            fires = target[e0 + i] > numbers[i]
            states[r, i] = fires
            if fires:
                _pass_on(_ONE, flat, i, target, e0, n_units)


@kernel(
    reads(float32, 2), reads(float32, 2), reads(float32, 1), reads(uint32, 1), reads(uint64, 1),
    int64, int64, uint32, writes(float32, 2), writes(float32, 2),
)  # fmt: skip
def gaussian_complete(
    values, weights, variance, key, addresses, n_particles, first, layer, eta, completed
):
    """As `bernoulli_complete`, for Gaussian units; variance : (n_units,)."""
    n_rows, n_units = eta.shape
    share = n_rows // values.shape[0]
    inputs, flat = eta.reshape(-1), weights.reshape(-1)
    half = UNITS * -(-n_units // UNITS)
    numbers = np.empty(2 * half, np.float32)
    for r in range(n_rows):
        particle = first + r % n_particles
        uniform_row(key, addresses[r // n_particles], particle, layer, numbers)
        given, e0 = values[r // share], r * n_units
        for i in range(n_units):
            value = given[i]
            if value != value:
                radius = math.sqrt(float32(-2) * math.log(numbers[i]))
                normal = radius * math.cos(_TWO_PI * numbers[half + i])
                value = float32(inputs[e0 + i] + math.sqrt(variance[i]) * normal)
                _pass_on(value, flat, i, inputs, e0, n_units)
            completed[r, i] = value


@kernel(reads(float32, 2), writes(float32, 2), writes(float32, 2))
def bernoulli_means_in_order(weights, eta, means):
    """``means_i = sigmoid(eta_i + sum_{j < i} means_j weights_ji)``; eta is used up."""
    n_rows, n_units = eta.shape
    inputs, flat = eta.reshape(-1), weights.reshape(-1)
    for r in range(n_rows):
        for i in range(n_units):
            a = inputs[r * n_units + i]
            grown = math.exp(-abs(a))
            mean = float32((_ONE if a >= _ZERO else grown) / (_ONE + grown))
            means[r, i] = mean
            _pass_on(mean, flat, i, inputs, r * n_units, n_units)


@kernel(reads(float32, 2), writes(float32, 2))
def gaussian_means_in_order(weights, eta):
    """``eta_i += sum_{j < i} eta_j weights_ji``, in order: expected values of Gaussian units."""
    n_rows, n_units = eta.shape
    inputs, flat = eta.reshape(-1), weights.reshape(-1)
    for r in range(n_rows):
        for i in range(n_units):
            _pass_on(inputs[r * n_units + i], flat, i, inputs, r * n_units, n_units)


@kernel(writes(float32, 2))
def clear_lower(matrix):
    """Zeros on and below the diagonal of a square matrix."""
    for i in range(matrix.shape[0]):
        for j in range(i + 1):
            matrix[i, j] = _ZERO
