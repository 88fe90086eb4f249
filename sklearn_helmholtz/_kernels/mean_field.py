"""Fully factorised approximations of p(h | x) in a belief net, and the bound that they make.

All units are numbered from the first of the data to the last of the top layer. Those that are not
known are *free*: the hidden ones and, where units depend on those before them in their layer, what
is missing of the data. Free unit u is on with probability m_u, independently of all others. Then
unit i, known or free, adds to a lower bound of log p(x)

    m_i E[eta_i] - xi_i E[eta_i] - log(A_i + B_i),
    A_i = E[exp(-xi_i eta_i)],  B_i = E[exp((1 - xi_i) eta_i)],

for any xi_i in [0, 1], and a free unit also its entropy (Saul, Jaakkola & Jordan 1996, eq. 20).
A_i and B_i are products over the parents of i: f is short for ``exp(-xi_i w)`` or ``exp((1 - xi_i)
w)``, and ``q = 1 + m (f - 1)`` for its expectation. Gaussian data need no xi.

Everything is float64: a bound that only rises can be told from one that does not.
"""

import math

import numpy as np
from numba import float32, float64, int64

from .kernel import helper, kernel, reads, routine, writes

_FACTORS = 4  # of a product whose logarithm is taken: with weights below 150 none is out of range
_EDGE = 1e-12  # no unit is surer than this
_TRIALS = 40  # halvings of a step of xi


@helper
def _count_connections(sizes):
    count = 0
    for layer in range(1, sizes.shape[0]):
        count += sizes[layer] * sizes[layer - 1]
    return count


@helper
def _make_children(sizes, ordered, children):
    """Of each unit: the first of its children, where their weights start, and how many they are.

    In the layer below, and in its own layer if those are ``ordered``: (n_units, 2, 3).
    """
    place, weight, lateral, below = 0, 0, _count_connections(sizes), 0
    for layer in range(sizes.shape[0]):
        n = sizes[layer]
        for i in range(n):
            others, own = children[place + i, 0], children[place + i, 1]
            others[0], others[1], others[2] = place - below, weight + i * below, below
            own[0], own[1] = place + i + 1, lateral + i * n + i + 1
            own[2] = n - i - 1 if ordered else 0
        if ordered:
            lateral += n * n
        weight += n * below
        place, below = place + n, n


@routine
def _known_inputs(intercepts, weights, children, values, free, base):
    """What is known of the inputs of all units: intercepts, and known values of units before."""
    for i in range(base.shape[0]):
        base[i] = intercepts[i]
    for u in range(values.shape[0]):
        start, w0, n = children[u, 1, 0], children[u, 1, 1], children[u, 1, 2]
        if not free[u] and values[u] != 0 and values[u] == values[u]:
            for k in range(n):
                base[start + k] += values[u] * weights[w0 + k]


@routine
def _expected_inputs(base, weights, children, free, means, expected):
    """``E[eta]`` of all units."""
    for i in range(base.shape[0]):
        expected[i] = base[i]
    for u in range(base.shape[0]):
        if free[u]:
            for kind in range(2):
                start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
                for k in range(n):
                    expected[start + k] += means[u] * weights[w0 + k]


@routine
def _tilt(n_real, base, weights, growth, children, free, means, xi, factors, products, tilted):
    """Log A and log B of all units but the Gaussian ones, and inputs under the tilted parents.

    n_real : Gaussian units, which come first; growth : exp of the weights; factors : (2, n_weights)
    ``f - 1`` of A and B, written; products : (2, n_units), room; tilted : (2, 3, n_units), written:
    the logarithm, and the mean and variance of eta where the parents are weighted by f.
    """
    n_units = base.shape[0]
    for i in range(n_real, n_units):
        for side in range(2):
            tilted[side, 0, i] = (side - xi[i]) * base[i]
            tilted[side, 1, i] = base[i]
            tilted[side, 2, i] = 0
            products[side, i] = 1
    count = 0
    for u in range(n_units):
        if not free[u]:
            continue
        m = means[u]
        for kind in range(2):
            start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
            skipped = min(max(n_real - start, 0), n)
            for k in range(skipped, n):
                i, w = start + k, float64(weights[w0 + k])
                f = math.exp(-xi[i] * w)
                factors[0, w0 + k] = f - 1
                factors[1, w0 + k] = f * growth[w0 + k] - 1
            for side in range(2):
                for k in range(skipped, n):
                    i, w, g = start + k, float64(weights[w0 + k]), factors[side, w0 + k]
                    q = 1 + m * g
                    p = m * (1 + g) / q
                    products[side, i] *= q
                    tilted[side, 1, i] += w * p
                    tilted[side, 2, i] += w * w * p * (1 - p)
        count += 1
        if count % _FACTORS == 0:
            _take_logarithms(n_real, products, tilted)
    _take_logarithms(n_real, products, tilted)


