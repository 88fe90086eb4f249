"""Ways to find the parameters of factor analysis of items."""

from dataclasses import dataclass, replace

import numpy as np

from ..factors import FactorLearning, Ogives, SecondMoments, fit_ogives, smoothed

_TOL = 1e-20  # of the discrepancy of correlations
_MOST_EXPLAINED = 0.99  # of an item, to begin with


@dataclass(frozen=True)
class OrdinalFit:
    """Parameters of items, of uncorrelated factors, and how they were found.

    loadings : (n_items, n_factors) of standardised variables; thresholds : (n_items, most + 1);
    correlation : (n_items, n_items), polychoric; is_smoothed : whether it was, lowest : its lowest
    eigenvalue before; vanishing : (n_items,) bool, Heywood cases; path : log-likelihoods, if any;
    n_steps; converged.
    """

    loadings: np.ndarray
    thresholds: np.ndarray
    correlation: np.ndarray
    is_smoothed: bool
    lowest: float
    vanishing: np.ndarray
    path: list
    n_steps: int
    converged: bool


def by_correlations(pairs, n_factors, most_steps, rng):
    """The `OrdinalFit` by factor analysis of `Polychoric` correlations."""
    raw = pairs.matrix()
    R, lowest = smoothed(raw)
    p, weight = len(R), pairs.items.weight
    moments = SecondMoments(np.zeros(p), pairs.items.n_rows, weight, np.zeros(p), weight * R)
    found = FactorLearning(n_factors, False, _TOL, most_steps, rng).from_moments(moments)
    loadings = found.machine.loadings.T
    # Variances are 1 at the maximum, but for what is at a bound.
    scale = np.sqrt((loadings**2).sum(axis=1) + found.machine.noise)
    return OrdinalFit(
        loadings / scale[:, None], pairs.thresholds, R, R is not raw, lowest, found.vanishing, [],
        found.n_steps, found.converged,
    )  # fmt: skip


def by_likelihood(start, items, tol, most_steps):
    """The `OrdinalFit` of the highest likelihood, from another one."""
    lengths = np.sqrt((start.loadings**2).sum(axis=1, keepdims=True))
    shrunk = start.loadings * np.minimum(1, np.sqrt(_MOST_EXPLAINED) / np.maximum(lengths, 1e-12))
    found = fit_ogives(Ogives.of(shrunk, start.thresholds), items, tol, most_steps)
    loadings = _canonical(found.ogives)
    return replace(
        start, loadings=loadings, thresholds=found.ogives.thresholds, vanishing=found.at_bound,
        path=found.path, n_steps=found.n_steps, converged=found.converged,
    )  # fmt: skip


def _canonical(ogives):
    """Loadings on factors in the order of what they explain, relative to the noise."""
    slopes = ogives.slopes
    _, vectors = np.linalg.eigh(slopes.T @ slopes)
    return ogives.loadings @ vectors[:, ::-1]
