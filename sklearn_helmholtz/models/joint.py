"""Answers about data and hidden layers together: log p(x, h), and p(h | x) of all states."""

from functools import partial

import numpy as np

from .. import _keys
from .._threads import run_blocks
from ..inference import ExactPosterior, ImportancePosterior, all_states, log_joint
from ..rows import content_keys, split_evenly
from ..units import Ability
from .completion import by_blocks

_FEWEST_ROWS = 64  # of a block


def paired_log_joint(machine, rows, hidden, n_threads):
    """Log p(x, h) of each row of a `Table` and its hidden state, (n_rows,) nats, in user's units.

    hidden : arrays (n_rows, n_units) float64, from the data upward.
    """
    result = np.empty(len(rows))
    limits = split_evenly(len(rows), machine.n_weights, _FEWEST_ROWS)

    def run(number):
        place = slice(limits[number], limits[number + 1])
        x = rows.take_keyed(place)
        result[place] = log_joint(machine, x, [layer[place] for layer in hidden])
        if x.log_volumes is not None:
            result[place] -= x.log_volumes

    run_blocks(run, len(limits) - 1, n_threads)
    return result


def joint_states(machine):
    """All states of all hidden units, (n_states, n_hidden) bool, the first unit varying fastest."""
    return all_states(machine.n_hidden).astype(bool)


def joint_probabilities(machine, rows, n_threads):
    """p(h | x) of all states in the order of `joint_states`, (n_rows, n_states) float64."""
    found = ExactPosterior(machine)

    def probabilities(x, addresses):
        return (found.probabilities(x).reshape(len(x), -1),)

    return _of_rows(probabilities, rows, found, n_threads)


def most_probable(model, rows, n_samples, n_threads):
    """The number of the most probable state of each row, (n_rows,) int64; of equals the first.

    Where the states of a row are not enumerated, that of the highest weight among ``n_samples``
    particles with fixed random numbers.
    """
    machine, exactly = model.machine, model.enumerated(rows, "auto")
    machine.require(Ability.ENUMERATE, "A most probable state")
    labels = np.empty(len(rows), np.int64)
    if exactly.any():
        found = ExactPosterior(machine)
        label = partial(_best_state, found)
        labels[exactly] = _of_rows(label, rows.choose(np.flatnonzero(exactly)), found, n_threads)
    if not exactly.all():
        found = ImportancePosterior(machine, _keys.scoring_seed(None), n_samples)
        label = partial(_heaviest_state, found)
        labels[~exactly] = _of_rows(label, rows.choose(np.flatnonzero(~exactly)), found, n_threads)
    return labels


def _best_state(found, x, addresses):
    return (found.probabilities(x).reshape(len(x), -1).argmax(axis=1),)


def _heaviest_state(found, x, addresses):
    layers, weights = found.pool(x, content_keys(x.values))
    states = np.concatenate(layers, axis=2)
    numbers = states @ (1 << np.arange(states.shape[2]))
    sums = [np.bincount(own, w) for own, w in zip(numbers, weights, strict=True)]
    return (np.array([total.argmax() for total in sums]),)


def _of_rows(function, rows, found, n_threads):
    """The array that a function makes of all rows, block by block."""
    addresses = np.arange(len(rows), dtype=np.uint64)
    return by_blocks(function, rows, addresses, found.entries_per_row, n_threads)[0]
