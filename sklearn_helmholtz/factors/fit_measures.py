"""Measures of how well a factor model fits, of log-likelihoods and of residual correlations.

With N rows, chi square T is twice what the saturated model's log-likelihood lies above the model's,
on as many degrees of freedom as it has parameters more; T_0 and df_0 are the same of the
independence model.

References
----------
Bartlett (1951), The effect of standardization on a chi-square approximation in factor analysis,
Biometrika 38.
Tucker & Lewis (1973), A reliability coefficient for maximum likelihood factor analysis,
Psychometrika 38.
Bentler (1990), Comparative fit indexes in structural models, Psychological Bulletin 107.
Browne & Cudeck (1992), Alternative ways of assessing model fit, Sociological Methods & Research 21.
Bentler (1995), EQS structural equations program manual (SRMR).
"""

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2

_CLOSE = 0.05  # an error of approximation that is close fit
_TAIL = 0.05  # beyond either end of an interval of 90 %


def p_value(chi_square, df):
    """Probability of a chi square as large; None without degrees of freedom."""
    return float(chi2.sf(chi_square, df)) if df > 0 else None


def rmsea(chi_square, df, n):
    """Error of approximation: ``sqrt(max(T - df, 0) / (df N))``; None without freedom."""
    return float(np.sqrt(max(chi_square - df, 0) / (df * n))) if df > 0 else None


def rmsea_interval(chi_square, df, n):
    """An interval of 90 % for the error of approximation; None without degrees of freedom.

    Its ends are ``sqrt(c / (df N))`` where c is the noncentrality at which a chi square of T or
    less has a probability of 95 % and of 5 %.
    """
    if df <= 0:
        return None
    ends = (_noncentrality(chi_square, df, probability) for probability in (1 - _TAIL, _TAIL))
    return tuple(float(np.sqrt(end / (df * n))) for end in ends)


def _noncentrality(chi_square, df, probability):
    """The noncentrality with which T or less has a probability, 0 where none has."""
    if chi2.cdf(chi_square, df) <= probability:
        return 0.0
    high = max(chi_square, 1.0)
    while ncx2.cdf(chi_square, df, high) > probability:
        high *= 2
    return brentq(lambda c: _cdf(chi_square, df, c) - probability, 0, high, xtol=1e-10)


def _cdf(chi_square, df, noncentrality):
    if noncentrality == 0:
        return chi2.cdf(chi_square, df)
    return ncx2.cdf(chi_square, df, noncentrality)


def p_close(chi_square, df, n):
    """Probability of T or more where the error of approximation is 0.05; None without freedom."""
    if df <= 0:
        return None
    return float(ncx2.sf(chi_square, df, _CLOSE**2 * df * n))


def comparative_fit(chi_square, df, baseline, baseline_df):
    """Comparative fit index, ``1 - max(T - df, 0) / max(T - df, T_0 - df_0, 0)``; 1 for 0 / 0."""
    excess = max(chi_square - df, 0)
    most = max(excess, baseline - baseline_df)
    return float(1 - excess / most) if most > 0 else 1.0


def tucker_lewis(chi_square, df, baseline, baseline_df):
    """Tucker-Lewis index, ``(T_0 / df_0 - T / df) / (T_0 / df_0 - 1)``.

    None without degrees of freedom, and where T_0 is not above its own.
    """
    if df <= 0 or baseline_df <= 0 or baseline <= baseline_df:
        return None
    ratio = baseline / baseline_df
    return float((ratio - chi_square / df) / (ratio - 1))


def bartlett_factor(n, n_features, n_factors):
    """The factor by which T is nearer to its distribution, and positive; None in few rows.

    ``(N - 1 - (2 p + 5) / 6 - 2 k / 3) / N`` (Bartlett 1951).
    """
    factor = (n - 1 - (2 * n_features + 5) / 6 - 2 * n_factors / 3) / n
    return factor if factor > 0 else None


def residual_correlations(covariance, model):
    """Differences of covariances and those of a model, in units of the deviations of the former.

    (n_features, n_features) each.
    """
    scale = 1 / np.sqrt(np.diag(covariance))
    return (covariance - model) * scale * scale[:, None]


def standardized_residual(residuals):
    """Root of the mean square of residual correlations, those of the diagonal among them: SRMR."""
    return float(np.sqrt((residuals[np.tril_indices(len(residuals))] ** 2).mean()))


def off_diagonal_residual(residuals):
    """The same without the diagonal; 0 of a single feature."""
    below = residuals[np.tril_indices(len(residuals), -1)]
    return float(np.sqrt((below**2).mean())) if below.size else 0.0
