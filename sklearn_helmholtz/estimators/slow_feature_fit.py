"""Fits of slow features: moments of sequences, and starts of dynamic factor models."""

from dataclasses import dataclass

import numpy as np

from ..factors import SecondMoments, observed_columns
from ..models import check_columns, named
from ..rows import dense_rows, has_missing
from ..sequences import (
    Differences,
    DynamicFactorFit,
    DynamicFactors,
    fit_dynamic_factors,
    slow_features,
)
from .notices import notify

_LEAST_SHARE = 0.01  # of a variance that is noise to begin with
_MOST_PERSISTENT = 0.999  # that features are to begin with
_NAMED = 5  # columns in a warning


@dataclass(frozen=True)
class SequenceMoments:
    """Second moments of rows, and of the differences of rows a lag apart."""

    rows: SecondMoments
    differences: Differences

    @classmethod
    def of(cls, X, sequences, lag):
        """Those of some sequences."""
        first = cls(SecondMoments.about(X), Differences.none(X.shape[1], lag))
        return first.plus(X, sequences)

    def plus(self, X, sequences):
        """The same with those of further sequences."""
        return SequenceMoments(self.rows.plus(X), self.differences.plus(X, sequences))

    def solve(self):
        """The `SlowFeatures`, as many as there are directions."""
        covariance = self.rows.covariance()
        return slow_features(covariance, self.differences.mean(), self.rows.n_rows)


@dataclass(frozen=True)
class SequenceFit:
    """A `DynamicFactors` of all columns, and how it was found.

    found : the `DynamicFactorFit` of the columns that vary; rank : of the rows; vanishing : numbers
    of the columns whose noise would vanish.
    """

    machine: DynamicFactors
    found: DynamicFactorFit
    rank: int
    vanishing: np.ndarray


def slowest(found, n_components):
    """The first of some `SlowFeatures`, or a ValueError where there are not so many.

    n_components : how many, or None for all.
    """
    p = found.filters.shape[1]
    if n_components is not None and n_components > p:
        raise ValueError(
            f"n_components={n_components} must be at most the number of features, {p}."
        )
    if found.rank == 0:
        raise ValueError("No column of X varies: there are no features that could be slow.")
    if n_components is not None and n_components > found.rank:
        raise ValueError(
            f"n_components={n_components} must be at most the rank of the data: the rows vary in "
            f"{found.rank} of {p} directions."
        )
    return found.first(n_components)


def warn_of_rank(rank, columns, names):
    """Warn where rows do not vary in all directions; columns : a `Columns`; names : or None."""
    p, constant = len(columns.mean), np.flatnonzero(columns.constant)
    if rank == p:
        return
    columns = [named(column, names) for column in constant[:_NAMED]]
    more = ", ..." if len(constant) > _NAMED else ""
    which = f" Columns that are constant: {', '.join(columns)}{more}." if columns else ""
    notify(
        f"The rows vary in {rank} of {p} directions: features are looked for in these, and "
        f"{p - rank} without variance were dropped.{which}"
    )


def fit_factors(X, sequences, n_components, tol, max_iter, names):
    """The `SequenceFit` of sequences of rows.

    Values may be missing. Columns that are constant learn nothing: as noise they get the variance
    that one deviating row would give them.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        columns = observed_columns(X, np.ones(X.shape[0]))
    check_columns(columns, X, names)
    whole = _interpolated(X, sequences, columns.mean) if has_missing(X) else X
    moments = SequenceMoments.of(whole, sequences, 1)
    found = slowest(moments.solve(), n_components)
    varies = np.flatnonzero(~columns.constant)
    start = _start(found, moments.rows.covariance(), columns.mean, varies)
    data = X if len(varies) == X.shape[1] else X[:, varies]
    fit = fit_dynamic_factors(start, data, sequences, columns.variance[varies], tol, max_iter)
    machine = _of_all_columns(fit.machine, columns, varies)
    return SequenceFit(machine, fit, found.rank, varies[fit.vanishing])


def _start(found, covariance, mean, varies):
    """The machine whose features are those of the closed form, with noise in what they leave."""
    variances = np.diag(covariance)
    loadings = found.mixing.T
    noise = np.maximum(variances - (loadings**2).sum(axis=0), _LEAST_SHARE * variances)
    persistence = np.clip(1 - found.deltas / 2, -_MOST_PERSISTENT, _MOST_PERSISTENT)
    return DynamicFactors(mean[varies], loadings[:, varies], noise[varies], persistence)


def _of_all_columns(machine, columns, varies):
    """The machine with the columns that are constant."""
    p, k = len(columns.mean), len(machine.persistence)
    if len(varies) == p:
        return machine
    mean, loadings, noise = columns.mean.copy(), np.zeros((k, p)), columns.stand_in()
    mean[varies], loadings[:, varies], noise[varies] = machine.mean, machine.loadings, machine.noise
    return DynamicFactors(mean, loadings, noise, machine.persistence)


def _interpolated(X, sequences, means):
    """Rows with straight lines in the place of gaps, for a start; means : where all is missing."""
    X = dense_rows(X, slice(None)).copy()
    times = np.arange(len(X))
    for start, n_rows in zip(sequences.starts, sequences.lengths, strict=True):
        place = slice(start, start + n_rows)
        for column in range(X.shape[1]):
            x = X[place, column]
            missing = np.isnan(x)
            if missing.all():
                x[:] = means[column]
            elif missing.any():
                t = times[place]
                x[missing] = np.interp(t[missing], t[~missing], x[~missing])
    return X
