"""Runs of steps of a learning rule in one call: gradients, moves, and an average.

What training does step by step, here without Python in between: small nets spend a third of their
time there. The same routines in the same order, so with the same bits. A run has minibatches of as
many rows, which lie one after the other.

Threads may make a run as a team (see `teams`): each calls the kernel with the same arrays but for
memory of its own. A step is a round of gradients, whose tasks are its row blocks, and a round of
moves, whose tasks are chunks of the parameters.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from . import reweighted, wake_sleep
from .kernel import kernel, reads, routine, writes
from .steps import EVERY, POWER, move_by_adam, move_by_sgd
from .teams import enter, finish, first_kind, is_open, leave, second_kind, take_some, wait

_TEAM = int64, writes(int64, "_"), int64
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
def _move(
    team, member, s, parts, scale, penalties, ends, rate, betas, count, first, second, parameters,
    weight, average,
):  # fmt: skip
    """Move the parameters in step s by Adam, or, where there is no second moment, by SGD.

    weight : of the parameters in the average, 0 for none.
    """
    if second.shape[0] == 0:
        move_by_sgd(
            parts, scale, penalties, ends, rate, betas[0], second_kind(team), member, first,
            parameters, s, weight, average,
        )  # fmt: skip
    else:
        move_by_adam(
            parts, scale, penalties, ends, rate, betas[0], betas[1], count[0] + s + 1,
            second_kind(team), member, first, second, parameters, s, weight, average,
        )  # fmt: skip


@routine
def _weight(counts, average):
    """Count a move, and whether it enters the average: its weight there then, else 0.

    counts : (2,), the moves and the terms of the average, which is empty where there is none.
    """
    if average.shape[0] == 0:
        return 0.0
    counts[0] += 1
    if counts[0] % EVERY != 0 and counts[1] > 0:
        return 0.0
    counts[1] += 1
    return (POWER + 1) / (counts[1] + POWER)


@routine
def _is_finite(bound, row_weights):
    """Whether the sum of the bounds of rows, each by its weight, is."""
    total = 0.0
    for i in range(bound.shape[0]):
        total += row_weights[i] * bound[i]
    return math.isfinite(total)


@routine
def _limits(limits, first, last):
    """Limits of some row blocks, from 0 on."""
    own = np.empty(last - first + 1, np.int64)
    for p in range(first, last + 1):
        own[p - first] = limits[p] - limits[first]
    return own


@routine
def _end(team, member, n_made, own_counts, count, counts, n_done):
    """Let the leader write down what a run has made."""
    if member == 0:
        n_done[0] = n_made
        count[0] += n_made
        for i in range(2):
            counts[i] = own_counts[i]
        leave(team, member)


@kernel(*_TEAM, *_DATA, *_NUMBERS, *_MACHINE, reads(int64, "q+1"), *_MEMORY, *_MOVES)
def wake_sleep_run(
    member, team, most, x, row_weights, sizes, wake_key, dream_key, addresses, parameters, starts,
    limits, hidden, eta, parts, rates, penalties, ends, betas, count, first, second, counts,
    average, bound, n_done,
):  # fmt: skip
    """Make steps of wake-sleep, one for each of the rates, and write the bound of each row, nats.

    member : whose call this is, of a new team; most : row blocks that go through the products
    together; x, row_weights, addresses : of all rows, step by step; limits : of the row blocks of a
    step; hidden, eta : memory of this member, for ``most`` blocks; parts : memory for the gradients
    of all; penalties, ends, betas, first, second : of Adam, see `steps`, or of SGD, momentum the
    first of the betas, velocities the first moment, and no second; count : (1,), Adam's moves so
    far; counts : (2,), of the average, which is empty where there is none; n_done : (1,), steps
    made. A step whose bound is not finite ends the run before it moves. The other arguments are
    those of `wake_sleep_gradient`.
    """
    n, n_blocks, n_made = x.shape[0] // rates.shape[0], limits.shape[0] - 1, 0
    own_counts = counts.copy()
    n_steps = rates.shape[0] if enter(team, member) else 0
    for s in range(n_steps):
        a, b = s * n, (s + 1) * n
        p, q = take_some(team, n_blocks, most, s)
        while p < q:
            i, j = a + limits[p], a + limits[q]
            wake_sleep.gradient(
                x[i:j], row_weights[i:j], sizes, parameters, starts, wake_key, dream_key,
                addresses[i:j], _limits(limits, p, q), hidden, eta, parts[p:q], bound[i:j],
            )  # fmt: skip
            finish(first_kind(team), q - p)
            p, q = take_some(team, n_blocks, most, s)
        wait(first_kind(team), n_blocks, s)
        if not (is_open(team) and _is_finite(bound[a:b], row_weights[a:b])):
            break
        _move(
            team, member, s, parts, 1 / n, penalties, ends, rates[s], betas, count, first, second,
            parameters, _weight(own_counts, average), average,
        )  # fmt: skip
        if not is_open(team):
            break
        n_made += 1
    _end(team, member, n_made, own_counts, count, counts, n_done)


@kernel(
    *_TEAM, *_DATA, *_NUMBERS, int64, float32, *_MACHINE, reads(int64, "q+1"), *_MEMORY, *_MOVES,
)  # fmt: skip
def reweighted_run(
    member, team, most, x, row_weights, sizes, wake_key, dream_key, addresses, n_particles,
    threshold, parameters, starts, limits, hidden, etas, parts, rates, penalties, ends, betas,
    count, first, second, counts, average, bound, n_done,
):  # fmt: skip
    """Make steps of reweighted wake-sleep, as `wake_sleep_run` does those of wake-sleep.

    n_particles, threshold, etas : as of `reweighted_gradient`.
    """
    n, n_blocks, n_made = x.shape[0] // rates.shape[0], limits.shape[0] - 1, 0
    own_counts = counts.copy()
    n_steps = rates.shape[0] if enter(team, member) else 0
    for s in range(n_steps):
        a, b = s * n, (s + 1) * n
        p, q = take_some(team, n_blocks, most, s)
        while p < q:
            i, j = a + limits[p], a + limits[q]
            reweighted.gradient(
                x[i:j], row_weights[i:j], sizes, parameters, starts, wake_key, dream_key,
                addresses[i:j], n_particles, threshold, _limits(limits, p, q), hidden, etas,
                parts[p:q], bound[i:j],
            )  # fmt: skip
            finish(first_kind(team), q - p)
            p, q = take_some(team, n_blocks, most, s)
        wait(first_kind(team), n_blocks, s)
        if not (is_open(team) and _is_finite(bound[a:b], row_weights[a:b])):
            break
        _move(
            team, member, s, parts, 1 / n, penalties, ends, rates[s], betas, count, first, second,
            parameters, _weight(own_counts, average), average,
        )  # fmt: skip
        if not is_open(team):
            break
        n_made += 1
    _end(team, member, n_made, own_counts, count, counts, n_done)
