"""Tables as people have them, as numbers: masks, missing values in other spellings, text, dates."""

import sys
from collections.abc import Sequence
from numbers import Number

import numpy as np
import scipy.sparse

from ..models import named

_NUMBERS = "biufc"  # the kinds of NumPy's types that need no help
_ARROW_NUMBERS = ("int", "uint", "float", "double", "halffloat", "bool", "null", "decimal")
_REMEDIES = {
    "dates": "Turn it into numbers, such as days since a certain date, or leave it out.",
    "text": "Make it a column of categories for machines, which take mixed tables, encode it, for "
    "example with sklearn.preprocessing.OneHotEncoder, or leave it out.",
}


def as_numbers(X, name="X", feature_names=None):
    """A table of numbers, NaN where a value is missing; as it came if it is one.

    Masks and ``pd.NA`` become NaN; text that spells a number becomes that number.

    Parameters
    ----------
    X : array-like, masked array, DataFrame or sparse matrix
        Whatever a user gives.

    name : str
        Of the parameter, for messages.

    feature_names : sequence of str or None
        Names of the columns of an array, for messages.

    Raises
    ------
    TypeError, ValueError
        Names the first column that holds something else, what it holds, and what to do.
    """
    if not is_table(X):
        raise TypeError(
            f"{name} must be a table of numbers (an array, DataFrame or sparse matrix), got "
            f"{type(X).__name__}."
        )
    if np.ma.isMaskedArray(X):
        return _unmasked(X)
    if hasattr(X, "iloc") and hasattr(X, "dtypes"):
        return _pandas_numbers(X, name) if np.ndim(X) == 2 else X
    if hasattr(X, "get_columns") and hasattr(X, "with_columns"):
        return _polars_numbers(X, name)
    if hasattr(X, "column_names") and hasattr(X, "combine_chunks"):
        return _arrow_numbers(X, name)
    if isinstance(X, list | tuple):
        return _list_numbers(X, name)
    if getattr(getattr(X, "dtype", None), "kind", "") == "c":
        raise ValueError(f"Complex data not supported: {name} holds complex numbers.")
    if isinstance(X, np.ndarray) and X.dtype.kind not in _NUMBERS:
        return _object_numbers(X, name, feature_names)
    return X


def is_table(X):
    """Whether something may be a table; scikit-learn says what is wrong with numbers and None."""
    if scipy.sparse.issparse(X) or X is None or isinstance(X, Number):
        return True
    if isinstance(X, str | bytes | dict | set | type):
        return False
    return isinstance(X, Sequence) or hasattr(X, "__array__") or hasattr(X, "get_columns")


def is_masked(value):
    """Whether something is masked, or holds anything that is, at any depth of lists."""
    if isinstance(value, list | tuple):
        return any(is_masked(item) for item in value)
    return np.ma.is_masked(value)


def _unmasked(X):
    """A masked array with NaN for what is masked; small integers become float32."""
    data, mask = np.ma.getdata(X), np.ma.getmaskarray(X)
    if data.dtype.kind == "V":  # records have a mask for each of their fields
        return data
    if not mask.any() or data.dtype.kind not in "biuf":
        data = data if not mask.any() else np.where(mask, np.nan, data.astype(object))
        return as_numbers(np.asarray(data))
    small = data.dtype.kind in "biu" and data.dtype.itemsize == 1
    data = np.array(data, np.float32 if small else np.result_type(data, np.float32))
    data[mask] = np.nan
    return data


def _list_numbers(X, name):
    """The same of nested lists, which may hold masked arrays."""
    if any(np.ma.isMaskedArray(row) for row in X):
        return _unmasked(np.ma.stack([np.ma.asarray(row) for row in X]))
    try:
        array = np.asarray(X)
    except ValueError:  # rows of different lengths
        _check_lengths(X, name)
        return X
    return X if array.dtype.kind in _NUMBERS else as_numbers(array, name)


def _check_lengths(X, name):
    sizes = [len(row) if hasattr(row, "__len__") else 1 for row in X]
    for number, size in enumerate(sizes):
        if size != sizes[0]:
            raise ValueError(
                f"{name} must have rows of one length, but row 0 has {sizes[0]} values and row "
                f"{number} has {size}."
            )


