"""Runs of steps of a learning rule in one call: gradients, moves, and an average.

What training does step by step, here without Python in between: small nets spend a third of their
time there. The same routines in the same order, so with the same bits. A run has minibatches of as
many rows, which lie one after the other.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from . import reweighted, wake_sleep
from .kernel import kernel, reads, routine, writes
from .steps import EVERY, POWER, move_average, move_by_adam, move_by_sgd

_DATA = (writes(uint8, "n _"), reads(float64, "n"), reads(int64, "_"))
_NUMBERS = (reads(uint32, "2"), reads(uint32, "2"), reads(uint64, "n"))
_MACHINE = (writes(float32, "p"), reads(int64, "_"))
_MEMORY = (writes(uint8, "_"), writes(float32, "_"), writes(float32, "q p"))
_MOVES = (
    reads(float64, "s"), reads(float64, "2 3"), reads(int64, "2"), reads(float64, "2"),
    writes(float64, "1"), writes(float32, "p"), writes(float32, "b"), writes(int64, "2"),
    writes(float32, "a"), writes(float64, "n"), writes(int64, "1"),
)  # fmt: skip


@routine
def _move(parts, scale, penalties, ends, rate, betas, count, first, second, parameters):
    """Move the parameters by Adam, or, where there is no second moment, by SGD; count the move."""
    progress = np.zeros(2, np.int64)
    if second.shape[0] == 0:
        move_by_sgd(
            parts, scale, penalties, ends, rate, betas[0], progress, progress[0], first, parameters
        )
        return
    move_by_adam(
        parts, scale, penalties, ends, rate, betas[0], betas[1], count[0] + 1, progress,
        progress[0], first, second, parameters,
    )  # fmt: skip
    count[0] += 1


@routine
def _add_to_average(parameters, counts, average):
    """Take note of a move in an average, if there is one; counts : its moves, and its terms."""
    if average.shape[0] == 0:
        return
    counts[0] += 1
    if counts[0] % EVERY == 0 or counts[1] == 0:
        counts[1] += 1
        move_average(parameters, (POWER + 1) / (counts[1] + POWER), average)


@routine
def _is_finite(bound, row_weights):
    """Whether the sum of the bounds of rows, each by its weight, is."""
    total = 0.0
    for i in range(bound.shape[0]):
        total += row_weights[i] * bound[i]
    return math.isfinite(total)


@kernel(*_DATA, *_NUMBERS, *_MACHINE, reads(int64, "q+1"), *_MEMORY, *_MOVES)
def wake_sleep_run(
    x, row_weights, sizes, wake_key, dream_key, addresses, parameters, starts, limits, hidden, eta,
    parts, rates, penalties, ends, betas, count, first, second, counts, average, bound, n_done,
):  # fmt: skip
    """Make steps of wake-sleep, one for each of the rates, and write the bound of each row, nats.

    x, row_weights, addresses : of all rows, step by step; limits : of the row blocks of a step;
    parts : memory for their gradients; penalties, ends, betas, first, second : of Adam, see
    `steps`, or of SGD, momentum the first of the betas, velocities the first moment, and no second;
    count : (1,), Adam's moves so far; counts : (2,), of the average, which is empty where there is
    none; n_done : (1,), steps made. A step whose bound is not finite ends the run before it moves.
    The other arguments are those of `wake_sleep_gradient`.
    """
    n = x.shape[0] // rates.shape[0]
    n_done[0] = 0
    for s in range(rates.shape[0]):
        a, b = s * n, (s + 1) * n
        wake_sleep.gradient(
            x[a:b], row_weights[a:b], sizes, parameters, starts, wake_key, dream_key,
            addresses[a:b], limits, hidden, eta, parts, bound[a:b],
        )  # fmt: skip
        if not _is_finite(bound[a:b], row_weights[a:b]):
            return
        _move(parts, 1 / n, penalties, ends, rates[s], betas, count, first, second, parameters)
        _add_to_average(parameters, counts, average)
        n_done[0] += 1


@kernel(
    *_DATA, *_NUMBERS, int64, float32, *_MACHINE, reads(int64, "q+1"), *_MEMORY, *_MOVES,
)  # fmt: skip
def reweighted_run(
    x, row_weights, sizes, wake_key, dream_key, addresses, n_particles, threshold, parameters,
    starts, limits, hidden, etas, parts, rates, penalties, ends, betas, count, first, second,
    counts, average, bound, n_done,
):  # fmt: skip
    """Make steps of reweighted wake-sleep, as `wake_sleep_run` does those of wake-sleep.

    n_particles, threshold, etas : as of `reweighted_gradient`.
    """
    n = x.shape[0] // rates.shape[0]
    n_done[0] = 0
    for s in range(rates.shape[0]):
        a, b = s * n, (s + 1) * n
        reweighted.gradient(
            x[a:b], row_weights[a:b], sizes, parameters, starts, wake_key, dream_key,
            addresses[a:b], n_particles, threshold, limits, hidden, etas, parts, bound[a:b],
        )  # fmt: skip
        if not _is_finite(bound[a:b], row_weights[a:b]):
            return
        _move(parts, 1 / n, penalties, ends, rates[s], betas, count, first, second, parameters)
        _add_to_average(parameters, counts, average)
        n_done[0] += 1
