"""Parameters of turned factors as functions of those of unturned ones, and their derivatives.

A rotation is where a criterion is least. So its transformation T is a function of the loadings A
and the noise variances that equations define, ``f(A, noise, T) = 0`` (Archer & Jennrich 1973,
Jennrich 1973), and implicit differentiation says how it changes with them. Derivatives of the
equations are those by steps in the direction of the imaginary unit, which lose nothing to
differences (Squire & Trapp 1998): what they pass through takes complex numbers, as analytic
functions do, so lengths are roots of sums of squares and nothing is conjugated.

References
----------
Archer & Jennrich (1973), Standard errors for rotated factor loadings, Psychometrika 38.
Jennrich (1973), Standard errors for obliquely rotated factor loadings, Psychometrika 38.
Squire & Trapp (1998), Using complex variables to estimate derivatives of real functions, SIAM
Review 40.
"""

from dataclasses import dataclass

import numpy as np

from .rotations import METHODS, rotate

_STEP = 1e-40
_STATIONARY = 1e-4  # of equations, in units of the loadings
_SAME = 1e-5  # of transformations
_MOST_CONDITION = 1e8  # of equations: beyond, their solutions are not unique


@dataclass(frozen=True)
class TurnedDerivatives:
    """Derivatives of the parameters of turned factors.

    Each by the unturned loadings, row by row, and the noise variances: loadings and standardised
    (n_features, n_factors, n), the latter of features divided by their standard deviations;
    correlation (n_factors, n_factors, n); communalities (n_features, n).
    """

    loadings: np.ndarray
    standardised: np.ndarray
    correlation: np.ndarray
    communalities: np.ndarray

    @classmethod
    def of(cls, loadings, noise, turn, method):
        """The derivatives for a rotation by a method of `METHODS`, or None for no rotation.

        loadings : A (n_features, n_factors), none of its columns zero; noise : (n_features,); turn
        : (n_factors, n_factors), by which the loadings that are published are ``A @ inv(turn).T``.
        A ValueError says that they are not where the criterion is least, or that this is no single
        place.
        """
        turning = _turning(method, loadings, noise, turn)
        sizes = np.cumsum([loadings.size, len(noise)])
        k, shape = turn.shape[0], loadings.shape

        def all_of(vector):
            A, psi, T = np.split(vector, sizes)
            return turning(A.reshape(shape), psi, T.reshape(k, k))

        point = np.concatenate([loadings.ravel(), noise, turning.start.ravel()])
        _check_stationary(all_of(point)[: k * k], method)
        slopes = _jacobian(all_of, point)
        change = _solve(slopes[: k * k, sizes[1] :], slopes[: k * k, : sizes[1]], method)
        total = slopes[k * k :, : sizes[1]] - slopes[k * k :, sizes[1] :] @ change
        ends = np.cumsum([loadings.size, loadings.size, k * k])
        L, standardised, correlation, shares = np.split(total, ends)
        n = total.shape[1]
        correlation = correlation.reshape(k, k, n)
        correlation[np.diag_indices(k)] = 0  # but for rounding: they are 1 whatever the loadings
        return cls(
            L.reshape(*shape, n), standardised.reshape(*shape, n), correlation, shares,
        )  # fmt: skip


def _turning(method, loadings, noise, turn):
    if method is None:
        return _Canonical(turn)
    chosen = METHODS[method]
    if chosen.power is None:
        return _Stationary(turn, chosen.criterion, chosen.is_oblique, chosen.normalise)
    scale = np.sqrt((loadings**2).sum(axis=1) + noise)
    first = rotate(loadings / scale[:, None], "varimax", chosen.normalise).transformation
    stationary = _Stationary(first, chosen.criterion, False, chosen.normalise)
    return _Sharper(stationary, loadings, noise, turn, chosen.power)


class _Turning:
    """Equations of a transformation (n_factors^2) and, after them, what is published.

    start : (n_factors, n_factors), the transformation where they hold.
    """

    is_oblique = False

    def __init__(self, start):
        self.start = start

    def __call__(self, A, noise, T):
        explained = (A**2).sum(axis=1)
        scale = np.sqrt(explained + noise)
        equations = self.equations(A / scale[:, None], noise / scale**2, T)
        final = self.final(A / scale[:, None], T)
        L = np.linalg.solve(final, A.T).T
        correlation = final.T @ final if self.is_oblique else np.eye(len(T))
        parts = equations, L, L / scale[:, None], correlation, explained / scale**2
        return np.concatenate([np.ravel(part) for part in parts])

    def final(self, standardised, T):
        """The transformation that is published."""
        return T


