"""Rotations of a loading matrix towards a simple structure.

Loadings A (n_features, n_factors), a factor in each column, of factors that are uncorrelated
explain the covariance ``A A'``. A transformation T (n_factors, n_factors) with columns of length
one makes of them the loadings of other factors, and the correlations of these,

    L = A T'^-1,  Phi = T' T,

that explain the same, ``L Phi L' = A A'``; scores of factors, a row for each sample, become
``scores @ T``. If T is orthogonal, then L = A T and Phi = I. Each method takes a T where a
criterion of L is least.

Criteria are least by gradient projection: a step against the gradient, then back to the nearest
transformation (Jennrich 2001, 2002; Bernaards & Jennrich 2005), here with the step lengths of
Barzilai & Borwein (1988) and the line search of Grippo, Lampariello & Lucidi (1986).

References
----------
Kaiser (1958), The varimax criterion for analytic rotation in factor analysis, Psychometrika 23.
Hendrickson & White (1964), Promax: a quick method for rotation to oblique simple structure, British
Journal of Statistical Psychology 17.
Crawford & Ferguson (1970), A general rotation criterion and its use in orthogonal rotation,
Psychometrika 35.
Yates (1987), Multivariate exploratory data analysis (geomin).
Jennrich (2001), A simple general procedure for orthogonal rotation, Psychometrika 66.
Browne (2001), An overview of analytic rotation in exploratory factor analysis, Multivariate
Behavioral Research 36.
Jennrich (2002), A simple general method for oblique rotation, Psychometrika 67.
Bernaards & Jennrich (2005), Gradient projection algorithms and software for arbitrary rotation
criteria in factor analysis, Educational and Psychological Measurement 65.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_TOLERANCE = 1e-8  # of the projected gradient, where the mean communality is 1
_MOST_STEPS = 1000
_MEMORY = 5  # values that a step is compared with the highest of
_SUFFICIENT = 1e-4  # share of the decrease that the gradient promises
_ROUNDING = 1e-14  # by which values may rise
_STEPS = 1e-10, 1e10  # least and most
_SAME_VALUE = 1e-10
_MOST_CONDITION = 1e6  # of a transformation towards powers


@dataclass(frozen=True)
class Rotation:
    """Loadings of rotated factors, which explain what the loadings did that they were made of.

    loadings : the pattern (n_features, n_factors), what a feature changes by with a factor while
    the others stay; factors in order of their sums of squared loadings, falling, and each with a
    sum of loadings that is not negative. transformation : T (n_factors, n_factors), of columns of
    length one: ``loadings`` is ``A @ inv(T).T`` where A are the loadings given. factor_correlation
    : ``T.T @ T``, the identity after an orthogonal rotation. converged : whether the gradient
    vanished; if it did not, the loadings explain the same, but others may be simpler.
    """

    loadings: np.ndarray
    transformation: np.ndarray
    factor_correlation: np.ndarray
    converged: bool

    @property
    def structure(self):
        """Covariances of features and factors, (n_features, n_factors): ``L @ Phi``."""
        return self.loadings @ self.factor_correlation


def crawford_ferguson(loadings, kappa):
    """The complexity of rows and of columns, and its gradient (n_features, n_factors).

    ``(1 - kappa) / 4 sum_i sum_{j != k} l_ij^2 l_ik^2`` and ``kappa / 4 sum_j sum_{i != h} l_ij^2
    l_hj^2`` together (Crawford & Ferguson 1970, as scaled by Bernaards & Jennrich 2005).
    """
    squares = loadings**2
    in_row = squares.sum(axis=1, keepdims=True) - squares
    in_column = squares.sum(axis=0) - squares
    pull = (1 - kappa) * in_row + kappa * in_column
    return (squares * pull).sum() / 4, loadings * pull


def quartimax(loadings):
    """The complexity of rows alone; of oblique factors, quartimin, which is oblimin of gamma 0."""
    return crawford_ferguson(loadings, 0.0)


def varimax(loadings):
    """Crawford & Ferguson's criterion for kappa ``1 / n_features``.

    Of orthogonal rotations it differs by a constant from Kaiser's, the variances of the squared
    loadings of factors, times ``-n_features / 4``.
    """
    return crawford_ferguson(loadings, 1 / len(loadings))


def equamax(loadings):
    """Crawford & Ferguson's criterion for kappa ``n_factors / (2 n_features)``."""
    n_features, n_factors = loadings.shape
    return crawford_ferguson(loadings, n_factors / (2 * n_features))


