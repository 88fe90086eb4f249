"""Surveys of tables: as much of their columns as schemas depend on, found part by part."""

from dataclasses import dataclass, replace

import numpy as np

from ..columns import Census, united_levels
from .frames import library_of, listing, table_columns
from .given_columns import Column, shown


@dataclass(frozen=True, eq=False)
class ColumnSurvey:
    """Survey of a column: its type and levels, and the `Census` of what it holds.

    column : `Column` without rows; holds_truths : whether it holds True and False and nothing else;
    is_agreed : whether all parts of the table list the same levels, in one order.
    """

    column: Column
    census: Census
    holds_truths: bool
    is_agreed: bool = True

    @classmethod
    def of(cls, column):
        """The survey of a `Column`, or an error that names a value that is no number."""
        values = column.numbers() if column.levels is None else column.values
        bare = replace(column, values=column.values[:0])
        return cls(bare, Census.of(values), column.holds_truths())

    @classmethod
    def united(cls, parts):
        """The survey of a column of all parts of a table, in their order."""
        known = [part for part in parts if part.census.n_known]
        census = Census.united([part.census for part in parts])
        truths = bool(known) and all(part.holds_truths for part in known)
        column, is_agreed = parts[0].column, all(part.is_agreed for part in parts)
        if column.levels is not None:
            column, is_alike = _listing_all([part.column for part in parts])
            is_agreed = is_agreed and is_alike
        return cls(column, census, truths, is_agreed)


@dataclass(frozen=True, eq=False)
class Survey:
    """Survey of a table: its names, None of arrays, the library of DataFrames, and its columns.

    columns : a tuple of `ColumnSurvey`.
    """

    names: tuple | None
    library: str | None
    n_rows: int
    columns: tuple

    @classmethod
    def of(cls, X):
        """The survey of a DataFrame of pandas or polars, an array or nested lists."""
        names, columns = table_columns(X, "X")
        n_rows = len(columns[0].values) if columns else len(X)
        return cls(names, library_of(X), n_rows, tuple(map(ColumnSurvey.of, columns)))

    @classmethod
    def united(cls, parts):
        """The survey of a table from those of its parts, which have the same columns, in order."""
        columns = zip(*(part.columns for part in parts), strict=True)
        n_rows = sum(part.n_rows for part in parts)
        return replace(
            parts[0], n_rows=n_rows, columns=tuple(map(ColumnSurvey.united, columns))
        )  # fmt: skip


def _listing_all(columns):
    """A `Column` with the levels of several of categories, and whether all list the same.

    Levels come in the order in which parts of the table list them, sorted where no type lists them.
    """
    columns = [column for column in columns if len(column.levels)] or columns[:1]
    first, lists = columns[0], [column.levels.tolist() for column in columns]
    for column, levels in zip(columns[1:], lists[1:], strict=True):
        _check_alike(first, column, levels != lists[0])
    if all(levels == lists[0] for levels in lists):
        return first, True
    levels = united_levels([column.levels for column in columns])
    if not first.is_declared:
        levels = np.sort(levels)
    return replace(first, levels=levels, dtype=listing(first.dtype, levels)), False


def _check_alike(first, column, differs):
    """Refuse parts of a column whose levels cannot be united; differs : whether they differ."""
    if column.levels.dtype.kind != first.levels.dtype.kind:
        raise ValueError(
            f"{first} has categories of different types in different partitions, such as "
            f"{shown(first.levels[0])} in one and {shown(column.levels[0])} in another: make them "
            "of one type, with X.astype or X.categorize."
        )
    if column.is_ordered != first.is_ordered:
        raise ValueError(
            f"{first} has ordered categories in some partitions, and others in the rest: give all "
            "the same type, with X.astype."
        )
    if differs and first.is_ordered:
        raise ValueError(
            f"{first} has ordered categories, but its partitions list others, or in another order: "
            f"{_listed(first)} and {_listed(column)}. Give all the same type, with X.astype."
        )


def _listed(column, most=4):
    """The levels of a column as messages show them."""
    rest = " < ..." if len(column.levels) > most else ""
    return " < ".join(map(shown, column.levels[:most])) + rest
