"""Gibbs sampling of the Laplace factors of linear models, one after the other.

Given the data and all other factors, a factor has a density of two halves of normal distributions,
at any inverse temperature of the data (`two_sided`): a sweep draws each factor from it. Numbers are
float64. Features are filled up with zeros to whole lanes.
"""

import math

import numpy as np
from numba import boolean, float64, int64, uint32, uint64

from .arithmetic import fill_doubles, multiply_add, total
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, load, store
from .random import UNITS, uniform_row
from .two_sided import two_sided_draw

_LAYER = np.uint32(0)
_BITS = 2.0**24  # of a uniform number
_ZERO, _HALF = np.float64(0), 0.5
_LEAST, _MOST = 2.0**-50, 1 - 2.0**-50


@helper
def _product(left, i, right):
    """The inner product of a vector with a row of a matrix, at the place i of all its entries."""
    sums = fill_doubles(_ZERO)
    for j in range(0, right.shape[0], LANES):
        sums = multiply_add(load(left, i + j), load(right, j), sums)
    return total(sums)


@helper
def _shift(left, i, by, right):
    """Add a multiple of a row of a matrix to a vector."""
    for j in range(0, right.shape[0], LANES):
        store(right, j, multiply_add(by, load(left, i + j), load(right, j)))


@routine
def _prepare(atoms, seen, own, squares):
    """Write the entries of atoms that a row sees, (k * d,), and their squared lengths, (k,)."""
    n, width = atoms.shape
    for i in range(n):
        squares[i] = 0
        for j in range(width):
            own[i * width + j] = atoms[i, j] * seen[j]
            squares[i] += own[i * width + j] ** 2


@helper
def _fine(numbers, i, half):
    """A number in (0, 1) of 48 random bits, made of two of 24."""
    high = math.floor(float64(numbers[i]) * _BITS)
    return min(max((high + float64(numbers[half + i])) / _BITS, _LEAST), _MOST)


@routine
def _sweep(own, squares, states, residual, precision, slope, is_reverse, numbers):
    """Draw each factor given all others, the last one first if ``is_reverse``."""
    n, width = states.shape[0], residual.shape[0]
    half = numbers.shape[0] // 2
    for step in range(n):
        i = n - 1 - step if is_reverse else step
        projection = _product(own, i * width, residual) + states[i] * squares[i]
        drawn = two_sided_draw(
            precision * squares[i], precision * projection, slope, _fine(numbers, i, half)
        )
        _shift(own, i * width, states[i] - drawn, residual)
        states[i] = drawn


@kernel(
    reads(uint32, "2"), reads(uint64, "n"), reads(int64, "n"), reads(float64, "k d"),
    reads(float64, "r d"), reads(float64, "r d"), reads(int64, "n"), float64, float64,
    reads(float64, "s"), reads(float64, "s"), boolean, writes(float64, "n k"),
    writes(float64, "n"),
)  # fmt: skip
def laplace_gibbs(
    key, addresses, numbers, atoms, x, seen, rows, precision, slope, increments, betas, is_reverse,
    states, log_weights,
):  # fmt: skip
    """Move chains of factors along a path of inverse temperatures, and weigh them.

    addresses : of each chain's random numbers; numbers : of its first sweep; atoms : d a multiple
    of 16; x : less the mean, 0 where missing; seen : 1 for what is observed, 0 for what is not;
    rows : of x, that chains belong to; precision : of the noise; slope : of minus the logarithm of
    the prior of |h|; increments, betas : of each sweep, see `inference.LaplaceGibbs`; states :
    factors, moved in place.
    """
    n_factors, width = atoms.shape
    own, squares = np.empty(n_factors * width), np.empty(n_factors)
    residual, room = np.empty(width), np.empty(2 * UNITS * -(-n_factors // UNITS), np.float32)
    for c in range(states.shape[0]):
        row, h = rows[c], states[c]
        if c == 0 or row != rows[c - 1]:
            _prepare(atoms, seen[row], own, squares)
        n_seen = 0.0
        for j in range(width):
            residual[j] = x[row, j] * seen[row, j]
            n_seen += seen[row, j]
        for i in range(n_factors):
            _shift(own, i * width, -h[i], residual)
        constant = n_seen * math.log(2 * math.pi / precision)
        for sweep in range(betas.shape[0]):
            if increments[sweep] != 0:
                log_prob = precision * _product(residual, 0, residual) + constant
                log_weights[c] -= _HALF * increments[sweep] * log_prob
            uniform_row(key, addresses[c], numbers[c] + sweep, _LAYER, room)
            _sweep(own, squares, h, residual, precision * betas[sweep], slope, is_reverse, room)
