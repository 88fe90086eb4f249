"""Sampling adequacy and sphericity: whether a table is worth a factor analysis, before any fit."""

import numpy as np
from scipy.stats import chi2

from ..factors import adequacy, fit_measures
from .given_correlations import GivenCorrelations
from .results import Result


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
    given = GivenCorrelations.of("kaiser_meyer_olkin", X, sample_weight, covariance, n_samples)
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
    given = GivenCorrelations.of("bartlett_sphericity", X, sample_weight, covariance, n_samples)
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