@helper
def _take_logarithms(n_real, products, tilted):
    for side in range(2):
        for i in range(n_real, products.shape[1]):
            tilted[side, 0, i] += math.log(products[side, i])
            products[side, i] = 1


@helper
def _log_sum(a, b):
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


@helper
def _cost(xi, expected, tilted, i):
    """``xi E[eta] + log(A + B)``, an upper bound of the expected softplus of eta."""
    return xi[i] * expected[i] + _log_sum(tilted[0, 0, i], tilted[1, 0, i])


@helper
def _share(tilted, i):
    """``A / (A + B)``: 1 minus the expected state that the bound sees in a unit."""
    return 1 / (1 + math.exp(min(tilted[1, 0, i] - tilted[0, 0, i], 700.0)))


@routine
def _entropy(m):
    result = 0.0
    if m > 0:
        result -= m * math.log(m)
    if m < 1:
        result -= (1 - m) * math.log1p(-m)
    return result


@routine
def _bound(present, free, means, expected, xi, tilted, precision, values, residual):
    """The lower bound of log p(x), nats.

    residual : (n_features,), the expected square of x - eta of Gaussian data.
    """
    result, n_real = 0.0, precision.shape[0]
    for i in range(n_real):
        if present[i]:
            result -= 0.5 * (precision[i] * residual[i] - math.log(precision[i] / (2 * math.pi)))
    for i in range(n_real, present.shape[0]):
        if present[i]:
            result += means[i] * expected[i] - _cost(xi, expected, tilted, i)
        if free[i]:
            result += _entropy(means[i])
    return result


@routine
def _residuals(present, free, means, expected, weights, children, values, n_real, residual):
    """Expected squares of x - eta of Gaussian data; 0 where they are missing."""
    for i in range(n_real):
        residual[i] = (values[i] - expected[i]) ** 2 if present[i] else 0.0
    for u in range(n_real, free.shape[0]):
        start, w0, n = children[u, 0, 0], children[u, 0, 1], children[u, 0, 2]
        if start < n_real:
            spread = means[u] * (1 - means[u])
            for k in range(n):
                if present[start + k]:
                    residual[start + k] += spread * weights[w0 + k] ** 2


@routine
def _newton(n_real, xi, expected, tilted, cost, trial):
    """A step of Newton's method for every xi; the cost is convex in it, and lowest in [0, 1]."""
    for i in range(n_real, xi.shape[0]):
        cost[i] = _cost(xi, expected, tilted, i)
        r = _share(tilted, i)
        low, high = tilted[0, 1, i], tilted[1, 1, i]
        mean = r * low + (1 - r) * high
        curvature = (
            r * tilted[0, 2, i] + (1 - r) * tilted[1, 2, i] + r * (1 - r) * (high - low) ** 2
        )
        slope = expected[i] - mean
        step = slope / curvature if curvature > abs(slope) else math.copysign(1.0, slope)
        trial[i] = min(max(xi[i] - step, 0.0), 1.0) if slope != 0 else xi[i]


@routine
def _retreat(n_real, xi, expected, tilted, cost, trial):
    """Halve the steps of those xi whose cost has risen; how many they are."""
    count = 0
    for i in range(n_real, xi.shape[0]):
        if not _cost(trial, expected, tilted, i) <= cost[i] + 1e-13 * abs(cost[i]):
            trial[i] = 0.5 * (trial[i] + xi[i])
            count += 1
    return count


