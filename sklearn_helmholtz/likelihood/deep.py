"""log p(x) of rows under a deep Boltzmann machine, exactly or by importance sampling."""

from dataclasses import replace
from functools import partial

import numpy as np

from .. import _keys
from .._keys import Purpose
from .._threads import run_blocks
from ..inference import MAX_GAP_SIDE, MEAN_SWEEPS
from ..rows import split_evenly
from .estimate import Estimate
from .side_importance import mean_field_bounds, side_estimate
from .undirected import relative_to, score_undirected

_FEWEST_ROWS, _FEWEST_OF_A_FIELD = 8, 256


def is_summed(machine, n_missing, most=MAX_GAP_SIDE):
    """Whether rows that miss so many values are summed out, (n_rows,) bool.

    Where at most ``most`` units of one side are not observed.
    """
    return machine.n_to_sum_out(n_missing + machine.n_unseen) <= most


def score_deep(
    machine, rows, partition, seed=None, n_samples=200, n_threads=1, most=MAX_GAP_SIDE, tails=None
):
    """The `Estimate` of log p of all rows of a `WithUnseen` table, and their content keys.

    Rows of which a side has at most ``most`` units that are not observed are summed out; of the
    others the odd side is drawn ``n_samples`` times, see `SideProposal`. partition : the
    `Partition` of the machine, whose error all rows share. The free energy is that of mean field
    everywhere, by the same log Z. seed : four words, None for those of scoring. Bits depend on what
    a row holds, neither on other rows nor on threads.
    """
    n_missing = rows.table.count_missing()
    summed = is_summed(machine, n_missing, most)
    parts, found = [np.flatnonzero(summed), np.flatnonzero(~summed)], []
    if len(parts[0]):
        exactly = partial(score_undirected, seed=seed, n_threads=n_threads, most=most)
        found.append(exactly(machine, rows.choose(parts[0]), partition))
    if len(parts[1]):
        key = _keys.key(_keys.scoring_seed() if seed is None else seed, Purpose.SCORE)
        sample = partial(side_estimate, machine, key=key, n_samples=n_samples, tails=tails)
        own = rows.table.choose(parts[1])
        estimate, keys = _by_blocks(own, sample, n_samples * machine.n_weights, n_threads)
        found.append((relative_to(estimate, partition), keys))
    results, keys = zip(*found, strict=True)
    order = np.argsort(np.concatenate(parts))
    result = Estimate.of_all(results).choose(order).certain_of(n_missing == machine.n_features)
    energy = partition.value - mean_field_bounds_of(machine, rows.table, n_threads)
    energy = np.where(n_missing == machine.n_features, 0.0, energy)
    return replace(result, free_energy=energy), np.concatenate(keys)[order]


def mean_field_bounds_of(machine, table, n_threads):
    """Lower bounds of log p* of the rows of a `Table` by mean field, (n_rows,) nats."""
    bounds = np.empty(len(table))
    limits = split_evenly(len(table), MEAN_SWEEPS * machine.n_weights, _FEWEST_OF_A_FIELD)

    def score(number):
        place = slice(limits[number], limits[number + 1])
        bounds[place] = mean_field_bounds(machine, table.take(place))

    run_blocks(score, len(limits) - 1, n_threads)
    return bounds


def _by_blocks(table, estimate, work, n_threads):
    """The `Estimate` of all rows of a `Table` and their content keys, block by block."""
    limits = split_evenly(len(table), work, _FEWEST_ROWS)
    results, keys = [None] * (len(limits) - 1), [None] * (len(limits) - 1)

    def score(number):
        x = table.take_keyed(slice(limits[number], limits[number + 1]))
        keys[number], results[number] = x.keys, estimate(x=x, addresses=x.keys)

    run_blocks(score, len(results), n_threads)
    return Estimate.of_all(results), np.concatenate(keys)
