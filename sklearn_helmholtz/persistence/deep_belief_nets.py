"""Deep belief nets in archives: directed layers, the undirected top, and its chains."""

import itertools

import numpy as np

from .._keys import MAX_LAYERS
from ..machines import assemble_boltzmann, assemble_deep_belief
from .belief_nets import RECORDS as RECORDS_OF_NETS
from .belief_nets import read_belief_net, write_belief_net
from .boltzmann_machines import read_sides, write_sides
from .chains import read_chains, write_chains
from .machines import MOST_UNITS, read_units, write_units
from .maps import read_affine, single, write_affine

RECORDS = RECORDS_OF_NETS


def write_deep_belief(part, machine):
    """Write a deep belief net."""
    part.wholes("hidden_layer_sizes", machine.n_units[1:])
    write_units(part, machine.visible.units)
    for layer, conditional in enumerate(machine.generation.conditionals[:0:-1]):
        write_affine(part, f"generation.{layer}", conditional.map)
    for layer, conditional in enumerate(machine.recognition.conditionals):
        write_affine(part, f"recognition.{layer}", conditional.map)
    write_sides(part.part("top"), machine.top)


def read_deep_belief(part, encoding):
    """The machine, whose columns are those of an `Encoding`."""
    sizes = part.wholes("hidden_layer_sizes", 1, MOST_UNITS)
    if not 1 <= len(sizes) < MAX_LAYERS:
        raise ValueError(f"its machine has {len(sizes)} hidden layers below the topmost")
    units = read_units(part, encoding)
    pairs = list(itertools.pairwise((encoding.n_features, *sizes)))
    down = [read_affine(part, f"generation.{i}", pair[::-1]) for i, pair in enumerate(pairs)]
    up = [read_affine(part, f"recognition.{i}", pair) for i, pair in enumerate(pairs)]
    top = part.part("top")
    undirected = assemble_boltzmann(
        *read_sides(top, sizes[-1]), single(top, "base.logits", (sizes[-1],))
    )
    return assemble_deep_belief(
        [m.weights for m in down], [m.intercept for m in down],
        ([m.weights for m in up], [m.intercept for m in up]), units, undirected,
    )  # fmt: skip


def write_deep_belief_net(part, estimator):
    """Write what a fitted `DeepBeliefNet` has learnt."""
    write_belief_net(part, estimator, write_deep_belief, write_chains)
    curves = estimator.pretraining_curves_
    part.wholes("pretraining_epochs", [len(curve) for curve in curves])
    for layer, curve in enumerate(curves):
        part.array(f"pretraining_curves.{layer}", curve)


def read_deep_belief_net(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""

    def chains(own, machine):
        return read_chains(own, machine.top)

    read_belief_net(part, estimator, n_features, feature_names, read_deep_belief, chains)
    estimator._recall_chains()
    counts = part.wholes("pretraining_epochs", 0, 2**62)
    curves = [
        part.array(f"pretraining_curves.{layer}", np.float64, (n,), finite=False)
        for layer, n in enumerate(counts)
    ]
    if len(curves) not in (0, len(estimator.generative_coefs_)):
        raise ValueError(f"it has the curves of {len(curves)} pretrained layers")
    estimator._publish({"pretraining_curves_": curves})
