"""Numbers that are read off loadings: variances explained, complexities, and nearness to targets.

Loadings are a pattern (n_features, n_factors), of standardised features unless said otherwise;
correlations of the factors are (n_factors, n_factors).

References
----------
Hofmann (1978), Complexity and simplicity as objective indices descriptive of factor solutions,
Multivariate Behavioral Research 13.
Schonemann (1966), A generalized solution of the orthogonal Procrustes problem, Psychometrika 31.
"""

import numpy as np

from .rotations import Rotation


def variances_explained(pattern, correlation):
    """Sums of squared loadings of the factors, (n_factors,); of oblique ones their shares.

    ``diag(Phi L' L)``: products of the pattern and the structure. They sum to all that factors
    explain, the sum of the communalities; a share may be negative.
    """
    return np.einsum("ij,ij->j", pattern, pattern @ correlation)


def complexities(pattern):
    """Numbers of factors that features are made of, (n_features,): Hofmann's index.

    ``(sum_j l_ij^2)^2 / sum_j l_ij^4``: 1 for a single loading, n_factors for equal ones, 0 for
    none.
    """
    largest = np.abs(pattern).max(axis=1, initial=0, keepdims=True)
    squares = (pattern / np.where(largest > 0, largest, 1)) ** 2  # small powers would vanish
    below = (squares**2).sum(axis=1)
    return squares.sum(axis=1) ** 2 / np.where(below > 0, below, 1)


def towards(loadings, target):
    """The orthogonal `Rotation` of loadings that brings them nearest to a target.

    Both (n_features, n_factors): the least sum of squared differences (Schonemann 1966). Factors
    keep the order and the signs of the target.
    """
    left, _, right = np.linalg.svd(loadings.T @ target)
    turn = left @ right
    return Rotation(loadings @ turn, turn, np.eye(len(turn)), True)
