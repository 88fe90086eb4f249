"""The partition function of a Boltzmann machine of rows and labels: a sum over the classes."""

import math

import numpy as np
from scipy.special import logsumexp, softmax

from ..inference import MAX_AUTOMATIC_SIDE
from ..layers import outer
from ..machines import NormalBoltzmann
from .partition import Partition, partition_of

_PART = 2**12  # states that are held at a time


def labelled_partition(machine, n_chains=100, n_temperatures="auto", n_threads=1):
    """The `Partition` of a `LabelledBoltzmann` machine.

    ``Z = sum_y exp(d_y) Z_y`` with Z_y of the machine of a class, by `partition_of`. Where these
    are annealed, they share random numbers, and their standard errors are added: the sum is an
    upper bound of the error. Real rows are integrated over, for all states of at most 20 hidden
    units; a ValueError where there are more.
    """
    if isinstance(machine.boltzmann, NormalBoltzmann):
        return Partition.exactly(_normal_log_partition(machine))
    parts = [
        partition_of(
            machine.of_class(number), n_chains=n_chains, n_temperatures=n_temperatures,
            n_threads=n_threads,
        )
        for number in range(machine.n_classes)
    ]  # fmt: skip
    value, lower, upper = (
        float(logsumexp(machine.labels.intercept + np.array([getattr(p, name) for p in parts])))
        for name in ("value", "lower", "upper")
    )
    if parts[0].is_exact:
        return Partition.exactly(value)
    shares = softmax(machine.labels.intercept + np.array([p.value for p in parts]))
    error = sum(share * part.standard_error for share, part in zip(shares, parts, strict=True))
    return Partition(
        value, error**2, min(p.effective_sample_size for p in parts), lower, upper, "annealed",
        max(p.n_temperatures for p in parts), all(p.reliable for p in parts),
        max(p.pareto_k for p in parts),
    )  # fmt: skip


def _normal_log_partition(machine):
    """Log Z of real rows by all hidden states, nats."""
    n_hidden = machine.n_units[1]
    if n_hidden > MAX_AUTOMATIC_SIDE:
        raise ValueError(
            f"The density of real rows needs a sum over all states of the hidden units, of which "
            f"at most {MAX_AUTOMATIC_SIDE} are allowed, but there are {n_hidden}. Classes and "
            "their probabilities need no such sum; for densities set n_components to "
            f"{MAX_AUTOMATIC_SIDE} or fewer, or make the features zeros and ones."
        )
    intercept = machine.boltzmann.hidden_intercept.astype(np.float64)
    weights = machine.labels.weights.astype(np.float64)
    total = -math.inf
    for start in range(0, 2**n_hidden, _PART):
        numbers = np.arange(start, min(start + _PART, 2**n_hidden))[:, None]
        states = (numbers >> np.arange(n_hidden) & 1).astype(np.float64)
        terms = states @ intercept + machine.boltzmann.summed_over_visible(states)
        labels = logsumexp(outer(states, weights) + machine.labels.intercept, axis=1)
        total = np.logaddexp(total, logsumexp(terms + labels))
    return float(total)
