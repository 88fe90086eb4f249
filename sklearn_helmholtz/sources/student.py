"""Student's densities of sources."""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from .._kernels.source_shapes import (
    add_student_logarithms,
    student_scores,
    student_statistics,
)
from .density import Scores, SourceDensity
from .leaps import leapt

LEAST_DF, MOST_DF = 2.1, 1000.0
_HALVINGS = 40
_LOG_SCALES = -25.0, 25.0
_LEAST = 1e-20  # squared scale


@dataclass(frozen=True)
class Student(SourceDensity):
    """Student's t with places, scales and degrees of freedom of each source; (n_sources,) each.

    Degrees of freedom stay between 2.1, so that there are variances, and 1000, which is as good as
    normal.
    """

    places: np.ndarray
    scales: np.ndarray
    df: np.ndarray

    name = "student"

    @classmethod
    def start(cls, sources):
        """Heavy tails of the variance 1, after some steps."""
        n = len(sources.values)
        found = cls(np.zeros(n), np.full(n, np.sqrt(0.6)), np.full(n, 5.0))
        return found.improved(sources, 4)

    def _constants(self):
        """Logarithms of the densities at their places, (n_sources,)."""
        half = self.df / 2
        shape = gammaln(half + 0.5) - gammaln(half) - np.log(np.pi * self.df) / 2
        return shape - np.log(self.scales)

    @property
    def n_shapes(self):
        """Free parameters of all sources besides places and scales."""
        return len(self.df)

    def log_prob(self, values):
        """Log-densities of all sources together, (n_rows,) nats."""
        result = np.zeros(values.shape[1])
        add_student_logarithms(values, self.places, self.scales, self.df, result)
        return self._constants().sum() - result

    def scores(self, values, weights):
        """The `Scores` of values; weights : (n_rows,)."""
        scores, sums = np.empty(values.shape), np.empty((len(values), 3))
        student_scores(values, weights, self.places, self.scales, self.df, scores, sums)
        log_densities = weights.sum() * self._constants() - sums[:, 0]
        return Scores(scores, log_densities, sums[:, 1], sums[:, 2])

    def improved(self, sources, n_steps):
        """The densities after some leaps of EM (Lange, Little & Taylor 1989); see `leaps`.

        Rows weigh ``t = (df + 1) / (df + u^2)`` in places and scales; degrees of freedom are those
        that the means of t and log t ask for.
        """
        result = self
        for _ in range(n_steps):
            result = leapt(result, sources)
        return result

    def stepped(self, sources):
        """The densities after a step of EM, and the objective of each source before it."""
        sums = self._statistics(sources)
        return self._maximised(sums, self.df), self._constants() + sums[:, 4]

    def points(self):
        """Parameters without bounds, (3, n_sources)."""
        return np.stack([self.places, np.log(self.scales), np.log(self.df)])

    @classmethod
    def of_points(cls, points):
        """The densities of `points`."""
        places, scales, df = points
        df = np.exp(np.clip(df, np.log(LEAST_DF), np.log(MOST_DF)))
        return cls(places, np.exp(np.clip(scales, *_LOG_SCALES)), df)

    def each_log_density(self, sources):
        """Mean log-density of each source over all rows, (n_sources,) nats."""
        return self._constants() + self._statistics(sources)[:, 4]

    def _statistics(self, sources):
        """Sums of a step, (n_sources, 5), of all rows, whose weights sum to 1."""
        result = np.zeros((len(self.df), 5))
        for values, weights in sources.parts():
            part = np.empty(result.shape)
            student_statistics(values, weights, self.places, self.scales, self.df, part)
            result += part
        return result

    @staticmethod
    def _maximised(sums, df):
        near, first, second, logarithm, _ = sums.T
        places = first / near
        scales = np.sqrt(np.maximum(second - first * places, _LEAST))
        known = logarithm - near + digamma((df + 1) / 2) - np.log((df + 1) / 2)
        return Student(places, scales, _degrees(known))

    def scaled(self, factors):
        """The densities of the sources times numbers that are not zero, (n_sources,)."""
        return Student(self.places * factors, self.scales * np.abs(factors), self.df)

    def draw(self, n_rows, rng):
        """Values of the sources, (n_sources, n_rows)."""
        t = rng.standard_t(self.df[:, None], size=(len(self.df), n_rows))
        return self.places[:, None] + self.scales[:, None] * t

    def moments(self):
        """Means and variances of the sources, (n_sources,) each."""
        with np.errstate(divide="ignore", invalid="ignore"):
            variances = np.where(self.df > 2, self.df / (self.df - 2), np.inf)
        return self.places, self.scales**2 * variances


def _degrees(known):
    """Where ``log(df / 2) - digamma(df / 2) + 1 + known`` vanishes, by halving an interval."""
    low, high = (np.full(len(known), np.log(end)) for end in (LEAST_DF, MOST_DF))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        half = np.exp(middle) / 2
        is_below = np.log(half) - digamma(half) + 1 + known > 0
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.exp((low + high) / 2)
