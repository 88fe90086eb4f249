"""The shape of the tail of importance weights: how far an average of them can be trusted.

Weights whose tail is like that of a generalised Pareto distribution of shape k have a variance only
if k < 1/2 (Vehtari, Simpson, Gelman, Yao & Gabry 2024, Pareto smoothed importance sampling).
"""

import math

import numpy as np
from numba import float64

from .kernel import helper, kernel, reads, writes

_FEWEST = 5  # weights that a tail needs
_NOTHING = 1e-290  # a share of the largest weight: its inverse is still a number
_PRIOR_WEIGHT, _PRIOR_SHAPE = 10.0, 0.5  # of a weakly informative prior of the shape


@helper
def _distinct(log_weights):
    """Weights of the distinct states, relative to the largest, rising; and how many there are.

    Equal weights are taken for the same state.
    """
    ordered = np.sort(log_weights)
    n = ordered.shape[0]
    weights, count = np.empty(n, np.float64), 0
    for i in range(n):
        if i == 0 or ordered[i] != ordered[i - 1]:
            weights[count] = math.exp(ordered[i] - ordered[n - 1])
            count += 1
    return weights, count


@helper
def _shape(excess):
    """The shape of a generalised Pareto distribution from its sample, rising.

    The posterior mean over a grid of profiles (Zhang & Stephens 2009), pulled towards 1/2.
    """
    n = excess.shape[0]
    highest, quartile = excess[n - 1], excess[int(n / 4 + 0.5) - 1]
    m = 30 + int(math.sqrt(n))
    b, k, profile = np.empty(m, np.float64), np.empty(m, np.float64), np.empty(m, np.float64)
    for j in range(m):
        b[j] = 1 / highest + (1 - math.sqrt(m / (j + 0.5))) / (3 * quartile)
        k[j] = 0.0
        for i in range(n):
            k[j] += math.log1p(-b[j] * excess[i]) / n
        profile[j] = n * (math.log(-b[j] / k[j]) - k[j] - 1)
    total, mean = 0.0, 0.0
    top = np.max(profile)
    for j in range(m):
        weight = math.exp(profile[j] - top)
        total += weight
        mean += weight * b[j]
    shape = 0.0
    for i in range(n):
        shape += math.log1p(-mean / total * excess[i]) / n
    return (n * shape + _PRIOR_WEIGHT * _PRIOR_SHAPE) / (n + _PRIOR_WEIGHT)


@kernel(reads(float64, "n _"), writes(float64, "n"))
def pareto_shapes(log_weights, shapes):
    """The shape k of the tail of each row's weights, of which each state has one.

    Ties would shorten the tail. Were they added, the tail would be that of p(h | x), which may be
    heavy where every weight is the same. NaN where the states are too few to have a tail, infinity
    where a few weights leave nothing of the others, -infinity where the tail has no length.
    log_weights : (n_rows, n_samples), nats; shapes : (n_rows,).
    """
    for i in range(log_weights.shape[0]):
        weights, count = _distinct(log_weights[i])
        n = math.ceil(min(count / 5, 3 * math.sqrt(count)))
        if n < _FEWEST or not weights[count - 1] > 0:
            shapes[i] = np.nan
            continue
        excess = weights[count - n : count] - weights[count - n - 1]
        if weights[count - n + int(n / 4 + 0.5) - 1] < _NOTHING:
            shapes[i] = np.inf
        elif excess[int(n / 4 + 0.5) - 1] <= 0:
            shapes[i] = -np.inf
        else:
            shapes[i] = _shape(excess)
