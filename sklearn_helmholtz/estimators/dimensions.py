"""Numbers of components and of factors whose eigenvalues random tables do not have."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from ..factors import adequacy
from ..factors.saturated import correlation_of
from ..rows import dense_rows, has_missing
from .checks import check_choice
from .given_correlations import GivenCorrelations
from .results import Result
from .second_moments import saturated_of_rows

_REFERENCES = "normal", "permuted"
_EIGENVALUES = {
    "component": adequacy.component_eigenvalues,
    "factor": adequacy.factor_eigenvalues,
}


def parallel_analysis(
    X=None, *, covariance=None, n_samples=None, sample_weight=None, reference="normal",
    n_iterations=100, quantile=0.95, random_state=None,
):  # fmt: skip
    """Numbers of components and of factors whose eigenvalues random tables do not have.

    Eigenvalues of the correlations of the data are compared, the largest with the largest and so
    on, with those of tables of the same size whose features are independent (Horn's parallel
    analysis [1]_); for factors, of correlations with squared multiple correlations in the place
    of ones [2]_. The first that is not above a quantile [3]_ of the random ones ends the count.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
        Data, more rows than features. Where values are missing (NaN), correlations are those of
        the highest likelihood of what was observed (EM), of random tables with the same gaps too.

    covariance : array-like of shape (n_features, n_features), default=None
        Correlations or covariances of the features, in the place of X.

    n_samples : int, default=None
        Rows that ``covariance`` was made of.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows of X, which the rows of random tables have too.

    reference : {"normal", "permuted"}, default="normal"
        What random tables are made of: normal numbers; or the columns of X, each in another random
        order, which keeps their distributions, as of few levels, and moves their gaps.

    n_iterations : int, default=100
        Random tables.

    quantile : float, default=0.95
        Of their eigenvalues, between 0 and 1.

    random_state : int, RandomState instance or None, default=None
        Of the random tables.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With the fields

        n_components, n_factors : int
            Suggested numbers.
        component_eigenvalues, factor_eigenvalues : ndarray of shape (n_features,)
            Of the data, falling: the heights of a scree plot.
        component_thresholds, factor_thresholds : ndarray of shape (n_features,)
            Quantiles of those of random tables.

    See Also
    --------
    one_standard_error : Chooses a number by held-out likelihood.

    Notes
    -----
    psych's ``fa.parallel`` reduces correlations by a model of one factor, unless it is told
    ``SMC = TRUE``.

    References
    ----------
    .. [1] Horn (1965), A rationale and test for the number of factors in factor analysis,
           Psychometrika 30, 179-185.
    .. [2] Humphreys & Ilgen (1969), Note on a criterion for the number of common factors,
           Educational and Psychological Measurement 29, 571-578.
    .. [3] Glorfeld (1995), An improvement on Horn's parallel analysis methodology, Educational and
           Psychological Measurement 55, 377-393.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_helmholtz import parallel_analysis
    >>> found = parallel_analysis(load_wine().data, random_state=0)
    >>> found.n_components, found.n_factors
    (3, 6)
    """
    check_choice("reference", reference, _REFERENCES)
    _check_draws(n_iterations, quantile)
    if covariance is not None and reference == "permuted":
        raise ValueError("reference='permuted' permutes the columns of X: give X, or 'normal'.")
    given = GivenCorrelations.of("parallel_analysis", X, sample_weight, covariance, n_samples)
    draw = _reference(given, reference, check_random_state(random_state))
    random, fields = [draw() for _ in range(n_iterations)], {}
    for name, eigenvalues in _EIGENVALUES.items():
        values = eigenvalues(given.correlations)
        thresholds = np.quantile([eigenvalues(R) for R in random], quantile, axis=0)
        fields[f"n_{name}s"] = adequacy.n_above(values, thresholds)
        fields |= {f"{name}_eigenvalues": values, f"{name}_thresholds": thresholds}
    return Result(**fields)


def _check_draws(n_iterations, quantile):
    """Refuse numbers of random tables and quantiles that make no thresholds."""
    is_count = isinstance(n_iterations, Integral) and not isinstance(n_iterations, bool)
    if not is_count or n_iterations < 1:
        raise ValueError(f"n_iterations must be an integer of at least 1, got {n_iterations!r}.")
    if not isinstance(quantile, Real) or not 0 <= quantile <= 1:
        raise ValueError(f"quantile must be a number between 0 and 1, got {quantile!r}.")


def _reference(given, kind, rng):
    """A function that draws correlations of independent features in as many rows as were given.

    given : `GivenCorrelations`; kind : one of `_REFERENCES`.
    """
    p, rows, weights = len(given.correlations), given.rows, given.weights
    n = given.saturated.weight if rows is None else rows.shape[0]
    if n <= p:
        raise ValueError(f"{given.purpose} needs more rows than features, got {n:g} and {p}.")
    is_plain = rows is None or (weights is None and not has_missing(rows))
    if kind == "normal" and is_plain:
        return lambda: adequacy.random_correlations(n, p, rng)
    rows = dense_rows(rows, slice(None)).astype(np.float64)
    draw, purpose = _permuted if kind == "permuted" else _normal, f"{given.purpose} (random rows)"
    return lambda: correlation_of(
        saturated_of_rows(draw(rows, rng), weights, None, purpose).covariance
    )


def _permuted(rows, rng):
    """The values of each column in a random order of its own."""
    return np.column_stack([column[rng.permutation(len(column))] for column in rows.T])


def _normal(rows, rng):
    """Normal numbers where rows have values."""
    return np.where(np.isnan(rows), np.nan, rng.standard_normal(rows.shape))
