"""Averages of parameters over the later part of training."""

from dataclasses import dataclass

import numpy as np

from .._kernels.steps import average_move

_POWER = 8
_EVERY = 4  # moves from one that enters the average to the next: neighbours are much the same


@dataclass
class Average:
    """The mean of the parameters after each move so far, the later ones weighing more.

    After t moves, move s weighs in proportion to about ``s**8``: most of the weight lies on the
    last ninth, whenever one looks (polynomial-decay averaging: Shamir & Zhang 2013, Stochastic
    gradient descent for non-smooth optimization, ICML). Steps at a constant rate circle around an
    optimum; their mean is closer to it than any of them. vector : the mean; n_moves : moves made;
    n_terms : how many of them entered the mean.
    """

    vector: np.ndarray
    n_moves: int = 0
    n_terms: int = 0

    def add(self, parameters):
        """Take note of a move, after which the parameters are a vector like the mean."""
        self.n_moves += 1
        if self.n_moves % _EVERY == 0 or self.n_terms == 0:
            self.n_terms += 1
            share = (_POWER + 1) / (self.n_terms + _POWER)
            average_move(parameters, share, self.vector)
