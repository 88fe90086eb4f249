"""Averages of parameters over the later part of training."""

from dataclasses import dataclass, field

import numpy as np

from .._kernels.steps import EVERY, POWER, average_move


@dataclass
class Average:
    """The mean of the parameters after each move so far, the later ones weighing more.

    After t moves, move s weighs in proportion to about ``s**8``: most of the weight lies on the
    last ninth, whenever one looks (polynomial-decay averaging: Shamir & Zhang 2013, Stochastic
    gradient descent for non-smooth optimization, ICML). Steps at a constant rate circle around an
    optimum; their mean is closer to it than any of them. vector : the mean; counts : (2,) int64,
    the moves made, and how many of them entered the mean.
    """

    vector: np.ndarray
    counts: np.ndarray = field(default_factory=lambda: np.zeros(2, np.int64))

    def add(self, parameters):
        """Take note of a move, after which the parameters are a vector like the mean."""
        self.counts[0] += 1
        if self.counts[0] % EVERY == 0 or self.counts[1] == 0:
            self.counts[1] += 1
            average_move(parameters, (POWER + 1) / (self.counts[1] + POWER), self.vector)

    @property
    def n_moves(self):
        """Moves made."""
        return int(self.counts[0])

    @property
    def n_terms(self):
        """Moves that entered the mean."""
        return int(self.counts[1])

    def resume(self, n_moves, n_terms):
        """Go on from where another average stood."""
        self.counts[:] = n_moves, n_terms
