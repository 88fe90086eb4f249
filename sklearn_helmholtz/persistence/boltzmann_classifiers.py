"""Boltzmann machines of rows and labels in archives."""

import numpy as np

from ..learning import CarriedOver
from ..machines import assemble_boltzmann, assemble_labelled
from ..units import AUTOMATIC
from .belief_nets import RECORDS as _OF_MACHINES
from .belief_nets import read_belief_net, write_belief_net
from .boltzmann_machines import read_sides, write_sides
from .classes import read_classes, write_classes
from .maps import single

RECORDS = _OF_MACHINES | {"classes_"}
_MOST_CLASSES = 2**24


def write_boltzmann_classifier(part, classifier):
    """Write what a fitted `RestrictedBoltzmannClassifier` has learnt."""
    write_belief_net(part, classifier, _write_machine, _write_chains)
    write_classes(part, classifier.classes_)


def read_boltzmann_classifier(part, classifier, n_features, feature_names):
    """Let a classifier become the fitted one that was written."""
    read_belief_net(part, classifier, n_features, feature_names, _read_machine, _read_chains)
    classes = read_classes(part, classifier._machine.n_classes)
    classifier._publish({"classes_": classes})


def _write_machine(part, machine):
    write_sides(part, machine.boltzmann)
    part.whole("n_classes", machine.n_classes)
    part.array("label_weights", machine.labels.weights)
    part.array("label_intercept", machine.labels.intercept)


def _read_machine(part, encoding):
    if encoding.family not in AUTOMATIC:
        raise ValueError(f"its units are {encoding.family.name}, which none of its kind has")
    n, n_classes = encoding.n_features, part.whole("n_classes", 2, _MOST_CLASSES)
    boltzmann = assemble_boltzmann(*read_sides(part, n), single(part, "base.logits", (n,)))
    shape = boltzmann.n_units[1], n_classes
    weights = single(part, "label_weights", shape)
    intercept = single(part, "label_intercept", shape[1:])
    return assemble_labelled(boltzmann, weights, intercept, encoding.family.is_binary)


def _write_chains(part, carried):
    """Write the chains that training goes on from, or None."""
    if carried is None or carried.hidden is None:
        part.nothing("chains_hidden")
    else:
        part.array("chains_hidden", carried.hidden)


def _read_chains(part, machine):
    """The `CarriedOver` of a machine's training, or None."""
    if part.is_nothing("chains_hidden"):
        return None
    return CarriedOver(part.array("chains_hidden", np.uint8, (None, machine.n_units[1]), 0, 1))
