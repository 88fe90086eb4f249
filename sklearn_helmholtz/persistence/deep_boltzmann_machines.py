"""Deep Boltzmann machines in archives: arrays by the number of their layer, 0 being the data."""

import itertools

from .._keys import MAX_LAYERS
from ..machines import assemble_deep_boltzmann
from .belief_nets import RECORDS, read_belief_net, write_belief_net
from .chains import read_chains, write_chains
from .machines import MOST_UNITS, read_units, write_units
from .maps import single

__all__ = ["RECORDS"]


def write_deep_boltzmann(part, machine):
    """Write a deep Boltzmann machine: only the weights that there are."""
    part.wholes("hidden_layer_sizes", machine.sizes[1:])
    for layer in range(len(machine.sizes) - 1):
        part.array(f"weights.{layer}", machine.connections(layer))
    for layer in range(len(machine.sizes)):
        part.array(f"intercept.{layer}", machine.intercept(layer))
    part.array("base.logits", machine.base.logits[: machine.n_features])
    write_units(part, machine.units)


def read_deep_boltzmann(part, encoding):
    """The machine, whose columns are those of an `Encoding`."""
    hidden = part.wholes("hidden_layer_sizes", 1, MOST_UNITS)
    if not 2 <= len(hidden) <= MAX_LAYERS:
        raise ValueError(f"its deep machine has {len(hidden)} hidden layers")
    sizes = (encoding.n_features, *hidden)
    weights = [
        single(part, f"weights.{layer}", pair)
        for layer, pair in enumerate(itertools.pairwise(sizes))
    ]
    intercepts = [single(part, f"intercept.{layer}", (n,)) for layer, n in enumerate(sizes)]
    if not read_units(part, encoding).is_binary:
        raise ValueError("its deep machine has data that are not binary")
    return assemble_deep_boltzmann(weights, intercepts, single(part, "base.logits", sizes[:1]))


def write_deep_boltzmann_machine(part, estimator):
    """Write what a fitted `DeepBoltzmannMachine` has learnt."""
    write_belief_net(part, estimator, write_deep_boltzmann, write_chains)


def read_deep_boltzmann_machine(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    ways = read_deep_boltzmann, read_chains
    read_belief_net(part, estimator, n_features, feature_names, *ways)
    estimator._recall_chains()
