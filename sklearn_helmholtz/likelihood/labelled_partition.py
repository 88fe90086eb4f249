"""The partition function of a Boltzmann machine of rows and labels: a sum over the classes."""

import numpy as np
from scipy.special import logsumexp, softmax

from .partition import Partition, partition_of


def class_partitions(machine, n_chains=100, n_temperatures="auto", n_threads=1):
    """The `Partition` of the machine of each class, a list; see `LabelledBoltzmann.of_class`.

    Where these are annealed, they share random numbers.
    """
    settings = {"n_chains": n_chains, "n_temperatures": n_temperatures, "n_threads": n_threads}
    return [partition_of(machine.of_class(k), **settings) for k in range(machine.n_classes)]


def labelled_partition(machine, parts):
    """The `Partition` of a `LabelledBoltzmann` machine, of those of its classes.

    ``Z = sum_y exp(d_y) Z_y``. Standard errors of annealed ones are added: the sum is an upper
    bound of the error.
    """
    value, lower, upper, back = (
        float(logsumexp(machine.labels.intercept + np.array([getattr(p, name) for p in parts])))
        for name in ("value", "lower", "upper", "back")
    )
    if parts[0].is_exact:
        return Partition.exactly(value)
    shares = softmax(machine.labels.intercept + np.array([p.value for p in parts]))
    variance = float(shares @ [part.standard_error for part in parts]) ** 2
    own = float(shares @ [np.sqrt(part.variance - part.excess) for part in parts]) ** 2
    return Partition(
        value, variance, min(p.effective_sample_size for p in parts), lower, upper, "annealed",
        max(p.n_temperatures for p in parts), all(p.reliable for p in parts),
        max(p.pareto_k for p in parts), back, excess=variance - own,
    )  # fmt: skip
