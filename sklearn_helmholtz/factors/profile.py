"""Maximum likelihood of factor models from the covariance matrix of the data.

Given noise variances psi, the best loadings are known: with the leading eigenvalues theta_j and
eigenvectors v_j of ``psi^-1/2 S psi^-1/2``, they are ``sqrt(theta_j - 1) v_j sqrt(psi)`` wherever
theta_j exceeds 1 (Lawley 1940). What is left is a function of psi alone, the *profile*

    f(psi) = sum_i (log psi_i + S_ii / psi_i) + sum_j (log theta_j + 1 - theta_j),

minus twice the log-likelihood per row but for a constant. By log psi its gradient is
``1 - (S - loadings.T @ loadings)_ii / psi_i``, and the squares of the entries of ``I - sum_j v_j
v_j'`` are near its Hessian (Joreskog 1967).
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy.optimize
from scipy.linalg import cholesky
from scipy.linalg.lapack import dposv, dtrtri

from .blas import product

_NEWTON = 2000  # features up to which there is a Hessian at all
_HESSIAN_WORK = 2**29  # multiplications up to which it is exact
_DAMPING = 1e-6, 1e6  # least and most that is added to the diagonal of the Hessian
_RIDGE = 1e-6  # of correlations that are inverted
_SAME = 1e-9  # distances of eigenvalues, relative
_EPS = np.finfo(np.float64).eps
_HIDDEN = 1e-12  # change of the profile that rounding may hide, relative
_NEAR = math.log(1000)  # of a floor
_LONGEST = 3.0  # change of a log-variance in one step
_MET = 0.1  # distance of log-variances from which steps lead to the same end
_CLEAR = 2  # times the edge of noise: an eigenvalue that no noise has
_MOST_SPREAD = 0.1  # of eigenvalues that may be all noise: their variance
_FLAT = 1e-8  # of the profile: less is not worth a warning
_LEVEL = 1e-4  # slope by a log-variance: its square is not worth a warning


@dataclass(frozen=True)
class Profile:
    """Profile of the likelihood: its value at the best loadings for some noise variances.

    value : of the profile; rounding : what rounding may change of it; gradient : by log psi,
    (n_features,); values, vectors : the leading eigenvalues, falling, and eigenvectors (n_features,
    n), those of the factors first, and all of them where there are few.
    """

    value: float
    rounding: float
    gradient: np.ndarray
    values: np.ndarray
    vectors: np.ndarray


@dataclass(frozen=True)
class Maximum:
    """Maximum of the likelihood, and the way there.

    noise : (n_features,) variances; profile : the `Profile` there; path : values of the profile
    from the start on; n_steps : how many were made; converged : whether there was no more to gain.
    """

    noise: np.ndarray
    profile: Profile
    path: list
    n_steps: int
    converged: bool


def profile(space, noise, n_factors):
    """The `Profile` of noise variances (n_features,) for the covariance of a space."""
    values, vectors = space.find(1 / np.sqrt(noise))
    gains = np.maximum(values[:n_factors] - 1, 0)
    explained = product(vectors[:, :n_factors] ** 2, gains)
    ratios = space.variances / noise
    value = np.log(noise).sum() + ratios.sum() + (np.log1p(gains) - gains).sum()
    rounding = _HIDDEN * max(abs(value), 1) + 8 * _EPS * (ratios.sum() + gains.sum())
    return Profile(value, rounding, 1 - ratios + explained, values, vectors)


def loadings(noise, n_factors, found):
    """The best loadings (n, n_features) under noise variances, of as many factors as there are."""
    gains = np.sqrt(np.maximum(found.values[:n_factors] - 1, 0))
    return (found.vectors[:, :n_factors] * gains).T * np.sqrt(noise)


def maximise(space, n_factors, floor, start, tol=1e-20, most_steps=500, known=()):
    """The `Maximum` of the likelihood over noise variances at or above a floor.

    floor, start : (n_features,). Newton's method, damped until the profile falls; variances at
    their floor stay there as long as it would fall below. It ends where a step promises less than
    ``tol`` of the profile, or near the end of another start. Of very many features, where a Hessian
    is out of reach, L-BFGS. known : `Maximum` of other starts, one of which is returned if met.
    """
    if len(floor) > _NEWTON:
        return _quasi_newton(space, n_factors, floor, start, tol, most_steps)
    newton = _Newton(space, n_factors, np.log(floor), tol)
    logs = np.maximum(np.log(start), newton.low)
    found = profile(space, np.exp(logs), n_factors)
    path, n_steps = [found.value], 0
    while n_steps < most_steps:
        for other in known:
            if _meets(logs, found, other, newton.low):
                return other
        step = newton.step(logs, found)
        if step is None:
            break
        logs, found = step
        path.append(found.value)
        n_steps += 1
    converged = bool(newton.promised <= max(tol, _FLAT, found.rounding))
    return Maximum(np.exp(logs), found, path, n_steps, converged)


def _meets(logs, found, other, low):
    """Whether steps from log-variances with a `Profile` will end at the `Maximum` of another start.

    Near a maximum, and not above it, they have nowhere else to go; but where variances vanish, ends
    that are near each other differ by more than rounding.
    """
    is_near = np.abs(logs - np.log(other.noise)).max(initial=0) < _MET
    is_above = found.value > other.profile.value
    return other.converged and is_near and is_above and _is_inside(other.noise, np.exp(low))


def _is_inside(noise, floor):
    """Whether no variance vanishes."""
    return bool((np.log(noise) > np.log(floor) + _NEAR).all())


def leaves_noise(space, n_factors, floor, end):
    """Whether what the factors of a `Maximum` leave is noise, and they are clear of it.

    Then another start has nothing else to explain, and none was seen to end higher. Eigenvalues of
    noise with mean 1 and variance gamma end at ``(1 + sqrt(gamma))^2`` (Marchenko & Pastur 1967).
    Few eigenvalues, or a large variance, do not tell noise from many factors that are left: then
    the answer is no.
    """
    values, left = end.profile.values, len(floor) - n_factors
    if space.is_complete or not end.converged or not 0 < n_factors < len(values):
        return False
    total, squares = space.sums(1 / np.sqrt(end.noise))
    mean = (total - values[:n_factors].sum()) / left
    gamma = max((squares - (values[:n_factors] ** 2).sum()) / left / mean**2 - 1, 0)
    edge = mean * (1 + math.sqrt(gamma)) ** 2
    is_clear = values[n_factors - 1] > _CLEAR * edge and values[n_factors] < edge
    return bool(is_clear and gamma < _MOST_SPREAD and _is_inside(end.noise, floor))


class _Newton:
    """Steps of Newton's method in log-variances at or above ``low``, damped as far as needed.

    promised : what the last step began with promising, of the profile.
    """

    def __init__(self, space, n_factors, low, tol):
        self._space, self._n_factors, self.low, self._tol = space, n_factors, low, tol
        self._damping, self.promised = _DAMPING[0], math.inf

    def step(self, logs, found):
        """Better log-variances and their `Profile`; None where none are found."""
        ratios = self._space.variances / np.exp(logs)
        hessians = _Hessians(self._space, ratios, self._n_factors, found)
        free = (logs > self.low) | (found.gradient < -8 * _EPS * ratios)  # beyond rounding
        self.promised = None
        while True:
            direction, promised = _direction(found, hessians, free, self._damping)
            self.promised = promised if self.promised is None else self.promised
            if not promised > self._tol or self._damping > _DAMPING[1]:
                return None
            step = self._better(logs + direction, found, promised, free)
            if step is not None:
                self._damping = max(self._damping / 10, _DAMPING[0])
                return step
            self._damping *= 10

    def _better(self, logs, found, promised, free):
        """End of a step, and the `Profile` there; None if it is no better.

        Near their floor the profile is all but flat, and variances that fall would take many steps
        to it: they are sent there at once, even if rounding hides what there is to gain. But some
        end shortly above: unless rounding may be all that the floor is worse by, the step is taken
        as it is.
        """
        plain = np.maximum(logs, self.low)
        better = profile(self._space, np.exp(plain), self._n_factors)
        falling = (logs < self.low + _NEAR) & (found.gradient > 0)
        there = np.where(falling, self.low, plain)
        if (there < plain).any():
            at_floor = profile(self._space, np.exp(there), self._n_factors)
            hidden = promised < at_floor.rounding
            if at_floor.value <= better.value + at_floor.rounding and (
                _is_better(at_floor, found, promised, free)
                or (hidden and at_floor.value <= found.value + at_floor.rounding)
            ):
                return there, at_floor
        return (plain, better) if _is_better(better, found, promised, free) else None


class _Hessians:
    """The second derivatives of the profile by log psi, if within reach, and then a guess.

    ratios : of variances to noise variances. They are computed once, when asked for.
    """

    def __init__(self, space, ratios, n_factors, found):
        self._ratios, self._n_factors, self._found = ratios, n_factors, found
        work = n_factors * found.vectors.size * len(ratios)
        self._is_within_reach = space.is_complete and work <= _HESSIAN_WORK

    def __iter__(self):
        if self._is_within_reach:
            yield self._exact
        yield self._guess

    @functools.cached_property
    def _exact(self):
        return _hessian(self._ratios, self._n_factors, self._found)

    @functools.cached_property
    def _guess(self):
        """Squares of the entries of ``I - sum_j v_j v_j'``: never negative."""
        found, n = self._found, self._n_factors
        leading = found.vectors[:, :n] * (found.values[:n] > 1)
        guess = -product(leading, leading.T)
        guess.flat[:: len(guess) + 1] += 1
        return np.square(guess, out=guess)


