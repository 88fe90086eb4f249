"""The moves of the optimisers over the vector of all parameters, and of their average.

The gradient comes in parts, (n_parts, n_parameters), which are added in their order. Lengths are
multiples of 16. Parameters before the first of the two ``ends`` and those between them, the lateral
weights, are penalised, each by ``decay / 2 p^2 + lasso log(1 + concavity |p|) / concavity`` with a
row (decay, lasso, concavity) of ``penalties`` (2, 3); without concavity the second term is
``lasso |p|``. The first term is a part of the gradient, the second a step of its own towards zero,
which it does not pass (a proximal step), so that parameters become exactly zero.
Threads share a move: each calls it with the same ``progress``, new `teams.counters`, takes chunk
after chunk of the share with its own number, then of the others, and returns when all are done. So
a move is one call for the caller, whoever helps, and no signal can halve it. Moves with the same
counters have turns, from 0. Parameters that have moved enter an average with a weight, see
`average_move`; with none where it is 0.
"""

import math

import numpy as np
from numba import float32, float64, int64

from .arithmetic import absolute, maximum, minimum, multiply_add, square_root
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, load, store
from .teams import finish, take, wait

_CHUNK = 2**12  # parameters that a thread takes at a time
POWER = 8  # of averages, see `learning.averages`
EVERY = 4  # moves from one that enters an average to the next: neighbours are much the same
_ZERO, _ONE, _TINY = np.float32(0), np.float32(1), np.float32(1e-8)


@helper
def _slope(parts, n, i, scale, decay, parameter):
    """The scaled sum of the parts of sixteen entries of the gradient, less the decay."""
    g = load(parts, i)
    for start in range(n, parts.shape[0], n):
        g += load(parts, start + i)
    return multiply_add(scale, g, (_ZERO - decay) * parameter)


@helper
def _towards_zero(p, distance):
    """p, moved towards zero by a distance, and zero where it is no farther away."""
    return p - maximum(minimum(p, distance), _ZERO - distance)


@helper
def _strengths(penalties, rate):
    """Decays, distances that lassos move parameters near zero, and concavities, all by group."""
    shrink, distance = np.zeros(3, np.float32), np.zeros(3, np.float32)
    concavity = np.zeros(3, np.float32)
    for group in range(2):
        shrink[group] = penalties[group, 0]
        distance[group] = rate * penalties[group, 1]
        concavity[group] = penalties[group, 2]
    return shrink, distance, concavity


@helper
def _add_to_average(parameters, start, stop, share, average):
    """Move a part of an average by a share of the way towards the parameters."""
    weight = float32(share)
    for i in range(start, stop, LANES):
        a = load(average, i)
        store(average, i, multiply_add(weight, load(parameters, i) - a, a))


@helper
def _group(i, ends):
    """Whose penalty parameter i has: 0, 1, or 2 for none."""
    return int64(i >= ends[0]) + int64(i >= ends[1])


