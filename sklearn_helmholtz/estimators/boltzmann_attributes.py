"""Fitted attributes of Boltzmann machines: in scikit-learn's names, and in the user's units."""

from dataclasses import replace

import numpy as np

from ..machines import (
    BaseNormals,
    GaussianBoltzmann,
    MixedBoltzmann,
    assemble_boltzmann,
    assemble_gaussian_boltzmann,
)
from ..models import BoltzmannModel, Encoding, GaussianBoltzmannModel, MixedBoltzmannModel
from .attributes import RECORDS, given_units, real_arrays, single
from .mixed_attributes import MIXED
from .mixed_boltzmann_attributes import mixed_from_parameters, mixed_in_users_units

PUBLISHED = RECORDS | MIXED | {
    "components_", "feature_means_", "intercept_hidden_", "intercept_visible_", "noise_variance_",
    "visible_",
}  # fmt: skip


def boltzmann_model(encoding, machine):
    """The model of a machine, of which there is one for each kind of data."""
    if isinstance(machine, MixedBoltzmann):
        return MixedBoltzmannModel(encoding, machine)
    kind = GaussianBoltzmannModel if isinstance(machine, GaussianBoltzmann) else BoltzmannModel
    return kind(encoding, machine)


def boltzmann_attributes(model):
    """The fitted attributes by name."""
    machine, scaling = model.machine, model.encoding.scaling
    attributes = {
        "visible_": machine.units.name,
        "components_": single(machine.weights.T),
        "intercept_hidden_": machine.hidden_intercept.copy(),
        "intercept_visible_": machine.visible_intercept.copy(),
        "_model": model,
    }
    if isinstance(machine, MixedBoltzmann):
        return {**attributes, **mixed_in_users_units(machine), **machine.units.published(scaling)}
    attributes["feature_means_"] = model.encoding.fill_values.copy()
    if machine.units.standardises:
        attributes |= _in_users_units(machine, scaling)
        attributes["feature_means_"] = single(scaling.restore(model.encoding.fill_values))
    return {**attributes, **machine.units.published(scaling)}


def _in_users_units(machine, scaling):
    """Parameters that make the same energies of x as the machine's of (x - centre) / scale."""
    weights = machine.weights.astype(np.float64)
    centre = (scaling.centre + scaling.remainder) / scaling.scale
    moved = np.einsum("i,ij->j", centre / machine.variance, weights)
    return {
        "components_": single(weights.T * scaling.scale),
        "intercept_hidden_": single(machine.hidden_intercept - moved),
        "intercept_visible_": single(scaling.restore(machine.visible_intercept)),
    }


def boltzmann_from_parameters(
    components, intercept_hidden, intercept_visible, variance=None, categories=None, kinds="auto"
):  # fmt: skip
    """A `BoltzmannModel` from arrays in the user's units, after checking their shapes; its schema.

    categories, kinds : of mixed columns, see `mixed_from_parameters`; the schema is None without.
    """
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
    n_features = weights.shape[1]
    _check_length("intercept_hidden", hidden, "component", len(weights))
    _check_length("intercept_visible", visible, "feature", n_features)
    if categories is not None:
        return mixed_from_parameters(weights, hidden, visible, categories, variance, kinds)
    units, scaling = given_units("auto", variance, n_features)
    if units.standardises:
        return _of_reals(weights, hidden, visible, units, scaling), None
    # Nothing is known of the data but what visible units would be without hidden ones.
    machine = assemble_boltzmann(weights.T, hidden, visible, visible)
    means = machine.units.mean(single(visible)[None])[0]
    return boltzmann_model(Encoding(type(units), scaling, means), machine), None


def _of_reals(weights, hidden, visible, units, scaling):
    """The model of a machine of real data, which is centred at what it is without hidden units.

    Far from zero inputs of hidden units would be the differences of large numbers.
    """
    scaling = replace(scaling, centre=visible)
    weights = weights / scaling.scale
    hidden = hidden + np.einsum("ji,i->j", weights, visible / scaling.scale)
    zeros = np.zeros(len(visible))
    base = BaseNormals(zeros, units.variance)
    machine = assemble_gaussian_boltzmann(weights.T, hidden, zeros, units, base)
    return boltzmann_model(Encoding(type(units), scaling, single(zeros)), machine)


def _check_length(name, array, what, n):
    if array.shape != (n,):
        raise ValueError(
            f"{name} must hold a number for each of the {n} {what}s that components have, got the "
            f"shape {np.shape(array)}."
        )
