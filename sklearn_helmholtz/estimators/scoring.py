"""Scores of estimators that hold a machine: log-likelihoods and free energies."""

from sklearn.utils import Bunch, check_random_state

from .. import _keys
from .._keys import Purpose
from .._threads import count_threads
from ..likelihood import MAX_AUTOMATIC_UNITS, MAX_UNITS, score_by_importance, score_exactly
from .checks import check_count

_METHODS = ("auto", "exact", "importance")


class ScoringMixin:
    """Scores rows under ``self._machine``: what `score_samples` promises, and its errors.

    Needs the method ``_rows`` and the parameters ``n_importance_samples`` and ``n_jobs``.
    """

    def score_samples(self, X):
        """Log-likelihood of each row, exact for small machines and otherwise estimated.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            log p(x) in nats, float64: by enumeration if the machine has at most 14 hidden units,
            otherwise from ``n_importance_samples`` importance samples with fixed random numbers (a
            lower bound in expectation). A row's value depends on nothing but the row.
        """
        return self._estimate(X, "auto", None, None)[0].per_sample

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

    def log_likelihood(self, X, *, method="auto", n_importance_samples=None, random_state=None):
        """Mean log-likelihood of the rows and everything known about its error.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        method : {"auto", "exact", "importance"}, default="auto"
            Enumeration of the hidden states, importance sampling with the recognition net as the
            proposal, or the first where the machine has at most 14 hidden units. Enumeration
            refuses more than 20.

        n_importance_samples : int, default=None
            Samples for each row; None means the estimator's parameter. Errors need at least two.

        random_state : int, RandomState instance or None, default=None
            The random numbers of importance sampling; None means fixed ones.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields (nats)

            mean : float
                Mean of ``per_sample``. With importance sampling a lower bound in expectation.
            standard_error : float
                Of ``mean`` as an estimate for the population: rows and Monte Carlo together.
                NaN for a single row.
            monte_carlo_error : float
                Standard error for exactly these rows; 0 where exact. Equal rows share their noise.
            bias : float
                Delta-method estimate of the bias of ``mean``, never positive. Not corrected for.
            per_sample : ndarray of shape (n_samples,)
                log p(x) of each row.
            effective_sample_size : ndarray of shape (n_samples,)
                Of the importance weights of each row; infinite where exact.
            method : str
                ``"exact"`` or ``"importance"``.
            is_lower_bound : bool
                Whether ``mean`` is a lower bound in expectation, not the value itself.
            reliable : bool
                Whether at least 95 % of the rows have an effective sample size of 10 or more.

        References
        ----------
        Burda, Grosse & Salakhutdinov (2016), Importance weighted autoencoders, ICLR.
        """
        if method not in _METHODS:
            raise ValueError(f"method must be one of {_METHODS}, got {method!r}.")
        estimate, keys, method = self._estimate(X, method, n_importance_samples, random_state)
        return Bunch(**estimate.summary(keys), method=method, is_lower_bound=method == "importance")

    def free_energy(self, X):
        """Variational free energy of each row: ``E_q[log q(h | x) - log p(x, h)]``.

        It exceeds -log p(x) by the divergence of the recognition distribution q from the posterior
        (Dayan, Hinton, Neal & Zemel 1995).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        free_energy : ndarray of shape (n_samples,)
            In nats: by enumeration if the machine has at most 14 hidden units, otherwise the mean
            over ``n_importance_samples`` samples with fixed random numbers.
        """
        return self._estimate(X, "auto", None, None)[0].free_energy

    def _estimate(self, X, method, n_samples, random_state):
        """An `Estimate` of all rows, their content keys, and the method used."""
        rows, _ = self._rows(X)
        n_hidden, n_threads = sum(self._machine.n_units[1:]), count_threads(self.n_jobs)
        if method == "exact" and n_hidden > MAX_UNITS:
            raise ValueError(
                f"method='exact' would enumerate 2**{n_hidden} hidden states; it is meant for at "
                f"most {MAX_UNITS} hidden units. Use method='importance'."
            )
        if method == "exact" or (method == "auto" and n_hidden <= MAX_AUTOMATIC_UNITS):
            estimate, keys = score_exactly(self._machine, rows, n_threads)
            return estimate, keys, "exact"
        n_samples = self.n_importance_samples if n_samples is None else n_samples
        check_count("n_importance_samples", n_samples)
        if random_state is not None:
            random_state = check_random_state(random_state)
        key = _keys.key(_keys.scoring_seed(random_state), Purpose.SCORE)
        estimate, keys = score_by_importance(self._machine, rows, key, n_samples, n_threads)
        return estimate, keys, "importance"
