"""Density estimators as parts of others: what is asked of them, and what they can do."""

import copy
import inspect

import numpy as np
import scipy.sparse
from sklearn.base import is_outlier_detector
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neural_network import BernoulliRBM
from sklearn.utils.validation import has_fit_parameter

_MIXTURES = (GaussianMixture, BayesianGaussianMixture)


def check_density(estimator):
    """Refuse what scores rows by something else than a log-density, which no tag tells."""
    name = type(estimator).__name__
    if isinstance(estimator, type):
        raise TypeError(f"estimator must be a density estimator, got the class {estimator!r}.")
    if is_outlier_detector(estimator) or isinstance(estimator, BernoulliRBM):
        what = (
            "a pseudo-likelihood" if isinstance(estimator, BernoulliRBM) else "a score of oddness"
        )
        raise TypeError(
            "estimator must be a density estimator, such as FactorAnalysis, HelmholtzMachine, "
            f"GaussianMixture or KernelDensity, but score_samples of {name} is {what}."
        )


def takes_weights(estimator):
    """Whether a density learns from weighted rows."""
    return has_fit_parameter(estimator, "sample_weight")


def fitted(estimator, rows, weights=None):
    """The estimator itself, fitted to rows; weights : (n_rows,), or None for 1 each."""
    rows = suited(estimator, rows)
    if weights is None:
        return estimator.fit(rows)
    return estimator.fit(rows, sample_weight=weights)


def log_densities(estimator, rows):
    """Log-density of each row, (n_rows,) float64 below infinity, or a ValueError."""
    values = np.asarray(estimator.score_samples(suited(estimator, rows)), np.float64)
    if np.isnan(values).any() or np.isposinf(values).any():
        row = np.flatnonzero(~(values < np.inf))[0]
        raise ValueError(
            f"score_samples of {type(estimator).__name__} is {values[row]} for row {row} of X, "
            "which is no log-density."
        )
    return values


def suited(estimator, rows):
    """Rows as a density has to get them.

    Mixtures of scikit-learn cut precisions to whole numbers where rows are such.
    """
    is_cut = isinstance(estimator, _MIXTURES) and not scipy.sparse.issparse(rows)
    return np.asarray(rows, np.float64) if is_cut else rows


def drawn(estimator, n_samples, rng):
    """Rows drawn from a fitted density, in any form that it has for them.

    A density whose `sample` takes no random numbers has them as a parameter; its rows come sorted
    by components, and are put in random order.
    """
    if "random_state" in inspect.signature(estimator.sample).parameters:
        return estimator.sample(n_samples, random_state=rng)
    twin = copy.copy(estimator)
    twin.random_state = rng
    rows = twin.sample(n_samples)
    rows = rows[0] if isinstance(rows, tuple) else rows
    return rows[rng.permutation(len(rows))]
