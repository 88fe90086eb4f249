"""Scores of deep belief nets: importance samples of the hidden layers, and log Z."""

import numpy as np
from sklearn.utils import check_random_state

from ..likelihood import Estimate
from ..models import Ways
from .checks import check_count
from .partition import PartitionMixin, ways_told
from .progress import with_progress
from .public import public
from .results import BoundsResult


class DeepBeliefScoringMixin(PartitionMixin):
    """Scores rows by importance sampling and log Z, and bounds their log-likelihood from below."""

    _partition_volume = 0.0  # log Z is of hidden layers, whatever the units of measurement

    @with_progress
    @public
    def log_likelihood_bounds(
        self, X, *, n_importance_samples=None, n_temperatures=None, random_state=None
    ):
        """A lower bound of the log-likelihood of given rows.

        `log_likelihood` bounds it in neither direction where log Z is annealed: importance samples
        of the hidden layers make it too low on average, and annealing, which misses states of the
        top, too high. Here log Z is what annealing back from the model says, which is too high in
        expectation, so that the difference is a bound [1]_. How far it is off nobody knows: there
        is no upper bound of rows whose hidden causes are not known.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing, and only what is observed counts.

        n_importance_samples : int, default=None
            Samples for each row; None means the estimator's parameter.

        n_temperatures : int, default=None
            Steps of the ``n_annealing_chains`` chains for log Z; None means the estimator's
            parameter.

        random_state : int, RandomState instance or None, default=None
            The random numbers; None means fixed ones.

        Returns
        -------
        result : BoundsResult
            With the mean ``lower`` and ``lower_per_sample``, in nats; ``upper`` is infinite, and so
            is ``gap``. Where the hidden layers are enumerated, both bounds are log p.

        References
        ----------
        .. [1] Grosse, Ghahramani & Adams (2015), Sandwiching the marginal likelihood using
               bidirectional Monte Carlo, arXiv:1511.02543.
        """
        rows = self._rows(X)[0]
        n_samples = self._n_samples("importance", n_importance_samples)
        rng = None if random_state is None else check_random_state(random_state)
        found, method = self._model.lower_bounds(
            rows, n_samples, self._n_temperatures(n_temperatures), rng, self._n_threads
        )
        lower, is_exact = found.per_sample, found.bound == "exact"
        upper = lower.copy() if is_exact else np.full(len(lower), np.inf)
        return BoundsResult(
            lower=float(lower.mean()), upper=float(upper.mean()),
            gap=0.0 if is_exact else np.inf,
            gap_standard_error=_error_of_no_gap(lower) if is_exact else np.nan,
            lower_per_sample=lower, upper_per_sample=upper, method=method,
            n_importance_samples=None if is_exact else n_samples,
        )._about(dreamt=False)  # fmt: skip

    def _n_temperatures(self, given):
        """The `Ways` of chains for log Z; given : temperatures that are asked for, or None."""
        given = self.n_temperatures if given is None else given
        given = given if given == "auto" else check_count("n_temperatures", given)
        return Ways(self.n_annealing_chains, given, self._n_threads)

    def _log_likelihood(
        self, X, method, n_samples, random_state, n_temperatures, sample_weight=None
    ):
        result = super()._log_likelihood(
            X, method, n_samples, random_state, n_temperatures, sample_weight
        )
        if result.method == "exact" or result.reliable or random_state is not None:
            return result
        known = self._n_temperatures(n_temperatures).partition_of(self._model)
        if known.is_exact:
            return result
        return result._about(ways=ways_told(known))

    def _log_joint(self, rows, hidden):
        partition = self._n_temperatures(None).partition_of(self._model)
        return self._model.log_joint(rows, hidden, self._n_threads, partition.value)


def _error_of_no_gap(lower):
    """The standard error of gaps that are all zero; NaN for a single row."""
    return float(np.sqrt(Estimate.variance_of_mean(np.zeros(len(lower)))))
