"""Columns of tables, each for itself: numbers, places in a list of levels, or objects."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import scipy.sparse

from ..models import named
from .tables import as_numbers, column_numbers, is_missing, is_table

FARTHEST = 2**53  # beyond, float64 does not hold all whole numbers
_NUMBERS = "biuf"  # the kinds of NumPy's types of numbers


@dataclass(frozen=True)
class Column:
    """A column of a table.

    label : its number, and its name if it has one; table : the name of the parameter that it is of,
    for messages both; values : (n_rows,) float64, NaN where missing, of numbers and of places in
    ``levels``, or objects that may be anything; levels : (n_levels,) of a column of categories,
    None of others; is_ordered : whether its type says that levels are in order; is_declared :
    whether its type lists the levels; is_bool : whether its type says that it is true or false;
    dtype : its type in its library, None in arrays; remedy : an expression that makes categories
    of its text.
    """

    label: str
    table: str
    values: np.ndarray
    levels: np.ndarray | None = None
    is_ordered: bool = False
    is_declared: bool = True
    is_bool: bool = False
    dtype: object = None
    remedy: str | None = None

    def __str__(self):
        return f"Column {self.label} of {self.table}"

    def missing(self):
        """Flags of the values that are missing, (n_rows,)."""
        return is_missing(self.values)

    def holds_truths(self):
        """Whether it holds True and False and nothing else."""
        if self.values.dtype != object:
            return self.is_bool
        known = self.values[~self.missing()]
        return len(known) > 0 and all(isinstance(value, bool | np.bool_) for value in known)

    def numbers(self, advice=None):
        """Its values as float64, NaN where missing, or an error that names one that is no number.

        Text is none, though arrays may spell numbers: their columns have no types of their own.

        advice : on what to do about text, for messages; to make categories of it, if None.
        """
        values = self.values
        if values.dtype == object:
            self._check_text(advice)
            values = column_numbers(values, self.label, self.table)
            self._check_far(values)
        if np.isinf(values).any():
            raise ValueError(f"{self} holds infinity. Values must be finite, or NaN if missing.")
        return values

    def _check_text(self, advice):
        advice = advice or f"Make it a column of categories, with {self.remedy}, or leave it out."
        for value in self.values:
            if isinstance(value, str) and not (self.dtype is None and _spells_number(value)):
                raise ValueError(
                    f"{self} holds {shown(value)} (text), which is not a number. {advice}"
                )

    def _check_far(self, numbers):
        """Refuse Python's whole numbers that float64 does not hold."""
        for place in np.flatnonzero(np.abs(numbers) >= FARTHEST):
            if isinstance(self.values[place], Integral):
                check_near(self, int(self.values[place]))


def check_near(column, *values):
    """Refuse whole numbers that float64 does not hold."""
    for value in values:
        if abs(value) > FARTHEST:
            raise ValueError(
                f"{column} holds the whole number {value}, but whole numbers must lie between "
                "-2**53 and 2**53, as float64 does not hold all beyond. Rescale it, or leave it "
                "out if it is an identifier."
            )


def shown(value):
    """A value as messages show it."""
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _spells_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_objects(values):
    """Values of any kind as an array of objects, (n_rows,): none becomes a column of its own."""
    values = list(values)
    return np.fromiter(values, dtype=object, count=len(values))


def array_columns(X, table, names=None):
    """The columns of an array or of nested lists.

    names : what messages call the columns; by number if None.
    """
    X = _as_array(X, table)
    names = names if names is not None and len(names) == X.shape[1] else None
    columns = []
    for number, values in enumerate(X.T):
        where = named(number, names), table
        if X.dtype.kind in _NUMBERS:
            column = Column(*where, values.astype(np.float64), is_bool=X.dtype.kind == "b")
            if X.dtype.kind in "iu" and len(values):
                check_near(column, int(values.min()), int(values.max()))
        else:
            column = Column(*where, as_objects(values), remedy=_remedy(number))
        columns.append(column)
    return columns


def _remedy(number):
    return f'`pd.DataFrame(X).infer_objects().astype({{{number}: "category"}})`'


def _as_array(X, table):
    """A table that is no DataFrame as an array, (n_rows, n_columns)."""
    _check_form(X, table)
    if isinstance(X, list | tuple) and any(np.ma.isMaskedArray(row) for row in X):
        X = np.ma.stack([np.ma.asarray(row) for row in X])
    if np.ma.isMaskedArray(X):
        data, mask = np.ma.getdata(X), np.ma.getmaskarray(X)
        X = np.where(mask, np.nan, data.astype(object)) if mask.any() else data
    if _is_ragged(X):
        as_numbers(X, table)  # names the rows
    given, X = X, np.asarray(X)
    if X.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {table} holds complex numbers.")
    if X.dtype.kind == "V":
        raise TypeError(f"{table} holds records: give a DataFrame, `pd.DataFrame({table})`.")
    if X.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got {X.ndim}D array instead: {table} must have rows and columns. "
            "Reshape your data."
        )
    is_list = isinstance(given, list | tuple)  # of which NumPy would make text, or cut numbers off
    return np.array(given, dtype=object) if is_list and X.dtype.kind not in "iub" else X


def _is_ragged(X):
    """Whether lists have rows of different lengths."""
    lengths = {len(row) for row in X if hasattr(row, "__len__")} if isinstance(X, list) else ()
    return len(lengths) > 1


def _check_form(X, table):
    """Refuse what is no table, or one of another form."""
    if scipy.sparse.issparse(X):
        raise TypeError(
            f"{table} is a sparse matrix, but columns of different kinds take dense tables only: "
            f"give {table}.toarray()."
        )
    is_framed = hasattr(type(X), "columns") or hasattr(type(X), "column_names")
    if is_framed or not is_table(X):
        raise TypeError(
            f"{table} must be a DataFrame of pandas or polars, or an array, got "
            f"{type(X).__module__.split('.')[0]}.{type(X).__name__}."
        )


def as_places(values, n_levels):
    """Places of levels, float64 with NaN where missing, as integers with -1 where missing."""
    places = np.where(np.isnan(values), -1, values).astype(np.intp)
    if not np.isin(values[~np.isnan(values)], np.arange(n_levels)).all():
        raise ValueError(f"Codes of levels must be whole numbers from 0 to {n_levels - 1}, or NaN.")
    return places


def taken(levels, values, missing):
    """Levels at places, which are float64 with NaN where missing."""
    return np.append(levels, [missing])[as_places(values, len(levels))]


def taken_numbers(levels, values):
    """Numbers: levels that are some at places, or values as they are where there are no levels."""
    return values if levels is None else taken(levels.astype(np.float64), values, np.nan)
