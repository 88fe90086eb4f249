"""Schemas of mixed tables: between tables as people have them and codes, in both directions."""

from dataclasses import dataclass

import numpy as np

from ..models import named
from .frame_types import frame_type, plain_type
from .frames import build_frame, table_columns
from .given_columns import Column, as_objects, shown, taken, taken_numbers
from .kinds import BINARY, check_counts, kind_and_levels, said_kinds
from .labels import by_label
from .surveys import Survey
from .tables import is_missing

_MOST_SHOWN = 6  # of the levels, in messages


@dataclass(frozen=True, eq=False)
class Schema:
    """Schema of a mixed table: what its columns are.

    Codes are float64, NaN where a value is missing: places in the list of levels, where a column
    has one, and the numbers themselves where it has none.

    names : of the columns, None for arrays, whose columns are numbered; kinds : one of `KINDS` for
    each column; categories : levels in order, (n_levels,), of each bernoulli (two), categorical and
    ordinal column, None of others; resolutions : as users handed them in, or None; library : that
    of the tables that `decode` returns, None for arrays; dtypes : of the columns in it, None where
    float64 is to do; is_labelled : whether columns were of categories, not of numbers.

    Examples
    --------
    >>> from sklearn_helmholtz.estimators.schema import Schema
    >>> X = [[1, 0.5, True], [2, 0.25, False], [2, None, True]]
    >>> schema = Schema.infer(X, "mixed")
    >>> schema.kinds
    ('bernoulli', 'bernoulli', 'bernoulli')
    >>> schema.encode(X)
    array([[ 0.,  1.,  1.],
           [ 1.,  0.,  0.],
           [ 1., nan,  1.]])
    """

    names: tuple | None
    kinds: tuple
    categories: tuple
    resolutions: tuple
    library: str | None = None
    dtypes: tuple = ()
    is_labelled: tuple = ()

    def __eq__(self, other):
        if not isinstance(other, Schema):
            return NotImplemented
        return self._plain() == other._plain()

    def __hash__(self):
        return hash((self.names, self.kinds, self.resolutions))

    def _plain(self):
        levels = [None if c is None else (c.dtype, c.tolist()) for c in self.categories]
        parts = self.names, self.kinds, self.resolutions, self.library, self.dtypes
        return *parts, self.is_labelled, levels

    def __getstate__(self):
        """All fields, types of columns in plain form where they have one: no code of a library."""
        return {**vars(self), "dtypes": tuple(self._plain_types())}

    def __setstate__(self, state):
        library, dtypes = state["library"], state["dtypes"]
        dtypes = tuple(frame_type(d, library) if isinstance(d, str | dict) else d for d in dtypes)
        vars(self).update({**state, "dtypes": dtypes})

    def _plain_types(self):
        for number, dtype in enumerate(self.dtypes):
            try:
                yield plain_type(dtype, self.library, named(number, self.names))
            except ValueError:  # pickles have a form for it all the same
                yield dtype

    @classmethod
    def infer(cls, X, visible="mixed"):
        """The schema of training data.

        X : DataFrame of pandas or polars, array or nested lists; visible : ``"mixed"``, or a dict
        or sequence of kinds or pairs ``("real", resolution)``.

        Raises
        ------
        TypeError, ValueError
            Names what in ``visible`` means no column or kind, or the first column that does not
            hold what it should.
        """
        return cls.of_survey(Survey.of(X), visible)

    @classmethod
    def of_survey(cls, survey, visible="mixed"):
        """The same of a `Survey` of training data."""
        _check_some(survey)
        names, surveys = survey.names, survey.columns
        said = said_kinds(visible, len(surveys), names)
        found = [
            kind_and_levels(own, number, names, kind)
            for number, (own, (kind, _)) in enumerate(zip(surveys, said, strict=True))
        ]
        kinds, categories = zip(*found, strict=True)
        columns = [own.column for own in surveys]
        pairs = zip(columns, categories, strict=True)
        dtypes = [None if c.is_bool and levels is None else c.dtype for c, levels in pairs]
        is_labelled = tuple(column.levels is not None for column in columns)
        resolutions = tuple(resolution for _, resolution in said)
        rest = survey.library, tuple(dtypes), is_labelled
        return cls(names, kinds, categories, resolutions, *rest)

    def agrees(self, visible):
        """Whether a dict or sequence of kinds and resolutions says nothing else than these."""
        said = said_kinds(visible, len(self.kinds), self.names)
        fitted = zip(self.kinds, self.resolutions, strict=True)
        return all(
            kind in (None, own) and resolution in (None, width)
            for (kind, resolution), (own, width) in zip(said, fitted, strict=True)
        )

    @property
    def is_binary(self):
        """Whether all columns have two values."""
        return set(self.kinds) == {BINARY}

    def encode(self, X, name="X"):
        """A table as codes, (n_rows, n_columns) float64.

        Columns of categories take text that is one of their levels, too. Arrays go by position
        where the training data had names.

        Raises
        ------
        TypeError, ValueError
            Names the first column that is not as in the training data, or a value that is no level.
        """
        names, columns = table_columns(X, name, self.names)
        self._check_columns(names, len(columns), name)
        codes = np.empty((len(columns[0].values), len(columns)))
        for number, column in enumerate(columns):
            codes[:, number] = self._codes(number, column)
        return codes

    def _check_columns(self, names, n_columns, name):
        """Refuse another number of columns, and other names."""
        expected = len(self.kinds)
        if n_columns != expected:
            raise ValueError(
                f"{name} has {n_columns} columns, but the model was fitted to {expected}: give the "
                "same columns."
            )
        for number, pair in enumerate(zip(names or (), self.names or (), strict=False)):
            if pair[0] != pair[1]:
                raise ValueError(
                    f"Column {number} of {name} is {pair[0]!r}, but the model was fitted to "
                    f"{pair[1]!r} there: give the same columns in the same order."
                )

    def _codes(self, number, column):
        """A `Column` as codes, (n_rows,)."""
        if self.is_labelled[number]:
            return self._labelled_codes(number, column)
        if column.levels is not None:
            raise ValueError(
                f"{column} holds categories, but the model was fitted to numbers there. Turn them "
                "into numbers again."
            )
        values = column.numbers("Turn it into numbers, as the model was fitted to there.")
        if self.categories[number] is not None:
            return self._coded(number, values, column.table)
        if self.kinds[number] == "count":
            check_counts(column, values[~np.isnan(values)])
        return values

    def _labelled_codes(self, number, column):
        """Categories, and what once were some, as codes."""
        if column.levels is not None:
            levels, places = column.levels, column.values
            known = np.isin(np.arange(len(levels)), places)
            levels = np.where(known, as_objects(levels), None)
            codes = self._coded(number, levels, column.table)
            return taken(codes, places, np.nan)
        is_text = self.categories[number].dtype == object
        if is_text and column.values.dtype != object and not np.isnan(column.values).all():
            raise ValueError(
                f"{column} holds numbers, but the model was fitted to categories there: "
                f"{self._known(number)}. Turn them into these again."
            )
        return self._coded(number, column.values, column.table)

    def _coded(self, number, values, name):
        """Levels as codes, NaN where missing."""
        missing = is_missing(values)
        codes = np.full(len(values), np.nan)
        if values.dtype != object:
            distinct, inverse = np.unique(values[~missing], return_inverse=True)
            places = np.array([self.level(number, value, name) for value in distinct], float)
            codes[~missing] = places[inverse]
            return codes
        places = self._places(number)
        for row in np.flatnonzero(~missing):
            place = self._place(places, values[row])
            codes[row] = self.level(number, values[row], name) if place is None else place
        return codes

    def level(self, number, value, name="X"):
        """The code of a level of a column by number, or a ValueError that names those known."""
        if self.categories[number] is None:
            label = named(number, self.names)
            raise ValueError(f"Column {label} is {self.kinds[number]!r} and has no levels.")
        place = self._place(self._places(number), value)
        if place is None:
            label = named(number, self.names)
            raise ValueError(
                f"Column {label} of {name} holds {shown(value)}, but its levels are "
                f"{self._known(number)}. Set it to NaN to have it count as missing."
            )
        return place

    def _places(self, number):
        return {level: place for place, level in enumerate(self.categories[number].tolist())}

    @staticmethod
    def _place(places, value):
        """The place of a level, or None."""
        try:
            return places.get(value)
        except TypeError:  # no key of a dict
            return None

    def _known(self, number):
        """The levels of a column, as messages list them."""
        levels = self.categories[number]
        rest = f", ... ({len(levels)} in all)" if len(levels) > _MOST_SHOWN else ""
        return ", ".join(map(shown, levels[:_MOST_SHOWN])) + rest

    def encode_evidence(self, given, name="given"):
        """Values of some columns as codes, (n_columns,) float64, NaN where none is given.

        given : dict of column to value or Series with the names of the columns, which may leave
        some out; or one value for each column, NaN where none is given.
        """
        n_columns = len(self.kinds)
        values = by_label(name, given, list(range(n_columns) if self.names is None else self.names))
        if np.ma.isMaskedArray(values):
            values = values.astype(object).filled(np.nan)
        values = np.asarray(values, dtype=object)
        if values.shape != (n_columns,):
            raise ValueError(
                f"{name} must have the shape ({n_columns},), one value for each column and NaN for "
                f"those that are not given, or be a dict or a Series of those that are, got "
                f"{values.shape}."
            )
        codes = np.empty(n_columns)
        for number, value in enumerate(values):
            column = Column(named(number, self.names), name, as_objects([value]))
            codes[number] = self._codes(number, column)[0]
        return codes

    def decode(self, codes, like=None):
        """Codes as a table of the kind that the training data was.

        A DataFrame has the names, types and levels of the training data. Integers become wider
        where numbers need it, and float64 where a number is not whole or a value is missing that
        the type cannot leave out. Arrays are float64, with levels as the numbers that they are.

        codes : (n_rows, n_columns), whole where a column has levels; like : DataFrame of pandas
        whose index the answer has, if it has as many rows.
        """
        codes = np.asarray(codes, dtype=np.float64)
        columns = list(zip(codes.T, self.categories, self.dtypes, strict=True))
        if self.library is not None:
            return build_frame(self.library, self.names, columns, like)
        return np.column_stack([taken_numbers(levels, values) for values, levels, _ in columns])


def _check_some(survey):
    """Refuse training data without rows or columns."""
    n_columns = len(survey.columns)
    if not survey.n_rows or not n_columns:
        what, least = ("sample(s)", "row") if n_columns else ("feature(s)", "column")
        raise ValueError(
            f"Found array with 0 {what} (shape={(survey.n_rows, n_columns)}) while a minimum of 1 "
            f"is required: give X at least one {least}."
        )
