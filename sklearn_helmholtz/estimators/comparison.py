"""Comparison of two models: which gives the higher log-likelihood, and how sure that is."""

import numpy as np

from ..likelihood import Estimate
from .density import LatentDensityEstimator
from .results import Result
from .weights import checked_weights

_NOTABLE = 2  # standard errors


def compare_log_likelihood(a, b, X, sample_weight=None):
    """Compare the log-likelihoods of two fitted estimators on the same rows, row by row.

    Rows that are hard for one model are hard for the other: the standard error of the difference is
    that of the paired differences, which is smaller than what the errors of the two means suggest.

    Parameters
    ----------
    a, b : estimators
        Fitted density estimators with `score_samples`: of this library, or such as
        :class:`~sklearn.mixture.GaussianMixture`.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows that neither was trained on, of the form that both take.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the means, see `HelmholtzMachine.log_likelihood`.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With the fields (nats per row)

        difference : float
            Mean of log p_a(x) - log p_b(x): positive if ``a`` is better.
        standard_error : float
            Of ``difference``, for the population the rows come from; NaN for a single row. It
            contains the Monte Carlo noise of estimated likelihoods, but not their bias.
        summary : str
            Both in a sentence.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import HelmholtzMachine, compare_log_likelihood
    >>> X = load_digits().data >= 8
    >>> a, b = (HelmholtzMachine(n, max_iter=10, random_state=0).fit(X[:1500]) for n in (30, 1))
    >>> result = compare_log_likelihood(a, b, X[1500:])
    >>> result.difference > 5 * result.standard_error
    True
    """
    weights = None
    if sample_weight is not None:
        weights = checked_weights(sample_weight, X, X)
    (scores_a, shared_a), (scores_b, shared_b) = (_scores(model, X, weights) for model in (a, b))
    if scores_a.shape != scores_b.shape:
        raise ValueError(
            f"a and b must score the same rows, got scores of shape {scores_a.shape} and "
            f"{scores_b.shape}."
        )
    differences, n = scores_a - scores_b, len(scores_a)
    difference = float(np.average(differences, weights=weights))
    between = Estimate.variance_of_mean(differences, weights)
    error = float(np.sqrt(between + shared_a + shared_b))
    return Result(
        difference=difference, standard_error=error, summary=_sentence(difference, error, n)
    )


def _scores(model, X, weights):
    """Log-likelihoods of rows, and what the variance of their mean has beyond their own variance.

    Equal rows share their Monte Carlo noise, which the differences between rows do not show.
    """
    if not isinstance(model, LatentDensityEstimator):
        return np.asarray(model.score_samples(X), np.float64), 0.0
    estimate, addresses, _, _ = model._estimate(X, "auto", None, None)
    return estimate.per_sample, estimate.shared_noise(addresses, weights)


def _sentence(difference, error, n):
    figures = f"{abs(difference):.3f} +- {error:.3f} nats per row, on {n} rows"
    if not abs(difference) > _NOTABLE * error:  # nor if the error is NaN
        return f"The two models cannot be told apart: the difference is {figures}."
    better = "first" if difference > 0 else "second"
    return f"The {better} model is better by {figures}."
