"""Slow twins of the kernels that go from unit to unit, over the same flat arrays.

A net is a tuple ``(family, parameters, sizes, weights, intercepts)`` as the kernels take them:
family 0 are Bernoulli data; 1 are Gaussian data with their precisions, and then their standard
deviations, as parameters. Everything is float64 and computed from the definition: whole log-joints,
differences.
"""

import math
from decimal import Decimal, localcontext

import numpy as np

from tests import exact, naive

GAUSSIAN = 1


def unflatten(net):
    """Return the parameters of a flat net for the oracles, an `exact.Parameters`."""
    family, parameters, sizes, weights, intercepts = net
    weights = np.asarray(weights, np.float64)
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    if len(weights) > sum(n * m for n, m in shapes):
        shapes += [(n, n) for n in sizes]
    places = np.cumsum([0, *(n * m for n, m in shapes)])
    matrices = [
        weights[start : start + n * m].reshape(n, m)
        for start, (n, m) in zip(places, shapes, strict=False)
    ]
    precision = np.asarray(parameters, np.float64)[: sizes[0]]
    return exact.Parameters(
        matrices[: len(sizes) - 1],
        np.split(np.asarray(intercepts, np.float64), np.cumsum(sizes)[:-1]),
        [],
        [],
        1 / precision if family == GAUSSIAN else None,
        matrices[len(sizes) - 1 :] or None,
    )


def log_parts(params, x, values, h):
    """Return log p(h) + log p(missing | h), and log p(observed | missing, h), in nats.

    x : (n_features,), NaN where missing; values : those of x, and others where they are missing if
    the net is autoregressive.
    """
    if params.generative_lateral_coefs is not None:
        return naive.log_parts_in_order(params, x, values, h)
    coefs, intercepts = params.generative_coefs, params.generative_intercepts
    return naive.log_parts(coefs, intercepts, x, h, params.noise_variance)


def mixed_log_prob(parameters, payload, eta):
    """Return log p of one row of payload under inputs eta, as `flat_mixed` has them, in nats.

    Constants and all. The width of an interval of an ordered value is known better than its ends
    where it is small.
    """
    parameters, payload = (np.asarray(a, np.float64) for a in (parameters, payload))
    n_binary, n_ordered, n_gaussian, n_softmax = parameters[:4].astype(int)
    levels, precision = np.split(parameters[4:], [n_softmax])
    edges = n_binary + n_ordered * np.arange(4)
    bits, low, high, width, z, chosen = np.split(payload, [*edges, edges[-1] + n_gaussian])
    places = np.cumsum([n_binary, n_ordered, n_ordered, n_gaussian])
    logits, location, log_scale, mean, rest = np.split(np.asarray(eta, np.float64), places)
    terms = [naive.observed_log_prob(bits, logits), naive.observed_log_prob(z, mean, 1 / precision)]
    scale = np.exp(np.clip(log_scale, -5, 3))
    ends = np.array([low, np.where(width > 1, high, low + width)]) - location
    terms += [log_interval(*pair) for pair in (ends / scale).T if not np.isnan(pair).any()]
    parts = np.split(rest, np.cumsum(levels.astype(int)))[: len(levels)]
    for level, inputs in zip(chosen, parts, strict=True):
        if not math.isnan(level):
            terms.append(inputs[int(level)] - np.logaddexp.reduce(inputs))
    return math.fsum(terms)


def log_interval(low, high):
    """Return the log-probability of an interval of the logistic distribution, from many digits.

    At high places as the difference of two survival functions.
    """
    if low + high > 0:
        low, high = -high, -low
    with localcontext(prec=60):
        below, above = (1 / (1 + (-Decimal(float(end))).exp()) for end in (low, high))
        return float((above - below).ln())


def gibbs_chain(net, x, values, h, increments, betas, direction, uniforms):
    """Return values, states, log-weight and closest decision of one chain of `gibbs_sweeps`.

    Each free unit is drawn from what log p(free) + beta log p(observed) of the whole net says of
    it. uniforms : (n_sweeps, ...), of the hidden units, and then of the data, once or twice.
    """
    params, n_features = unflatten(net), net[2][0]
    missing = np.isnan(x) & (params.generative_lateral_coefs is not None)
    state = np.concatenate([np.where(missing, values, x), h]).astype(np.float64)
    free = np.flatnonzero(np.append(missing, np.ones(len(h), bool)))
    log_weight, closest = 0.0, math.inf

    def log_target(u, value, beta):
        changed = state.copy()
        changed[u] = value
        prior, observed = log_parts(params, x, changed[:n_features], changed[n_features:])
        return prior + beta * observed

    for increment, beta, numbers in zip(increments, betas, uniforms, strict=True):
        log_weight += increment * log_parts(params, x, state[:n_features], state[n_features:])[1]
        for u in free[::direction]:
            number = numbers[(u - n_features) % len(state)]
            if u < n_features and net[0] == GAUSSIAN:
                below, middle, above = (log_target(u, value, beta) for value in (-1.0, 0.0, 1.0))
                precision = 2 * middle - above - below
                normal = math.sqrt(-2 * math.log(number))
                normal *= math.cos(2 * math.pi * numbers[len(state) + u])
                state[u] = (above - below) / 2 / precision + normal / math.sqrt(precision)
            else:
                p = naive.sigmoid(log_target(u, 1.0, beta) - log_target(u, 0.0, beta))
                closest = min(closest, abs(number - p))
                state[u] = float(number < p)
    return state[:n_features], state[n_features:], log_weight, closest


def mean_field_gradient(net, values, means, xi, step=1e-5):
    """Return derivatives of the sum of the bounds of all rows by weights and by intercepts.

    By central differences of `naive.mean_field_terms`; of lateral weights, those above the diagonal
    (others are no parameters: 0).
    """
    family, parameters, sizes, weights, intercepts = net
    rows = list(zip(values, means, xi, strict=True))

    def bound(weights, intercepts):
        params = unflatten((family, parameters, sizes, weights, intercepts))
        return math.fsum(naive.mean_field_terms(params, *row).sum() for row in rows)

    def slopes(array, vary):
        result = np.zeros(len(array))
        for index in range(len(array)):
            ends = np.repeat(np.asarray(array, np.float64)[None], 2, axis=0)
            ends[:, index] += [-step, step]
            result[index] = (vary(ends[1]) - vary(ends[0])) / (2 * step)
        return result

    by_weights = slopes(weights, lambda changed: bound(changed, intercepts))
    return by_weights, slopes(intercepts, lambda changed: bound(weights, changed))


def squared_residuals(net, x, means):
    """Return the expected squares of x - eta of Gaussian data, (n_features,), 0 where missing.

    Summed over all states of the units of the first hidden layer, which are on with probabilities
    ``means`` (n_units,).
    """
    params = unflatten(net)
    weights, squares = params.generative_coefs[0], np.zeros(len(x))
    laterals = params.generative_lateral_coefs
    for h in exact.all_states(len(means)):
        eta = params.generative_intercepts[0] + h @ weights
        if laterals is not None:
            eta = eta + x @ laterals[0]
        squares += np.prod(np.where(h == 1, means, 1 - means)) * (x - eta) ** 2
    return np.where(np.isnan(x), 0, squares)


def add_row(value, weights, w0, out, place, start, stop):
    """Return ``out`` with ``value`` times some weights added."""
    out = np.array(out, np.float64)
    for j in range(start, stop):
        out[place + j] += float(value) * float(weights[w0 + j])
    return out
