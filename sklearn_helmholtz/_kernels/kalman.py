"""Kalman's filter and the smoother of Rauch, Tung & Striebel in information form, in float64.

States of k features are independent before anything is observed, ``h_1 ~ N(0, I)`` and ``h_t = l *
h_(t-1) + sqrt(1 - l^2) noise`` with a persistence l of each feature. What step t shows of them is
``exp(h'r_t - h'J_t h / 2)`` as a function of h: a vector r and a matrix J, zeros where nothing is
observed. Covariances depend on the J alone, and settle where these stay the same: steps share
matrices from then on, by *slots*, their numbers among all matrices.
"""

import math

import numpy as np
from numba import float64, int64

from .kernel import helper, kernel, reads, routine, writes
from .symmetric import add_square, root_of, solve_lower, solve_upper

_SETTLED = 1e-14  # of the scale of a covariance


@routine
def _are_close(one, other):
    """Whether covariances differ by rounding only."""
    k = one.shape[0]
    for a in range(k):
        for b in range(a + 1):
            scale = math.sqrt(one[a, a] * one[b, b])
            if abs(one[a, b] - other[a, b]) > _SETTLED * scale:
                return False
    return True


@routine
def _predict(persistence, filtered, predicted):
    """The covariance of the next state: ``L V L + I - L L`` with L = diag(persistence)."""
    k = persistence.shape[0]
    for a in range(k):
        for b in range(k):
            predicted[a, b] = persistence[a] * filtered[a, b] * persistence[b]
        predicted[a, a] += 1.0 - persistence[a] * persistence[a]


@routine
def _update(predicted, information, filtered, room):
    """The covariance given a step, ``(P^-1 + J)^-1``; returns ``log|I + P J| / 2``.

    By roots of P and of ``I + root' J root``, whose eigenvalues are 1 at least: P is never
    inverted, and may be as small as J is large.
    """
    k = predicted.shape[0]
    root, inner, product = room[0], room[1], room[2]
    root_of(predicted, root)
    for a in range(k):
        for b in range(k):
            total = 0.0
            for c in range(b, k):
                total += information[a, c] * root[c, b]
            product[a, b] = total
    for a in range(k):
        for b in range(a + 1):
            total = 0.0
            for c in range(a, k):
                total += root[c, a] * product[c, b]
            inner[a, b] = total
        inner[a, a] += 1.0
    root_of(inner, product)
    log_volume = 0.0
    for a in range(k):
        log_volume += math.log(product[a, a])
    solve_lower(product, root)
    filtered[:] = 0.0
    add_square(root, filtered)
    return log_volume


@helper
def _observe(mean, covariance, information, evidence, surprise, out):
    """The mean given a step, to ``out``, and ``log p`` of what it shows but for ``log|I + P J|``.

    mean : before; covariance : given the step; surprise : room.
    """
    k = mean.shape[0]
    fit = 0.0
    for a in range(k):
        total = 0.0
        for b in range(k):
            total += information[a, b] * mean[b]
        surprise[a] = evidence[a] - total
        fit += mean[a] * (evidence[a] + surprise[a])
    for a in range(k):
        total = 0.0
        for b in range(k):
            total += covariance[a, b] * surprise[b]
        out[a] = mean[a] + total
        fit += surprise[a] * total
    return 0.5 * fit


