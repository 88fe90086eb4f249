"""Chains of Boltzmann machines in archives: those that teach, and those that follow log Z."""

import numpy as np

from .. import _tree
from ..learning.chains import CarriedOver
from ..learning.gaussian_tracking import ExactIntegral, GaussianPartitionChains
from ..learning.partition_tracking import ExactPartition, PartitionChains
from ..machines import GaussianBoltzmann, MixedBoltzmann
from .seeds import read_seed

_EXACT, _FOLLOWED = "exact", "followed by chains"
_KINDS = {False: (ExactPartition, PartitionChains), True: (ExactIntegral, GaussianPartitionChains)}


def write_chains(part, carried):
    """Write a `CarriedOver`, or None."""
    if carried is None:
        part.nothing("chains")
        return
    part = part.part("chains")
    part.whole("n_steps", carried.n_steps)
    part.flag("is_tempered", carried.hidden is not None and carried.hidden.ndim > 2)
    for name, array in (("hidden", carried.hidden), ("hidden_mean", carried.hidden_mean)):
        part.flag(f"has_{name}", array is not None)
        if array is not None:
            part.array(name, array)
    _write_partition(part, carried.partition)
    part.flag("is_followed", carried.followed is not None)
    if carried.followed is not None:
        vector, *counts = carried.followed
        part.array("followed", vector)
        part.wholes("n_averaged", counts)


def read_chains(part, machine):
    """The `CarriedOver` of the training of a machine, or None."""
    if part.is_nothing("chains"):
        return None
    part = part.part("chains")
    n_steps, n_hidden = part.whole("n_steps"), machine.n_units[1]
    hidden = mean = None
    shape = (None, None, n_hidden) if part.flag("is_tempered") else (None, n_hidden)
    if part.flag("has_hidden"):
        hidden = part.array("hidden", np.uint8, shape, 0, 1)
    if part.flag("has_hidden_mean"):
        mean = part.array("hidden_mean", np.float64, (machine.n_hidden,), 0, 1)
    partition, followed = _read_partition(part, machine), None
    if part.flag("is_followed"):
        vector = part.array("followed", np.float32, (len(_tree.zeros_like(machine).vector),))
        counts = part.wholes("n_averaged", 0, 2**62)
        if len(counts) not in (0, 2):
            raise ValueError(f"the average that its chains follow has the counts {counts}")
        followed = vector, *counts
    return CarriedOver(hidden, partition, mean, n_steps, followed)


def _write_partition(part, partition):
    """Write what follows log Z, or None."""
    if partition is None:
        part.nothing("partition")
        return
    if not isinstance(partition, PartitionChains):
        part.word("partition", _EXACT)
        return
    part.word("partition", _FOLLOWED)
    part.wholes("seed", partition.seed)
    part.whole("n_sweeps", partition.n_sweeps)
    part.number("log_mean", partition.log_mean)
    part.number("variance", partition.variance)
    for name in ("visible", "log_weights", "log_p"):
        part.array(name, getattr(partition, name))


def _read_partition(part, machine):
    if part.is_nothing("partition"):
        return None
    exact, followed = _KINDS[isinstance(machine, GaussianBoltzmann | MixedBoltzmann)]
    if part.word("partition", (_EXACT, _FOLLOWED)) == _EXACT:
        return exact()
    low, high = machine.units.limits
    seed, n_sweeps = read_seed(part), part.whole("n_sweeps")
    log_mean, variance = part.number("log_mean"), part.number("variance", 0)
    visible = part.array("visible", machine.units.dtype, (None, machine.n_units[0]), low, high)
    each = [part.array(name, np.float64, (len(visible),)) for name in ("log_weights", "log_p")]
    return followed(seed, visible, each[0], log_mean, each[1], n_sweeps, variance)
