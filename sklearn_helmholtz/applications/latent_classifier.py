"""Classifier by one density of the columns and the label together."""

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from ..estimators import HelmholtzMachine
from ..estimators._compat import HasMethods, _fit_context
from ..estimators.checks import CheckedParametersMixin
from ..estimators.class_labels import ClassLabels, place_of
from ..estimators.comparison import row_scores
from ..estimators.learner import learner_of
from ..estimators.public import public
from ..estimators.published import VersionedMixin
from ..estimators.weights import checked_weights
from .label_column import LabelColumn
from .rows import chosen, validated_rows


class LatentClassifier(CheckedParametersMixin, VersionedMixin, ClassifierMixin, BaseEstimator):
    """Classifier by a density of mixed tables, to which the label is one more column.

    A machine learns the columns and the label together, p(x, y), and predicts by p(y | x). So it
    takes tables of any kind as they are, with gaps, in training and afterwards; and a row without a
    label is a row with one gap more, from which it learns what it can.

    Read more in the :ref:`User Guide <classifiers>`.

    Parameters
    ----------
    estimator : HelmholtzMachine, SigmoidBeliefNet, RestrictedBoltzmannMachine or None, default=None
        The machine, which is cloned. Its ``visible`` says what the columns of X are, without the
        label; of columns of which it says nothing, types decide as in any mixed table, and numbers
        are real, or bits if they are 0 and 1. None means ``HelmholtzMachine(50,
        autoregressive=True)``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in order.

    estimator_ : HelmholtzMachine, SigmoidBeliefNet or RestrictedBoltzmannMachine
        The machine of all columns, fitted. The label is its last column, as a code: the place in
        ``classes_``.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    GenerativeClassifier : A density for each class.
    HelmholtzMachine.predict_proba_missing : Probabilities of the levels of any column.

    Notes
    -----
    The label stands last: where columns depend on those before them (``autoregressive=True``),
    every column then speaks of it directly, as in logistic regression, and through the hidden
    units. Learning p(x, y) is more than a classifier needs; where all rows have labels and nothing
    is missing, logistic regression and boosting are as good and faster.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz import HelmholtzMachine, LatentClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 3))
    >>> X[rng.random(X.shape) < 0.1] = np.nan
    >>> y = np.where(np.nansum(X, axis=1) > 0, "up", "down").astype(object)
    >>> y[::4] = None  # not known
    >>> machine = HelmholtzMachine(5, autoregressive=True, max_iter=30, random_state=0)
    >>> classifier = LatentClassifier(machine).fit(X, y)
    >>> classifier.predict([[1, 2, np.nan], [np.nan, -2, -1]])
    array(['up', 'down'], dtype=object)
    """

    _parameter_constraints = {"estimator": [HasMethods(["fit", "predict_proba_missing"]), None]}

    def __init__(self, estimator=None):
        self.estimator = estimator

    def _inner(self):
        """The machine, not cloned."""
        if self.estimator is None:
            return HelmholtzMachine(50, autoregressive=True)
        return self.estimator

    @_fit_context(prefer_skip_nested_validation=False)
    @public
    def fit(self, X, y, sample_weight=None):
        """Learn the columns and the label together.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Training data; NaN means missing. Columns of categories need a DataFrame.

        y : array-like of shape (n_samples,)
            Labels, of two classes or more, 255 at most. NaN, None, ``pd.NA`` and a mask mean that a
            label is missing; -1 is a label like any other.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. Rows of weight zero are left out.

        Returns
        -------
        self : LatentClassifier
            The fitted classifier.
        """
        with learner_of(self) as learner:
            learner._learn(X, y, sample_weight)
        return self

    def _learn(self, X, y, sample_weight):
        machine = clone(self._inner())
        said = machine.get_params(deep=False).get("visible")
        # A machine of one kind of columns has nothing to say of labels beside them.
        if said is None or dict not in machine._parameter_constraints["visible"]:
            raise TypeError(
                "estimator must be a HelmholtzMachine or a SigmoidBeliefNet, or a "
                "RestrictedBoltzmannMachine, which learn mixed tables, got "
                f"{type(machine).__name__}."
            )
        rows = self._validated(X, reset=True)
        labels, weights = ClassLabels.of(y, rows, type(self).__name__), None
        if sample_weight is not None:
            weights = checked_weights(sample_weight, rows, X)
            kept = np.flatnonzero(weights)
            rows, labels, weights = chosen(rows, kept), labels.choose(kept), weights[kept]
        self._label = LabelColumn.of(rows, len(labels.classes))
        table = self._label.beside(rows, np.where(labels.missing, np.nan, labels.codes))
        machine.set_params(visible=self._label.visible(rows, said))
        self.classes_, self.estimator_ = labels.classes, machine.fit(table, sample_weight=weights)

    def _validated(self, X, reset):
        if scipy.sparse.issparse(X):
            raise TypeError("Sparse data was passed, but LatentClassifier takes dense rows only.")
        return validated_rows(self, X, reset)

    def _unlabelled(self, X):
        """A table of rows whose label is missing."""
        check_is_fitted(self)
        rows = self._validated(X, reset=False)
        return self._label.beside(rows, np.full(len(rows), np.nan))

    @public
    def predict_proba(self, X):
        """Probabilities of the classes given what is known of each row.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``: exact for machines of at most 14 hidden units, otherwise
            estimated with ``n_importance_samples`` of the machine (see `log_likelihood` there).
        """
        table = self._unlabelled(X)
        return self.estimator_.predict_proba_missing(table, self.n_features_in_)

    @public
    def predict_log_proba(self, X):
        """Log-probabilities of the classes given what is known of each row.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @public
    def predict(self, X):
        """Most probable class of each row.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels.
        """
        most_probable = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most_probable]

    @public
    def score_samples(self, X):
        """Log-density of each row whatever its class.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            In nats, as `HelmholtzMachine.score_samples` with the label missing.
        """
        return self.estimator_.score_samples(self._unlabelled(X))

    def _row_scores(self, X, weights=None):
        """The `RowScores` of rows, as sure as those of the density estimator."""
        return row_scores(self.estimator_, self._unlabelled(X), weights)

    @public
    def sample(self, n_samples=1, y=None, *, random_state=None):
        """Draw rows and their classes.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.

        y : label, default=None
            The class to draw from. None draws classes as the machine thinks them probable.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        Returns
        -------
        X : ndarray or DataFrame of shape (n_samples, n_features)
            Rows, in the form of the training data.

        y : ndarray of shape (n_samples,)
            Their classes.
        """
        check_is_fitted(self)
        given = None if y is None else {self._label.name: place_of(y, self.classes_)}
        table = self.estimator_.sample(n_samples, given=given, random_state=random_state)
        rows, codes = self._label.without(table)
        return rows, self.classes_[codes]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
