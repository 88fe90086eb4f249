"""Distribution functions of columns, one value at a time in float64: see `columns.marginal`.

All columns share four arrays, which `columns.Layout` makes. *places* (n_columns, 10) int64 : family
of a column; its first place in a row of payload, of inputs, of bits; number of its bits; place
among real numbers of the code; number of inputs; first knot; number of knots; first threshold.
*numbers* (n_columns, 8) : resolution, origin, scales of the lower and the upper tail, centre and
scale of the code, the lowest and the highest value. *knots* (4, n_knots) : knots, G below and above
them, and logit G. *thresholds* : of all columns.
"""

import math

import numpy as np

from .borrowing import borrowing_routine
from .kernel import helper

FAMILY, PAYLOAD, ETA, BITS, N_BITS, REALS, N_INPUTS, KNOT, N_KNOTS, THRESHOLD = range(10)
RESOLUTION, ORIGIN, LOWER, UPPER, CENTRE, SCALE, LOWEST, HIGHEST = range(8)
EDGE = 1000.0  # on the logistic scale: where nothing lies beyond
FARTHEST = 12.0  # of places on the logistic scale, as other units see them
LOWEST_SCALE, HIGHEST_SCALE = -5.0, 3.0  # of the logarithm of the scale of ordered units
UNKNOWN = -1  # knot
_BEYOND = 1e30


@helper
def _last_below(x, row, start, n, knots, near):
    """The last of n knots from ``start`` that is not above x, by the numbers in a row of them.

    But not the very last: what is found begins a bin. near : a knot that is not far, or `UNKNOWN`.
    """
    if near != UNKNOWN:
        while near < start + n - 2 and knots[row, near + 1] <= x:
            near += 1
        while near > start and knots[row, near] > x:
            near -= 1
        return near
    low, high = start, start + n - 1
    while high - low > 1:
        middle = (low + high) // 2
        if knots[row, middle] <= x:
            low = middle
        else:
            high = middle
    return low


@helper
def _in_tail(mass, distance, scale):
    """Probability beyond a distance in a tail, and its logit."""
    if scale <= 0:
        return 0.0, -EDGE
    log_tail = math.log(mass) - distance / scale
    tail = math.exp(log_tail)
    return tail, max(log_tail - math.log1p(-tail), -_BEYOND)


@borrowing_routine
def distribution(x, start, n, lower, upper, knots, near):
    """G, 1 - G and logit G at a place, and the knot before it; near : as of `_last_below`."""
    last = start + n - 1
    if x < knots[0, start]:
        tail, logit = _in_tail(knots[1, start], knots[0, start] - x, lower)
        return tail, 1 - tail, logit, start
    if x > knots[0, last]:
        tail, logit = _in_tail(knots[2, last], x - knots[0, last], upper)
        return 1 - tail, tail, -logit, last - 1
    k = _last_below(x, 0, start, n, knots, near)
    share = (x - knots[0, k]) / (knots[0, k + 1] - knots[0, k])
    below = knots[1, k] + share * (knots[1, k + 1] - knots[1, k])
    above = knots[2, k] + share * (knots[2, k + 1] - knots[2, k])
    if below <= 0:
        return below, above, -EDGE, k
    if above <= 0:
        return below, above, EDGE, k
    return below, above, math.log(below) - math.log(above), k


@borrowing_routine
def quantile(z, start, n, lower, upper, knots):
    """The place where ``logit G`` is z, and the knot before it."""
    last = start + n - 1
    if z < knots[3, start]:
        if lower <= 0:
            return knots[0, start], start
        log_p = -math.log1p(math.exp(-z)) if z > -700 else z
        return knots[0, start] - lower * (math.log(knots[1, start]) - log_p), start
    if z > knots[3, last]:
        if upper <= 0:
            return knots[0, last], last - 1
        log_p = -math.log1p(math.exp(z)) if z < 700 else -z
        return knots[0, last] + upper * (math.log(knots[2, last]) - log_p), last - 1
    k = _last_below(z, 3, start, n, knots, UNKNOWN)
    if z < 0:
        p = 1 / (1 + math.exp(-z)) if z > -700 else 0.0
        share = (p - knots[1, k]) / (knots[1, k + 1] - knots[1, k])
    else:
        p = 1 / (1 + math.exp(z)) if z < 700 else 0.0
        share = (knots[2, k] - p) / (knots[2, k] - knots[2, k + 1])
    share = min(max(share, 0.0), 1.0)
    return knots[0, k] + share * (knots[0, k + 1] - knots[0, k]), k


@helper
def on_grid(x, number):
    """The value of the grid in whose cell a place lies."""
    # Of NumPy: that of `math` is an integer, which far away it cannot be.
    step = np.floor((x - number[ORIGIN]) / number[RESOLUTION] + 0.5)
    x = number[ORIGIN] + step * number[RESOLUTION]
    return min(max(x, number[LOWEST]), number[HIGHEST])


@borrowing_routine
def write_cell(
    x, near, place, number, knots, thresholds, n_ordered, payload, p0, bits, b0, reals, r0
):  # fmt: skip
    """Write the edges of the cell of an ordered value, and its code; place, number : of the column.

    near : a knot not far from x, or `UNKNOWN`; payload : edges at ``p0``, ``p0 + n_ordered`` and,
    their distance, ``p0 + 2 n_ordered``.
    """
    x, half = on_grid(x, number), number[RESOLUTION] / 2
    start, n = place[KNOT], place[N_KNOTS]
    lower, upper = number[LOWER], number[UPPER]
    below_low, above_low, low, near = distribution(x - half, start, n, lower, upper, knots, near)
    below_high, above_high, high, near = distribution(x + half, start, n, lower, upper, knots, near)
    payload[p0], payload[p0 + n_ordered] = low, high
    width = high - low
    if x + half < knots[0, start] and lower > 0:  # where a difference loses it
        width = number[RESOLUTION] / lower + math.log1p(-below_low) - math.log1p(-below_high)
    elif x - half > knots[0, start + n - 1] and upper > 0:
        width = number[RESOLUTION] / upper + math.log1p(-above_high) - math.log1p(-above_low)
    payload[p0 + 2 * n_ordered] = width
    below, above = below_low + below_high, above_low + above_high
    if below <= 0:
        z = -FARTHEST
    elif above <= 0:
        z = FARTHEST
    else:
        z = min(max(math.log(below) - math.log(above), -FARTHEST), FARTHEST)
    for k in range(place[N_BITS]):
        bits[b0 + k] = z > thresholds[place[THRESHOLD] + k]
    reals[r0] = (z - number[CENTRE]) / number[SCALE]
