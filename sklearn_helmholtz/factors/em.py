"""Maximum likelihood of factor models from incomplete rows: full information, by EM and beyond.

Only the factors are unknown to the E-step; each feature is then regressed on them over the rows in
which it is observed (Rubin & Thayer 1982, for complete data). What EM would ascend slowly in
the end, quasi-Newton steps on the same log-likelihood do: by Fisher's identity its gradient is that
of the expected complete log-likelihood, which the E-step has at hand.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.optimize
from scipy.linalg.lapack import dpstrf

from .linear_gaussian import LinearGaussian

_ENTRIES = 2**22  # float64 of what an E-step holds for some rows
_MOST_KNOWN = 1e6  # information on the factors beside which sums of squares keep their digits
_RIDGE = 1e-10  # of the moments of the factors, relative
_EM_STEPS = 10  # before quasi-Newton steps
_STRETCH = 150  # steps in the same coordinates: others may lead on faster
_MOST_STARTS = 10  # of quasi-Newton steps
_HIDDEN = 1e-12  # of twice the log-likelihood per row, relative: rounding
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

    def plus(self, other):
        """The sums over the rows of both."""
        names = ("counts", "squares", "cross", "inner")
        arrays = (getattr(self, name) + getattr(other, name) for name in names)
        return Moments(self.log_likelihood + other.log_likelihood, *arrays)

    def __iadd__(self, other):
        self.log_likelihood += other.log_likelihood
        for name in ("counts", "squares", "cross", "inner"):
            getattr(self, name)[...] += getattr(other, name)
        return self


@dataclass(frozen=True)
class Ascent:
    """Maximum of the likelihood, and the way there.

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
    found, seen = machine.infer(x), ~np.isnan(x)
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
    """Add to `Moments` those of rows with one pattern of missing values, given their sums.

    seen : (n_features,) bool; weight : of the rows; first, second : sums (n_features,) of the rows
    and (n_features, n_features) of their products, zero for what is missing.
    """
    mean = machine.mean * seen
    about = first - weight * mean
    shifted = second - np.outer(mean, first) - np.outer(about, mean)
    known = (machine.scaled * machine.loadings * seen).sum()
    expect_pattern = _by_gain if known <= _MOST_KNOWN else _by_rows
    log_prob, covariance, along, square, z = expect_pattern(machine, seen, weight, about, shifted)
    zz = weight * covariance + square
    inner = np.block([[zz, z[:, None]], [z, np.full((1, 1), weight)]])
    total.log_likelihood += log_prob
    total.counts += weight * seen
    total.squares += np.diag(second)
    total.cross += np.column_stack([along.T + np.outer(mean, z), first])
    total.inner[seen] += inner


def _by_gain(machine, seen, weight, about, shifted):
    """Expectations for rows with one pattern of missing values, by regressing the factors on them.

    about, shifted : sums of the rows less the mean, and of their products. The log-likelihood; the
    covariance of the factors (n_factors, n_factors); sums of their products with the rows
    (n_factors, n_features), with each other, and of themselves, of which are expected values.
    """
    found = machine.infer(np.where(seen, machine.mean, np.nan)[None])
    covariance = found.covariances[0]
    gain = covariance @ (machine.scaled * seen)
    along = gain @ shifted
    square = along @ gain.T
    # Squares of what the factors leave, and of these: differences lose digits where noise is small.
    fitted = ((square @ machine.loadings - 2 * along) * machine.loadings).sum(axis=0)
    rest = np.where(seen, np.diag(shifted) + fitted, 0.0)
    quadratic = (rest / machine.noise).sum() + np.trace(square)
    log_prob = float(weight * found.log_prob[0] - 0.5 * quadratic)
    return log_prob, covariance, along, square, gain @ about


def _by_rows(machine, seen, weight, about, shifted):
    """The same from as few rows as have these sums, which keeps the digits of the sums."""
    rows = np.concatenate([np.zeros((1, len(about))), about[None], _rows_of(shifted)])
    centred = replace(machine, mean=np.zeros(len(about)))
    found = centred.infer(np.where(seen, rows, np.nan))
    z, rows = found.means[2:], rows[2:]
    log_prob = weight * found.log_prob[0] + (found.log_prob[2:] - found.log_prob[0]).sum()
    return float(log_prob), found.covariances[0], z.T @ rows, z.T @ z, found.means[1]


