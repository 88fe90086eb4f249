"""Mixtures of normals as densities of sources: log-densities, scores, and what EM adds up.

Sources stand in rows, values (k, n) with n divisible by sixteen, each with parameters (k, c) of its
own: heights, ``log pi - log(2 pi v) / 2`` of weight pi and variance v; means; precisions, 1 / v.
"""

import numpy as np
from numba import float64

from .arithmetic import fill_doubles, maximum, total
from .exponential import exp_double, log_double
from .kernel import helper, kernel, reads, writes
from .lanes import LANES, load, store

_ZERO, _HALF = np.float64(0), np.float64(0.5)
_LOWEST = np.float64(-1e300)
_PARAMETERS = tuple(reads(float64, "k c") for _ in range(3))


@helper
def _highest(x, heights, means, precisions, i):
    """The largest of the logarithms of the terms of a mixture, which scales the others."""
    top = fill_doubles(_LOWEST)
    for c in range(heights.shape[1]):
        d = x - means[i, c]
        top = maximum(top, heights[i, c] - _HALF * precisions[i, c] * d * d)
    return top


@kernel(reads(float64, "k n"), *_PARAMETERS, writes(float64, "n"))
def add_mixture_log_densities(values, heights, means, precisions, out):
    """Add the log-densities of all sources, nats, to those of the rows, out (n,)."""
    for i in range(values.shape[0]):
        row = values[i]
        for j in range(0, values.shape[1], LANES):
            x = load(row, j)
            top = _highest(x, heights, means, precisions, i)
            height = fill_doubles(_ZERO)
            for c in range(heights.shape[1]):
                d = x - means[i, c]
                height += exp_double(heights[i, c] - _HALF * precisions[i, c] * d * d - top)
            store(out, j, load(out, j) + top + log_double(height))


@kernel(
    reads(float64, "k n"), reads(float64, "n"), *_PARAMETERS, writes(float64, "k n"),
    writes(float64, "k 3"),
)  # fmt: skip
def mixture_scores(values, weights, heights, means, precisions, scores, sums):
    """Scores ``psi = -d log p / ds`` of all values, and weighted sums over the rows.

    sums : of log p, psi' and psi' s^2, for each source.
    """
    for i in range(values.shape[0]):
        row, psi = values[i], scores[i]
        log_density, slope, curved = fill_doubles(_ZERO), fill_doubles(_ZERO), fill_doubles(_ZERO)
        for j in range(0, values.shape[1], LANES):
            x, w = load(row, j), load(weights, j)
            top = _highest(x, heights, means, precisions, i)
            height, first, second = fill_doubles(_ZERO), fill_doubles(_ZERO), fill_doubles(_ZERO)
            for c in range(heights.shape[1]):
                d = x - means[i, c]
                a = precisions[i, c] * d
                e = exp_double(heights[i, c] - _HALF * a * d - top)
                height += e
                first += e * a
                second += e * (precisions[i, c] - a * a)
            score = first / height
            bend = w * (second / height + score * score)
            store(psi, j, score)
            log_density += w * (top + log_double(height))
            slope += bend
            curved += bend * x * x
        sums[i, 0], sums[i, 1], sums[i, 2] = total(log_density), total(slope), total(curved)


@kernel(
    reads(float64, "k n"), reads(float64, "n"), *_PARAMETERS, writes(float64, "k c 3"),
    writes(float64, "k"),
)  # fmt: skip
def mixture_statistics(values, weights, heights, means, precisions, sums, log_densities):
    """Sums of a step of EM: weighted responsibilities, and these times s and s^2.

    log_densities : weighted sums of log p of each source.
    """
    n_components = heights.shape[1]
    parts = np.empty(n_components * LANES)
    for i in range(values.shape[0]):
        row = values[i]
        sums[i] = 0
        log_density = fill_doubles(_ZERO)
        for j in range(0, values.shape[1], LANES):
            x, w = load(row, j), load(weights, j)
            top = _highest(x, heights, means, precisions, i)
            height = fill_doubles(_ZERO)
            for c in range(n_components):
                d = x - means[i, c]
                e = exp_double(heights[i, c] - _HALF * precisions[i, c] * d * d - top)
                store(parts, c * LANES, e)
                height += e
            log_density += w * (top + log_double(height))
            share = w / height
            for c in range(n_components):
                r = share * load(parts, c * LANES)
                sums[i, c, 0] += total(r)
                sums[i, c, 1] += total(r * x)
                sums[i, c, 2] += total(r * x * x)
        log_densities[i] = total(log_density)
