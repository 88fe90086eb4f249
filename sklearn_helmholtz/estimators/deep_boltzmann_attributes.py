"""Fitted attributes of deep Boltzmann machines, and machines of given ones."""

import itertools

import numpy as np

from ..machines import assemble_deep_boltzmann
from ..models import DeepBoltzmannModel, Encoding
from .attributes import RECORDS, given_units, real_arrays, single
from .checks import check_two_layers

PUBLISHED = RECORDS | {"coefs_", "feature_means_", "intercepts_", "visible_"}


def deep_boltzmann_attributes(model):
    """The fitted attributes by name."""
    machine = model.machine
    layers = range(len(machine.sizes))
    return {
        "visible_": machine.units.name,
        "coefs_": [single(machine.connections(layer)).copy() for layer in layers[:-1]],
        "intercepts_": [machine.intercept(layer).copy() for layer in layers],
        "feature_means_": model.encoding.fill_values.copy(),
        "_model": model,
    }


def deep_boltzmann_from_parameters(coefs, intercepts):
    """A `DeepBoltzmannModel` from arrays from the data upward, after checking their shapes."""
    weights, biases = real_arrays("coefs", coefs), real_arrays("intercepts", intercepts)
    if any(bias.ndim != 1 or not len(bias) for bias in biases):
        raise ValueError("intercepts must hold arrays of one dimension, none empty.")
    if len(biases) != len(weights) + 1:
        raise ValueError(
            "intercepts must have one array more than coefs, that of the data, got "
            f"{len(biases)} and {len(weights)}."
        )
    sizes = [len(bias) for bias in biases]
    check_two_layers(tuple(sizes[1:]))
    expected, shapes = list(itertools.pairwise(sizes)), [array.shape for array in weights]
    if shapes != expected:
        raise ValueError(
            f"coefs must have the shapes {expected} that go with intercepts, got {shapes}."
        )
    units, scaling = given_units("bernoulli", None, sizes[0])
    # Nothing is known of the data but what their units would be without hidden ones.
    machine = assemble_deep_boltzmann(weights, biases, biases[0])
    means = machine.units.mean(single(biases[0])[None])[0]
    return DeepBoltzmannModel(Encoding(type(units), scaling, np.ascontiguousarray(means)), machine)
