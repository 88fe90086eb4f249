"""Counter-based random numbers: philox4x32-10 (Salmon, Moraes, Dror & Shaw, 2011).

A random number is a pure function of a key and a counter, so it does not depend on how rows are
split into blocks, on their order, or on the number of threads. `_keys` says who uses which words.
"""

import numpy as np
from numba import float32, int64, uint32, uint64

from .arithmetic import count_from, fill_words, fraction, maximum, multiply_wide
from .copying import copy_row
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, load, store

UNITS = 4 * LANES  # whose numbers are made together: four words at sixteen counters
_M0, _M1 = np.uint32(0xD2511F53), np.uint32(0xCD9E8D57)
_W0, _W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_SHIFT = np.uint64(32)
_SMALLEST = np.float32(2.0**-25)
_ROUNDS = 10


@helper
def philox(c0, c1, c2, c3, k0, k1):
    """Four random words of 32 bits at each of sixteen counters (c0, c1, c2, c3) under one key.

    c0, c1, c2, c3 : lanes of words; k0, k1 : words.
    """
    for _ in range(_ROUNDS):
        high0, low0 = multiply_wide(c0, _M0)
        high1, low1 = multiply_wide(c2, _M1)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0 = uint32(k0 + _W0)
        k1 = uint32(k1 + _W1)
    return c0, c1, c2, c3


@helper
def uniform(words):
    """Floats in (0, 1) from the high bits of random words: multiples of 2**-24, or 2**-25.

    Zero would make the impossible happen: a unit fires when the number is below its probability.
    """
    return maximum(fraction(words), _SMALLEST)


@helper
def uniform_block(key, address, particle, layer, block):
    """The uniform numbers of 64 units, four times sixteen, as of `uniform_row`."""
    counters = count_from(uint32(uint32(LANES * block) | layer))
    w0, w1, w2, w3 = philox(
        counters, fill_words(uint32(particle)), fill_words(uint32(address)),
        fill_words(uint32(address >> _SHIFT)), key[0], key[1],
    )  # fmt: skip
    return uniform(w0), uniform(w1), uniform(w2), uniform(w3)


@helper
def uniform_row(key, address, particle, layer, out):
    """Fill ``out``, of a length divisible by 64, with the uniform numbers of one row and layer.

    Unit 64 b + 16 q + i has word q at the counter 16 b + i.
    """
    uniform_units(key, address, particle, layer, 0, out)


@helper
def uniform_units(key, address, particle, layer, start, out):
    """The numbers of some units alone, as of `uniform_row`: from ``start`` on, divisible by 64."""
    k0, k1 = key[0], key[1]
    c1 = fill_words(uint32(particle))
    c2, c3 = fill_words(uint32(address)), fill_words(uint32(address >> _SHIFT))
    for j in range(0, out.shape[0], UNITS):
        c0 = count_from(uint32(uint32((start + j) // 4) | layer))
        w0, w1, w2, w3 = philox(c0, c1, c2, c3, k0, k1)
        store(out, j, uniform(w0))
        store(out, j + LANES, uniform(w1))
        store(out, j + 2 * LANES, uniform(w2))
        store(out, j + 3 * LANES, uniform(w3))


@kernel(reads(uint32, "64"), reads(uint32, "2"), writes(uint32, "64"))
def philox_words(counters, key, out):
    """The words at sixteen counters under one key (2,).

    counters, out : (64,), the first word of each counter, then the second, and so on.
    """
    c0, c1 = load(counters, 0), load(counters, LANES)
    c2, c3 = load(counters, 2 * LANES), load(counters, 3 * LANES)
    w0, w1, w2, w3 = philox(c0, c1, c2, c3, key[0], key[1])
    store(out, 0, w0)
    store(out, LANES, w1)
    store(out, 2 * LANES, w2)
    store(out, 3 * LANES, w3)


def _uniform_rows(key, addresses, n_particles, first, layer, out):
    """The uniform numbers of the particles of some rows: out (n_rows * n_particles, n_numbers).

    Row i is particle ``first + i % n_particles`` of address ``i // n_particles``.
    """
    n = out.shape[1]
    numbers = np.empty(UNITS * -(-n // UNITS), np.float32)
    for i in range(out.shape[0]):
        uniform_row(key, addresses[i // n_particles], first + i % n_particles, layer, numbers)
        copy_row(numbers, out[i])


uniform_rows = kernel(
    reads(uint32, "2"), reads(uint64, "n/_"), int64, int64, uint32, writes(float32, "n _"),
)(_uniform_rows)  # fmt: skip
numbers_of_rows = routine(_uniform_rows)  # for kernels that do more than one thing