@routine
def _move_units(
    values, present, free, means, expected, xi, weights, children, precision, factors, ratio
):  # fmt: skip
    """Move each free unit to where the bound is no lower, all others staying as they are.

    The bound is a linear function of m_u, its entropy, and minus the logarithms of linear
    functions, which lie above their tangents: what the tangents make of the bound is highest at a
    sigmoid, and there the bound itself has risen. ratio : A / B of all units, kept up to date.
    """
    n_real = precision.shape[0]
    for u in range(free.shape[0]):
        if not free[u]:
            continue
        m, field = means[u], expected[u]
        for kind in range(2):
            start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
            skipped = min(max(n_real - start, 0), n)
            for k in range(skipped):
                i, w = start + k, float64(weights[w0 + k])
                if present[i]:
                    field += precision[i] * w * (values[i] - expected[i] + w * (m - 0.5))
            for k in range(skipped, n):
                i, e = start + k, w0 + k
                r = 1 / (1 + 1 / ratio[i])
                g, h = factors[0, e], factors[1, e]
                pull = r * g / (1 + m * g) + (1 - r) * h / (1 + m * h)
                field += present[i] * ((means[i] - xi[i]) * weights[e] - pull)
        moved = min(max(1 / (1 + math.exp(-min(max(field, -700.0), 700.0))), _EDGE), 1 - _EDGE)
        means[u] = moved
        for kind in range(2):
            start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
            skipped = min(max(n_real - start, 0), n)
            for k in range(n):
                expected[start + k] += (moved - m) * weights[w0 + k]
            for k in range(skipped, n):
                g, h = factors[0, w0 + k], factors[1, w0 + k]
                change = (1 + moved * g) * (1 + m * h) / ((1 + m * g) * (1 + moved * h))
                ratio[start + k] *= change


@kernel(
    reads(float32, 2), reads(int64, 1), reads(float32, 1), reads(float32, 1), reads(float32, 1),
    int64, float64, writes(float64, 2), writes(float64, 2), writes(float64, 1), writes(int64, 1),
)  # fmt: skip
def mean_field(
    values, sizes, weights, intercepts, precision, most_sweeps, tol, means, xi, bounds, n_sweeps
):  # fmt: skip
    """Raise the bound of each row unit by unit, until a sweep gains less than ``tol`` nats.

    values : (n_rows, n_features), NaN where missing; sizes : units of each layer from the data
    upward; weights : of layers 1, 2, ..., each (n_units, n_units below), one after the other, then
    the lateral ones (n_units, n_units) of all layers, or none; intercepts : of all layers;
    precision : (n_features,) of Gaussian data, or (0,); means, xi : (n_rows, n_units), where to
    start, written, those of known data by what they are known to be; bounds : (n_rows,), nats;
    n_sweeps : (n_rows,).

    Each step, of a unit or of all xi, leaves the bound at least as high as it was.
    """
    n_units, n_features, n_real = intercepts.shape[0], sizes[0], precision.shape[0]
    ordered = weights.shape[0] > _count_connections(sizes)
    children = np.zeros((n_units, 2, 3), np.int64)
    _make_children(sizes, ordered, children)
    growth = np.exp(weights.astype(np.float64))
    factors, products = np.zeros((2, weights.shape[0])), np.ones((2, n_units))
    tilted, cost = np.zeros((2, 3, n_units)), np.empty(n_units)
    base, expected = np.empty(n_units), np.empty(n_units)
    ratio, trial = np.empty(n_units), np.empty(n_units)
    residual = np.zeros(n_real)
    present, free = np.ones(n_units, np.bool_), np.ones(n_units, np.bool_)
    for row in range(values.shape[0]):
        x, m, s = values[row], means[row], xi[row]
        for i in range(n_features):
            known = x[i] == x[i]
            free[i], present[i] = ordered and not known, ordered or known
            if not free[i]:
                m[i] = x[i] if known else 0.0
        _known_inputs(intercepts, weights, children, x, free, base)
        before, sweep = -np.inf, 0
        while True:
            _expected_inputs(base, weights, children, free, m, expected)
            _tilt(n_real, base, weights, growth, children, free, m, s, factors, products, tilted)
            _residuals(present, free, m, expected, weights, children, x, n_real, residual)
            bounds[row] = _bound(present, free, m, expected, s, tilted, precision, x, residual)
            if sweep == most_sweeps or not bounds[row] > before + tol:
                break
            before = bounds[row]
            _newton(n_real, s, expected, tilted, cost, trial)
            for _ in range(_TRIALS):
                _tilt(
                    n_real, base, weights, growth, children, free, m, trial, factors, products,
                    tilted,
                )  # fmt: skip
                if _retreat(n_real, s, expected, tilted, cost, trial) == 0:
                    break
            for i in range(n_real, n_units):
                s[i] = trial[i]
                ratio[i] = math.exp(min(max(tilted[0, 0, i] - tilted[1, 0, i], -600.0), 600.0))
            _move_units(
                x, present, free, m, expected, s, weights, children, precision, factors, ratio
            )
            sweep += 1
        n_sweeps[row] = sweep


