"""DataFrames of pandas and polars: their columns, and such DataFrames from columns.

Nothing else knows these libraries. What a type is, narwhals says; it is imported where it is
needed, as are they.
"""

import importlib
import sys

import numpy as np

from ..models import named
from .given_columns import (
    Column,
    array_columns,
    as_objects,
    as_places,
    check_near,
    taken,
    taken_numbers,
)
from .tables import is_missing

_LIBRARIES = "pandas", "polars"


def library_of(X):
    """The name of the library of a DataFrame, None of anything else."""
    for library in _LIBRARIES:
        frame = getattr(sys.modules.get(library), "DataFrame", ())
        if isinstance(X, frame):
            return library
    return None


def is_mixed_frame(X):
    """Whether something is a DataFrame of pandas or polars with a column of categories."""
    library = library_of(X)
    return library is not None and any(_is_category(dtype, library) for dtype in X.dtypes)


def _is_category(dtype, library):
    """Whether a type is one of categories; pyarrow calls it a dictionary."""
    if library == "polars":
        polars = sys.modules["polars"]
        return dtype in (polars.Categorical, polars.Enum)
    return str(dtype) == "category" or str(dtype).startswith("dictionary<")


def table_columns(X, table, names=None):
    """The names of a table, None if it is no DataFrame, and its columns.

    table : the name of the parameter, for messages; names : what these call columns of arrays.
    """
    if library_of(X) is None:
        return None, array_columns(X, table, names)
    names, library = tuple(X.columns), library_of(X)
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise ValueError(f"{table} has more than one column {twice[0]!r}. Give each its own name.")
    X = _narwhals().from_native(X, eager_only=True)
    columns = [X.get_column(name) for name in names]
    return names, [_column(c, place, names, table, library) for place, c in enumerate(columns)]


def _narwhals():
    try:
        return importlib.import_module("narwhals")
    except ImportError:
        raise ImportError(
            "DataFrames with columns of different kinds need narwhals: install it with `pip "
            "install narwhals`, or give an array of numbers."
        ) from None


def _column(series, place, names, table, library):
    """A series of narwhals as a `Column`."""
    native, dtype, label = series.to_native(), series.dtype, named(place, names)
    known = {"dtype": native.dtype, "remedy": _remedy(names[place], library)}
    if _is_category(native.dtype, library):
        values, levels, is_declared = _categories(native, library)
        is_ordered = library == "pandas" and getattr(native.dtype, "ordered", None) is True
        known |= {"levels": levels, "is_ordered": is_ordered, "is_declared": is_declared}
        return Column(label, table, values, **known)
    is_bool = dtype == _narwhals().Boolean
    if not is_bool and not dtype.is_numeric():
        return Column(label, table, as_objects(native.to_list()), **known)
    values = series.cast(_narwhals().Float64).to_numpy().astype(np.float64)
    column = Column(label, table, values, is_bool=is_bool, **known)
    series = series.drop_nulls()
    if "int" in str(dtype).lower() and len(series):
        check_near(column, int(series.min()), int(series.max()))
    return column


def _remedy(name, library):
    if library == "polars":
        return f"`df.with_columns(pl.col({_quoted(name)}).cast(pl.Categorical))`"
    return f'`df.astype({{{_quoted(name)}: "category"}})`'


def _quoted(name):
    return f'"{name}"' if isinstance(name, str) else repr(name)


def _categories(native, library):
    """A column of categories as places in its levels, its levels, and whether its type lists them.

    Levels that no type lists are those that it holds, sorted.
    """
    if library == "pandas" and hasattr(native.dtype, "categories"):
        codes = native.cat.codes.to_numpy().astype(np.float64)
        return np.where(codes < 0, np.nan, codes), _levels(native.dtype.categories), True
    if hasattr(native.dtype, "categories") and native.dtype == sys.modules["polars"].Enum:
        places = native.to_physical().cast(sys.modules["polars"].Float64).to_numpy()
        return places, _levels(native.dtype.categories), True
    values = as_objects(native.to_list())
    levels = sorted(set(values[~is_missing(values)]))
    places = {level: place for place, level in enumerate(levels)}
    return np.array([places.get(v, np.nan) for v in values], np.float64), _levels(levels), False


def _levels(values):
    """Levels as an array: of numbers or truth values if all of them are, else of objects."""
    levels = as_objects(values)
    types = {type(level) for level in levels}
    is_plain = len(types) == 1 and types <= {int, float, bool}
    return np.array(levels.tolist()) if is_plain else levels


def listing(dtype, levels):
    """A type of pandas' categories with other levels; itself if it does not list any."""
    if not hasattr(dtype, "categories"):
        return dtype
    pandas = importlib.import_module("pandas")
    index = pandas.Index(levels, dtype=dtype.categories.dtype)
    return pandas.CategoricalDtype(index, ordered=dtype.ordered)


