"""Mixture of densities that were learnt from the same rows."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..estimators._compat import HasMethods, Interval, StrOptions, _fit_context
from ..estimators.checks import CheckedParametersMixin
from ..estimators.comparison import RowScores
from ..estimators.density import LatentDensityEstimator
from ..estimators.labels import index_of
from ..estimators.learner import learner_of
from ..estimators.notices import notify
from ..estimators.public import public
from ..estimators.published import VersionedMixin
from ..estimators.results import LogLikelihoodResult
from ..estimators.weights import checked_weights
from ..likelihood import weighted_mean
from .default_model import default_model
from .densities import check_density, log_densities, takes_weights
from .measures import check_same_measure, with_common_units
from .mixture_components import (
    can_reorder,
    check_components,
    different_clones,
    fit_all,
    refuse_transformers,
)
from .mixture_draws import MixtureDrawsMixin
from .mixture_estimates import combined
from .mixture_weights import fit_weights, log_shares, mixed, responsibilities
from .responsibilities import Classes
from .rows import chosen, validated_rows


def _knows_errors(mixture):
    return isinstance(mixture._inner(), LatentDensityEstimator)


class DensityMixture(
    CheckedParametersMixin,
    VersionedMixin,
    MixtureDrawsMixin,
    DensityMixin,
    BaseEstimator,
):
    """Mixture of densities that differ in what chance decides: ``p(x) = sum_k w_k p_k(x)``.

    Machines that learn the same rows from different random numbers, and with the columns in
    different orders, err in different places: their mixture is a density that is better on new
    rows than they are on average, and nearly always than the best of them. It is one like any
    other: it scores rows, draws and imputes. Any density estimator will do that has
    `score_samples`. Weights are learnt on rows held out, by expectation-maximisation [1]_.

    Read more in the :ref:`User Guide <density_mixture>`.

    Parameters
    ----------
    estimator : density estimator or None, default=None
        It is cloned for each component. Every parameter ``random_state`` of a clone, also of what
        it holds, gets a seed of its own. None means an autoregressive `HelmholtzMachine` of five
        hidden units, for the units that the table asks for.

    n_components : int, default=5
        Number of components.

    column_orders : {"auto", "same"}, default="auto"
        ``"auto"`` lets components from the second on have ``column_order="random"``, where the
        estimator has that parameter, is autoregressive, has the columns as they are given and they
        are not mixed. With ``"same"`` all are as the estimator says.

    validation_fraction : float or None, default=0.1
        Share of the rows that no component learns from, on which the weights are learnt; one row
        at least. None means that both are learnt from all rows: for densities that hardly learn
        rows by heart.

    max_iter : int, default=10000
        The most steps that learn the weights.

    tol : float, default=1e-5
        Learning the weights ends when no others could be better by more, in nats per row.

    n_jobs : int or None, default=None
        Components learnt at a time, in processes of joblib; None means one.

    random_state : int, RandomState instance or None, default=None
        Determines the seeds of the components and the rows held out. None draws from NumPy's
        global generator.

    Attributes
    ----------
    estimators_ : list of density estimators
        The components, fitted.

    weights_ : ndarray of shape (n_components,)
        Their probabilities.

    loglike_ : list of float
        Mean log-likelihood, nats, of the rows that weights are learnt on, before each step.

    n_iter_ : int
        Steps that learnt the weights, the last of which changed nothing.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    sklearn.mixture.GaussianMixture : Normal components of which each learns rows of its own.
    GenerativeClassifier : A density for each class.
    sklearn.ensemble.VotingClassifier : The same idea for classifiers.

    Notes
    -----
    A mixture of K equally good components is never worse than they are on average (log is concave),
    and by log K nats per row at most better than the best. Components that all are the same, such
    as those of `FactorAnalysis`, which leaves nothing to chance, make a mixture that is the same.

    Errors of `log_likelihood` are those of the components, each as much as it is probable given the
    row; they are added as if they were the same for all, since components may share random
    numbers.

    References
    ----------
    .. [1] Smyth & Wolpert (1999), Linearly combining density estimators via stacking, Machine
           Learning 36, 59-83.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import DensityMixture, HelmholtzMachine
    >>> X = load_digits().data >= 8
    >>> machine = HelmholtzMachine(10, autoregressive=True, max_iter=10)
    >>> mixture = DensityMixture(machine, 3, random_state=0).fit(X[:1200])
    >>> scores = [component.score(X[1200:]) for component in mixture.estimators_]
    >>> mixture.score(X[1200:]) > max(scores)
    True
    >>> mixture.predict_proba(X[1200:]).shape
    (597, 3)
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "score_samples"]), None],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "column_orders": [StrOptions({"auto", "same"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        n_components=5,
        *,
        column_orders="auto",
        validation_fraction=0.1,
        max_iter=10_000,
        tol=1e-5,
        n_jobs=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.n_components = n_components
        self.column_orders = column_orders
        self.validation_fraction = validation_fraction
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _inner(self):
        """A component to ask what it can do."""
        if hasattr(self, "estimators_"):
            return self.estimators_[0]
        return default_model(np.zeros((1, 1))) if self.estimator is None else self.estimator

    @classmethod
    def from_estimators(cls, estimators, weights=None):
        """A fitted mixture of given fitted densities.

        Parameters
        ----------
        estimators : list of density estimators
            Fitted, of the same columns and in the same units.

        weights : array-like of shape (n_components,), default=None
            Probabilities that sum to 1; None means equal ones.

        Returns
        -------
        mixture : DensityMixture
            A fitted estimator with ``n_iter_`` 0, which holds the densities themselves.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn_helmholtz import DensityMixture, FactorAnalysis
        >>> X = load_wine().data
        >>> mixture = DensityMixture.from_estimators(
        ...     [FactorAnalysis(n).fit(X) for n in (1, 2)], [0.5, 0.5])
        >>> mixture.score_samples(X).shape
        (178,)
        """
        estimators = list(estimators)
        check_components(estimators)
        n = len(estimators)
        names = getattr(estimators[0], "feature_names_in_", None)
        check_same_measure(estimators, range(n), names, "component")
        mixture = cls(estimators[0], n)
        weights = np.full(n, 1 / n) if weights is None else _checked_shares(weights, n)
        mixture._hold(estimators, weights, [])
        mixture.n_features_in_ = estimators[0].n_features_in_
        if names is not None:
            mixture.feature_names_in_ = names
        return mixture

    @_fit_context(prefer_skip_nested_validation=False)
    @public
    def fit(self, X, y=None, sample_weight=None):
        """Learn the components, and then their weights.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Training data, as the density estimator takes them: ours take NaN as missing.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for components and weights. Rows of weight zero are left out.

        Returns
        -------
        self : DensityMixture
            The fitted estimator.
        """
        with learner_of(self) as learner:
            gap = learner._learn(X, sample_weight)
        if gap >= self.tol:
            notify(
                f"Other weights of the components could still be better by {gap:.2g} nats per row "
                f"after max_iter={self.max_iter} steps. Raise max_iter or tol.",
                ConvergenceWarning,
            )
        return self

    def _learn(self, X, sample_weight):
        """Learn from rows; the most that other weights of the components could add."""
        rows, weights = validated_rows(self, X, reset=True), None
        inner = default_model(rows) if self.estimator is None else self.estimator
        check_density(inner)
        refuse_transformers(inner)
        if sample_weight is not None:
            self._check_weights_are_taken(inner)
            weights = checked_weights(sample_weight, rows, X)
            kept = np.flatnonzero(weights)
            rows, weights = chosen(rows, kept), weights[kept]
        rng = check_random_state(self.random_state)
        learnt, held_out = self._split(rows.shape[0], rng)
        reorders = self.column_orders == "auto" and can_reorder(inner, rows)
        inner = with_common_units(inner, rows)
        estimators = different_clones(inner, self.n_components, rng, reorders)
        own = [None if weights is None else weights[part] for part in (learnt, held_out)]
        estimators = fit_all(estimators, chosen(rows, learnt), own[0], self.n_jobs)
        log_prob = _log_prob(estimators, chosen(rows, held_out))
        possible = (log_prob > -np.inf).any(axis=1)
        if not possible.any():
            raise ValueError(
                "No component thinks any of the rows possible that weights are to be learnt on. "
                "Take another estimator, or validation_fraction=None."
            )
        found = fit_weights(
            log_prob[possible], None if own[1] is None else own[1][possible], self.max_iter,
            self.tol,
        )  # fmt: skip
        self._hold(estimators, *found[:2])
        return found[2]

    def _check_weights_are_taken(self, inner):
        if not takes_weights(inner):
            raise ValueError(
                f"sample_weight cannot be used: {type(inner).__name__} learns from rows without "
                "weights. Leave it out, or take another estimator."
            )

    def _split(self, n_rows, rng):
        """Numbers of the rows that components learn from, and of those that weights do."""
        if self.validation_fraction is None:
            return np.arange(n_rows), np.arange(n_rows)
        n_out = max(round(self.validation_fraction * n_rows), 1)
        if n_out >= n_rows:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} leaves no rows to learn from out "
                f"of n_samples={n_rows}. Lower it, or set it to None."
            )
        order = rng.permutation(n_rows)
        return np.sort(order[n_out:]), np.sort(order[:n_out])

    def _hold(self, estimators, weights, path):
        """Set the fitted attributes."""
        self.estimators_, self.weights_ = estimators, weights
        self.loglike_, self.n_iter_ = path, len(path)

    def _joint(self, rows):
        """``log w_k p_k(x)`` of validated rows, (n_rows, n_components)."""
        return log_shares(_log_prob(self.estimators_, rows), self.weights_)

    def _shares(self, rows):
        """Probabilities of the components given validated rows, (n_rows, n_components)."""
        return responsibilities(self._joint(rows), self.weights_)

    @public
    def score_samples(self, X):
        """Log-density of each row, ``log sum_k w_k p_k(x)``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            In nats, exact where those of all components are.
        """
        check_is_fitted(self)
        return mixed(self._joint(validated_rows(self, X, reset=False)))

    @public
    def score(self, X, y=None, sample_weight=None):
        """Mean log-density of the rows: higher is better.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
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
        values = self.score_samples(X)
        if sample_weight is not None:
            sample_weight = checked_weights(sample_weight, values, X)
        return weighted_mean(values, sample_weight)

    @public
    def predict_proba(self, X):
        """Probabilities of the components given each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_components)
            Of a row that all components think impossible, ``weights_``.
        """
        check_is_fitted(self)
        return self._shares(validated_rows(self, X, reset=False))

    @public
    def predict(self, X):
        """The most probable component of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        components : ndarray of shape (n_samples,)
            Numbers from 0.
        """
        return self.predict_proba(X).argmax(axis=1)

    @available_if(_knows_errors)
    @public
    def log_likelihood(
        self, X, *, method="auto", n_importance_samples=None, n_temperatures=None,
        random_state=None, sample_weight=None,
    ):  # fmt: skip
        """Mean log-density of the rows and everything known about its error.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        method : str, default="auto"
            As of `log_likelihood` of the components, as are the next three.

        n_importance_samples : int, default=None
            Samples for each row, or chains when annealing.

        n_temperatures : int, default=None
            Steps of annealed chains.

        random_state : int, RandomState instance or None, default=None
            The random numbers; None means fixed ones.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean.

        Returns
        -------
        result : LogLikelihoodResult
            As of `HelmholtzMachine.log_likelihood`. Errors are upper limits to second order: those
            of components are added as if they rose and fell together.
        """
        check_is_fitted(self)
        rows = validated_rows(self, X, reset=False)
        weights = None
        if sample_weight is not None:
            weights = checked_weights(sample_weight, rows, X)
        if random_state is not None:
            random_state = check_random_state(random_state)
        found = self._scored(
            rows, method=method, n_samples=n_importance_samples, n_temperatures=n_temperatures,
            random_state=random_state,
        )  # fmt: skip
        summary = found.estimate.summary(found.addresses, weights)
        first = self.estimators_[0]
        is_exact = found.method == "exact"
        result = LogLikelihoodResult(
            **summary,
            log_probability=found.log_probability,
            free_energy=found.free_energy,
            kl_gap=found.free_energy + found.estimate.per_sample,
            method=found.method,
            n_importance_samples=(
                None if is_exact else first._n_samples(found.method, n_importance_samples)
            ),
            n_temperatures=first._steps_made(found.method, n_temperatures, random_state),
            remedy=None if summary["reliable"] else _REMEDY,
        )._about(index=index_of(X), weights=weights)
        if not result.reliable:
            notify(
                f"This log-likelihood ({result.method} sampling) cannot be trusted: "
                f"{result._trouble()} {result.remedy}"
            )
        return result

    def _scored(self, rows, **asked):
        """`ScoredRows` of validated rows; asked : of the estimates of components."""
        return combined([each._scored(rows, **asked) for each in self.estimators_], self.weights_)

    def _row_scores(self, X, weights=None):
        """The `RowScores` of rows, as sure as those of the components."""
        check_is_fitted(self)
        rows = validated_rows(self, X, reset=False)
        if not all(isinstance(each, LatentDensityEstimator) for each in self.estimators_):
            return Classes(self.estimators_, self.weights_, self.weights_).row_scores(rows, weights)
        found = self._scored(rows, method="auto", n_samples=None, random_state=None)
        estimate, addresses = found.estimate, found.addresses
        reliable = estimate.summary(addresses, weights)["reliable"]
        noise = estimate.shared_noise(addresses, weights)
        return RowScores(estimate.per_sample, noise, reliable)

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self._inner())
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        return tags


_REMEDY = "Raise n_importance_samples, or train components longer."


def _log_prob(estimators, rows):
    """Log-density of rows under each of some densities, (n_rows, n_components), nats."""
    return np.column_stack([log_densities(estimator, rows) for estimator in estimators])


def _checked_shares(weights, n_components):
    """Probabilities as users gave them, (n_components,) float64, or a ValueError."""
    try:
        shares = np.asarray(weights, np.float64)
    except (TypeError, ValueError):
        shares = np.empty(0)
    fits = shares.shape == (n_components,) and (shares >= 0).all()
    if not fits or not np.isclose(shares.sum(), 1):
        raise ValueError(
            f"weights must be {n_components} probabilities that sum to 1, one for each component, "
            f"got {weights!r}."
        )
    return shares / shares.sum()
