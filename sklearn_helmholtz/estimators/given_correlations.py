"""Correlations of data, or of a covariance matrix in their place, as users gave them."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator

from ..factors import Saturated
from ..factors.saturated import correlation_of
from .second_moments import given_moments, saturated_of_moments, saturated_of_rows
from .validation import validated
from .weights import checked_weights


class Table(BaseEstimator):
    """Stands in for an estimator where scikit-learn checks data for one."""


@dataclass(frozen=True)
class GivenCorrelations:
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


def _check_width(purpose, n_features):
    if n_features < 2:
        raise ValueError(f"{purpose} needs at least 2 features, got {n_features}.")
