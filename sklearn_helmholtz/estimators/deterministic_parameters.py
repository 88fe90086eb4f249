"""Deterministic Helmholtz machines of given parameters."""

from dataclasses import replace

from ..layers import Competitive
from ..machines import ACTIVATIONS, as_deterministic
from .attributes import model_from_parameters, real_arrays
from .checks import check_choice


def deterministic_model(generative, recognition, variance, visible, activation):
    """A `BeliefNetModel` of a deterministic machine, from arrays in the user's units.

    As `model_from_parameters`; activation : of a machine whose strengths, where units compete, take
    the place of weights.
    """
    check_choice("activation", activation, ACTIVATIONS)
    check_choice("visible", visible, ("auto", "bernoulli", "gaussian"))
    model = model_from_parameters(generative, recognition, variance, None, visible)
    if activation == "competitive":
        _check_strengths(generative, model.machine)
    machine = as_deterministic(model.machine, activation, Competitive.of_strengths)
    expected = machine.generation.means(None)[-1][0]
    return replace(model, encoding=replace(model.encoding, fill_values=expected), machine=machine)


def _check_strengths(generative, machine):
    """Refuse strengths that are negative, and parents always on without any."""
    families = [c.units for c in reversed(machine.generation.conditionals[1:])]
    competing = [layer for layer, units in enumerate(families) if units.is_binary]
    for name, lowest in (("generative_coefs", "at least 0"), ("generative_intercepts", "above 0")):
        arrays = real_arrays(name, generative[name])
        for layer in competing:
            smallest = arrays[layer].min()
            if smallest < 0 or (smallest == 0 and lowest == "above 0"):
                raise ValueError(
                    f"{name}[{layer}] must hold strengths {lowest}, which activation='competitive' "
                    f"has, but holds {smallest:g}."
                )