def highest(results):
    """The `Maximum` with the highest likelihood.

    Among those that differ by rounding, the one with the least slope.
    """
    least = min((result.profile for result in results), key=lambda found: found.value)
    best = [r for r in results if r.profile.value <= least.value + least.rounding]
    return min(best, key=lambda result: np.abs(result.profile.gradient).max(initial=0))


def _is_better(better, found, promised, free):
    """Whether a step was good: the profile fell, or where rounding hides that, its slope did."""
    if better.value < found.value - 1e-3 * promised:
        return True
    slopes = (np.abs(other.gradient[free]).max(initial=0) for other in (better, found))
    new, old = slopes
    return promised < found.rounding and new < 0.5 * old


def _quasi_newton(space, n_factors, floor, start, tol, most_steps):
    """The same as `maximise` by L-BFGS."""
    low, path = np.log(floor), []

    def cost(logs):
        found = profile(space, np.exp(logs), n_factors)
        if not path:
            path.append(found.value)
        return found.value, found.gradient

    result = scipy.optimize.minimize(
        cost, np.maximum(np.log(start), low), jac=True, method="L-BFGS-B",
        bounds=[(value, None) for value in low],
        callback=lambda intermediate_result: path.append(intermediate_result.fun),
        options={"maxiter": most_steps, "ftol": tol / len(low), "gtol": 1e-9, "maxcor": 20,
                 "maxfun": 20 * most_steps},
    )  # fmt: skip
    noise = np.exp(result.x)
    found = profile(space, noise, n_factors)
    slope = np.where(result.x > low, found.gradient, np.minimum(found.gradient, 0))
    converged = bool(result.success or np.abs(slope).max(initial=0) < _LEVEL)
    return Maximum(noise, found, path, int(result.nit), converged)


