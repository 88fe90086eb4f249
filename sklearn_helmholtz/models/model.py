"""The contract of fitted models: what estimators ask of whatever they have learnt."""

import abc
from typing import ClassVar

import numpy as np

from ..units import Support


class Model(abc.ABC):
    """A fitted model: it answers about rows of data in the user's units, and knows no estimator.

    *Rows* are what `table` makes of data. Random numbers come from ``rng``, a RandomState, or are
    fixed ones where it is None.

    Attributes
    ----------
    likelihood_methods, bound_methods, posterior_methods : tuple of str
        The words that `estimate`, `bounds` and `posterior` know, ``"auto"`` among them.
    support : units.Support
        The values that columns take.
    has_binary_columns : bool
        Whether all columns are 0 or 1.
    can_anneal : bool
        Whether `estimate` has a way between the prior and the posterior.
    """

    likelihood_methods: ClassVar[tuple]
    bound_methods: ClassVar[tuple]
    posterior_methods: ClassVar[tuple]
    support: Support
    has_binary_columns = False
    can_anneal = False

    @property
    @abc.abstractmethod
    def n_features(self):
        """Columns of the data."""

    @abc.abstractmethod
    def table(self, data, weights=None):
        """Rows of data, or a ValueError for values that the model does not take."""

    @abc.abstractmethod
    def estimate(self, rows, method, n_samples, n_temperatures, rng, n_threads, tails=None):
        """An `Estimate` of log p of rows, their addresses, and the method used."""

    def check_exact(self, name, rows, remedy=""):
        """Refuse rows whose log p is not known exactly.

        name : of what needs it; remedy : what to use instead.
        """
        return

    @abc.abstractmethod
    def bounds(self, n_rows, method, n_samples, n_temperatures, rng, n_threads):
        """Lower and upper bounds of log p of rows drawn, (n_rows,) each, and the method used."""

    @abc.abstractmethod
    def draw(self, n_rows, rng, n_threads):
        """Rows of data, and a list of their hidden layers from the data upward."""

    @abc.abstractmethod
    def draw_given(self, evidence, n_rows, n_pool, rng, n_threads):
        """The same, given some values: ``evidence`` (n_features,) float64, NaN for the others."""

    def recorded(self, rows, log_prob):
        """Log-probabilities of rows as recorded, nats, NaN where there are only densities."""
        return np.full(len(log_prob), np.nan)

    def improbable(self, evidence, n_pool, n_threads):
        """Log-probabilities of evidence under the model and without it, or None if it is in order.

        The latter if columns were independent; nats.
        """
        return

    @abc.abstractmethod
    def effects(self, layer):
        """The `Effects` of the units of a hidden layer, 1 being next to the data, on features."""

    @property
    @abc.abstractmethod
    def hidden_sizes(self):
        """Units of each hidden layer, from the data upward, or the number of factors."""

    def check_hidden(self, hidden):
        """Refuse values of hidden layers that units do not take; hidden : float64 arrays."""
        return

    @abc.abstractmethod
    def log_joint(self, rows, hidden, n_threads):
        """Log p(x, h) of rows and hidden layers of each, (n_rows,) nats; hidden : as above."""

    @abc.abstractmethod
    def posterior(self, rows, method, n_samples, n_pool, n_sweeps, rng, n_threads):
        """The hidden layers given rows: the fields of what users get, as a dictionary."""

    @abc.abstractmethod
    def impute(self, rows, strategy, n_imputations, n_pool, rng, n_threads):
        """Values for all that is missing, row by row, (n_missing, n_imputations)."""
