"""Bernoulli units: means, samples, log-probabilities and errors, in one pass over the inputs eta.

Rows may share. With n rows of values over r rows of eta, ``n / r`` neighbouring rows share a row of
eta (particles under the first recognition layer, everything under a prior); with fewer rows of
values than of eta, particles share the row of values (one observation, many posterior samples).

A value that is NaN is missing: its unit adds nothing to a log-probability, and has no error.
``sum_j x_j eta_j - softplus(eta_j)`` is added in segments of 256 units: ``x eta - max(eta, 0)`` in
sixteen sums, the rest as the logarithm of sixteen products, and the segments in float64.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .arithmetic import fill, is_seen, maximum, select, total
from .exponential import compound, exp_minus_size, is_below_sigmoid, log1p, sigmoid
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, first, load, load_first, store, store_first
from .random import UNITS, uniform_row
from .sparse import SHARED_LISTS

SEGMENT = 16 * LANES
_ZERO = np.float32(0)


@kernel(reads(float32, "n m"), writes(float32, "n m"))
def bernoulli_mean(eta, out):
    """sigmoid(eta), both (n_rows, n_units)."""
    source, target = eta.reshape(-1), out.reshape(-1)
    n = source.shape[0]
    full = n - n % LANES
    for i in range(0, full, LANES):
        a = load(source, i)
        store(target, i, sigmoid(a, exp_minus_size(a)))
    a = load_first(source, full, n - full)
    store_first(target, full, sigmoid(a, exp_minus_size(a)), n - full)


@helper
def _segment_sum(linear, surplus):
    return total(linear - log1p(surplus))


def _sample(eta, key, addresses, n_particles, first_particle, layer, states, log_prob):
    """Draw states ~ Bernoulli(sigmoid(eta)); add their log-probability to ``log_prob``.

    eta : (n_eta, n_units); addresses : (n_rows / n_particles,); states : (n_rows, n_units);
    log_prob : (n_rows,). Row i is particle ``first_particle + i % n_particles`` of address
    ``i // n_particles``.
    """
    n_rows, n_units = states.shape
    share = n_rows // eta.shape[0]
    source, target = eta.reshape(-1), states.reshape(-1)
    uniforms = np.empty(UNITS * -(-n_units // UNITS), np.float32)
    for i in range(n_rows):
        particle = first_particle + i % n_particles
        uniform_row(key, addresses[i // n_particles], particle, layer, uniforms)
        log_prob[i] += fire(source, (i // share) * n_units, uniforms, target, i * n_units, n_units)


bernoulli_sample = kernel(
    reads(float32, "n/_ m"), reads(uint32, "2"), reads(uint64, "n/_"), int64, int64, uint32,
    writes(uint8, "n m"), writes(float64, "n"),
)(_sample)  # fmt: skip


@helper
def fire(eta, e0, uniforms, states, s0, n_units):
    """Units fire where their number is below sigmoid(eta); the log-probability of the result."""
    result = 0.0
    for start in range(0, n_units, SEGMENT):
        linear, surplus = fill(_ZERO), fill(_ZERO)
        stop = min(start + SEGMENT, n_units)
        full = stop - (stop - start) % LANES
        for j in range(start, full, LANES):
            a, u = load(eta, e0 + j), load(uniforms, j)
            grown = exp_minus_size(a)
            fires = is_below_sigmoid(u, a, grown)
            store(states, s0 + j, fires)
            linear += select(fires, a, _ZERO) - maximum(a, _ZERO)
            surplus = compound(surplus, grown)
        if full < stop:
            n = stop - full
            a, u = load_first(eta, e0 + full, n), load(uniforms, full)
            grown = exp_minus_size(a)
            fires = is_below_sigmoid(u, a, grown)
            store_first(states, s0 + full, fires, n)
            linear += select(fires, a, _ZERO) - maximum(a, _ZERO)
            surplus = compound(surplus, select(first(n), grown, _ZERO))
        result += _segment_sum(linear, surplus)
    return result


def _log_prob(values, eta, log_prob):
    """Add ``sum_j x_j eta_j - softplus(eta_j)``, the log-probability of each row, to ``log_prob``.

    values : (n_values, n_units); eta : (n_eta, n_units); log_prob : (max(n_values, n_eta),).
    """
    n_rows, n_units = log_prob.shape[0], eta.shape[1]
    share, share_values = n_rows // eta.shape[0], n_rows // values.shape[0]
    x, a = values.reshape(-1), eta.reshape(-1)
    for i in range(n_rows):
        log_prob[i] += row_log_prob(
            x, i // share_values * n_units, a, i // share * n_units, n_units
        )


@helper
def row_log_prob(values, v0, eta, e0, n_units):
    result = 0.0
    for start in range(0, n_units, SEGMENT):
        linear, surplus = fill(_ZERO), fill(_ZERO)
        stop = min(start + SEGMENT, n_units)
        full = stop - (stop - start) % LANES
        for j in range(start, full, LANES):
            x, a = load(values, v0 + j), load(eta, e0 + j)
            seen = is_seen(x)
            linear += select(seen, x * a - maximum(a, _ZERO), _ZERO)
            surplus = compound(surplus, select(seen, exp_minus_size(a), _ZERO))
        if full < stop:
            n = stop - full
            x, a = load_first(values, v0 + full, n), load_first(eta, e0 + full, n)
            seen = is_seen(x)
            linear += select(seen, x * a - maximum(a, _ZERO), _ZERO)
            grown = select(first(n), exp_minus_size(a), _ZERO)
            surplus = compound(surplus, select(seen, grown, _ZERO))
        result += _segment_sum(linear, surplus)
    return result


def _score(values, eta, log_prob):
    """As `_log_prob`, but what is left in eta is the error ``x - sigmoid(eta)``, its derivative.

    values : (n_values, n_units), shared by neighbouring rows of eta (n_rows, n_units).
    """
    n_rows, n_units = eta.shape
    share_values = n_rows // values.shape[0]
    x, a = values.reshape(-1), eta.reshape(-1)
    for i in range(n_rows):
        log_prob[i] += row_score(x, i // share_values * n_units, a, i * n_units, n_units)


@helper
def row_score(values, v0, eta, e0, n_units):
    result = 0.0
    for start in range(0, n_units, SEGMENT):
        linear, surplus = fill(_ZERO), fill(_ZERO)
        stop = min(start + SEGMENT, n_units)
        full = stop - (stop - start) % LANES
        for j in range(start, full, LANES):
            x, a = load(values, v0 + j), load(eta, e0 + j)
            seen, grown = is_seen(x), exp_minus_size(a)
            linear += select(seen, x * a - maximum(a, _ZERO), _ZERO)
            surplus = compound(surplus, select(seen, grown, _ZERO))
            store(eta, e0 + j, select(seen, x - sigmoid(a, grown), _ZERO))
        if full < stop:
            n = stop - full
            x, a = load_first(values, v0 + full, n), load_first(eta, e0 + full, n)
            seen, grown = is_seen(x), exp_minus_size(a)
            linear += select(seen, x * a - maximum(a, _ZERO), _ZERO)
            grown_first = select(first(n), grown, _ZERO)
            surplus = compound(surplus, select(seen, grown_first, _ZERO))
            store_first(eta, e0 + full, select(seen, x - sigmoid(a, grown), _ZERO), n)
        result += _segment_sum(linear, surplus)
    return result


def _error(values, eta, weight, out):
    """The weighted derivative by eta of the rows' log-probabilities, ``sum w (x - sigmoid(eta))``.

    values : (n_values, n_units); eta, out : (n_eta, n_units); weight : (max(n_values, n_eta),).
    ``out`` may be ``eta``. Rows that share a row of eta are summed.
    """
    n_rows, n_units = weight.shape[0], eta.shape[1]
    share, share_values = n_rows // eta.shape[0], n_rows // values.shape[0]
    x, a, target = values.reshape(-1), eta.reshape(-1), out.reshape(-1)
    full = n_units - n_units % LANES
    for r in range(eta.shape[0]):
        e0 = r * n_units
        for j in range(0, full, LANES):
            eta_j = load(a, e0 + j)
            mean, error = sigmoid(eta_j, exp_minus_size(eta_j)), fill(_ZERO)
            for i in range(r * share, (r + 1) * share):
                error += weight[i] * (load(x, i // share_values * n_units + j) - mean)
            store(target, e0 + j, error)
        if full < n_units:
            n = n_units - full
            eta_j = load_first(a, e0 + full, n)
            mean, error = sigmoid(eta_j, exp_minus_size(eta_j)), fill(_ZERO)
            for i in range(r * share, (r + 1) * share):
                error += weight[i] * (load_first(x, i // share_values * n_units + full, n) - mean)
            store_first(target, e0 + full, error, n)


def _both(function, arguments):
    """The kernels of one function for values in {0, 1} (uint8) and for real values (float32)."""
    return tuple(
        kernel(reads(scalar, "n/_ m"), *arguments, variant=f"_{scalar}")(function)
        for scalar in (uint8, float32)
    )


# For kernels that do more than one thing.
sample, log_prob, score, error = map(routine, (_sample, _log_prob, _score, _error))

bernoulli_log_prob_binary, bernoulli_log_prob_real = _both(
    _log_prob, (reads(float32, "n/_ m"), writes(float64, "n"))
)
bernoulli_score_binary, bernoulli_score_real = _both(
    _score, (writes(float32, "n m"), writes(float64, "n"))
)
bernoulli_error_binary, bernoulli_error_real = _both(
    _error, (reads(float32, "n/e m"), reads(float32, "n"), writes(float32, "e m"))
)


@helper
def _listed_sum(indptr, indices, values, r, eta, e0):
    """The terms that the entries of one row add to the log-probability of a row of zeros.

    ``x eta`` of an entry that is seen, ``softplus(eta)`` of one that is missing: no longer a zero.
    """
    result = 0.0
    for t in range(indptr[r], indptr[r + 1]):
        a, x = eta[e0 + indices[t]], values[t]
        if x == x:
            result += x * a
        else:
            result += max(a, _ZERO) + math.log1p(math.exp(-abs(float64(a))))
    return result


@kernel(*SHARED_LISTS, reads(float32, "n m"), writes(float64, "n"))
def bernoulli_log_prob_sparse(indptr, indices, values, eta, log_prob):
    """As `bernoulli_log_prob_real`, for rows given as lists of their non-zero entries (`sparse`).

    Rows may be shared by neighbouring rows of eta (n_rows, n_units), but not the other way round.
    """
    n_rows, n_units = eta.shape
    share_values = n_rows // (indptr.shape[0] - 1)
    a, zeros = eta.reshape(-1), np.zeros(n_units, np.uint8)
    for i in range(n_rows):
        log_prob[i] += _listed_sum(indptr, indices, values, i // share_values, a, i * n_units)
        log_prob[i] += row_log_prob(zeros, 0, a, i * n_units, n_units)


@kernel(*SHARED_LISTS, writes(float32, "n m"), writes(float64, "n"))
def bernoulli_score_sparse(indptr, indices, values, eta, log_prob):
    """As `bernoulli_score_real`, for rows given as lists of their non-zero entries."""
    n_rows, n_units = eta.shape
    share_values = n_rows // (indptr.shape[0] - 1)
    a, zeros = eta.reshape(-1), np.zeros(n_units, np.uint8)
    for i in range(n_rows):
        r, e0 = i // share_values, i * n_units
        log_prob[i] += _listed_sum(indptr, indices, values, r, a, e0)
        log_prob[i] += row_score(zeros, 0, a, e0, n_units)
        for t in range(indptr[r], indptr[r + 1]):
            seen = values[t] == values[t]
            a[e0 + indices[t]] = a[e0 + indices[t]] + values[t] if seen else _ZERO
