"""The base of the learning rules of Boltzmann machines."""

import numpy as np

from .. import _keys
from .._threads import run_blocks
from ..rows import split_evenly
from .gaps import log_observed
from .gaussian_tracking import follower_of
from .rule import Rule

_FEWEST_ROWS = 128  # of a block: rows and as many chains share products
_LARGE_BATCH = 512
_FEWEST_SCORED = 64
_TOLERANCE = 10
_LARGEST_WEIGHT = 100  # in the mean
_COSTS = 3  # products of a row and its chain, in passes up and down


class BoltzmannRule(Rule):
    """A rule for a `Boltzmann` machine: its objective is an estimate of the mean log p(x).

    That is ``log p*(x) - log Z``; log Z is followed as training goes (`partition_tracking`). The
    objective of parameters is as good as that, and of rows with gaps a lower bound (`gaps`). Steps
    would tell that of parameters that wander around their average, which is what counts.
    """

    measured_rows = 1000

    def objective(self, machine, rows, seed, n_samples, n_threads, memory=None):
        """Mean of log p of what is observed of rows, nats."""
        scores = self.scores(machine, rows, seed, n_samples, n_threads)
        if memory is None:
            log_partition = follower_of(machine, seed).log_partition(machine)
        else:
            log_partition = memory.log_partition_of(machine)
        return mean_of_rows(np.where(np.isnan(scores), 0.0, scores - log_partition), rows)

    def scores(self, machine, rows, seed, n_samples, n_threads):
        """Log p* of what is observed of each row, (n_rows,) nats; NaN where nothing is."""
        return log_unnormalized_observed(machine, rows, seed, n_samples, n_threads)

    def limit(self, machine, first_loss):
        """Ten times what units cost that know nothing, or ten times the first loss."""
        return _TOLERANCE * max(machine.uniform_loss, first_loss)

    def accepts(self, machine):
        """Whether weights are of a size from which chains can still move."""
        return are_moderate(machine.weights)

    def limits(self, machine, n_rows):
        """Limits of blocks that share products; each has a chain at least, where there are any."""
        return split_evenly(n_rows, _COSTS * machine.n_weights, self.fewest_rows(n_rows))

    def fewest_rows(self, n_rows):
        """Rows that a block of a minibatch should have at least."""
        return _FEWEST_ROWS * (2 if n_rows >= _LARGE_BATCH else 1)


def are_moderate(weights):
    """Whether weights are of a size from which chains can still move."""
    return float(np.abs(weights).mean(dtype=np.float64)) <= _LARGEST_WEIGHT


def overfitting_gap(machine, training_rows, held_out_rows, seed, n_samples=1, n_threads=1):
    """Nats per row by which rows that were learnt are more probable than others.

    The difference of the mean log p* of two `Table`s, in which Z cancels, so that it is exact where
    no value is missing. It grows where a machine learns rows by heart (the free-energy gap of
    Hinton 2012, A practical guide to training restricted Boltzmann machines, section 6).
    """
    means = []
    for rows in (training_rows, held_out_rows):
        scores = log_unnormalized_observed(machine, rows, seed, n_samples, n_threads)
        known = ~np.isnan(scores)
        weights = rows.row_weights[known]
        means.append(float((scores[known] * weights).sum() / weights.sum()))
    return means[0] - means[1]


def log_unnormalized_observed(machine, rows, seed, n_samples, n_threads):
    """Log p* of what is observed of each row of a `Table`, (n_rows,) nats; NaN where nothing is.

    n_samples : of what is missing, a few at most.
    """
    key = _keys.key(seed, _keys.Purpose.VALIDATE)
    limits, scores = split_evenly(len(rows), machine.n_weights, _FEWEST_SCORED), np.empty(len(rows))

    def score_block(number):
        place = slice(limits[number], limits[number + 1])
        x, addresses = rows.take(place), np.arange(place.start, place.stop, dtype=np.uint64)
        scores[place] = log_observed(machine, x, key, addresses, n_samples)
        scores[place][~x.is_known] = np.nan

    run_blocks(score_block, len(limits) - 1, n_threads)
    return scores


def mean_of_rows(scores, rows):
    """The mean of scores of the rows of a `Table` by their weights."""
    if rows.weights is None:
        return float(scores.mean())
    return float((scores * rows.row_weights).sum() / rows.row_weights.sum())
