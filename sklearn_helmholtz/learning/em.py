"""Maximum likelihood of factor models from rows with gaps: full information, by EM and beyond.

Only the factors are unknown to the E-step; each feature is then regressed on them over the rows in
which it is observed (Rubin & Thayer 1982, for data without gaps). What EM would ascend slowly in
the end, quasi-Newton steps on the same log-likelihood do: by Fisher's identity its gradient is that
of the expected complete log-likelihood, which the E-step has at hand.
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize

from ..machines import LinearGaussian

_ROWS = 4096  # of an E-step at a time
_RIDGE = 1e-10  # of the moments of the factors, relative


@dataclass
class Moments:
    """Sums over rows of what an E-step expects, for each feature over the rows that have it.

    log_likelihood : sum of log p, nats; counts : (n_features,), sums of the weights; squares :
    (n_features,), of x^2; cross : (n_features, n_factors + 1), of x times the factors and 1; inner
    : (n_features, n_factors + 1, n_factors + 1), of the products of these.
    """

    log_likelihood: float
    counts: np.ndarray
    squares: np.ndarray
    cross: np.ndarray
    inner: np.ndarray

    def __iadd__(self, other):
        self.log_likelihood += other.log_likelihood
        for name in ("counts", "squares", "cross", "inner"):
            getattr(self, name)[...] += getattr(other, name)
        return self


def expect(machine, x, weights):
    """The `Moments` of rows (n_rows, n_features), NaN where missing, with weights (n_rows,)."""
    total = None
    for start in range(0, len(x), _ROWS):
        part = _expect(machine, x[start : start + _ROWS], weights[start : start + _ROWS])
        total = part if total is None else total.__iadd__(part)
    return total


def _expect(machine, x, weights):
    found, seen = machine.explain(x), ~np.isnan(x)
    filled = np.where(seen, x, 0.0)
    z = np.concatenate([found.means, np.ones((len(x), 1))], axis=1)
    weighted = weights[:, None] * seen
    products = np.einsum("rk,rl->rkl", z, z)
    products[:, :-1, :-1] += found.covariances[found.numbers]
    size = z.shape[1]
    inner = (weighted.T @ products.reshape(len(x), -1)).reshape(-1, size, size)
    return Moments(
        float(weights @ found.log_prob), weighted.sum(axis=0),
        (weighted * filled**2).sum(axis=0), (weighted * filled).T @ z, inner,
    )  # fmt: skip


def maximise_expected(moments, floor, shared):
    """The machine with the highest expected log-likelihood: the M-step.

    floor : (n_features,) of the noise variances; shared : whether there is one variance for all.
    """
    inner = moments.inner.copy()
    size = inner.shape[1]
    inner[:, np.arange(size), np.arange(size)] *= 1 + _RIDGE
    weights = np.linalg.solve(inner, moments.cross[..., None])[..., 0]
    residuals = moments.squares - (weights * moments.cross).sum(axis=1)
    noise = _noise(residuals, moments.counts, floor, shared)
    return LinearGaussian(weights[:, -1].copy(), weights[:, :-1].T.copy(), noise)


def _noise(residuals, counts, floor, shared):
    if shared:
        return np.full(len(counts), max(residuals.sum() / counts.sum(), floor.max()))
    return np.maximum(residuals / counts, floor)


def ascend(machine, x, weights, floor, shared, n_steps, tol, most_steps):
    """The machine of the highest likelihood of rows with gaps that is found, and the steps.

    EM first, ``n_steps``, then L-BFGS on means, loadings and log-variances until a step gains less
    than ``tol`` nats per unit of weight.
    """
    for _ in range(n_steps):
        machine = maximise_expected(expect(machine, x, weights), floor, shared)
    n_factors, n_features = machine.loadings.shape
    total, unit = weights.sum(), np.sqrt(machine.noise)

    def unpack(vector):
        mean, loads, logs = np.split(vector, [n_features, n_features * (n_factors + 1)])
        logs = np.full(n_features, logs[0]) if shared else logs
        loads = loads.reshape(n_factors, n_features) * unit
        return LinearGaussian(mean * unit, loads, np.exp(logs))

    def cost(vector):
        current = unpack(vector)
        moments = expect(current, x, weights)
        slopes = _slopes(current, moments)
        mean, loads, logs = slopes
        logs = logs.sum(keepdims=True) if shared else logs
        gradient = np.concatenate([mean * unit, (loads * unit).ravel(), logs])
        return -moments.log_likelihood / total, -gradient / total

    logs = np.log(machine.noise[:1] if shared else machine.noise)
    start = np.concatenate([machine.mean / unit, (machine.loadings / unit).ravel(), logs])
    low = np.log(floor.max(keepdims=True) if shared else floor)
    bounds = [(None, None)] * (n_features * (n_factors + 1)) + [(value, None) for value in low]
    result = scipy.optimize.minimize(
        cost, start, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": most_steps, "ftol": tol, "gtol": 1e-9, "maxcor": 20},
    )  # fmt: skip
    return unpack(result.x), n_steps + result.nit


def _slopes(machine, moments):
    """Derivatives of the log-likelihood by mean, loadings and log-variances."""
    weights = np.concatenate([machine.loadings, machine.mean[None]]).T
    inner = np.einsum("ikl,il->ik", moments.inner, weights)
    errors = (moments.cross - inner) / machine.noise[:, None]
    squares = moments.squares - 2 * (weights * moments.cross).sum(axis=1)
    squares += (weights * inner).sum(axis=1)
    logs = 0.5 * (squares / machine.noise - moments.counts)
    return errors[:, -1], errors[:, :-1].T, logs
