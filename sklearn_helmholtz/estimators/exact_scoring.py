"""Scores of estimators whose likelihood has a closed form."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..likelihood.estimate import Estimate
from .checks import check_choice, check_count
from .public import public
from .results import Result

METHODS = ("auto", "exact")


class ExactScoringMixin:
    """Scores rows under ``self._machine``, which knows log p(x); nothing is ever estimated.

    Needs the methods ``_rows``, ``sample`` and ``_count_parameters``.
    """

    @public
    def score_samples(self, X):
        """Log-likelihood of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing, and only what is observed counts: a row of nothing else has 0.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            log p(x) in nats, exact.
        """
        check_is_fitted(self)
        return self._machine.log_prob(self._rows(X)[0])

    @public
    def score(self, X, y=None):
        """Mean log-likelihood of the rows: higher is better, comparable between models.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        y : None
            Ignored, present for API consistency by convention.

        Returns
        -------
        score : float
            The mean of `score_samples`, in nats per row.
        """
        return float(self.score_samples(X).mean())

    @public
    def log_likelihood(
        self, X, *, method="auto", n_importance_samples=None, n_temperatures=None,
        random_state=None,
    ):  # fmt: skip
        """Mean log-likelihood of the rows and its error, as other models of this library have it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        method : {"auto", "exact"}, default="auto"
            Both are exact.

        n_importance_samples, n_temperatures, random_state : None
            Ignored, present for API consistency by convention: nothing is estimated.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            As `HelmholtzMachine.log_likelihood` for ``method="exact"``.
        """
        check_choice("method", method, METHODS)
        per_sample = self.score_samples(X)
        estimate = Estimate.exactly(per_sample, -per_sample)
        summary = estimate.summary(np.arange(len(per_sample)))
        return Result(**summary, method="exact", is_lower_bound=False)

    @public
    def log_likelihood_bounds(
        self, n_samples=1000, *, method="auto", n_importance_samples=None, n_temperatures=None,
        random_state=None,
    ):  # fmt: skip
        """Bounds of the log-likelihood of rows that the model dreams: exact, and so both the same.

        Parameters
        ----------
        n_samples : int, default=1000
            Rows to dream.

        method : {"auto", "exact"}, default="auto"
            Both are exact.

        n_importance_samples, n_temperatures : None
            Ignored, present for API consistency by convention.

        random_state : int, RandomState instance or None, default=None
            The rows; None uses NumPy's global generator.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            As `HelmholtzMachine.log_likelihood_bounds`, with a ``gap`` of 0.
        """
        check_is_fitted(self)
        check_choice("method", method, METHODS)
        n_samples = check_count("n_samples", n_samples)
        X = self.sample(n_samples, random_state=check_random_state(random_state))
        per_sample = self._machine.log_prob(X)
        mean = float(per_sample.mean())
        return Result(
            lower=mean, upper=mean, gap=0.0, gap_standard_error=0.0, lower_per_sample=per_sample,
            upper_per_sample=per_sample.copy(), method="exact",
        )  # fmt: skip

    @public
    def free_energy(self, X):
        """Variational free energy of each row: -log p(x), since the posterior is exact.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        free_energy : ndarray of shape (n_samples,)
            In nats.
        """
        return -self.score_samples(X)

    @public
    def kl_gap(self, X):
        """How far what is thought of the factors is from the truth: nothing, of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        divergence : ndarray of shape (n_samples,)
            Zeros: the posterior is exact.
        """
        check_is_fitted(self)
        return np.zeros(self._rows(X)[0].shape[0])

    @public
    def aic(self, X):
        """Akaike's information criterion on the rows: lower is better.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        criterion : float
            Minus twice the log-likelihood of all rows, plus 2 for each free parameter.
        """
        return float(-2 * self.score_samples(X).sum() + 2 * self._count_parameters())

    @public
    def bic(self, X):
        """The Bayesian information criterion on the rows: lower is better.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        criterion : float
            Minus twice the log-likelihood of all rows, plus ``log(n_samples)`` for each free
            parameter.
        """
        per_sample = self.score_samples(X)
        price = np.log(len(per_sample))
        return float(-2 * per_sample.sum() + price * self._count_parameters())
