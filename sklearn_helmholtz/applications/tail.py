"""Tails of distributions known by draws: how rare is a value, far beyond all draws, too."""

from dataclasses import dataclass

import numpy as np

SHARE = 0.1  # of the draws, whose excesses tell how the tail goes on
N_KNOTS = 100  # means of so many groups of draws, which move smoothly with them
SPACING = 1e-6  # nats: values that are closer are one, with another rounding


@dataclass(frozen=True, eq=False)
class Tail:
    r"""Upper tail of a distribution of -log p under the model that has the density p.

    ``log_probability(t)`` is log P(T > t), with half of the probability of t itself, estimated by
    draws of T: it falls strictly in t, without end. It is interpolated up to the threshold u that
    about a tenth of the draws exceed. Beyond it is exponential,

    .. math:: \log P(T > t) = \log P(T > u) - (t - u) / \beta, \qquad \beta = E[T - u | T > u],

    but beta at least 1 nat. This is what it tends to where densities fall like normal ones or
    exponentially; where they fall like powers of the distance the tail is exponential, too, and
    beta larger. Below all draws the probability approaches 1.

    values : where the distribution is known, (n_values,), rising; logs : log_probability there;
    scale : beta, in nats.
    """

    values: np.ndarray
    logs: np.ndarray
    scale: float

    @classmethod
    def of(cls, draws):
        """The tail of a distribution of which some values were drawn, (n_draws,), in nats."""
        draws, n = np.sort(draws), len(draws)
        groups = np.array_split(np.stack([draws, (np.arange(n) + 0.5) / n]), min(N_KNOTS, n), 1)
        values, ranks = _merged(*np.stack([group.mean(axis=1) for group in groups], axis=1))
        last = max(np.searchsorted(ranks, 1 - SHARE, "right"), 1)
        values, ranks = values[:last], ranks[:last]
        excesses = draws[draws > values[-1] + SPACING] - values[-1]
        scale = max(1.0, excesses.mean()) if len(excesses) else 1.0
        return cls(values, np.log1p(-ranks), scale)

    def log_probability(self, t):
        """The log-probability of a larger value, (n,), in nats: below 0."""
        inside = np.interp(t, self.values, self.logs)
        above = np.maximum(t - self.values[-1], 0) / self.scale
        below = np.minimum(t - self.values[0], 0)
        return inside * np.exp(below) - above


def _merged(values, ranks):
    """Rising values and their ranks, those that are one replaced by their means."""
    starts = np.flatnonzero(np.diff(values, prepend=-np.inf) > SPACING)
    counts = np.diff(starts, append=len(values))
    return (np.add.reduceat(column, starts) / counts for column in (values, ranks))