class _Canonical(_Turning):
    """Factors that are independent given the features: ``L' diag(1 / noise) L`` is diagonal."""

    def equations(self, A, noise, T):
        inner = (A @ T).T @ ((A @ T) / noise[:, None])
        unit = np.sqrt(np.diag(inner))
        return _square(inner / unit / unit[:, None], T.T @ T)


class _Stationary(_Turning):
    """A criterion that does not change when factors are turned further."""

    def __init__(self, start, criterion, is_oblique, normalise):
        super().__init__(start)
        self.criterion, self.is_oblique, self.normalise = criterion, is_oblique, normalise

    def equations(self, A, noise, T):
        if self.normalise:
            lengths = np.sqrt((A**2).sum(axis=1, keepdims=True))
            A = A / np.where(lengths == 0, 1, lengths)
        L = np.linalg.solve(T, A.T).T if self.is_oblique else A @ T
        _, gradient = self.criterion(L)
        gradient = gradient / (A**2).sum()
        if not self.is_oblique:
            inner = L.T @ gradient
            return _square(inner - inner.T, T.T @ T)
        inner = np.linalg.solve(T.T @ T, gradient.T @ L)
        np.fill_diagonal(inner, (T**2).sum(axis=0) - 1)
        return inner


class _Sharper(_Turning):
    """A rotation, and then least squares towards powers of its loadings: promax."""

    is_oblique = True

    def __init__(self, first, loadings, noise, turn, power):
        super().__init__(first.start)
        self.power, self.equations = power, first.equations
        self.order, self.signs = np.arange(len(turn)), np.ones(len(turn))
        scale = np.sqrt((loadings**2).sum(axis=1) + noise)
        found = self.final(loadings / scale[:, None], first.start)
        cosines = turn.T @ found
        self.order = np.abs(cosines).argmax(axis=1)
        nearest = cosines[np.arange(len(turn)), self.order]
        self.signs = np.where(nearest < 0, -1.0, 1.0)
        if not (np.abs(nearest) > 1 - _SAME).all():
            raise ValueError(_not_stationary("promax"))

    def final(self, standardised, T):
        L = standardised @ T
        size = L * np.where(L.real < 0, -1, 1)
        nearest = np.linalg.solve(L.T @ L, L.T @ (L * size ** (self.power - 1)))
        sharper = np.linalg.inv(nearest).T
        sharper = sharper / np.sqrt((sharper**2).sum(axis=0))
        return ((T @ sharper)[:, self.order]) * self.signs


def _square(above, product):
    """Equations as a matrix: zeros above the diagonal, and a product that is the identity."""
    return np.triu(above, 1) + np.tril(product - np.eye(len(product)))


def _jacobian(function, point):
    """Derivatives of the values of a function (n_values,) by a vector, (n_values, n)."""
    columns, shifted = [], point.astype(np.complex128)
    for place in range(len(point)):
        shifted[place] += 1j * _STEP
        columns.append(function(shifted).imag / _STEP)
        shifted[place] = point[place]
    return np.stack(columns, axis=1)


def _solve(matrix, values, method):
    if np.linalg.cond(matrix) > _MOST_CONDITION if len(matrix) else False:
        what = "order of what they explain" if method is None else f"rotation {method!r}"
        raise ValueError(
            f"The {what} does not decide where the factors lie: turned by a little they are as "
            "good, and their loadings have no standard errors. Try another rotation."
        )
    return np.linalg.solve(matrix, values)


def _check_stationary(equations, method):
    if np.abs(equations).max(initial=0) > _STATIONARY:
        raise ValueError(_not_stationary(method))


def _not_stationary(method):
    return (
        f"The loadings are not those of rotation={method!r}, at the end of which their standard "
        "errors are known: it has not converged, or the loadings were given or turned by other "
        "means. Fit the model with the rotation."
    )
