"""Scoring all rows of a data set, block by block and side by side."""

import numpy as np

from .. import _keys
from .._threads import run_blocks
from .._workspace import Workspaces
from ..inference import sampler_of
from ..rows import split_evenly
from ..units import Ability
from .annealing import annealed_estimate
from .enumeration import Enumeration, units_to_sum_out
from .estimate import Estimate
from .importance import importance_estimate

_FEWEST_ROWS = 8
_FEWEST_ENUMERATED_ROWS = 256  # that share the inputs of the units under every state


def score_exactly(machine, rows, n_threads):
    """The `Estimate` of all rows by enumeration, and their content keys."""
    enumeration = Enumeration(machine)
    completions = np.exp2(units_to_sum_out(machine, rows) - machine.n_hidden).mean()
    work = int(len(enumeration.states) * machine.n_units[0] * completions)
    fewest = max(int(_FEWEST_ENUMERATED_ROWS / completions), 1)
    limits = split_evenly(len(rows), work, fewest)
    return _score(enumeration.estimate, rows, limits, n_threads)


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
    def estimate(x, work):
        return importance_estimate(machine, x, key, x.keys, n_samples, work, tails)

    return estimate


def score_by_annealing(machine, rows, key, n_chains, n_temperatures, n_threads):
    """The `Estimate` of all rows by annealed importance sampling, and their content keys."""
    machine.require(Ability.ANNEAL)
    sampler = sampler_of(machine)

    def estimate(x, work):
        return annealed_estimate(sampler, x, key, x.keys, n_chains, n_temperatures)

    work = machine.n_weights * n_chains * n_temperatures
    limits = split_evenly(len(rows), work, max(sampler.chains_of_a_block // n_chains, 1))
    return _score(estimate, rows, limits, n_threads)


def _score(estimate, rows, limits, n_threads):
    """The estimates of all rows in the user's units, and their content keys, block by block.

    Rows of which nothing is known have the probability 1, whatever samples say.
    """
    results, keys = [None] * (len(limits) - 1), [None] * (len(limits) - 1)
    spaces = Workspaces()

    def score_block(number):
        x = rows.take_keyed(slice(limits[number], limits[number + 1]))
        keys[number] = x.keys
        with spaces.one() as work:
            result = estimate(x, work).certain_of(~x.is_known)
        results[number] = result if x.log_volumes is None else result.shift(-x.log_volumes)

    run_blocks(score_block, len(results), n_threads)
    return Estimate.of_all(results), np.concatenate(keys)


def held_out_bound(machine, rows, seed, n_samples, n_threads, log_partition=0.0):
    """The mean importance-weighted bound of some rows, under random numbers that stay.

    log_partition : nats that all bounds are too high, those of unnormalised machines.

    In nats, and in the units in which the machine sees the data; weighted where rows have weights.
    Rows have random numbers by their place, which is the same in every epoch: equal rows do not
    share their noise.
    """
    key = _keys.key(seed, _keys.Purpose.VALIDATE)
    limits = split_evenly(len(rows), machine.n_weights * n_samples, _FEWEST_ROWS)
    bounds, spaces = np.empty(len(rows)), Workspaces()

    def score_block(number):
        place = slice(limits[number], limits[number + 1])
        x = rows.take(place)
        addresses = np.arange(place.start, place.stop, dtype=np.uint64)
        with spaces.one() as work:
            estimate = importance_estimate(machine, x, key, addresses, n_samples, work)
        bounds[place] = estimate.shift(-log_partition).certain_of(~x.is_known).per_sample

    run_blocks(score_block, len(limits) - 1, n_threads)
    if rows.weights is None:
        return float(bounds.mean())
    return float((bounds * rows.row_weights).sum() / rows.row_weights.sum())
