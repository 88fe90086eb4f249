"""The simplest of several models that cross-validation cannot tell from the best."""

from numbers import Real

import numpy as np


def one_standard_error(cv_results, *, parameter="n_components", complexity=None, metric="score"):
    """Index of the simplest candidate within one standard error of the best.

    Held-out likelihoods of models with more and more factors level off, and the best of them may
    have many factors of no use. The rule [1]_ takes the simplest model whose mean score is no
    worse than the best mean less its standard error over folds. Give it to
    :class:`~sklearn.model_selection.GridSearchCV` as ``refit``.

    Parameters
    ----------
    cv_results : dict
        As ``cv_results_`` of a search, with scores of at least 2 folds.

    parameter : str, default="n_components"
        The parameter that makes models complex, in full or, of a step of a pipeline, its last part.

    complexity : callable, default=None
        A function of a value of the parameter that returns a number, which is larger for the more
        complex model. None takes numbers as they are, and the value None as more than any.

    metric : str, default="score"
        The scorer, of several.

    Returns
    -------
    index : int
        Of the candidate. Of several of the same complexity, the one with the best score.

    See Also
    --------
    parallel_analysis : How many factors there may be, without any fit.

    References
    ----------
    .. [1] Breiman, Friedman, Olshen & Stone (1984), Classification and regression trees, section
           3.4.3.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn_helmholtz import FactorAnalysis, one_standard_error
    >>> truth = FactorAnalysis.from_parameters([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 0.5)
    >>> X = truth.sample(200, random_state=0)
    >>> grid = {"n_components": [0, 1, 2, 3, 4]}
    >>> estimator = FactorAnalysis(noise="isotropic")
    >>> GridSearchCV(estimator, grid, refit=one_standard_error).fit(X).best_params_
    {'n_components': 2}

    With another parameter, by :func:`functools.partial`:

    >>> from functools import partial
    >>> simplest = partial(one_standard_error, parameter="hidden_layer_sizes", complexity=sum)
    """
    means, errors = _scores(cv_results, metric)
    values = cv_results[_key(cv_results, parameter)]
    known = ~np.isnan(means)
    if not known.any():
        raise ValueError(f"cv_results holds no {metric} that is a number.")
    best = int(np.nanargmax(means))
    candidates = np.flatnonzero(known & (means >= means[best] - errors[best]))
    sizes = [_complexity(values[index], parameter, complexity) for index in candidates]
    order = sorted(range(len(candidates)), key=lambda i: (sizes[i], -means[candidates[i]]))
    return int(candidates[order[0]])


def _scores(cv_results, metric):
    """Mean scores of the candidates over folds, and the standard errors of these."""
    names = [name for name in cv_results if name.startswith("split")]
    names = [name for name in names if name.endswith(f"_test_{metric}")]
    if len(names) < 2:
        raise ValueError(
            f"cv_results must have scores of at least 2 folds for the metric {metric!r}, got "
            f"{len(names)}."
        )
    scores = np.array([cv_results[name] for name in names], np.float64)
    return scores.mean(axis=0), scores.std(axis=0, ddof=1) / np.sqrt(len(scores))


def _key(cv_results, parameter):
    """The entry of a parameter, in full or by its last part."""
    keys = [name for name in cv_results if name.startswith("param_")]
    full = f"param_{parameter}"
    found = [full] if full in keys else [name for name in keys if name.endswith(f"__{parameter}")]
    if len(found) != 1:
        names = ", ".join(name.removeprefix("param_") for name in keys)
        raise ValueError(
            f"parameter={parameter!r} must name one of the parameters that were searched: {names}."
        )
    return found[0]


def _complexity(value, parameter, complexity):
    if complexity is not None:
        return complexity(value)
    if value is None:
        return np.inf
    if not isinstance(value, Real):
        raise ValueError(
            f"{parameter}={value!r} is no number: give complexity, a function of it that is larger "
            "for the more complex model."
        )
    return value
