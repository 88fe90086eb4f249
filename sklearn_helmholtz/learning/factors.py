"""Maximum likelihood of factor models from the covariance matrix of the data.

Given noise variances psi, the best loadings are known: with the leading eigenvalues theta_j and
eigenvectors v_j of ``psi^-1/2 S psi^-1/2``, they are ``sqrt(theta_j - 1) v_j sqrt(psi)`` wherever
theta_j exceeds 1 (Lawley 1940). What is left is a function of psi alone, the *profile*

    f(psi) = sum_i (log psi_i + S_ii / psi_i) + sum_j (log theta_j + 1 - theta_j),

minus twice the log-likelihood per row but for a constant. By log psi its gradient is
``1 - (S - loadings.T @ loadings)_ii / psi_i``, and the squares of the entries of ``I - sum_j v_j
v_j'`` are near its Hessian (Joreskog 1967).
"""

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

    rows : (n_rows, n_features), centred, weighted and divided by the root of the weight of all.
    """

    def __init__(self, rows, n_vectors):
        self._rows, self._n = rows, n_vectors
        self.variances = np.einsum("ri,ri->i", rows, rows)

    def find(self, scale):
        """As of `LeadingSpace`; values beyond the number of rows are zero."""
        scaled = self._rows * scale
        values, inner = eigh(scaled @ scaled.T)
        n = min(self._n, len(values))
        values, vectors = values[: -n - 1 : -1], scaled.T @ inner[:, : -n - 1 : -1]
        lengths = np.sqrt(np.maximum(values, 1e-300))
        return values, vectors / lengths


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


def maximise(space, n_factors, floor, start, tol=1e-10, most_steps=500):
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
        hessians = _hessians(space.variances / np.exp(logs), n_factors, found)
        free = (logs > low) | (found.gradient < 0)
        while True:
            direction, promised = _direction(found, hessians, free, damping)
            if not promised > tol or damping > _DAMPING[1]:
                return np.exp(logs), found, path
            trial = np.maximum(logs + direction, low)
            better = profile(space, np.exp(trial), n_factors)
            if better.value < found.value - 1e-3 * promised:
                break
            damping *= 10
        damping = max(damping / 10, _DAMPING[0])
        logs, found = trial, better
        path.append(found.value)
    return np.exp(logs), found, path


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


def _hessians(ratios, n_factors, found):
    """The second derivatives of the profile by log psi, if all eigenvectors are known, and a guess.

    The latter is never negative: squares of the entries of ``I - sum_j v_j v_j'``. ratios : of
    variances to noise variances.
    """
    leading = found.vectors[:, :n_factors] * (found.values[:n_factors] > 1)
    guess = -leading @ leading.T
    guess[np.diag_indices_from(guess)] += 1
    np.square(guess, out=guess)
    if len(found.values) < len(ratios):
        return [guess]
    return [_hessian(ratios, n_factors, found), guess]


def _hessian(ratios, n_factors, found):
    """The second derivatives of the profile by log psi (Jennrich & Robinson 1969).

    ratios : of variances to noise variances.
    """
    values, vectors = found.values, found.vectors
    result = np.diag(ratios)
    for j in np.flatnonzero(values[:n_factors] > 1):
        theta, v = values[j], vectors[:, j]
        gaps = theta - values
        gaps[np.abs(gaps) < 1e-9 * theta] = np.inf
        others = (vectors * ((theta + values) / gaps)) @ vectors.T
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
