"""Maps in archives: arrays by the name of the map."""

import itertools

import numpy as np

from ..layers import Affine, Nade, Perceptron

_ACTIVATIONS = "relu", "tanh"


def write_affine(part, name, affine):
    """Write an affine map, whose weights may be None."""
    if affine.weights is not None:
        part.array(f"{name}.weights", affine.weights)
    part.array(f"{name}.intercept", affine.intercept)


def read_affine(part, name, sizes):
    """The affine map of sizes (n_parents, n_units)."""
    return Affine(
        single(part, f"{name}.weights", sizes), single(part, f"{name}.intercept", sizes[1:])
    )


def write_nade(part, name, nade):
    """Write the deterministic units of conditionals; nothing where there are none."""
    if nade is not None:
        part.array(f"{name}.incoming", nade.incoming)
        part.array(f"{name}.intercept", nade.intercept)
        part.array(f"{name}.outgoing", nade.outgoing)


def read_nade(part, name, n_units):
    """The deterministic units of the conditionals of so many units, or None where there are none.

    Files of before there were any have nothing of them.
    """
    if not part.ndim(f"{name}.intercept"):
        return None
    intercept = part.array(f"{name}.intercept", np.float32, (None,))
    shape = n_units, len(intercept)
    return Nade(
        single(part, f"{name}.incoming", shape), intercept, single(part, f"{name}.outgoing", shape)
    )


def write_perceptron(part, name, perceptron):
    """Write a perceptron, but for the sizes of its layers."""
    part.word(f"{name}_activation", perceptron.activation)
    for number, affine in enumerate(perceptron.maps):
        write_affine(part, f"{name}.{number}", affine)


def read_perceptron(part, name, sizes):
    """The perceptron with layers of some sizes, those of the parents first."""
    activation = part.word(f"{name}_activation", _ACTIVATIONS)
    maps = [
        read_affine(part, f"{name}.{number}", pair)
        for number, pair in enumerate(itertools.pairwise(sizes))
    ]
    return Perceptron(tuple(maps), activation)


def single(part, name, shape):
    """A float32 array in the order that kernels take."""
    return np.ascontiguousarray(part.array(name, np.float32, shape))
