"""Scores of deep Boltzmann machines: log Z, and bounds of log p."""

from sklearn.utils import check_random_state

from .checks import check_choice, check_count
from .partition import PartitionMixin, ways_told
from .progress import with_progress
from .public import public
from .scoring import N_TEMPERATURES

_N_CHAINS = 20


class DeepBoltzmannScoringMixin(PartitionMixin):
    """Tells log Z, and scores rows by what mean field proposes.

    Subclasses have the parameters ``n_importance_samples``, ``n_annealing_chains`` and
    ``n_temperatures``.
    """

    _partition_volume = 0.0  # of bits

    @with_progress
    @public
    def mean_field_bound(self, X):
        """Lower bound of the log-likelihood of each row by mean field.

        ``E_q[log p*(v, h)] + H(q) - log Z`` with independent units q. Where log Z is not exact, its
        estimate from above is taken (``log_partition_.upper``); for the rows nothing is drawn.
        `score_samples` lies above it by what mean field misses of the posterior.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing, and is left out of the bound.

        Returns
        -------
        bound : ndarray of shape (n_samples,)
            In nats.
        """
        rows = self._rows(X)[0]
        return self._model.mean_field_bounds(rows, *self._ways_of_partition, self._n_threads)[0]

    @property
    def _ways_of_partition(self):
        return self.n_annealing_chains, self.n_temperatures

    def _n_samples(self, method, given):
        if given is None:
            given = _N_CHAINS if method == "annealed" else self.n_importance_samples
        return check_count("n_importance_samples", given)

    def _n_temperatures(self, given):
        given = self.n_temperatures if given is None else given
        return given if given == "auto" else check_count("n_temperatures", given)

    def _steps_made(self, method, given, random_state):
        """Steps of the chains of rows, or of those of log Z; None where nothing was annealed."""
        n_temperatures = self._n_temperatures(given)
        if method == "exact" or (self._model.is_enumerable and method != "annealed"):
            return None
        if n_temperatures != "auto":
            return n_temperatures
        if method == "annealed" and random_state is not None:
            return N_TEMPERATURES
        return self.log_partition_.n_temperatures if random_state is None else None

    def _estimate_rows(
        self, X, method, n_samples, random_state, sample_weight=None, n_temperatures=None,
        tails=None,
    ):  # fmt: skip
        rows, weights, _ = self._rows(X, sample_weight)
        check_choice("method", method, self._model.likelihood_methods)
        n_temperatures, n_samples = (
            self._n_temperatures(n_temperatures), self._n_samples(method, n_samples)
        )  # fmt: skip
        rng = None if random_state is None else check_random_state(random_state)
        found = self._model.estimate(
            rows, method, n_samples, n_temperatures, rng, self._n_threads, tails,
            self.n_annealing_chains,
        )  # fmt: skip
        return *found, weights, rows

    def _log_likelihood(self, X, method, n_samples, random_state, *others):
        """The result, with what is known of log Z where that is the trouble."""
        result = super()._log_likelihood(X, method, n_samples, random_state, *others)
        if result.method == "annealed" and method != "annealed":  # log Z alone
            result["n_importance_samples"] = self.n_annealing_chains
            result = result._about(whose=" for all rows together")
        if result.reliable or result.method == "exact" or random_state is not None:
            return result
        known = self._model.partition(*self._ways_of_partition, self._n_threads)
        if known.reliable:
            return result
        result["remedy"] = "Raise n_temperatures, or n_annealing_chains."
        return result._about(ways=ways_told(known))

    def _log_joint(self, rows, hidden):
        return self._model.log_joint(rows, hidden, self._n_threads, *self._ways_of_partition)
