"""Machines in archives: arrays by the number of their layer, 0 being the data."""

import dataclasses
import itertools

import numpy as np

from .._keys import MAX_LAYERS
from ..layers import Affine
from ..machines import (
    ACTIVATIONS,
    BeliefNet,
    DeterministicHelmholtz,
    Helmholtz,
    WithBaselines,
    as_deterministic,
    assemble,
    generative_chain,
)
from ..machines.baselines import Baseline
from ..units import Gaussian, Mixed, OneHot
from .maps import read_affine, read_nade, single, write_affine, write_nade

_KINDS = {
    "belief net": BeliefNet, "helmholtz machine": Helmholtz,
    "helmholtz machine with baselines": WithBaselines,
    "deterministic helmholtz machine": DeterministicHelmholtz,
}  # fmt: skip
MOST_UNITS = 2**24


def write_machine(part, machine):
    """Write a belief net."""
    words = {kind: word for word, kind in _KINDS.items()}
    part.word("kind", words[type(machine)])
    part.wholes("hidden_layer_sizes", machine.n_units[1:])
    part.flag("autoregressive", machine.is_autoregressive)
    if isinstance(machine, DeterministicHelmholtz):
        part.word("activation", machine.activation or ACTIVATIONS[0])
    write_units(part, machine.visible.units)
    for layer, conditional in enumerate(reversed(machine.generation.conditionals)):
        write_affine(part, f"generation.{layer}", conditional.map)
        if conditional.lateral is not None:
            part.array(f"generation.{layer}.lateral", conditional.lateral.weights)
            write_nade(part, f"generation.{layer}.nade", conditional.lateral.nade)
    if not isinstance(machine, Helmholtz):
        return
    for layer, conditional in enumerate(machine.recognition.conditionals):
        write_affine(part, f"recognition.{layer}", conditional.map)
    for layer, baseline in enumerate(getattr(machine, "baselines", ())):
        write_affine(part, f"baselines.{layer}.hidden", baseline.hidden)
        write_affine(part, f"baselines.{layer}.value", baseline.value)


def write_units(part, units):
    """Write the parameters of the units of the data."""
    units = units.normal if isinstance(units, Mixed | OneHot) else units
    for field in dataclasses.fields(units):
        part.array(field.name, getattr(units, field.name))


def read_machine(part, encoding):
    """The belief net, whose columns are those of an `Encoding`."""
    kind = _KINDS[part.word("kind", tuple(_KINDS))]
    sizes = part.wholes("hidden_layer_sizes", 1, MOST_UNITS)
    if not 1 <= len(sizes) <= MAX_LAYERS:
        raise ValueError(f"its machine has {len(sizes)} hidden layers")
    units = read_units(part, encoding)
    inputs = (units.n_inputs(encoding.n_features), *sizes)
    shown = (units.n_shown(encoding.n_features), *sizes)
    intercepts = [single(part, f"generation.{i}.intercept", (n,)) for i, n in enumerate(inputs)]
    coefs = [
        single(part, f"generation.{i}.weights", (above, below))
        for i, (below, above) in enumerate(itertools.pairwise(inputs))
    ]
    laterals, nade = None, None
    if part.flag("autoregressive"):
        laterals = _read_laterals(part, units, shown, inputs)
        if units.is_binary:
            nade = read_nade(part, "generation.0.nade", inputs[0])
    if kind is BeliefNet:
        return BeliefNet(generative_chain(coefs, intercepts, units, laterals, nade))
    maps = [
        read_affine(part, f"recognition.{i}", pair)
        for i, pair in enumerate(itertools.pairwise(shown))
    ]
    machine = assemble(
        coefs, intercepts, [m.weights for m in maps], [m.intercept for m in maps], units, laterals,
        nade,
    )  # fmt: skip
    if kind is Helmholtz:
        return machine
    if kind is DeterministicHelmholtz:
        if machine.is_autoregressive:
            raise ValueError("its machine is deterministic and autoregressive, which none can be")
        return as_deterministic(machine, part.word("activation", ACTIVATIONS))
    baselines = [_read_baseline(part, f"baselines.{i}", n) for i, n in enumerate(shown[:-1])]
    return WithBaselines(machine.generation, machine.recognition, tuple(baselines))


def read_units(part, encoding):
    """Units of the data, whose parameters are an array each."""
    if encoding.family in (Mixed, OneHot):
        layout = encoding.scaling
        return encoding.family(layout, _units_of(part, Gaussian, int(layout.sizes[2])))
    return _units_of(part, encoding.family, encoding.n_features)


def _units_of(part, family, n_units):
    names = [field.name for field in dataclasses.fields(family)]
    return family(**{name: single(part, name, (n_units,)) for name in names})


def _read_laterals(part, units, shown, inputs):
    """Lateral weights of all layers, which units have on later ones only."""
    laterals = []
    for layer, shape in enumerate(zip(shown, inputs, strict=True)):
        weights = single(part, f"generation.{layer}.lateral", shape)
        if layer == 0 and units.order is not None:
            is_early = units.order.code_columns[:, None] >= units.order.input_columns
        else:
            is_early = np.tri(*shape, dtype=bool)
        if weights[is_early].any():
            raise ValueError(f"lateral weights of its layer {layer} lead to units before")
        laterals.append(weights)
    return laterals


def _read_baseline(part, name, n_inputs):
    hidden = part.array(f"{name}.hidden.intercept", np.float32, (None,))
    n_units = len(hidden)
    weights = single(part, f"{name}.hidden.weights", (n_inputs, n_units))
    return Baseline(Affine(weights, hidden), read_affine(part, f"{name}.value", (n_units, 1)))
