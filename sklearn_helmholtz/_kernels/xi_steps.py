"""Steps of xi, the parameters that `tilting` leaves free: Newton's method for all of them at once.

Means stay as they are. The costs of a unit are convex in its xi, and lowest in [0, 1].
"""

from .arithmetic import absolute, fill_doubles, maximum, minimum, select, total
from .borrowing import borrowing_routine
from .lanes import LANES, first, load_first, store_first
from .tilting import (
    HALF,
    LOW_RATIO,
    MEAN,
    ONE,
    OTHER_SIDE,
    VARIANCE,
    ZERO,
    costs_of,
    ratios,
    table_row,
)

_SLACK = 1e-13  # of a cost that has not risen but by rounding


@borrowing_routine
def propose_step(n_closed, xi, expected, table, costs, trial):
    """Write the costs of all units, and to ``trial`` where Newton's method takes their xi."""
    n_units = xi.shape[0]
    for i in range(n_closed, n_units, LANES):
        count = min(n_units - i, LANES)
        store_first(costs, i, costs_of(xi, expected, table, n_units, i, count), count)
        ratio = ratios(table, n_units, i, count)
        b = fill_doubles(ONE) / (ratio + ONE)
        a = ratio * b
        low = table_row(table, MEAN, n_units, i, count)
        high = table_row(table, OTHER_SIDE + MEAN, n_units, i, count)
        curvature = a * table_row(table, VARIANCE, n_units, i, count)
        curvature = curvature + b * table_row(table, OTHER_SIDE + VARIANCE, n_units, i, count)
        curvature = curvature + a * b * (high - low) * (high - low)
        slope = load_first(expected, i, count) - (a * low + b * high)
        longest = absolute(slope)
        step = slope / maximum(curvature, maximum(longest, LOW_RATIO))
        x = load_first(xi, i, count)
        store_first(trial, i, minimum(maximum(x - step, ZERO), ONE), count)


@borrowing_routine
def halve_steps(n_closed, xi, expected, table, costs, trial):
    """Halve the steps of those xi whose cost has risen under ``table``; returns their number."""
    n_units, number = xi.shape[0], 0.0
    for i in range(n_closed, n_units, LANES):
        count = min(n_units - i, LANES)
        before = load_first(costs, i, count)
        now = costs_of(trial, expected, table, n_units, i, count)
        fine = now - before < absolute(before) * _SLACK + _SLACK
        x, y = load_first(xi, i, count), load_first(trial, i, count)
        store_first(trial, i, select(fine, y, (x + y) * HALF), count)
        risen = select(fine, fill_doubles(ZERO), ONE)
        number += total(select(first(count), risen, ZERO))
    return number


@borrowing_routine
def take_steps(n_closed, xi, table, trial, ratio):
    """Take the steps of all xi, and write A / B under them."""
    n_units = xi.shape[0]
    for i in range(n_closed, n_units, LANES):
        count = min(n_units - i, LANES)
        store_first(xi, i, load_first(trial, i, count), count)
        store_first(ratio, i, ratios(table, n_units, i, count), count)
