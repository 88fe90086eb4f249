"""Factor models of items: probabilities of their levels, by quadrature over the factors.

Behind an item is a normal variable of variance 1, ``y = z @ a + noise``, and its level is the
interval that y lies in, between thresholds (Samejima's graded responses, of one factor and two
levels Lord's normal ogive). Given the factors items are independent, so that the probability of a
row is an integral over as many variables as there are factors. A grid of equal steps adds it up:
for functions that decay like a normal density, errors fall faster than any power of the step.

References
----------
Samejima (1969), Estimation of latent ability using a response pattern of graded scores,
Psychometrika Monograph 17.
Bock & Aitkin (1981), Marginal maximum likelihood estimation of item parameters: application of an
EM algorithm, Psychometrika 46, 443-459.
"""

import functools
import itertools
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

MOST_FACTORS = 3
_POINTS = {0: 1, 1: 121, 2: 45, 3: 25}  # of a grid, in each direction
_REACH = 6.0  # of a grid, in standard deviations
_COARSE = 0.7  # of a step: the least deviation that it is for
_LEAST = 1e-300  # probability
_ENTRIES = 2**22  # float64 that are held for some rows


@functools.cache
def grid(n_factors):
    """Points (n_points, n_factors) and weights (n_points,) of the normal distribution."""
    if n_factors > MOST_FACTORS:
        raise ValueError(
            f"Scores and probabilities of rows are integrals over all factors, which are known for "
            f"at most {MOST_FACTORS} of them, but the model has {n_factors}."
        )
    line = np.linspace(-_REACH, _REACH, _POINTS[n_factors])
    points = np.array(list(itertools.product(line, repeat=n_factors)), np.float64)
    points = points.reshape(len(points), n_factors)
    weights = np.exp(-(points**2).sum(axis=1) / 2)
    points.flags.writeable = weights.flags.writeable = False
    return points, weights / weights.sum()


@dataclass(frozen=True)
class Ogives:
    """Items in units of the noise: slopes (n_items, n_factors) and cuts (n_items, most + 1).

    The level c of an item has the probability ``Phi(cut[c + 1] - z @ slope) - Phi(cut[c] - z @
    slope)`` given uncorrelated factors z; the first cut is minus infinity, the last infinity.
    """

    slopes: np.ndarray
    cuts: np.ndarray

    @classmethod
    def of(cls, loadings, thresholds):
        """The same from loadings of standardised variables, and thresholds."""
        noise = np.sqrt(1 - (loadings**2).sum(axis=1, keepdims=True))
        return cls(loadings / noise, thresholds / noise)

    @property
    def loadings(self):
        """Loadings of the standardised variables behind the items, (n_items, n_factors)."""
        return self.slopes / self._lengths

    @property
    def thresholds(self):
        """Limits of the levels in units of the same."""
        return self.cuts / self._lengths

    @property
    def _lengths(self):
        return np.sqrt(1 + (self.slopes**2).sum(axis=1, keepdims=True))

    @property
    def is_free(self):
        """Inner cuts that are finite and above the one before, (n_items, most - 1).

        Levels that no row has leave others: at the ends infinite ones, else two that are the same.
        """
        return np.isfinite(self.cuts[:, 1:-1]) & (self.cuts[:, 1:-1] > self.cuts[:, :-2])

    def ties(self):
        """Zeros and ones: which inner cuts move with each free one.

        (n_items * (most - 1), n_free), item by item; rows of infinite cuts are zero.
        """
        free, finite = self.is_free.ravel(), np.isfinite(self.cuts[:, 1:-1]).ravel()
        same = np.cumsum(free)[:, None] - 1 == np.arange(free.sum())
        return (same & finite[:, None]).astype(np.float64)

    def differences(self, points):
        """Cuts less what the factors make of the variables, (n_items, most + 1, n_points)."""
        return self.cuts[:, :, None] - (self.slopes @ points.T)[:, None]

    def probabilities(self, points):
        """Probabilities of the levels, (n_items, most, n_points)."""
        at = self.differences(points)
        above, below = at[:, 1:], at[:, :-1]
        # Differences of the smaller tails: those of the larger ones lose digits.
        flip = below > 0
        upper, lower = np.where(flip, -below, above), np.where(flip, -above, below)
        return np.maximum(ndtr(upper) - ndtr(lower), _LEAST)


@dataclass(frozen=True)
class GradedPosterior:
    """Posterior of the factors of rows, and how probable the rows are.

    log_prob : (n_rows,) nats; means : (n_rows, n_factors); covariances : (n_rows, n_factors,
    n_factors).
    """

    log_prob: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


