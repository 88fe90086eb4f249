"""The partition function of a Boltzmann machine of rows and labels: a sum over the classes."""

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
    parts = class_partitions(machine, n_chains, n_temperatures, n_threads)
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


def class_partitions(machine, n_chains=100, n_temperatures="auto", n_threads=1):
    """The `Partition` of the machine of each class, a list; see `LabelledBoltzmann.of_class`."""
    settings = {"n_chains": n_chains, "n_temperatures": n_temperatures, "n_threads": n_threads}
    return [partition_of(machine.of_class(k), **settings) for k in range(machine.n_classes)]


def _normal_log_partition(machine):
    """Log Z of real rows by all hidden states, nats."""
    check_normal(machine)
    return float(logsumexp(normal_log_terms(machine)))


def check_normal(machine):
    """Refuse more hidden units behind real rows than can be summed over."""
    n_hidden = machine.n_units[1]
    if n_hidden > MAX_AUTOMATIC_SIDE:
        raise ValueError(
            f"The density of real rows needs a sum over all states of the hidden units, of which "
            f"at most {MAX_AUTOMATIC_SIDE} are allowed, but there are {n_hidden}. Classes and "
            "their probabilities need no such sum; for densities set n_components to "
            f"{MAX_AUTOMATIC_SIDE} or fewer, or make the features zeros and ones."
        )


def hidden_states(machine, numbers):
    """Hidden states by their numbers, of which bit j is unit j: (n_states, n_hidden) float64."""
    return (numbers[:, None] >> np.arange(machine.n_units[1]) & 1).astype(np.float64)


def normal_log_terms(machine):
    """Log of p*(h, y) of all hidden states, real rows being integrated over.

    (2^n_hidden, n_classes) float64 nats; of the states only some are held at a time.
    """
    n_states = 2 ** machine.n_units[1]
    terms = np.empty((n_states, machine.n_classes))
    for start in range(0, n_states, _PART):
        numbers = np.arange(start, min(start + _PART, n_states))
        terms[numbers] = _log_terms(machine, hidden_states(machine, numbers))
    return terms


def _log_terms(machine, states):
    own = outer(states, machine.boltzmann.hidden_intercept.astype(np.float64)[:, None])[:, 0]
    own += machine.boltzmann.summed_over_visible(states)
    of_labels = outer(states, machine.labels.weights.astype(np.float64))
    return own[:, None] + of_labels + machine.labels.intercept
