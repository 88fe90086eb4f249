"""Draws from weighted states."""

import numpy as np

from .. import _keys
from .._kernels.random import uniform_rows
from .._keys import Draws, Purpose

_STEP = 2.0**-24  # between the uniform numbers of the kernels


def resampling_uniforms(seed, addresses, n_samples):
    """Uniform numbers as from `fine_uniforms` to choose samples by."""
    return fine_uniforms(Draws(_keys.key(seed, Purpose.RESAMPLE), addresses, n_samples))


def fine_uniforms(draws):
    """Uniform numbers in (0, 1) with 48 random bits, (n_rows, draws.n_particles) float64."""
    return fine_uniforms_of(draws, 0, 1).reshape(len(draws.addresses), draws.n_particles)


def fine_uniforms_of(draws, layer, n_numbers):
    """The same for units of a layer of all particles, (draws.n_rows, n_numbers)."""
    numbers = np.empty((draws.n_rows, 2 * n_numbers), np.float32)
    layer = _keys.layer_word(layer)
    uniform_rows(draws.key, draws.addresses, draws.n_particles, draws.first, layer, numbers)
    high, low = np.split(numbers.astype(np.float64), 2, axis=1)
    return np.floor(high / _STEP) * _STEP + low * _STEP


def choose(weights, uniforms):
    """Place in its row's weights for each uniform number, flat (n_rows * n_samples,).

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


def choose_by_state(weights, states, uniforms):
    """Place for each uniform number in the weights of the state that goes with it.

    weights : (n_states, n_places), not negative, with positive sums; states : (n,) numbers of
    states; uniforms : (n,).
    """
    order, chosen = np.argsort(states, kind="stable"), np.empty(len(states), np.int64)
    limits = np.searchsorted(states[order], np.arange(len(weights) + 1))
    for state, place in enumerate(np.split(order, limits[1:-1])):
        chosen[place] = choose(weights[state : state + 1], uniforms[None, place])
    return chosen


def resample_evenly(weights, uniforms):
    """Places among all particles of as many draws as there are uniform numbers, flat.

    Stratified: draw k of a row comes from the k-th of equal parts of its total weight, so that a
    particle is drawn about as often as it should be (Kitagawa 1996). weights : (n_rows,
    n_particles); uniforms : (n_rows, n_draws); particles of a row are neighbours.
    """
    n_rows, n_draws = uniforms.shape
    chosen = choose(weights, (np.arange(n_draws) + uniforms) / n_draws).reshape(n_rows, n_draws)
    return (chosen + weights.shape[1] * np.arange(n_rows)[:, None]).ravel()