def may_be_coarse(ogives):
    """Whether `is_coarse` depends on the rows: otherwise it is true of none.

    Minus the log-density of a posterior has second derivatives of at most ``1 + slopes' slopes``,
    and by the inequality of Cramer and Rao covariances are not below the inverse of that.
    """
    slopes, least = ogives.slopes, _least_deviation(ogives)
    k = slopes.shape[1]
    return k > 0 and bool(np.linalg.eigvalsh(np.eye(k) + slopes.T @ slopes).max() * least**2 > 1)


def is_coarse(ogives, covariances):
    """Whether the steps of the grid are too long for an item, or the posterior of a row.

    Errors of sums are about ``2 exp(-2 (pi sd / step)^2)`` of their size, where what is summed up
    is like a normal density.
    """
    k = ogives.slopes.shape[1]
    if not k or not len(covariances):
        return False
    least = _least_deviation(ogives)
    steepest = np.sqrt((ogives.slopes**2).sum(axis=1).max())
    return bool(steepest * least > 1 or np.linalg.eigvalsh(covariances).min() < least**2)


def _least_deviation(ogives):
    """The least standard deviation that the grid is for."""
    n_steps = _POINTS[min(ogives.slopes.shape[1], MOST_FACTORS)] - 1
    return _COARSE * 2 * _REACH / max(n_steps, 1)


def posteriors(ogives, codes):
    """Blocks of rows: a slice, their log-probabilities (n,), and what the points of the grid weigh.

    codes : (n_rows, n_items), -1 where a value is missing. Weights are of the shape (n, n_points),
    and sum to one for each row.
    """
    points, masses = grid(ogives.slopes.shape[1])
    logs = np.log(ogives.probabilities(points)).reshape(-1, len(points))
    for place in _places(len(codes), len(points)):
        joint = flags_of(codes[place], ogives.cuts.shape[1] - 1) @ logs + np.log(masses)
        top = joint.max(axis=1, keepdims=True)
        joint = np.exp(joint - top)
        total = joint.sum(axis=1)
        yield place, top[:, 0] + np.log(total), joint / total[:, None]


def infer(ogives, codes):
    """The `GradedPosterior` of rows of codes (n_rows, n_items), -1 where a value is missing."""
    points, _ = grid(ogives.slopes.shape[1])
    n, k = len(codes), points.shape[1]
    log_prob, means, covariances = np.empty(n), np.empty((n, k)), np.empty((n, k, k))
    for place, logs, masses in posteriors(ogives, codes):
        log_prob[place] = logs
        means[place] = masses @ points
        squares = masses @ (points[:, :, None] * points[:, None]).reshape(len(points), k * k)
        covariances[place] = squares.reshape(len(masses), k, k)
        covariances[place] -= means[place, :, None] * means[place, None]
    return GradedPosterior(log_prob, means, covariances)


def flags_of(codes, most):
    """Whether each item has each level, (n_rows, n_items * most) float64."""
    return (codes[:, :, None] == np.arange(most)).reshape(len(codes), -1).astype(np.float64)


def slopes_of_likelihood(ogives, codes, weights):
    """The log-likelihood of weighted rows, and its derivatives by slopes and inner cuts.

    By Fisher's identity, those of the expected log-likelihood of rows and factors. Arrays of the
    shapes (n_items, n_factors) and (n_items, most - 1).
    """
    points, masses = grid(ogives.slopes.shape[1])
    probabilities = ogives.probabilities(points)
    logs, most = np.log(probabilities), probabilities.shape[1]
    expected, total = np.zeros((logs.shape[0] * most, len(points))), 0.0
    for place in _places(len(codes), len(points)):
        flags = flags_of(codes[place], most)
        joint = flags @ logs.reshape(-1, len(points)) + np.log(masses)
        top = joint.max(axis=1, keepdims=True)
        np.exp(joint - top, out=joint)
        sums = joint.sum(axis=1)
        total += weights[place] @ (top[:, 0] + np.log(sums))
        expected += flags.T @ (joint * (weights[place] / sums)[:, None])
    ratio = expected.reshape(logs.shape) / probabilities
    at = ogives.differences(points)[:, 1:-1]
    density = np.exp(-np.minimum(at * at, 1400) / 2) / np.sqrt(2 * np.pi)
    by_cut = density * (ratio[:, :-1] - ratio[:, 1:])
    return total, -by_cut.sum(axis=1) @ points, by_cut.sum(axis=2)


def _places(n_rows, width):
    size = max(_ENTRIES // width, 1)
    return (slice(start, start + size) for start in range(0, n_rows, size))
