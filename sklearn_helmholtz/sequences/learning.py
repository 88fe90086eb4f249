"""Dynamic factor models of the highest likelihood: EM, then L-BFGS on the exact gradient."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cholesky
from scipy.optimize import minimize

from .ascent import MOST_PERSISTENT, Rows, em_step, slopes
from .dynamic_factors import DynamicFactors
from .slow_features import signs_of

_EM_STEPS = 10  # before L-BFGS, which has no use for slopes far from the maximum
_ROUND = 50  # steps of L-BFGS in one set of coordinates
_MEMORY = 30  # pairs that L-BFGS remembers
_NOWHERE = 1e10  # nats, of a step so long that nothing can be computed: it is shortened
_LEAST_NOISE = 1e-8  # relative to the variance of a column
_AT_LEAST = 1.01  # times the least noise: as little as there can be


@dataclass(frozen=True)
class DynamicFactorFit:
    """A machine and how it was found.

    path : log-likelihoods, nats, to begin with and after each step; n_steps; converged : whether
    nothing more was to be gained; vanishing : (n_columns,) bool, where noise is as small as it can
    be.
    """

    machine: DynamicFactors
    vanishing: np.ndarray
    path: list
    n_steps: int
    converged: bool


@dataclass(frozen=True)
class Coordinates:
    """Parameters of machines as vectors, in which likelihoods are about equally curved.

    Means and loadings are in units of a root of the covariance of the rows under a machine, so that
    they can move within the directions of the loadings as far as the features allow, and by as
    little as the noise outside of these; noise by logarithms, persistence by ``atanh``.

    origin : the machine; root : (n_columns, n_columns), lower triangular; least_noise :
    (n_columns,).
    """

    origin: DynamicFactors
    root: np.ndarray
    least_noise: np.ndarray

    @classmethod
    def about(cls, machine, least_noise):
        """The coordinates at a machine."""
        covariance = machine.loadings.T @ machine.loadings + np.diag(machine.noise)
        scale = np.sqrt(np.diag(covariance))
        root = cholesky(covariance / np.outer(scale, scale), lower=True) * scale[:, None]
        return cls(machine, root, least_noise)

    def start(self):
        """The vector of the machine itself."""
        k, p = self.origin.loadings.shape
        noise, persistence = np.log(self.origin.noise), np.arctanh(self.origin.persistence)
        return np.concatenate([np.zeros((k + 1) * p), noise, persistence])

    def limits(self):
        """The bounds of the entries."""
        k, p = self.origin.loadings.shape
        most = np.arctanh(MOST_PERSISTENT)
        free = [(None, None)] * ((k + 1) * p)
        return [*free, *((low, None) for low in np.log(self.least_noise)), *[(-most, most)] * k]

    def machine(self, vector):
        """The machine of a vector."""
        k, p = self.origin.loadings.shape
        moves = vector[: (k + 1) * p].reshape(k + 1, p) @ self.root.T
        return DynamicFactors(
            self.origin.mean + moves[0],
            self.origin.loadings + moves[1:],
            np.exp(vector[(k + 1) * p : (k + 2) * p]),
            np.tanh(vector[(k + 2) * p :]),
        )

    def pulled(self, machine, slope):
        """Derivatives by a vector, of those by the parameters of its machine."""
        moves = np.concatenate([slope.mean[None], slope.loadings]) @ self.root
        rest = (1 - machine.persistence) * (1 + machine.persistence)
        noise, persistence = slope.noise * machine.noise, slope.persistence * rest
        return np.concatenate([moves.ravel(), noise, persistence])


def fit_dynamic_factors(start, data, sequences, variances, tol, max_iter):
    """The `DynamicFactorFit` that is reached from a machine.

    variances : (n_columns,), which limit the noise from below; tol : nats per row that a round of
    steps has to raise the log-likelihood by for another round.
    """
    rows, least = Rows.of(data, sequences), _LEAST_NOISE * variances
    machine, path, n_steps, converged = start, [], min(_EM_STEPS, max_iter), False
    for _ in range(n_steps):
        machine, log_prob = em_step(machine, rows, least)
        path.append(log_prob)
    path.append(float(machine.log_prob(data, sequences).sum()))
    while n_steps < max_iter and not converged:
        before = path[-1]
        least_gain = tol / 10 / max(abs(before) / len(rows.gaps.numbers), 1)
        most = min(_ROUND, max_iter - n_steps)
        machine, more, n = _ascend(machine, rows, least, least_gain, most)
        path += more
        n_steps += n
        converged = path[-1] - before <= tol * len(rows.gaps.numbers)
    vanishing = machine.noise <= _AT_LEAST * least
    return DynamicFactorFit(_in_order(machine), vanishing, path, n_steps, converged)


def _ascend(machine, rows, least_noise, least_gain, max_iter):
    """A machine after some steps of L-BFGS, log-likelihoods on the way, and the number of steps.

    least_gain : of a step, relative to the log-likelihood.
    """
    n = len(rows.gaps.numbers)
    coordinates, path = Coordinates.about(machine, least_noise), []

    def objective(vector):
        moved = coordinates.machine(vector)
        log_prob, slope = slopes(moved, rows)
        if not np.isfinite(log_prob):
            return _NOWHERE, np.zeros_like(vector)
        return -log_prob / n, -coordinates.pulled(moved, slope) / n

    found = minimize(
        objective, coordinates.start(), jac=True, method="L-BFGS-B", bounds=coordinates.limits(),
        callback=lambda intermediate_result: path.append(-n * float(intermediate_result.fun)),
        options={"maxiter": max_iter, "maxcor": _MEMORY, "ftol": least_gain, "gtol": 0},
    )  # fmt: skip
    # Where rounding hides all that there is to gain no step is made, which counts as one.
    return coordinates.machine(found.x), path, max(found.nit, 1)


def _in_order(machine):
    """The same model with the slowest feature first, and signs by the columns they explain most."""
    order = np.argsort(-machine.persistence, kind="stable")
    loadings = machine.loadings[order]
    deviations = np.sqrt((loadings**2).sum(axis=0) + machine.noise)
    signs = signs_of(loadings.T / deviations[:, None])
    return replace(
        machine, loadings=loadings * signs[:, None], persistence=machine.persistence[order]
    )
