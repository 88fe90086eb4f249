"""Label of a row as one more column of a mixed table, and the kinds of the others."""

import sys
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from ..estimators.frames import library_of, table_columns
from ..estimators.kinds import MOST_LEVELS
from ..units import FAMILIES

_COUNTS = {"poisson": "count"}  # what mixed tables call the columns that a word means


@dataclass(frozen=True)
class LabelColumn:
    """Last column of a table, with the codes of classes.

    It is the last so that all that is known of a row speaks of it at once where columns depend on
    those before them, and so that a missing label is a gap on which nothing depends.

    name : that no other column has, or its number where columns are numbered; n_classes : of its
    levels.
    """

    name: object
    n_classes: int

    @classmethod
    def of(cls, rows, n_classes):
        """A label column for some rows; or a ValueError where there cannot be one."""
        if n_classes < 2:
            raise ValueError("y holds one class only, but a classifier needs two classes or more.")
        if n_classes > MOST_LEVELS:
            raise ValueError(
                f"y holds {n_classes} classes, but at most {MOST_LEVELS} are allowed. Merge rare "
                "ones, or use GenerativeClassifier."
            )
        if library_of(rows) is None:
            return cls(rows.shape[1], n_classes)
        names = list(rows.columns)
        if not all(isinstance(name, str) for name in names):
            return cls(max(map(_whole, names)) + 1, n_classes)
        name = "label"
        while name in names:
            name += "_"
        return cls(name, n_classes)

    def beside(self, rows, codes):
        """A table of rows and their codes, (n_rows,) float64, NaN where a label is missing."""
        library = library_of(rows)
        if library == "pandas":
            table = rows.copy(deep=False)
            table[self.name] = codes
            return table
        if library == "polars":
            return rows.with_columns(sys.modules[library].Series(self.name, codes))
        return np.column_stack([rows, codes])

    def without(self, table):
        """The rows of such a table, and the codes, (n_rows,) int."""
        if library_of(table) is None:
            return table[:, :-1], table[:, -1].astype(int)
        codes = np.asarray(table[self.name]).astype(int)
        if library_of(table) == "pandas":
            return table.drop(columns=self.name), codes
        return table.drop(self.name), codes

    def visible(self, rows, said):
        """The parameter ``visible`` of a machine for such tables, a dict.

        said : what users say of the other columns by the same parameter. Columns of which they say
        nothing are what their types say; numbers are real, or bits if they are 0 and 1: few rows
        of whole numbers, or of two, do not mean that others have no more.
        """
        names, columns = table_columns(rows, "X")
        names = list(range(len(columns)) if names is None else names)
        kinds = {
            name: _kind_of_numbers(column)
            for name, column in zip(names, columns, strict=True)
            if column.levels is None and not column.holds_truths()
        }
        if isinstance(said, str):
            if said in FAMILIES:
                kinds = dict.fromkeys(names, _COUNTS.get(said, said))
        elif isinstance(said, dict):
            kinds |= said
        else:
            self._check_length(said, names)
            kinds = dict(zip(names, said, strict=True))
        return {**kinds, self.name: "bernoulli" if self.n_classes == 2 else "categorical"}

    @staticmethod
    def _check_length(said, names):
        if len(said) != len(names):
            raise ValueError(
                f"visible of the estimator has {len(said)} kinds, but X has {len(names)} columns: "
                "give one for each, or a dict of those that are not to be inferred."
            )


def _whole(name):
    """The name of a column, or a TypeError unless it is a whole number."""
    if not isinstance(name, Integral):
        raise TypeError(
            f"X has a column named {name!r}: names must all be text, or all whole numbers, such as "
            "those of `X.set_axis(range(X.shape[1]), axis=1)`."
        )
    return int(name)


def _kind_of_numbers(column):
    values = column.numbers()
    return "bernoulli" if set(values[~np.isnan(values)]) == {0, 1} else "real"
