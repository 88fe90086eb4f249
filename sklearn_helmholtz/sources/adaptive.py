"""Densities that are learnt in two kinds, of which each source has the one that suits it."""

from dataclasses import dataclass

import numpy as np

from .grouped import Grouped, Several
from .mixture import Mixture
from .student import Student

_PRICE = 2.0  # of what a shape costs by BIC


@dataclass(frozen=True)
class Adaptive(Grouped):
    """Each source has Student's density or a mixture of normals: the better one for its price.

    The prior of mixtures has no say in it: it is highest where they are narrow, and would be worth
    tens of nats to them. A parameter costs ``log n`` nats, twice as much as by BIC (Schwarz 1978):
    which direction is a source has been looked for as well, among many (Chen & Chen 2008 pay for
    such a choice in the same coin). So sources of few rows have simple densities. Both kinds learn
    all the time.

    mixture, student : of all sources; is_mixture : (n_sources,) of bool.
    """

    mixture: Mixture
    student: Student
    is_mixture: np.ndarray

    name = "auto"

    @classmethod
    def start(cls, sources):
        """Both kinds for all sources, and for each the better one."""
        kinds = Mixture.start(sources), Student.start(sources)
        return cls(*kinds, np.zeros(len(sources.values), bool))._choose(sources)

    def groups(self):
        """Pairs of numbers of sources and their densities."""
        for density, chosen in ((self.mixture, self.is_mixture), (self.student, ~self.is_mixture)):
            numbers = np.flatnonzero(chosen)
            if len(numbers):
                yield numbers, density.chosen(numbers)

    def improved(self, sources, n_steps):
        """Both kinds after some steps, and the better one for each source."""
        mixture = self.mixture.improved(sources, n_steps)
        student = self.student.improved(sources, n_steps)
        return Adaptive(mixture, student, self.is_mixture)._choose(sources)

    def _choose(self, sources):
        mixture, student = (
            one.each_log_density(sources) - _price(one, sources.samples)
            for one in (self.mixture, self.student)
        )
        return Adaptive(self.mixture, self.student, mixture > student)

    def log_prior(self, samples):
        """Logarithm of the prior of mixtures, less the price of all shapes, nats a row."""
        return sum(
            density.log_prior(samples) - len(numbers) * _price(density, samples)
            for numbers, density in self.groups()
        )

    def scaled(self, factors):
        """The densities of the sources times numbers that are not zero, (n_sources,)."""
        kinds = self.mixture.scaled(factors), self.student.scaled(factors)
        return Adaptive(*kinds, self.is_mixture)

    def chosen(self, order):
        """The densities of some sources, in an order."""
        kinds = self.mixture.chosen(order), self.student.chosen(order)
        return Adaptive(*kinds, self.is_mixture[order])

    def settled(self):
        """The kinds that were chosen, and no others."""
        numbers, densities = zip(*self.groups(), strict=True)
        return Several(numbers, densities)


def _price(density, samples):
    """Price of the shape of a source, nats a row."""
    n = samples.n_rows
    own = density.n_shapes / density.n_sources * np.log(n) / (2 * n)
    return _PRICE * (1 - samples.shrinkage) * own
