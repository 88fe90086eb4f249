"""Items of the highest likelihood: full information, by quasi-Newton steps on what is seen.

The integral over the factors is in the likelihood itself (Bock & Lieberman 1970, Bock & Aitkin
1981), whose gradient Fisher's identity gives; no EM is needed to climb it.
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize

from .graded import Ogives, slopes_of_likelihood

_STEEPEST = 20.0  # slope of an item: its factors explain all but 1 / 401 of it
_LEAST_GAP = 1e-6  # between cuts to begin with
_LEVEL = 1e-4  # slope of the log-likelihood per row, which is not worth a warning


@dataclass(frozen=True)
class GradedFit:
    """Ogives of the highest likelihood, and how they were found.

    path : log-likelihoods of all rows, nats, to begin with and after each step; n_steps; converged
    : whether there was no more to gain; at_bound : (n_items,) bool, items whose slopes are.
    """

    ogives: Ogives
    path: list
    n_steps: int
    converged: bool
    at_bound: np.ndarray


def fit_ogives(start, items, tol, most_steps):
    """The `GradedFit` to `Items` from some `Ogives`, with finite cuts as `start` has them.

    tol : of the log-likelihood per row, relative: a step that gains less is the last.
    """
    codes, weights = _distinct(items)
    problem = _Problem(start, codes, weights)
    path = [problem.cost(problem.start())[0]]
    result = scipy.optimize.minimize(
        problem.cost, problem.start(), jac=True, method="L-BFGS-B", bounds=problem.bounds(),
        callback=lambda intermediate_result: path.append(intermediate_result.fun),
        options={"maxiter": most_steps, "maxfun": 20 * most_steps, "ftol": tol, "gtol": 1e-8,
                 "maxcor": 20},
    )  # fmt: skip
    ogives = problem.ogives(result.x)
    at_bound = (np.abs(ogives.slopes) >= _STEEPEST).any(axis=1)
    free = np.abs(result.x[: start.slopes.size]) < _STEEPEST
    level = np.abs(result.jac[: start.slopes.size][free]).max(initial=0) < _LEVEL
    values = [-weights.sum() * value for value in path]
    return GradedFit(ogives, values, max(int(result.nit), 1), bool(level), at_bound)


def _distinct(items):
    """Different rows of codes, and the sums of their weights."""
    codes, numbers = np.unique(items.codes, axis=0, return_inverse=True)
    return codes, np.bincount(numbers.reshape(-1), items.weights)


class _Problem:
    """Minus the log-likelihood per unit of weight as a function of one vector.

    The vector : slopes, and of each item the first cut and the logarithms of the gaps between cuts,
    for those that are finite.
    """

    def __init__(self, start, codes, weights):
        self._first, self._codes, self._weights = start, codes, weights
        self._inner = np.isfinite(start.cuts[:, 1:-1])

    def start(self):
        """The vector to begin with."""
        cuts = np.where(self._inner, self._first.cuts[:, 1:-1], 0.0)
        gaps = np.log(np.maximum(np.diff(cuts, axis=1), _LEAST_GAP))
        steps = np.concatenate([cuts[:, :1], gaps], axis=1)
        slopes = np.clip(self._first.slopes, -_STEEPEST, _STEEPEST)
        return np.concatenate([slopes.ravel(), steps[self._inner]])

    def bounds(self):
        """Bounds of the vector, as scipy takes them."""
        n = self._first.slopes.size
        return [(-_STEEPEST, _STEEPEST)] * n + [(None, None)] * int(self._inner.sum())

    def _steps(self, vector):
        steps = np.zeros(self._inner.shape)
        steps[self._inner] = vector[self._first.slopes.size :]
        return steps

    def ogives(self, vector):
        """The `Ogives` of a vector."""
        steps = self._steps(vector)
        jumps = np.concatenate([steps[:, :1], np.exp(steps[:, 1:])], axis=1)
        cuts = self._first.cuts.copy()
        cuts[:, 1:-1] = np.where(self._inner, np.cumsum(jumps, axis=1), cuts[:, 1:-1])
        slopes = vector[: self._first.slopes.size].reshape(self._first.slopes.shape)
        return Ogives(slopes, cuts)

    def cost(self, vector):
        """The value of a vector, and its gradient."""
        found = slopes_of_likelihood(self.ogives(vector), self._codes, self._weights)
        value, by_slopes, by_cuts = found
        by_cuts = np.where(self._inner, by_cuts, 0.0)
        later = np.cumsum(by_cuts[:, ::-1], axis=1)[:, ::-1]
        steps = self._steps(vector)
        later[:, 1:] *= np.exp(steps[:, 1:])
        gradient = np.concatenate([by_slopes.ravel(), later[self._inner]])
        unit = -1 / self._weights.sum()
        return unit * value, unit * gradient
