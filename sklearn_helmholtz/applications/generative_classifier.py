"""Classifier by a density for each class."""

from numbers import Integral, Real

import numpy as np
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..estimators import FactorAnalysis
from ..estimators._compat import HasMethods, Interval, _fit_context
from ..estimators.checks import CheckedParametersMixin, check_count
from ..estimators.class_labels import ClassLabels, place_of
from ..estimators.labels import by_label
from ..estimators.learner import learner_of
from ..estimators.notices import notify
from ..estimators.public import public
from ..estimators.published import VersionedMixin
from ..estimators.weights import checked_weights
from .densities import check_density, drawn, takes_weights
from .measures import check_same_measure, refuse_pipeline, with_common_units
from .responsibilities import Classes, Rows, log_posterior, maximise
from .rows import chosen, stacked, validated_rows


def _can_sample(classifier):
    densities = getattr(classifier, "estimators_", [classifier._inner()])
    return all(hasattr(density, "sample") for density in densities)


class GenerativeClassifier(CheckedParametersMixin, VersionedMixin, ClassifierMixin, BaseEstimator):
    """Classifier by Bayes' rule: a density p(x | y) for each class, and priors p(y).

    Any density estimator will do that has `score_samples`: those of this package,
    :class:`~sklearn.mixture.GaussianMixture`, :class:`~sklearn.neighbors.KernelDensity`. A row
    belongs to the class that makes it most probable, ``p(y | x) ~ p(y) p(x | y)``. Since rows have
    a density, the classifier knows how odd a row is (`score_samples`), draws rows of a class
    (`sample`), takes gaps in X where its densities do, and learns from rows without a label.

    Read more in the :ref:`User Guide <classifiers>`.

    Parameters
    ----------
    estimator : density estimator or None, default=None
        It is cloned for each class. None means ``FactorAnalysis()``: normal rows with a whole
        covariance matrix; fewer factors need fewer rows.

    priors : array-like of shape (n_classes,), default=None
        Probabilities of the classes, in their order; a Series of pandas with labels goes by these.
        None means their (weighted) shares of the rows.

    max_iter : int, default=100
        The most times that the densities are learnt where labels are missing; otherwise once.

    tol : float, default=1e-4
        Where labels are missing, learning ends when it raises the log-likelihood by less, in nats
        per row.

    n_jobs : int or None, default=None
        Classes learnt at a time, in processes of joblib; None means one.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in order.

    class_count_ : ndarray of shape (n_classes,)
        Sums of the weights of the rows of each class; expected ones where labels are missing.

    class_prior_ : ndarray of shape (n_classes,)
        Probability of each class.

    estimators_ : list of density estimators
        One for each class, fitted.

    loglike_ : list of float or None
        Where labels were missing, the log-likelihood of all rows in nats, ``log p(x, y)`` of those
        with a label and ``log p(x)`` of the others, each time the densities were learnt.

    n_iter_ : int
        How many times they were.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    LatentClassifier : One density of the columns and the label together.
    TransformedDensity : A density behind a transformer, in the units of the data.
    sklearn.naive_bayes.GaussianNB : The same with independent normal columns.
    sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis : The same with normal rows.

    Notes
    -----
    Densities compare only if they are with respect to the same measure. What machines infer from
    data (``visible="auto"``, kinds and resolutions of mixed columns) is inferred from all rows
    together and set in the clones; a pipeline that rescales each class in its own way is refused:
    `TransformedDensity` takes its place. Where a class has fewer rows than features, or a feature
    is constant in it, a normal density is next to a plane, and probabilities are 0 and 1: take
    fewer factors, or a machine.

    References
    ----------
    .. [1] Nigam, McCallum, Thrun & Mitchell (2000), Text classification from labeled and unlabeled
           documents using EM, Machine Learning 39, 103-134.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_helmholtz import GenerativeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = GenerativeClassifier().fit(X[::2], y[::2])
    >>> round(classifier.score(X[1::2], y[1::2]), 2)
    0.96
    >>> classifier.sample(2, y=1, random_state=0)[1]
    array([1, 1])
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "score_samples"]), None],
        "priors": ["array-like", None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_jobs": [Integral, None],
    }

    def __init__(self, estimator=None, *, priors=None, max_iter=100, tol=1e-4, n_jobs=None):
        self.estimator = estimator
        self.priors = priors
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs

    def _inner(self):
        return FactorAnalysis() if self.estimator is None else self.estimator

    @_fit_context(prefer_skip_nested_validation=False)
    @public
    def fit(self, X, y, sample_weight=None):
        """Learn a density for each class.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Training data, as the density estimator takes them: ours take NaN as missing.

        y : array-like of shape (n_samples,)
            Labels. NaN, None, ``pd.NA`` and a mask mean that a label is missing; -1 is one like any
            other (``np.where(y == -1, np.nan, y)`` makes it a gap). Rows without a label count for
            each class as much as it is probable, by expectation-maximisation, for which the
            density estimator has to take ``sample_weight``.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, in the densities and the priors. Rows of weight zero are left out.

        Returns
        -------
        self : GenerativeClassifier
            The fitted classifier.
        """
        with learner_of(self) as learner:
            converged = learner._learn(X, y, sample_weight)
        if not converged:
            notify(
                f"The log-likelihood still rose after max_iter={self.max_iter} times of learning "
                "the densities. Raise max_iter or tol.",
                ConvergenceWarning,
            )
        return self

    def _learn(self, X, y, sample_weight):
        """Whether learning from the rows has ended by itself."""
        inner = self._inner()
        check_density(inner)
        refuse_pipeline(inner)
        values = validated_rows(self, X, reset=True)
        labels = ClassLabels.of(y, values, type(self).__name__)
        self._check_weights_are_taken(inner, sample_weight, labels)
        rows = self._rows(values, labels, sample_weight, X)
        inner = with_common_units(inner, rows.values)
        weighted = sample_weight is not None
        found = rows.classes(
            [clone(inner) for _ in rows.labels.classes], rows.shares_of_labels(), weighted
        )
        path, converged = None, True
        if rows.labels.missing.any():
            found, path, converged = maximise(rows, found, self.max_iter, self.tol)
            _restore(found.estimators, inner)
        names = getattr(self, "feature_names_in_", None)
        check_same_measure(found.estimators, rows.labels.classes, names)
        self._hold(rows.labels.classes, found, path)
        return converged

    def _hold(self, classes, found, path):
        """Set the fitted attributes."""
        self.classes_, self.estimators_ = classes, found.estimators
        self.class_count_, self.class_prior_ = found.counts, found.prior
        self.loglike_, self.n_iter_ = path, 1 if path is None else len(path)

    def _rows(self, values, labels, sample_weight, given):
        """`Rows` that have a weight."""
        if sample_weight is None:
            return Rows(values, labels, None, self._checked_priors(labels), self.n_jobs)
        weights = checked_weights(sample_weight, values, given)
        kept = np.flatnonzero(weights)
        labels = labels.choose(kept)
        priors = self._checked_priors(labels)
        return Rows(chosen(values, kept), labels, weights[kept], priors, self.n_jobs)

    def _check_weights_are_taken(self, inner, sample_weight, labels):
        """Refuse weights, and rows without a label, if the density estimator takes no weights."""
        if takes_weights(inner):
            return
        name = type(inner).__name__
        if sample_weight is not None:
            raise ValueError(
                f"sample_weight cannot be used: {name} learns from rows without weights. Leave it "
                "out, or take another estimator."
            )
        if labels.missing.any():
            raise ValueError(
                f"y has {labels.missing.sum()} missing label(s), but {name} cannot learn from them:"
                " its fit takes no sample_weight. Leave these rows out, or take another estimator."
            )

    def _checked_priors(self, labels):
        """Priors as users gave them, (n_classes,) float64, or None; or a ValueError."""
        if self.priors is None:
            return None
        n, priors = len(labels.classes), by_label("priors", self.priors, labels.classes, "classes")
        try:
            priors = np.asarray(priors, np.float64)
        except (TypeError, ValueError):
            priors = np.empty(0)
        is_distribution = priors.shape == (n,) and (priors >= 0).all()
        if not is_distribution or not np.isclose(priors.sum(), 1):
            raise ValueError(
                f"priors must be {n} probabilities that sum to 1, one for each class, got "
                f"{self.priors!r}."
            )
        return priors

    @public
    def joint_log_likelihood(self, X):
        """Log-density of each row together with each class, ``log p(x | y) + log p(y)``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples, n_classes)
            In nats, in the order of ``classes_``; -inf where a class makes a row impossible.
        """
        check_is_fitted(self)
        return self._classes().joint(validated_rows(self, X, reset=False))

    def _classes(self):
        return Classes(self.estimators_, self.class_count_, self.class_prior_)

    @public
    def score_samples(self, X):
        """Log-density of each row whatever its class, ``log sum_y p(y) p(x | y)``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            In nats.
        """
        return logsumexp(self.joint_log_likelihood(X), axis=1)

    def _row_scores(self, X, weights=None):
        """The `RowScores` of rows, as sure as those of the densities of their classes."""
        check_is_fitted(self)
        return self._classes().row_scores(validated_rows(self, X, reset=False), weights)

    @public
    def predict_log_proba(self, X):
        """Log-probabilities of the classes given each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``. A row that is impossible in every class says nothing of
            them: it gets the logarithms of the priors.
        """
        joint = self.joint_log_likelihood(X)
        return log_posterior(joint, self._classes().log_prior)

    @public
    def predict_proba(self, X):
        """Probabilities of the classes given each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return np.exp(self.predict_log_proba(X))

    @public
    def decision_function(self, X):
        """Log-odds of two classes, or log-probabilities of more.

        They rank rows also where probabilities are 0 and 1 for all that numbers can tell.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            ``log p(y = classes_[1] | x) - log p(y = classes_[0] | x)``, or `predict_log_proba`
            unless there are two classes.
        """
        log_proba = self.predict_log_proba(X)
        return log_proba[:, 1] - log_proba[:, 0] if log_proba.shape[1] == 2 else log_proba

    @public
    def predict(self, X):
        """Most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels.
        """
        most_probable = self.predict_log_proba(X).argmax(axis=1)
        return self.classes_[most_probable]

    @available_if(_can_sample)
    @public
    def sample(self, n_samples=1, y=None, *, random_state=None):
        """Draw rows and their classes.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.

        y : label, default=None
            The class to draw from. None draws classes by ``class_prior_``.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        Returns
        -------
        X : ndarray or DataFrame of shape (n_samples, n_features)
            Rows, in the form in which the density estimator draws them.

        y : ndarray of shape (n_samples,)
            Their classes.
        """
        check_is_fitted(self)
        n_samples, rng = check_count("n_samples", n_samples), check_random_state(random_state)
        if y is None:
            places = rng.choice(len(self.classes_), size=n_samples, p=self.class_prior_)
        else:
            places = np.full(n_samples, place_of(y, self.classes_))
        found, counts = np.unique(places, return_counts=True)
        tables = [
            drawn(self.estimators_[place], int(count), rng)
            for place, count in zip(found, counts, strict=True)
        ]
        order = np.argsort(np.argsort(places, kind="stable"))
        return chosen(stacked(tables), order), self.classes_[places]

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self._inner())
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        return tags


def _restore(estimators, inner):
    """Set the parameter that learning in steps has changed to what it was."""
    params = inner.get_params(deep=False)
    if "warm_start" in params:
        for estimator in estimators:
            estimator.set_params(warm_start=params["warm_start"])
