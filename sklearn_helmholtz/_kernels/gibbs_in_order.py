"""Gibbs sampling as in `gibbs`, where the units of a layer depend on those before them.

A unit is then a parent of later units of its own layer as well as of the layer below, and a
missing value of the data is a parent of later data: it is drawn along with the hidden units. What
is observed is tempered, what is missing is not.

All units are numbered from the first of the data to the last of the top layer. What chains change,
hidden units and missing data, is *free*; arrays of values hold NaN for the others.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .arithmetic import select, total
from .copying import copy_row
from .free_units import make_children
from .gibbs import BEYOND, add_row, fires, moved_bernoulli, moved_gaussian
from .kernel import helper, kernel, reads, routine, writes
from .lanes import LANES, load_first
from .random import UNITS, uniform_row

_ZERO, _ONE, _TWO = (np.float32(x) for x in (0, 1, 2))
_TWO_PI = np.float32(2 * math.pi)


@helper
def _make_children(sizes, children):
    """As `make_children`, where children of a layer begin with the lanes of the unit itself.

    Of the units in these lanes, those that are not its children have weights of zero.
    """
    make_children(sizes, True, children)
    place = 0
    for layer in range(sizes.shape[0]):
        for i in range(sizes[layer]):
            own, more = children[place + i, 0], i % LANES + 1
            own[0], own[1], own[2] = own[0] - more, own[1] - more, own[2] + more
        place += sizes[layer]


@routine
def _pass_on(value, children, weights, eta):
    """Add what a value makes of the inputs of its children, of both kinds."""
    for kind in range(2):
        place, w0, n = children[kind, 0], children[kind, 1], children[kind, 2]
        add_row(weights, w0, value, eta, place, n)


@helper
def _log_prob(values, children, weights, step, eta, precision):
    """Log-probability of children under their inputs, moved by a row of weights."""
    place, w0, n = children[0], children[1], children[2]
    if place < precision.shape[0]:
        return moved_gaussian(values, place, eta, place, weights, w0, step, precision, n)
    return moved_bernoulli(values, place, eta, place, weights, w0, step, n)


@routine
def _log_target(seen, free, last_free, temperature, children, weights, step, eta, precision):
    """As `_log_prob`, of all values, where those that are observed are tempered.

    last_free : the last value of the data that is missing, or -1.
    """
    result, n_features = 0.0, seen.shape[0]
    if children[0] < n_features:
        result = temperature * _log_prob(seen, children, weights, step, eta, precision)
    if children[0] >= n_features or children[0] <= last_free:
        result += _log_prob(free, children, weights, step, eta, precision)
    return result


@routine
def _derivatives(values, children, weights, eta, precision):
    """Of `moved_gaussian` by the step, at zero: the first, and minus the second."""
    slope, curvature = 0.0, 0.0
    for j in range(0, children[2], LANES):
        place, n = children[0] + j, min(children[2] - j, LANES)
        x, w = load_first(values, place, n), load_first(weights, children[1] + j, n)
        scaled, known = w * load_first(precision, place, n), x < BEYOND
        difference = x - load_first(eta, place, n)
        slope += total(select(known, scaled * difference, _ZERO))
        curvature += total(select(known, scaled * w, _ZERO))
    return slope, curvature


@routine
def _gaussian_step(
    u, children, seen, free, temperature, weights, eta, precision, uniform, angle
):  # fmt: skip
    """The way from a missing Gaussian value to a draw given all others, by Box & Muller (1958)."""
    slope, curvature = _derivatives(seen, children, weights, eta, precision)
    free_slope, free_curvature = _derivatives(free, children, weights, eta, precision)
    slope = temperature * slope + free_slope - (free[u] - eta[u]) * precision[u]
    curvature = temperature * curvature + free_curvature + precision[u]
    normal = math.sqrt(-2.0 * math.log(uniform)) * math.cos(_TWO_PI * angle)
    return float32(slope / curvature + normal / math.sqrt(curvature))


@routine
def _sweep(
    direction, children, seen, free, last_free, temperature, weights, eta, precision, uniforms
):  # fmt: skip
    """Draw each free unit given all others, in order.

    The log-probability of its children of each kind as they are is ``kept`` from the unit before,
    which has the same children, or is one of them itself.
    """
    n_features, n_units = seen.shape[0], free.shape[0]
    first, kept, moved = np.full(2, -2), np.zeros(2), np.zeros(2)
    for k in range(n_units):
        u = k if direction > 0 else n_units - 1 - k
        if free[u] != free[u]:
            continue
        step, uniform = _ZERO, uniforms[(u if u >= n_features else u + n_units) - n_features]
        if u < precision.shape[0]:
            step = _gaussian_step(
                u, children[u, 0], seen, free, temperature, weights, eta, precision, uniform,
                uniforms[n_units + u],
            )  # fmt: skip
        else:
            flip, log_odds = _ONE - _TWO * free[u], float64(eta[u])
            for kind in range(2):
                group = children[u, kind]
                if group[0] != first[kind]:
                    first[kind] = group[0]
                    kept[kind] = _log_target(
                        seen, free, last_free, temperature, group, weights, _ZERO, eta, precision
                    )
                moved[kind] = _log_target(
                    seen, free, last_free, temperature, group, weights, flip, eta, precision
                )
                log_odds += flip * (moved[kind] - kept[kind])
            if fires(log_odds, uniform) != (free[u] != _ZERO):
                kept[0], kept[1] = moved[0] + flip * eta[u], moved[1]
                step = flip
        if step != _ZERO:
            free[u] += step
            _pass_on(step, children[u], weights, eta)


@helper
def _make_base(seen, children, weights, intercepts, base):
    """Inputs of all units but for what free ones add to them."""
    for j in range(base.shape[0]):
        base[j] = intercepts[j]
    for i in range(seen.shape[0]):
        if seen[i] == seen[i] and seen[i] != _ZERO:
            _pass_on(seen[i], children[i], weights, base)


@helper
def _make_inputs(base, free, children, weights, eta):
    """Inputs of all units."""
    for j in range(base.shape[0]):
        eta[j] = base[j]
    for u in range(free.shape[0]):
        if free[u] == free[u] and free[u] != _ZERO:
            _pass_on(free[u], children[u], weights, eta)


@helper
def _load(seen, completed, states, chain, free):
    """Fill in the free units of a chain; returns the last missing value of the data, or -1."""
    n_features, last_free = seen.shape[0], -1
    for i in range(n_features):
        free[i] = np.nan
        if seen[i] != seen[i]:
            free[i], last_free = completed[chain, i], i
    for i in range(states.shape[1]):
        free[n_features + i] = states[chain, i]
    return last_free


@helper
def _save(free, seen, completed, states, chain):
    """The inverse of `_load`."""
    n_features = seen.shape[0]
    for i in range(n_features):
        if seen[i] != seen[i]:
            completed[chain, i] = free[i]
    for i in range(states.shape[1]):
        states[chain, i] = free[n_features + i] != _ZERO


@kernel(
    reads(float32, 2), reads(int64, 1), reads(float32, 1), reads(float32, 1), reads(float32, 1),
    reads(float64, 1), reads(float64, 1), int64, reads(uint32, 1), reads(uint64, 1),
    reads(int64, 1), writes(uint8, 2), writes(float64, 1), writes(float32, 2),
)  # fmt: skip
def gibbs_sweeps_in_order(
    values, sizes, weights, intercepts, precision, gaps, temperatures, direction, key, addresses,
    numbers, states, log_weights, completed,
):  # fmt: skip
    """As `gibbs.gibbs_sweeps`, where units depend on those of their layer before them.

    Before sweep t, ``gaps[t] * log p(observed | missing, h)`` is added to the log-weight of a
    chain: the log-probability of each observed value given all before it. The sweep leaves
    ``p(h) p(missing | h) p(observed | missing, h)^temperatures[t]`` invariant, where both products
    are taken in the order of the data. Missing values are the first units of an upward sweep.

    weights : as there, followed by the lateral ones of all layers, each (n_units, n_units) and
    strictly upper triangular; completed : (n_chains, n_features), what is missing of the data of
    each chain in its place, or (0, n_features) where nothing is. Of the numbers of a sweep hidden
    units take the first, then come the data, and the data once more if they are Gaussian.
    """
    n_features, n_units, n_chains = sizes[0], intercepts.shape[0], states.shape[0]
    share = n_chains // values.shape[0]
    children = np.empty((n_units, 2, 3), np.int64)
    _make_children(sizes, children)
    all_seen = np.array([0, 0, n_features])
    seen, free = np.empty(n_features, np.float32), np.empty(n_units, np.float32)
    base, eta = np.empty(n_units, np.float32), np.empty(n_units, np.float32)
    uniforms = np.empty(UNITS * -(-(n_units + n_features) // UNITS), np.float32)
    word = uint32(0)
    for chain in range(n_chains):
        row = chain // share
        if chain % share == 0:
            copy_row(values[row], seen)
            _make_base(seen, children, weights, intercepts, base)
        last_free = _load(seen, completed, states, chain, free)
        n_numbers = uniforms.shape[0] if last_free >= 0 else states.shape[1]
        drawn = uniforms[: UNITS * -(-n_numbers // UNITS)]
        for t in range(gaps.shape[0]):
            _make_inputs(base, free, children, weights, eta)
            log_prob = _log_prob(seen, all_seen, weights, _ZERO, eta, precision)
            log_weights[chain] += gaps[t] * log_prob
            uniform_row(key, addresses[row], numbers[chain] + t, word, drawn)
            _sweep(
                direction, children, seen, free, last_free, temperatures[t], weights, eta,
                precision, uniforms,
            )  # fmt: skip
        _save(free, seen, completed, states, chain)
