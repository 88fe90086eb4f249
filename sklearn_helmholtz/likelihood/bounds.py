"""Bounds of log p(x) from both sides, for rows that were dreamt together with their hidden states.

The hidden states of a dream are an exact draw from p(h | x), which no algorithm could make from x
alone. That turns estimators of p(x), whose logarithm is too low on average, into ones that are too
high, and the gap between the two is measured instead of guessed (Grosse, Ghahramani & Adams 2015).
"""

import numpy as np
from scipy.special import logsumexp

from .. import _keys
from .._keys import Draws, Purpose
from ..inference import n_from_prior, propose, resampling_uniforms
from .annealing import annealed_log_weights, path_of, reversed_log_weights
from .importance import importance_log_weights


def importance_bounds(machine, values, seed, addresses, n_samples):
    """A lower and an upper bound of log p(x), in expectation, of each row, nats.

    The lower one is that of `importance_estimate`. In the upper one the true states take the place
    of one particle: then the particles are distributed as if weighted by their own estimate of
    p(x), which on average lies above its logarithm (Burda, Grosse & Salakhutdinov 2016; Brekelmans
    et al. 2022). values : (x, h_1, ..., h_L), dreamt, a `Block` and arrays.
    """
    x = values[0]
    key = _keys.key(seed, Purpose.SCORE)
    log_weights, _ = importance_log_weights(machine, x, key, addresses, n_samples)
    lower = logsumexp(log_weights, axis=1) - np.log(n_samples)
    n_prior = n_from_prior(machine, n_samples)
    proposal = propose(machine, x, addresses, n_samples - n_prior)
    own, from_prior = _weights_of_true_states(machine, values, proposal, n_prior / n_samples)
    uniforms = resampling_uniforms(seed, addresses, 2).T
    # The true states replace a particle of the stratum that is likely to have proposed them.
    place = proposal.likely_place(values[1:], uniforms[1])
    place = np.where(uniforms[0] < from_prior, n_samples - 1, place)
    log_weights[np.arange(len(x)), place] = own
    return lower, logsumexp(log_weights, axis=1) - np.log(n_samples)


def _weights_of_true_states(machine, values, proposal, share):
    """The log-weights log p(x, h) / m(h | x) of the true h, and the probabilities of the prior.

    m is the mixture of proposal and prior; the probabilities are those that the prior proposed h.
    """
    x, *hidden = values
    log_q = np.zeros(len(x))
    proposal.log_prob(hidden, log_q)
    log_prior, log_visible = machine.log_parts(values)
    if not share:
        return log_prior + log_visible - log_q, np.zeros(len(log_q))
    log_mixture = np.logaddexp(np.log1p(-share) + log_q, np.log(share) + log_prior)
    from_prior = np.exp(np.log(share) + log_prior - log_mixture)
    return log_prior + log_visible - log_mixture, from_prior


def annealed_bounds(sampler, values, seed, addresses, n_chains, n_temperatures):
    """A lower and an upper bound of log p(x), in expectation, of each row, nats.

    Chains that anneal from the prior to the posterior bound it from below; chains that start in the
    true states and go the same way back bound it from above. values : as above.
    """
    x, *hidden = values
    betas = path_of(sampler, n_temperatures)
    draws = Draws(_keys.key(seed, Purpose.ANNEAL), addresses, n_chains)
    forward = annealed_log_weights(sampler, x, draws, betas)
    states = np.repeat(np.concatenate(hidden, axis=1), n_chains, axis=0)
    draws = Draws(_keys.key(seed, Purpose.BOUND), addresses, n_chains)
    backward = reversed_log_weights(sampler, x, states, draws, betas)
    lower = logsumexp(forward, axis=1) - np.log(n_chains)
    return lower, np.log(n_chains) - logsumexp(-backward, axis=1)
