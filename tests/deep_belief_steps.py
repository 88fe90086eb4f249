"""What enumeration says of steps of rules of deep belief nets; see `deep_belief_nets`."""

import copy
import itertools

import numpy as np
from scipy.special import expit

from tests import deep_belief_nets as nets

NAMES = "coefs", "intercepts", "up", "up_intercepts"


def flat(arrays):
    """All parameters in one vector."""
    return np.concatenate([a.ravel() for name in NAMES for a in getattr(arrays, name)])


def arrays_of(machine):
    """Parameters of a machine, or its gradient, as `Arrays` of float64."""
    down = machine.generation.conditionals[:0:-1]
    coefs = [c.map.weights for c in down] + [machine.top.weights.T]
    intercepts = [c.map.intercept for c in down]
    intercepts += [machine.top.visible_intercept, machine.top.hidden_intercept]
    up = [c.map for c in machine.recognition.conditionals]
    found = coefs, intercepts, [m.weights for m in up], [m.intercept for m in up]
    return nets.Arrays(*([np.float64(a) for a in each] for each in found))


def slopes(function, arrays, step=1e-3):
    """Difference quotients of fourth order of ``function(arrays)`` by all parameters."""
    moved, found = copy.deepcopy(arrays), []
    for array in (a for name in NAMES for a in getattr(moved, name)):
        for index in np.ndindex(array.shape):
            value, results = array[index], []
            for distance in (-2, -1, 1, 2):
                array[index] = value + distance * step
                results.append(function(moved))
            array[index] = value
            far_below, below, above, far_above = results
            found.append((8 * (above - below) - (far_above - far_below)) / (12 * step))
    return np.array(found)


def hidden_below(arrays):
    """All joint states of the hidden layers but the topmost."""
    tables = [nets.states(len(b)) for b in arrays.intercepts[1:-1]]
    return [np.array(layer) for layer in zip(*itertools.product(*tables), strict=True)]


def guess(arrays, row, fill):
    """q(h | x) of these states; what is missing of the row is filled."""
    return np.exp(nets.log_guess(arrays, np.where(np.isnan(row), fill, row), hidden_below(arrays)))


def particle_bound(arrays, base, row, fill):
    """E of log of the mean of two weights less log Z, particles being proposed by ``base``."""
    hidden, q = hidden_below(base), guess(base, row, fill)
    weights = np.exp(nets.log_summed(arrays, row, hidden)) / q
    means = np.log((weights[:, None] + weights) / 2)
    return float(q @ means @ q) - nets.log_partition(arrays)


def shares(base, row, fill):
    """Expected normalised weight of each state among two particles, times its frequency."""
    hidden, q = hidden_below(base), guess(base, row, fill)
    weights = np.exp(nets.log_summed(base, row, hidden)) / q
    return 2 * q * ((weights[:, None] / (weights[:, None] + weights)) @ q)


def dreams(base, p_top=None):
    """All data and hidden states that dreams can be, and their probabilities.

    p_top : of the states of the layer below the topmost, None for those of the machine.
    """
    hidden, n = hidden_below(base), len(base.intercepts[0])
    x = nets.states(n)
    if p_top is None:
        p = np.exp([nets.log_summed(base, row, hidden) for row in x] - nets.log_partition(base))
        return x, hidden, p
    below = np.zeros(len(hidden[0]))
    for child, parent, weights, intercept in zip(
        hidden[:-1], hidden[1:], base.coefs[1:-1], base.intercepts[1:], strict=False
    ):
        below += nets.log_bernoulli(child, parent @ weights + intercept)
    eta = hidden[0] @ base.coefs[0] + base.intercepts[0]
    down = np.array([nets.log_bernoulli(row, eta) for row in x])
    number = hidden[-1] @ (1 << np.arange(hidden[-1].shape[1])[::-1])
    return x, hidden, np.exp(down + below) * p_top[number.astype(int)]


def recognised(arrays, drawn, row, fill):
    """Mean of log q(h | x) over dreams, which are seen without what a row misses."""
    x, hidden, p = drawn
    seen = np.where(np.isnan(row), fill, x)
    return sum(
        float(own @ nets.log_guess(arrays, s, hidden)) for own, s in zip(p, seen, strict=True)
    )


def top_means(arrays, p):
    """``<t h'>``, ``<h>`` and ``<p(t | h)>`` of probabilities of the states h below the top."""
    h = nets.states(len(arrays.intercepts[-2]))
    t = nets.top_given(arrays, h)
    return (t * p[:, None]).T @ h, p @ h, p @ t


def top_marginal(base, q):
    """Probabilities of the states of the layer below the topmost, from those of all."""
    states = hidden_below(base)[-1]
    numbers = (states @ (1 << np.arange(states.shape[1])[::-1])).astype(int)
    return np.bincount(numbers, q, 2 ** states.shape[1])


def swept(arrays, p):
    """Probabilities of states below the topmost after a sweep of Gibbs sampling."""
    h, t = (nets.states(len(b)) for b in arrays.intercepts[-2:])
    up = _all_products(t, nets.top_given(arrays, h))
    down = _all_products(h, expit(arrays.intercepts[-2] + t @ arrays.coefs[-1]))
    return p @ up @ down


def _all_products(states, rates):
    return np.array([[np.prod(np.where(s, r, 1 - r)) for s in states] for r in rates])


def stationary_top(arrays, n, rng):
    """States of the topmost layer drawn from the machine, (n, n_units) uint8."""
    below, top = (nets.states(len(b)) for b in arrays.intercepts[-2:])
    table = (below @ arrays.intercepts[-2])[:, None] + top @ arrays.intercepts[-1]
    p = np.exp(table + below @ arrays.coefs[-1].T @ top.T).sum(axis=0)
    return top[rng.choice(len(p), n, p=p / p.sum())].astype(np.uint8)
