"""Poisson units: counts with the rate exp(eta), and everything about them in one file.

Rows are shared as in `bernoulli`; a value that is NaN is missing here as well. Inputs beyond
`HIGHEST` count as that much, so that rates stay finite: there the log-probability no longer falls
or rises, but the error, ``x - rate``, still leads back.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint32, uint64

from .arithmetic import fill, maximum, minimum, multiply_add, select, total
from .borrowing import borrowing_routine
from .exponential import exp
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, first, load_first, store_first
from .random import UNITS, uniform_row
from .sparse import LISTS

HIGHEST = np.float32(math.log(2.0**31))  # beyond it no count has a higher probability
_LOWEST = np.float32(-80)
_SEGMENT = 16 * LANES
_ACCURATE = np.float32(8)  # of eta, up to which sums of rates in float32 are as good as float64
_ZERO = np.float32(0)
_BEYOND = np.float32(1e30)  # every value lies below, but not NaN
_FEW = 10.0  # a rate below which counts are found by going through them
_MOST = 2.0**31
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_S30, _S27, _S31, _S11, _S24 = (np.uint64(n) for n in (30, 27, 31, 11, 24))
_UNIT, _STEP = 2.0**-53, 2.0**-24


# One unit


@helper
def rate(eta):
    """exp(eta) of one input in float64, with eta moved into the range of rates."""
    return math.exp(min(max(float64(eta), float64(_LOWEST)), float64(HIGHEST)))


@helper
def log_factorial(x):
    """Log x! of one count."""
    return math.lgamma(x + 1.0) if x > 1 else 0.0


@helper
def _next_uniform(state):
    """The next state of a generator (splitmix64), and its number in (0, 1)."""
    state = state + _GOLDEN
    z = (state ^ (state >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    z = z ^ (z >> _S31)
    return state, (float64(z >> _S11) + 0.5) * _UNIT


@routine
def draw(mean, high, low):
    """A count with a given mean, from two uniform numbers that are multiples of 2^-24, float64.

    By inversion where the mean is small, otherwise by transformed rejection (Hormann 1993), whose
    further numbers come from a generator with these two as its seed.
    """
    if mean < _FEW:
        u = math.floor(high / _STEP) * _STEP + low * _STEP
        count, p = 0.0, math.exp(-mean)
        while u > p and p > 0.0:
            u -= p
            count += 1.0
            p *= mean / count
        return count
    state = (uint64(high / _STEP) << _S24) | uint64(low / _STEP)
    root = math.sqrt(mean)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse_alpha, squeeze = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
    while True:
        state, u = _next_uniform(state)
        state, v = _next_uniform(state)
        u -= 0.5
        size = 0.5 - abs(u)
        count = math.floor((2 * a / size + b) * u + mean + 0.43)
        if size >= 0.07 and v <= squeeze:
            return min(count, _MOST)
        if count < 0 or (size < 0.013 and v > size):
            continue
        bound = math.log(v * inverse_alpha / (a / (size * size) + b))
        if bound <= count * math.log(mean) - mean - math.lgamma(count + 1.0):
            return min(count, _MOST)


# Rows of units


@kernel(reads(float32, 2), writes(float32, 2))
def poisson_mean(eta, out):
    """exp(eta), both (n_rows, n_units)."""
    source, target = eta.reshape(-1), out.reshape(-1)
    for i in range(0, source.shape[0], LANES):
        n = min(source.shape[0] - i, LANES)
        a = minimum(maximum(load_first(source, i, n), _LOWEST), HIGHEST)
        store_first(target, i, exp(a), n)


@kernel(
    reads(float32, 2), reads(uint32, 1), reads(uint64, 1), int64, int64, uint32,
    writes(float32, 2), writes(float64, 1),
)  # fmt: skip
def poisson_sample(eta, key, addresses, n_particles, first_particle, layer, values, log_prob):
    """Draw counts with the rates exp(eta); add their log-probability to ``log_prob``.

    eta : (n_eta, n_units); addresses : (n_rows / n_particles,); values : (n_rows, n_units);
    log_prob : (n_rows,).
    """
    n_rows, n_units = values.shape
    share = n_rows // eta.shape[0]
    half = UNITS * -(-n_units // UNITS)
    uniforms = np.empty(2 * half, np.float32)
    for i in range(n_rows):
        particle = first_particle + i % n_particles
        uniform_row(key, addresses[i // n_particles], particle, layer, uniforms)
        source, target = eta[i // share], values[i]
        result = 0.0
        for j in range(n_units):
            mean = rate(source[j])
            x = draw(mean, float64(uniforms[j]), float64(uniforms[half + j]))
            target[j] = x
            result += x * math.log(mean) - mean - log_factorial(x)
        log_prob[i] += result


@routine
def _log_factorials(values, v0, n_units):
    """Sum of log x! over one row of values."""
    result = 0.0
    for j in range(n_units):
        x = float64(values[v0 + j])
        if x > 1:  # nor NaN
            result += math.lgamma(x + 1.0)
    return result


@routine
def _exact_sum(values, v0, eta, e0, n_units):
    """Sum of ``x eta - exp(eta)`` over a part of a row, in float64."""
    result = 0.0
    for j in range(n_units):
        x = float64(values[v0 + j])
        if x == x:
            mean = rate(eta[e0 + j])
            result += x * math.log(mean) - mean
    return result


@helper
def _row_sum(values, v0, eta, e0, n_units):
    """Sum of ``x eta - exp(eta)`` over one row."""
    result = 0.0
    for start in range(0, n_units, _SEGMENT):
        linear, largest = fill(_ZERO), fill(_LOWEST)
        stop = min(start + _SEGMENT, n_units)
        for j in range(start, stop, LANES):
            n = min(stop - j, LANES)
            x, a = load_first(values, v0 + j, n), load_first(eta, e0 + j, n)
            a = minimum(maximum(a, _LOWEST), HIGHEST)
            lost = select(first(n), exp(a), _ZERO)  # lanes beyond the end hold zeros
            linear += select(x < _BEYOND, x * a - lost, _ZERO)
            largest = maximum(largest, a)
        if total(select(largest < _ACCURATE, _ZERO, fill(np.float32(1)))) > 0:
            result += _exact_sum(values, v0 + start, eta, e0 + start, stop - start)
        else:
            result += total(linear)
    return result


@kernel(reads(float32, 2), reads(float32, 2), writes(float64, 1))
def poisson_log_prob(values, eta, log_prob):
    """Add ``sum_j x_j eta_j - exp(eta_j) - log x_j!`` of each row to ``log_prob``."""
    n_rows, n_units = log_prob.shape[0], eta.shape[1]
    share, share_values = n_rows // eta.shape[0], n_rows // values.shape[0]
    x, a, constant = values.reshape(-1), eta.reshape(-1), 0.0
    for i in range(n_rows):
        v0 = i // share_values * n_units
        if i % share_values == 0:
            constant = _log_factorials(x, v0, n_units)
        log_prob[i] += _row_sum(x, v0, a, i // share * n_units, n_units) - constant


@helper
def _leave_errors(values, v0, eta, e0, n_units):
    """Overwrite one row of eta by ``x - exp(eta)``, 0 where values are missing."""
    for j in range(0, n_units, LANES):
        n = min(n_units - j, LANES)
        x, a = load_first(values, v0 + j, n), load_first(eta, e0 + j, n)
        mean = exp(minimum(maximum(a, _LOWEST), HIGHEST))
        store_first(eta, e0 + j, select(x < _BEYOND, x - mean, _ZERO), n)


@kernel(reads(float32, 2), writes(float32, 2), writes(float64, 1))
def poisson_score(values, eta, log_prob):
    """As `poisson_log_prob`, but eta is left holding the errors ``x - exp(eta)``.

    values : (n_values, n_units), shared by neighbouring rows of eta (n_rows, n_units).
    """
    n_rows, n_units = eta.shape
    share_values = n_rows // values.shape[0]
    x, a, constant = values.reshape(-1), eta.reshape(-1), 0.0
    for i in range(n_rows):
        v0, e0 = i // share_values * n_units, i * n_units
        if i % share_values == 0:
            constant = _log_factorials(x, v0, n_units)
        log_prob[i] += _row_sum(x, v0, a, e0, n_units) - constant
        _leave_errors(x, v0, a, e0, n_units)


@helper
def _listed_sum(indptr, indices, values, r, eta, e0):
    """The terms that the entries of one row add to the log-probability of a row of zeros.

    ``x eta - log x!`` of an entry that is seen, ``exp(eta)`` of one that is missing.
    """
    result = 0.0
    for t in range(indptr[r], indptr[r + 1]):
        mean, x = rate(eta[e0 + indices[t]]), float64(values[t])
        if x == x:
            result += x * math.log(mean) - log_factorial(x)
        else:
            result += mean
    return result


@kernel(*LISTS, reads(float32, 2), writes(float64, 1))
def poisson_log_prob_sparse(indptr, indices, values, eta, log_prob):
    """As `poisson_log_prob`, for rows given as lists of their non-zero entries (`sparse`).

    Rows may be shared by neighbouring rows of eta (n_rows, n_units), but not the other way round.
    """
    n_rows, n_units = eta.shape
    share_values = n_rows // (indptr.shape[0] - 1)
    a, zeros = eta.reshape(-1), np.zeros(n_units, np.float32)
    for i in range(n_rows):
        log_prob[i] += _listed_sum(indptr, indices, values, i // share_values, a, i * n_units)
        log_prob[i] += _row_sum(zeros, 0, a, i * n_units, n_units)


@kernel(*LISTS, writes(float32, 2), writes(float64, 1))
def poisson_score_sparse(indptr, indices, values, eta, log_prob):
    """As `poisson_score`, for rows given as lists of their non-zero entries."""
    n_rows, n_units = eta.shape
    share_values = n_rows // (indptr.shape[0] - 1)
    a, zeros = eta.reshape(-1), np.zeros(n_units, np.float32)
    for i in range(n_rows):
        r, e0 = i // share_values, i * n_units
        log_prob[i] += _listed_sum(indptr, indices, values, r, a, e0)
        log_prob[i] += _row_sum(zeros, 0, a, e0, n_units)
        _leave_errors(zeros, 0, a, e0, n_units)
        for t in range(indptr[r], indptr[r + 1]):
            seen = values[t] == values[t]
            a[e0 + indices[t]] = a[e0 + indices[t]] + values[t] if seen else _ZERO


# From unit to unit, see `families`


@routine
def _exact_moved_sum(values, place, n, eta, weights, w0, step):
    """As `moved_log_prob`, in float64."""
    result = 0.0
    for j in range(n):
        x = float64(values[place + j])
        if x == x:
            mean = rate(eta[place + j] + step * weights[w0 + j])
            result += x * math.log(mean) - mean
    return result


@borrowing_routine
def moved_log_prob(values, place, n, eta, weights, w0, step):
    """Log-probability of counts, without log x!, under the inputs ``eta + step * weights``."""
    result = 0.0
    linear, largest = fill(_ZERO), fill(_LOWEST)
    for j in range(0, n, LANES):
        count = min(n - j, LANES)
        x, w = load_first(values, place + j, count), load_first(weights, w0 + j, count)
        a = multiply_add(step, w, load_first(eta, place + j, count))
        a = minimum(maximum(a, _LOWEST), HIGHEST)
        lost = select(first(count), exp(a), _ZERO)
        linear += select(x < _BEYOND, x * a - lost, _ZERO)
        largest = maximum(largest, a)
        if (j + LANES) % _SEGMENT == 0:
            result += total(linear)
            linear = fill(_ZERO)
    if total(select(largest < _ACCURATE, _ZERO, fill(np.float32(1)))) > 0:
        return _exact_moved_sum(values, place, n, eta, weights, w0, step)
    return result + total(linear)


@kernel(reads(float32, 2), writes(float64, 1))
def poisson_constants(values, out):
    """Write ``- sum_j log x_j!`` of each row."""
    n_units, flat = values.shape[1], values.reshape(-1)
    for i in range(values.shape[0]):
        out[i] = -_log_factorials(flat, i * n_units, n_units)


def log_constants(values):
    """Terms of each row's log-probability that `moved_log_prob` leaves out, float64, nats."""
    out = np.empty(len(values))
    poisson_constants(values, out)
    return out