@kernel(
    reads(float32, 2), reads(int64, 1), reads(float32, 1), reads(float32, 1), reads(float32, 1),
    reads(float64, 2), reads(float64, 2), writes(float64, 1), writes(float64, 1),
    writes(float64, 2),
)  # fmt: skip
def mean_field_gradient(
    values, sizes, weights, intercepts, precision, means, xi, weight_slopes, intercept_slopes,
    residuals,
):  # fmt: skip
    """Add the derivatives of the bounds of all rows by the parameters, with m and xi as they are.

    As for `mean_field`; weight_slopes, intercept_slopes : as the weights and intercepts, added to;
    residuals : (n_rows, n_features), written, the expected squares of x - eta of Gaussian data.
    """
    n_units, n_features, n_real = intercepts.shape[0], sizes[0], precision.shape[0]
    ordered = weights.shape[0] > _count_connections(sizes)
    children = np.zeros((n_units, 2, 3), np.int64)
    _make_children(sizes, ordered, children)
    growth = np.exp(weights.astype(np.float64))
    factors, products = np.zeros((2, weights.shape[0])), np.ones((2, n_units))
    tilted, error = np.zeros((2, 3, n_units)), np.empty(n_units)
    base, expected, share = np.empty(n_units), np.empty(n_units), np.empty(n_units)
    present, free = np.ones(n_units, np.bool_), np.ones(n_units, np.bool_)
    for row in range(values.shape[0]):
        x, m, s = values[row], means[row], xi[row]
        for i in range(n_features):
            known = x[i] == x[i]
            free[i], present[i] = ordered and not known, ordered or known
        _known_inputs(intercepts, weights, children, x, free, base)
        _expected_inputs(base, weights, children, free, m, expected)
        _tilt(n_real, base, weights, growth, children, free, m, s, factors, products, tilted)
        _residuals(present, free, m, expected, weights, children, x, n_real, residuals[row])
        for i in range(n_units):
            if i < n_real:
                error[i] = precision[i] * (x[i] - expected[i]) if present[i] else 0.0
            else:
                share[i] = _share(tilted, i)
                error[i] = present[i] * (m[i] - 1 + share[i])
            intercept_slopes[i] += error[i]
        for u in range(n_units):
            for kind in range(2):
                start, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
                skipped = min(max(n_real - start, 0), n)
                if not free[u]:
                    for k in range(n):
                        weight_slopes[w0 + k] += m[u] * error[start + k]
                    continue
                for k in range(skipped):
                    i, w = start + k, float64(weights[w0 + k])
                    spread = present[i] * precision[i] * m[u] * (1 - m[u])
                    weight_slopes[w0 + k] += m[u] * error[i] - w * spread
                for k in range(skipped, n):
                    i, g, h = start + k, factors[0, w0 + k], factors[1, w0 + k]
                    low = share[i] * s[i] * (1 + g) / (1 + m[u] * g)
                    high = (1 - share[i]) * (1 - s[i]) * (1 + h) / (1 + m[u] * h)
                    weight_slopes[w0 + k] += present[i] * m[u] * (m[i] - s[i] + low - high)
