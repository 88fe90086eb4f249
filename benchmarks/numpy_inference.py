"""Mean field and Gibbs sampling of a net with one hidden layer, written with NumPy's arrays.

What a good NumPy programmer would write: units one by one, as the algorithms want it, and all rows
of a block at once. Both follow the library's kernels step by step, so that results can be compared.
"""

import numpy as np


def mean_field(x, weights, intercepts, prior, means, n_sweeps):
    """Coordinate ascent on the bound of Saul, Jaakkola & Jordan (1996): means and bounds (nats).

    x : (n_rows, n_features) of zeros and ones; weights : (n_hidden, n_features); intercepts,
    prior : of the data and of the hidden units; means : (n_rows, n_hidden), where to start.
    """
    means, xi = means.copy(), np.full(x.shape, 0.5)
    for _ in range(n_sweeps):
        xi, low, high, ratio = _move_xi(xi, weights, intercepts, means)
        for u in range(len(weights)):
            m = means[:, u, None]
            g, h = low[:, u], high[:, u]
            q, r = 1 + m * g, 1 + m * h
            b = 1 / (1 + ratio)
            tangent = ratio * b * g / q + b * h / r
            field = prior[u] + ((x - xi) * weights[u] - tangent).sum(axis=1)
            moved = 1 / (1 + np.exp(-field))
            means[:, u] = moved
            moved = moved[:, None]
            ratio = ratio * (1 + moved * g) * r / (q * (1 + moved * h))
    cost = _tilt(xi, weights, intercepts, means, *_factors(xi, weights))[0]
    expected = intercepts + means @ weights
    entropy = -(means * np.log(means) + (1 - means) * np.log1p(-means)).sum(axis=1)
    own = (means * prior - np.logaddexp(0, prior)).sum(axis=1)
    return means, own + entropy + (x * expected - cost).sum(axis=1)


def _factors(xi, weights):
    """``f - 1`` of pairs of a hidden unit and a feature, twice (n_rows, n_hidden, n_features)."""
    low = np.exp(-xi[:, None] * weights)
    return low - 1, low * np.exp(weights) - 1


def _tilt(xi, weights, intercepts, means, low, high):
    """Costs, and what a step of Newton's method needs: log A, log B, tilted means and variances."""
    m = means[:, :, None]
    logs, centres, spreads = [], [], []
    for side, g in ((0, low), (1, high)):
        q = 1 + m * g
        p = m * (1 + g) / q
        logs.append((side - xi) * intercepts + np.log(q).sum(axis=1))
        centres.append(intercepts + (weights * p).sum(axis=1))
        spreads.append((weights**2 * p * (1 - p)).sum(axis=1))
    expected = intercepts + means @ weights
    return xi * expected + np.logaddexp(*logs), logs, centres, spreads, expected


def _move_xi(xi, weights, intercepts, means):
    """A step of Newton's method for every xi, halved until no cost has risen."""
    low, high = _factors(xi, weights)
    before, logs, centres, spreads, expected = _tilt(xi, weights, intercepts, means, low, high)
    a = 1 / (1 + np.exp(logs[1] - logs[0]))
    b = 1 - a
    curvature = a * spreads[0] + b * spreads[1] + a * b * (centres[1] - centres[0]) ** 2
    slope = expected - (a * centres[0] + b * centres[1])
    trial = np.clip(xi - slope / np.maximum(curvature, np.abs(slope) + 1e-280), 0, 1)
    while True:
        low, high = _factors(trial, weights)
        cost, logs, *_ = _tilt(trial, weights, intercepts, means, low, high)
        risen = cost > before + 1e-13 * (1 + np.abs(before))
        if not risen.any():
            return trial, low, high, np.exp(logs[0] - logs[1])
        trial[risen] = 0.5 * (trial + xi)[risen]


def gibbs(x, weights, intercepts, prior, states, uniforms):
    """Sweeps of Gibbs sampling, of which each has its own numbers: the states at the end.

    x : (n_rows, n_features) of zeros and ones; states : (n_rows, n_hidden) of zeros and ones, where
    to start; uniforms : (n_sweeps, n_rows, n_hidden).
    """
    states = states.astype(np.float32)
    for numbers in uniforms:
        eta = intercepts + states @ weights
        log_prob = _log_prob(x, eta)
        for u in range(len(weights)):
            on = states[:, u]
            sign = 1 - 2 * on
            other = eta + sign[:, None] * weights[u]
            moved = _log_prob(x, other)
            log_odds = prior[u] + sign * (moved - log_prob)
            fires = numbers[:, u] * (1 + np.exp(-log_odds)) < 1
            flips = fires != (on != 0)
            eta[flips], log_prob[flips] = other[flips], moved[flips]
            states[:, u] = fires
    return states


def _log_prob(x, eta):
    return (x * eta - np.logaddexp(0, eta)).sum(axis=1)
