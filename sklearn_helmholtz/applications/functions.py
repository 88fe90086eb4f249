"""Functions of one number whose slopes and inverses are known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special


@dataclass(frozen=True)
class Function:
    """Function of one number, strictly rising or falling.

    log_slope : the logarithm of the size of its slope at some values; inverse : of the function.
    """

    log_slope: Callable
    inverse: Callable


def _of_cosh(x):
    return np.logaddexp(x, -x) - np.log(2)


FUNCTIONS = {
    np.log: Function(lambda x: -np.log(x), np.exp),
    np.log2: Function(lambda x: -np.log(x) - np.log(np.log(2)), np.exp2),
    np.log10: Function(lambda x: -np.log(x) - np.log(np.log(10)), lambda z: 10.0**z),
    np.log1p: Function(lambda x: -np.log1p(x), np.expm1),
    np.exp: Function(lambda x: x, np.log),
    np.expm1: Function(lambda x: x, np.log1p),
    np.sqrt: Function(lambda x: -np.log(2) - np.log(x) / 2, np.square),
    np.cbrt: Function(lambda x: -np.log(3) - 2 / 3 * np.log(np.abs(x)), lambda z: z**3),
    np.negative: Function(np.zeros_like, np.negative),
    np.reciprocal: Function(lambda x: -2 * np.log(np.abs(x)), np.reciprocal),
    np.sinh: Function(_of_cosh, np.arcsinh),
    np.arcsinh: Function(lambda x: -np.log(np.hypot(1, x)), np.sinh),
    np.tanh: Function(lambda x: -2 * _of_cosh(x), np.arctanh),
    np.arctanh: Function(lambda x: -np.log1p(-(x**2)), np.tanh),
    special.logit: Function(lambda x: -np.log(x) - np.log1p(-x), special.expit),
    special.expit: Function(lambda x: -np.logaddexp(0, x) - np.logaddexp(0, -x), special.logit),
}
