"""Rivals of `benchmarks.mixed` for what is missing, by scikit-learn and without.

Each is made for a `Table`, with ``fit(train, valid)`` and ``answers(rows)``. Those that are
distributions already have ``is_smooth``; the probabilities of others are mixed with the shares of
the levels (`mixed_scores.smoothing`).
"""

import numpy as np
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer

from .boosted_trees import BoostedClasses, BoostedNumbers
from .mixed_densities import LatentClassesZ
from .mixed_scores import Answers, Points, Weighted
from .mixed_tables import with_gaps

N_NEIGHBOURS = 30
N_ROUNDS = 5
N_COPIES = 2  # of the training rows, with different gaps
_OTHER_SEED = 1  # of gaps of the validation rows by which to stop


class Imputer:
    """What all of them have."""

    is_smooth = False

    def __init__(self, table):
        self._table, self.settings = table, {}

    def fit(self, train, valid):
        """Keep the training rows."""
        self._train = train
        return self


class MarginalImputer(Imputer):
    """The distribution of each column, whatever the row is."""

    is_smooth = True

    def answers(self, rows):
        """The same for all rows."""
        found = []
        for column in self._table.columns:
            shares = np.tile(column.class_shares, (len(rows), 1))
            if not column.is_discrete:
                shares = Weighted(column.values, column.distribution(shares))
            found.append(shares)
        return Answers(found)


class MedianMode(Imputer):
    """The median of numbers; of levels the shares, as the most frequent one has no probability."""

    is_smooth = True

    def answers(self, rows):
        """The same for all rows."""
        medians = np.nanmedian(self._train, axis=0)
        return Answers(
            [
                np.tile(column.shares, (len(rows), 1))
                if column.is_discrete
                else Points(np.full(len(rows), median))
                for column, median in zip(self._table.columns, medians, strict=True)
            ]
        )


class LatentClassImputer(Imputer):
    """The latent class model that is best on the validation rows, given what is observed."""

    is_smooth = True

    def fit(self, train, valid):
        """Find the model."""
        search = LatentClassesZ(self._table).fit(train, valid)
        self._model, self.settings = search.best, search.settings
        return self

    def answers(self, rows):
        """Mixtures over classes, of levels or of the cells of training values."""
        classes, found = self._model.responsibilities(rows), []
        for number, column in enumerate(self._table.columns):
            if column.is_discrete:
                levels = np.arange(len(column.shares), dtype=float)
                found.append(classes @ np.exp(self._model.given_class(number, levels)).T)
            else:
                p = classes @ np.exp(self._model.given_class(number, column.values)).T
                found.append(Weighted(column.values, p / p.sum(axis=1, keepdims=True)))
        return Answers(found)


class OneHot:
    """Levels as bits, numbers standardised; missing values are NaN.

    n_left_out : of the bits of a column of more than two levels, of which one tells the other.
    """

    def __init__(self, table, n_left_out=0):
        self._table = table
        self._left_out = [
            (1 if len(column.shares) == 2 else n_left_out) if column.is_discrete else 0
            for column in table.columns
        ]
        self._centres = np.nanmean(table.train, axis=0)

    def __call__(self, rows):
        """The features, (n_rows, n_features)."""
        found = []
        for number, (column, left_out) in enumerate(
            zip(self._table.columns, self._left_out, strict=True)
        ):
            values = rows[:, [number]]
            if column.is_discrete:
                bits = (values == np.arange(left_out, len(column.shares))).astype(float)
                found.append(np.where(np.isnan(values), np.nan, bits))
            else:
                found.append((values - self._centres[number]) / self._table.deviations[number])
        return np.concatenate(found, axis=1)

    def answers(self, features):
        """Bits as probabilities, clipped, that sum to 1; numbers as points."""
        found, start = [], 0
        for number, (column, left_out) in enumerate(
            zip(self._table.columns, self._left_out, strict=True)
        ):
            width = len(column.shares) - left_out if column.is_discrete else 1
            values = features[:, start : start + width]
            start += width
            if column.is_discrete:
                rest = 1 - values.sum(axis=1, keepdims=True)
                p = np.clip(np.concatenate([rest, values], axis=1) if left_out else values, 0.01, 1)
                found.append(p / p.sum(axis=1, keepdims=True))
            else:
                centre, deviation = self._centres[number], self._table.deviations[number]
                found.append(Points(centre + deviation * values[:, 0]))
        return Answers(found)


