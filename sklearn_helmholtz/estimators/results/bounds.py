"""Results of `log_likelihood_bounds`."""

import numpy as np

from .figures import counted, rounded, with_error
from .headline import HeadlineResult

_METHODS = {
    "exact": "exact: both bounds are the same",
    "importance": "importance sampling, {samples} for each row",
    "annealed": "annealing in both directions, {chains} for each row",
}


class BoundsResult(HeadlineResult):
    """Bounds of the mean log-likelihood from both sides, of rows that are dreamt or given.

    What `HelmholtzMachine.log_likelihood_bounds` returns: a :class:`~sklearn.utils.Bunch`, whose
    fields are attributes and items. It prints in a few lines, and is a table in notebooks.

    Attributes
    ----------
    lower, upper : float
        Means of the bounds over the rows, nats: in expectation, their mean log-likelihood lies
        between them. That of dreams is minus the entropy of the model.

    gap : float
        ``upper - lower``: no less, in expectation, than what the lower bound misses.

    gap_standard_error : float
        Standard error of ``gap``; NaN for a single row.

    lower_per_sample, upper_per_sample : ndarray of shape (n_samples,)
        The bounds of each row, nats.

    method : str
        The method.

    n_importance_samples : int or None
        Samples, or chains, for each row; None where exact.

    See Also
    --------
    HelmholtzMachine.log_likelihood_bounds : Makes such results.

    Examples
    --------
    >>> from sklearn_helmholtz import HelmholtzMachine
    >>> machine = HelmholtzMachine.from_parameters(
    ...     [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
    >>> machine.log_likelihood_bounds(100, random_state=0)
    BoundsResult: from -1.23361 to -1.23342 nats per row (mean log-likelihood of dreams)
      gap     0.00019 ± 0.00011 (standard error)
      rows    100 dreams
      method  importance sampling, 200 samples for each row
    """

    _dreamt = True  # whether the rows are the model's own

    def _headline(self):
        low, high = (rounded(value, self.gap_standard_error) for value in (self.lower, self.upper))
        of_rows = " of dreams" if self._dreamt else ""
        limits = f"from {low} to {high}" if self._has_upper else f"at least {low}"
        return f"{limits} nats per row (mean log-likelihood{of_rows})"

    @property
    def _has_upper(self):
        """Whether there is an upper bound."""
        return not np.isposinf(self.upper)

    def _facts(self):
        gap = f"{with_error(self.gap, self.gap_standard_error)} (standard error)"
        n = self.n_importance_samples or 0
        counts = {"samples": counted(n, "sample"), "chains": counted(n, "chain")}
        return [
            *([("gap", gap)] if self._has_upper else []),
            ("rows", counted(self._n_rows(), "dream") if self._dreamt else f"{self._n_rows():,}"),
            ("method", _METHODS[self.method].format(**counts)),
        ]

    def _n_rows(self):
        return len(self.lower_per_sample)

    def _columns(self):
        return {name: self[name] for name in ("lower_per_sample", "upper_per_sample")}
