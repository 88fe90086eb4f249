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

_ENTRIES = 2**22  # float64 of what an E-step holds for some rows
_RIDGE = 1e-10  # of the moments of the factors, relative
_EM_STEPS = 10  # before quasi-Newton steps
_LEVEL = 1e-4  # slope of twice the log-likelihood per row: its square is not worth a warning


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

    @classmethod
    def of_nothing(cls, machine):
        """All zeros, in the sizes of a machine."""
        k, p = machine.loadings.shape
        shapes = (p,), (p,), (p, k + 1), (p, k + 1, k + 1)
        return cls(0.0, *(np.zeros(shape) for shape in shapes))

    def __iadd__(self, other):
        self.log_likelihood += other.log_likelihood
        for name in ("counts", "squares", "cross", "inner"):
            getattr(self, name)[...] += getattr(other, name)
        return self


@dataclass(frozen=True)
class Ascent:
    """Where the likelihood is highest, and the way there.

    machine : a `LinearGaussian`; path : log-likelihoods of all rows, nats, from the start on;
    n_steps : how many were made; converged : whether there was no more to gain.
    """

    machine: LinearGaussian
    path: list
    n_steps: int
    converged: bool


def expect(machine, data):
    """The `Moments` of `PatternedRows`."""
    total = Moments.of_nothing(machine)
    size = max(_ENTRIES // (len(machine.loadings) + 1) ** 2, 1)
    for start in range(0, len(data.rows), size):
        place = slice(start, start + size)
        total += _expect_rows(machine, data.rows[place], data.weights[place])
    for pattern in range(len(data.seen)):
        _add_pattern(
            total, machine, data.seen[pattern], data.totals[pattern], data.first[pattern],
            data.second[pattern],
        )  # fmt: skip
    return total


def _expect_rows(machine, x, weights):
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


def _add_pattern(total, machine, seen, weight, first, second):
    """Add to `Moments` those of rows with one pattern of gaps, of which sums are given.

    seen : (n_features,) bool; weight : of the rows; first, second : sums (n_features,) of the rows
    and (n_features, n_features) of their products, zero for what is missing.
    """
    scaled, mean = machine.scaled * seen, machine.mean * seen
    about = first - weight * mean
    shifted = second - np.outer(mean, first) - np.outer(about, mean)
    found = machine.explain(np.where(seen, machine.mean, np.nan)[None])
    covariance = found.covariances[0]
    gain = covariance @ scaled
    along = gain @ shifted
    z, zz = gain @ about, weight * covariance + along @ gain.T
    inner = np.block([[zz, z[:, None]], [z, np.full((1, 1), weight)]])
    quadratic = (np.diag(shifted) / machine.noise).sum() - (scaled * along).sum()
    total.log_likelihood += float(weight * found.log_prob[0] - 0.5 * quadratic)
    total.counts += weight * seen
    total.squares += np.diag(second)
    total.cross += np.column_stack([along.T + np.outer(mean, z), first])
    total.inner[seen] += inner


def maximise_expected(moments, floor, shared):
    """The machine with the highest expected log-likelihood: the M-step.

    floor : (n_features,) of the noise variances; shared : whether there is one variance for all.
    """
    inner = moments.inner.copy()
    factors = np.arange(inner.shape[1] - 1)
    inner[:, factors, factors] *= 1 + _RIDGE
    weights = np.linalg.solve(inner, moments.cross[..., None])[..., 0]
    residuals = moments.squares - (weights * moments.cross).sum(axis=1)
    noise = _noise(residuals, moments.counts, floor, shared)
    return LinearGaussian(weights[:, -1].copy(), weights[:, :-1].T.copy(), noise)


def _noise(residuals, counts, floor, shared):
    if shared:
        return np.full(len(counts), max(residuals.sum() / counts.sum(), floor.max()))
    return np.maximum(residuals / counts, floor)


def ascend(machine, data, floor, shared, tol, most_steps):
    """The `Ascent` from a machine to the highest likelihood of `PatternedRows` that is found.

    EM first, a few steps, then L-BFGS on means, loadings and log-variances until a step raises
    twice the log-likelihood per row by less than ``tol``. floor : (n_features,) of the noise
    variances; shared : whether there is one variance for all.
    """
    n_steps, path = min(_EM_STEPS, most_steps), []
    for _ in range(n_steps):
        moments = expect(machine, data)
        path.append(moments.log_likelihood)
        machine = maximise_expected(moments, floor, shared)
    problem = _Problem(machine, data, floor, shared)
    vector = problem.start()
    value, slope = problem.cost(vector)
    path.append(-0.5 * data.weight * value)
    left = most_steps - n_steps
    if left == 0:
        return Ascent(machine, path, n_steps, problem.is_level(vector, slope))
    result = scipy.optimize.minimize(
        problem.cost, vector, jac=True, method="L-BFGS-B", bounds=problem.bounds(),
        callback=lambda intermediate_result: path.append(
            -0.5 * data.weight * intermediate_result.fun
        ),
        options={"maxiter": left, "maxfun": 20 * left, "ftol": tol / max(abs(value), 1),
                 "gtol": 1e-9, "maxcor": 20},
    )  # fmt: skip
    converged = bool(result.success) or problem.is_level(result.x, result.jac)
    return Ascent(problem.machine(result.x), path, n_steps + int(result.nit), converged)


class _Problem:
    """Minus twice the log-likelihood per unit of weight as a function of one vector.

    The vector : means, loadings and log-variances; the first two in units of the noise of a machine
    to begin with, which makes them alike.
    """

    def __init__(self, machine, data, floor, shared):
        self._first, self._data, self._shared = machine, data, shared
        self._unit = np.sqrt(machine.noise)
        self._low = np.log(floor.max(keepdims=True) if shared else floor)

    def start(self):
        """The vector of the machine to begin with."""
        first, unit = self._first, self._unit
        logs = np.log(first.noise[:1] if self._shared else first.noise)
        return np.concatenate([first.mean / unit, (first.loadings / unit).ravel(), logs])

    def machine(self, vector):
        """The machine of a vector."""
        n_factors, n_features = self._first.loadings.shape
        mean, loads, logs = np.split(vector, [n_features, n_features * (n_factors + 1)])
        logs = np.full(n_features, logs[0]) if self._shared else logs
        loads = loads.reshape(n_factors, n_features) * self._unit
        return LinearGaussian(mean * self._unit, loads, np.exp(logs))

    def cost(self, vector):
        """The value of a vector, and its gradient."""
        machine = self.machine(vector)
        moments = expect(machine, self._data)
        mean, loads, logs = slopes(machine, moments)
        logs = logs.sum(keepdims=True) if self._shared else logs
        gradient = np.concatenate([mean * self._unit, (loads * self._unit).ravel(), logs])
        factor = -2 / self._data.weight
        return factor * moments.log_likelihood, factor * gradient

    def bounds(self):
        """Limits of the entries of a vector, for scipy."""
        free = self._first.mean.size + self._first.loadings.size
        return [(None, None)] * free + [(value, None) for value in self._low]

    def is_level(self, vector, gradient):
        """Whether hardly anything is to be gained from a vector."""
        at_floor = np.zeros(len(vector), bool)
        at_floor[len(vector) - len(self._low) :] = vector[-len(self._low) :] <= self._low
        left = np.where(at_floor, np.minimum(gradient, 0), gradient)
        return bool(np.abs(left).max(initial=0) < _LEVEL)


def slopes(machine, moments):
    """Derivatives of the log-likelihood by mean, loadings and log-variances."""
    weights = np.concatenate([machine.loadings, machine.mean[None]]).T
    inner = np.einsum("ikl,il->ik", moments.inner, weights)
    errors = (moments.cross - inner) / machine.noise[:, None]
    squares = moments.squares - 2 * (weights * moments.cross).sum(axis=1)
    squares += (weights * inner).sum(axis=1)
    logs = 0.5 * (squares / machine.noise - moments.counts)
    return errors[:, -1], errors[:, :-1].T, logs
