"""Gaussian machines in archives."""

from .._keys import MAX_LAYERS
from ..machines import POSTERIORS, assemble_gaussian
from .belief_nets import RECORDS as TRAINED
from .belief_nets import read_belief_net, write_belief_net
from .machines import MOST_UNITS, read_units, write_units
from .maps import read_perceptron, write_perceptron

RECORDS = TRAINED | {"active_units_"}


def write_gaussian_machine(part, machine):
    """Write a machine of Gaussian latents."""
    words = {kind: word for word, kind in POSTERIORS.items()}
    part.whole("n_components", machine.n_units[1])
    part.wholes("hidden_layer_sizes", [each.n_outputs for each in machine.encoder.maps[:-1]])
    part.word("covariance", words[type(machine.recognition.conditionals[0].units)])
    part.flag("sees_gaps", machine.sees_gaps)
    write_units(part, machine.visible.units)
    write_perceptron(part, "decoder", machine.decoder)
    write_perceptron(part, "encoder", machine.encoder)


def read_gaussian_machine(part, encoding):
    """The machine, whose columns are those of an `Encoding`."""
    n_components = part.whole("n_components", 1, MOST_UNITS)
    hidden = part.wholes("hidden_layer_sizes", 1, MOST_UNITS)
    if len(hidden) > MAX_LAYERS:
        raise ValueError(f"its encoder has {len(hidden)} hidden layers")
    covariance, sees_gaps = part.word("covariance", tuple(POSTERIORS)), part.flag("sees_gaps")
    units, n_columns = read_units(part, encoding), encoding.n_features
    n_seen = units.n_shown(n_columns) + (n_columns if sees_gaps else 0)
    down = (n_components, *hidden[::-1], units.n_inputs(n_columns))
    up = (n_seen, *hidden, POSTERIORS[covariance]().n_inputs(n_components))
    decoder = read_perceptron(part, "decoder", down)
    encoder = read_perceptron(part, "encoder", up)
    if decoder.activation != encoder.activation:
        raise ValueError("its nets have different activations")
    return assemble_gaussian(decoder, encoder, units, covariance, sees_gaps)


def write_gaussian_net(part, estimator):
    """Write what a fitted `GaussianHelmholtzMachine` has learnt."""
    write_belief_net(part, estimator, write_gaussian_machine)
    if not hasattr(estimator, "active_units_"):
        part.nothing("active_units")
        return
    part.array("active_units", estimator.active_units_)


def read_gaussian_net(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    read_belief_net(part, estimator, n_features, feature_names, read_gaussian_machine)
    if part.is_nothing("active_units"):
        return
    shape = (estimator._machine.n_units[1],)
    estimator._publish({"active_units_": part.array("active_units", bool, shape)})
