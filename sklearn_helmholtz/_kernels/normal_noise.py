"""Standard normal numbers by Box & Muller (1958), thirty-two at a time.

Counters are those of `random`: 64 units take their numbers from sixteen of them. Words 0 and 1 make
the radius and the angle of units i and 16 + i, words 2 and 3 those of units 32 + i and 48 + i.
"""

import math

import numpy as np
from numba import float32, int64, uint32, uint64

from .arithmetic import count_from, fill_words, multiply_add, square_root
from .copying import copy_row
from .exponential import log
from .kernel import helper, kernel, reads, writes
from .lanes import LANES, store
from .random import UNITS, philox, uniform

_SHIFT = np.uint64(32)
_HALF, _ONE, _MINUS_TWO, _PI = (np.float32(x) for x in (0.5, 1, -2, math.pi))
_C2, _C4, _C6, _C8, _C10, _C12 = (
    np.float32((-1) ** k / math.factorial(2 * k)) for k in range(1, 7)
)
_S3, _S5, _S7, _S9, _S11 = (np.float32((-1) ** k / math.factorial(2 * k + 1)) for k in range(1, 6))


@helper
def _waves(u):
    """Cosine and sine of ``2 pi u + pi`` for u in (0, 1), to 5e-7: from those of half the angle."""
    x = _PI * (u - _HALF)
    z = x * x
    cosine = _C12 * z + _C10
    cosine = cosine * z + _C8
    cosine = cosine * z + _C6
    cosine = cosine * z + _C4
    cosine = cosine * z + _C2
    cosine = cosine * z + _ONE
    sine = _S11 * z + _S9
    sine = sine * z + _S7
    sine = sine * z + _S5
    sine = sine * z + _S3
    sine = multiply_add(sine * z, x, x)
    twice = sine + sine
    return _ONE - twice * sine, twice * cosine


@helper
def normal_row(key, address, particle, layer, out):
    """Fill ``out``, of a length divisible by 64, with the numbers of one row and layer."""
    k0, k1 = key[0], key[1]
    c1 = fill_words(uint32(particle))
    c2, c3 = fill_words(uint32(address)), fill_words(uint32(address >> _SHIFT))
    for j in range(0, out.shape[0], UNITS):
        w0, w1, w2, w3 = philox(count_from(uint32(uint32(j // 4) | layer)), c1, c2, c3, k0, k1)
        radius, (x, y) = square_root(_MINUS_TWO * log(uniform(w0))), _waves(uniform(w1))
        store(out, j, radius * x)
        store(out, j + LANES, radius * y)
        radius, (x, y) = square_root(_MINUS_TWO * log(uniform(w2))), _waves(uniform(w3))
        store(out, j + 2 * LANES, radius * x)
        store(out, j + 3 * LANES, radius * y)


@kernel(
    reads(uint32, "2"), reads(uint64, "n/_"), int64, int64, uint32, writes(float32, "n _"),
)  # fmt: skip
def normal_rows(key, addresses, n_particles, first, layer, out):
    """Standard normal numbers of the particles of some rows: out (n_rows * n_particles, n_units).

    Row i is particle ``first + i % n_particles`` of address ``i // n_particles``.
    """
    n = out.shape[1]
    numbers = np.empty(UNITS * -(-n // UNITS), np.float32)
    for i in range(out.shape[0]):
        normal_row(key, addresses[i // n_particles], first + i % n_particles, layer, numbers)
        copy_row(numbers, out[i])
