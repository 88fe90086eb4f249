"""Whether a table is worth a factor analysis, and of how many factors: before any fit."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from scipy.stats import chi2
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ..factors import Saturated, adequacy, fit_measures
from ..factors.saturated import correlation_of
from ..rows import dense_rows, has_missing
from .checks import check_choice
from .results import Result
from .second_moments import given_moments, saturated_of_moments, saturated_of_rows
from .validation import validated
from .weights import checked_weights

_REFERENCES = "normal", "permuted"
_EIGENVALUES = {
    "component": adequacy.component_eigenvalues,
    "factor": adequacy.factor_eigenvalues,
}


def kaiser_meyer_olkin(X=None, *, covariance=None, sample_weight=None):
    r"""Kaiser, Meyer and Olkin's measure of sampling adequacy, of a table and of each feature.

    Factors make correlations that vanish once all other features are known: small partial
    correlations :math:`q_{ij}` beside correlations :math:`r_{ij}`. The measure is

    .. math::

       \frac{\sum_{i \ne j} r_{ij}^2}{\sum_{i \ne j} r_{ij}^2 + \sum_{i \ne j} q_{ij}^2},

    of one feature the same for its own i. Kaiser [1]_ calls 0.9 marvellous, 0.8 meritorious, 0.7
    middling, 0.6 mediocre, 0.5 miserable, and less unacceptable.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
        Data, more rows than features. Where values are missing (NaN), correlations are those of
        the highest likelihood of what was observed (EM), not of pairs.

    covariance : array-like of shape (n_features, n_features), default=None
        Correlations or covariances of the features, in the place of X.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows of X.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With the fields

        overall : float
            Of all features together, between 0 and 1.
        per_feature : ndarray of shape (n_features,)
            Of each; NaN where a feature is correlated with no other.

    See Also
    --------
    bartlett_sphericity : Tests whether there are any correlations.
    parallel_analysis : How many factors there may be.

    References
    ----------
    .. [1] Kaiser & Rice (1974), Little Jiffy, Mark IV, Educational and Psychological Measurement
           34, 111-117.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_helmholtz import kaiser_meyer_olkin
    >>> round(kaiser_meyer_olkin(load_wine().data).overall, 3)
    0.779
    """
    n_samples = 2 if X is None else None  # a number that no correlation depends on
    given = _Given.of("kaiser_meyer_olkin", X, sample_weight, covariance, n_samples)
    correlations = given.correlations
    if np.array_equal(correlations, np.eye(len(correlations))):
        raise ValueError("kaiser_meyer_olkin needs correlations, but all of them are zero.")
    overall, per_feature = adequacy.sampling_adequacy(correlations)
    return Result(overall=overall, per_feature=per_feature)


def bartlett_sphericity(X=None, *, covariance=None, n_samples=None, sample_weight=None):
    r"""Bartlett's test of sphericity: whether features are correlated at all.

    For normal rows whose features are independent, :math:`-(N - 1 - (2p + 5) / 6) \log |R|` has
    about a chi square distribution on p (p - 1) / 2 degrees of freedom [1]_.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
        Data, more rows than features. Where values are missing (NaN), twice the ratio of the
        likelihoods of what was observed, with all correlations and without (EM), stands in the
        place of :math:`-N \log |R|`, which it is of complete rows.

    covariance : array-like of shape (n_features, n_features), default=None
        Correlations or covariances of the features, in the place of X.

    n_samples : int, default=None
        Rows that ``covariance`` was made of.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows of X, whose sum is N: a whole number counts as so many equal rows.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With the fields

        chi_square : float
            The statistic.
        df : int
            Its degrees of freedom.
        p_value : float
            Probability of one as large.

    See Also
    --------
    kaiser_meyer_olkin : How large correlations are beside partial ones.
    FactorAnalysis.fit_statistics : Tests of a fitted model.

    References
    ----------
    .. [1] Bartlett (1950), Tests of significance in factor analysis, British Journal of Statistical
           Psychology 3, 77-85.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz import bartlett_sphericity
    >>> R = np.array([[1, 0.3, 0.1], [0.3, 1, 0.2], [0.1, 0.2, 1]])
    >>> bartlett_sphericity(covariance=R, n_samples=50)
    Result(chi_square=6.46022, df=3, p_value=0.0912445)
    """
    given = _Given.of("bartlett_sphericity", X, sample_weight, covariance, n_samples)
    saturated, p = given.saturated, len(given.correlations)
    factor = fit_measures.bartlett_factor(saturated.weight, p, 0)
    if factor is None:
        raise ValueError(
            f"bartlett_sphericity of {p} features needs more than {(2 * p + 11) / 6:.4g} rows, got "
            f"{saturated.weight:g}."
        )
    ratio = 2 * (saturated.log_likelihood - saturated.independent)
    chi_square, df = float(factor * max(ratio, 0.0)), p * (p - 1) // 2
    return Result(chi_square=chi_square, df=df, p_value=float(chi2.sf(chi_square, df)))


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
    given = _Given.of("parallel_analysis", X, sample_weight, covariance, n_samples)
    draw = given.reference(reference, check_random_state(random_state))
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


class Table(BaseEstimator):
    """Stands in for an estimator where scikit-learn checks data for one."""


@dataclass(frozen=True)
class _Given:
    """Data as users gave them: rows, or a covariance and a number of rows.

    purpose : the name of the function that they called; saturated : the `Saturated` distribution;
    rows, weights : validated, those of weight zero left out, or None.
    """

    purpose: str
    saturated: Saturated
    rows: object = None
    weights: np.ndarray | None = None

    @classmethod
    def of(cls, purpose, X, sample_weight, covariance, n_samples):
        """Check what was given, of which one way must be complete."""
        if (X is None) == (covariance is None):
            raise ValueError(f"{purpose} takes either X or covariance.")
        if covariance is None:
            return cls._of_rows(purpose, X, sample_weight, n_samples)
        if sample_weight is not None:
            raise ValueError("sample_weight is of the rows of X, but covariance was given.")
        moments, names = given_moments(covariance, n_samples)
        _check_width(purpose, len(moments.first))
        return cls(purpose, saturated_of_moments(moments, names, purpose))

    @classmethod
    def _of_rows(cls, purpose, X, sample_weight, n_samples):
        if n_samples is not None:
            raise ValueError("n_samples is of covariance: X has its own number of rows.")
        table = Table()
        given, rows, weights = X, validated(table, X, reset=True), None
        _check_width(purpose, rows.shape[1])
        if sample_weight is not None:
            weights = checked_weights(sample_weight, rows, given)
            kept = np.flatnonzero(weights)
            rows, weights = rows[kept], weights[kept]
        names = getattr(table, "feature_names_in_", None)
        return cls(purpose, saturated_of_rows(rows, weights, names, purpose), rows, weights)

    @property
    def correlations(self):
        """Correlations of the features, (n_features, n_features)."""
        return correlation_of(self.saturated.covariance)

    def reference(self, kind, rng):
        """A function that draws correlations of independent features in as many rows.

        kind : one of `_REFERENCES`.
        """
        p = len(self.saturated.mean)
        if self.rows is None or (kind == "normal" and self._is_plain):
            n = self.saturated.weight if self.rows is None else self.rows.shape[0]
            if n <= p:
                raise ValueError(
                    f"{self.purpose} needs more rows than features, got {n:g} and {p}."
                )
            return lambda: adequacy.random_correlations(n, p, rng)
        rows = dense_rows(self.rows, slice(None)).astype(np.float64)
        draw = _permuted if kind == "permuted" else _normal
        return lambda: self._correlations_of(draw(rows, rng))

    @property
    def _is_plain(self):
        return self.weights is None and not has_missing(self.rows)

    def _correlations_of(self, rows):
        found = saturated_of_rows(rows, self.weights, None, f"a random table of {self.purpose}")
        return correlation_of(found.covariance)


def _permuted(rows, rng):
    """The values of each column in a random order of its own."""
    return np.column_stack([column[rng.permutation(len(column))] for column in rows.T])


def _normal(rows, rng):
    """Normal numbers where rows have values."""
    return np.where(np.isnan(rows), np.nan, rng.standard_normal(rows.shape))


def _check_width(purpose, n_features):
    if n_features < 2:
        raise ValueError(f"{purpose} needs at least 2 features, got {n_features}.")
