"""Comparison of two models: which gives the higher log-likelihood, and how sure that is."""

from typing import NamedTuple

import numpy as np

from ..likelihood import Estimate, tail_shapes, weighted_mean
from .density import LatentDensityEstimator
from .labels import index_of
from .results import ComparisonResult, is_notable
from .results.figures import counted, with_error
from .weights import checked_weights

_REMEDY = "Raise n_importance_samples of {}, or train longer; log_likelihood tells more."


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
    result : ComparisonResult
        With ``difference``, positive if ``a`` is better, and its ``standard_error`` in nats per
        row, ``summary``, both in a sentence, ``per_sample``, the difference of each row,
        ``reliable`` and ``remedy``: see
        :class:`~sklearn_helmholtz.estimators.results.ComparisonResult`.

    See Also
    --------
    HelmholtzMachine.log_likelihood : The log-likelihood of one model, with its errors.

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
    for name, model in (("a", a), ("b", b)):
        _check_model(name, model)
    scores = [row_scores(model, X, weights) for model in (a, b)]
    shapes = [one.log_prob.shape for one in scores]
    if shapes[0] != shapes[1] or len(shapes[0]) != 1:
        raise ValueError(
            f"a and b must score the same rows, got scores of shape {shapes[0]} and {shapes[1]}."
        )
    for name, one in zip("ab", scores, strict=True):
        _check_possible(name, one.log_prob, weights)
    differences = _differences(*(one.log_prob for one in scores))
    shared_noise = sum(one.shared_noise for one in scores)
    difference, error = mean_with_error(differences, shared_noise, weights)
    doubted = [name for name, one in zip("ab", scores, strict=True) if not one.reliable]
    return ComparisonResult(
        difference=difference,
        standard_error=error,
        summary=_sentence(difference, error, len(differences)),
        per_sample=differences,
        reliable=not doubted,
        remedy=_REMEDY.format(" and ".join(doubted)) if doubted else None,
    )._about(index=index_of(X))


def _check_model(name, model):
    """Refuse what scores no rows, such as a list of models."""
    if isinstance(model, type) or not hasattr(model, "score_samples"):
        raise TypeError(
            f"{name} must be a fitted estimator with score_samples, got {model!r}. Of more than "
            "two models compare each with the one that they are measured against."
        )


def _check_possible(name, log_prob, weights):
    """Refuse rows that a model thinks impossible: no mean tells how much better the other is."""
    odd = ~np.isfinite(log_prob) if weights is None else ~np.isfinite(log_prob) & (weights != 0)
    if odd.any():
        row = np.flatnonzero(odd)[0]
        raise ValueError(
            f"score_samples of {name} is {log_prob[row]} for row {row} of X, so there is no mean "
            "difference: where the density is zero, log p is -inf. Leave such rows out."
        )


def _differences(log_prob_a, log_prob_b):
    """Differences of rows; those of weight zero may be impossible to both models."""
    with np.errstate(invalid="ignore"):
        return log_prob_a - log_prob_b


def mean_with_error(values, shared_noise, weights=None):
    """The mean of values of rows, and its standard error for the population they come from.

    shared_noise : what the variance of the mean has beyond that of the rows; weights : (n_rows,) or
    None.
    """
    between = Estimate.variance_of_mean(values, weights)
    return weighted_mean(values, weights), float(np.sqrt(between + shared_noise))


class RowScores(NamedTuple):
    """Scores of rows by a model.

    log_prob : (n_rows,) nats; shared_noise : what the variance of their mean has beyond their own
    variance, as equal rows share their Monte Carlo noise, which the differences between rows do not
    show; reliable : whether to trust them.
    """

    log_prob: np.ndarray
    shared_noise: float = 0.0
    reliable: bool = True


def row_scores(model, X, weights=None):
    """The `RowScores` of rows; those of other libraries are taken for exact.

    Models that hold another one have the method ``_row_scores``, with the same arguments.
    """
    if hasattr(model, "_row_scores"):
        return model._row_scores(X, weights)
    if not isinstance(model, LatentDensityEstimator):
        return RowScores(np.asarray(model.score_samples(X), np.float64))
    estimate, addresses, *_ = model._estimate_rows(X, "auto", None, None, tails=tail_shapes)
    reliable = estimate.summary(addresses, weights)["reliable"]
    return RowScores(estimate.per_sample, estimate.shared_noise(addresses, weights), reliable)


def _sentence(difference, error, n):
    figures = f"{with_error(abs(difference), error)} nats per row, on {counted(n, 'row')}"
    if not is_notable(difference, error):
        return f"The two models cannot be told apart: the difference is {figures}."
    better = "first" if difference > 0 else "second"
    return f"The {better} model is better by {figures}."
