"""Maximum likelihood of factor models from the covariance matrix of the data.

Given noise variances psi, the best loadings are known: with the leading eigenvalues theta_j and
eigenvectors v_j of ``psi^-1/2 S psi^-1/2``, they are ``sqrt(theta_j - 1) v_j sqrt(psi)`` wherever
theta_j exceeds 1 (Lawley 1940). What is left is a function of psi alone, the *profile*

    f(psi) = sum_i (log psi_i + S_ii / psi_i) + sum_j (log theta_j + 1 - theta_j),

minus twice the log-likelihood per row but for a constant. By log psi its gradient is
``1 - (S - loadings.T @ loadings)_ii / psi_i``, and the squares of the entries of ``I - sum_j v_j
v_j'`` are near its Hessian (Joreskog 1967).
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.optimize
from scipy.linalg import cho_factor, cho_solve, eigh, qr

_DENSE = 128  # features up to which all eigenvectors are found, and the Hessian is exact
_NEWTON = 2000  # features up to which there is a Hessian at all
_SPARE = 8  # directions beyond the factors that are followed
_FIRST_DEPTH, _DEPTH = 6, 2  # products with the matrix that a basis of the leading space has
_DAMPING = 1e-6, 1e6  # least and most that is added to the diagonal of the Hessian
_RIDGE = 1e-6  # of correlations that are inverted
_ZERO, _SAME = 1e-12, 1e-9  # eigenvalues relative to the largest, and their distances
_HIDDEN = 1e-12  # change of the profile that rounding may hide, relative
_NEAR = math.log(1000)  # of a floor
_LONGEST = 3.0  # change of a log-variance in one step


@dataclass
class Profile:
    """What is known of the best loadings under some noise variances.

    value : of the profile; gradient : by log psi, (n_features,); values, vectors : the leading
    eigenvalues, falling, and eigenvectors (n_features, n), those of the factors first, and all of
    them where there are few.
    """

    value: float
    gradient: np.ndarray
    values: np.ndarray
    vectors: np.ndarray


class LeadingSpace:
    """The leading eigenvectors of a covariance matrix in units that change slowly.

    Of small matrices all; of others those of a block Krylov space that starts where the last one
    ended. S : (n_features, n_features).
    """

    def __init__(self, S, n_vectors, rng):
        self._S, self.variances, self._n = S, np.diag(S).copy(), n_vectors
        self._basis, self._depth = None, _FIRST_DEPTH
        if len(S) > max(_DENSE, (_FIRST_DEPTH + 1) * (n_vectors + _SPARE)):
            self._basis = rng.standard_normal((len(S), n_vectors + _SPARE))
        self.is_complete = self._basis is None

    def find(self, scale):
        """The largest eigenvalues of ``scale S scale``, falling, and their eigenvectors.

        (n_features, n) of all or of the first.
        """
        matrix = self._S * scale * scale[:, None]
        if self._basis is None:
            values, vectors = eigh(matrix)
            return values[::-1], vectors[:, ::-1]
        blocks = [self._basis]
        for _ in range(self._depth):
            blocks.append(matrix @ blocks[-1])
        self._depth = _DEPTH
        basis, _ = qr(np.concatenate(blocks, axis=1), mode="economic")
        values, inner = eigh(basis.T @ (matrix @ basis))
        self._basis = basis @ inner[:, : -self._basis.shape[1] - 1 : -1]
        return values[: -self._n - 1 : -1], self._basis[:, : self._n]


class DualSpace:
    """The same for a covariance of fewer rows than features, which is never formed.

    All eigenvalues are known: those that are not found are zero. rows : (n_rows, n_features),
    centred, weighted and divided by the root of the weight of all.
    """

    is_complete = True

    def __init__(self, rows):
        self._rows, self.variances = rows, np.einsum("ri,ri->i", rows, rows)

    def find(self, scale):
        """The eigenvalues that are not zero, falling, and their eigenvectors."""
        scaled = self._rows * scale
        values, inner = eigh(scaled @ scaled.T)
        n = np.count_nonzero(values > _ZERO * values[-1])
        values, inner = values[: -n - 1 : -1], inner[:, : -n - 1 : -1]
        return values, scaled.T @ (inner / np.sqrt(values))


def profile(space, noise, n_factors):
    """The `Profile` of noise variances (n_features,) for the covariance of a space."""
    values, vectors = space.find(1 / np.sqrt(noise))
    gains = np.maximum(values[:n_factors] - 1, 0)
    explained = vectors[:, :n_factors] ** 2 @ gains
    ratios = space.variances / noise
    value = np.log(noise).sum() + ratios.sum() + (np.log1p(gains) - gains).sum()
    return Profile(value, 1 - ratios + explained, values, vectors)


def loadings(noise, n_factors, found):
    """The best loadings (n_factors, n_features) under noise variances."""
    gains = np.sqrt(np.maximum(found.values[:n_factors] - 1, 0))
    return (found.vectors[:, :n_factors] * gains).T * np.sqrt(noise)


def maximise(space, n_factors, floor, start, tol=1e-20, most_steps=500):
    """Noise variances of the highest likelihood at or above a floor, their profile, and its path.

    floor, start : (n_features,); the path holds the values of the profile, falling, from the start
    on. Newton's method, damped until the profile falls; variances at their floor stay there as long
    as it would fall below. It ends where a step promises less than ``tol`` of the profile. Of very
    many features, where a Hessian is out of reach, L-BFGS.
    """
    if len(floor) > _NEWTON:
        return _quasi_newton(space, n_factors, floor, start, tol, most_steps)
    low, damping = np.log(floor), _DAMPING[0]
    logs = np.maximum(np.log(start), low)
    found = profile(space, np.exp(logs), n_factors)
    path = [found.value]
    for _ in range(most_steps):
        ratios = space.variances / np.exp(logs)
        hessians = _hessians(ratios, n_factors, found, space.is_complete)
        free = (logs > low) | (found.gradient < 0)
        while True:
            direction, promised = _direction(found, hessians, free, damping)
            if not promised > tol or damping > _DAMPING[1]:
                return np.exp(logs), found, path
            trial = _snapped(logs + direction, low, found.gradient)
            better = profile(space, np.exp(trial), n_factors)
            if _is_better(better, found, promised, free):
                break
            damping *= 10
        damping = max(damping / 10, _DAMPING[0])
        logs, found = trial, better
        path.append(min(found.value, path[-1]))
    return np.exp(logs), found, path


def _snapped(logs, low, gradient):
    """Log-variances at or above their floor: at it, where they come near it and fall still.

    There the profile is all but flat, and the way would take many steps.
    """
    falling = (logs < low + _NEAR) & (gradient > 0)
    return np.where(falling, low, np.maximum(logs, low))


def highest(results):
    """Of results of `maximise` the one with the highest likelihood.

    Of those that differ by rounding the one with the least slope.
    """
    least = min(found.value for _, found, _ in results)
    best = [r for r in results if r[1].value <= least + _HIDDEN * max(abs(least), 1)]
    return min(best, key=lambda result: np.abs(result[1].gradient).max(initial=0))


def _is_better(better, found, promised, free):
    """Whether a step was good: the profile fell, or where rounding hides that, its slope did."""
    if better.value < found.value - 1e-3 * promised:
        return True
    slopes = (np.abs(other.gradient[free]).max(initial=0) for other in (better, found))
    new, old = slopes
    return promised < _HIDDEN * max(abs(found.value), 1) and new < 0.5 * old


def _quasi_newton(space, n_factors, floor, start, tol, most_steps):
    path = []

    def cost(logs):
        found = profile(space, np.exp(logs), n_factors)
        return found.value, found.gradient

    low = np.log(floor)
    result = scipy.optimize.minimize(
        cost, np.maximum(np.log(start), low), jac=True, method="L-BFGS-B",
        bounds=[(value, None) for value in low], callback=lambda logs: path.append(cost(logs)[0]),
        options={"maxiter": most_steps, "ftol": tol / len(low), "gtol": 1e-9, "maxcor": 20},
    )  # fmt: skip
    noise = np.exp(result.x)
    return noise, profile(space, noise, n_factors), path


def _direction(found, hessians, free, damping):
    """A damped step of Newton's method in the log-variances that are free, and what it promises.

    hessians : the second is taken where the first is not positive.
    """
    direction = np.zeros(len(free))
    for hessian in hessians:
        inner = hessian[np.ix_(free, free)]
        inner[np.diag_indices_from(inner)] += damping
        try:
            direction[free] = -cho_solve(cho_factor(inner), found.gradient[free])
            break
        except np.linalg.LinAlgError:
            continue
    direction *= min(_LONGEST / max(np.abs(direction).max(initial=0), 1e-300), 1)
    return direction, -(found.gradient @ direction)


def _hessians(ratios, n_factors, found, is_complete):
    """The second derivatives of the profile by log psi, if all eigenvalues are known, and a guess.

    The latter is never negative: squares of the entries of ``I - sum_j v_j v_j'``. ratios : of
    variances to noise variances.
    """
    leading = found.vectors[:, :n_factors] * (found.values[:n_factors] > 1)
    guess = -leading @ leading.T
    guess[np.diag_indices_from(guess)] += 1
    np.square(guess, out=guess)
    return [_hessian(ratios, n_factors, found), guess] if is_complete else [guess]


def _hessian(ratios, n_factors, found):
    """The second derivatives of the profile by log psi (Jennrich & Robinson 1969).

    ratios : of variances to noise variances. Eigenvalues that are not in the profile are zero.
    """
    values, vectors = found.values, found.vectors
    result = np.diag(ratios)
    rest = np.eye(len(ratios)) - vectors @ vectors.T
    for j in np.flatnonzero(values[:n_factors] > 1):
        theta, v = values[j], vectors[:, j]
        gaps = theta - values
        gaps[np.abs(gaps) < _SAME * theta] = np.inf
        others = (vectors * ((theta + values) / gaps)) @ vectors.T + rest
        square = np.outer(v**2, v**2)
        result += (1 - theta) * (square + np.outer(v, v) * others) - square
    return result


def first_noise(S, variances, n_factors):
    """Where to start: the shares of the variances that the other features do not explain.

    ``(1 - n_factors / (2 n_features)) / (S^-1)_ii`` (Joreskog 1967), with a ridge where S is
    singular. variances : (n_features,), of constant features what stands in for them.
    """
    scale = 1 / np.sqrt(variances)
    correlations = S * scale * scale[:, None]
    correlations[np.diag_indices_from(correlations)] = 1 + _RIDGE
    unique = 1 / np.diag(cho_solve(cho_factor(correlations), np.eye(len(S))))
    share = 1 - n_factors / (2 * len(S))
    return variances * np.clip(share * unique, 1e-3, 1)


def isotropic(space, n_factors, floor):
    """The one noise variance, and the loadings, of probabilistic PCA in closed form.

    Noise is the mean of the variances that no factor explains (Tipping & Bishop 1999, eq. 7 and 8).
    """
    p = len(space.variances)
    values, vectors = space.find(np.ones(p))
    values, vectors = values[:n_factors], vectors[:, :n_factors]
    rest = space.variances.sum() - values.sum()
    noise = max(rest / (p - n_factors), floor) if p > n_factors else floor
    return noise, (vectors * np.sqrt(np.maximum(values - noise, 0))).T