def geomin(loadings, epsilon=0.01):
    """Geometric means of the squares of rows, and their gradient (n_features, n_factors).

    ``sum_i (prod_j (l_ij^2 + epsilon))^(1 / n_factors)`` (Yates 1987; Browne 2001).
    """
    squares = loadings**2 + epsilon
    means = np.exp(np.log(squares).mean(axis=1, keepdims=True))
    return means.sum(), 2 / loadings.shape[1] * means * loadings / squares


class _Orthogonal:
    """Transformations with ``T' T = I``."""

    @staticmethod
    def apply(loadings, T):
        return loadings @ T

    @staticmethod
    def by_transformation(loadings, T, rotated, gradient):
        """The gradient by T, from that by the rotated loadings."""
        return loadings.T @ gradient

    @staticmethod
    def project(T, gradient):
        """The part of a gradient that leads to other transformations."""
        inner = T.T @ gradient
        return gradient - T @ (inner + inner.T) / 2

    @staticmethod
    def nearest(T):
        """The nearest transformation."""
        left, _, right = np.linalg.svd(T)
        return left @ right


class _Oblique:
    """Transformations with columns of length one; functions as `_Orthogonal` has them."""

    @staticmethod
    def apply(loadings, T):
        return np.linalg.solve(T, loadings.T).T

    @staticmethod
    def by_transformation(loadings, T, rotated, gradient):
        return -np.linalg.solve(T.T, gradient.T @ rotated)

    @staticmethod
    def project(T, gradient):
        return gradient - T * (T * gradient).sum(axis=0)

    @staticmethod
    def nearest(T):
        return T / np.linalg.norm(T, axis=0)


@dataclass(frozen=True)
class Method:
    """Method of finding a rotation.

    criterion : a function of loadings (n_features, n_factors) that returns a value and its
    gradient; degree : the power of the scale of loadings that values grow with; geometry : the
    transformations among which it is least; normalise : whether it sees rows of length one, unless
    told otherwise; n_starts : transformations that are begun with; power : of the loadings found,
    the target of a second, oblique transformation, if any.
    """

    criterion: Callable
    geometry: type
    degree: int = 4
    normalise: bool = False
    n_starts: int = 10
    power: int | None = None

    @property
    def is_oblique(self):
        """Whether the factors are correlated."""
        return self.geometry is _Oblique or self.power is not None


METHODS = {
    "varimax": Method(varimax, _Orthogonal, normalise=True),
    "quartimax": Method(quartimax, _Orthogonal, normalise=True),
    "equamax": Method(equamax, _Orthogonal, normalise=True),
    "promax": Method(varimax, _Orthogonal, normalise=True, power=4),
    "oblimin": Method(quartimax, _Oblique, n_starts=20),
    "geomin": Method(geomin, _Oblique, degree=2, n_starts=30),
}


