"""Effects of hidden units on the features: how much each moves, and how much that matters."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Effects:
    """Moves of the features by each unit of a layer when it is turned on, all else being equal.

    Gaussian latents are raised from their mean, 0, by their standard deviation, 1.

    changes : (n_units, n_features) of the inputs of the features; importance : of the same shape
    and not negative, by which effects on features of any kind and frequency compare.
    """

    changes: np.ndarray
    importance: np.ndarray


def unit_effects(machine, layer):
    """The `Effects` of the units of a hidden layer, 1 being next to the data.

    Other units of the layer have their expected values, as have earlier units of autoregressive
    layers, and layers between pass expected values down. The importance is the symmetric
    divergence, nats, of the distributions of a feature with and without the unit.
    """
    means = machine.generation.means(None)
    expected, conditionals = means[-1 - layer], machine.generation.conditionals[-layer:]
    shift = 0.0
    if machine.is_autoregressive:
        shift = machine.visible.shifts(np.asarray(means[-1], np.float32))
    return effects_of(conditionals, np.asarray(expected, np.float32), shift)


def effects_of(conditionals, expected, shift=0.0):
    """The `Effects` of units that have expected values, (1, n_units) float32.

    conditionals : that lead from them down to the data; shift : of the inputs of the data.
    """
    *between, visible = conditionals
    etas = []
    for state in (1, 0):
        states = np.repeat(expected, expected.shape[1], axis=0)
        np.fill_diagonal(states, state)
        for conditional in between:
            states = conditional.mean(states)
        etas.append(visible.map.doubles(states) + shift)
    return Effects(etas[0] - etas[1], visible.units.divergence(*etas))
