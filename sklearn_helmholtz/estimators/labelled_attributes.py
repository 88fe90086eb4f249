"""Fitted attributes of Boltzmann machines that learn labels: in the user's units."""

import numpy as np

from ..rows import Unscaled
from .attributes import RECORDS, single

PUBLISHED = RECORDS | {
    "classes_", "components_", "feature_means_", "intercept_class_", "intercept_hidden_",
    "intercept_visible_", "visible_", "weights_class_",
}  # fmt: skip


def labelled_attributes(model):
    """The fitted attributes by name: ``c + Wx`` are inputs of hidden units for x as users have it.

    With z = (x - centre) / scale, weights are divided by the scale, and what the centre makes is
    taken off the intercepts.
    """
    machine, scaling = model.machine, model.encoding.scaling
    W, c, b = (
        np.asarray(array, np.float64)
        for array in (
            machine.boltzmann.weights.T, machine.boltzmann.hidden_intercept,
            machine.boltzmann.visible_intercept,
        )
    )  # fmt: skip
    if not isinstance(scaling, Unscaled):
        W = W / scaling.scale
        c = c - np.einsum("ji,i->j", W, scaling.centre)
        b = scaling.restore(b)
    return {
        "visible_": machine.boltzmann.units.name,
        "components_": single(W),
        "intercept_hidden_": single(c),
        "intercept_visible_": single(b),
        "weights_class_": machine.labels.weights.T.copy(),
        "intercept_class_": machine.labels.intercept.copy(),
        "feature_means_": single(scaling.restore(model.encoding.fill_values.copy())),
        "_model": model,
    }
