"""Training of estimators whose rows have labels, some of which may be missing."""

import contextlib
from dataclasses import replace

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.multiclass import unique_labels

from .._keys import Purpose, generator
from ..rows import UNLABELLED, LabelledTable
from ._compat import _fit_context, with_callbacks
from .callbacks import EpochCallbacks
from .class_labels import ClassLabels
from .collected import LEARNS, is_collection
from .collected_rows import rows_to_learn
from .given_columns import shown
from .learner import learner_of
from .notices import notify
from .progress import compilation_told
from .public import public
from .trained import TrainingMixin
from .validation import validated
from .weights import checked_weights


class LabelledTrainingMixin(TrainingMixin):
    """Trains on rows with labels.

    The learner (see `learner_of`) has ``_given``, labels and classes as users gave them, and
    ``_labels``, the `ClassLabels` of the rows that it learns from, as long as it is learning.
    """

    _schema = None  # of mixed columns, of which there are none
    _reads_collections = LEARNS

    @property
    def _names(self):
        return getattr(self, "feature_names_in_", None)

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def fit(self, X, y, sample_weight=None):
        """Learn from rows and their labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing. bool, uint8, float32 and float64 are used as they are.
            Rows of which every value is missing are left out. Arrays and DataFrames of Dask are
            read chunk by chunk: see :doc:`/beyond_one_machine`.

        y : array-like of shape (n_samples,)
            Labels. -1, NaN, None, ``pd.NA`` and a mask mean that a label is missing. An array or a
            Series of Dask is loaded.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; only their ratios matter, but for the first intercepts. Rows of
            weight zero are left out.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        callbacks = EpochCallbacks(self)
        with (
            learner_of(self) as learner,
            compilation_told(self.verbose) as compilation,
            learner._learning_from(y),
        ):
            outcome = learner._learn(X, sample_weight, None, None, callbacks, compilation)
        return self._end(outcome)

    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn from some more rows: one pass over them, in minibatches.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing.

        y : array-like of shape (n_samples,)
            Labels, as of `fit`; all of them may be missing where classes are known.

        classes : array-like of shape (n_classes,), default=None
            All labels that there will ever be; the first call needs them, unless there was a `fit`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, relative to the mean weight of all rows so far. Either all rows
            that a model learns from have weights, or none.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        self._validate_params()  # scikit-learn leaves it to fitted estimators
        self._check_partial_fit()
        if classes is None and not self.__sklearn_is_fitted__():
            raise ValueError("classes must be passed on the first call to partial_fit.")
        with (
            learner_of(self) as learner,
            compilation_told(self.verbose) as compilation,
            learner._learning_from(y, classes),
        ):
            outcome = learner._learn_more(X, sample_weight, compilation)
        return self._end(outcome)

    @contextlib.contextmanager
    def _learning_from(self, y, classes=None):
        """A context in which labels are at hand; classes : that a first `partial_fit` was told."""
        self._given = y, classes
        try:
            yield
        finally:
            for name in ("_given", "_labels", "_class_counts"):
                vars(self).pop(name, None)

    def _validate(self, X, reset):
        """Data as scikit-learn checked them."""
        return validated(self, X, reset)

    def _sees_mixed(self, X):
        return False

    def _weighted(self, X, sample_weight, reset):
        if is_collection(X):
            return X, *self._weighted_collection(X, sample_weight, reset)
        data = self._validate(X, reset=reset)
        labels, is_new = self._read_labels(data, reset)
        weights = None
        if sample_weight is not None:
            weights = checked_weights(sample_weight, data, X)
            if not weights.all():
                kept = np.flatnonzero(weights)
                labels = _of_rows(kept, labels, is_new)
                X, data, weights = _safe_indexing(X, kept), data[kept], weights[kept]
        self._learn_labels(labels)
        return X, data, weights

    def _weighted_collection(self, X, sample_weight, reset):
        """`ChunkedRows` of a collection of Dask and the weights of all rows, or None.

        Labels are in memory; rows of weight zero have none.
        """
        y, classes = vars(self).pop("_given")  # which workers have no use for
        rows, weights = rows_to_learn(self, X, sample_weight, reset)
        self._given = y.compute() if hasattr(y, "compute") else y, classes
        labels, is_new = self._read_labels(rows, reset)
        if weights is None or weights.all():
            self._learn_labels(labels)
            return rows, weights
        kept, codes = np.flatnonzero(weights), np.full(len(rows), UNLABELLED)
        labels = _of_rows(kept, labels, is_new)
        self._learn_labels(labels)
        codes[kept] = labels.codes
        self._labels = replace(labels, codes=codes)
        return rows, weights

    def _learn_labels(self, labels):
        """Take the `ClassLabels` of the rows that count as those to learn from."""
        labels.check_several()
        self._labels = labels
        self._tell_of_missing_labels()

    def _read_labels(self, data, reset):
        """The `ClassLabels` of all rows, and whether they alone say what classes there are."""
        y, classes = self._given
        name = type(self).__name__
        if not reset:
            _check_same_classes(classes, self.classes_)
            return ClassLabels.among(y, data, self.classes_, name), False
        if classes is None:
            return ClassLabels.of_some(y, data, name), True
        return ClassLabels.among(y, data, _checked_classes(classes), name), False

    def _tell_of_missing_labels(self):
        n_missing = int(self._labels.missing.sum())
        if n_missing and not self.generative:
            notify(
                f"y has {n_missing} missing label(s), and generative=0 learns from labels only: "
                "these rows teach nothing. Set generative above 0, or leave them out."
            )

    def _begin(self, X, summary, indices, weights, relative, seed):
        codes, own = self._labels.codes[indices], None if weights is None else weights[indices]
        known = codes >= 0
        self._class_counts = np.bincount(
            codes[known], None if own is None else own[known], len(self._labels.classes)
        )
        return self._with_labels(super()._begin(X, summary, indices, weights, relative, seed))

    def _continue(self, X, summary, weights):
        return self._with_labels(super()._continue(X, summary, weights))

    def _with_labels(self, start):
        return replace(start, rows=LabelledTable(start.rows, self._labels.codes))

    def _split(self, known, seed):
        """Rows to train on and rows held out: of the latter all have labels, by their classes."""
        codes = self._labels.codes[known]
        labelled = np.flatnonzero(codes >= 0)
        n_held_out = max(round(self.validation_fraction * len(labelled)), 1)
        if n_held_out >= len(labelled):
            raise ValueError(
                f"early_stopping=True with validation_fraction={self.validation_fraction} leaves "
                f"no training rows out of {len(labelled)} with a label."
            )
        order = labelled[generator(seed, Purpose.SPLIT).permutation(len(labelled))]
        order = order[np.argsort(codes[order], kind="stable")]
        places = (np.arange(n_held_out) + 0.5) * len(order) / n_held_out
        held_out = np.zeros(len(known), bool)
        held_out[order[places.astype(int)]] = True
        return known[~held_out], known[held_out]

    def _records(self, start, training, monitor):
        records = super()._records(start, training, monitor)
        return {**records, "classes_": self._labels.classes.copy()}


def _of_rows(kept, labels, is_new):
    """The `ClassLabels` of some rows; is_new : whether they alone say what classes there are."""
    return labels.choose(kept) if is_new else replace(labels, codes=labels.codes[kept])


def _checked_classes(classes):
    """Classes as users tell them, in order, two or more of which none is -1."""
    found = unique_labels(np.asarray(classes))
    if len(found) < 2:
        raise ValueError(f"classes must hold two labels or more, got {classes!r}.")
    if found.dtype.kind in "if" and (found == -1).any():
        raise ValueError("classes must not hold -1, which means that a label is missing.")
    return found


def _check_same_classes(classes, known):
    """Refuse classes that differ from those of the first call."""
    if classes is None:
        return
    found = unique_labels(np.asarray(classes))
    if found.tolist() != known.tolist():
        words = ", ".join(map(shown, known[:10]))
        raise ValueError(
            f"classes must be those of the first call, {words}, or be left out, got {classes!r}."
        )
