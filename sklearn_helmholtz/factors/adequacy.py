"""Whether correlations are worth a factor analysis: sampling adequacy, sphericity, dimensions.

References
----------
Bartlett (1950), Tests of significance in factor analysis, British Journal of Statistical
Psychology 3.
Horn (1965), A rationale and test for the number of factors in factor analysis, Psychometrika 30.
Humphreys & Ilgen (1969), Note on a criterion for the number of common factors, Educational and
Psychological Measurement 29.
Kaiser & Rice (1974), Little Jiffy, Mark IV, Educational and Psychological Measurement 34.
Smith & Hocking (1972), Wishart variate generator, Applied Statistics 21.
"""

import numpy as np

from .saturated import correlation_of


def sampling_adequacy(correlations):
    """Kaiser, Meyer and Olkin's measure, of all features and of each, (n_features,).

    Sums of squared correlations relative to these and those of partial correlations given all
    other features (Kaiser & Rice 1974). NaN for features without any correlation.
    """
    partial = correlation_of(np.linalg.inv(correlations))
    given, left = correlations**2, partial**2
    np.fill_diagonal(given, 0)
    np.fill_diagonal(left, 0)
    shared, all_of = given.sum(axis=0), (given + left).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return float(shared.sum() / all_of.sum()), shared / all_of


def multiple_correlations(correlations):
    """Squared multiple correlations of each feature with all others, (n_features,)."""
    return 1 - 1 / np.diag(np.linalg.inv(correlations))


def component_eigenvalues(correlations):
    """Eigenvalues of correlations, (n_features,), falling."""
    return np.linalg.eigvalsh(correlations)[::-1]


def factor_eigenvalues(correlations):
    """Eigenvalues, falling, of correlations reduced to what features share with others.

    Squared multiple correlations stand in the place of ones (Humphreys & Ilgen 1969).
    """
    reduced = correlations.copy()
    np.fill_diagonal(reduced, multiple_correlations(correlations))
    return np.linalg.eigvalsh(reduced)[::-1]


def random_correlations(n_rows, n_features, rng):
    """Correlations (n_features, n_features) in n_rows normal rows of independent features.

    More rows than features; those of a Wishart matrix of n_rows - 1 degrees of freedom, by its
    triangular factor (Smith & Hocking 1972).
    """
    root = np.tril(rng.standard_normal((n_features, n_features)), -1)
    np.fill_diagonal(root, np.sqrt(rng.chisquare(n_rows - 1 - np.arange(n_features))))
    return correlation_of(root @ root.T)


def n_above(values, thresholds):
    """Number of leading values that are above their thresholds, one after the other."""
    below = np.flatnonzero(~(values > thresholds))
    return int(below[0]) if len(below) else len(values)