# Mean field: parents are on with probabilities m, so that the expected rate is a product over them.


@borrowing_routine
def expect(present, means, base, growth, children, rates):
    """Write the expected rates, ``exp(base) prod_u (1 - m_u + m_u exp(w_u))``."""
    n_features = rates.shape[0]
    for i in range(n_features):
        rates[i] = math.exp(base[i])
    for u in range(n_features, means.shape[0]):
        start, w0, n = children[u, 1, 0], children[u, 1, 1], children[u, 1, 2]
        if start < n_features:
            for k in range(n):
                rates[start + k] *= 1 - means[u] + means[u] * growth[w0 + k]


@borrowing_routine
def expected_log_prob(values, present, expected, rates):
    """Expected log-probability of all counts that are present, nats."""
    result = 0.0
    for i in range(rates.shape[0]):
        if present[i]:
            result += values[i] * expected[i] - rates[i] - log_factorial(float64(values[i]))
    return result


@borrowing_routine
def pull(m, values, present, rates, weights, growth, start, w0, n):
    """Log-odds that a unit gets from its children; m : the probability that it is on."""
    slope = 0.0
    for k in range(n):
        i, g = start + k, growth[w0 + k]
        if present[i]:
            slope += values[i] * weights[w0 + k] - rates[i] * (g - 1) / (1 - m + m * g)
    return slope


