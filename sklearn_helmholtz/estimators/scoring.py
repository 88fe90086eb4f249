"""Scores of estimators that hold a machine: log-likelihoods and free energies."""

import numpy as np
from sklearn.utils import check_random_state

from .. import _keys
from .._keys import Purpose
from ..likelihood import (
    score_by_annealing,
    score_exactly,
    score_where_possible,
    tail_shapes,
)
from .checks import check_choice, check_count
from .enumerated import enumerated_rows
from .notices import notify
from .particles import N_TEMPERATURES, count_particles
from .public import public
from .results import Result

METHODS = ("auto", "exact", "importance", "annealed")
_REMEDIES = {
    "importance": "Raise n_importance_samples, train longer, or use method='annealed'.",
    "annealed": "Raise n_temperatures, or n_importance_samples for more chains.",
}


class ScoringMixin:
    """Scores rows under ``self._machine``: what `score_samples` promises, and its errors.

    Needs the methods ``_rows`` and ``_n_threads`` and the parameter ``n_importance_samples``.
    """

    @public
    def score_samples(self, X):
        """Log-likelihood of each row, exact for small machines and otherwise estimated.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing, and only what is observed counts: a row of nothing else has 0.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            log p(x) in nats, float64: by enumeration if the machine has at most 14 hidden units,
            otherwise from ``n_importance_samples`` importance samples with fixed random numbers (a
            lower bound in expectation; see `log_likelihood`). Where Bernoulli features depend on
            those before them, the missing values of a row count as hidden units. A row's value
            depends on nothing but the row.
        """
        return self._estimate(X, "auto", None, None)[0].per_sample

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
        self, X, *, method="auto", n_importance_samples=None, n_temperatures=N_TEMPERATURES,
        random_state=None,
    ):  # fmt: skip
        """Mean log-likelihood of the rows and everything known about its error.

        Warns where the estimate cannot be trusted, with a remedy.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing, and only what is observed counts.

        method : {"auto", "exact", "importance", "annealed"}, default="auto"
            Enumeration of the hidden states (at most 20 units); importance sampling with a mixture
            of the recognition net (or mean field, where there is none) and, for one sample in five,
            the prior of the hidden layers as the proposal; or annealed importance sampling [2]_,
            which needs no proposal and is much slower. ``"auto"`` is the first for machines of at
            most 14 hidden units, otherwise the second. In autoregressive machines missing values
            of Bernoulli features are enumerated or drawn as hidden units are, and count as such:
            ``"auto"`` then chooses for each row by itself.

        n_importance_samples : int, default=None
            Samples for each row, or chains when annealing. None means the estimator's parameter,
            and 20 chains. Errors need at least two.

        n_temperatures : int, default=1000
            Steps of a chain from the prior to the posterior; only for ``method="annealed"``. Each
            costs a sweep of Gibbs sampling over all hidden units.

        random_state : int, RandomState instance or None, default=None
            The random numbers; None means fixed ones.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields (nats)

            mean : float
                Mean of ``per_sample``. Where estimated, a lower bound in expectation.
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
            pareto_k : ndarray of shape (n_samples,)
                Shape of the tail of each row's weights, equal hidden states counting once; below
                1/2 they have a variance [3]_. NaN where exact, or where there are too few states;
                infinite where annealed chains missed a state that alone makes p(x) larger than
                their estimate (the effective sample size is then 1).
            method : str
                ``"exact"``, ``"importance"`` (of at least one row) or ``"annealed"``.
            is_lower_bound : bool
                Whether ``mean`` is a lower bound in expectation, not the value itself.
            reliable : bool
                Whether at least 95 % of the rows have an effective sample size of 10 or more, the
                median of ``pareto_k`` is below 1/2, and at most 1 % are infinite.

        References
        ----------
        .. [1] Burda, Grosse & Salakhutdinov (2016), Importance weighted autoencoders, ICLR.
        .. [2] Neal (2001), Annealed importance sampling, Statistics and Computing 11, 125-139.
        .. [3] Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto smoothed importance sampling,
               Journal of Machine Learning Research 25(72).
        """
        result = self._log_likelihood(X, method, n_importance_samples, random_state, n_temperatures)
        if not result.reliable:
            _warn_of_estimate(result)
        return result

    def _log_likelihood(self, X, method, n_samples, random_state, n_temperatures):
        """What `log_likelihood` returns, without its warning."""
        check_choice("method", method, METHODS)
        n_temperatures = check_count("n_temperatures", n_temperatures)
        estimate, keys, method = self._estimate(
            X, method, n_samples, random_state, n_temperatures, tail_shapes
        )
        return Result(**estimate.summary(keys), method=method, is_lower_bound=method != "exact")

    @public
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
            over the samples of the recognition net among ``n_importance_samples``, with fixed
            random numbers. Where an autoregressive machine has to draw missing values, they are
            samples as well, and the mean is higher for it.
        """
        return self._estimate(X, "auto", None, None)[0].free_energy

    @public
    def kl_gap(self, X):
        """How far the recognition net is from the truth: KL(q(h | x) || p(h | x)) of each row.

        It is the free energy plus log p(x), F_R(x) = F(x) + KL(R || posterior of G): what
        recognition costs (Dayan, Hinton, Neal & Zemel 1995). Wake-sleep keeps it small without ever
        computing it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        divergence : ndarray of shape (n_samples,)
            In nats: by enumeration if the machine has at most 14 hidden units, otherwise from
            importance samples, and then a lower bound in expectation, since log p(x) is. Where an
            autoregressive machine has to draw missing values, there is no such bound: the gap is
            also that between the draws and what the observed values say of them.
        """
        estimate = self._estimate(X, "auto", None, None)[0]
        return estimate.free_energy + estimate.per_sample

    def _estimate(
        self, X, method, n_samples, random_state, n_temperatures=N_TEMPERATURES, tails=None
    ):
        """An `Estimate` of data, the content keys of its rows, and the method used."""
        rows, _ = self._rows(X)
        return self._estimate_rows(rows, method, n_samples, random_state, n_temperatures, tails)

    def _estimate_rows(
        self, rows, method, n_samples, random_state, n_temperatures=N_TEMPERATURES, tails=None
    ):
        machine, n_threads = self._machine, self._n_threads
        n_samples = count_particles(method, n_samples, self.n_importance_samples)
        if random_state is not None:
            random_state = check_random_state(random_state)
        exactly = enumerated_rows(machine, rows, method)
        if exactly.all():
            return *score_exactly(machine, rows, n_threads), "exact"
        method = "importance" if method == "auto" else method
        seed = _keys.scoring_seed(random_state)
        if method == "importance":
            key = _keys.key(seed, Purpose.SCORE)
            scores = score_where_possible(machine, rows, exactly, key, n_samples, n_threads, tails)
            return *scores, method
        key = _keys.key(seed, Purpose.ANNEAL)
        scores = score_by_annealing(machine, rows, key, n_samples, n_temperatures, n_threads)
        return *scores, method


def _warn_of_estimate(result):
    sizes, shapes = result.effective_sample_size, result.pareto_k[~np.isnan(result.pareto_k)]
    tail = f", and the median Pareto k is {np.median(shapes):.2f}" if len(shapes) else ""
    notify(
        f"This log-likelihood ({result.method} sampling) cannot be trusted: it may be far too low, "
        f"and its errors too small. The median effective sample size of the rows is "
        f"{np.median(sizes):.1f}, the lowest {sizes.min():.1f}{tail}. {_REMEDIES[result.method]}"
    )
