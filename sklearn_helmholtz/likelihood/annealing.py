"""log p(x) by annealed importance sampling, from the prior to the posterior and back."""

from dataclasses import replace

import numpy as np

from .._keys import Draws
from .weights import estimate_from_weights, tail_shapes

_STATE_ENTRIES = 2**22  # hidden states that are held at a time
_REFUTED, _ROUNDING = 0.1, 1e-6  # nats, and share, by which a bound exceeds what it refutes
_POWER = 2  # of the share of the way: temperatures are closest where they are lowest


def temperatures(n):
    """Inverse temperatures b_0 = 0 < b_1 < ... < b_n = 1, (n + 1,) float64."""
    return np.linspace(0, 1, n + 1) ** _POWER


def annealed_log_weights(gibbs, x, draws, betas):
    """Log-weights whose exponentials are unbiased for p(x), (n_rows, n_particles) float64, nats.

    Chains start in the prior, where sampling is exact, and pass through
    ``p(h) p(x | h)^b`` for rising b (Neal 2001).
    """
    return _annealed(gibbs, x, draws, betas)[0]


def _annealed(gibbs, x, draws, betas):
    """The log-weights of chains, (n_rows, n_particles), and the states in which they end."""
    states = gibbs.start(draws)
    log_weights = gibbs.anneal(x, states, draws, np.diff(betas), betas[1:])
    return log_weights.reshape(len(x), draws.n_particles), states


def reversed_log_weights(gibbs, x, states, draws, betas):
    """Log-weights whose negative exponentials are unbiased for 1 / p(x), shaped as above.

    Chains start in given states, which have to be exact samples of p(h | x), as those are from
    which x was dreamt, and are cooled along the same path (Grosse, Ghahramani & Adams 2015).
    states : (draws.n_rows, n_hidden) uint8, used up.
    """
    gaps, path = np.diff(betas)[::-1], betas[-2::-1]
    log_weights = gibbs.anneal(x, states, draws, gaps, path, reverse=True)
    return log_weights.reshape(len(x), draws.n_particles)


def annealed_estimate(gibbs, x, key, addresses, n_chains, n_temperatures):
    """Estimates for a block of rows, from ``n_chains`` chains for each.

    A lower bound of log p(x) in expectation; there is no free energy (NaN). Chains that all miss
    where p(h | x) lies may agree on their weights all the same. But log p(x, h) of any h is a lower
    bound for certain, and the last sweeps lead to such h: where one refutes the estimate, the
    weights count as a single one, with an infinite tail.
    """
    betas, log_weights = temperatures(n_temperatures), np.empty((len(x), n_chains))
    certain = np.full(len(x), -np.inf)
    chunk = max(_STATE_ENTRIES // (len(x) * gibbs.intercepts.size), 1)
    for first in range(0, n_chains, chunk):
        draws = Draws(key, addresses, min(chunk, n_chains - first), first)
        place = slice(first, first + draws.n_particles)
        log_weights[:, place], states = _annealed(gibbs, x, draws, betas)
        certain = np.maximum(certain, _highest_log_joint(gibbs, x, states))
    result = estimate_from_weights(log_weights, n_chains, np.full(len(x), np.nan))
    margin = _REFUTED + _ROUNDING * np.abs(certain)
    refuted = certain > result.per_sample + margin
    return replace(
        result,
        effective_sample_size=np.where(refuted, 1, result.effective_sample_size),
        pareto_k=np.where(refuted, np.inf, tail_shapes(log_weights)),
    )


def _highest_log_joint(gibbs, x, states):
    """The highest log p(x, h) of the states of each row's chains, (n_rows,) nats."""
    hidden = [np.ascontiguousarray(layer) for layer in gibbs.split(states)]
    log_prior, log_visible = gibbs.machine.log_parts((x, *hidden))
    return (log_prior + log_visible).reshape(len(x), -1).max(axis=1)
