"""Deterministic units between the units of a layer and later ones of the same layer.

Unit i sees those before it through running sums, ``eta_i += outgoing_i . sigmoid(a_i)`` with
``a_i = intercept + sum_{j < i} x_j incoming_j``: sums are passed on from unit to unit, and a unit
that is zero changes nothing, so that states are made anew after ones only, and the weights of all
units are used once for a row (Larochelle & Murray 2011).

Arrays are incoming, outgoing : (n_units, n_between); intercept : (n_between,); values :
(n_rows, n_units), float32. Flat arrays of sums and states are (n_between,).
"""

import numpy as np
from numba import float32, int64, uint8, uint32, uint64

from . import flat_bernoulli
from .arithmetic import fill, multiply_add, total
from .borrowing import borrowing_routine
from .copying import copy_row
from .exponential import exp_minus_size, sigmoid
from .kernel import kernel, reads, writes
from .lanes import LANES, load, load_first, store, store_first
from .lateral import pass_to_later
from .random import UNITS, uniform_row
from .weight_rows import add_row

_ZERO, _ONE = np.float32(0), np.float32(1)


@borrowing_routine
def _activate(sums, states, s0):
    """Write the states that sums make to a flat array from ``s0`` on."""
    n = sums.shape[0]
    for j in range(0, n, LANES):
        if j + LANES <= n:
            a = load(sums, j)
            store(states, s0 + j, sigmoid(a, exp_minus_size(a)))
        else:
            a = load_first(sums, j, n - j)
            store_first(states, s0 + j, sigmoid(a, exp_minus_size(a)), n - j)


@borrowing_routine
def _seen_through(states, s0, weights, w0, n):
    """The product of n states and a row of weights, float32."""
    lanes = fill(_ZERO)
    for j in range(0, n, LANES):
        if j + LANES <= n:
            lanes = multiply_add(load(states, s0 + j), load(weights, w0 + j), lanes)
        else:
            more = load_first(states, s0 + j, n - j)
            lanes = multiply_add(more, load_first(weights, w0 + j, n - j), lanes)
    return total(lanes)


@borrowing_routine
def _pull_back(states, s0, by_states, by_sums):
    """Add derivatives by states to those by their sums, and clear them."""
    n = by_sums.shape[0]
    for j in range(0, n, LANES):
        count = min(n - j, LANES)
        state = load_first(states, s0 + j, count)
        slope = state - state * state
        moved = multiply_add(load_first(by_states, j, count), slope, load_first(by_sums, j, count))
        store_first(by_sums, j, moved, count)
        store_first(by_states, j, fill(_ZERO), count)


@borrowing_routine
def _clear(flat):
    for i in range(flat.shape[0]):
        flat[i] = _ZERO


_NET = reads(float32, "d h"), reads(float32, "h"), reads(float32, "d h")


@kernel(reads(float32, "n d"), *_NET, writes(float32, "n d"))
def nade_inputs(values, incoming, intercept, outgoing, eta):
    """Add to inputs what earlier units make of them, all values being known."""
    n_rows, n_units = values.shape
    n = intercept.shape[0]
    into, out_of, inputs = incoming.reshape(-1), outgoing.reshape(-1), eta.reshape(-1)
    sums, states = np.empty(n, np.float32), np.empty(n, np.float32)
    for r in range(n_rows):
        copy_row(intercept, sums)
        _activate(sums, states, 0)
        is_old = False
        for i in range(n_units):
            if is_old:
                _activate(sums, states, 0)
                is_old = False
            inputs[r * n_units + i] += _seen_through(states, 0, out_of, i * n, n)
            value = values[r, i]
            if value != _ZERO:
                add_row(value, into, i * n, sums, 0, 0, n)
                is_old = True


@borrowing_routine
def _trace(row, into, intercept, sums, kept):
    """Write the states after each value that is not zero, and before all; how many there are."""
    n, count = intercept.shape[0], 0
    copy_row(intercept, sums)
    _activate(sums, kept, 0)
    for i in range(row.shape[0]):
        if row[i] != _ZERO:
            count += 1
            add_row(row[i], into, i * n, sums, 0, 0, n)
            _activate(sums, kept, count * n)
    return count


@kernel(
    reads(float32, "n d"), reads(float32, "n d"), *_NET, writes(float32, "d h"),
    writes(float32, "h"), writes(float32, "d h"),
)  # fmt: skip
def nade_gradient(
    values, error, incoming, intercept, outgoing, by_incoming, by_intercept, by_outgoing
):  # fmt: skip
    """Write the derivatives of what has the derivatives ``error`` by the inputs.

    From the last unit to the first, derivatives by the sums are passed on; states come from a pass
    forward, not from sums taken apart again.
    """
    n_rows, n_units = values.shape
    n = intercept.shape[0]
    into, out_of = incoming.reshape(-1), outgoing.reshape(-1)
    by_into, by_out = by_incoming.reshape(-1), by_outgoing.reshape(-1)
    for flat in (by_into, by_intercept, by_out):
        _clear(flat)
    sums, kept = np.empty(n, np.float32), np.empty((n_units + 1) * n, np.float32)
    by_sums, by_states = np.empty(n, np.float32), np.zeros(n, np.float32)
    for r in range(n_rows):
        s0 = n * _trace(values[r], into, intercept, sums, kept)
        _clear(by_sums)
        for i in range(n_units - 1, -1, -1):
            value, slope = values[r, i], error[r, i]
            if value != _ZERO:
                _pull_back(kept, s0, by_states, by_sums)
                add_row(value, by_sums, 0, by_into, i * n, 0, n)
                s0 -= n
            if slope != _ZERO:
                add_row(slope, kept, s0, by_out, i * n, 0, n)
                add_row(slope, out_of, i * n, by_states, 0, 0, n)
        _pull_back(kept, 0, by_states, by_sums)
        add_row(_ONE, by_sums, 0, by_intercept, 0, 0, n)


