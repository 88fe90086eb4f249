"""log p(x) of rows under a Boltzmann machine whose partition function is known, or nearly."""

from dataclasses import replace

import numpy as np

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import run_blocks
from ..inference import MAX_GAP_SIDE, chains_of, totals_of_rows
from ..machines import log_sum
from ..rows import split_evenly
from .estimate import Estimate
from .weights import estimate_from_weights, tail_shapes

_FEWEST_ROWS = 8
_CHAINS_OF_A_BLOCK = 100  # at least, that share the tables of a product


def score_undirected(
    machine, rows, partition, seed=None, n_chains=20, n_temperatures=1000, n_threads=1,
    most=None,
):  # fmt: skip
    """The `Estimate` of log p of all rows of a `Table`, and their content keys.

    ``log p*(x) - log Z`` of complete rows. Of what is observed of others it is
    ``log Z(x) - log Z``, where Z(x) sums over what is missing: exactly where that or the hidden
    side has at most ``most`` units, 14 unless it is said, else by annealing ``n_chains`` chains of
    each row through ``n_temperatures``. Rows of which nothing is known have 0. partition : the
    `Partition` of the machine, whose error all rows share; where it is not reliable all estimates
    count as refuted. seed : four words, None for those of scoring.

    Inference is exact, so the free energy is -log p. Bits depend on what a row holds, neither on
    other rows nor on threads.
    """
    is_known = rows.count_missing() < rows.n_columns
    smaller = np.where(is_known, machine.n_to_sum_out(machine.gap_sizes(rows)), 0)
    sampled = smaller > (MAX_GAP_SIDE if most is None else most)
    parts, found = [np.flatnonzero(~sampled), np.flatnonzero(sampled)], []
    if len(parts[0]):
        summed = _Summed(machine, partition.is_exact)
        work = int(machine.n_weights * np.exp2(smaller[parts[0]]).mean())
        found.append(_score(rows.choose(parts[0]), summed.estimate, work, _FEWEST_ROWS, n_threads))
    if len(parts[1]):
        key = _keys.key(_keys.scoring_seed() if seed is None else seed, Purpose.ANNEAL)
        chains = _Sampled(machine, key, n_chains, n_temperatures)
        work = machine.n_weights * n_chains * n_temperatures
        fewest = max(_CHAINS_OF_A_BLOCK // n_chains, 1)
        found.append(_score(rows.choose(parts[1]), chains.estimate, work, fewest, n_threads))
    results, keys = zip(*found, strict=True)
    order = np.argsort(np.concatenate(parts))
    result = relative_to(Estimate.of_all(results).choose(order), partition)
    result = result.certain_of(~is_known)
    return replace(result, free_energy=0.0 - result.per_sample), np.concatenate(keys)[order]


def _score(rows, estimate, work, fewest, n_threads):
    """The estimates of all rows and their content keys, block by block."""
    limits = split_evenly(len(rows), work, fewest)
    results, keys = [None] * (len(limits) - 1), [None] * (len(limits) - 1)

    def score_block(number):
        x = rows.take_keyed(slice(limits[number], limits[number + 1]))
        keys[number], found = x.keys, estimate(x)
        results[number] = found if x.log_volumes is None else found.shift(-x.log_volumes)

    run_blocks(score_block, len(results), n_threads)
    return Estimate.of_all(results), np.concatenate(keys)


def relative_to(estimate, partition):
    """Estimates of log p* of rows, or of log Z(x), as those of log p: an `Estimate`.

    A bound of log p* remains one where the `Partition` is exact. Otherwise log Z is too low in
    expectation, so that exact values become upper bounds, and lower bounds no bounds at all.
    """
    n = len(estimate.per_sample)
    bound = estimate.bound
    if not partition.is_exact:
        bound = "upper" if bound == "exact" else "none"
    tails = estimate.pareto_k if partition.reliable else np.full(n, np.inf)
    worth = np.minimum(estimate.effective_sample_size, partition.effective_sample_size)
    return replace(
        estimate.shift(-partition.value),
        bias=estimate.bias - partition.bias,
        effective_sample_size=worth,
        pareto_k=tails,
        bound=bound,
        common_variance=partition.variance,
    )


class _Summed:
    """log p* of complete rows, and log Z(x) of those with gaps that can be summed over.

    In float64 all the way where ``is_exact``.
    """

    def __init__(self, machine, is_exact):
        self._machine, self._is_exact = machine, is_exact

    def estimate(self, x):
        """The `Estimate` of a `Block` of rows."""
        machine = self._machine
        values = x.todoubles()
        missing = np.isnan(x.toarray()) if x.has_missing else np.zeros(values.shape, bool)
        if self._is_exact:
            inputs = machine.hidden_doubles(np.nan_to_num(values))
        else:
            inputs = machine.hidden_eta(x.zero_filled)
        totals = machine.log_energy(values)
        complete = np.flatnonzero(~missing.any(axis=1))
        totals[complete] += self._log_sum(inputs[complete])
        gappy = np.flatnonzero(missing.any(axis=1) & ~missing.all(axis=1))
        inputs = inputs[gappy].astype(np.float64)
        totals[gappy] += totals_of_rows(machine, inputs, missing[gappy])
        return Estimate.exactly(totals, np.zeros(len(x)))

    def _log_sum(self, inputs):
        if self._is_exact:
            return np.logaddexp(0, inputs).sum(axis=1)
        return log_sum(inputs)


class _Sampled:
    """log Z(x) of rows with gaps by annealing chains of each from the base."""

    def __init__(self, machine, key, n_chains, n_temperatures):
        self._machine, self._chains = machine, chains_of(machine)
        self._key, self._n_chains = key, n_chains
        self._betas = np.linspace(0, 1, n_temperatures + 1)

    def estimate(self, x):
        """The `Estimate` of a `Block` of rows with keys: lower bounds in expectation."""
        clamped = self._chains.clamp(x)
        draws = Draws(self._key, x.keys, self._n_chains)
        visible = self._chains.start(draws, clamped)
        log_weights = self._chains.anneal(visible, draws, self._betas, 0, clamped)
        log_weights = log_weights.reshape(len(x), self._n_chains)
        found = estimate_from_weights(log_weights, self._n_chains, np.zeros(len(x)))
        observed = self._machine.log_energy(x.todoubles())
        found = found.shift(self._chains.log_base(clamped) + observed)
        return replace(found, pareto_k=tail_shapes(log_weights))