def _direction(found, hessians, free, damping):
    """A damped step of Newton's method in the log-variances that are free, and what it promises.

    hessians : where one is not positive the next is taken.
    """
    direction, slope = np.zeros(len(free)), -found.gradient[free]
    for hessian in hessians if free.any() else ():
        inner = hessian.copy() if free.all() else hessian[np.ix_(free, free)]
        inner.flat[:: len(inner) + 1] += damping
        _, solution, failed = dposv(inner, slope)
        if not failed:
            direction[free] = solution
            break
    direction *= min(_LONGEST / max(np.abs(direction).max(initial=0), 1e-300), 1)
    return direction, -(found.gradient @ direction)


def _hessian(ratios, n_factors, found):
    """The second derivatives of the profile by log psi (Jennrich & Robinson 1969).

    ratios : of variances to noise variances. Eigenvalues that are not in the profile are zero.
    """
    values, vectors = found.values, found.vectors
    leading = np.flatnonzero(values[:n_factors] > 1)
    theta, v = values[leading, None], vectors[:, leading]
    gaps = theta - values
    gaps[np.abs(gaps) < _SAME * theta] = np.inf
    weights = (1 - theta) * (theta + values) / gaps
    weights[np.arange(len(leading)), leading] = -theta[:, 0]
    pairs = (v[:, :, None] * vectors[:, None, :]).reshape(len(ratios), -1)
    result = product(pairs * weights.ravel(), pairs.T)
    if vectors.shape[1] < len(ratios):
        others = -product(vectors, vectors.T)
        others.flat[:: len(others) + 1] += 1
        result += product(v * (1 - theta[:, 0]), v.T) * others
    result.flat[:: len(result) + 1] += ratios
    return result


def first_noise(S, n_factors):
    """Noise to start from: shares of the variances that the other features do not explain.

    ``(1 - n_factors / (2 n_features)) / (S^-1)_ii`` (Joreskog 1967), with a ridge where S is
    singular.
    """
    variances = np.diag(S)
    scale = 1 / np.sqrt(variances)
    correlations = S * scale * scale[:, None]
    correlations.flat[:: len(correlations) + 1] = 1 + _RIDGE
    inverse, _ = dtrtri(cholesky(correlations, lower=True), lower=1)
    unique = 1 / np.einsum("ij,ij->j", inverse, inverse)
    share = 1 - n_factors / (2 * len(S))
    return variances * np.clip(share * unique, 1e-3, 1)


@dataclass(frozen=True)
class Isotropic:
    """The maximum of the likelihood with one noise variance for all features.

    noise : the variance; loadings : (n, n_features); value : minus twice the log-likelihood per row
    but for a constant; floor : the least that the noise may be.
    """

    noise: float
    loadings: np.ndarray
    value: float
    floor: float


def isotropic(space, n_factors, least):
    """Probabilistic PCA in closed form, with noise of at least ``least``.

    Noise is the mean of the variances that no factor explains (Tipping & Bishop 1999, eq. 7 and 8).
    One factor for each feature but one explains everything already: there are no more, and no more
    than the covariance has eigenvalues.
    """
    p = len(space.variances)
    n = min(n_factors, p - 1)
    values, vectors = space.leading(n)
    n, values = len(values), np.maximum(values, 0)
    rest = max(space.variances.sum() - values.sum(), 0)
    floor = shared_floor(least, p, values)
    noise = max(rest / (p - n), floor)
    loads = (vectors * np.sqrt(np.maximum(values - noise, 0))).T
    along = np.maximum(values, noise)
    value = np.log(along).sum() + (values / along).sum() + (p - n) * np.log(noise) + rest / noise
    return Isotropic(noise, loads, value, floor)


def shared_floor(least, n_features, values):
    """The least that noise may be which all features share: not less than rounding leaves.

    values : eigenvalues of the covariance, the largest first.
    """
    return max(least, n_features * _EPS * values.max(initial=0))
