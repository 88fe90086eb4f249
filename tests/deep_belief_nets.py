"""Deep belief nets of a few units, and everything about them by enumeration.

Written out from the definition in float64: nothing but the making of machines calls the package.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp

from sklearn_helmholtz.machines import assemble_boltzmann, assemble_deep_belief
from sklearn_helmholtz.models import DeepBeliefModel, Encoding
from sklearn_helmholtz.rows.scaling import UNSCALED
from sklearn_helmholtz.units import Bernoulli


@dataclass
class Arrays:
    """Parameters from the data upward, in the shapes of the fitted attributes.

    coefs : (n_l+1, n_l), the last one undirected; intercepts : of all layers; up, up_intercepts :
    of recognition, up to the layer below the topmost.
    """

    coefs: list
    intercepts: list
    up: list
    up_intercepts: list


def random_arrays(n_units=(4, 3, 3, 2), scale=1.0, seed=0, guess=0.3):
    """Normal parameters; guess : the scale of recognition, relative to that of generation.

    Random recognition that were sure of itself would hardly ever propose what is probable.
    """
    rng = np.random.default_rng(seed)

    def normal(*shape):
        return rng.normal(0, scale, shape)

    pairs = list(itertools.pairwise(n_units))
    arrays = Arrays(
        [normal(above, below) for below, above in pairs], [normal(n) for n in n_units],
        [guess * normal(below, above) for below, above in pairs[:-1]],
        [guess * normal(n) for n in n_units[1:-1]],
    )  # fmt: skip
    for name, value in vars(arrays).items():
        setattr(arrays, name, [np.float64(np.float32(array)) for array in value])
    return arrays


def machine_of(arrays):
    """The machine of the package."""
    *coefs, top = arrays.coefs
    *intercepts, visible, hidden = arrays.intercepts
    undirected = assemble_boltzmann(top.T, hidden, visible, 0.5 * visible)
    singles = [[np.float32(a) for a in each] for each in (coefs, intercepts)]
    up = [[np.float32(a) for a in each] for each in (arrays.up, arrays.up_intercepts)]
    return assemble_deep_belief(*singles, up, Bernoulli(), undirected)


def model_of(arrays):
    """The model of the package."""
    machine = machine_of(arrays)
    means = np.full(machine.n_units[0], 0.5, np.float32)
    return DeepBeliefModel(Encoding(Bernoulli, UNSCALED, means), machine)


def states(n):
    """All states of n units, (2^n, n) float64, the first unit varying slowest."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=n))).reshape(2**n, n)


def log_bernoulli(values, eta):
    """Log-probability of values given inputs of units; NaN is left out."""
    terms = np.where(np.isnan(values), 0.0, np.nan_to_num(values) * eta - np.logaddexp(0, eta))
    return terms.sum(axis=-1)


def all_hidden(arrays):
    """All joint states of the hidden layers: a list of (n_states, n_l), upward."""
    tables = [states(len(b)) for b in arrays.intercepts[1:]]
    return [np.array(layer) for layer in zip(*itertools.product(*tables), strict=True)]


def log_unnormalized(arrays, x, hidden):
    """Log p*(x, h_1, ..., h_L) of one row and many hidden states, which lacks -log Z."""
    *_, below, top = hidden
    W = arrays.coefs[-1]
    total = below @ arrays.intercepts[-2] + top @ arrays.intercepts[-1]
    total = total + ((top @ W) * below).sum(axis=1)
    layers = [np.asarray(x, np.float64), *hidden[:-1]]
    for child, parent, weights, intercept in zip(
        layers[:-1], layers[1:], arrays.coefs[:-1], arrays.intercepts, strict=False
    ):
        total = total + log_bernoulli(child, parent @ weights + intercept)
    return total


def log_partition(arrays):
    """Log Z of the two topmost layers, over all states of both."""
    below, top = (states(len(b)) for b in arrays.intercepts[-2:])
    table = (below @ arrays.intercepts[-2])[:, None] + top @ arrays.intercepts[-1]
    return logsumexp(table + below @ arrays.coefs[-1].T @ top.T)


def log_probability(arrays, x):
    """Log p of what is observed of a row."""
    return logsumexp(log_unnormalized(arrays, x, all_hidden(arrays))) - log_partition(arrays)


def posterior(arrays, x):
    """p(h | x) of all joint hidden states."""
    table = log_unnormalized(arrays, x, all_hidden(arrays))
    return np.exp(table - logsumexp(table))


def log_guess(arrays, x, hidden):
    """Log q(h_1, ..., h_{L-1} | x) of one complete row and many states of these layers."""
    below, total = np.asarray(x, np.float64), 0.0
    for states_, weights, intercept in zip(hidden, arrays.up, arrays.up_intercepts, strict=False):
        total = total + log_bernoulli(states_, below @ weights + intercept)
        below = states_
    return total


def free_energy(arrays, x):
    """E_q[log q(h | x) - log p(x, h)] of a complete row, the topmost layer summed out."""
    tables = [states(len(b)) for b in arrays.intercepts[1:-1]]
    hidden = [np.array(layer) for layer in zip(*itertools.product(*tables), strict=True)]
    log_q, log_p = log_guess(arrays, x, hidden), log_summed(arrays, x, hidden)
    return float((np.exp(log_q) * (log_q - log_p)).sum() + log_partition(arrays))


def log_summed(arrays, x, hidden):
    """Log p* of a row and states of all but the topmost layer, which is summed out."""
    eta = hidden[-1] @ arrays.coefs[-1].T + arrays.intercepts[-1]
    nothing = np.zeros((len(hidden[-1]), len(arrays.intercepts[-1])))
    return log_unnormalized(arrays, x, [*hidden, nothing]) + np.logaddexp(0, eta).sum(axis=1)


def top_given(arrays, below):
    """p(t = 1 | h) of the topmost layer."""
    return expit(below @ arrays.coefs[-1].T + arrays.intercepts[-1])
