"""log p(x) by annealed importance sampling, from the prior to the posterior and back."""

from dataclasses import replace

import numpy as np

from .._keys import Draws
from ..rows import Block
from ..units import Missing
from .weights import estimate_from_weights, tail_shapes

_STATE_ENTRIES = 2**22  # hidden states that are held at a time
_REFUTED, _ROUNDING = 0.1, 1e-6  # nats, and share, by which a bound exceeds what it refutes
_POWER = 2  # of the share of the way: betas are closest where they are lowest


def inverse_temperatures(n):
    """Inverse temperatures b_0 = 0 < b_1 < ... < b_n = 1, (n + 1,) float64."""
    return np.linspace(0, 1, n + 1) ** _POWER


def path_of(sampler, n):
    """The inverse temperatures of a sampler that knows a path of its own, otherwise those above."""
    own = getattr(sampler, "inverse_temperatures", None)
    return inverse_temperatures(n) if own is None else own(n)


def annealed_log_weights(sampler, x, draws, betas):
    """Log-weights whose exponentials are unbiased for p(x), (n_rows, n_particles) float64, nats.

    Chains start in the prior, where sampling is exact, and pass through
    ``p(h) p(x | h)^b`` for rising b (Neal 2001). In autoregressive machines what is missing of x is
    a part of the state, and not tempered. sampler : see `inference.sampler_of`.
    """
    return _annealed(sampler, x, draws, betas)[0]


def _annealed(sampler, x, draws, betas):
    """The log-weights of chains, (n_rows, n_particles), and the states in which they end.

    Of the hidden layers, and of the data, if what is missing of them belongs to the state.
    """
    states = sampler.start(draws)
    completed = sampler.complete(x, states, draws)
    log_weights = sampler.anneal(x, states, draws, np.diff(betas), betas[1:], completed=completed)
    return log_weights.reshape(len(x), draws.n_particles), states, completed


def reversed_log_weights(sampler, x, states, draws, betas, completed=None):
    """Log-weights whose negative exponentials are unbiased for 1 / p(x), shaped as above.

    Chains start in given states, which have to be exact samples of p(h | x), as those are from
    which x was dreamt, and go the same path back (Grosse, Ghahramani & Adams 2015).
    states : (draws.n_rows, n_hidden), used up, as is ``completed``, what `Gibbs` wants if an
    autoregressive machine meets missing values.
    """
    increments, path = np.diff(betas)[::-1], betas[-2::-1]
    log_weights = sampler.anneal(x, states, draws, increments, path, True, completed)
    return log_weights.reshape(len(x), draws.n_particles)


def annealed_estimate(sampler, x, key, addresses, n_chains, n_temperatures):
    """Estimates for a block of rows, from ``n_chains`` chains for each.

    A lower bound of log p(x) in expectation; there is no free energy (NaN). Chains that all miss
    where p(h | x) lies may agree on their weights all the same. But where states have
    probabilities, log p(x, h) of any h is a lower bound for certain, and the last sweeps lead to
    such h: where one refutes the estimate, the weights count as a single one, with an infinite
    tail. Latents have densities, which refute nothing.
    """
    betas, log_weights = path_of(sampler, n_temperatures), np.empty((len(x), n_chains))
    certain = np.full(len(x), -np.inf)
    chunk = max(_STATE_ENTRIES // (len(x) * sampler.entries_per_chain), 1)
    for first in range(0, n_chains, chunk):
        draws = Draws(key, addresses, min(chunk, n_chains - first), first)
        place = slice(first, first + draws.n_particles)
        log_weights[:, place], *ends = _annealed(sampler, x, draws, betas)
        if sampler.has_probabilities:
            certain = np.maximum(certain, _highest_log_joint(sampler, x, *ends))
    result = estimate_from_weights(log_weights, n_chains, np.full(len(x), np.nan))
    margin = _REFUTED + _ROUNDING * np.abs(certain)
    refuted = certain > result.per_sample + margin
    return replace(
        result,
        effective_sample_size=np.where(refuted, 1, result.effective_sample_size),
        pareto_k=np.where(refuted, np.inf, tail_shapes(log_weights)),
    )


def _highest_log_joint(sampler, x, states, completed):
    """The highest log p(x, h) of the states of each row's chains, (n_rows,) nats.

    Of Bernoulli data that are completed, the highest log p(x, missing, h), which is lower.
    """
    hidden = [np.ascontiguousarray(layer) for layer in sampler.split(states)]
    data = x if completed is None else Block(completed)
    log_joint = np.add(*sampler.machine.log_parts((data, *hidden))).reshape(len(x), -1)
    units = sampler.machine.visible.units
    if completed is not None and units.missing is Missing.INTEGRATED:
        _integrate(sampler, x, hidden[0], completed, log_joint)
    return log_joint.max(axis=1)


def _integrate(sampler, x, first, completed, log_joint):
    """Turn log p(x, missing, h) of Gaussian data into log p(x, h), in place.

    A density may be high where its integral over the missing values is not. In standard deviations,
    the residuals are linear in these, with the derivatives QR: the integral is Gaussian, without
    what of the residuals lies in the span of Q, and in the volume ``1 / |det R|``.
    """
    visible = sampler.machine.visible
    deviation = np.sqrt(visible.units.dispersion)
    derivatives = (np.eye(len(deviation)) - visible.lateral.weights) / deviation
    residuals = (completed - visible.given(completed, visible.eta(first))) / deviation
    residuals = residuals.reshape(*log_joint.shape, -1)
    for row, missing in enumerate(np.isnan(x.toarray())):
        q, r = np.linalg.qr(derivatives[missing].T)
        log_volume = 0.5 * len(r) * np.log(2 * np.pi) - np.log(np.abs(np.diag(r))).sum()
        log_joint[row] += 0.5 * ((residuals[row] @ q) ** 2).sum(axis=1) + log_volume
