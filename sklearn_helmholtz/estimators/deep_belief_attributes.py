"""Fitted attributes of deep belief nets, and nets of given arrays."""

import numpy as np

from ..machines import assemble_boltzmann, assemble_deep_belief
from ..models import DeepBeliefModel, Encoding, named
from .attributes import (
    check_features,
    check_generative,
    check_recognition,
    given_units,
    real_arrays,
    single,
    standardise_arrays,
    to_user_units,
)
from .kinds import BINARY

_FEWEST_LAYERS = 2


def deep_belief_attributes(model):
    """The fitted attributes by name: arrays with index 0 next to the data, in the user's units."""
    machine, encoding = model.machine, model.encoding
    coefs, intercepts = zip(*(c.map.coefficients for c in machine.downward[::-1]), strict=True)
    up = [conditional.map.coefficients for conditional in machine.recognition.conditionals]
    attributes = {
        "visible_": machine.visible.units.name,
        "generative_coefs_": list(coefs),
        "generative_intercepts_": [*intercepts, machine.top.hidden_intercept],
        "recognition_coefs_": [weights for weights, _ in up],
        "recognition_intercepts_": [intercept for _, intercept in up],
        "feature_means_": encoding.fill_values.copy(),
        "_model": model,
    }
    if machine.visible.units.standardises:
        to_user_units(attributes, encoding.scaling)
        attributes["feature_means_"] = single(encoding.scaling.restore(encoding.fill_values))
    return {**attributes, **machine.visible.units.published(encoding.scaling)}


def deep_belief_from_parameters(generative, recognition, variance):
    """A `DeepBeliefModel` of arrays in the user's units, after checking their shapes.

    generative, recognition : pairs (coefs, intercepts) of lists from the data upward, by name.
    """
    check_features(generative, variance)
    coefs, intercepts = (real_arrays(name, value) for name, value in generative.items())
    sizes = check_generative(coefs, intercepts)
    check_depth(sizes[1:], "generative_coefs")
    up = [real_arrays(name, value) for name, value in recognition.items()]
    check_recognition(*up, sizes[:-1])
    units, scaling = given_units("auto", variance, sizes[0])
    if units.standardises:
        standardise_arrays((coefs, intercepts), up, None, scaling.scale)
    coefs, intercepts, *up = ([single(a) for a in each] for each in (coefs, intercepts, *up))
    *directed, weights = coefs
    *below, visible, hidden = intercepts
    # Nothing is known of the states of the layer below the top but what its biases say.
    top = assemble_boltzmann(weights.T, hidden, visible, visible)
    machine = assemble_deep_belief(directed, below, up, units, top)
    expected = np.zeros((1, sizes[-1]), np.float32)
    for conditional in machine.downward:
        expected = conditional.mean(expected)
    return DeepBeliefModel(Encoding(type(units), scaling, expected[0]), machine)


def check_depth(sizes, name):
    """Refuse a single hidden layer; sizes : of the hidden layers; name : of what says so."""
    if len(sizes) < _FEWEST_LAYERS:
        raise ValueError(
            f"{name} makes one hidden layer, {tuple(sizes)}, but a deep belief net has at least "
            f"{_FEWEST_LAYERS}. A single one is a restricted Boltzmann machine: use "
            "RestrictedBoltzmannMachine."
        )


def check_two_levels(schema):
    """Refuse columns of other than two levels, by a ValueError that names one."""
    for j, kind in enumerate(schema.kinds):
        if kind != BINARY:
            raise ValueError(
                f"Column {named(j, schema.names)} of X is {kind}, but a deep belief net takes "
                "tables that have columns of categories only where each has two levels. Use "
                "HelmholtzMachine or RestrictedBoltzmannMachine, or encode levels as zeros and "
                "ones."
            )
