"""Slopes of the likelihood of dynamic factor models, and steps of EM (Shumway & Stoffer 1982)."""

from dataclasses import dataclass

import numpy as np

from .dynamic_factors import DynamicFactors
from .expectations import Expectations, spreads
from .gaps import Gaps, places
from .sequences import Sequences

MOST_PERSISTENT = 1 - 1e-8  # that features can be: slower ones stand still
_REAL = 1e-9  # imaginary parts of real roots


@dataclass(frozen=True)
class Rows:
    """Rows to learn from: an array or a CSR matrix, its `Sequences`, and its `Gaps`."""

    data: object
    sequences: Sequences
    gaps: Gaps

    @classmethod
    def of(cls, data, sequences):
        """The rows of a table."""
        return cls(data, sequences, Gaps.of(data))

    def expect(self, machine):
        """The `Expectations` under a machine, and the `SmoothedFeatures`."""
        filtered = machine.filter(self.data, self.sequences, self.gaps)
        smoothed = filtered.smoothed()
        total = float(filtered.log_prob.sum())
        found = Expectations.of(machine, self.data, self.sequences, self.gaps, smoothed, total)
        return found, smoothed


def slopes(machine, rows):
    """The log-likelihood of `Rows`, nats, and its derivatives by all parameters of a machine.

    They are the expected derivatives of the joint log-density of rows and features (Fisher's
    identity), as a `DynamicFactors`.
    """
    found, _ = rows.expect(machine)
    noise = machine.noise
    return found.log_prob, DynamicFactors(
        found.residuals / noise,
        found.products / noise,
        0.5 * (found.squares / noise - found.counts) / noise,
        _slope_of_persistence(machine.persistence, found),
    )


def _slope_of_persistence(persistence, found):
    """The derivative, (n_features,).

    Of ``-n log(1 - l^2) / 2 - sum (h_t - l h_(t-1))^2 / (1 - l^2) / 2``, by sums that do not cancel
    where l is nearly 1.
    """
    rest = (1 - persistence) * (1 + persistence)
    change = found.cross * (1 - persistence) ** 2 - persistence * found.drift
    return (found.n_pairs * persistence * rest + change) / rest**2


def em_step(machine, rows, least_noise):
    """The machine that one step of EM makes of another, and the log-likelihood of that one.

    least_noise : (n_columns,).
    """
    found, smoothed = rows.expect(machine)
    second = _second_moments(rows, smoothed)
    wanted = np.concatenate([found.products, found.residuals[None]]).T
    # Of columns without any value nothing is known, and nothing is changed.
    second[found.counts == 0] = np.eye(second.shape[1])
    change = np.linalg.solve(second, wanted[:, :, None])[:, :, 0]
    squares = found.squares - (wanted * change).sum(axis=1)
    noise = np.divide(squares, found.counts, out=machine.noise.copy(), where=found.counts > 0)
    moved = DynamicFactors(
        machine.mean + change[:, -1],
        machine.loadings + change[:, :-1].T,
        np.maximum(noise, least_noise),
        _best_persistence(found, machine.persistence),
    )
    return moved, found.log_prob


def _second_moments(rows, smoothed):
    """Sums of the squares of features and a one over the rows that have a column.

    (n_columns, n_features + 1, n_features + 1).
    """
    gaps, (n, k) = rows.gaps, smoothed.means.shape
    p = gaps.patterns.shape[1]
    result = np.zeros((p, k + 1, k + 1))
    result[:, :k, :k] = spreads(gaps, smoothed)
    ones = np.concatenate([smoothed.means, np.ones((n, 1))], axis=1)
    if gaps.are_none:
        return result + ones.T @ ones
    for place in places(n, p + (k + 1) ** 2):
        h = ones[place]
        squares = (h[:, :, None] * h[:, None]).reshape(len(h), -1)
        seen = gaps.patterns[gaps.numbers[place]]
        result += (seen.T @ squares).reshape(result.shape)
    return result


def _best_persistence(found, before):
    """Where `_slope_of_persistence` is zero: a root of a cubic equation, (n_features,)."""
    n, best = found.n_pairs, before.copy()
    for i, (drift, cross) in enumerate(zip(found.drift, found.cross, strict=True)):
        roots = np.roots([-n, cross, n - 2 * cross - drift, cross]) if n else np.empty(0)
        real = roots.real[(np.abs(roots.imag) < _REAL) & (np.abs(roots.real) < 1)]
        if len(real):
            rest = (1 - real) * (1 + real)
            heights = -n * np.log(rest) - drift / rest - 2 * cross / (1 + real)
            best[i] = real[np.argmax(heights)]
    return np.clip(best, -MOST_PERSISTENT, MOST_PERSISTENT)
