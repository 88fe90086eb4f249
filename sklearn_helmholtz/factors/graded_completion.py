"""Items and factors given some items: probabilities of levels, and draws.

Draws of the factors given a row begin at a point of the grid of the quadrature, and make one step
of Gibbs sampling by way of the normal variables behind the items (Albert & Chib 1993), which leaves
their distribution as it is. So a draw has the density ``sum_g w_g K(z | z_g)``, the quadrature of
an integral that is the posterior itself: it is as exact as all else is that the grid adds up, and
not on its points.

References
----------
Albert & Chib (1993), Bayesian analysis of binary and polychotomous response data, Journal of the
American Statistical Association 88, 669-679.
"""

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from .graded import grid, posteriors


def level_probabilities(ogives, codes):
    """Probabilities of the levels of each item given all codes of the row that are not -1.

    (n_rows, n_items, most). Of an item that is among them, those of another answer to it.
    """
    points, _ = grid(ogives.slopes.shape[1])
    levels = ogives.probabilities(points)
    found = np.empty((len(codes), *levels.shape[:2]))
    for place, _, masses in posteriors(ogives, codes):
        found[place] = (masses @ levels.reshape(-1, len(points)).T).reshape(-1, *levels.shape[:2])
    return found


def draw_factors(ogives, codes, n_draws, rng):
    """Draws of uncorrelated factors given the codes of rows, (n_rows, n_draws, n_factors)."""
    points, _ = grid(ogives.slopes.shape[1])
    found = np.empty((len(codes), n_draws, points.shape[1]))
    for place, _, masses in posteriors(ogives, codes):
        sums = np.cumsum(masses, axis=1)
        sums /= sums[:, -1:]
        shares = rng.random_sample((len(sums), n_draws))
        starts = [np.searchsorted(*row, side="right") for row in zip(sums, shares, strict=True)]
        start = points[np.concatenate(starts)]
        drawn = _sweep(ogives, np.repeat(codes[place], n_draws, axis=0), start, rng)
        found[place] = drawn.reshape(len(sums), n_draws, points.shape[1])
    return found


def draw_levels(ogives, factors, rng):
    """Codes of all items given uncorrelated factors (n_rows, n_factors), (n_rows, n_items)."""
    behind = factors @ ogives.slopes.T
    behind += rng.standard_normal(behind.shape)
    return (behind[:, :, None] > ogives.cuts[:, 1:-1]).sum(axis=2)


def _sweep(ogives, codes, factors, rng):
    """Factors after a step of Gibbs sampling that leaves their posterior as it is."""
    slopes, centres = ogives.slopes, factors @ ogives.slopes.T
    items = np.arange(codes.shape[1])
    low, high = ogives.cuts[items, codes], ogives.cuts[items, np.maximum(codes, 0) + 1]
    seen = (codes >= 0) & (low < high)  # levels that nobody has tell nothing
    low, high = np.where(seen, low - centres, -np.inf), np.where(seen, high - centres, np.inf)
    behind = np.where(seen, centres + _truncated(low, high, rng), 0.0)
    precision = np.einsum("rp,pk,pl->rkl", seen.astype(np.float64), slopes, slopes)
    precision += np.eye(slopes.shape[1])
    root = np.linalg.cholesky(precision)
    noise = rng.standard_normal(factors.shape)
    right = np.linalg.solve(root, (behind @ slopes)[:, :, None])[:, :, 0] + noise
    return np.linalg.solve(root.transpose(0, 2, 1), right[:, :, None])[:, :, 0]


def _truncated(low, high, rng):
    """Draws of standard normal variables between limits."""
    flip = low > 0  # of the smaller tails: those of the larger ones lose digits
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    least, most = log_ndtr(low), log_ndtr(high)
    share = rng.random_sample(low.shape)
    drawn = ndtri_exp(most + np.log(share + (1 - share) * np.exp(least - most)))
    drawn = np.clip(drawn, low, high)
    return np.where(flip, -drawn, drawn)
