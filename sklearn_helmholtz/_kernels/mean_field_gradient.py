"""Derivatives of the bound that `mean_field` raises, by the parameters of the net."""

import numpy as np
from numba import float32, float64, int64

from .arithmetic import fill_doubles
from .borrowing import borrowing_routine
from .families import add_slopes, expect, n_closed, shown, write_errors
from .free_units import count_connections, expected_inputs, known_inputs, make_children, mark
from .kernel import kernel, reads, writes
from .lanes import LANES, load_first, store_first
from .tilting import ONE, OTHER_SIDE, make_factors, ratios, tilt


@borrowing_routine
def _add_slopes_of_free(m, present, means, xi, low, high, ratio, start, w0, n, slopes):
    """Add the derivatives by the weights of a free unit on its children."""
    for k in range(0, n, LANES):
        count = min(n - k, LANES)
        i, e = start + k, w0 + k
        f, g, x = load_first(low, e, count), load_first(high, e, count), load_first(xi, i, count)
        rho = load_first(ratio, i, count)
        b = fill_doubles(ONE) / (rho + ONE)
        a = rho * b * x * f / (f * m + (ONE - m))
        b = b * (ONE - x) * g / (g * m + (ONE - m))
        slope = load_first(means, i, count) - x + a - b
        slope = load_first(present, i, count) * slope * m
        store_first(slopes, e, load_first(slopes, e, count) + slope, count)


@borrowing_routine
def _add_slopes_of_known(value, errors, start, w0, n, slopes):
    """Add the derivatives by the weights of a unit whose value is known."""
    for k in range(n):
        slopes[w0 + k] += value * errors[start + k]


@borrowing_routine
def _write_other_errors(closed, present, means, table, ratio, errors):
    """Write the derivatives by the intercepts of all units but closed ones, and their A / B."""
    n_units = means.shape[0]
    for i in range(closed, n_units, LANES):
        count = min(n_units - i, LANES)
        store_first(ratio, i, ratios(table, n_units, i, count), count)
    for i in range(closed, n_units):
        errors[i] = present[i] * (means[i] - 1 / (1 + ratio[i]))


@borrowing_routine
def _add_all_slopes(
    family, parameters, closed, values, present, free, means, xi, errors, moments, weights, growth,
    children, low, high, ratio, slopes,
):  # fmt: skip
    """Add the derivatives by all weights: of each unit, on its children of both kinds."""
    for u in range(means.shape[0]):
        m = means[u]
        for kind in range(2):
            start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
            if not free[u]:
                _add_slopes_of_known(shown(family, m), errors, start, w0, n, slopes)
            elif start < closed:
                add_slopes(
                    family, parameters, m, values, present, errors, moments, weights, growth,
                    start, w0, n, slopes,
                )  # fmt: skip
            else:
                _add_slopes_of_free(
                    m, present, means, xi, low, high, ratio, start, w0, n, slopes
                )  # fmt: skip


@kernel(
    int64, reads(float32, 1), reads(float32, 2), reads(int64, 1), reads(float32, 1),
    reads(float32, 1), reads(float64, 2), reads(float64, 2), reads(float64, 1), writes(float64, 1),
    writes(float64, 1), writes(float64, 2),
)  # fmt: skip
def mean_field_gradient(
    family, parameters, values, sizes, weights, intercepts, means, xi, row_weights, weight_slopes,
    intercept_slopes, moments,
):  # fmt: skip
    """Add the derivatives of the bounds of all rows by the parameters, with m and xi as they are.

    As for `mean_field`; row_weights : (n_rows,), of the bounds in their sum; weight_slopes,
    intercept_slopes : as the weights and intercepts, added to;
    moments : (n_rows, n_closed), written, those of the data, see `families`.
    """
    n_units, closed = intercepts.shape[0], n_closed(family, sizes[0])
    is_autoregressive = weights.shape[0] > count_connections(sizes)
    children = np.zeros((n_units, 2, 3), np.int64)
    lowest = 0 if is_autoregressive else sizes.shape[0]
    make_children(sizes, lowest, children)
    wide = weights.astype(np.float64)
    growth = np.exp(wide)
    low, high = np.zeros(weights.shape[0]), np.zeros(weights.shape[0])
    table, errors = np.zeros(2 * OTHER_SIDE * n_units), np.empty(n_units)
    base, expected, ratio = np.empty(n_units), np.empty(n_units), np.ones(n_units)
    present, free = np.ones(n_units), np.ones(n_units, np.bool_)
    for row in range(values.shape[0]):
        # Order of writes, for each row: what is known of it, what the means and xi make of other
        # units, the errors of all units, and what these add to the two sums.
        x, m, s, own = values[row], means[row], xi[row], moments[row]
        mark(x, is_autoregressive, present, free)
        known_inputs(family, intercepts, wide, children, x, free, base)
        expected_inputs(base, wide, children, free, m, expected)
        make_factors(closed, wide, growth, children, free, s, low, high)
        tilt(closed, base, wide, children, free, m, s, low, high, table)
        expect(family, parameters, x, present, m, base, expected, wide, growth, children, own)
        write_errors(family, parameters, x, present, expected, own, errors)
        _write_other_errors(closed, present, m, table, ratio, errors)
        for i in range(n_units):
            errors[i] *= row_weights[row]
            present[i] *= row_weights[row]  # which multiplies all that is not made of errors
            intercept_slopes[i] += errors[i]
        _add_all_slopes(
            family, parameters, closed, x, present, free, m, s, errors, own, wide, growth, children,
            low, high, ratio, weight_slopes,
        )  # fmt: skip
        present[:] = 1.0
