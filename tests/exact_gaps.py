"""Exact reference values for autoregressive machines, of rows in which values are missing (NaN).

There a missing value is a parent of the values after it, so that leaving it out of a product is not
enough: it has to be summed or integrated over. Everything is float64 and in nats, see `exact`.

Gaussian data are ``x = mean + x @ A + noise`` with strictly triangular A, that is ``x = (mean +
noise) @ inverse(I - A)``: jointly normal given the first hidden layer.
"""

import numpy as np

from tests import exact


def log_likelihood(params, X, temperature=1.0):
    """Return log p(observed) of every row of X, shape ``(n_rows,)``.

    Or the logarithm of ``sum p(h) p(missing | h) p(observed | missing, h)^temperature``.
    """
    return np.array([exact._log_sum_exp(log_joint(params, x, temperature)) for x in X])


def log_joint(params, x, temperature=1.0):
    """Return log p(observed, h) of all joint hidden states, shape ``(2^H,)``."""
    x = np.asarray(x, dtype=np.float64)
    if params.noise_variance is None:
        n_missing = np.isnan(x).sum()
        n_states = 2 ** sum(exact.units_of(params)[1:])
        log_target = bernoulli_log_target(params, x, temperature)
        return exact._log_sum_exp(log_target.reshape(2**n_missing, n_states).T)
    hidden = exact.hidden_states(exact.units_of(params))
    mean, covariance = _moments(params, hidden[0], x, temperature)
    seen = ~np.isnan(x)
    # The power of a normal density is one of a larger variance, but for a constant.
    variance = params.noise_variance[seen]
    constant = np.log(2 * np.pi * variance / temperature) - temperature * np.log(
        2 * np.pi * variance
    )
    difference = x[seen] - mean[:, seen]
    covariance = covariance[np.ix_(seen, seen)]
    log_visible = -0.5 * (difference * np.linalg.solve(covariance, difference.T).T).sum(axis=1)
    log_visible -= 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]
    return _log_prior(params, hidden) + log_visible + 0.5 * constant.sum()


def bernoulli_log_target(params, x, temperature=1.0):
    """Return log p(h) p(missing | h) p(observed | missing, h)^temperature of all states.

    Of missing values and hidden layers together, shape ``(2^(n_missing + H),)``, the last unit
    fastest.
    """
    missing, units = np.isnan(x), exact.units_of(params)
    states = exact.all_states(missing.sum() + sum(units[1:]))
    completed = np.repeat(np.asarray(x, np.float64)[None], len(states), axis=0)
    completed[:, missing] = states[:, : missing.sum()]
    hidden = np.split(states[:, missing.sum() :], np.cumsum(units[1:-1]), axis=1)
    eta = exact.generative_inputs(params, [completed, *hidden], 0)
    terms = completed * eta - np.logaddexp(0.0, eta)
    terms *= np.where(missing, 1.0, temperature)
    return _log_prior(params, hidden) + terms.sum(axis=1)


def gaussian_completions(params, x, first, temperature=1.0):
    """Return means, ``(n_states, n_missing)``, and covariance of missing values given all others.

    ``first`` are states of the first hidden layer, shape ``(n_states, n_1)``.
    """
    x, missing = np.asarray(x, dtype=np.float64), np.isnan(x)
    mean, covariance = _moments(params, first, x, temperature)
    across = covariance[np.ix_(missing, ~missing)]
    gain = across @ np.linalg.inv(covariance[np.ix_(~missing, ~missing)])
    means = mean[:, missing] + (x[~missing] - mean[:, ~missing]) @ gain.T
    return means, covariance[np.ix_(missing, missing)] - gain @ across.T


def _moments(params, first, x, temperature):
    """Return means and covariance of all data given h, with the variance of observed ones raised.

    By a temperature below 1, as the density of what is missing is left as it is.
    """
    spread = np.linalg.inv(np.eye(len(x)) - params.generative_lateral_coefs[0])
    variance = np.where(np.isnan(x), 1.0, 1 / temperature) * params.noise_variance
    mean = params.generative_intercepts[0] + first @ params.generative_coefs[0]
    return mean @ spread, spread.T @ np.diag(variance) @ spread


def _log_prior(params, hidden):
    """Return log p(h) of joint hidden states."""
    layers = [None, *hidden]
    return sum(
        exact._bernoulli(layers[depth], exact.generative_inputs(params, layers, depth))
        for depth in range(1, len(layers))
    )
