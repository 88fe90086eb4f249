"""Boltzmann machines in archives, and the chains that their training goes on from."""

import numpy as np

from ..learning import CarriedOver, ExactPartition, PartitionChains
from ..machines import assemble_boltzmann
from .belief_nets import RECORDS, read_belief_net, write_belief_net
from .machines import MOST_UNITS
from .maps import single

__all__ = ["RECORDS"]


def write_boltzmann(part, machine):
    """Write a restricted Boltzmann machine."""
    part.whole("n_components", machine.n_units[1])
    part.array("weights", machine.weights)
    part.array("hidden_intercept", machine.hidden_intercept)
    part.array("visible_intercept", machine.visible_intercept)
    part.array("base", machine.base.logits)


def read_boltzmann(part, encoding):
    """The machine, whose columns are those of an `Encoding`."""
    n_hidden, n = part.whole("n_components", 1, MOST_UNITS), encoding.n_features
    shapes = {
        "weights": (n, n_hidden), "hidden_intercept": (n_hidden,), "visible_intercept": (n,),
        "base": (n,),
    }  # fmt: skip
    return assemble_boltzmann(*(single(part, name, shape) for name, shape in shapes.items()))


def write_boltzmann_machine(part, estimator):
    """Write what a fitted `RestrictedBoltzmannMachine` has learnt."""
    write_belief_net(part, estimator, write_boltzmann, write_chains)


def read_boltzmann_machine(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    read_belief_net(part, estimator, n_features, feature_names, read_boltzmann, read_chains)


def write_chains(part, carried):
    """Write the chains that training goes on from, or None."""
    if carried is None:
        part.nothing("n_chain_steps")
        return
    part.whole("n_chain_steps", carried.n_steps)
    for name in ("hidden", "hidden_mean"):
        if getattr(carried, name) is None:
            part.nothing(f"chains_{name}")
        else:
            part.array(f"chains_{name}", getattr(carried, name))
    if not isinstance(carried.partition, PartitionChains):
        part.flag("is_exact", True)
        return
    part.flag("is_exact", False)
    followed = carried.partition
    part.wholes("followed_seed", followed.seed)
    part.whole("followed_sweeps", followed.n_sweeps)
    part.number("followed_log_mean", followed.log_mean)
    part.number("followed_variance", followed.variance)
    for name in ("visible", "log_weights", "log_p"):
        part.array(f"followed_{name}", getattr(followed, name))


def read_chains(part, machine):
    """The `CarriedOver` of a machine's training, or None."""
    if part.is_nothing("n_chain_steps"):
        return None
    n_steps, (n_visible, n_hidden) = part.whole("n_chain_steps"), machine.n_units
    hidden = mean = None
    if not part.is_nothing("chains_hidden"):
        hidden = part.array("chains_hidden", np.uint8, (None, n_hidden), 0, 1)
    if not part.is_nothing("chains_hidden_mean"):
        mean = part.array("chains_hidden_mean", np.float64, (n_hidden,), 0, 1)
    if part.flag("is_exact"):
        return CarriedOver(hidden, ExactPartition(), mean, n_steps)
    seed, n_sweeps = part.wholes("followed_seed", 0, 2**32 - 1), part.whole("followed_sweeps")
    log_mean, variance = part.number("followed_log_mean"), part.number("followed_variance", 0)
    visible = part.array("followed_visible", np.uint8, (None, n_visible), 0, 1)
    shape = (len(visible),)
    weights, log_p = (
        part.array(f"followed_{name}", np.float64, shape) for name in ("log_weights", "log_p")
    )
    followed = PartitionChains(seed, visible, weights, log_mean, log_p, n_sweeps, variance)
    return CarriedOver(hidden, followed, mean, n_steps)
