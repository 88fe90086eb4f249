"""Results of `log_likelihood`."""

import numpy as np

from ..weights import effective_number
from .figures import counted, rounded, with_error
from .headline import HeadlineResult

_METHODS = {
    "exact": "exact",
    "importance": "importance sampling",
    "annealed": "annealed importance sampling",
}
_BOUNDS = {
    "exact": "",
    "lower": ": a lower bound in expectation",
    "upper": ": an upper bound in expectation",
    "none": ": a bound in neither direction",
}
_ERRORS = {"lower": "far too low", "upper": "far too high", "none": "far off"}
_PER_ROW = (
    "per_sample",
    "log_probability",
    "free_energy",
    "kl_gap",
    "effective_sample_size",
    "pareto_k",
)


class LogLikelihoodResult(HeadlineResult):
    """Mean log-likelihood of some rows and everything known about its error.

    What `HelmholtzMachine.log_likelihood` returns: a :class:`~sklearn.utils.Bunch`, whose fields
    are attributes and items. It prints in a few lines, and is a table in notebooks.

    Attributes
    ----------
    mean : float
        Mean of ``per_sample``, nats, weighted by ``sample_weight``. Where estimated, a lower bound
        in expectation.

    standard_error : float
        Of ``mean`` as an estimate for the population: rows and Monte Carlo together. With weights
        w_i that of a weighted mean of rows with unequal probabilities,
        ``n / (n - 1) sum w_i^2 (l_i - mean)^2 / (sum w_i)^2`` for its square. NaN for a single row.

    monte_carlo_error : float
        Standard error for exactly these rows; 0 where exact. Equal rows share their noise.

    common_error : float
        The part of it that all rows have in common and that does not become smaller with their
        number: the standard error of log Z, of machines that have one. 0 of others.

    bias : float
        Delta-method estimate of the bias of ``mean``: negative for lower bounds. Not corrected for.

    per_sample : ndarray of shape (n_samples,)
        log p(x) of each row, nats.

    log_probability : ndarray of shape (n_samples,)
        Log-probability of each row as it is recorded, at most 0 but for noise: of mixed columns
        that of cells as wide as ``resolution_``, which compares with models of discrete values
        (where that is 0, of cells of 1e-4 of the spread); of Bernoulli and Poisson units
        ``per_sample``; NaN where columns have densities only.

    free_energy : ndarray of shape (n_samples,)
        As of `HelmholtzMachine.free_energy`, from the same states or samples: one call has both.
        NaN where inference has none: annealed, by Markov chains, and where the method of that name
        refuses rows.

    kl_gap : ndarray of shape (n_samples,)
        As of `HelmholtzMachine.kl_gap`: ``free_energy + per_sample``.

    effective_sample_size : ndarray of shape (n_samples,)
        Of the importance weights of each row; infinite where exact.

    pareto_k : ndarray of shape (n_samples,)
        Shape of the tail of each row's weights, equal hidden states counting once; below 1/2 they
        have a variance [1]_. NaN where exact, or where there are too few states; infinite where
        annealed chains missed a state that alone makes p(x) larger than their estimate (the
        effective sample size is then 1).

    bound : {"exact", "lower", "upper", "none"}
        Whether ``mean`` is the value itself, or a bound of it in expectation.

    method : str
        ``"exact"``, ``"importance"`` (of at least one row) or ``"annealed"``.

    n_importance_samples : int or None
        Samples, or chains, for each row; None where exact.

    n_temperatures : int or None
        Steps of a chain; None where nothing was annealed, or where their number was found anew.

    reliable : bool
        Whether at least 95 % of the rows have an effective sample size of 10 or more, the median of
        ``pareto_k`` is below 1/2, and at most 1 % are infinite; rows count by their weights.

    remedy : str or None
        What to do where the estimate is not reliable.

    See Also
    --------
    HelmholtzMachine.log_likelihood : Makes such results.
    HeldOutLikelihood : Keeps one for every few epochs of a training, with its number as ``epoch``.

    References
    ----------
    .. [1] Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto smoothed importance sampling,
           Journal of Machine Learning Research 25(72).

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_helmholtz import FactorAnalysis
    >>> X = load_wine().data
    >>> result = FactorAnalysis(2).fit(X).log_likelihood(X)
    >>> result
    LogLikelihoodResult: -19.53 ± 0.34 nats per row (mean ± standard error)
      rows      178
      method    exact
      reliable  yes
    >>> round(result.standard_error, 3)
    0.337
    >>> result.to_frame().shape
    (178, 6)
    """

    _weights = None  # of the rows, (n_samples,)
    _whose = " for each row"  # chains are
    _ways = ""  # a sentence on annealing in both directions

    def _headline(self):
        return f"{with_error(self.mean, self.standard_error)} nats per row (mean ± standard error)"

    def _facts(self):
        facts = [("epoch", str(self.epoch))] if "epoch" in self else []
        facts += [("rows", self._rows()), ("method", self._way())]
        if self.bound != "exact":
            error = self.monte_carlo_error
            figures = f"Monte Carlo error {rounded(error, error)}, bias {rounded(self.bias, error)}"
            if self.common_error and self.method != "annealed":  # which has hardly any other
                common = rounded(self.common_error, error)
                figures = f"{figures}, error of log Z {common}"
            facts.append(("noise", f"{figures}, for exactly these rows"))
        return [*facts, self._reliability()]

    def _rows(self):
        n_rows = f"{self._n_rows():,}"
        if self._weights is None:
            return n_rows
        n_effective = effective_number(self._weights, slice(None))
        return f"{n_rows}, weighted: worth {n_effective:.1f} of equal weight"

    def _way(self):
        many = ""
        if self.method == "annealed":
            many = f", {counted(self.n_importance_samples, 'chain')}"
            if self.n_temperatures is not None:
                many += f" of {counted(self.n_temperatures, 'temperature')}"
            many += self._whose
        elif self.method != "exact":
            many = f", {counted(self.n_importance_samples, 'sample')} for each row"
        return f"{_METHODS[self.method]}{many}{_BOUNDS[self.bound]}"

    def _trouble(self):
        """A sentence or two on an estimate that is not reliable."""
        sizes, shapes = self.effective_sample_size, self.pareto_k[~np.isnan(self.pareto_k)]
        tail = f", and the median Pareto k is {np.median(shapes):.2f}" if len(shapes) else ""
        size = f"{np.median(sizes):.1f}, the lowest {sizes.min():.1f}"
        return (
            f"it may be {_ERRORS[self.bound]}, and its errors too small. The median effective "
            f"sample size of the rows is {size}{tail}.{self._ways}"
        )

    def _n_rows(self):
        return len(self.per_sample)

    def _columns(self):
        return {name: self[name] for name in _PER_ROW}
