"""Fitted factor models, whose answers have closed forms."""

from dataclasses import dataclass

import numpy as np

from ..factors import LinearGaussian
from ..likelihood import Estimate
from ..rows import dense_rows, missing_per_row
from ..units import Support
from .effects import Effects
from .encoding import named, refuse_empty
from .model import Model

_LARGEST = 1e100  # of means and standard deviations, and of the inverses of the latter
_METHODS = ("auto", "exact")


@dataclass(frozen=True)
class LinearGaussianModel(Model):
    """A linear-Gaussian machine whose factors are published as ``z @ turn``.

    Rows are an array or a CSR matrix.
    """

    machine: LinearGaussian
    turn: np.ndarray

    likelihood_methods = bound_methods = posterior_methods = _METHODS

    support = Support()

    @property
    def n_features(self):
        """Columns of the data."""
        return len(self.machine.mean)

    def table(self, data, weights=None):
        """The data themselves."""
        return data

    def estimate(self, rows, method, n_samples, n_temperatures, rng, n_threads, tails=None):
        """Exact values; each row stands for itself."""
        log_prob = self.machine.log_prob(rows)
        return Estimate.exactly(log_prob, -log_prob), np.arange(len(log_prob)), "exact"

    def bounds(self, n_rows, method, n_samples, n_temperatures, rng, n_threads):
        """Twice the same: log p of rows drawn."""
        log_prob = self.machine.log_prob(self.machine.sample(n_rows, rng)[0])
        return log_prob, log_prob.copy(), "exact"

    def draw(self, n_rows, rng, n_threads):
        """Rows and their factors, float64."""
        X, Z = self.machine.sample(n_rows, rng)
        return X, [Z @ self.turn]

    def draw_given(self, evidence, n_rows, n_pool, rng, n_threads):
        """Rows that hold some given values, and their factors, float64."""
        X, Z = self.machine.complete(evidence, n_rows, rng)
        return X, [Z @ self.turn]

    def effects(self, layer):
        """Loadings, and their sizes for standardised features."""
        machine = self.machine
        loadings = np.linalg.solve(self.turn, machine.loadings)
        deviations = np.sqrt((machine.loadings**2).sum(axis=0) + machine.noise)
        return Effects(loadings, np.abs(loadings) / deviations)

    @property
    def hidden_sizes(self):
        """The number of factors, as of a layer."""
        return (len(self.turn),)

    def log_joint(self, rows, hidden, n_threads):
        """Log N(x, z), nats."""
        (factors,) = hidden
        _, log_volume = np.linalg.slogdet(self.turn)
        return self.machine.log_joint(rows, np.linalg.solve(self.turn.T, factors.T).T) - log_volume

    def posterior(self, rows, method, n_samples, n_pool, n_sweeps, rng, n_threads):
        """Means, covariances and draws of the normal distribution of the factors."""
        n, k, turn = rows.shape[0], len(self.turn), self.turn
        mean, covariance = np.empty((n, k)), np.empty((n, k, k))
        samples = np.empty((n, n_samples, k))
        for place, x in self.machine.blocks(rows):
            found = self.machine.infer(x)
            mean[place] = found.means @ turn
            covariance[place] = (turn.T @ found.covariances @ turn)[found.numbers]
            for number in range(n_samples):
                samples[place, number] = found.draw(rng) @ turn
        return {
            "mean": [mean],
            "covariance": [covariance],
            "samples": [samples],
            "effective_sample_size": np.full(n, np.inf),
            "method": "exact",
        }

    def impute(self, rows, strategy, n_imputations, n_pool, rng, n_threads):
        """Expected values, which are the most probable ones, or draws."""
        drawn = strategy == "sample"
        counts, machine = missing_per_row(rows), self.machine
        ends = np.cumsum(counts)
        values = np.empty((ends[-1], n_imputations if drawn else 1))
        for place, x in machine.blocks(rows, np.flatnonzero(counts)):
            found, missing, n = machine.infer(x), np.isnan(x), counts[place]
            entries = np.repeat(ends[place] - np.cumsum(n), n) + np.arange(n.sum())
            for number in range(values.shape[1]):
                filled = (
                    machine.draw(found.draw(rng), rng) if drawn else machine.expected(found.means)
                )
                values[entries, number] = filled[missing]
        return values

    def scores(self, rows, kind):
        """Scores on the factors, (n_rows, n_factors); kind : ``"regression"`` or ``"bartlett"``."""
        find = self.machine.bartlett if kind == "bartlett" else self.machine.means
        return find(rows) @ self.turn


def check_columns(columns, data, names=None):
    """Refuse columns without any value, and those whose squares are no numbers.

    columns : `factors.moments.Columns` of the data; names : of the features, if they have any.
    """
    empty = np.flatnonzero(columns.weight == 0)
    if len(empty):
        refuse_empty(empty[0], names)
    with np.errstate(over="ignore", invalid="ignore"):
        constant, deviation = columns.constant, np.sqrt(columns.variance)
    large = ~(np.maximum(np.abs(columns.mean), deviation) <= _LARGEST)
    small = ~constant & (deviation < 1 / _LARGEST)
    flat = np.flatnonzero(constant & ~large)
    small[flat] = _varies_below_rounding(data, flat)
    bad = np.flatnonzero(large | small)
    if len(bad):
        raise ValueError(
            f"Column {named(bad[0], names)} of X has a magnitude outside [{1 / _LARGEST:g}, "
            f"{_LARGEST:g}] (its mean or its standard deviation): squares of such numbers are "
            "lost. Rescale the data."
        )


def _varies_below_rounding(data, columns):
    """Whether columns that seem constant vary, by so little that squares vanish."""
    x = dense_rows(data[:, columns], slice(None))
    spread = np.fmax.reduce(x, axis=0) - np.fmin.reduce(x, axis=0)
    return (spread > 0) & (spread < 1 / _LARGEST)
