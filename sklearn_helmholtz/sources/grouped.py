"""Densities of sources that are of several kinds."""

import abc
from dataclasses import dataclass

import numpy as np

from .density import Scores, SourceDensity


class Grouped(SourceDensity):
    """Sources in groups, each with densities of one kind."""

    @abc.abstractmethod
    def groups(self):
        """Pairs of numbers of sources and their densities; each source is in one."""

    @property
    def n_sources(self):
        """Number of sources."""
        return sum(len(numbers) for numbers, _ in self.groups())

    @property
    def n_shapes(self):
        """Free parameters of all sources besides places and scales."""
        return sum(density.n_shapes for _, density in self.groups())

    def log_prob(self, values):
        """Log-densities of all sources together, (n_rows,) nats."""
        return sum(density.log_prob(values[numbers]) for numbers, density in self.groups())

    def scores(self, values, weights):
        """The `Scores` of values; weights : (n_rows,)."""
        scores, sums = np.empty(values.shape), np.empty((3, len(values)))
        for numbers, density in self.groups():
            own = density.scores(values[numbers], weights)
            scores[numbers] = own.scores
            sums[:, numbers] = own.log_densities, own.slopes, own.curved
        return Scores(scores, *sums)

    def draw(self, n_rows, rng):
        """Values of the sources, (n_sources, n_rows)."""
        result = np.empty((self.n_sources, n_rows))
        for numbers, density in self.groups():
            result[numbers] = density.draw(n_rows, rng)
        return result

    def moments(self):
        """Means and variances of the sources, (n_sources,) each."""
        result = np.empty((2, self.n_sources))
        for numbers, density in self.groups():
            result[:, numbers] = density.moments()
        return tuple(result)


@dataclass(frozen=True)
class Several(Grouped):
    """Densities of several kinds, as they were found or given.

    numbers : tuple of arrays of numbers of sources; densities : tuple of theirs.
    """

    numbers: tuple
    densities: tuple

    name = "several"

    def groups(self):
        """Pairs of numbers of sources and their densities."""
        return zip(self.numbers, self.densities, strict=True)

    def improved(self, sources, n_steps):
        """The same: what is chosen once does not learn."""
        return self

    def scaled(self, factors):
        """The densities of the sources times numbers that are not zero, (n_sources,)."""
        factors = np.asarray(factors)
        pairs = self.groups()
        return Several(self.numbers, tuple(one.scaled(factors[own]) for own, one in pairs))

    def chosen(self, order):
        """The densities of some sources, in an order."""
        numbers, densities = [], []
        for own, density in self.groups():
            places = np.flatnonzero(np.isin(order, own))
            if len(places):
                numbers.append(places)
                densities.append(density.chosen(np.searchsorted(own, np.asarray(order)[places])))
        return Several(tuple(numbers), tuple(densities))
