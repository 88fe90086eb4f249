"""The contract of distributions of data: draws, and exact log-probabilities."""

import abc

import numpy as np
from scipy.special import xlog1py, xlogy
from sklearn.utils import check_array


class Distribution(abc.ABC):
    """Distribution of rows that is known: a yardstick for models of data drawn from it."""

    @property
    @abc.abstractmethod
    def n_features(self):
        """Columns of a row."""

    @abc.abstractmethod
    def _log_prob(self, X):
        """Log p of rows that are in order, (n_samples,) nats."""

    def score_samples(self, X):
        """Log-probability of each row, or of what is observed of it, exactly.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        log_probability : ndarray of shape (n_samples,)
            In nats; minus infinity for rows that there are not.
        """
        return self._log_prob(self._rows(X))

    def score(self, X):
        """Mean log-probability of the rows, in nats: what a perfect model scores.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        score : float
            Minus infinity if there is a row that cannot be.
        """
        return float(self.score_samples(X).mean())

    def _rows(self, X):
        """Rows as an array of float64 of the right width, or a ValueError."""
        X = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan")
        if X.shape[1] != self.n_features:
            raise ValueError(
                f"X has {X.shape[1]} features, but rows of {type(self).__name__} have "
                f"{self.n_features}."
            )
        return X


def refuse_missing(X, distribution):
    """Refuse rows with missing values where log p of a part of a row is not known."""
    if np.isnan(X).any():
        raise ValueError(
            f"X holds missing values (NaN), and {type(distribution).__name__} scores whole rows."
        )


def log_bernoulli(X, p):
    """Log-probability of each row of independent bits with the probability p, (n_samples,) nats.

    Minus infinity where a value is neither 0 nor 1.
    """
    are_bits = ((X == 0) | (X == 1)).all(axis=1)
    n_on = np.where(are_bits, X.sum(axis=1), 0)
    return np.where(are_bits, xlogy(n_on, p) + xlog1py(X.shape[1] - n_on, -p), -np.inf)
