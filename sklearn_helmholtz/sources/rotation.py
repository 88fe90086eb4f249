"""Where learning starts: rotations of whitened rows, by Picard-O with signs that adapt.

Ablin, Cardoso & Gramfort (2018), Faster ICA under orthogonal constraint, ICASSP. The loss is
``sum_i sign_i E[log cosh s_i]``, of which the signs are those of ``E[1 - tanh^2] - E[s tanh]``:
heavy tails have another one than light ones.
"""

import numpy as np

from .._kernels.source_shapes import tanh_scores
from .memory import Memory

_LEAST_CURVATURE = 0.01
_TRIES = 10


def rotate_sources(samples, start, max_iter=100, tol=1e-3):
    """An orthogonal matrix whose sources have tails unlike the normal one, by `Samples`.

    start : orthogonal, (n, n); tol : of the gradient.
    """
    place, memory = _Rotated(samples, start, None), Memory()
    for _ in range(max_iter):
        if np.abs(place.gradient).max() <= tol:
            break
        moved = _search(place, -memory.direction(place.gradient, place.precondition), memory)
        if moved is None and memory:
            memory.clear()
            moved = _search(place, -place.precondition(place.gradient), memory)
        if moved is None:
            break
        place = moved.with_own_signs()
        if (place.signs != moved.signs).any():
            memory.clear()
    return place.matrix


class _Rotated:
    """Sources of a rotation: their loss, its relative gradient (n, n), and curvatures."""

    def __init__(self, samples, matrix, signs):
        self.samples, self.matrix = samples, matrix
        values = matrix @ samples.rows
        scores, sums = np.empty(values.shape), np.empty((len(values), 3))
        tanh_scores(values, samples.shares, np.ones(len(values)), scores, sums)
        products = scores @ (values * samples.shares).T
        self._products, self._sums = products, sums
        kinds = sums[:, 1] - np.diag(products)
        self._kinds = kinds
        self.own_signs = np.where(kinds < 0, -1.0, 1.0)
        self._take(self.own_signs if signs is None else signs)

    def _take(self, signs):
        self.signs = signs
        signed = signs[:, None] * self._products
        self.loss = float(signs @ self._sums[:, 0])
        self.gradient = (signed - signed.T) / 2
        kinds = signs * self._kinds
        halves = (kinds[:, None] + kinds) / 2
        self._curvatures = np.maximum(halves, _LEAST_CURVATURE)

    def with_own_signs(self):
        """The same with the signs that its sources have."""
        if (self.own_signs != self.signs).any():
            self._take(self.own_signs)
        return self

    def precondition(self, errors):
        """The product of the inverse of the approximate Hessian with a skew matrix."""
        return errors / self._curvatures

    def moved(self, step):
        """After a rotation by a skew matrix, with the same signs."""
        return _Rotated(self.samples, _turn(step) @ self.matrix, self.signs)


def _search(place, step, memory):
    """A place of lower loss on the way of a step, or None; the memory learns of the step."""
    slope, length = (place.gradient * step).sum(), 1.0
    if not slope < 0:
        return None
    for _ in range(_TRIES):
        moved = place.moved(length * step)
        if moved.loss < place.loss:
            memory.learn(length * step, moved.gradient - place.gradient)
            return moved
        length /= 2
    return None


def _turn(step):
    """A rotation near ``I + step``, step being skew: Cayley's transform."""
    identity = np.eye(len(step))
    return np.linalg.solve(identity - step / 2, identity + step / 2)


def random_rotation(n, rng):
    """A rotation or reflection, (n, n), all being equally likely (Stewart 1980)."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diag(r))
