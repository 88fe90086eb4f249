"""Bernoulli units of many rows that share their inputs: exponentials are taken once for all.

Particles of a row share the inputs of its first recognition layer, and everything those of a prior.
States and log-probabilities are those of `bernoulli`, to the bit: what depends on the inputs alone
is made in the same way, but once.
"""

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .arithmetic import fill, maximum, select, total
from .bernoulli import SEGMENT
from .exponential import compound, exp_minus_size, log1p
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, first, load, load_first, store, store_first
from .random import UNITS, uniform_row

_ZERO, _ONE = np.float32(0), np.float32(1)


@routine
def _prepare(eta, e0, n_units, own, whole, part, rest):
    """Write all that a row of inputs has to tell: a unit fires where ``u * whole < part``.

    own, whole, part : eta, ``1 + exp(-|eta|)`` and the part of it for a one, (n_units,) and more,
    zeros of eta up to a multiple of lanes; rest : the sum of ``log(1 + exp(-|eta|))`` in the lanes
    of each segment.
    """
    for start in range(0, n_units, SEGMENT):
        surplus, stop = fill(_ZERO), min(start + SEGMENT, n_units)
        for j in range(start, stop, LANES):
            a = load_first(eta, e0 + j, stop - j)
            grown = exp_minus_size(a)
            store(own, j, a)
            store(whole, j, _ONE + grown)
            store(part, j, select(a < _ZERO, grown, _ONE))
            surplus = compound(surplus, select(first(stop - j), grown, _ZERO))
        store(rest, start // SEGMENT * LANES, log1p(surplus))


@helper
def _fire(own, whole, part, rest, uniforms, states, s0, n_units):
    """As `bernoulli.fire`, of inputs that are prepared."""
    result = 0.0
    for start in range(0, n_units, SEGMENT):
        linear, stop = fill(_ZERO), min(start + SEGMENT, n_units)
        for j in range(start, stop, LANES):
            a, fires = load(own, j), load(uniforms, j) * load(whole, j) < load(part, j)
            linear += select(fires, a, _ZERO) - maximum(a, _ZERO)
            if j + LANES <= stop:
                store(states, s0 + j, fires)
            else:
                store_first(states, s0 + j, fires, stop - j)
        result += total(linear - load(rest, start // SEGMENT * LANES))
    return result


@helper
def _row_log_prob(values, v0, own, rest, n_units):
    """As `bernoulli.row_log_prob` of states, of inputs that are prepared."""
    result = 0.0
    for start in range(0, n_units, SEGMENT):
        linear, stop = fill(_ZERO), min(start + SEGMENT, n_units)
        full = stop - (stop - start) % LANES
        for j in range(start, full, LANES):
            a = load(own, j)
            linear += load(values, v0 + j) * a - maximum(a, _ZERO)
        if full < stop:
            a = load(own, full)
            linear += load_first(values, v0 + full, stop - full) * a - maximum(a, _ZERO)
        result += total(linear - load(rest, start // SEGMENT * LANES))
    return result


@helper
def _four(n):
    """Four arrays of n floats."""
    memory = np.empty((4, n), np.float32)
    return memory[0], memory[1], memory[2], memory[3]


@kernel(
    reads(float32, "n/_ m"), reads(uint32, "2"), reads(uint64, "n/_"), int64, int64, uint32,
    writes(uint8, "n m"), writes(float64, "n"),
)  # fmt: skip
def bernoulli_sample_shared(
    eta, key, addresses, n_particles, first_particle, layer, states, log_prob
):
    """As `bernoulli_sample`, for fewer rows of eta than of states."""
    n_rows, n_units = states.shape
    share, n_padded = n_rows // eta.shape[0], UNITS * -(-n_units // UNITS)
    source, target = eta.reshape(-1), states.reshape(-1)
    own, whole, part, uniforms = _four(n_padded)
    rest = np.empty(LANES * -(-n_units // SEGMENT), np.float32)
    for i in range(n_rows):
        e0, particle = i // share * n_units, first_particle + i % n_particles
        if i % share == 0:
            _prepare(source, e0, n_units, own, whole, part, rest)
        uniform_row(key, addresses[i // n_particles], particle, layer, uniforms)
        log_prob[i] += _fire(own, whole, part, rest, uniforms, target, i * n_units, n_units)


@kernel(reads(uint8, "n m"), reads(float32, "n/_ m"), writes(float64, "n"))
def bernoulli_log_prob_shared(values, eta, log_prob):
    """As `bernoulli_log_prob_binary`, for fewer rows of eta than of values."""
    n_rows, n_units = values.shape
    share, n_padded = n_rows // eta.shape[0], LANES * -(-n_units // LANES)
    x, a = values.reshape(-1), eta.reshape(-1)
    own, whole, part, _ = _four(n_padded)
    rest = np.empty(LANES * -(-n_units // SEGMENT), np.float32)
    for i in range(n_rows):
        e0 = i // share * n_units
        if i % share == 0:
            _prepare(a, e0, n_units, own, whole, part, rest)
        log_prob[i] += _row_log_prob(x, i * n_units, own, rest, n_units)