def _object_numbers(X, name, feature_names):
    """The same of an array of objects, text or dates."""
    if X.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got {X.ndim}D array instead: {name} must have rows and columns."
        )
    out = np.empty(X.shape)
    for column in range(X.shape[1]):
        out[:, column] = column_numbers(X[:, column], named(column, feature_names), name)
    return out


def _pandas_numbers(X, name):
    """The same of a pandas DataFrame: columns that pandas counts as numbers stay as they are."""
    odd = [place for place, dtype in enumerate(X.dtypes) if not _is_number_type(dtype)]
    if not odd:
        return X
    X, names = X.copy(deep=False), list(X.columns)
    for place in odd:
        column = X.iloc[:, place]
        values = column.to_numpy(dtype=object)
        X.isetitem(place, column_numbers(values, named(place, names), name))
    return X


def _is_number_type(dtype):
    """Whether scikit-learn makes numbers of a column of pandas by itself.

    Not of sparse ones that leave out anything but zeros, such as NaN.
    """
    leaves_out = getattr(dtype, "fill_value", 0)
    return getattr(dtype, "kind", "O") in "biuf" and leaves_out == 0


def _polars_numbers(X, name):
    """The same of a polars DataFrame."""
    changed = []
    for place, column in enumerate(X.get_columns()):
        dtype = column.dtype
        if dtype.is_numeric() or str(dtype) == "Boolean":
            continue
        numbers = column_numbers(column.to_numpy(), named(place, X.columns), name)
        changed.append(type(column)(column.name, numbers))
    return X.with_columns(changed) if changed else X


def _arrow_numbers(X, name):
    """The same of a table of pyarrow."""
    for place, label in enumerate(X.column_names):
        if str(X.column(place).type).startswith(_ARROW_NUMBERS):
            continue
        values = np.empty(len(X), dtype=object)
        values[:] = X.column(place).to_pylist()
        numbers = column_numbers(values, named(place, X.column_names), name)
        X = X.set_column(place, label, [numbers])
    return X


def column_numbers(values, column, name):
    """A column of anything as float64, or a ValueError or TypeError."""
    values = np.asarray(values)
    if values.dtype.kind in "mM":
        raise ValueError(complaint(column, name, next(iter(values), values.dtype), "dates"))
    values, numbers = values.astype(object), np.full(len(values), np.nan)
    masked = np.array([value is np.ma.masked for value in values], bool)
    known = ~(is_missing(values) | masked)
    try:
        numbers[known] = [_number(value) for value in values[known]]
    except (TypeError, ValueError, OverflowError) as error:
        culprit = next(value for value in values[known] if not _is_number(value))
        kind = "dates" if _is_date(culprit) else "text" if isinstance(culprit, str) else None
        message = complaint(column, name, culprit, kind, error)
        raise (TypeError if isinstance(error, TypeError) else ValueError)(message) from None
    return numbers


def _number(value):
    """The number that something is or spells, or an error; NumPy would take dates for numbers."""
    if _is_date(value):
        raise TypeError("a date is not a number")
    return float(value)


def _is_number(value):
    try:
        _number(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def is_missing(values):
    """Flags of objects that stand for a missing value: None, NaN, and pandas' NA and NaT."""
    pandas = sys.modules.get("pandas")  # nobody has its NA without it
    if pandas is not None:
        return pandas.isna(values)
    return np.array([v is None or (isinstance(v, float) and v != v) for v in values], bool)


def missing_values(X):
    """Flags of the missing values of a table or an array of any shape; no sparse matrix."""
    values = np.asarray(X)
    if values.dtype == object:
        return is_missing(values.ravel()).reshape(values.shape)
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)


def _is_date(value):
    """Whether something is a date, a time or a span of time."""
    known = isinstance(value, np.datetime64 | np.timedelta64)
    return known or hasattr(value, "isoformat") or hasattr(value, "total_seconds")


def complaint(column, name, value, kind, error=None):
    """A sentence on a value that is no number."""
    what = f" ({kind})" if kind is not None else ""
    why = f" ({error})" if error is not None else ""
    remedy = _REMEDIES.get(kind, "Leave it out, or turn it into numbers.")
    shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
    return f"Column {column} of {name} holds {shown}{what}, which is not a number{why}. {remedy}"
