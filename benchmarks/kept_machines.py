"""Machines in files that outlive a version of the package: arrays, and facts as JSON."""

import json

import numpy as np

from sklearn_helmholtz import HelmholtzMachine

PARAMETERS = (
    "generative_coefs", "generative_intercepts", "recognition_coefs", "recognition_intercepts",
    "generative_lateral_coefs",
)  # fmt: skip


def parameters_of(machine):
    """The lists of arrays that a machine consists of, by name."""
    found = {name: getattr(machine, f"{name}_", None) for name in PARAMETERS}
    return {name: arrays for name, arrays in found.items() if arrays is not None}


def from_parameters(parameters, params):
    """A machine of parameters by name, and of what the constructor of another one had."""
    implied = "hidden_layer_sizes", "autoregressive"  # by the parameters
    params = {name: value for name, value in params.items() if name not in implied}
    return HelmholtzMachine.from_parameters(**parameters, **params)


def anew(machine, **params):
    """A machine with the parameters of another, whose training begins anew.

    params : of the constructor, which change.
    """
    return from_parameters(parameters_of(machine), machine.get_params() | params)


def keep(file, machine, facts):
    """Write the parameters of a machine, what its constructor had, and facts about it."""
    arrays = {
        f"{name}.{i}": array
        for name, group in parameters_of(machine).items()
        for i, array in enumerate(group)
    }
    text = json.dumps({"params": machine.get_params(), "facts": facts})
    np.savez_compressed(file, about=np.array(text), **arrays)


def open_kept(path):
    """The machine of a file, and the facts about it."""
    with np.load(path) as file:
        arrays = dict(file)
    about, parameters = json.loads(str(arrays.pop("about"))), {}
    for key, array in arrays.items():  # in the order they were written in
        parameters.setdefault(key.partition(".")[0], []).append(array)
    return from_parameters(parameters, about["params"]), about["facts"]