def _sgd_move(
    gradient, scale, penalties, ends, rate, momentum, progress, share, velocity, parameters, turn,
    weight, average,
):  # fmt: skip
    """Ascend: ``velocity = momentum velocity + rate (scale gradient - decay p)``.

    Without momentum no velocity is kept: it stays as it is.
    Towards zero it is ``rate lasso / (1 - momentum)``: as far as a steady gradient ``lasso`` moves.
    """
    unit, step, keep = float32(scale), float32(rate), float32(momentum)
    shrink, distance, concavity = _strengths(penalties, rate / (1 - momentum))
    n, parts = parameters.shape[0], gradient.reshape(-1)
    n_chunks, n_moved = -(-n // _CHUNK), 0
    chunk = take(progress, share, n_chunks, turn)
    while chunk < n_chunks:
        start, stop = chunk * _CHUNK, min((chunk + 1) * _CHUNK, n)
        for i in range(start, stop, LANES):
            p = load(parameters, i)
            group = _group(i, ends)
            g = _slope(parts, n, i, unit, shrink[group], p)
            v = step * g
            if keep != 0:  # or velocities are of no use: memory is what takes time here
                v = multiply_add(keep, load(velocity, i), v)
                store(velocity, i, v)
            p = p + v
            if distance[group] > 0:
                p = _towards_zero(p, distance[group] / (concavity[group] * absolute(p) + _ONE))
            store(parameters, i, p)
        if weight > 0:
            _add_to_average(parameters, start, stop, weight, average)
        n_moved += 1
        chunk = take(progress, share, n_chunks, turn)
    finish(progress, n_moved)
    wait(progress, n_chunks, turn)


def _adam_move(
    gradient, scale, penalties, ends, rate, beta1, beta2, t, progress, share, first, second,
    parameters, turn, weight, average,
):  # fmt: skip
    """Ascend by Adam (Kingma & Ba 2015, with the efficient ordering that ends their section 2).

    The gradient is scaled first. The decay is part of the gradient, as in scikit-learn's multilayer
    perceptron; steps towards zero are scaled as those along the gradient are, parameter by
    parameter (Yun, Lozano & Yang 2021), but not for the first moment's slow start. ``t`` is the
    number of the move, from 1.
    """
    unit = float32(scale)
    b1, b2 = float32(beta1), float32(beta2)
    c1, c2 = _ONE - b1, _ONE - b2
    started = math.sqrt(1 - beta2**t)
    step = float32(rate * started / (1 - beta1**t))
    shrink, distance, concavity = _strengths(penalties, rate * started)
    n, parts = parameters.shape[0], gradient.reshape(-1)
    n_chunks, n_moved = -(-n // _CHUNK), 0
    chunk = take(progress, share, n_chunks, turn)
    while chunk < n_chunks:
        start, stop = chunk * _CHUNK, min((chunk + 1) * _CHUNK, n)
        for i in range(start, stop, LANES):
            p = load(parameters, i)
            group = _group(i, ends)
            g = _slope(parts, n, i, unit, shrink[group], p)
            m = multiply_add(b1, load(first, i), c1 * g)
            v = multiply_add(b2, load(second, i), c2 * g * g)
            store(first, i, m)
            store(second, i, v)
            root = square_root(v) + _TINY
            p = p + step * m / root
            if distance[group] > 0:
                root = root * (concavity[group] * absolute(p) + _ONE)
                p = _towards_zero(p, distance[group] / root)
            store(parameters, i, p)
        if weight > 0:
            _add_to_average(parameters, start, stop, weight, average)
        n_moved += 1
        chunk = take(progress, share, n_chunks, turn)
    finish(progress, n_moved)
    wait(progress, n_chunks, turn)


@kernel(reads(float32, "p"), float64, writes(float32, "p"))
def average_move(parameters, share, average):
    """Move an average by a share of the way towards the parameters."""
    _add_to_average(parameters, 0, parameters.shape[0], share, average)


_GRADIENT = (
    reads(float32, "_ p"), float64, reads(float64, "2 3"), reads(int64, "2"), float64, float64,
)  # fmt: skip
_SHARED = writes(int64, "_"), int64
_AFTER = int64, float64, writes(float32, "_")
sgd_move = kernel(
    *_GRADIENT, *_SHARED, writes(float32, "p"), writes(float32, "p"), *_AFTER
)(_sgd_move)  # fmt: skip
adam_move = kernel(
    *_GRADIENT, float64, float64, *_SHARED, writes(float32, "p"), writes(float32, "p"),
    writes(float32, "p"), *_AFTER,
)(_adam_move)  # fmt: skip
move_by_sgd, move_by_adam = map(routine, (_sgd_move, _adam_move))  # for runs of steps
# Of a move that is the only one of its counters and enters no average: its turn, and what follows.
ONCE = 0, 0.0, np.empty(0, np.float32)
