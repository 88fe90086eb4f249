"""Polychoric correlations of items."""

from dataclasses import dataclass

import numpy as np

from ..factors import Influences, at_end, fill_empty, fit_correlations, smoothed
from ..models import named
from .items import check_pairs, items_of, rows_with_weight, schema_of_items
from .notices import notify
from .results import Result

_NAMED = 5  # pairs in a warning


def polychoric_correlation(
    X, *, sample_weight=None, correction=0.5, smooth=True, return_covariance=False
):
    """Correlations of the normal variables that ordered levels are intervals of.

    Items with levels, such as answers from "never" to "always" or right and wrong, are taken for
    standard normal variables of which only the interval is seen, between thresholds, that they fall
    into. Of two levels each they are called tetrachoric. Thresholds follow from the shares of the
    levels, and given them each correlation is where the likelihood of a contingency table is
    highest [1]_.

    Parameters
    ----------
    X : {array-like, DataFrame} of shape (n_samples, n_items)
        Numbers, truth values, or ordered categories, of which the order is that of their type. At
        most 30 levels each. Where a value is missing (NaN), the row counts for the thresholds and
        correlations of the others: each pair is of the rows that have both.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows. Correlations and their standard errors depend on the proportions only,
        but for the correction of empty cells: a weight says how many of a population a row stands
        for.

    correction : float, default=0.5
        What an empty cell of a table of two levels each is filled with, in rows of weight 1.
        Margins stay as they are, so that the opposite cell gets the same, and the other two give
        it. Without it the correlation is -1 or 1. Larger tables are not corrected: empty cells
        there are no reason to be. 0 means none.

    smooth : bool, default=True
        Whether a matrix that is not positive definite is made so, with a warning: eigenvalues below
        1e-6 are raised. Pairs are estimated one by one, so with few rows, many items or many
        missing values the matrix may be no correlation matrix.

    return_covariance : bool, default=False
        Whether to return how the errors of all correlations are correlated.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With the fields

        correlation : ndarray of shape (n_items, n_items)
            The polychoric correlations.
        standard_error : ndarray of shape (n_items, n_items)
            For large samples, with the errors of the thresholds in them [2]_; of correlations
            before they are smoothed. NaN where a correlation is at the end of its range.
        thresholds : list of ndarray of shape (n_levels - 1,)
            Of each item, the limits of its levels.
        levels : list of ndarray of shape (n_levels,)
            Of each item, in order.
        lowest_eigenvalue : float
            Of the matrix before it is smoothed.
        is_smoothed : bool
            Whether it was.
        pairs : ndarray of shape (n_pairs, 2)
            If asked for: the items of each row and column of ``covariance``.
        covariance : ndarray of shape (n_pairs, n_pairs)
            If asked for: covariances of the errors of the correlations.

    Raises
    ------
    ValueError
        Names a column that has one level, or too many, and two of which nothing is known.

    See Also
    --------
    OrdinalFactorAnalysis : Factors behind such items.

    References
    ----------
    .. [1] Olsson (1979), Maximum likelihood estimation of the polychoric correlation coefficient,
           Psychometrika 44, 443-460.
    .. [2] Joreskog (1994), On the estimation of polychoric correlations and their asymptotic
           covariance matrix, Psychometrika 59, 381-389.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz import polychoric_correlation
    >>> counts = [40, 10, 10, 40]  # of (0, 0), (0, 1), (1, 0) and (1, 1)
    >>> X = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], counts, axis=0)
    >>> result = polychoric_correlation(X)
    >>> result.correlation.round(3)  # sin(0.3 pi)
    array([[1.   , 0.809],
           [0.809, 1.   ]])
    >>> float(result.standard_error[0, 1].round(3))
    0.074
    """
    check_correction(correction)
    schema = schema_of_items(X)
    X, weights = rows_with_weight(X, sample_weight)
    if weights is not None:  # levels are those of rows that count
        schema = schema_of_items(X)
    items = items_of(schema.encode(X), schema, weights)
    found = Polychoric.of(items, schema.names, correction)
    found.warn_of_ends(schema.names)
    raw = found.matrix()
    smoother, lowest = smoothed(raw)
    R = smoother if smooth else raw
    if R is not raw:
        warn_of_smoothing(lowest)
    result = Result(
        correlation=R, standard_error=found.standard_errors(), thresholds=found.inner(),
        levels=list(schema.categories), lowest_eigenvalue=lowest, is_smoothed=R is not raw,
    )  # fmt: skip
    if return_covariance:
        result.pairs = np.column_stack(items.pairs)
        result.covariance = found.influences.covariance()
    return result


