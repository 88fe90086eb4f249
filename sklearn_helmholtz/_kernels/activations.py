"""Activation functions of deterministic units, and derivatives that go back through them.

Arrays are (n_rows, n_units); NaN stays NaN.
"""

import numpy as np
from numba import float32

from .arithmetic import absolute, maximum, multiply_add, select
from .exponential import exp
from .kernel import helper, kernel, reads, writes
from .lanes import LANES, load, load_first, store, store_first

_ZERO, _ONE, _TWO = (np.float32(x) for x in (0, 1, 2))
_SMALL = np.float32(0.625)  # up to which a polynomial is used, which keeps digits near zero
_T0, _T1, _T2, _T3, _T4 = (
    np.float32(-5.70498872745e-3),
    np.float32(2.06390887954e-2),
    np.float32(-5.37397155531e-2),
    np.float32(1.33314422036e-1),
    np.float32(-3.33332819422e-1),
)  # of the Cephes library (Moshier, 1992)


@helper
def tanh(x):
    """tanh(x), to a relative error of 3e-7."""
    size = absolute(x)
    large = _ONE - _TWO / (exp(size + size) + _ONE)
    z = x * x
    p = _T0 * z + _T1
    p = p * z + _T2
    p = p * z + _T3
    p = p * z + _T4
    small = multiply_add(p * z, x, x)
    return select(size < _SMALL, small, select(x < _ZERO, _ZERO - large, large))


@kernel(writes(float32, "n m"))
def tanh_states(values):
    """Tanh of inputs, in place."""
    flat = values.reshape(-1)
    full = flat.shape[0] - flat.shape[0] % LANES
    for j in range(0, full, LANES):
        store(flat, j, tanh(load(flat, j)))
    n = flat.shape[0] - full
    store_first(flat, full, tanh(load_first(flat, full, n)), n)


@kernel(writes(float32, "n m"))
def relu_states(values):
    """The larger of inputs and zero, in place."""
    flat = values.reshape(-1)
    full = flat.shape[0] - flat.shape[0] % LANES
    for j in range(0, full, LANES):
        store(flat, j, maximum(load(flat, j), _ZERO))
    n = flat.shape[0] - full
    store_first(flat, full, maximum(load_first(flat, full, n), _ZERO), n)


@kernel(reads(float32, "n m"), writes(float32, "n m"))
def tanh_errors(states, errors):
    """Derivatives by inputs from those by their states h, in place: times ``1 - h^2``."""
    h, error = states.reshape(-1), errors.reshape(-1)
    full = h.shape[0] - h.shape[0] % LANES
    for j in range(0, full, LANES):
        state = load(h, j)
        store(error, j, load(error, j) * (_ONE - state * state))
    n = h.shape[0] - full
    state = load_first(h, full, n)
    store_first(error, full, load_first(error, full, n) * (_ONE - state * state), n)


@kernel(reads(float32, "n m"), writes(float32, "n m"))
def relu_errors(states, errors):
    """Derivatives by inputs from those by their states, in place: none where these are zero."""
    h, error = states.reshape(-1), errors.reshape(-1)
    full = h.shape[0] - h.shape[0] % LANES
    for j in range(0, full, LANES):
        store(error, j, select(load(h, j) > _ZERO, load(error, j), _ZERO))
    n = h.shape[0] - full
    kept = select(load_first(h, full, n) > _ZERO, load_first(error, full, n), _ZERO)
    store_first(error, full, kept, n)
