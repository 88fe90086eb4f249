"""Means and covariances of all features: given by users, or of highest likelihood for data."""

from numbers import Real

import numpy as np
import scipy.sparse

from ..factors import (
    Saturated,
    SecondMoments,
    SingularCovarianceError,
    UnknownCovarianceError,
    observed_columns,
)
from ..models import check_columns, named
from ..rows import has_missing
from .factor_parameters import real_array, shaped
from .labels import check_same_labels

_SAME = 1e-8  # differences, relative to the variances, that rounding may have made


def given_moments(covariance, n_samples, mean=None):
    """`SecondMoments` of a covariance matrix, and the names of the features or None.

    Parameters
    ----------
    covariance : array-like of shape (n_features, n_features)
        With the number of rows as the divisor; a DataFrame names the features.

    n_samples : float
        Rows that it was made of, at least 2.

    mean : array-like of shape (n_features,), default=None
        None means zeros.
    """
    check_same_labels(covariance=covariance, mean=mean)
    names = _names(covariance)
    matrix = checked_covariance(covariance, names)
    n, p = checked_rows(n_samples), len(matrix)
    mean = np.zeros(p) if mean is None else shaped("mean", real_array("mean", mean), (p,))
    moments = SecondMoments(mean, n, float(n), np.zeros(p), np.asfortranarray(n * matrix))
    check_columns(moments.columns(), np.zeros((1, p)), names)
    return moments, names


def _names(covariance):
    """The names of the features of a DataFrame, where all are strings, or None."""
    labels = getattr(covariance, "columns", None)
    if labels is None or not all(isinstance(label, str) for label in labels):
        return None
    return np.array(list(labels), dtype=object)


def checked_rows(n_samples):
    """A number of rows, at least 2, or a ValueError."""
    is_number = isinstance(n_samples, Real) and not isinstance(n_samples, bool | np.bool_)
    if not is_number or not 2 <= n_samples < np.inf:
        raise ValueError(
            f"n_samples must be the number of rows behind covariance, at least 2, got "
            f"{n_samples!r}."
        )
    return n_samples


def checked_covariance(covariance, names=None):
    """A covariance matrix as a float64 array that is symmetric, or a ValueError.

    names : of the features, for messages.
    """
    matrix = real_array("covariance", covariance)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(
            f"covariance must have a row and a column for each feature, got the shape "
            f"{matrix.shape}."
        )
    variance = np.diag(matrix)
    if (variance < 0).any():
        column = int(variance.argmin())
        raise ValueError(
            f"covariance must have no negative variances, got {variance[column]:.6g} for column "
            f"{named(column, names)}."
        )
    scale = np.sqrt(np.where(variance > 0, variance, 1))
    relative = matrix / scale / scale[:, None]
    if np.abs(relative - relative.T).max() > _SAME:
        raise ValueError("covariance must be symmetric.")
    least = np.linalg.eigvalsh(relative)[0]
    if least < -_SAME:
        raise ValueError(
            "covariance must be positive semidefinite: no rows have these covariances. The least "
            f"eigenvalue of the correlations is {least:.3g}; where values are missing, covariances "
            "of pairs may make such a matrix."
        )
    return (matrix + matrix.T) / 2


def saturated_of_moments(moments, names, purpose):
    """The `Saturated` distribution of `SecondMoments`, or a ValueError; purpose : what needs it."""
    _refuse_constants(moments.columns(), names, purpose)
    try:
        return Saturated.of_moments(moments)
    except SingularCovarianceError as error:
        raise _singular(purpose, error) from error


def are_correlations(X):
    """Whether rows look like a matrix of correlations, some of which are not zero."""
    if scipy.sparse.issparse(X) or X.shape[0] != X.shape[1]:
        return False
    rest = X - np.eye(len(X))
    is_alike = np.allclose(rest, rest.T, rtol=0, atol=_SAME)
    has_ones = np.abs(np.diagonal(rest)).max() < _SAME
    return bool(is_alike and has_ones and _SAME < np.abs(rest).max() <= 1)


def saturated_of_rows(X, weights, names, purpose):
    """The same of validated rows, in which values may be missing.

    weights : (n_samples,) or None; names : of the features, or None.
    """
    if X.shape[0] <= X.shape[1]:
        remedy = " Give correlations as covariance=." if are_correlations(X) else ""
        raise ValueError(
            f"{purpose} needs more rows than features, got {X.shape[0]} rows and {X.shape[1]} "
            f"features.{remedy}"
        )
    if not has_missing(X):
        moments = SecondMoments.about(X, weights).plus(X, weights)
        check_columns(moments.columns(), X, names)
        return saturated_of_moments(moments, names, purpose)
    weights = np.ones(X.shape[0]) if weights is None else weights
    columns = observed_columns(X, weights)
    check_columns(columns, X, names)
    _refuse_constants(columns, names, purpose)
    try:
        return Saturated.of_incomplete(X, weights, columns)
    except UnknownCovarianceError as error:
        one, other = (named(column, names) for column in error.pair)
        raise ValueError(
            f"{purpose} needs the covariances of all features, but no row holds both column {one} "
            f"and column {other}. Leave one of them out."
        ) from error
    except (SingularCovarianceError, np.linalg.LinAlgError) as error:
        raise _singular(purpose, error) from error


def _refuse_constants(columns, names, purpose):
    if columns.constant.any():
        column = int(columns.constant.argmax())
        raise ValueError(
            f"{purpose} needs features that vary, but column {named(column, names)} is constant. "
            "Leave it out."
        )


def _singular(purpose, error):
    return ValueError(
        f"{purpose} needs a covariance of full rank: {error}. A feature is a function of others "
        "in these rows; leave out copies and sums, or take more rows."
    )
