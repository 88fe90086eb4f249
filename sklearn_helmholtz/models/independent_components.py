"""Fitted independent components, whose likelihood is exact."""

from dataclasses import dataclass

import numpy as np

from ..likelihood import Estimate
from ..sources import Unmixing
from ..units import Support
from .effects import Effects
from .model import Model

_METHODS = ("auto", "exact")


@dataclass(frozen=True)
class IndependentComponentsModel(Model):
    """An unmixing of the user's columns. Rows are an array or a CSR matrix without missing values.

    Sources are functions of the data: their posterior is a point, and what is missing of a row has
    no distribution in closed form.
    """

    machine: Unmixing

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
        """Rows and their sources, float64."""
        X, S = self.machine.sample(n_rows, rng)
        return X, [S]

    def draw_given(self, evidence, n_rows, n_pool, rng, n_threads):
        """A ValueError: there is no closed form."""
        raise ValueError(
            "IndependentComponents has no closed form of some columns given others. Use "
            "FactorAnalysis for sample(given=...)."
        )

    def effects(self, layer):
        """Rows of the mixing matrix, and their sizes for standardised features."""
        machine = self.machine
        changes = machine.mixing.T
        return Effects(changes, np.abs(changes) / np.sqrt(machine.variances()))

    @property
    def hidden_sizes(self):
        """The number of sources, as of a layer."""
        return (len(self.machine.components),)

    def log_joint(self, rows, hidden, n_threads):
        """A ValueError: sources and data have no joint density."""
        raise ValueError("IndependentComponents has no log_joint: sources follow from the data.")

    def posterior(self, rows, method, n_samples, n_pool, n_sweeps, rng, n_threads):
        """The sources of the rows, which are certain."""
        sources = self.machine.sources(rows)
        n, k = sources.shape
        return {
            "mean": [sources],
            "covariance": [np.zeros((n, k, k))],
            "samples": [np.repeat(sources[:, None], n_samples, axis=1)],
            "effective_sample_size": np.full(n, np.inf),
            "method": "exact",
        }

    def impute(self, rows, strategy, n_imputations, n_pool, rng, n_threads):
        """A ValueError: there is no closed form."""
        raise ValueError(
            "IndependentComponents takes no missing values. Use FactorAnalysis(...).impute."
        )
