"""The base measure of a mixed table: each column's own distribution over cells of values.

All models of `benchmarks.mixed` are compared by the probability of rows as they are recorded: of
levels and counts by themselves, of real numbers by that of the cell at the resolution they are
known at. Here are the cells, what they hold on a latent scale, and classes of cells, which
classifiers predict.
"""

from dataclasses import dataclass

import numpy as np

from sklearn_helmholtz.columns import Ordered

N_CLASSES = 20  # of a column of numbers, about
SCALE = np.pi / np.sqrt(3)  # standard deviation of the logistic distribution
FARTHEST = 12.0  # on the logistic scale
_SMOOTHING = 0.5  # counts of each level besides its own


@dataclass(frozen=True, eq=False)
class Levels:
    """A column of levels 0, 1, ...; shares : (n_levels,), half a count each added."""

    shares: np.ndarray

    is_discrete = True

    @classmethod
    def fit(cls, values, n_levels):
        """The column of values that are not missing."""
        counts = np.bincount(values.astype(np.int64), minlength=n_levels) + _SMOOTHING
        return cls(counts / counts.sum())

    @property
    def class_shares(self):
        """Those of the levels."""
        return self.shares

    def log_prob(self, values):
        """Log-probability of each value, nats."""
        return np.log(self.shares)[values.astype(np.int64)]

    def classes(self, values):
        """The levels."""
        return values.astype(np.int64)

    def log_within(self, values):
        """Log-probability of values within their classes, 0."""
        return np.zeros(len(values))

    def features(self, values):
        """One bit of each level, (n, n_levels)."""
        return (values[:, None] == np.arange(len(self.shares))).astype(np.float64)

    def bits(self, values):
        """Nothing besides, (n, 0)."""
        return np.empty((len(values), 0))


@dataclass(frozen=True, eq=False)
class Cells:
    """A column of numbers, each of which owns a cell; column : its `Ordered` units.

    edges : (n_classes - 1,) between classes, each some bins of the marginal distribution;
    class_shares : their probabilities; values : distinct ones of the training rows; mean,
    deviation : of all of these rows.
    """

    column: Ordered
    edges: np.ndarray
    class_shares: np.ndarray
    values: np.ndarray
    mean: float
    deviation: float

    is_discrete = False

    @classmethod
    def fit_counts(cls, values):
        """The column of counts that are not missing."""
        return cls._with_classes(Ordered.fit_counts(values, np.ones(len(values))), values)

    @classmethod
    def fit_reals(cls, values, width):
        """The column of real numbers known by cells of some width."""
        return cls._with_classes(Ordered.fit_reals(values, np.ones(len(values)), width), values)

    @classmethod
    def _with_classes(cls, column, values):
        marginal = column.marginal
        edges = _class_edges(marginal.knots, np.diff(marginal.below))
        below, above = marginal.probabilities(edges)
        below, above = np.concatenate([[0.0], below, [1.0]]), np.concatenate([[1.0], above, [0.0]])
        shares = np.where(below[1:] < 0.5, np.diff(below), -np.diff(above))
        deviation = float(values.std()) or 1.0
        return cls(column, edges, shares, np.unique(values), float(values.mean()), deviation)

    @property
    def resolution(self):
        """Width of the cells."""
        return self.column.marginal.resolution

    def log_prob(self, values):
        """Log-probability of the cell of each value by the column's own distribution, nats."""
        return self.column.marginal.log_prob(values)

    def classes(self, values):
        """The class of each value."""
        return np.searchsorted(self.edges, values)

    def log_within(self, values):
        """Log-probability of the cells of values within their classes."""
        return self.log_prob(values) - np.log(self.class_shares)[self.classes(values)]

    def intervals(self, values):
        """Ends of the cells on the scale on which the column's own distribution has variance 1."""
        low, high, _ = self.column.marginal.cells(values)
        return low / SCALE, high / SCALE

    def standardised(self, values):
        """Ends of the cells in standard deviations from the mean."""
        half = self.resolution / 2
        return (values - half - self.mean) / self.deviation, (
            values + half - self.mean
        ) / self.deviation

    def features(self, values):
        """Bits of thresholds, and the place on the latent scale, (n, n_features)."""
        return np.concatenate(self.column.code(values), axis=1)

    def bits(self, values):
        """One bit of each class, (n, n_classes)."""
        return (self.classes(values)[:, None] == np.arange(len(self.class_shares))).astype(float)

    def distribution(self, class_probabilities):
        """Probabilities of the training values, (n, n_values), from those of classes."""
        classes = self.classes(self.values)
        masses = np.exp(self.log_prob(self.values))
        within = masses / np.bincount(classes, masses, len(self.class_shares))[classes]
        found = class_probabilities[:, classes] * within
        return found / found.sum(axis=1, keepdims=True)


def _class_edges(knots, masses):
    """The knots between classes of about the same mass; heavy bins are classes of their own."""
    edges, collected = [], 0.0
    for knot, mass in zip(knots[:-1], masses, strict=True):
        if collected and (collected >= 1 / N_CLASSES or mass >= 1 / N_CLASSES):
            edges.append(knot)
            collected = 0.0
        collected += mass
    return np.array(edges)
