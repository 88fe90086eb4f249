"""Relative L-BFGS: the matrix of highest likelihood for given densities of the sources.

Ablin, Cardoso & Gramfort (2018), Faster independent component analysis by preconditioning with
Hessian approximations, IEEE Transactions on Signal Processing 66, 4040-4049. Steps are relative,
``W <- (I + E) W``; the Hessian of the loss is nearly one of blocks of two, ``E_ij`` and ``E_ji``,
where sources are independent, and that preconditions L-BFGS.
"""

from dataclasses import dataclass

import numpy as np

_LEAST_CURVATURE = 0.1
_TRIES = 12
_FARTHEST = 0.3  # of an entry of a relative step: what is known of the loss is known nearby
_SUFFICIENT = 1e-4  # of the fall that the slope promises
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Place:
    """A matrix, its loss (nats a row) under given densities, relative gradient and curvatures.

    loss : minus the mean log-density of all whitened rows; gradient : (n, n), of ``E``;
    curvatures : (n, n), of the Hessian's diagonal.
    """

    sources: object
    loss: float
    gradient: np.ndarray
    curvatures: np.ndarray

    @classmethod
    def of(cls, sources, density):
        """The place of `SourceSamples`."""
        n = len(sources.values)
        _, log_volume = np.linalg.slogdet(sources.unmixing)
        loss, gradient, curvatures = -log_volume, -np.eye(n), np.zeros((n, n))
        ways = (_data_terms, _pseudo_terms)
        is_used = (sources.samples.shrinkage < 1, sources.samples.shrinkage > 0)
        found = [way for way, used in zip(ways, is_used, strict=True) if used]
        for (values, weights), terms in zip(sources.parts(), found, strict=True):
            scores = density.scores(values, weights)
            slopes, squares = terms(sources, values, weights, scores)
            gradient += slopes
            own = np.outer(scores.slopes, squares)
            own[np.diag_indices(n)] = scores.curved
            curvatures += own
            loss -= float(scores.log_densities.sum())
        return cls(sources, loss, gradient, curvatures)

    def steepest(self, errors):
        """The product of the inverse of the approximate Hessian with a matrix."""
        h, g = _positive(self.curvatures), errors
        step = (h.T * g - g.T) / (h * h.T - 1 + np.eye(len(h)))
        step[np.diag_indices(len(h))] = np.diag(g) / (1 + np.maximum(np.diag(self.curvatures), 0))
        return step

    def moved(self, step, density):
        """The place after a relative step."""
        unmixing = self.sources.unmixing + step @ self.sources.unmixing
        return Place.of(self.sources.samples.sources(unmixing), density)


def _data_terms(sources, values, weights, scores):
    """``sum psi_i s_j`` over the rows of data, and the mean squares of the sources."""
    weighted = values * weights
    return scores.scores @ weighted.T, np.einsum("ij,ij->i", values, weighted)


def _pseudo_terms(sources, values, weights, scores):
    """The same of pseudo-rows, in which ``s_j`` given ``s_i`` is ``w_j.w_i / |w_i|^2 s_i``."""
    products = sources.unmixing @ sources.unmixing.T
    along = (scores.scores * values) @ weights / np.diag(products)
    return along[:, None] * products, weights.sum() * np.diag(products)


def _positive(curvatures):
    """Curvatures with which all blocks of two, with ones beside them, are positive definite."""
    h = curvatures
    least = (h + h.T - np.sqrt((h - h.T) ** 2 + 4)) / 2
    return h + np.maximum(_LEAST_CURVATURE - least, 0)


def descend(place, density, memory, max_iter, tol):
    """A `Place` of lower loss, after some steps, and how many; tol : of the gradient.

    memory : `Memory` of earlier steps, which is added to.
    """
    for n_steps in range(max_iter):
        if np.abs(place.gradient).max() <= tol:
            return place, n_steps
        moved = _search(place, density, -memory.direction(place.gradient, place.steepest), memory)
        if moved is None and memory:
            memory.clear()
            moved = _search(place, density, -place.steepest(place.gradient), memory)
        if moved is None:
            return place, n_steps
        place = moved
    return place, max_iter


def _search(place, density, step, memory):
    """A place of lower loss on the way of a step, or None; the memory learns of the step."""
    slope = (place.gradient * step).sum()
    if not slope < 0:
        return None
    length = min(1.0, _FARTHEST / np.abs(step).max())
    for _ in range(_TRIES):
        with np.errstate(all="ignore"):
            moved = place.moved(length * step, density)
        allowed = place.loss + _SUFFICIENT * length * slope + _ROUNDING * (1 + abs(place.loss))
        if moved.loss <= allowed:
            memory.learn(length * step, moved.gradient - place.gradient)
            return moved
        length /= 2
    return None
