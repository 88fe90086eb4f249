"""Scores of estimators: log-likelihoods, their bounds, free energies."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..likelihood import Estimate, tail_shapes
from .checks import check_choice, check_count
from .collected import is_collection, whole_seed
from .collected_scores import mean_score, scored_collection
from .labels import index_of
from .notices import notify
from .progress import with_progress
from .public import public
from .results import BoundsResult, LogLikelihoodResult
from .scored_rows import ScoredRows

N_TEMPERATURES = 1000
METHODS = ("auto", "exact", "importance", "annealed")
_REMEDIES = {
    "importance": "Raise n_importance_samples, or train longer.",
    "importance or annealed": (
        "Raise n_importance_samples, train longer, or use method='annealed'."
    ),
    "annealed": "Raise n_temperatures, or n_importance_samples for more chains.",
}


class ScoringMixin:
    """Scores rows under ``self._model``: what `score_samples` promises, and its errors."""

    @with_progress
    @public
    def score_samples(self, X):
        """Log-likelihood of each row, exact where it has a closed form, otherwise estimated.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing, and only what is observed counts: a row of nothing else has 0.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            log p(x) in nats, float64. Factor models know it; machines enumerate the states of at
            most 14 binary hidden units, and otherwise, and of Gaussian latents, take
            ``n_importance_samples`` importance samples with fixed random numbers (a lower bound in
            expectation; see `log_likelihood`). Sparse coding anneals. Where Bernoulli features
            depend on those before them, the missing values of a row count as hidden units. A row's
            value depends on nothing but the row.
        """
        return self._estimate(X, "auto", None, None)[0].per_sample

    @with_progress
    @public
    def score(self, X, y=None, sample_weight=None):
        """Mean log-likelihood of the rows: higher is better, comparable between models.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean.

        Returns
        -------
        score : float
            The mean of `score_samples`, in nats per row.
        """
        if is_collection(X):
            return mean_score(self, X, sample_weight)
        estimate, _, _, weights = self._estimate(X, "auto", None, None, sample_weight)
        return estimate.mean(weights)

    @with_progress
    @public
    def log_likelihood(
        self, X, *, sample_weight=None, method="auto", n_importance_samples=None,
        n_temperatures=None, random_state=None,
    ):  # fmt: skip
        """Mean log-likelihood of the rows and everything known about its error.

        Warns where the estimate cannot be trusted, with a remedy.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing, and only what is observed counts.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows: how many rows of the population each stands for, as the inverse of
            the probability with which it came into the sample. None means the same for all.

        method : {"auto", "exact", "importance", "annealed"}, default="auto"
            Enumeration of the hidden states (at most 20 units); importance sampling with a mixture
            of the recognition net (where there is none mean field, or of mixed columns the means of
            short Gibbs chains; of Gaussian latents also the same with wider scales) and, for one
            sample in five, the prior of the hidden layers as the proposal; or annealed importance
            sampling [2]_, which needs no proposal and is much slower, and has no way with rows of
            autoregressive machines that miss counts or values of mixed columns. ``"auto"`` is the
            first for machines of at most 14 binary hidden units, otherwise the second. In
            autoregressive machines missing values of Bernoulli features are enumerated or drawn as
            hidden units are, and count as such: ``"auto"`` then chooses for each row by itself.
            Factor models have ``"auto"`` and ``"exact"``, the same closed form, which needs none of
            the parameters below; sparse coding has ``"auto"`` and ``"annealed"``, which are the
            same as well.

        n_importance_samples : int, default=None
            Samples for each row, or chains when annealing. None means the estimator's parameter,
            and 20 chains. Errors need at least two.

        n_temperatures : int, default=None
            Steps of a chain from the prior to the posterior; only for ``method="annealed"``. Each
            costs a sweep of Gibbs sampling over all hidden units. None means 1000, or the
            estimator's parameter if it has one.

        random_state : int, RandomState instance or None, default=None
            The random numbers; None means fixed ones.

        Returns
        -------
        result : LogLikelihoodResult
            With ``mean``, ``standard_error``, ``monte_carlo_error`` and ``bias`` in nats per row,
            ``method``, ``bound``, ``reliable`` and ``remedy``, and for each row ``per_sample``,
            ``log_probability``, ``free_energy``, ``kl_gap``, ``effective_sample_size`` and
            ``pareto_k``: see :class:`~sklearn_helmholtz.estimators.results.LogLikelihoodResult`.

        References
        ----------
        .. [1] Burda, Grosse & Salakhutdinov (2016), Importance weighted autoencoders, ICLR.
        .. [2] Neal (2001), Annealed importance sampling, Statistics and Computing 11, 125-139.
        """
        result = self._log_likelihood(
            X, method, n_importance_samples, random_state, n_temperatures, sample_weight
        )
        if not result.reliable:
            notify(
                f"This log-likelihood ({result.method} sampling) cannot be trusted: "
                f"{result._trouble()} {result.remedy}"
            )
        return result

    def _log_likelihood(
        self, X, method, n_samples, random_state, n_temperatures, sample_weight=None
    ):
        """The result of `log_likelihood`, without its warning."""
        if is_collection(X) and random_state is not None:
            random_state = whole_seed(random_state)
        asked = {"method": method, "n_samples": n_samples, "n_temperatures": n_temperatures}
        scored = self._scored(X, sample_weight, random_state=random_state, **asked)
        estimate, weights, energy = scored.estimate, scored.weights, scored.free_energy
        summary = estimate.summary(scored.addresses, weights)
        result = LogLikelihoodResult(
            **summary,
            log_probability=scored.log_probability,
            free_energy=energy,
            kl_gap=energy + estimate.per_sample,
            method=scored.method,
            n_importance_samples=(
                None if scored.method == "exact" else self._n_samples(scored.method, n_samples)
            ),
            n_temperatures=self._steps_made(scored.method, n_temperatures, random_state),
            remedy=None if summary["reliable"] else _remedy(scored.method, self._model.can_anneal),
        )
        return result._about(index=scored.index, weights=weights)

    def _scored(self, X, sample_weight=None, **asked):
        """The `ScoredRows` of data, or of a collection chunk by chunk; asked : of estimates."""
        if is_collection(X):
            return scored_collection(self, X, sample_weight, **asked)
        estimate, addresses, method, weights, rows = self._estimate_rows(
            X, sample_weight=sample_weight, tails=tail_shapes, **asked
        )
        return ScoredRows(
            estimate, addresses, method, weights,
            self._model.recorded(rows, estimate.per_sample), self._energies(rows, estimate),
            index_of(X),
        )  # fmt: skip

    def _n_temperatures(self, given):
        """Steps of annealed chains; given : by the user, or None."""
        return check_count("n_temperatures", N_TEMPERATURES if given is None else given)

    def _steps_made(self, method, given, random_state):
        """Steps that annealed chains made; None where nothing was annealed, or nobody knows."""
        return self._n_temperatures(given) if method == "annealed" else None

    def _energies(self, rows, estimate):
        """Free energies of rows that have an `Estimate`, NaN where there are none."""
        return estimate.free_energy

    @with_progress
    @public
    def log_likelihood_bounds(
        self, n_samples=1000, *, method="auto", n_importance_samples=None,
        n_temperatures=None, random_state=None,
    ):  # fmt: skip
        """Bounds of the log-likelihood from both sides, on rows that the model dreams.

        The estimates of `log_likelihood` are too low on average. Where the hidden causes of a row
        are known, as for the model's own dreams, the same samples also make estimates that are too
        high. The gap between the two tells how far such estimates can be off, on rows like the
        model's own. Factor models know log p(x): both bounds are the same.

        Parameters
        ----------
        n_samples : int, default=1000
            Rows to dream.

        method : {"auto", "importance", "annealed"}, default="auto"
            Importance sampling, in which the true causes replace one particle for the upper bound;
            or annealing, from the prior to the posterior for the lower and from the true causes
            back to the prior for the upper bound [1]_. ``"auto"`` means the first, but the second
            for sparse coding, which has no other. Factor models have ``"auto"`` and ``"exact"``.

        n_importance_samples : int, default=None
            As in `log_likelihood`.

        n_temperatures : int, default=None
            As in `log_likelihood`.

        random_state : int, RandomState instance or None, default=None
            Rows and random numbers; None uses NumPy's global generator.

        Returns
        -------
        result : BoundsResult
            With the means ``lower`` and ``upper``, ``gap`` and its ``gap_standard_error`` in nats
            per row, and for each row ``lower_per_sample`` and ``upper_per_sample``: see
            :class:`~sklearn_helmholtz.estimators.results.BoundsResult`.

        References
        ----------
        .. [1] Grosse, Ghahramani & Adams (2015), Sandwiching the marginal likelihood using
               bidirectional Monte Carlo, arXiv:1511.02543.
        """
        check_is_fitted(self)
        if np.ndim(n_samples):
            raise ValueError(
                "log_likelihood_bounds dreams its own rows: n_samples is their number, not data. "
                "The lower bound of given rows is log_likelihood(X)."
            )
        n_samples = check_count("n_samples", n_samples)
        n_temperatures = self._n_temperatures(n_temperatures)
        check_choice("method", method, self._model.bound_methods)
        n_particles = self._n_samples(method, n_importance_samples)
        rng = check_random_state(random_state)
        lower, upper, method = self._model.bounds(
            n_samples, method, n_particles, n_temperatures, rng, self._n_threads
        )
        gaps = upper - lower
        return BoundsResult(
            lower=float(lower.mean()),
            upper=float(upper.mean()),
            gap=float(gaps.mean()),
            gap_standard_error=float(np.sqrt(Estimate.variance_of_mean(gaps))),
            lower_per_sample=lower,
            upper_per_sample=upper,
            method=method,
            n_importance_samples=None if method == "exact" else n_particles,
        )

    @with_progress
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
            In nats: by enumeration if the machine has at most 14 binary units, otherwise the mean
            over the samples of the recognition net among ``n_importance_samples``, with fixed
            random numbers. Where an autoregressive machine has to draw missing values, they are
            samples as well, and the mean is higher for it. Of factor models it is -log p(x), since
            their posterior is exact.
        """
        return self._estimate(X, "auto", None, None)[0].free_energy

    @with_progress
    @public
    def kl_gap(self, X):
        """Divergence of inference from the truth: KL(q(h | x) || p(h | x)) of each row.

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
            In nats: by enumeration if the machine has at most 14 binary units, otherwise from
            importance samples, and then a lower bound in expectation, since log p(x) is. Where an
            autoregressive machine has to draw missing values, there is no such bound: the gap is
            also that between the draws and what the observed values say of them. Of factor models,
            zeros.
        """
        estimate = self._estimate(X, "auto", None, None)[0]
        return estimate.free_energy + estimate.per_sample

    def _estimate(self, *args):
        """An `Estimate` of data, addresses of its rows, the method used, and weights or None."""
        return self._estimate_rows(*args)[:-1]

    def _estimate_rows(
        self, X, method, n_samples, random_state, sample_weight=None,
        n_temperatures=None, tails=None,
    ):  # fmt: skip
        """The same, and the rows that the model made of the data."""
        rows, weights, _ = self._rows(X, sample_weight)
        check_choice("method", method, self._model.likelihood_methods)
        n_temperatures = self._n_temperatures(n_temperatures)
        n_samples = self._n_samples(method, n_samples)
        if random_state is not None:
            random_state = check_random_state(random_state)
        found = self._model.estimate(
            rows, method, n_samples, n_temperatures, random_state, self._n_threads, tails
        )
        return *found, weights, rows


def _remedy(method, can_anneal):
    """Advice on an estimate that is not reliable."""
    return _REMEDIES["importance or annealed" if method == "importance" and can_anneal else method]
