"""Columns of tables with gaps: the values that were observed, and those that were imputed."""

from dataclasses import dataclass

import numpy as np

from ..estimators.frames import table_columns
from ..estimators.given_columns import as_objects
from ..estimators.labels import index_of

_MOST_LEVELS = 12  # whole numbers of more values are drawn as a histogram
_MOST_BARS = 12
_MOST_BINS = 40


@dataclass(frozen=True)
class ImputedColumn:
    """Observed and imputed values of a column.

    name : of the column; observed : (n_observed,); imputed : (n_imputations, n_missing); levels :
    of which all values are, in order, or None where they are real numbers.
    """

    name: str
    observed: np.ndarray
    imputed: np.ndarray
    levels: list | None

    def shares(self):
        """Names of bars, shares of the observed values, and of those of each imputation.

        Of many levels the rarest are one bar together, the last.
        """
        observed = np.array([np.sum(self.observed == level) for level in self.levels])
        imputed = np.array([(self.imputed == level).sum(axis=1) for level in self.levels])
        names = [_shown(level) for level in self.levels]
        if len(names) > _MOST_BARS:
            order = np.argsort(-(observed + imputed.sum(axis=1)), kind="stable")
            kept, others = np.sort(order[: _MOST_BARS - 1]), order[_MOST_BARS - 1 :]
            names = [names[place] for place in kept] + ["others"]
            observed = np.append(observed[kept], observed[others].sum())
            imputed = np.vstack([imputed[kept], imputed[others].sum(axis=0)])
        n_observed = max(len(self.observed), 1)
        return names, observed / n_observed, imputed.T / self.imputed.shape[1]

    def densities(self):
        """Edges of bins, densities of the observed values in them, and of each imputation."""
        values = np.concatenate([self.observed, self.imputed.ravel()])
        edges = _edges(values)
        densities = [_density(draws, edges) for draws in self.imputed]
        return edges, _density(self.observed, edges), np.array(densities)


def imputed_columns(X, tables, columns=None, most=9):
    """`ImputedColumn` of each of some columns.

    X : with gaps; tables : the same filled in, at least one; columns : names or numbers, or None
    for those with the most gaps.

    Raises
    ------
    TypeError, ValueError
        Where tables do not fit X, or a column is unknown or has no gaps.
    """
    names, given = table_columns(X, "X")
    names = [f"x{number}" for number in range(len(given))] if names is None else list(names)
    missing = np.array([column.missing() for column in given])
    filled = [
        _filled(table, f"imputations[{number}]", missing.shape, X)
        for number, table in enumerate(tables)
    ]
    chosen = _chosen(columns, names, missing.sum(axis=1), most)
    return [
        _column(str(names[j]), given[j], [table[j] for table in filled], missing[j]) for j in chosen
    ]


def _filled(table, name, shape, X):
    """The columns of a table that has to be of the shape of another, X, and in its order."""
    labels, columns = table_columns(table, name)
    n_rows = len(columns[0].values) if columns else 0
    if (len(columns), n_rows) != shape:
        raise ValueError(
            f"{name} must have {shape[1]} rows and {shape[0]} columns as X has, got {n_rows} and "
            f"{len(columns)}."
        )
    _check_order("columns", name, labels, table_columns(X, "X")[0])
    _check_order("rows", name, index_of(table), index_of(X))
    return columns


def _check_order(what, name, found, expected):
    """Refuse the labels of a table that has those of X in another order; None where none are."""
    if found is None or expected is None or list(found) == list(expected):
        return
    if sorted(map(repr, found)) == sorted(map(repr, expected)):
        raise ValueError(f"{name} has the {what} of X in another order: give both in the same.")


def _chosen(columns, names, n_missing, most):
    """Numbers of the columns asked for, or of those with the most gaps, in order."""
    if not n_missing.any():
        raise ValueError("X has no missing values: there are no imputed ones to draw.")
    if columns is None:
        gaps = np.argsort(-n_missing, kind="stable")[:most]
        return [int(j) for j in np.sort(gaps) if n_missing[j]]
    columns = [columns] if isinstance(columns, str | int | np.integer) else list(columns)
    if not columns:
        raise ValueError("columns must name at least one column, got none.")
    return [_number(column, names, n_missing) for column in columns]


def _number(column, names, n_missing):
    """The number of a column that is named or numbered and has gaps, or a ValueError."""
    is_number = isinstance(column, int | np.integer) and not isinstance(column, bool)
    if column in names:
        number = names.index(column)
    elif is_number and 0 <= column < len(names):
        number = int(column)
    else:
        raise ValueError(
            f"columns must hold names of X or numbers from 0 to {len(names) - 1}, got {column!r}."
        )
    if not n_missing[number]:
        raise ValueError(f"columns must have missing values, but {column!r} has none.")
    return number


def _column(name, given, filled, missing):
    """An `ImputedColumn` of a column with gaps, and of the same in each imputation."""
    observed = _values(given)[~missing]
    imputed = [_values(column)[missing] for column in filled]
    for column, values in zip(filled, imputed, strict=True):
        if any(value is None or value != value for value in values):
            raise ValueError(f"{column} has missing values left: impute them all.")
    is_text = observed.dtype == object or any(values.dtype == object for values in imputed)
    if is_text:
        levels = list(given.levels) if given.levels is not None else []
        rest = {value for values in (observed, *imputed) for value in values} - set(levels)
        return ImputedColumn(name, observed, np.array(imputed), levels + sorted(rest, key=str))
    distinct = np.unique(np.concatenate([observed, *imputed]))
    is_discrete = len(distinct) <= _MOST_LEVELS and (distinct == np.rint(distinct)).all()
    return ImputedColumn(name, observed, np.array(imputed), list(distinct) if is_discrete else None)


def _values(column):
    """The values of a `Column`: floats with NaN where missing, or objects where they are text."""
    if column.levels is not None:
        places = np.where(np.isnan(column.values), -1, column.values).astype(int)
        return as_objects([*column.levels, None])[places]
    if column.values.dtype != object:
        return column.values
    is_text = any(isinstance(value, str) for value in column.values[~column.missing()])
    return column.values if is_text else column.numbers()


def _edges(values):
    """Edges of bins, of equal numbers of whole ones where all values are whole."""
    edges = np.histogram_bin_edges(values, "auto")
    if len(edges) > _MOST_BINS + 1:
        edges = np.histogram_bin_edges(values, _MOST_BINS)
    if (values != np.rint(values)).any():
        return edges
    width = max(1.0, np.ceil(edges[1] - edges[0]))
    return np.arange(values.min() - 0.5, values.max() + width, width)


def _density(values, edges):
    """The density of values in bins; zero where there are none."""
    counts = np.histogram(values, edges)[0]
    return counts / max(counts.sum(), 1) / np.diff(edges)


def _shown(level):
    """A level as a name: whole numbers without a point."""
    if isinstance(level, float | np.floating):
        return f"{level:g}"
    return str(level)