@borrowing_routine
def follow(m, moved, rates, growth, start, w0, n):
    """Keep the expected rates up to date where a unit goes from m to ``moved``."""
    for k in range(n):
        g = growth[w0 + k]
        rates[start + k] *= (1 - moved + moved * g) / (1 - m + m * g)


@borrowing_routine
def write_errors(values, present, rates, errors):
    """Write the derivatives of the expected log-probability by the intercepts."""
    for i in range(values.shape[0]):
        errors[i] = values[i] - rates[i] if present[i] else 0.0


@borrowing_routine
def add_slopes(m, values, present, rates, growth, start, w0, n, slopes):
    """Add the derivatives by the weights of a unit that is on with probability m."""
    for k in range(n):
        i, g = start + k, growth[w0 + k]
        if present[i]:
            slopes[w0 + k] += present[i] * m * (values[i] - rates[i] * g / (1 - m + m * g))


# Enumeration


@kernel(reads(float64, 2), reads(float64, 2), reads(float64, 2), writes(float64, 2))
def poisson_table(values, shifts, eta, out):
    """Log-probability, nats, of each row of values under each column of eta plus its shifts.

    values, shifts : (n_rows, n_units), the latter of one row if they are the same for all; eta :
    (n_units, n_states); out : (n_rows, n_states).
    """
    n_units, n_states = eta.shape
    for r in range(values.shape[0]):
        target, shift = out[r], shifts[r % shifts.shape[0]]
        target[:] = 0.0
        for j in range(n_units):
            x = values[r, j]
            if x == x:
                constant = log_factorial(x)
                for s in range(n_states):
                    mean = rate(eta[j, s] + shift[j])
                    target[s] += x * math.log(mean) - mean - constant
