"""Draws from weighted states."""

import numpy as np

from .. import _keys
from .._kernels.random import uniform_rows
from .._keys import Purpose

_STEP = 2.0**-24  # between the uniform numbers of the kernels


def resampling_uniforms(seed, addresses, n_samples):
    """Uniform numbers in (0, 1) with 48 random bits, (n_rows, n_samples) float64."""
    numbers = np.empty((len(addresses) * n_samples, 2), np.float32)
    key = _keys.key(seed, Purpose.RESAMPLE)
    uniform_rows(key, addresses, n_samples, 0, _keys.layer_word(0), numbers)
    high, low = numbers.astype(np.float64).T
    return (np.floor(high / _STEP) * _STEP + low * _STEP).reshape(len(addresses), n_samples)


def choose(weights, uniforms):
    """For each uniform number the place in its row's weights, flat (n_rows * n_samples,).

    A place is chosen with a probability in proportion to its weight. weights : (n_rows, n_states),
    or (1, n_states) for all rows, not negative, with a positive sum; uniforms : (n_rows,
    n_samples).
    """
    total = np.cumsum(weights, axis=1)
    total = np.broadcast_to(total, (len(uniforms), weights.shape[1]))
    chosen = [
        np.searchsorted(row, u * row[-1], side="right")
        for row, u in zip(total, uniforms, strict=True)
    ]
    return np.minimum(np.concatenate(chosen), weights.shape[1] - 1)
