"""The contract of densities of sources: what unmixing and its learning ask of them."""

import abc
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Scores:
    """Scores of sources and weighted sums over the rows.

    scores : ``psi = -d log p / ds`` of all values, (n_sources, n_rows); log_densities : sums of
    log p, slopes : of psi', curved : of psi' s^2; (n_sources,).
    """

    scores: np.ndarray
    log_densities: np.ndarray
    slopes: np.ndarray
    curved: np.ndarray


class SourceDensity(abc.ABC):
    """Densities of independent sources, one each, as arrays whose first axis is that of sources.

    Values of sources stand in rows, (n_sources, n_rows) float64, padded to whole `lanes`: see
    `samples.padded`. Log-densities are in nats.

    Attributes
    ----------
    name : str
        The word for it.
    n_shapes : int
        Free parameters of all sources besides places and scales.
    """

    name: ClassVar[str]
    n_shapes: int

    @abc.abstractmethod
    def log_prob(self, values):
        """Log-densities of all sources together, (n_rows,)."""

    @abc.abstractmethod
    def scores(self, values, weights):
        """The `Scores` of values; weights : (n_rows,)."""

    @abc.abstractmethod
    def improved(self, sources, n_steps):
        """Densities after some steps of learning; none lowers ``sources.objective``."""

    def log_prior(self, samples):
        """Logarithm of the prior of the densities, which keeps them from extremes; nats a row."""
        return 0.0

    @abc.abstractmethod
    def scaled(self, factors):
        """The densities of the sources times numbers that are not zero, (n_sources,)."""

    @abc.abstractmethod
    def draw(self, n_rows, rng):
        """Values of the sources, (n_sources, n_rows); rng : a RandomState."""

    @abc.abstractmethod
    def moments(self):
        """Means and variances of the sources, (n_sources,) each; infinite where they are."""

    def chosen(self, order):
        """The densities of some sources, in an order."""
        arrays = {field.name: getattr(self, field.name)[order] for field in fields(self)}
        return type(self)(**arrays)

    def settled(self):
        """The densities as they stay after learning."""
        return self

    @property
    def n_sources(self):
        """Number of sources."""
        return len(getattr(self, fields(self)[0].name))

    def arrays(self):
        """The parameters by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
