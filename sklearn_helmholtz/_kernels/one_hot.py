"""Units of binary columns and of one-hot groups: draws of rows.

A row has the entries of binary columns first, with an input each, whose logit it is, and then those
of groups, of which exactly one entry is 1, with the softmax of their inputs as probabilities.
*starts* (n_groups + 1,) int64 : where each group begins, and where the last one ends.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .arithmetic import select, total
from .bernoulli import fire
from .exponential import exp
from .kernel import helper, kernel, reads, writes
from .lanes import LANES, first, load_first, store_first
from .random import UNITS, uniform_row

_ZERO = np.float32(0)


@helper
def _choose(eta, e0, n, uniform, room, bits):
    """Write a one-hot group, by where a number falls among the sums of its probabilities.

    eta, bits : flat, and the group's from e0 on. Returns the log-probability of the level, nats.
    """
    highest = eta[e0]
    for k in range(1, n):
        highest = max(highest, eta[e0 + k])
    mass = 0.0
    for k in range(0, n, LANES):
        m = min(n - k, LANES)
        grown = select(first(m), exp(load_first(eta, e0 + k, m) - highest), _ZERO)
        store_first(room, k, grown, m)
        mass += total(grown)
    rest, level = uniform * mass, -1
    for k in range(n):
        bits[e0 + k] = 0
        rest -= room[k]
        if level < 0 and (rest < 0 or k == n - 1):
            level = k
    bits[e0 + level] = 1
    return eta[e0 + level] - highest - math.log(mass)


@kernel(
    reads(float32, "n m"), reads(int64, "g+1"), reads(uint32, "2"), reads(uint64, "n/_"), int64,
    int64, uint32, writes(uint8, "n m"), writes(float64, "n"),
)  # fmt: skip
def one_hot_sample(eta, starts, key, addresses, n_particles, first_particle, layer, bits, log_prob):
    """Draw rows of entries given their inputs, both (n_rows, n_entries).

    And add their log-probability to ``log_prob``. Row i is particle ``first_particle + i %
    n_particles`` of address ``i // n_particles``; binary column j takes the uniform number j of
    its row, group g that of ``n_binary + g``.
    """
    n_entries, n_binary, n_groups = eta.shape[1], starts[0], starts.shape[0] - 1
    source, target = eta.reshape(-1), bits.reshape(-1)
    uniforms = np.empty(UNITS * (1 + (n_binary + n_groups) // UNITS), np.float32)
    room = np.empty(n_entries, np.float32)
    for i in range(eta.shape[0]):
        particle, e0 = first_particle + i % n_particles, i * n_entries
        uniform_row(key, addresses[i // n_particles], particle, layer, uniforms)
        log_prob[i] += fire(source, e0, uniforms, target, e0, n_binary)
        for g in range(n_groups):
            n, number = starts[g + 1] - starts[g], uniforms[n_binary + g]
            log_prob[i] += _choose(source, e0 + starts[g], n, number, room, target)
