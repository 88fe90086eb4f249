"""Boltzmann machines in archives, and the chains that their training goes on from."""

from ..machines import BaseNormals, assemble_boltzmann, assemble_gaussian_boltzmann
from .belief_nets import RECORDS, read_belief_net, write_belief_net
from .chains import read_chains, write_chains
from .machines import MOST_UNITS, read_units, write_units
from .maps import single

__all__ = ["RECORDS"]


def write_sides(part, machine):
    """Write weights and biases of a restricted Boltzmann machine, and its base."""
    part.whole("n_components", machine.n_units[1])
    part.array("weights", machine.weights)
    part.array("hidden_intercept", machine.hidden_intercept)
    part.array("visible_intercept", machine.visible_intercept)
    for name, array in vars(machine.base).items():
        part.array(f"base.{name}", array)


def read_sides(part, n_visible):
    """Weights, hidden and visible biases of so many columns."""
    n_hidden = part.whole("n_components", 1, MOST_UNITS)
    shapes = {
        "weights": (n_visible, n_hidden), "hidden_intercept": (n_hidden,),
        "visible_intercept": (n_visible,),
    }  # fmt: skip
    return [single(part, name, shape) for name, shape in shapes.items()]


def write_boltzmann(part, machine):
    """Write a restricted Boltzmann machine."""
    write_sides(part, machine)
    write_units(part, machine.units)


def read_boltzmann(part, encoding):
    """The machine, whose columns are those of an `Encoding`."""
    n = encoding.n_features
    arrays = read_sides(part, n)
    units = read_units(part, encoding)
    if not units.standardises:
        return assemble_boltzmann(*arrays, single(part, "base.logits", (n,)))
    base = [single(part, f"base.{name}", (n,)) for name in ("means", "variances")]
    if not (base[1] > 0).all():
        raise ValueError("its base has variances that are not positive")
    return assemble_gaussian_boltzmann(*arrays, units, BaseNormals(*base))


def write_boltzmann_machine(part, estimator):
    """Write what a fitted `RestrictedBoltzmannMachine` has learnt."""
    write_belief_net(part, estimator, write_boltzmann, write_chains)


def read_boltzmann_machine(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    ways = read_boltzmann, read_chains
    read_belief_net(part, estimator, n_features, feature_names, *ways)
    estimator._recall_chains()
