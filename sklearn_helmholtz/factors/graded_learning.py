"""Items of the highest likelihood: full information, by quasi-Newton steps on what is seen.

The integral over the factors is in the likelihood itself (Bock & Lieberman 1970, Bock & Aitkin
1981), whose gradient Fisher's identity gives; no EM is needed to climb it.
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize

from .graded import Ogives, slopes_of_likelihood
from .items import distinct_rows

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
    codes, weights = distinct_rows(items.codes, items.weights)
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


class _Problem:
    """Minus the log-likelihood per unit of weight as a function of one vector.

    The vector : slopes, and of each item the first cut and the logarithms of the gaps between cuts,
    of those that are free.
    """

    def __init__(self, start, codes, weights):
        self._first, self._codes, self._weights = start, codes, weights
        self._inner, self._free = np.isfinite(start.cuts[:, 1:-1]), start.is_free
        self._lowest = self._free & (np.cumsum(self._free, axis=1) == 1)

    def start(self):
        """The vector to begin with."""
        cuts, below = self._first.cuts[:, 1:-1], self._first.cuts[:, :-2]
        gaps = np.subtract(cuts, below, where=self._free & ~self._lowest, out=np.ones(cuts.shape))
        steps = np.where(self._lowest, cuts, np.log(np.maximum(gaps, _LEAST_GAP)))
        slopes = np.clip(self._first.slopes, -_STEEPEST, _STEEPEST)
        return np.concatenate([slopes.ravel(), steps[self._free]])

    def bounds(self):
        """Bounds of the vector, as scipy takes them."""
        n = self._first.slopes.size
        return [(-_STEEPEST, _STEEPEST)] * n + [(None, None)] * int(self._free.sum())

    def _jumps(self, vector):
        """Gaps between each inner cut and the one before, of the lowest the cut itself."""
        steps = np.full(self._free.shape, -np.inf)
        steps[self._free] = vector[self._first.slopes.size :]
        return np.where(self._lowest, steps, np.exp(np.where(self._lowest, 0, steps)))

    def ogives(self, vector):
        """The `Ogives` of a vector."""
        above = np.cumsum(self._jumps(vector), axis=1)
        cuts = self._first.cuts.copy()
        cuts[:, 1:-1] = np.where(self._inner, above, cuts[:, 1:-1])
        slopes = vector[: self._first.slopes.size].reshape(self._first.slopes.shape)
        return Ogives(slopes, cuts)

    def cost(self, vector):
        """The value of a vector, and its gradient."""
        found = slopes_of_likelihood(self.ogives(vector), self._codes, self._weights)
        value, by_slopes, by_cuts = found
        by_cuts = np.where(self._inner, by_cuts, 0.0)
        later = np.cumsum(by_cuts[:, ::-1], axis=1)[:, ::-1]
        later *= np.where(self._lowest, 1, self._jumps(vector))
        gradient = np.concatenate([by_slopes.ravel(), later[self._free]])
        unit = -1 / self._weights.sum()
        return unit * value, unit * gradient