@kernel(
    reads(float64, "k"), reads(float64, "m k k"), reads(int64, "n"), reads(int64, "n"),
    reads(float64, "n k"), writes(int64, "n"), writes(float64, "s k k"), writes(float64, "s k k"),
    writes(float64, "n k"), writes(float64, "n k"), writes(float64, "n"),
)  # fmt: skip
def kalman_filter(
    persistence, information, numbers, begins, evidence, slots, predicted, filtered, before, after,
    log_probs,
):  # fmt: skip
    """Features of each step given what sequences show before it, and up to it.

    persistence : (n_features,); information : the different J; numbers : the number of the J of
    each step; begins : 1 where a sequence begins, otherwise 0; evidence : the r; slots : the number
    of each step's covariances in ``predicted`` and ``filtered``, of which there have to be as many
    as there are steps (only so many are touched as are different); before, after : means; log_probs
    : log p of what each step shows given earlier ones, relative to that under h = 0.
    """
    n_steps, k = evidence.shape
    room, surprise = np.empty((3, k, k), np.float64), np.empty(k, np.float64)
    slot, is_settled, log_volume = -1, False, 0.0
    for t in range(n_steps):
        mean, number, is_first = before[t], numbers[t], begins[t] == 1
        for a in range(k):
            mean[a] = 0.0 if is_first else persistence[a] * after[t - 1, a]
        goes_on = not is_first and numbers[t - 1] == number
        if not (goes_on and is_settled):
            slot += 1
            if is_first:
                predicted[slot] = 0.0
                for a in range(k):
                    predicted[slot, a, a] = 1.0
            else:
                _predict(persistence, filtered[slot - 1], predicted[slot])
            is_settled = goes_on and _are_close(predicted[slot], predicted[slot - 1])
            log_volume = _update(predicted[slot], information[number], filtered[slot], room)
        slots[t] = slot
        log_probs[t] = -log_volume + _observe(
            mean, filtered[slot], information[number], evidence[t], surprise, after[t]
        )


@routine
def _step_back(persistence, filtered, predicted, smoothed, gain, out, room):
    """Smoothed covariance of a step, to ``out``, and its gain ``V L P^-1``.

    filtered, predicted : V of the step and P of the next one; smoothed : of the next one. As a sum
    of squares, (I - G L) V (I - G L)' + G (I - L L + smoothed) G': nothing cancels.
    """
    k = persistence.shape[0]
    root, rest, spread = room[0], room[1], room[2]
    root_of(predicted, root)
    for a in range(k):
        for b in range(k):
            gain[a, b] = filtered[a, b] * persistence[b]
    solve_lower(root, gain)
    solve_upper(root, gain)
    out[:] = 0.0
    root_of(filtered, root)
    for a in range(k):
        for b in range(k):
            total = root[a, b]
            for c in range(b, k):
                total -= gain[a, c] * persistence[c] * root[c, b]
            rest[a, b] = total
    add_square(rest, out)
    for a in range(k):
        for b in range(k):
            spread[a, b] = smoothed[a, b]
        spread[a, a] += 1.0 - persistence[a] * persistence[a]
    root_of(spread, root)
    for a in range(k):
        for b in range(k):
            total = 0.0
            for c in range(b, k):
                total += gain[a, c] * root[c, b]
            rest[a, b] = total
    add_square(rest, out)


@kernel(
    reads(float64, "k"), reads(int64, "n"), reads(int64, "n"), reads(float64, "s k k"),
    reads(float64, "s k k"), reads(float64, "n k"), reads(float64, "n k"), writes(int64, "n"),
    writes(float64, "s k k"), writes(float64, "s k k"), writes(float64, "n k"),
)  # fmt: skip
def kalman_smoother(
    persistence, begins, slots, predicted, filtered, before, after, places, covariances, gains,
    means,
):  # fmt: skip
    """Features of each step given the whole of its sequence; arguments as of `kalman_filter`.

    places : the number of each step's covariance and gain. The covariance of the next step's and
    this one's features is ``covariance of the next gain'``; the gain of a last step is zero.
    """
    n_steps, k = after.shape
    room = np.empty((3, k, k), np.float64)
    place, is_settled = -1, False
    for t in range(n_steps - 1, -1, -1):
        is_last = t == n_steps - 1 or begins[t + 1] == 1
        if is_last:
            place += 1
            covariances[place] = filtered[slots[t]]
            gains[place] = 0.0
            means[t] = after[t]
        else:
            here, there = slots[t], slots[t + 1]
            # Both the filter and the smoother may have settled: the gain is the same, then.
            goes_on = here == there and t + 2 < n_steps and begins[t + 2] == 0
            goes_on = goes_on and slots[t + 2] == here
            if not (goes_on and is_settled):
                place += 1
                _step_back(
                    persistence, filtered[here], predicted[there], covariances[place - 1],
                    gains[place], covariances[place], room,
                )  # fmt: skip
                is_settled = goes_on and _are_close(covariances[place], covariances[place - 1])
            for a in range(k):
                total = after[t, a]
                for b in range(k):
                    total += gains[place, a, b] * (means[t + 1, b] - before[t + 1, b])
                means[t, a] = total
        places[t] = place
