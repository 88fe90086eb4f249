"""Scores of Boltzmann machines: bounds from both sides, and what is known without log Z."""

import numpy as np
from sklearn.utils import check_random_state

from ..likelihood import Estimate
from ..models import Ways
from .checks import check_count
from .partition import PartitionMixin, ways_told
from .progress import with_progress
from .public import public
from .results import BoundsResult


class BoltzmannScoringMixin(PartitionMixin):
    """Scores rows by what bounds log p from both sides, or needs no log Z."""

    @property
    def _answering_model(self):
        """The fitted model, whose chains are as the parameters say now."""
        ways = Ways(self.n_annealing_chains, self.n_temperatures, self._n_threads)
        return self._model.answering_by(ways)

    @with_progress
    @public
    def unnormalized_log_prob(self, X):
        """Log p*(v) of each row, log p(v) plus log Z: the textbook's free energy is minus this.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of which nothing may be missing.

        Returns
        -------
        log_prob : ndarray of shape (n_samples,)
            ``b'v + sum_j log(1 + exp(c_j + (Wv)_j))`` in nats, and of Gaussian features ``-sum_i
            (v_i - b_i)^2 / (2 s_i) + sum_j log(1 + exp(c_j + (W(v / s))_j))``, s being
            ``noise_variance_``: it compares rows, not models.
        """
        rows = self._rows(X)[0]
        return self._model.unnormalized(rows, self._n_threads)

    @with_progress
    @public
    def pseudo_log_likelihood(self, X):
        """Sum over columns of log p(column | all others) of each row.

        For monitoring, and for comparison with papers; `score` is the log-likelihood itself. All
        columns count, and nothing is random, unlike in scikit-learn's
        ``BernoulliRBM.score_samples``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of which nothing may be missing. Only Bernoulli features have this.

        Returns
        -------
        log_prob : ndarray of shape (n_samples,)
            In nats.
        """
        rows = self._rows(X)[0]
        return self._model.pseudo_log_prob(rows, self._n_threads)

    @with_progress
    @public
    def log_likelihood_bounds(
        self, X, *, n_importance_samples=None, n_temperatures=None, random_state=None
    ):
        """Bounds of the log-likelihood of given rows from both sides.

        `log_likelihood` is too high in expectation where log Z is estimated, since annealing
        misses states. From below it is bounded by annealing back from each row [1]_: the density
        of what the annealed sampler itself draws, which is normalised for certain. Where both
        agree, the number can be published.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of which nothing may be missing.

        n_importance_samples : int, default=None
            Chains, for log Z; None means ``n_annealing_chains``. Back from each row goes one.

        n_temperatures : int, default=None
            Steps of a chain; None means what log Z took.

        random_state : int, RandomState instance or None, default=None
            The random numbers; None means fixed ones.

        Returns
        -------
        result : BoundsResult
            With the means ``lower`` and ``upper``, ``gap`` and its ``gap_standard_error`` in nats
            per row, and for each row ``lower_per_sample`` and ``upper_per_sample``: see
            :class:`~sklearn_helmholtz.estimators.results.BoundsResult`. Where log Z is exact both
            are the same.

        References
        ----------
        .. [1] Burda, Grosse & Salakhutdinov (2015), Accurate and conservative estimates of MRF
               log-likelihood using reverse annealing, AISTATS.
        """
        rows = self._rows(X)[0]
        n_chains = self._n_samples("annealed", n_importance_samples)
        given = None if n_temperatures is None else check_count("n_temperatures", n_temperatures)
        rng = None if random_state is None else check_random_state(random_state)
        lower, upper, common, method = self._model.bounds_of(
            rows, n_chains, self._n_temperatures(given), rng, self._n_threads
        )
        gaps = upper - lower
        variance = Estimate.variance_of_mean(gaps) + common
        return BoundsResult(
            lower=float(lower.mean()), upper=float(upper.mean()), gap=float(gaps.mean()),
            gap_standard_error=float(np.sqrt(variance)), lower_per_sample=lower,
            upper_per_sample=upper, method=method,
            n_importance_samples=None if method == "exact" else n_chains,
        )._about(dreamt=False)  # fmt: skip

    def _n_samples(self, method, given):
        given = self.n_annealing_chains if given is None else given
        return check_count("n_importance_samples", given)

    def _n_temperatures(self, given):
        given = self.n_temperatures if given is None else given
        return given if given == "auto" else check_count("n_temperatures", given)

    def _steps_made(self, method, given, random_state):
        n_temperatures = super()._steps_made(method, given, random_state)
        if n_temperatures != "auto":
            return n_temperatures
        return self.log_partition_.n_temperatures if random_state is None else None

    def _log_likelihood(
        self, X, method, n_samples, random_state, n_temperatures, sample_weight=None
    ):
        result = super()._log_likelihood(
            X, method, n_samples, random_state, n_temperatures, sample_weight
        )
        if result.method == "exact":
            return result
        ways = ""
        if not result.reliable and random_state is None:  # of others nothing is kept
            asked = self._n_samples(method, n_samples), self._n_temperatures(n_temperatures)
            known = self._model.partition(*asked, self._n_threads, method)
            ways = ways_told(known)
        return result._about(whose=" for all rows together", ways=ways)

    def _log_joint(self, rows, hidden):
        ways = self.n_annealing_chains, self.n_temperatures
        return self._model.log_joint(rows, hidden, self._n_threads, *ways)
