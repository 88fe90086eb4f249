"""Annealed importance sampling of a Boltzmann machine, written with NumPy's arrays.

What a good NumPy programmer would write: all chains at once, in float32, with both products by BLAS
and one product for the weights of a step and its hidden states.
"""

import itertools

import numpy as np


def softplus_sums(eta):
    """``sum_j log(1 + exp(eta_j))`` of each row: by functions that NumPy has vector code for."""
    each = np.log(1 + np.exp(-np.abs(eta)))
    each += np.maximum(eta, 0)
    return each.sum(axis=1)


def fires(eta, rng):
    """States of zeros and ones, float32, that are 1 with the probabilities sigmoid(eta)."""
    odds = np.exp(-eta)
    odds += 1
    odds *= rng.random(eta.shape, np.float32)
    return (odds < 1).astype(np.float32)


def annealed_log_weights(weights, hidden, visible, base, n_chains, betas, rng):
    """Log-weights of chains that are annealed from the base to the machine, (n_chains,) nats.

    weights : (n_visible, n_hidden) float32; hidden, visible, base : biases, float32; betas :
    (n_sweeps + 1,), from 0 to 1.
    """
    gain, turned = visible - base, np.ascontiguousarray(weights.T)
    log_weights = np.zeros(n_chains)
    v = fires(np.broadcast_to(base, (n_chains, len(base))), rng)
    for before, beta in itertools.pairwise(betas):
        eta = v @ weights
        eta += hidden
        log_weights += (beta - before) * (v @ gain)
        log_weights -= softplus_sums(before * eta)
        eta *= beta
        log_weights += softplus_sums(eta)
        eta = fires(eta, rng) @ turned
        eta += gain
        eta *= beta
        eta += base
        v = fires(eta, rng)
    return log_weights