def rotate(loadings, method, normalise=None, n_starts=None, rng=0):
    """The `Rotation` of loadings by a method of `METHODS`.

    Parameters
    ----------
    loadings : array of shape (n_features, n_factors)
        Of uncorrelated factors of variance 1, those of standardised features if features are to
        count alike. Where their rank is less than n_factors, only what has loadings is rotated, and
        the other factors have none afterwards. A single factor is but given its sign.
    method : str
        "varimax", "quartimax" and "equamax" are orthogonal; "promax", "oblimin" (quartimin: gamma
        is 0) and "geomin" (epsilon is 0.01) are oblique.
    normalise : bool or None
        Whether criteria see rows of length one, so that features count alike whatever they share
        with others (Kaiser 1958). None is what programs do: R's ``varimax`` normalises and so, by
        its first half, does ``promax``, which "quartimax" and "equamax" follow here; GPArotation
        normalises nothing, which "oblimin" and "geomin" follow; SPSS normalises for all. The target
        of promax is made of loadings that are not normalised, as in R.
    n_starts : int or None
        Transformations that are begun with, the identity and random ones; the best of what they end
        in is kept. None is 10, 20 for oblimin and 30 for geomin, which has more local minima.
    rng : int or numpy.random.Generator
        For the starts.

    Returns
    -------
    Rotation

    Examples
    --------
    >>> import numpy as np
    >>> simple = np.array([[0.9, 0.0], [0.7, 0.0], [0.0, 0.8], [0.0, 0.6]])
    >>> found = rotate(simple @ [[0.6, 0.8], [0.8, -0.6]], "varimax")
    >>> bool(np.allclose(found.loadings, simple)), found.converged
    (True, True)
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; it is {method!r}.")
    chosen = METHODS[method]
    loadings = np.asarray(loadings, np.float64)
    T, rank = _axes(loadings)
    converged = True
    if rank > 1:
        inner = loadings @ T[:, :rank]
        scaled = inner / _lengths(inner) if _either(normalise, chosen.normalise) else inner
        starts = _starts(rank, _either(n_starts, chosen.n_starts), np.random.default_rng(rng))
        turn, converged = _best(scaled, chosen, starts)
        if chosen.power is not None:
            sharper = _towards_powers(inner @ turn, chosen.power)
            converged = converged and sharper is not None
            turn = turn if sharper is None else turn @ sharper
        T = np.hstack([T[:, :rank] @ turn, T[:, rank:]])
    return _in_order(loadings, T, chosen.is_oblique, converged)


def _either(given, default):
    return default if given is None else given


def _lengths(loadings):
    """Lengths of the rows (n_features, 1), 1 for rows that are zero."""
    lengths = np.linalg.norm(loadings, axis=1, keepdims=True)
    return np.where(lengths > 0, lengths, 1)


def _axes(loadings):
    """An orthogonal matrix whose first columns span the factors with loadings, and their number.

    The identity where all have.
    """
    n_factors = loadings.shape[1]
    if n_factors < 2:
        return np.eye(n_factors), n_factors
    _, values, directions = np.linalg.svd(np.linalg.qr(loadings, mode="r"))
    floor = values.max() * max(loadings.shape) * np.finfo(np.float64).eps
    rank = int((values > floor).sum())
    return (np.eye(n_factors) if rank == n_factors else directions.T), rank


def _starts(n_factors, n_starts, rng):
    """The identity and random orthogonal matrices, uniformly (Stewart 1980)."""
    yield np.eye(n_factors)
    for _ in range(n_starts - 1):
        Q, R = np.linalg.qr(rng.standard_normal((n_factors, n_factors)))
        yield Q * np.sign(np.diag(R))


def _best(loadings, method, starts):
    """The transformation with the least value that any start leads to, and whether it converged."""
    found = [_descend(_slopes(loadings, method), method.geometry.nearest, T) for T in starts]
    least = min(value for _, value, _ in found)
    T, _, converged = min(found, key=lambda f: (f[1] > least + _SAME_VALUE, not f[2], f[1]))
    return T, converged


def _slopes(loadings, method):
    """A function of T: the criterion and its projected gradient, in units of the loadings."""
    power = (loadings**2).sum()
    unit = power * (power / len(loadings)) ** (method.degree / 2 - 1)

    def slopes(T):
        rotated = method.geometry.apply(loadings, T)
        value, gradient = method.criterion(rotated)
        gradient = method.geometry.by_transformation(loadings, T, rotated, gradient)
        return value / unit, method.geometry.project(T, gradient) / unit

    return slopes


def _descend(slopes, nearest, T):
    """The end of gradient projection from T: a transformation, its value, whether it converged."""
    value, slope = slopes(T)
    recent, length = [value], 1.0
    for _ in range(_MOST_STEPS):
        steepness = (slope**2).sum()
        if steepness < _TOLERANCE**2:
            return T, value, True
        while True:
            trial = nearest(T - length * slope)
            new_value, new_slope = slopes(trial)
            bound = max(recent) + _ROUNDING * max(1, abs(value))
            if new_value <= bound - _SUFFICIENT * length * steepness:
                break
            length /= 2
            if length < _STEPS[0]:
                return T, value, False
        move, change = trial - T, new_slope - slope
        curvature = abs((move * change).sum())
        length = np.clip((move**2).sum() / max(curvature, 1e-300), *_STEPS)
        T, value, slope = trial, new_value, new_slope
        recent = [*recent[1 - _MEMORY :], value]
    return T, value, False


def _towards_powers(loadings, power):
    """The oblique transformation that brings loadings nearest to their powers, signs kept.

    Least squares, column by column, give ``inv(T).T`` but for the lengths of its columns, which are
    those where T has columns of length one (Hendrickson & White 1964). None if there is no such T,
    as where one feature outweighs the others.
    """
    loadings = loadings / np.abs(loadings).max()
    target = loadings * np.abs(loadings) ** (power - 1)
    nearest, *_ = np.linalg.lstsq(loadings, target)
    if not np.linalg.cond(nearest / np.linalg.norm(nearest, axis=0)) < _MOST_CONDITION:
        return None
    return _Oblique.nearest(np.linalg.inv(nearest).T)


def _in_order(loadings, T, is_oblique, converged):
    """The `Rotation` by T, its factors signed and in order."""
    rotated = (_Oblique if is_oblique else _Orthogonal).apply(loadings, T)
    signs = np.where(rotated.sum(axis=0) < 0, -1.0, 1.0)
    order = np.argsort(-(rotated**2).sum(axis=0), kind="stable")
    T = (T * signs)[:, order]
    correlation = T.T @ T if is_oblique else np.eye(len(T))
    np.fill_diagonal(correlation, 1)
    return Rotation((rotated * signs)[:, order], T, correlation, converged)
