"""Single-site Gibbs sampling of the hidden units of a generative net, at any inverse temperature.

Given everything else, hidden unit i fires with log-odds ``eta_i + log p(children | on) -
log p(children | off)``. In an autoregressive net later units of its own layer are its children as
well as those of the layer below, and a missing value of the data is a parent of later data: it is
drawn along with the hidden units. What is observed is tempered, what is missing is not.

Mixed data have values that are not numbered like their inputs. They are never free: of each row
there are *shifts*, what its values add to its own inputs, in the place of lateral weights.

Units are numbered and *free* as in `free_units`; arrays of values hold NaN for the others. Inputs
eta of all units are kept up to date from flip to flip, and made anew before every sweep, so that
rounding errors do not pile up.
"""

import numpy as np
from numba import float32, float64, int64, uint8, uint32, uint64

from .borrowing import borrowing_routine
from .copying import copy_row
from .families import is_binary, moved_log_prob, n_uniforms, shown, step_of_missing
from .flat_bernoulli import fires
from .flat_bernoulli import moved_log_prob as moved_bernoulli
from .free_units import count_connections, make_children, pass_on
from .kernel import helper, kernel, reads, writes
from .lanes import LANES
from .random import UNITS, uniform_row
from .weight_rows import add_row

_ZERO, _ONE, _TWO = (np.float32(x) for x in (0, 1, 2))
_NOWHERE = -2  # no group of children begins there


@helper
def _widen_to_lanes(sizes, lowest, children):
    """Let children of a unit's own layer begin with the lanes of the unit itself.

    Of the units in these lanes, those that are not its children have weights of zero: sixteen
    neighbours share one group of children. lowest : as of `make_children`.
    """
    place = 0
    for layer in range(sizes.shape[0]):
        for i in range(sizes[layer] if layer >= lowest else 0):
            own, more = children[place + i, 0], i % LANES + 1
            own[0], own[1], own[2] = own[0] - more, own[1] - more, own[2] + more
        place += sizes[layer]


@borrowing_routine
def _log_target(
    family, parameters, n_features, seen, free, last_free, beta, place, n, weights, w0, step, eta
):  # fmt: skip
    """Log-probability of a group of children under inputs moved by a row of weights.

    Of the data, what is observed counts beta times. last_free : the last value of the data that is
    missing, or -1.
    """
    if place >= n_features:
        return moved_bernoulli(free, place, n, eta, weights, w0, step)
    result = beta * moved_log_prob(family, parameters, seen, place, n, eta, weights, w0, step)
    if place <= last_free:
        result += moved_log_prob(family, parameters, free, place, n, eta, weights, w0, step)
    return result


@borrowing_routine
def _sweep(
    direction, family, parameters, n_features, children, weights, beta, log_prob, last_free, seen,
    free, eta, uniforms, places, kept, moved,
):  # fmt: skip
    """Draw each free unit given all others, one after the other.

    log_prob : of what is observed; uniforms : those of hidden units, then of the data, unit by
    unit as often as their family wants. The other three are room, (2,), for what is known of the
    children of both kinds: where they begin, and their log-probability as they are, which is
    ``kept`` from the unit before, which has the same children or is one of them itself, and if a
    unit ``moved``.
    """
    n_units = free.shape[0]
    n_hidden = n_units - n_features
    places[0], places[1] = _NOWHERE, _NOWHERE
    for k in range(n_units):
        u = k if direction > 0 else n_units - 1 - k
        if free[u] != free[u]:
            continue
        number = u - n_features if u >= n_features else u + n_hidden
        if u < n_features and not is_binary(family):
            step = step_of_missing(
                family, parameters, u, children[u, 0], seen, free, beta, weights, eta, uniforms,
                number, n_features,
            )  # fmt: skip
        else:
            step, log_odds = _ONE - _TWO * free[u], float64(eta[u])
            for kind in range(2):
                place, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
                if n == 0:
                    continue
                if place != places[kind]:
                    places[kind] = place
                    if place == 0 and last_free < 0:
                        kept[kind] = beta * log_prob
                    else:
                        kept[kind] = _log_target(
                            family, parameters, n_features, seen, free, last_free, beta, place, n,
                            weights, w0, _ZERO, eta,
                        )  # fmt: skip
                moved[kind] = _log_target(
                    family, parameters, n_features, seen, free, last_free, beta, place, n, weights,
                    w0, step, eta,
                )  # fmt: skip
                log_odds += step * (moved[kind] - kept[kind])
            if fires(log_odds, uniforms[number]) != (free[u] != _ZERO):
                kept[0], kept[1] = moved[0] + step * eta[u], moved[1]
            else:
                step = _ZERO
        if step != _ZERO:
            free[u] += step
            pass_on(step, children, u, weights, eta)


@borrowing_routine
def _make_base(family, n_parents, seen, children, weights, intercepts, base):
    """Inputs of all units but for what free ones add to them; n_parents : units among the data."""
    copy_row(intercepts, base)
    for i in range(n_parents):
        if seen[i] == seen[i] and seen[i] != _ZERO:
            pass_on(shown(family, seen[i]), children, i, weights, base)


@borrowing_routine
def _make_inputs(base, free, children, weights, eta):
    """Inputs of all units."""
    copy_row(base, eta)
    for u in range(free.shape[0]):
        if free[u] == free[u] and free[u] != _ZERO:
            pass_on(free[u], children, u, weights, eta)


