"""Encodings: what stands between the user's columns and those of a machine."""

from dataclasses import dataclass, fields, replace

import numpy as np
import scipy.sparse

from ..columns import Binary, Categorical, Layout, Normal, Ordered
from ..rows import (
    Scaling,
    Table,
    TableLimits,
    Unscaled,
    has_missing,
    means,
    moments,
    slices,
    with_columns_in_order,
)
from ..units import AUTOMATIC, FAMILIES, DataUnits, Mixed, OneHot
from .tallies import tallied

_SPARSE = 1 / 8  # of the entries: below, lists of active rows are faster than tables of sums
LARGEST = 1e15  # of parameters, standard deviations and their inverses
_LARGEST_REAL = 1e300  # of columns of cells
_FARTHEST = 2.0**53  # of means: beyond, float64 does not hold all whole numbers


def named(column, feature_names=None):
    """A column by number, and by name where it has one."""
    return f"{column} ({feature_names[column]!r})" if feature_names is not None else f"{column}"


@dataclass(frozen=True)
class Encoding:
    """Encoding of columns of data as those of a machine, and back.

    family : the class of the units of the data; scaling : between the user's units of measurement
    and the machine's; fill_values : (n_features,) float32, what recognition sees of missing values,
    in the machine's units; is_listed : whether rows are lists of non-zero entries; feature_names :
    (n_features,) or None, in the user's order; order : (n_features,) the number that the user gives
    to each column of the machine, None for the same order. What touches columns of the machine,
    fill values and scaling among them, is in the order of these.
    """

    family: type[DataUnits | OneHot]
    scaling: Scaling | Unscaled | Layout
    fill_values: np.ndarray
    is_listed: bool = False
    feature_names: np.ndarray | None = None
    order: np.ndarray | None = None

    @property
    def n_features(self):
        """Columns of the user's data."""
        if isinstance(self.scaling, Layout):
            return self.scaling.n_columns
        return len(self.fill_values)

    def given(self, of_columns):
        """An array whose last axis is columns of the machine, with these in the user's order."""
        return of_columns if self.order is None else of_columns[..., np.argsort(self.order)]

    def restore(self, values):
        """Rows of the machine, (n_rows, n_features), in the user's order and units."""
        return self.given(self.scaling.restore(values))

    def cell_volumes(self, data):
        """Nats that turn log-densities of rows into log-probabilities of their cells, (n_rows,).

        NaN where an observed value has no cell. Values that are not binary have one in mixed
        columns only.
        """
        n_rows = data.shape[0]
        if isinstance(self.scaling, Layout):
            return np.where(np.isnan(data), 0.0, self.scaling.cell_volumes).sum(axis=1)
        return np.full(n_rows, 0.0 if self.family.is_counted else np.nan)

    def table(self, data, summary=None, weights=None):
        """Data as a `Table`, or a ValueError where values are none that units take.

        data : array or CSR matrix, as scikit-learn validated it; summary : its `TableSummary`, if
        known; weights : (n_rows,) or None.
        """
        if summary is None and self.family.support.is_everything:
            fill_values = self.fill_values if has_missing(data) else None
            return Table(
                self._in_order(data), False, self.scaling, fill_values=fill_values, weights=weights,
                is_kept=self._keeps(data),
            )  # fmt: skip
        summary = summary or TableLimits.of(data)
        _check_support(self.family, data, summary, self.feature_names)
        unscaled = isinstance(self.scaling, Unscaled)
        is_binary = self.family.is_binary and summary.is_binary
        support = self.family.support
        return Table(
            self._in_order(data),
            is_binary=is_binary,
            scaling=self.scaling,
            is_listed=self.is_listed and unscaled,
            fill_values=self.fill_values if summary.has_missing else None,
            is_rounded=support.is_missed_by_rounding(summary),
            weights=weights,
            is_kept=self._keeps(data),
        )

    def _in_order(self, data):
        """Data with the columns in the machine's order."""
        return data if self.order is None else with_columns_in_order(data, self.order)

    def _keeps(self, data):
        """Whether rows of data are to be kept as the machine has them."""
        return not isinstance(self.scaling, Unscaled) and self.scaling.keeps(data)


