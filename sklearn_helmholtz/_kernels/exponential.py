"""exp, log, sigmoid and softplus of lanes, as polynomials in float32, and exp and log in float64.

Coefficients are those of the Cephes library (Moshier, 1992); relative errors are below 4e-7.
NaN stays NaN; arguments of exp are clamped to the range of float32.
"""

import math

import numpy as np

from .arithmetic import (
    absolute,
    exponent,
    floor,
    maximum,
    minimum,
    multiply_add,
    power_of_two,
    select,
)
from .kernel import helper

_LOG2_E, _LN2 = np.float32(1.44269504088896341), np.float32(0.69314718055994531)
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
_ZERO, _HALF, _ONE, _TWO = (np.float32(x) for x in (0, 0.5, 1, 2))
_L0, _L1, _L2 = np.float32(2 / 15), np.float32(2 / 13), np.float32(2 / 11)
_L3, _L4, _L5 = np.float32(2 / 9), np.float32(2 / 7), np.float32(2 / 5)
_L6 = np.float32(2 / 3)
_ROOT = np.float32(math.sqrt(2))
_LOWEST_DOUBLE, _HIGHEST_DOUBLE = np.float64(-700), np.float64(700)
_ZERO_DOUBLE, _HALF_DOUBLE, _ONE_DOUBLE, _TWO_DOUBLE = (np.float64(x) for x in (0, 0.5, 1, 2))
_ROOT_TWO = np.float64(math.sqrt(2))
_A1, _A2, _A3, _A4, _A5, _A6, _A7, _A8, _A9 = (np.float64(2 / (2 * k + 1)) for k in range(1, 10))
_LOG2_E_DOUBLE = np.float64(1.4426950408889634074)
_LN2_HIGH_DOUBLE, _LN2_LOW_DOUBLE = (
    np.float64(6.93145751953125e-1),
    np.float64(1.42860682030941723212e-6),
)
_T3, _T4, _T5, _T6, _T7 = (np.float64(1 / math.factorial(k)) for k in range(3, 8))
_T8, _T9, _T10, _T11, _T12 = (np.float64(1 / math.factorial(k)) for k in range(8, 13))


@helper
def exp(x):
    """exp(x), x clamped to the range in which the result is a normal float32."""
    x = minimum(maximum(x, _LOWEST), _HIGHEST)
    n = floor(x * _LOG2_E + _HALF)
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    p = _E0 * r + _E1
    p = p * r + _E2
    p = p * r + _E3
    p = p * r + _E4
    p = p * r + _E5
    return (p * r * r + r + _ONE) * power_of_two(n)


@helper
def exp_minus_size(x):
    """exp(-|x|): what sigmoid and softplus share, in [0, 1]."""
    return exp(_ZERO - absolute(x))


@helper
def sigmoid(x, grown):
    """1 / (1 + exp(-x)), where ``grown`` is exp(-|x|)."""
    return select(x < _ZERO, grown, _ONE) / (_ONE + grown)


@helper
def is_below_sigmoid(u, x, grown):
    """Flags of numbers below 1 / (1 + exp(-x)), without a division; grown : exp(-|x|)."""
    return u * (_ONE + grown) < select(x < _ZERO, grown, _ONE)


@helper
def _log1p_unit(t):
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
def log1p(x):
    """log(1 + x) for x >= 0, as accurate for small x as for large."""
    n = exponent(_ONE + x)
    scaled = (_ONE + x) * power_of_two(_ZERO - n) - _ONE
    return multiply_add(n, _LN2, _log1p_unit(select(n < _HALF, x, scaled)))


@helper
def log(x):
    """log(x), x positive and normal: as accurate near 1 as elsewhere."""
    n = exponent(x * _ROOT)
    m = x * power_of_two(_ZERO - n)
    s = (m - _ONE) / (m + _ONE)
    z = s * s
    p = _L2 * z + _L3
    p = p * z + _L4
    p = p * z + _L5
    p = p * z + _L6
    return n * _LN2_HIGH + multiply_add(s, p * z + _TWO, n * _LN2_LOW)


@helper
def compound(surplus, grown):
    """``(1 + surplus) (1 + grown) - 1``: the logarithm of many products is taken once.

    ``sum log(1 + x_i)`` is ``log1p`` of the surplus that all x_i leave; up to 100 numbers in [0, 1]
    stay in the range of float32, and no accuracy is lost where they are small.
    """
    return surplus * grown + (surplus + grown)


@helper
def exp_double(x):
    """exp(x) of doubles, x clamped to [-700, 700]: the Taylor series of what is left of ln 2."""
    x = minimum(maximum(x, _LOWEST_DOUBLE), _HIGHEST_DOUBLE)
    n = floor(x * _LOG2_E_DOUBLE + _HALF_DOUBLE)
    r = x - n * _LN2_HIGH_DOUBLE - n * _LN2_LOW_DOUBLE
    p = r * _T12 + _T11
    p = p * r + _T10
    p = p * r + _T9
    p = p * r + _T8
    p = p * r + _T7
    p = p * r + _T6
    p = p * r + _T5
    p = p * r + _T4
    p = p * r + _T3
    p = p * r + _HALF_DOUBLE
    p = p * r + _ONE_DOUBLE
    return (p * r + _ONE_DOUBLE) * power_of_two(n)


@helper
def log_double(x):
    """log(x) of doubles, positive and normal: the series of 2 atanh((m - 1) / (m + 1)), near 1."""
    n = exponent(x * _ROOT_TWO)
    m = x * power_of_two(_ZERO_DOUBLE - n)
    s = (m - _ONE_DOUBLE) / (m + _ONE_DOUBLE)
    z = s * s
    p = z * _A9 + _A8
    p = p * z + _A7
    p = p * z + _A6
    p = p * z + _A5
    p = p * z + _A4
    p = p * z + _A3
    p = p * z + _A2
    p = p * z + _A1
    p = p * z + _TWO_DOUBLE
    return n * _LN2_HIGH_DOUBLE + (s * p + n * _LN2_LOW_DOUBLE)