@helper
def _load(seen, completed, states, chain, free):
    """Fill in the free units of a chain; returns the last missing value of the data, or -1."""
    n_features, last_free = free.shape[0] - states.shape[1], -1
    for i in range(n_features):
        free[i] = np.nan
        if completed.shape[0] > 0 and seen[i] != seen[i]:
            free[i], last_free = completed[chain, i], i
    for i in range(states.shape[1]):
        free[n_features + i] = states[chain, i]
    return last_free


@helper
def _save(free, seen, completed, states, chain):
    """The inverse of `_load`."""
    n_features = free.shape[0] - states.shape[1]
    for i in range(n_features):
        if completed.shape[0] > 0 and seen[i] != seen[i]:
            completed[chain, i] = free[i]
    for i in range(states.shape[1]):
        states[chain, i] = free[n_features + i] != _ZERO


@kernel(
    int64, reads(float32, "_"), reads(float32, "n/_ _"), reads(float32, "_ _"), reads(int64, "_"),
    reads(float32, "_"), reads(float32, "_"), reads(float64, "t"), reads(float64, "t"), int64,
    reads(uint32, "2"), reads(uint64, "n/_"), reads(int64, "n"), writes(float32, "_ _"),
    writes(uint8, "n _"), writes(float64, "n"),
)  # fmt: skip
def gibbs_sweeps(
    family, parameters, values, shifts, sizes, weights, intercepts, increments, betas, direction,
    key, addresses, numbers, completed, states, log_weights,
):  # fmt: skip
    """Move chains by sweeps over all free units; weigh them as in annealed importance sampling.

    Before sweep t, ``increments[t] * log p(observed | missing, h)`` is added to the log-weight of a
    chain, without the constants of the family; the sweep leaves ``p(h) p(missing | h) p(observed |
    missing, h)^betas[t]`` invariant. In an autoregressive net both products are taken in the order
    of the data; in others nothing is free but h, and what is missing is left out. A sweep goes
    through the units from the data upward if ``direction`` is 1; if it is -1 the other way round,
    which is the reversal of the same sweep.

    family, parameters : of the data, see `families`; values : (n_rows, n_features), or as wide as
    the family has them, NaN where missing; shifts : (n_rows, n_features), added to the inputs of
    the data, or no rows; sizes : units of each layer from the data upward, of the data their
    inputs; weights : of layers 1, 2, ..., each (n_units, n_units below), one after the other, then
    if the net is autoregressive the lateral ones of all layers, or where there are shifts of the
    hidden ones, each (n_units, n_units) and strictly upper triangular; intercepts : of all layers;
    increments, betas : (n_sweeps,); key : (2,); addresses : (n_rows,); numbers : (n_chains,), of
    the first sweep of each chain among all sweeps of the row.

    completed : (n_chains, n_features), what is missing of the data of each chain in its place, or
    (0, n_features) where it is left out or nothing is; states : (n_chains, n_hidden), the layers
    side by side; log_weights : (n_chains,). Chains of a row are neighbours. Uniform numbers of a
    sweep : see `_sweep`.
    """
    n_features, n_units, n_chains = sizes[0], intercepts.shape[0], states.shape[0]
    share = n_chains // values.shape[0]
    children = np.empty((n_units, 2, 3), np.int64)
    is_shifted, lowest = shifts.shape[0] > 0, sizes.shape[0]
    if weights.shape[0] > count_connections(sizes):
        lowest = 1 if is_shifted else 0
    make_children(sizes, lowest, children)
    _widen_to_lanes(sizes, lowest, children)
    n_parents = n_features if lowest == 0 else 0
    seen, free = np.empty(values.shape[1], np.float32), np.empty(n_units, np.float32)
    base, eta = np.empty(n_units, np.float32), np.empty(n_units, np.float32)
    n_numbers = states.shape[1] + (n_uniforms(family) * n_features if completed.shape[0] else 0)
    uniforms = np.empty(UNITS * -(-n_numbers // UNITS), np.float32)
    places, kept, moved = np.empty(2, np.int64), np.empty(2), np.empty(2)
    word = uint32(0)
    for chain in range(n_chains):
        row = chain // share
        if chain % share == 0:
            copy_row(values[row], seen)
            _make_base(family, n_parents, seen, children, weights, intercepts, base)
            if is_shifted:
                add_row(_ONE, shifts.reshape(-1), row * n_features, base, 0, 0, n_features)
        last_free = _load(seen, completed, states, chain, free)
        n_numbers = uniforms.shape[0] if last_free >= 0 else states.shape[1]
        drawn = uniforms[: UNITS * -(-n_numbers // UNITS)]
        for t in range(betas.shape[0]):
            _make_inputs(base, free, children, weights, eta)
            log_prob = moved_log_prob(
                family, parameters, seen, 0, n_features, eta, weights, 0, _ZERO
            )
            log_weights[chain] += increments[t] * log_prob
            uniform_row(key, addresses[row], numbers[chain] + t, word, drawn)
            _sweep(
                direction, family, parameters, n_features, children, weights, betas[t], log_prob,
                last_free, seen, free, eta, uniforms, places, kept, moved,
            )  # fmt: skip
        _save(free, seen, completed, states, chain)