def _check_support(family, data, summary, feature_names):
    """Refuse values that units do not take, by column and value."""
    support = family.support
    if support.holds(summary):
        return
    columns = np.full(data.shape[1], False)
    for chunk, numbers in _with_columns(data):
        columns[numbers[support.misses(chunk)]] = True
    column = np.flatnonzero(columns)[0]
    value = _worst(data, column, support)
    raise ValueError(
        f"Column {named(column, feature_names)} of X holds the value {value!r}, but "
        f"{family.__name__} visible units take {support.name}. {support.remedy}"
    )


def _with_columns(data):
    """Values some at a time, and the number of the column of each."""
    for piece in slices(data):
        if scipy.sparse.issparse(piece):
            yield piece.data, piece.indices
        else:
            yield piece, np.broadcast_to(np.arange(data.shape[1]), piece.shape)


def _worst(data, column, support):
    """The value of a column that is farthest outside a support, a float."""
    values = data[:, [column]]
    values = (values.toarray() if scipy.sparse.issparse(values) else values)[:, 0]
    outside = values[support.misses(values)]
    below = support.low is not None and outside.min() < support.low
    return float(outside.min() if below else outside.max())


def choose_family(visible, summary):
    """The class of units that a word for ``visible`` means for data of which a summary is given.

    ``"auto"`` is the first of `AUTOMATIC` that suits all values.
    """
    if visible != "auto":
        return FAMILIES[visible]
    return next(family for family in AUTOMATIC if family.support.suits(summary))


def fit_encoding(family, data, summary, indices, weights=None, feature_names=None):
    """An `Encoding` for data, and the units and intercept that learning begins with.

    indices : numbers of the rows to learn from, in each of which something is known; weights :
    (n_rows,) of all rows, or None. A ValueError names a column that has no value, or values whose
    squares are lost.
    """
    _check_support(family, data, summary, feature_names)
    if family.standardises:
        mean, variance, counts, remainder, constant = _moments(data, indices, weights)
        _check_observed(counts, feature_names)
        scaling = _scaling(mean, variance, remainder, constant, feature_names)
        centres = np.zeros(len(mean))
    else:
        scaling = Unscaled()
        centres, counts = _means(data, summary, indices, weights)
        _check_observed(counts, feature_names)
    units, intercept = family.initial(centres, counts)
    fill_values = centres.astype(np.float32)
    is_listed = summary.density < _SPARSE
    return Encoding(family, scaling, fill_values, is_listed, feature_names), units, intercept


def reorder(encoding, units, intercept, order):
    """The same `Encoding`, units and intercept of a machine that has columns in another order.

    order : (n_features,) as of an `Encoding`; columns have no order yet. Not for mixed columns.
    """
    encoding = replace(
        encoding, scaling=_ordered(encoding.scaling, order), order=order,
        fill_values=encoding.fill_values[order],
    )  # fmt: skip
    return encoding, _ordered(units, order), np.asarray(intercept)[order]


def _ordered(value, order):
    """A value whose arrays have an entry for each column, with these in another order."""
    arrays = {field.name: getattr(value, field.name) for field in fields(value)}
    return replace(value, **{name: a[order] for name, a in arrays.items() if np.ndim(a)})


def fit_mixed_encoding(
    kinds, n_levels, resolutions, data, indices, weights, feature_names, family=Mixed
):  # fmt: skip
    """As `fit_encoding`, of mixed columns: levels counted from 0, and numbers.

    kinds, n_levels, resolutions : of each column, the latter two None where it has none, or where
    it is to be found; family : of the units.
    """
    columns, are_numbers = [None] * len(kinds), [levels is None for levels in n_levels]
    for j, tally in tallied(data, are_numbers, indices, weights):
        if not tally.n_rows:
            refuse_empty(j, feature_names)
        if kinds[j] in _CHECK:
            _CHECK[kinds[j]](tally.values, named(j, feature_names))
        fit = _FIT[kinds[j]]
        columns[j] = fit(tally.values, tally.counts, n_levels[j], resolutions[j])
    units, intercept = family.of(columns)
    layout = units.layout
    return Encoding(family, layout, layout.code_means, False, feature_names), units, intercept


