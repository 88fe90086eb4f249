"""Particles of a row: their self-normalised importance weights, and which of them teach."""

import math

import numpy as np
from numba import float32, float64

from .kernel import helper, kernel, reads, routine, writes
from .random import numbers_of_rows

ROULETTE = 2**31  # the particle of layer 0 whose numbers decide which ones are kept, see `_keys`
_LAYER_0, _ZERO = np.uint32(0), np.float32(0)


def _self_normalise(log_weights, weights, bound):
    """Weights that sum to 1 in each row, and ``log(1/K sum_k exp(log_weight_k))``.

    Without overflow. log_weights, weights : (n_rows, n_particles); bound : (n_rows,), nats. A row
    that holds NaN has NaN for its bound.
    """
    n_rows, n_particles = log_weights.shape
    for i in range(n_rows):
        highest = log_weights[i, 0]
        for k in range(n_particles):
            if not log_weights[i, k] <= highest:
                highest = log_weights[i, k]
        total = 0.0
        for k in range(n_particles):
            total += math.exp(log_weights[i, k] - highest)
        for k in range(n_particles):
            weights[i, k] = math.exp(log_weights[i, k] - highest) / total
        bound[i] = highest + math.log(total / n_particles)


def _prune(numbers, threshold, weights):
    """Russian roulette: weights below a threshold become the threshold or 0, and keep their mean.

    A weight w < threshold becomes the threshold where its number is below ``w / threshold``, which
    has this probability, and else 0. Others, and NaN, stay as they are. numbers : (n_rows,
    n_particles), uniform in (0, 1); weights : as many, changed in place.
    """
    for i in range(weights.shape[0]):
        for k in range(weights.shape[1]):
            if weights[i, k] < threshold:
                stays = numbers[i, k] < weights[i, k] / threshold
                weights[i, k] = threshold if stays else _ZERO


self_normalise = kernel(
    reads(float64, "n k"), writes(float32, "n k"), writes(float64, "n")
)(_self_normalise)  # fmt: skip
prune = kernel(reads(float32, "n k"), float32, writes(float32, "n k"))(_prune)
normalise, _prune_by = routine(_self_normalise), routine(_prune)  # for kernels that do more


@helper
def play(key, addresses, threshold, weights):
    """Do as `prune`, with the numbers of the rows' addresses."""
    one = addresses.shape[0] - addresses.shape[0] + 1  # not a constant: see `opaque_true`
    numbers = np.empty(weights.shape, np.float32)
    numbers_of_rows(key, addresses, one, one * ROULETTE, _LAYER_0, numbers)
    _prune_by(numbers, threshold, weights)


@helper
def kept_of(weights, limits):
    """Numbers of the particles that have a weight, and where row blocks start among them.

    weights : (n_rows, n_particles); limits : (n_blocks + 1,), where they start among rows.
    """
    n_kept, n_particles = 0, weights.shape[1]
    kept, starts = np.empty(weights.size, np.int64), np.zeros(limits.shape[0], np.int64)
    for p in range(limits.shape[0] - 1):
        for i in range(limits[p], limits[p + 1]):
            for k in range(n_particles):
                if weights[i, k] != _ZERO:
                    kept[n_kept] = i * n_particles + k
                    n_kept += 1
        starts[p + 1] = n_kept
    return kept[:n_kept], starts
