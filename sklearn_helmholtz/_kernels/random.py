"""Counter-based random numbers: philox4x32-10 (Salmon, Moraes, Dror & Shaw, 2011).

A random number is a pure function of a key and a counter, so it does not depend on how rows are
split into blocks, on their order, or on the number of threads. `_keys` says who uses which words.
"""

import numpy as np
from numba import float32, uint32, uint64

from .kernel import helper, kernel, reads, writes

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_SHIFT = np.uint64(32)
_LOW_BITS = np.uint32(8)
_UNIT = np.float32(2.0**-24)
_SMALLEST = np.float32(2.0**-25)
_ROUNDS = 10


@helper
def philox(c0, c1, c2, c3, k0, k1):
    """Four random words of 32 bits at counter (c0, c1, c2, c3) under key (k0, k1)."""
    for _ in range(_ROUNDS):
        product0 = uint64(c0) * _M0
        product1 = uint64(c2) * _M1
        high0, low0 = uint32(product0 >> _SHIFT), uint32(product0)
        high1, low1 = uint32(product1 >> _SHIFT), uint32(product1)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0 = uint32(k0 + _W0)
        k1 = uint32(k1 + _W1)
    return c0, c1, c2, c3


@helper
def uniform(word):
    """A float32 in (0, 1) from the high bits of a random word: a multiple of 2**-24, or 2**-25.

    Zero would make the impossible happen: a unit fires when the number is below its probability.
    """
    return max(float32(word >> _LOW_BITS) * _UNIT, _SMALLEST)


@helper
def uniform_row(key, address, particle, layer, out):
    """Fill ``out``, of a length divisible by 4, with the uniform numbers of one row and layer.

    The four words at one counter go to the four quarters of ``out``: LLVM can then vectorise over
    counters. ``out[q * n + i]`` is word q at counter i, for n quarters' length.
    """
    n = out.shape[0] // 4
    k0, k1 = key[0], key[1]
    low, high = uint32(address), uint32(address >> _SHIFT)
    for i in range(n):
        w0, w1, w2, w3 = philox(uint32(uint32(i) | layer), uint32(particle), low, high, k0, k1)
        out[i] = uniform(w0)
        out[n + i] = uniform(w1)
        out[2 * n + i] = uniform(w2)
        out[3 * n + i] = uniform(w3)


@kernel(reads(uint32, 2), reads(uint32, 1), writes(uint32, 2))
def philox_words(counters, key, out):
    """The words at each counter (n, 4) under one key (2,), into ``out`` (n, 4)."""
    for i in range(counters.shape[0]):
        c0, c1, c2, c3 = counters[i, 0], counters[i, 1], counters[i, 2], counters[i, 3]
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = philox(c0, c1, c2, c3, key[0], key[1])
