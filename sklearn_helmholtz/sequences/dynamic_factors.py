"""Dynamic factor models: features that change slowly, and what is seen of them through noise."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from .._kernels.kalman import kalman_filter, kalman_smoother
from .evidence import Evidence
from .gaps import Gaps


@dataclass(frozen=True)
class DynamicFactors:
    """``h_t = persistence h_(t-1) + noise``, of variance 1 at all times, and what is seen of it.

    ``x_t = mean + h_t @ loadings + N(0, noise)`` [1]_. mean : (n_columns,); loadings : (n_features,
    n_columns); noise : (n_columns,) variances, all positive; persistence : (n_features,) between -1
    and 1. float64. Everything is exact. Values that are missing (NaN) are left out. Rows are an
    array or a CSR matrix.

    .. [1] Turner & Sahani (2007), A maximum-likelihood interpretation for slow feature analysis,
           Neural Computation 19, 1022-1038.
    """

    mean: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray
    persistence: np.ndarray

    def filter(self, rows, sequences, gaps=None):
        """The `FilteredFeatures` of `Sequences` of rows, step by step."""
        gaps = Gaps.of(rows) if gaps is None else gaps
        evidence = Evidence.of(self, rows, gaps)
        n, k = evidence.vectors.shape
        slots, log_prob = np.empty(n, np.int64), np.empty(n)
        # Room for matrices of all steps, of which the system gives what is written to.
        predicted, filtered = np.empty((n, k, k)), np.empty((n, k, k))
        before, after = np.empty((n, k)), np.empty((n, k))
        begins = sequences.begins
        kalman_filter(
            self.persistence, evidence.information, evidence.numbers, begins, evidence.vectors,
            slots, predicted, filtered, before, after, log_prob,
        )  # fmt: skip
        log_prob += evidence.constants
        return FilteredFeatures(
            self.persistence, begins, slots, predicted, filtered, before, after, log_prob
        )

    def log_prob(self, rows, sequences):
        """Log p of what each row shows given all before it in its sequence, (n_rows,) nats."""
        return self.filter(rows, sequences).log_prob

    def smooth(self, rows, sequences):
        """The `SmoothedFeatures` of each step given the whole of its sequence."""
        return self.filter(rows, sequences).smoothed()

    def sample(self, lengths, rng):
        """Sequences one after the other: rows (n_rows, n_columns), and features of each.

        lengths : rows of each sequence.
        """
        h = np.concatenate([self._features(n, rng) for n in lengths])
        noise = rng.standard_normal((len(h), len(self.mean)))
        return self.expected(h) + noise * np.sqrt(self.noise), h

    def expected(self, h):
        """Expected rows given features."""
        return self.mean + h @ self.loadings

    def draw_features(self, rows, sequences, means, rng):
        """A draw of the features of all steps together, given the rows.

        The posterior means of rows drawn from the model with the same gaps are as far from their
        own features as the draw is from the means [1]_. Returns the features, and a draw of rows
        given these.

        means : of the features of the rows.

        .. [1] Durbin & Koopman (2002), A simple and efficient simulation smoother for state space
               time series analysis, Biometrika 89, 603-615.
        """
        x, h = self.sample(sequences.lengths, rng)
        error = x - self.expected(h)
        gaps = Gaps.of(rows)
        x[gaps.patterns[gaps.numbers] == 0] = np.nan
        h = means + h - self.smooth(x, sequences).means
        return h, self.expected(h) + error

    def _features(self, n_steps, rng):
        """Features of one sequence, (n_steps, n_features)."""
        move = np.sqrt((1 - self.persistence) * (1 + self.persistence))
        h = rng.standard_normal((n_steps, len(move)))
        h[1:] *= move
        for i, persistence in enumerate(self.persistence):
            h[:, i] = lfilter([1.0], [1.0, -persistence], h[:, i])
        return h


@dataclass(frozen=True)
class FilteredFeatures:
    """Findings of `kalman_filter`, which has their names; log_prob : (n_rows,) nats."""

    persistence: np.ndarray
    begins: np.ndarray
    slots: np.ndarray
    predicted: np.ndarray
    filtered: np.ndarray
    before: np.ndarray
    after: np.ndarray
    log_prob: np.ndarray

    def smoothed(self):
        """The `SmoothedFeatures`."""
        n, k = self.after.shape
        places, means = np.empty(n, np.int64), np.empty((n, k))
        covariances, gains = np.empty((n, k, k)), np.empty((n, k, k))
        kalman_smoother(
            self.persistence, self.begins, self.slots, self.predicted, self.filtered, self.before,
            self.after, places, covariances, gains, means,
        )  # fmt: skip
        n_places = places.max(initial=-1) + 1
        return SmoothedFeatures(means, places, covariances[:n_places], gains[:n_places])


@dataclass(frozen=True)
class SmoothedFeatures:
    """Normal distributions of the features of each step, given all rows of its sequence.

    means : (n_rows, n_features); places : (n_rows,) int64, the number of each row's matrices;
    covariances, gains : (n_matrices, n_features, n_features); the covariance of the features of the
    next step and of this one is ``covariance of the next one @ gain.T``.
    """

    means: np.ndarray
    places: np.ndarray
    covariances: np.ndarray
    gains: np.ndarray

    def deviations(self):
        """Standard deviations of the features, (n_rows, n_features)."""
        return np.sqrt(np.einsum("mkk->mk", self.covariances))[self.places]
