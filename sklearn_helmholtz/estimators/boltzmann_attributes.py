"""Fitted attributes of Boltzmann machines: in scikit-learn's names, and in the user's units."""

import numpy as np

from ..machines import assemble_boltzmann
from ..models import BoltzmannModel, Encoding
from ..rows import Unscaled
from ..units import Bernoulli
from .attributes import RECORDS, real_arrays, single

PUBLISHED = RECORDS | {
    "components_", "feature_means_", "intercept_hidden_", "intercept_visible_", "visible_",
}  # fmt: skip


def boltzmann_attributes(model):
    """The fitted attributes by name."""
    machine = model.machine
    return {
        "visible_": machine.units.name,
        "components_": single(machine.weights.T),
        "intercept_hidden_": machine.hidden_intercept.copy(),
        "intercept_visible_": machine.visible_intercept.copy(),
        "feature_means_": model.encoding.fill_values.copy(),
        "_model": model,
    }


def boltzmann_from_parameters(components, intercept_hidden, intercept_visible):
    """A `BoltzmannModel` from arrays, after checking their shapes."""
    weights, hidden, visible = (
        real_arrays(name, [value])[0]
        for name, value in (
            ("components", components), ("intercept_hidden", intercept_hidden),
            ("intercept_visible", intercept_visible),
        )
    )  # fmt: skip
    if weights.ndim != 2 or not weights.size:
        raise ValueError(
            f"components must have the shape (n_components, n_features), got {weights.shape}."
        )
    _check_length("intercept_hidden", hidden, "component", len(weights))
    _check_length("intercept_visible", visible, "feature", weights.shape[1])
    # Nothing is known of the data but what visible units would be without hidden ones.
    machine = assemble_boltzmann(weights.T, hidden, visible, visible)
    means = machine.units.mean(single(visible)[None])[0]
    return BoltzmannModel(Encoding(Bernoulli, Unscaled(), means), machine)


def _check_length(name, array, what, n):
    if array.shape != (n,):
        raise ValueError(
            f"{name} must hold a number for each of the {n} {what}s that components have, got the "
            f"shape {np.shape(array)}."
        )
