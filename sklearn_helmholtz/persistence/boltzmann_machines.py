"""Boltzmann machines in archives, and the chains that their training goes on from."""

from ..machines import (
    BaseColumns,
    BaseNormals,
    assemble_boltzmann,
    assemble_gaussian_boltzmann,
    assemble_mixed_boltzmann,
)
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
        if not name.startswith("_"):
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
    n = len(encoding.fill_values)
    arrays = read_sides(part, n)
    units = read_units(part, encoding)
    if units.order is not None:
        return _read_mixed(part, arrays, units)
    if not units.standardises:
        return assemble_boltzmann(*arrays, single(part, "base.logits", (n,)))
    base = [single(part, f"base.{name}", (n,)) for name in ("means", "variances")]
    _check_variances(base[1])
    return assemble_gaussian_boltzmann(*arrays, units, BaseNormals(*base))


def _read_mixed(part, arrays, units):
    n_bits, n_reals = units.layout.n_bits, units.layout.n_reals
    logits = single(part, "base.logits", (n_bits,))
    means, variances = (single(part, f"base.{name}", (n_reals,)) for name in ("means", "variances"))
    _check_variances(variances)
    base = BaseColumns(units.layout, logits, means, variances)
    return assemble_mixed_boltzmann(*arrays, units, base)


def _check_variances(variances):
    if not (variances > 0).all():
        raise ValueError("its base has variances that are not positive")


def write_boltzmann_machine(part, estimator):
    """Write what a fitted `RestrictedBoltzmannMachine` has learnt."""
    write_belief_net(part, estimator, write_boltzmann, write_chains)


def read_boltzmann_machine(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    ways = read_boltzmann, read_chains
    read_belief_net(part, estimator, n_features, feature_names, *ways)
    estimator._recall_chains()