@dataclass(frozen=True)
class Polychoric:
    """Correlations (n_pairs,) of items, thresholds (n_items, most + 1), and `Influences`.

    items : `CrossTables`; `Items`, if errors are asked for.
    """

    items: object
    thresholds: np.ndarray
    correlation: np.ndarray
    influences: Influences

    @classmethod
    def of(cls, items, names, correction):
        """Those of the highest likelihood given the margins."""
        first, second = items.pairs
        thresholds, tables = items.thresholds(), items.tables()
        check_pairs(tables, items, names)
        levels = items.n_levels[first], items.n_levels[second]
        filled = fill_empty(tables, levels, correction)
        r = fit_correlations(filled, thresholds[first], thresholds[second])
        return cls(items, thresholds, r, Influences.of(items, thresholds, tables, r))

    def matrix(self):
        """The correlations, (n_items, n_items)."""
        return self._matrix(self.correlation, 1.0)

    def standard_errors(self):
        """Standard errors of the same, NaN at the ends of the range."""
        errors = np.where(self.ends, np.nan, np.sqrt(self.influences.variances()))
        return self._matrix(errors, 0.0)

    def _matrix(self, values, diagonal):
        result = np.full((len(self.thresholds),) * 2, diagonal)
        first, second = self.items.pairs
        result[first, second] = result[second, first] = values
        return result

    @property
    def ends(self):
        """Pairs whose likelihood rises up to -1 or 1."""
        return at_end(self.correlation)

    def inner(self):
        """Thresholds of each item, without infinite ones at the ends."""
        pairs = zip(self.thresholds, self.items.n_levels, strict=True)
        return [row[1:n].copy() for row, n in pairs]

    def threshold_errors(self):
        """Standard errors of the same, a list of arrays."""
        errors = self.influences.threshold_errors(self.thresholds)
        return [row[: n - 1].copy() for row, n in zip(errors, self.items.n_levels, strict=True)]

    def warn_of_ends(self, names):
        """Warn of pairs whose correlation cannot be told from -1 or 1."""
        ends = np.flatnonzero(self.ends)
        if not len(ends):
            return
        first, second = (side[ends[:_NAMED]] for side in self.items.pairs)
        pairs = [
            f"{named(a, names)} and {named(b, names)}" for a, b in zip(first, second, strict=True)
        ]
        more = ", ..." if len(ends) > _NAMED else ""
        notify(
            f"The correlations of {len(ends)} pair(s) of items are at the end of their range "
            f"({'; '.join(pairs)}{more}): one item is all but known from the other, or cells of "
            "their table are empty."
        )


def warn_of_smoothing(lowest):
    """Warn that a matrix was changed."""
    notify(
        f"The polychoric correlations make no correlation matrix (lowest eigenvalue {lowest:.3g}), "
        "so they were smoothed: there are few rows for so many items, or many missing values."
    )


def check_correction(correction):
    """Refuse what is no number from 0 on."""
    is_number = isinstance(correction, int | float) and not isinstance(correction, bool)
    if not is_number or not 0 <= correction < np.inf:
        raise ValueError(f"correction must be a number of at least 0, got {correction!r}.")
