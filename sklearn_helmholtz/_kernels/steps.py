"""The moves of the optimisers over the vector of all parameters, and of their average.

The gradient comes in parts, (n_parts, n_parameters), which are added in their order. Lengths are
multiples of 16. Parameters before the first of the two ``ends`` and those between them, the lateral
weights, are penalised, each by ``decay / 2 p^2 + lasso log(1 + concavity |p|) / concavity`` with a
row (decay, lasso, concavity) of ``penalties`` (2, 3); without concavity the second term is
``lasso |p|``. The first term is a part of the gradient, the second a step of its own towards zero,
which it does not pass (a proximal step), so that parameters become exactly zero.
Threads share a move: each calls it with the same ``progress``, int64 zeros (1 + n_shares,), takes
chunk after chunk of the share with its own number, then of the others, and returns when all are
done. So a move is one call for the caller, whoever helps, and no signal can halve it; and what a
thread moved last time is still near it.
"""

import math

import numpy as np
from numba import float32, float64, int64

from .arithmetic import absolute, maximum, minimum, multiply_add, square_root
from .atomics import count, read
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, load, store

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


@routine
def _take(progress, share, n):
    """The number of a chunk that nobody has taken, of the own share if there is one; else n.

    ``progress[1 + s]`` counts how often chunks of share s were asked for. To ask is one atomic
    addition, and no two threads get the same answer, so that each chunk has one owner. Whoever asks
    in vain leaves the count too high, which harms nobody; it is read first to keep threads that
    come late from writing at all.
    """
    n_shares = progress.shape[0] - 1
    for k in range(n_shares):
        s = (share + k) % n_shares
        first, last = n * s // n_shares, n * (s + 1) // n_shares
        if read(progress, 1 + s) < last - first:
            chunk = first + count(progress, 1 + s)
            if chunk < last:
                return chunk
    return n


@helper
def _wait(progress, n):
    """Return when n chunks are done: those that other threads took will be soon.

    A chunk is counted in ``progress[0]`` after all its parameters were written: who sees the count
    n sees all of them.
    """
    while read(progress, 0) < n:
        pass


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
def _group(i, ends):
    """Whose penalty parameter i has: 0, 1, or 2 for none."""
    return int64(i >= ends[0]) + int64(i >= ends[1])


def _sgd_move(
    gradient, scale, penalties, ends, rate, momentum, progress, share, velocity, parameters
):
    """Ascend: ``velocity = momentum velocity + rate (scale gradient - decay p)``.

    Without momentum no velocity is kept: it stays as it is.
    Towards zero it is ``rate lasso / (1 - momentum)``: as far as a steady gradient ``lasso`` moves.
    """
    unit, step, keep = float32(scale), float32(rate), float32(momentum)
    shrink, distance, concavity = _strengths(penalties, rate / (1 - momentum))
    n, parts = parameters.shape[0], gradient.reshape(-1)
    n_chunks = -(-n // _CHUNK)
    chunk = _take(progress, share, n_chunks)
    while chunk < n_chunks:
        for i in range(chunk * _CHUNK, min((chunk + 1) * _CHUNK, n), LANES):
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
        count(progress, 0)
        chunk = _take(progress, share, n_chunks)
    _wait(progress, n_chunks)


def _adam_move(
    gradient, scale, penalties, ends, rate, beta1, beta2, t, progress, share, first, second,
    parameters,
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
    n_chunks = -(-n // _CHUNK)
    chunk = _take(progress, share, n_chunks)
    while chunk < n_chunks:
        for i in range(chunk * _CHUNK, min((chunk + 1) * _CHUNK, n), LANES):
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
        count(progress, 0)
        chunk = _take(progress, share, n_chunks)
    _wait(progress, n_chunks)


def _average_move(parameters, share, average):
    """Move an average by a share of the way towards the parameters."""
    part = float32(share)
    for i in range(0, parameters.shape[0], LANES):
        a = load(average, i)
        store(average, i, multiply_add(part, load(parameters, i) - a, a))


sgd_move = kernel(
    reads(float32, "_ p"), float64, reads(float64, "2 3"), reads(int64, "2"), float64, float64,
    writes(int64, "_"), int64, writes(float32, "p"), writes(float32, "p"),
)(_sgd_move)  # fmt: skip
adam_move = kernel(
    reads(float32, "_ p"), float64, reads(float64, "2 3"), reads(int64, "2"), float64, float64,
    float64, float64, writes(int64, "_"), int64, writes(float32, "p"), writes(float32, "p"),
    writes(float32, "p"),
)(_adam_move)  # fmt: skip
average_move = kernel(reads(float32, "p"), float64, writes(float32, "p"))(_average_move)
# For runs of steps.
move_by_sgd, move_by_adam, move_average = map(routine, (_sgd_move, _adam_move, _average_move))
