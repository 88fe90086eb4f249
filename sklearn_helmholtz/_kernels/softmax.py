"""Softmax units: one of K levels, with inputs for each of them, in lanes."""

import math

import numpy as np
from numba import float64

from .arithmetic import multiply_add, select, total
from .exponential import exp
from .kernel import helper
from .lanes import LANES, first, load_first, store_first

_ZERO, _ONE = np.float32(0), np.float32(1)


@helper
def log_prob(level, n_levels, eta, e0):
    """Log-probability of a level, nats; NaN is missing and adds nothing."""
    if level != level:
        return 0.0
    highest, own = _highest(n_levels, eta, e0), eta[e0 + int(level)]
    mass = 0.0
    for k in range(0, n_levels, LANES):
        n = min(n_levels - k, LANES)
        mass += total(select(first(n), exp(load_first(eta, e0 + k, n) - highest), _ZERO))
    return own - highest - math.log(mass)


@helper
def moved_share(level, n_levels, eta, e0, weights, w0, step):
    """Two numbers, of which a level's log-probability is the first less the second's logarithm.

    Under the inputs ``eta + step * weights``; w0 : of the first weight. The second lies between 1
    and n_levels: a product of many of them takes one logarithm.
    """
    highest, own = eta[e0] + step * weights[w0], int(level)
    for k in range(1, n_levels):
        highest = max(highest, eta[e0 + k] + step * weights[w0 + k])
    mass = 0.0
    for k in range(0, n_levels, LANES):
        n = min(n_levels - k, LANES)
        a = multiply_add(step, load_first(weights, w0 + k, n), load_first(eta, e0 + k, n))
        mass += total(select(first(n), exp(a - highest), _ZERO))
    return float64(eta[e0 + own] + step * weights[w0 + own] - highest), mass


@helper
def score(level, n_levels, eta, e0):
    """As `log_prob`; the inputs are overwritten by their derivatives."""
    if level != level:
        for k in range(n_levels):
            eta[e0 + k] = _ZERO
        return 0.0
    place = e0 + int(level)
    highest, own = _highest(n_levels, eta, e0), eta[place]
    mass = 0.0
    for k in range(0, n_levels, LANES):
        n = min(n_levels - k, LANES)
        grown = select(first(n), exp(load_first(eta, e0 + k, n) - highest), _ZERO)
        store_first(eta, e0 + k, grown, n)
        mass += total(grown)
    share = np.float32(1 / mass)
    for k in range(0, n_levels, LANES):
        n = min(n_levels - k, LANES)
        store_first(eta, e0 + k, _ZERO - load_first(eta, e0 + k, n) * share, n)
    eta[place] += _ONE
    return own - highest - math.log(mass)


@helper
def draw(uniform, n_levels, eta, e0):
    """A level, by where a uniform number falls among the sums of their probabilities."""
    highest, mass = _highest(n_levels, eta, e0), 0.0
    for k in range(n_levels):
        mass += math.exp(eta[e0 + k] - highest)
    rest = uniform * mass
    for k in range(n_levels - 1):
        rest -= math.exp(eta[e0 + k] - highest)
        if rest < 0:
            return k
    return n_levels - 1


@helper
def _highest(n_levels, eta, e0):
    highest = eta[e0]
    for k in range(1, n_levels):
        highest = max(highest, eta[e0 + k])
    return highest
