"""What is known of log p(x) for some rows."""

from dataclasses import dataclass, fields, replace

import numpy as np

RELIABLE_SAMPLE_SIZE = 10
RELIABLE_SHARE = 0.95
RELIABLE_SHAPE = 0.5
REFUTED_SHARE = 0.01


@dataclass(frozen=True)
class Estimate:
    """log p(x) of each row in nats, and how well it is known; every array is (n_rows,) float64.

    per_sample : exact values or estimates; variance : of each estimate, by the delta method; bias :
    of each, by the delta method, never positive; effective_sample_size : of the importance weights,
    infinite where exact; free_energy : E_q[log q(h | x) - log p(x, h)] or its estimate; pareto_k :
    the shape of the tail of the weights, NaN where exact or where they have no tail, infinite where
    the estimate is refuted.
    """

    per_sample: np.ndarray
    variance: np.ndarray
    bias: np.ndarray
    effective_sample_size: np.ndarray
    free_energy: np.ndarray
    pareto_k: np.ndarray

    @classmethod
    def exactly(cls, log_likelihood, free_energy):
        """Values without an error, (n_rows,) each."""
        zeros = np.zeros(len(log_likelihood))
        infinite, undefined = np.full(len(zeros), np.inf), np.full(len(zeros), np.nan)
        return cls(log_likelihood, zeros, zeros, infinite, free_energy, undefined)

    @classmethod
    def of_all(cls, estimates):
        """The estimates of several blocks of rows as one."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(e, name) for e in estimates]) for name in names))

    def choose(self, numbers):
        """The estimates of some rows, by number."""
        return Estimate(*(getattr(self, field.name)[numbers] for field in fields(self)))

    def certain_of(self, rows):
        """The estimate where log p is known to be 0 for some rows, (n_rows,) bool."""
        exact = Estimate.exactly(np.zeros(len(rows)), self.free_energy)
        pairs = ((getattr(exact, f.name), getattr(self, f.name)) for f in fields(self))
        return Estimate(*(np.where(rows, known, estimated) for known, estimated in pairs))

    def shift(self, log_density):
        """The estimate in other units of measurement: ``log_density`` nats are added.

        log_density : a number, or one for each row.
        """
        return replace(
            self,
            per_sample=self.per_sample + log_density,
            free_energy=self.free_energy - log_density,
        )

    def summary(self, addresses):
        """The mean over rows with its errors, as a dictionary.

        addresses : (n_rows,), equal for rows that share their random numbers. ``standard_error`` is
        that of the mean as an estimate for the population the rows were drawn from. The variance
        between rows holds the Monte Carlo noise of each row once; what rows add by sharing their
        noise is put on top. It is NaN for a single row.
        """
        n = len(self.per_sample)
        monte_carlo, shared = self._noise_of_mean(addresses), self.shared_noise(addresses)
        between = self.per_sample.var(ddof=1) / n if n > 1 else np.nan
        return {
            "mean": float(self.per_sample.mean()),
            "standard_error": float(np.sqrt(between + shared)),
            "monte_carlo_error": float(np.sqrt(monte_carlo)),
            "bias": float(self.bias.mean()),
            "per_sample": self.per_sample,
            "effective_sample_size": self.effective_sample_size,
            "pareto_k": self.pareto_k,
            "reliable": self._is_reliable(),
        }

    def _is_reliable(self):
        """Whether nearly all rows are worth enough samples, most tails short, and few refuted."""
        enough = self.effective_sample_size >= RELIABLE_SAMPLE_SIZE
        tails = self.pareto_k[~np.isnan(self.pareto_k)]
        short = not len(tails) or np.median(tails) < RELIABLE_SHAPE
        refuted = np.isposinf(self.pareto_k).mean() > REFUTED_SHARE
        return bool(enough.mean() >= RELIABLE_SHARE and short and not refuted)

    def shared_noise(self, addresses):
        """What the variance of the mean has because rows share their random numbers."""
        _, first, counts = np.unique(addresses, return_index=True, return_counts=True)
        pairs = counts * (counts - 1) * self.variance[first]
        return float(pairs.sum() / len(addresses) ** 2)

    def _noise_of_mean(self, addresses):
        """Variance of the mean over exactly these rows: noise is summed per distinct row."""
        _, first, counts = np.unique(addresses, return_index=True, return_counts=True)
        return float((counts**2 * self.variance[first]).sum() / len(addresses) ** 2)
