"""The generative net of a machine as flat arrays, as kernels that go unit by unit want it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FlatNet:
    """All layers of a generative net side by side.

    sizes : units of each layer from the data upward, of the data their inputs; weights : of layers
    1, 2, ..., flat, one after the other, and then the lateral ones of all layers if the machine is
    autoregressive, but for those of data whose shifts are made whole; intercepts : of all layers;
    family, parameters : of the visible units, see `_kernels.families`; machine : the machine.
    """

    sizes: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray
    family: int
    parameters: np.ndarray
    machine: object

    @classmethod
    def of(cls, machine):
        """The net of a machine, or a ValueError where a layer does not allow what it is for."""
        machine.require(cls.ability)
        upward, units = machine.generation.conditionals[::-1], machine.visible.units
        maps = [c.map.coefficients for c in upward]
        weights = [matrix for matrix, _ in maps[:-1]]
        laterals = [c.lateral for c in upward if c.lateral is not None]
        weights += [lateral.weights for lateral in laterals if not lateral.shifts_whole]
        return cls(
            np.array(machine.n_units, np.int64),
            np.concatenate([array.ravel() for array in weights]),
            np.concatenate([intercept for _, intercept in maps]),
            units.code,
            units.kernel_parameters,
            machine,
        )

    @property
    def is_binary(self):
        """Whether the data are like hidden units for kernels."""
        return self.machine.visible.units.is_binary

    def split(self, states):
        """Parts of an array (n_rows, n_hidden), by hidden layer from the data upward."""
        return np.split(states, np.cumsum(self.sizes[1:-1]), axis=1)
