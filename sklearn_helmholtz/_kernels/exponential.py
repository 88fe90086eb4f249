"""exp, sigmoid and softplus in float32, as polynomials that LLVM can vectorise.

Coefficients are those of the Cephes library (Moshier, 1992); relative errors are below 3e-7.
NaN stays NaN; arguments of exp are clamped to the range of float32.
"""

import numpy as np
from llvmlite import ir
from numba import float32, int32, types
from numba.extending import intrinsic

from .kernel import helper

_LOG2_E = np.float32(1.44269504088896341)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_LOWEST, _HIGHEST = np.float32(-87.33654), np.float32(88.37626)
_E0, _E1, _E2 = (
    np.float32(1.9875691500e-4),
    np.float32(1.3981999507e-3),
    np.float32(8.3334519073e-3),
)
_E3, _E4, _E5 = (
    np.float32(4.1665795894e-2),
    np.float32(1.6666665459e-1),
    np.float32(5.0000001201e-1),
)
_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1.0), np.float32(2.0)
_BIAS, _MANTISSA = np.int32(127), np.int32(23)
_L0, _L1, _L2 = np.float32(2 / 15), np.float32(2 / 13), np.float32(2 / 11)
_L3, _L4, _L5 = np.float32(2 / 9), np.float32(2 / 7), np.float32(2 / 5)
_L6 = np.float32(2 / 3)


@intrinsic
def _bits_as_float(context, bits):
    """The float32 whose bits are those of an int32."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@helper
def exp(x):
    """exp(x), x clamped to the range in which the result is a normal float32."""
    x = min(max(x, _LOWEST), _HIGHEST)
    n = np.floor(x * _LOG2_E + _HALF)
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    p = _E0 * r + _E1
    p = p * r + _E2
    p = p * r + _E3
    p = p * r + _E4
    p = p * r + _E5
    return (p * r * r + r + _ONE) * _bits_as_float(int32((int32(n) + _BIAS) << _MANTISSA))


@helper
def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return _ONE / (_ONE + exp(-x))


@helper
def log1p_unit(t):
    """log(1 + t) for t in [0, 1]: the series of 2 atanh(t / (2 + t))."""
    s = t / (_TWO + t)
    z = s * s
    p = _L0 * z + _L1
    p = p * z + _L2
    p = p * z + _L3
    p = p * z + _L4
    p = p * z + _L5
    p = p * z + _L6
    return s * (p * z + _TWO)


@helper
def softplus(x):
    """log(1 + exp(x)), never computed from a probability."""
    return max(x, float32(0)) + log1p_unit(exp(-abs(x)))
