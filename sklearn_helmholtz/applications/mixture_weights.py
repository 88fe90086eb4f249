"""Weights of the components of a mixture whose densities are known."""

import numpy as np
from scipy.special import logsumexp, softmax


def fit_weights(log_prob, row_weights=None, max_iter=10_000, tol=1e-5):
    """Weights that make rows most probable under a mixture of given densities, by EM [1]_.

    The log-likelihood is concave in the weights. Where g_k is the mean of ``p_k(x) / p(x)`` over
    the rows, no weights are better by more than ``max_k g_k - 1`` nats per row: a step multiplies
    each weight by g_k, and the last one is that which finds this below ``tol``.

    Parameters
    ----------
    log_prob : ndarray of shape (n_rows, n_components)
        Log-density of each row under each component, nats; no row has -inf under all.

    row_weights : ndarray of shape (n_rows,) or None
        None where each row counts once.

    Returns
    -------
    weights : ndarray of shape (n_components,)
        They sum to 1.

    path : list of float
        Mean log-likelihood of the rows before each step, nats.

    gap : float
        The most that better weights could add to the last of these; above ``tol`` where
        ``max_iter`` steps were too few.

    References
    ----------
    .. [1] Smyth & Wolpert (1999), Linearly combining density estimators via stacking, Machine
           Learning 36, 59-83.
    """
    n_rows, n_components = log_prob.shape
    shares = np.full(n_rows, 1 / n_rows)
    if row_weights is not None:
        shares = row_weights / row_weights.sum()
    highest = log_prob.max(axis=1, keepdims=True)
    ratios = np.exp(log_prob - highest)  # of each row to its best component
    weights, path, offset = np.full(n_components, 1 / n_components), [], shares @ highest[:, 0]
    for _ in range(max_iter):
        total = ratios @ weights
        path.append(float(shares @ np.log(total) + offset))
        gains = (shares / total) @ ratios
        gap = float(gains.max() - 1)
        if gap < tol:
            break
        weights = weights * gains
        weights /= weights.sum()  # of rounding
    return weights, path, gap


def log_shares(log_prob, weights):
    """Log-densities of rows together with each component, (n_rows, n_components), nats."""
    with np.errstate(divide="ignore"):
        return log_prob + np.log(weights)


def mixed(joint):
    """Log-density of each row under the mixture, (n_rows,), from `log_shares`."""
    return logsumexp(joint, axis=1)


def responsibilities(joint, weights):
    """Probabilities of the components given each row, (n_rows, n_components).

    A row that all think impossible says nothing of them: it has the weights.
    """
    impossible = np.isneginf(joint).all(axis=1, keepdims=True)
    return np.where(impossible, weights, softmax(np.where(impossible, 0, joint), axis=1))
