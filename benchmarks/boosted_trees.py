"""Gradient boosting of one column of a mixed table by others, stopped by validation rows."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from .mixed_scores import Points, Weighted

_SETTINGS = {
    "learning_rate": 0.1, "max_iter": 300, "max_leaf_nodes": 8, "early_stopping": True,
    "n_iter_no_change": 8, "random_state": 0,
}  # fmt: skip


def unordered(columns):
    """Which columns trees should split by sets of levels: all discrete ones with more than two."""
    return [column.is_discrete and len(column.class_shares) > 2 for column in columns]


class BoostedClasses:
    """Probabilities of the levels of a column, or of classes of its numbers.

    column : that is predicted; others : the columns it is predicted from.
    """

    def __init__(self, column, others):
        self._column, self._others = column, others

    def fit(self, X, values, X_valid, valid_values):
        """Fit to others, of which some may be missing, and values, of which none are."""
        classes, valid_classes = map(self._column.classes, (values, valid_values))
        self._known, self._model = np.unique(classes), None
        if X.shape[1] and len(self._known) > 1:
            among = np.isin(valid_classes, self._known)
            self._model = HistGradientBoostingClassifier(
                **_SETTINGS, categorical_features=unordered(self._others)
            ).fit(X, classes, X_val=X_valid[among], y_val=valid_classes[among])
        return self

    def predict_proba(self, X):
        """Probabilities of all classes, (n_rows, n_classes)."""
        found = np.zeros((len(X), len(self._column.class_shares)))
        found[:, self._known] = 1.0 if self._model is None else self._model.predict_proba(X)
        return found

    def answer(self, X):
        """What `mixed_scores.Answers` has of a column."""
        p = self.predict_proba(X)
        if self._column.is_discrete:
            return p
        return Weighted(self._column.values, self._column.distribution(p))

    def most_likely(self, X):
        """The most probable levels."""
        return self.predict_proba(X).argmax(axis=1).astype(float) if len(X) else np.empty(0)


class BoostedNumbers:
    """Expected numbers of a column; like `BoostedClasses`."""

    def __init__(self, column, others):
        self._others = others

    def fit(self, X, values, X_valid, valid_values):
        """Fit to others, of which some may be missing, and values, of which none are."""
        self._model = HistGradientBoostingRegressor(
            **_SETTINGS, categorical_features=unordered(self._others)
        ).fit(X, values, X_val=X_valid, y_val=valid_values)
        return self

    def most_likely(self, X):
        """Expected values."""
        return self._model.predict(X) if len(X) else np.empty(0)

    def answer(self, X):
        """The expected values as points."""
        return Points(self.most_likely(X))