def fit_one_hot_encoding(kinds, *description):
    """As `fit_mixed_encoding`, where levels have no order, and real numbers are normal."""
    return fit_mixed_encoding([_ONE_HOT.get(kind, kind) for kind in kinds], *description, OneHot)


def _check_distances(values, label):
    """Refuse real numbers of which float64 does not hold the distances."""
    size = np.abs(values).max()
    if size > _LARGEST_REAL:
        raise ValueError(
            f"Column {label} of X has a magnitude out of range: it holds {size:g}, and 'real' "
            f"columns numbers up to {_LARGEST_REAL:g}. Rescale it."
        )


def _check_squares(values, label):
    """Refuse real numbers whose squares are lost."""
    spread = values.max() / 2 - values.min() / 2
    if np.abs(values).max() > _FARTHEST or (spread and not 1 / LARGEST <= spread <= LARGEST):
        raise ValueError(
            f"Column {label} of X has a magnitude out of range: values beyond +-{_FARTHEST:g}, or "
            f"a spread outside [{1 / LARGEST:g}, {LARGEST:g}]. Rescale it, or let it be 'real'."
        )


_ONE_HOT = {"ordinal": "categorical", "real": "gaussian"}  # kinds of columns that are learnt so
_CHECK = {"real": _check_distances, "gaussian": _check_squares}
_FIT = {
    "bernoulli": lambda values, weights, levels, resolution: Binary.fit(values, weights),
    "categorical": lambda values, weights, levels, resolution: Categorical.fit(
        values, weights, levels
    ),
    "ordinal": lambda values, weights, levels, resolution: Ordered.fit_levels(
        values, weights, levels
    ),
    "count": lambda values, weights, levels, resolution: Ordered.fit_counts(values, weights),
    "real": lambda values, weights, levels, resolution: Ordered.fit_reals(
        values, weights, resolution
    ),
    "gaussian": lambda values, weights, levels, resolution: Normal.fit(values, weights),
}


def _means(data, summary, indices, weights):
    """Means and numbers of values, from the summary if all rows that are known count."""
    if weights is None and len(indices) == len(summary.known_rows):
        with np.errstate(invalid="ignore"):
            return summary.totals / summary.counts, summary.counts
    return means(data, indices, weights)


def _moments(data, indices, weights):
    with np.errstate(over="ignore", invalid="ignore"):
        return moments(data, indices, weights)


def _scaling(mean, variance, remainder, constant, feature_names):
    """The standardisation of real features; constant ones keep their scale."""
    with np.errstate(over="ignore", invalid="ignore"):
        scale = np.where(constant, 1.0, np.sqrt(variance))
    is_near = (np.abs(mean) <= _FARTHEST) & (scale <= LARGEST)
    bad = np.flatnonzero(~(is_near & (scale >= 1 / LARGEST)))
    if len(bad):
        raise ValueError(
            f"Column {named(bad[0], feature_names)} of X has a magnitude out of range: a mean "
            f"beyond +-{_FARTHEST:g}, or a standard deviation outside [{1 / LARGEST:g}, "
            f"{LARGEST:g}]. Rescale the data, for example with "
            "sklearn.preprocessing.StandardScaler."
        )
    return Scaling(mean, scale, remainder)


def _check_observed(counts, feature_names):
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        refuse_empty(empty[0], feature_names)


def refuse_empty(column, feature_names):
    """Refuse a column without any value to learn from."""
    raise ValueError(
        f"Every value of column {named(column, feature_names)} of X is missing (NaN): there is "
        "nothing to learn of it. Leave the column out."
    )
