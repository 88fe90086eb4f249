"""Chains of classifiers: each column of a mixed table predicted from those before it.

The classes of a column are its levels or some twenty bins of numbers, within which numbers have the
column's own distribution. What a classifier says is mixed with the shares of the classes, by the
weight that is best on the validation rows. Parents that are missing stand at their means, with a
bit that tells so, or are left to trees as they are: that is no marginal of one joint distribution,
so where values are missing, figures of a chain are those of as many models as there are patterns.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from .boosted_trees import BoostedClasses
from .mixed_scores import best_weight

PENALTIES = (
    0.001,
    0.003,
    0.01,
    0.03,
    0.1,
    0.3,
    1.0,
)  # inverse ones, of all weights but the intercepts


class LogisticClasses:
    """Multinomial logistic regressions; what they see of numbers, and C, is chosen on validation.

    Like `BoostedClasses`. Numbers are a few bits of thresholds and a place on the latent scale,
    with or without the bits of their classes; all of it is standardised.
    """

    def __init__(self, column, others):
        self._column, self._others = column, others

    def fit(self, X, values, X_valid, valid_values):
        """Fit to others, of which some may be missing, and values, of which none are."""
        classes, valid_classes = map(self._column.classes, (values, valid_values))
        best, self._model = -np.inf, None
        if not X.shape[1] or len(np.unique(classes)) == 1:
            return self
        for rich in (False, True):
            features = _Features(self._others, rich, X)
            seen, valid = features(X), features(X_valid)
            for C in PENALTIES:
                model = LogisticRegression(C=C, max_iter=200)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    model.fit(seen, classes)
                p = self._all(model, valid)[np.arange(len(valid)), valid_classes]
                score = np.log(np.maximum(p, 1e-12)).mean()
                if score > best:
                    best, self._model, self._features = score, model, features
        return self

    def predict_proba(self, X):
        """Probabilities of all classes, (n_rows, n_classes)."""
        if self._model is None:
            return np.tile(self._column.class_shares, (len(X), 1))
        return self._all(self._model, self._features(X))

    def _all(self, model, features):
        found = np.zeros((len(features), len(self._column.class_shares)))
        found[:, model.classes_] = model.predict_proba(features)
        return found


class _Features:
    """Features of parents, one more for each where it is missing; rich : with bits of classes."""

    def __init__(self, columns, rich, X):
        self._columns, self._rich = columns, rich
        self._means = [
            self._own(column, values[~np.isnan(values)]).mean(axis=0)
            for column, values in zip(columns, X.T, strict=True)
        ]
        self._mean, self._scale = 0.0, 1.0
        found = self(X)
        self._mean, self._scale = found.mean(axis=0), found.std(axis=0)
        self._scale[self._scale < 1e-6] = 1.0

    def _own(self, column, values):
        if not self._rich:
            return column.features(values)
        return np.concatenate([column.features(values), column.bits(values)], axis=1)

    def __call__(self, X):
        """Standardised features, (n_rows, n_features)."""
        found = []
        for column, values, means in zip(self._columns, X.T, self._means, strict=True):
            missing = np.isnan(values)
            own = self._own(column, np.where(missing, 0.0, values))
            own[missing] = means
            found += [own, missing[:, None]]
        return (np.concatenate(found, axis=1) - self._mean) / self._scale


class ClassifierChain:
    """The columns of a table in order, each given those before it.

    kind : `LogisticClasses` or `BoostedClasses`.
    """

    kind = LogisticClasses

    def __init__(self, table):
        self._columns, self.settings = table.columns, {}

    def fit(self, train, valid):
        """One classifier of each column, by the rows in which it is not missing."""
        self.parts = [
            MixedClasses(self.kind, column, self._columns[:number]).fit(
                train[:, :number], train[:, number], valid[:, :number], valid[:, number]
            )
            for number, column in enumerate(self._columns)
        ]
        self.settings["weights"] = [part.weight for part in self.parts]
        return self

    def log_prob(self, rows):
        """Nats of each row as recorded."""
        found = np.zeros(len(rows))
        for number, (column, part) in enumerate(zip(self._columns, self.parts, strict=True)):
            seen = ~np.isnan(rows[:, number])
            values, parents = rows[seen, number], rows[seen, :number]
            p = part.predict_proba(parents)[np.arange(len(values)), column.classes(values)]
            found[seen] += np.log(p) + column.log_within(values)
        return found


class BoostedChain(ClassifierChain):
    """That of gradient boosting."""

    kind = BoostedClasses


class MixedClasses:
    """A classifier of one column, mixed with the shares of its classes by `weight`."""

    def __init__(self, kind, column, others):
        self._column, self._model = column, kind(column, others)

    def fit(self, X, values, X_valid, valid_values):
        """Fit to the rows in which the column is not missing, and choose the weight."""
        seen, valid_seen = ~np.isnan(values), ~np.isnan(valid_values)
        X_valid, valid_values = X_valid[valid_seen], valid_values[valid_seen]
        self.weight, classes = 1.0, self._column.classes(valid_values)
        if X.shape[1]:
            self._model.fit(X[seen], values[seen], X_valid, valid_values)
            p = self._model.predict_proba(X_valid)[np.arange(len(X_valid)), classes]
            self.weight = best_weight(p, self._column.class_shares[classes])
        return self

    def predict_proba(self, X):
        """Probabilities of all classes of the column, (n_rows, n_classes)."""
        shares = np.tile(self._column.class_shares, (len(X), 1))
        if self.weight == 1:
            return shares
        return (1 - self.weight) * self._model.predict_proba(X) + self.weight * shares
