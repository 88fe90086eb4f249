"""The generative net of a machine as flat arrays, as kernels that go unit by unit want it."""

from dataclasses import dataclass

import numpy as np

from .._kernels.families import is_binary


@dataclass(frozen=True)
class FlatNet:
    """All layers of a generative net side by side.

    sizes : units of each layer from the data upward; weights : of layers 1, 2, ..., flat, one after
    the other, and then the lateral ones of all layers if the machine is autoregressive; intercepts
    : of all layers; family, parameters : of the visible units, see `_kernels.families`; machine :
    the machine.
    """

    sizes: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray
    family: int
    parameters: np.ndarray
    machine: object

    @classmethod
    def of(cls, machine):
        """The net of a machine, whose visible units have a ``code`` that kernels know."""
        upward = machine.generation.conditionals[::-1]
        units = machine.visible.units
        if not hasattr(units, "code"):
            raise TypeError(f"There is no {cls.what} for {type(units).__name__} visible units.")
        weights = [c.affine.weights for c in upward[:-1]]
        weights += [c.lateral.weights for c in upward if c.lateral is not None]
        return cls(
            np.array(machine.n_units, np.int64),
            np.concatenate([array.ravel() for array in weights]),
            np.concatenate([c.affine.intercept for c in upward]),
            units.code,
            units.kernel_parameters,
            machine,
        )

    @property
    def is_binary(self):
        """Whether the data are like hidden units for kernels."""
        return is_binary.py_func(self.family)  # as it is: not compiled for one call

    def split(self, states):
        """Parts of an array (n_rows, n_hidden), by hidden layer from the data upward."""
        return np.split(states, np.cumsum(self.sizes[1:-1]), axis=1)
