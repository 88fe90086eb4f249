"""Estimates of log p(x) for some rows, with everything known of their errors."""

from dataclasses import dataclass, fields, replace

import numpy as np

RELIABLE_SAMPLE_SIZE = 10
RELIABLE_SHARE = 0.95
RELIABLE_SHAPE = 0.5
REFUTED_SHARE = 0.01
BOUNDS = ("exact", "lower", "upper", "none")


@dataclass(frozen=True)
class Estimate:
    """log p(x) of each row in nats, and how well it is known; arrays are (n_rows,) float64.

    per_sample : exact values or estimates; variance : of each estimate, by the delta method; bias :
    of each, by the delta method: negative for lower bounds, positive for upper ones;
    effective_sample_size : of the importance weights, infinite where exact; free_energy : E_q[log
    q(h | x) - log p(x, h)] or its estimate; pareto_k : the shape of the tail of the weights, NaN
    where exact or where they have no tail, infinite where the estimate is refuted; bound :
    ``"exact"``, or whether estimates are a ``"lower"`` or an ``"upper"`` bound in expectation, or
    ``"none"`` of these; common_variance : of an error that all rows share, such as that of a
    partition function.
    """

    per_sample: np.ndarray
    variance: np.ndarray
    bias: np.ndarray
    effective_sample_size: np.ndarray
    free_energy: np.ndarray
    pareto_k: np.ndarray
    bound: str = "lower"
    common_variance: float = 0.0

    def __post_init__(self):
        if self.bound not in BOUNDS:
            raise ValueError(f"bound must be one of {BOUNDS}, got {self.bound!r}.")

    @classmethod
    def exactly(cls, log_likelihood, free_energy):
        """Values without an error, (n_rows,) each."""
        zeros = np.zeros(len(log_likelihood))
        infinite, undefined = np.full(len(zeros), np.inf), np.full(len(zeros), np.nan)
        return cls(log_likelihood, zeros, zeros, infinite, free_energy, undefined, "exact")

    @classmethod
    def of_all(cls, estimates):
        """The estimates of several blocks of rows as one.

        Where bounds differ, exact values count as bounds of either kind. The error that rows share
        has to be the same in all blocks.
        """
        arrays = (
            np.concatenate([getattr(e, name) for e in estimates]) for name in _names_of_arrays()
        )
        common = max(estimate.common_variance for estimate in estimates)
        return cls(*arrays, _joint_bound({e.bound for e in estimates}), common)

    def choose(self, numbers):
        """The estimates of some rows, by number."""
        return self._each(lambda array: array[numbers])

    def certain_of(self, rows):
        """The estimate where log p is known to be 0 for some rows, (n_rows,) bool."""
        exact = Estimate.exactly(np.zeros(len(rows)), self.free_energy)
        pairs = ((getattr(exact, n), getattr(self, n)) for n in _names_of_arrays())
        arrays = (np.where(rows, known, estimated) for known, estimated in pairs)
        return Estimate(*arrays, self.bound, self.common_variance)

    def shift(self, log_density):
        """The estimate in other units of measurement: ``log_density`` nats are added.

        log_density : a number, or one for each row.
        """
        return replace(
            self,
            per_sample=self.per_sample + log_density,
            free_energy=self.free_energy - log_density,
        )

    def _each(self, function):
        arrays = (function(getattr(self, name)) for name in _names_of_arrays())
        return Estimate(*arrays, self.bound, self.common_variance)

    def summary(self, addresses, weights=None):
        """The mean over rows with its errors, as a dictionary.

        addresses : (n_rows,), equal for rows that share their random numbers; weights : (n_rows,),
        or None where each row counts once. ``mean`` is ``sum w_i l_i / sum w_i``.
        ``standard_error`` is that of the mean as an estimate for the population the rows were drawn
        from, with unequal probabilities where weights are: the linearised variance of a ratio,

            n / (n - 1) sum_i w_i^2 (l_i - mean)^2 / (sum_i w_i)^2.

        It holds the Monte Carlo noise of each row once; what rows add by sharing their noise, and
        the error common to all, are put on top. It is NaN for a single row. Rows of weight zero
        count nowhere.
        """
        if weights is not None and not weights.all():
            kept = np.flatnonzero(weights)
            own = self.choose(kept).summary(addresses[kept], weights[kept])
            return {**own, "per_sample": self.per_sample, **self._diagnostics()}
        shares = self._shares(weights)
        monte_carlo = self._noise_of_mean(addresses, shares)
        shared = self.shared_noise(addresses, weights)
        between = self.variance_of_mean(self.per_sample, weights)
        return {
            "mean": self.mean(weights),
            "standard_error": float(np.sqrt(between + shared)),
            "monte_carlo_error": float(np.sqrt(monte_carlo)),
            "common_error": float(np.sqrt(self.common_variance)),
            "bias": weighted_mean(self.bias, weights),
            "per_sample": self.per_sample,
            **self._diagnostics(),
            "bound": self.bound,
            "reliable": self._is_reliable(weights),
        }

    def _diagnostics(self):
        """Fields of each row about its importance weights."""
        return {
            "effective_sample_size": self.effective_sample_size,
            "pareto_k": self.pareto_k,
        }

    @staticmethod
    def variance_of_mean(values, weights=None):
        """Variance of the weighted mean of rows drawn from a population; NaN for a single row."""
        if weights is not None:
            values, weights = values[weights != 0], weights[weights != 0]
        n = len(values)
        if n < 2:
            return np.nan
        if weights is None:
            return values.var(ddof=1) / n
        shares = weights / weights.sum()
        return float(n / (n - 1) * (shares**2 * (values - (shares * values).sum()) ** 2).sum())

    def mean(self, weights=None):
        """The mean over rows, nats; weights : (n_rows,), or None where each row counts once."""
        return weighted_mean(self.per_sample, weights)

    def _shares(self, weights):
        if weights is None:
            return None
        return weights / weights.sum()

    def _is_reliable(self, weights=None):
        """Whether nearly all rows are worth enough samples, most tails short, and few refuted.

        Rows count by their weights.
        """
        enough = weighted_mean(self.effective_sample_size >= RELIABLE_SAMPLE_SIZE, weights)
        known = ~np.isnan(self.pareto_k)
        tails, own = self.pareto_k[known], None if weights is None else weights[known]
        short = not len(tails) or _weighted_median(tails, own) < RELIABLE_SHAPE
        refuted = weighted_mean(np.isposinf(self.pareto_k), weights)
        return bool(enough >= RELIABLE_SHARE and short and refuted <= REFUTED_SHARE)

    def shared_noise(self, addresses, weights=None):
        """Variance that the mean has because rows share their random numbers, or an error."""
        shares = self._shares(weights)
        _, first, groups = np.unique(addresses, return_index=True, return_inverse=True)
        if shares is None:
            counts = np.bincount(groups.ravel())
            pairs = counts * (counts - 1) * self.variance[first]
            return float(pairs.sum() / len(addresses) ** 2) + self.common_variance
        totals = np.bincount(groups.ravel(), shares)
        own = np.bincount(groups.ravel(), shares**2)
        return float(((totals**2 - own) * self.variance[first]).sum()) + self.common_variance

    def _noise_of_mean(self, addresses, shares):
        """Variance of the mean over exactly these rows: noise is summed per distinct row."""
        _, first, groups = np.unique(addresses, return_index=True, return_inverse=True)
        if shares is None:
            counts = np.bincount(groups.ravel())
            own = float((counts**2 * self.variance[first]).sum() / len(addresses) ** 2)
        else:
            own = float((np.bincount(groups.ravel(), shares) ** 2 * self.variance[first]).sum())
        return own + self.common_variance


def weighted_mean(values, weights=None):
    """The mean of values, (n_rows,); those of weight zero count nowhere, whatever they are."""
    if weights is None:
        return float(values.mean())
    kept = weights != 0
    return float((values[kept] * weights[kept]).sum() / weights[kept].sum())


def _weighted_median(values, weights=None):
    """The median of values, (n_rows,), in which whole weights are repetitions."""
    if weights is None:
        return np.median(values)
    order = np.argsort(values)
    values, below = values[order], np.cumsum(weights[order])
    low, high = (np.searchsorted(below, below[-1] / 2, side) for side in ("left", "right"))
    return (values[low] + values[high]) / 2


def _names_of_arrays():
    return [field.name for field in fields(Estimate) if field.type is np.ndarray]


def _joint_bound(bounds):
    """The direction of estimates some of which are exact, lower or upper bounds."""
    others = bounds - {"exact"}
    if not others:
        return "exact"
    return others.pop() if len(others) == 1 else "none"
