"""Bernoulli units of a wide layer, one panel of columns after the other.

Inputs of all its units for all rows of a step would not fit into the cache, and nearly all of the
time would go into fetching them again. Here those of 256 units are made, used up and overwritten
by those of the next. All is added in the order of `tables` and `bernoulli`: the bits are theirs.

Rows of data are lists of their non-zero entries, in the order of the columns. Neighbouring rows of
parents share one, as particles do.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .arithmetic import fill
from .bernoulli import SEGMENT, fire, row_log_prob, row_score
from .kernel import helper, kernel, opaque_true, reads, routine, writes
from .lanes import LANES, load, store
from .random import uniform_units
from .sparse import SHARED_LISTS
from .tables import (
    WIDTH,
    add_tables,
    aligned,
    column_words,
    copy_columns,
    row_words,
    start_of,
    table_room,
)

PANEL = SEGMENT  # units: sums of log-probabilities go from segment to segment
_STRIDE = PANEL + LANES  # from row to row: rows that all began at one place would displace others
_ZERO = np.float32(0)


@routine
def _write_inputs(words, matrix, intercept, j0, tables, eta):
    """Write the inputs of the units from j0 on, at most a panel, of all rows.

    words : of the parents' states; matrix : (n_parents, n_units); eta : (n_rows, _STRIDE), flat.
    """
    n_parents, n_units = matrix.shape
    entries, fresh = matrix.reshape(-1), opaque_true(n_units)
    for j in range(j0, min(j0 + PANEL, n_units), WIDTH):
        low, high = start_of(intercept, j, min(WIDTH, n_units - j))
        add_tables(
            words, entries, n_parents, n_units, j, low, high, fresh, tables, eta, j - j0, _STRIDE
        )


@helper
def _end_of(indptr, indices, places, r, stop):
    """The first entry of row r that the panels before the column ``stop`` do not have."""
    t = places[r]
    while t < indptr[r + 1] and indices[t] < stop:
        t += 1
    return t


@helper
def _add_listed(added, eta, e0, first, last, indices, values):
    """A sum and what entries add to the log-probability of zeros, as of `bernoulli`.

    e0 : where the input of column 0 would be.
    """
    for t in range(first, last):
        a, x = eta[e0 + indices[t]], values[t]
        if x == x:
            added += x * a
        else:
            added += max(a, _ZERO) + math.log1p(math.exp(-abs(float64(a))))
    return added


@helper
def _correct(eta, e0, first, last, indices, values):
    """Make errors of zeros those of entries."""
    for t in range(first, last):
        o, x = e0 + indices[t], values[t]
        eta[o] = eta[o] + x if x == x else _ZERO


@helper
def _weigh(eta, e0, width, weight):
    for j in range(0, width, LANES):
        store(eta, e0 + j, weight * load(eta, e0 + j))


@routine
def _write_gradient(words, errors, j0, width, tables, sums, by_matrix, by_intercept):
    """Write the derivatives of a panel: the columns of its units.

    words : of the parents' states in all rows, see `column_words`; errors : (n_rows, _STRIDE),
    flat; sums : room for WIDTH columns.
    """
    n_parents, n_units = by_matrix.shape
    n_rows, fresh = errors.shape[0] // _STRIDE, opaque_true(n_units)
    target, zero = by_matrix.reshape(-1), fill(_ZERO)
    for j in range(0, width, WIDTH):
        add_tables(words, errors, n_rows, _STRIDE, j, zero, zero, fresh, tables, sums, 0, WIDTH)
        n = min(WIDTH, width - j)
        copy_columns(sums, 0, WIDTH, target, j0 + j, n_units, n_parents, n)
    for j in range(width):
        total = 0.0
        for i in range(n_rows):
            total += errors[i * _STRIDE + j]
        by_intercept[j0 + j] = total


@kernel(
    reads(uint8, "_ k"), reads(float32, "k m"), reads(float32, "m"), *SHARED_LISTS,
    reads(uint32, "2"), reads(uint64, "d/_"), int64, int64, uint32, writes(uint8, "d m"),
    writes(float64, "n"), reads(float32, "_"), writes(float32, "_ m"), writes(float32, "m"),
)  # fmt: skip
def visit_panels(
    parents, matrix, intercept, indptr, indices, values, key, addresses, n_particles,
    first_particle, layer, states, log_prob, weights, by_matrix, by_intercept,
):  # fmt: skip
    """Add log-probabilities of rows of data, draw other rows, and write weighted derivatives.

    parents : (n_rows + n_drawn, n_parents), zeros and ones, those of the data first; matrix :
    (n_parents, n_units); key to layer : of random numbers, as of `bernoulli_sample`; states :
    (n_drawn, n_units), written; log_prob : (n_rows,), nats; weights : (n_rows,), or none where
    derivatives are not wanted; by_matrix, by_intercept : those of the weighted log-probabilities,
    written if there are weights.
    """
    n, n_units, learns = log_prob.shape[0], matrix.shape[1], weights.shape[0] > 0
    share = n // max(indptr.shape[0] - 1, 1)
    words, own = row_words(parents), column_words(parents[:n])
    eta, tables = aligned(parents.shape[0] * _STRIDE), table_room()
    sums, zeros = aligned(parents.shape[1] * WIDTH), np.zeros(PANEL, np.uint8)
    uniforms, places = np.empty(PANEL, np.float32), indptr.copy()
    listed, others = np.zeros(n, np.float64), np.zeros(n, np.float64)
    target = states.reshape(-1)
    for j0 in range(0, n_units, PANEL):
        width = min(PANEL, n_units - j0)
        _write_inputs(words, matrix, intercept, j0, tables, eta)
        for r in range(indptr.shape[0] - 1):
            first, last = places[r], _end_of(indptr, indices, places, r, j0 + width)
            places[r] = last
            for i in range(r * share, (r + 1) * share):
                e0 = i * _STRIDE
                listed[i] = _add_listed(listed[i], eta, e0 - j0, first, last, indices, values)
                if learns:
                    others[i] += row_score(zeros, 0, eta, e0, width)
                    _correct(eta, e0 - j0, first, last, indices, values)
                    _weigh(eta, e0, width, weights[i])
                else:
                    others[i] += row_log_prob(zeros, 0, eta, e0, width)
        for i in range(states.shape[0]):
            particle = first_particle + i % n_particles
            uniform_units(key, addresses[i // n_particles], particle, layer, j0, uniforms)
            fire(eta, (n + i) * _STRIDE, uniforms, target, i * n_units + j0, width)
        if learns:
            errors = eta[: n * _STRIDE]
            _write_gradient(own, errors, j0, width, tables, sums, by_matrix, by_intercept)
    for i in range(n):
        log_prob[i] += listed[i]
        log_prob[i] += others[i]