def _rows_of(products):
    """Rows of which ``rows.T @ rows`` are given products, (n_features, n_features)."""
    scale = np.sqrt(np.maximum(np.diag(products), 0))
    scale[scale == 0] = 1
    root, places, rank, _ = dpstrf(products / scale / scale[:, None], lower=1)
    rows = np.zeros((rank, len(scale)))
    rows[:, places - 1] = np.tril(root)[:, :rank].T
    return rows * scale


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


def ascend(machine, data, floor, shared, tol, most_steps, report=None):
    """The `Ascent` from a machine to the highest likelihood of `PatternedRows` that is found.

    EM first, a few steps, then L-BFGS on means, loadings and log-variances until a step raises
    twice the log-likelihood per row by less than ``tol``. After some steps, or where they end
    early, they go on in the coordinates of the machine that was found. data : has ``weight``, the
    sum of the weights of the rows, and `expect`; floor : (n_features,) of the noise variances;
    shared : whether there is one variance for all; report : called with the number of steps and
    the log-likelihood after some of them, or None.
    """
    n_steps, path, report = min(_EM_STEPS, most_steps), [], report or _keep_silent
    for number in range(n_steps):
        moments = data.expect(machine)
        path.append(moments.log_likelihood)
        report(number, path[-1])
        machine = maximise_expected(moments, floor, shared)
    for start in range(_MOST_STARTS):
        problem = _Problem(machine.canonical(), data, floor, shared)

        def tell(n_more, value, before=n_steps):
            report(before + n_more, -0.5 * data.weight * value)

        result = problem.descend(tol, min(_STRETCH, most_steps - n_steps), tell)
        machine = problem.machine(result.x)
        path += [-0.5 * data.weight * value for value in result.path[start > 0 :]]
        n_steps += result.nit
        is_done = result.converged and result.nit < _STRETCH
        if is_done or result.nit == 0 or n_steps == most_steps:
            break
    return Ascent(machine, path, n_steps, result.converged)


def _keep_silent(n_steps, log_likelihood):
    """Tell nobody."""


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
        moments = self._data.expect(machine)
        mean, loads, logs = slopes(machine, moments)
        logs = logs.sum(keepdims=True) if self._shared else logs
        gradient = np.concatenate([mean * self._unit, (loads * self._unit).ravel(), logs])
        factor = -2 / self._data.weight
        return factor * moments.log_likelihood, factor * gradient

    def descend(self, tol, most_steps, tell):
        """Descend by L-BFGS: scipy's result with ``path``, from the start on, and ``converged``.

        tell : called with the number and the value after each step.
        A step that gains nothing may be one that rounding has spoilt: unless ``tol`` is larger than
        what rounding hides, the slopes decide.
        """
        start = self.start()
        value, slope = self.cost(start)
        if most_steps == 0:
            converged = self.is_level(start, slope)
            return scipy.optimize.OptimizeResult(x=start, nit=0, path=[value], converged=converged)
        path, first = [value], max(abs(value), 1)

        def keep(intermediate_result):
            path.append(intermediate_result.fun)
            tell(len(path) - 1, intermediate_result.fun)

        n_free = len(start) - len(self._low)
        result = scipy.optimize.minimize(
            self.cost, start, jac=True, method="L-BFGS-B",
            bounds=[(None, None)] * n_free + [(value, None) for value in self._low],
            callback=keep,
            options={"maxiter": most_steps, "maxfun": 20 * most_steps + 1, "ftol": tol / first,
                     "gtol": 1e-9, "maxcor": 20},
        )  # fmt: skip
        gained_little = bool(result.success) and tol > _HIDDEN * first
        result.converged = gained_little or self.is_level(result.x, result.jac)
        result.path, result.nit = path, int(result.nit)
        return result

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