_DRAWS = reads(uint32, 1), reads(uint64, 1), int64, int64, uint32


@kernel(
    reads(float32, "m d"), reads(float32, "d d"), *_NET, *_DRAWS, writes(float32, "n d"),
    writes(uint8, "n d"),
)  # fmt: skip
def sample_nade(
    eta, weights, incoming, intercept, outgoing, key, addresses, n_particles, first, layer, inputs,
    states,
):  # fmt: skip
    """Draw zeros and ones unit by unit, as `sample_autoregressive_binary`; also the inputs."""
    n_rows, n_units = states.shape
    n, share = intercept.shape[0], n_rows // eta.shape[0]
    into, out_of, lateral = incoming.reshape(-1), outgoing.reshape(-1), weights.reshape(-1)
    flat, numbers = inputs.reshape(-1), np.empty(UNITS * -(-n_units // UNITS), np.float32)
    sums, between = np.empty(n, np.float32), np.empty(n, np.float32)
    for r in range(n_rows):
        uniform_row(key, addresses[r // n_particles], first + r % n_particles, layer, numbers)
        flat_bernoulli.make_thresholds(numbers)
        copy_row(eta[r // share], inputs[r])
        copy_row(intercept, sums)
        _activate(sums, between, 0)
        e0 = r * n_units
        for i in range(n_units):
            flat[e0 + i] += _seen_through(between, 0, out_of, i * n, n)
            fires = flat[e0 + i] > numbers[i]
            states[r, i] = fires
            if fires:
                pass_to_later(_ONE, lateral, i, flat, e0, n_units)
                add_row(_ONE, into, i * n, sums, 0, 0, n)
                _activate(sums, between, 0)


@kernel(
    reads(float32, "v d"), reads(float32, "d d"), *_NET, *_DRAWS, writes(float32, "n d"),
    writes(float32, "n d"),
)  # fmt: skip
def complete_nade(
    values, weights, incoming, intercept, outgoing, key, addresses, n_particles, first, layer, eta,
    completed,
):  # fmt: skip
    """Draw the missing zeros and ones of each row unit by unit, as `complete`.

    eta : with what the values that are known add by ``weights``, but nothing by way of the sums.
    """
    n_rows, n_units = eta.shape
    n, share = intercept.shape[0], n_rows // values.shape[0]
    into, out_of, lateral = incoming.reshape(-1), outgoing.reshape(-1), weights.reshape(-1)
    inputs, numbers = eta.reshape(-1), np.empty(UNITS * -(-n_units // UNITS), np.float32)
    sums, between = np.empty(n, np.float32), np.empty(n, np.float32)
    for r in range(n_rows):
        uniform_row(key, addresses[r // n_particles], first + r % n_particles, layer, numbers)
        flat_bernoulli.make_thresholds(numbers)
        copy_row(intercept, sums)
        _activate(sums, between, 0)
        e0 = r * n_units
        for i in range(n_units):
            inputs[e0 + i] += _seen_through(between, 0, out_of, i * n, n)
            value = values[r // share, i]
            if value != value:
                value = _ONE if inputs[e0 + i] > numbers[i] else _ZERO
                if value != _ZERO:
                    pass_to_later(_ONE, lateral, i, inputs, e0, n_units)
            completed[r, i] = value
            if value != _ZERO:
                add_row(value, into, i * n, sums, 0, 0, n)
                _activate(sums, between, 0)


@kernel(reads(float32, "d d"), *_NET, writes(float32, "n d"), writes(float32, "n d"))
def means_nade(weights, incoming, intercept, outgoing, eta, means):
    """Probabilities of units that see those of the units before them; eta is used up."""
    n_rows, n_units = eta.shape
    n = intercept.shape[0]
    into, out_of, lateral = incoming.reshape(-1), outgoing.reshape(-1), weights.reshape(-1)
    inputs = eta.reshape(-1)
    sums, between = np.empty(n, np.float32), np.empty(n, np.float32)
    for r in range(n_rows):
        copy_row(intercept, sums)
        e0 = r * n_units
        for i in range(n_units):
            _activate(sums, between, 0)
            inputs[e0 + i] += _seen_through(between, 0, out_of, i * n, n)
            mean = flat_bernoulli.mean(inputs[e0 + i])
            means[r, i] = mean
            pass_to_later(mean, lateral, i, inputs, e0, n_units)
            add_row(mean, into, i * n, sums, 0, 0, n)
