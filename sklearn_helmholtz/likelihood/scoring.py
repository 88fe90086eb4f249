"""Scoring all rows of a data set, block by block and side by side."""

import numpy as np

from .. import _keys
from .._batches import split_evenly
from .._content import keys_of_rows
from .._incomplete import known
from .._threads import run_blocks
from .._workspace import Workspace
from ..inference import Gibbs
from .annealing import annealed_estimate
from .enumeration import Enumeration, units_to_sum_out
from .estimate import Estimate
from .importance import importance_estimate

_FEWEST_ROWS = 8
_FEWEST_ENUMERATED_ROWS = 256  # that share the inputs of the units under every state


def score_exactly(machine, rows, n_threads):
    """The `Estimate` of all rows by enumeration, and their content keys."""
    enumeration = Enumeration(machine)
    completions = np.exp2(units_to_sum_out(machine, rows) - sum(machine.n_units[1:])).mean()
    work = int(len(enumeration.states) * machine.n_units[0] * completions)
    fewest = max(int(_FEWEST_ENUMERATED_ROWS / completions), 1)
    limits = split_evenly(len(rows), work, fewest)
    return _score(lambda x, addresses: enumeration.estimate(x), rows, limits, n_threads)


def score_where_possible(machine, rows, exactly, key, n_samples, n_threads, tails=None):
    """The `Estimate` of all rows, of some by enumeration and of the others by importance sampling.

    And their content keys. exactly : (n_rows,) bool, not all true.
    """
    if not exactly.any():
        return score_by_importance(machine, rows, key, n_samples, n_threads, tails)
    parts = np.flatnonzero(exactly), np.flatnonzero(~exactly)
    exact, exact_keys = score_exactly(machine, rows.choose(parts[0]), n_threads)
    sampled, sampled_keys = score_by_importance(
        machine, rows.choose(parts[1]), key, n_samples, n_threads, tails
    )
    order = np.argsort(np.concatenate(parts))
    keys = np.concatenate([exact_keys, sampled_keys])
    return Estimate.of_all([exact, sampled]).choose(order), keys[order]


def score_by_importance(machine, rows, key, n_samples, n_threads, tails=None):
    """The `Estimate` of all rows by importance sampling, and their content keys.

    Random numbers depend on the key and on what a row holds, not on where it stands.
    """
    limits = split_evenly(len(rows), machine.n_weights * n_samples, _FEWEST_ROWS)
    estimate = _by_importance(machine, key, n_samples, tails)
    return _score(estimate, rows, limits, n_threads)


def _by_importance(machine, key, n_samples, tails=None):
    def estimate(x, addresses):
        return importance_estimate(machine, x, key, addresses, n_samples, Workspace(), tails)

    return estimate


def score_by_annealing(machine, rows, key, n_chains, n_temperatures, n_threads):
    """The `Estimate` of all rows by annealed importance sampling, and their content keys."""
    gibbs = Gibbs.of(machine)

    def estimate(x, addresses):
        return annealed_estimate(gibbs, x, key, addresses, n_chains, n_temperatures)

    work = machine.n_weights * n_chains * n_temperatures
    return _score(estimate, rows, split_evenly(len(rows), work, 1), n_threads)


def _by_place(rows, x, place):
    """Addresses of a block of rows that always stand where they stand."""
    return np.arange(place.start, place.stop, dtype=np.uint64)


def _score(estimate, rows, limits, n_threads, address=keys_of_rows):
    """The estimates of all rows in the user's units, and their addresses, block by block.

    Rows of which nothing is known have the probability 1, whatever samples say.
    """
    results, keys = [None] * (len(limits) - 1), [None] * (len(limits) - 1)

    def score_block(block):
        place = slice(limits[block], limits[block + 1])
        x = rows.take(place)
        keys[block] = address(rows, x, place)
        result = estimate(x, keys[block]).certain_of(~known(x))
        volumes = 0.0 if rows.scaling is None else rows.scaling.log_volumes(x)
        results[block] = result.shift(-volumes)

    run_blocks(score_block, len(results), n_threads)
    return Estimate.of_all(results), np.concatenate(keys)


def validation_score(machine, rows, seed, n_samples, n_threads):
    """The mean importance-weighted bound of some rows, under random numbers that stay.

    In nats, and in the units in which the machine sees the data. Rows have random numbers by their
    place, which is the same in every epoch: equal rows do not share their noise.
    """
    key = _keys.key(seed, _keys.Purpose.VALIDATE)
    limits = split_evenly(len(rows), machine.n_weights * n_samples, _FEWEST_ROWS)
    sampled = _by_importance(machine, key, n_samples)
    estimate, _ = _score(sampled, rows, limits, n_threads, _by_place)
    return float(estimate.per_sample.mean()) + rows.log_volume
