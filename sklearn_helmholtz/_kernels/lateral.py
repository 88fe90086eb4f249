"""Autoregressive layers: each unit adds its row of lateral weights to the inputs of later units.

Lateral weights are strictly upper triangular: entry [j, i] is the weight of unit j on unit i > j.
What depends on the values of earlier units only through these sums is parallel where all values are
known (a product, as in any layer), and goes from unit to unit where some are to be drawn.
"""

import numpy as np
from numba import float32, int64, uint8, uint32, uint64

from .borrowing import borrowing_routine
from .copying import copy_row
from .families import draw_value, mean_value, n_uniforms, prepare_draws, shown
from .kernel import kernel, reads, writes
from .lanes import LANES
from .random import UNITS, uniform_row
from .weight_rows import add_row

_ZERO, _ONE = np.float32(0), np.float32(1)


@borrowing_routine
def pass_to_later(value, weights, i, eta, e0, n_units):
    """Add a value times row i of the weights to the inputs of the units after i.

    From the beginning of the lanes of unit i + 1 on: the weights before it are zero.
    """
    start = i + 1 - (i + 1) % LANES
    add_row(value, weights, i * n_units, eta, e0, start, n_units)


@kernel(
    int64, reads(float32, 1), reads(float32, 2), reads(float32, 2), reads(uint32, 1),
    reads(uint64, 1), int64, int64, uint32, writes(float32, 2), writes(float32, 2),
)  # fmt: skip
def complete(
    family, parameters, values, weights, key, addresses, n_particles, first, layer, eta, completed
):  # fmt: skip
    """Draw the missing values of each row one by one, given those before them.

    family, parameters : see `families`; values : (n_values, n_units), NaN where missing, shared by
    neighbouring rows; weights : (n_units, n_units); eta : (n_rows, n_units), the inputs of the
    units but for what missing values add to them, which is added; completed : (n_rows, n_units),
    all values. Rows are addressed as in `bernoulli`.
    """
    n_rows, n_units = eta.shape
    share = n_rows // values.shape[0]
    inputs, flat = eta.reshape(-1), weights.reshape(-1)
    stride = UNITS * -(-n_units // UNITS)
    numbers = np.empty(n_uniforms(family) * stride, np.float32)
    for r in range(n_rows):
        particle = first + r % n_particles
        uniform_row(key, addresses[r // n_particles], particle, layer, numbers)
        prepare_draws(family, numbers)
        given, e0 = values[r // share], r * n_units
        for i in range(n_units):
            value = given[i]
            if value != value:
                value = draw_value(family, parameters, i, inputs[e0 + i], numbers, i, stride)
                if value != _ZERO:
                    pass_to_later(shown(family, value), flat, i, inputs, e0, n_units)
            completed[r, i] = value


_SAMPLE = (
    int64, reads(float32, 1), reads(float32, 2), reads(float32, 2), reads(uint32, 1),
    reads(uint64, 1), int64, int64, uint32, writes(float32, 2),
)  # fmt: skip


@kernel(*_SAMPLE, writes(float32, 2))
def sample_autoregressive_real(
    family, parameters, eta, weights, key, addresses, n_particles, first, layer, inputs, states
):  # fmt: skip
    """Draw all values of each row one by one; eta (n_eta, n_units), shared by neighbours.

    As `complete`. Written are inputs : (n_rows, n_units), of the units; states : (n_rows, n_units),
    of the type of the family's values.
    """
    n_rows, n_units = inputs.shape
    share = n_rows // eta.shape[0]
    target, flat = inputs.reshape(-1), weights.reshape(-1)
    stride = UNITS * -(-n_units // UNITS)
    numbers = np.empty(n_uniforms(family) * stride, np.float32)
    for r in range(n_rows):
        particle = first + r % n_particles
        uniform_row(key, addresses[r // n_particles], particle, layer, numbers)
        prepare_draws(family, numbers)
        copy_row(eta[r // share], inputs[r])
        e0 = r * n_units
        for i in range(n_units):
            value = draw_value(family, parameters, i, target[e0 + i], numbers, i, stride)
            states[r, i] = value
            if value != _ZERO:
                pass_to_later(shown(family, value), flat, i, target, e0, n_units)


@kernel(*_SAMPLE, writes(uint8, 2))
def sample_autoregressive_binary(
    family, parameters, eta, weights, key, addresses, n_particles, first, layer, inputs, states
):  # fmt: skip
    """As `sample_autoregressive_real`, of a binary family: a tenth faster for knowing that."""
    n_rows, n_units = inputs.shape
    share = n_rows // eta.shape[0]
    target, flat = inputs.reshape(-1), weights.reshape(-1)
    numbers = np.empty(UNITS * -(-n_units // UNITS), np.float32)
    for r in range(n_rows):
        particle = first + r % n_particles
        uniform_row(key, addresses[r // n_particles], particle, layer, numbers)
        prepare_draws(family, numbers)
        copy_row(eta[r // share], inputs[r])
        e0 = r * n_units
        for i in range(n_units):
            fires = target[e0 + i] > numbers[i]
            states[r, i] = fires
            if fires:
                pass_to_later(_ONE, flat, i, target, e0, n_units)


@kernel(int64, reads(float32, 1), reads(float32, 2), writes(float32, 2), writes(float32, 2))
def means_autoregressive(family, parameters, weights, eta, means):
    """Expected values of units that see those of the units before them; eta is used up.

    For Bernoulli units ``means_i = sigmoid(eta_i + sum_{j < i} means_j weights_ji)``.
    """
    n_rows, n_units = eta.shape
    inputs, flat = eta.reshape(-1), weights.reshape(-1)
    for r in range(n_rows):
        e0 = r * n_units
        for i in range(n_units):
            mean = mean_value(family, parameters, i, inputs[e0 + i])
            means[r, i] = mean
            pass_to_later(shown(family, mean), flat, i, inputs, e0, n_units)


@kernel(writes(float32, 2))
def clear_lower(matrix):
    """Zeros on and below the diagonal of a square matrix."""
    for i in range(matrix.shape[0]):
        for j in range(i + 1):
            matrix[i, j] = _ZERO