def build_frame(library, names, columns, like=None):
    """A DataFrame.

    columns : (values, levels, dtype) for each, where values are float64 with NaN where missing, and
    places in levels where there are any; dtype : the type that is wanted, None for float64; like :
    a DataFrame of pandas whose index it has if it has as many rows.
    """
    module = importlib.import_module(library)
    if library == "polars":
        made = [
            _polars_series(module, str(name), *column)
            for name, column in zip(names, columns, strict=True)
        ]
        return module.DataFrame(made)
    data = {place: _pandas_array(module, *column) for place, column in enumerate(columns)}
    index = getattr(like, "index", None) if library_of(like) == "pandas" else None
    same = index is not None and len(index) == len(columns[0][0])
    frame = module.DataFrame(data, index=index if same else None)
    frame.columns = module.Index(list(names))
    return frame


def in_library(frame, library):
    """A DataFrame of pandas or polars as one of the other: categories, truth values and float64.

    Categories of text become an Enum of polars; those of numbers, which it has none of, numbers.
    """
    names, columns = table_columns(frame, "X")
    module = importlib.import_module(library)
    parts = [(column.values, column.levels, _type_in(module, column)) for column in columns]
    return build_frame(library, names, parts)


def _type_in(module, column):
    """The type of a library for a `Column`; None for float64."""
    is_polars = hasattr(module, "Enum")
    if column.levels is not None and is_polars:
        return module.Enum(list(column.levels)) if column.levels.dtype == object else None
    if column.levels is not None:
        return module.CategoricalDtype(column.levels, ordered=column.is_ordered)
    if column.is_bool:
        return module.Boolean if is_polars else np.dtype(bool)
    return None


def _polars_series(polars, name, values, levels, dtype):
    """A series of polars, of a wider type than that wanted if values need it."""
    if dtype is not None and _is_category(dtype, "polars"):
        return polars.Series(name, taken(levels, values, None).tolist(), dtype=dtype)
    base = _numpy_type(str(dtype).lower().replace("boolean", "bool"))
    values = taken_numbers(levels, values)
    wanted = wide_enough(base, values)
    if wanted != base or base is None:
        dtype = getattr(polars, _capitals(wanted))
    return polars.Series(name, values, nan_to_null=True).cast(dtype)


def _pandas_array(pandas, values, levels, dtype):
    """The same for pandas; NumPy's integers and truth values are float64 if some are missing."""
    if hasattr(dtype, "categories"):
        places = as_places(values, len(levels))
        return pandas.Categorical.from_codes(places, dtype=dtype)
    if dtype is not None and _is_category(dtype, "pandas"):
        return pandas.array(taken(levels, values, None), dtype=dtype)
    if getattr(dtype, "kind", "") == "O" and levels is not None and levels.dtype == bool:
        return taken(levels.astype(object), values, np.nan)
    base = _numpy_type(getattr(dtype, "numpy_dtype", getattr(dtype, "subtype", dtype)))
    values = taken_numbers(levels, values)
    wanted = wide_enough(base, values)
    if not hasattr(dtype, "numpy_dtype"):
        is_gappy = wanted.kind in "biu" and np.isnan(values).any()
        return values.astype(np.float64 if is_gappy else wanted)
    if wanted != base:
        is_arrow = hasattr(dtype, "pyarrow_dtype")
        dtype = f"{wanted.name}[pyarrow]" if is_arrow else _capitals(wanted)
    return pandas.Series(values).astype(dtype).array


def _numpy_type(dtype):
    """The type of NumPy that another is like, None if that is no type of numbers."""
    try:
        dtype = np.dtype(dtype)
    except (TypeError, ValueError):  # of text, too
        return None
    return dtype if dtype.kind in "biuf" else None


def _capitals(dtype):
    """A type of NumPy as polars, and pandas with missing values, call theirs."""
    return dtype.name.title().replace("Uint", "UInt")


def wide_enough(dtype, values):
    """The type of NumPy that holds values, float64 with NaN: one of integers, or the next wider.

    float64 if it is none of numbers, and if a value of a column of integers is none.
    """
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0, 0)
    if dtype is not None and dtype.kind == "f":
        return dtype if max(-low, high) <= float(np.finfo(dtype).max) else np.dtype(np.float64)
    if dtype is not None and dtype.kind in "iu" and (known == np.rint(known)).all():
        wider = [f"{kind}{size}" for size in (1, 2, 4, 8) for kind in "ui"]
        for candidate in (dtype, *map(np.dtype, wider)):
            limits = np.iinfo(candidate)
            if np.can_cast(dtype, candidate) and limits.min <= low and high <= limits.max:
                return candidate
    return dtype if dtype is not None and dtype.kind == "b" else np.dtype(np.float64)