class _OfOneHot(Imputer):
    """An imputer of scikit-learn on one-hot columns."""

    n_left_out = 0

    def fit(self, train, valid):
        """Fit to the training rows."""
        self._bits = OneHot(self._table, self.n_left_out)
        self._imputer = self._made().fit(self._bits(train))
        return self

    def answers(self, rows):
        """What it fills in."""
        return self._bits.answers(self._imputer.transform(self._bits(rows)))


class Neighbours(_OfOneHot):
    """`sklearn.impute.KNNImputer`."""

    def _made(self):
        return KNNImputer(n_neighbors=N_NEIGHBOURS, keep_empty_features=True)


class Regressions(_OfOneHot):
    """`sklearn.impute.IterativeImputer` with Bayesian ridge regressions.

    The first level has no bit: with all of them, each is regressed on the others of its column,
    which tell it in training but are missing along with it, so that nothing else has a weight.
    """

    n_left_out = 1

    def _made(self):
        return IterativeImputer(max_iter=N_ROUNDS, random_state=0, keep_empty_features=True)


class BoostedLoop(Imputer):
    """Each column regressed on all others, in rounds, like missForest but with boosted trees.

    Missing values stand at medians and modes first. Two rounds over the training rows fill in what
    is missing there; the models of the second one fill in other rows, in `N_ROUNDS` rounds.
    """

    def fit(self, train, valid):
        """Fit twice; trees are added until the validation rows say stop."""
        self._filled = np.array(
            [
                np.nanmedian(v) if not c.is_discrete else float(c.shares.argmax())
                for v, c in zip(train.T, self._table.columns, strict=True)
            ]
        )
        filled = np.where(np.isnan(train), self._filled, train)
        filled_valid = np.where(np.isnan(valid), self._filled, valid)
        for _ in range(2 if np.isnan(train).any() else 1):
            self._models = []
            for number in range(train.shape[1]):
                model = self._model(number)
                seen, valid_seen = ~np.isnan(train[:, number]), ~np.isnan(valid[:, number])
                others = np.delete(filled, number, axis=1)
                model.fit(
                    others[seen], train[seen, number],
                    np.delete(filled_valid, number, axis=1)[valid_seen], valid[valid_seen, number],
                )  # fmt: skip
                filled[~seen, number] = model.most_likely(others[~seen])
                self._models.append(model)
        return self

    def _model(self, number):
        columns = list(self._table.columns)
        kind = BoostedClasses if columns[number].is_discrete else BoostedNumbers
        return kind(columns.pop(number), columns)

    def answers(self, rows):
        """Probabilities and points of the last round."""
        missing = np.isnan(rows)
        filled = np.where(missing, self._filled, rows)
        for round_ in range(N_ROUNDS):
            found = []
            for number, model in enumerate(self._models):
                others = np.delete(filled, number, axis=1)
                gaps = missing[:, number]
                if gaps.any():
                    filled[gaps, number] = model.most_likely(others[gaps])
                if round_ == N_ROUNDS - 1:
                    found.append(model.answer(others))
        return Answers(found)


class BoostedGaps(Imputer):
    """Each column regressed on all others, with gaps in them like those to come.

    One model of each column, of its levels or of classes of its numbers, by training rows with
    `SHARE` of the observed entries hidden, which trees take as they are: no rounds.
    """

    def fit(self, train, valid):
        """Fit; trees are added until validation rows with other gaps say stop."""
        copies = [with_gaps(train, 2 + number) for number in range(N_COPIES)]
        gaps, truth = np.concatenate(copies), np.tile(train, (N_COPIES, 1))
        valid_gaps = with_gaps(valid, _OTHER_SEED)
        self._models = []
        for number in range(train.shape[1]):
            columns = list(self._table.columns)
            model = BoostedClasses(columns.pop(number), columns)
            seen, valid_seen = ~np.isnan(truth[:, number]), ~np.isnan(valid[:, number])
            model.fit(
                np.delete(gaps, number, axis=1)[seen], truth[seen, number],
                np.delete(valid_gaps, number, axis=1)[valid_seen], valid[valid_seen, number],
            )  # fmt: skip
            self._models.append(model)
        return self

    def answers(self, rows):
        """Probabilities of levels, and of the training values of numbers."""
        return Answers(
            [
                model.answer(np.delete(rows, number, axis=1))
                for number, model in enumerate(self._models)
            ]
        )
