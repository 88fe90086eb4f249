"""Rows as a density gets them: frames stay frames, all else becomes arrays of numbers."""

import sys

import numpy as np
import scipy.sparse
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.validation import validate_data

from ..estimators.frames import build_frame, library_of
from ..estimators.tables import as_numbers
from ..estimators.validation import validated


def validated_rows(estimator, X, reset):
    """A DataFrame as it is, and of all else an array, or a CSR matrix, with NaN where missing.

    What a frame may hold, its density knows. reset : whether the estimator learns the number and
    the names of the features from X, or compares them.
    """
    if library_of(X) is None:
        return validated(estimator, X, reset)
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    return X


def as_floats(rows):
    """The same rows, whole numbers and truth values as float64, of a DataFrame column by column.

    NumPy's functions make whole numbers of whole ones, or float16 of small ones.
    """
    library = library_of(rows)
    if library is None:
        return rows if rows.dtype.kind == "f" else rows.astype(np.float64)
    if library == "polars":
        polars = sys.modules[library]
        whole = [c for c in rows.get_columns() if c.dtype.is_integer() or c.dtype == polars.Boolean]
        return rows.with_columns([column.cast(polars.Float64) for column in whole])
    places = [n for n, dtype in enumerate(rows.dtypes) if getattr(dtype, "kind", "O") in "biu"]
    rows = rows.copy(deep=False)
    for place in places:
        rows.isetitem(place, rows.iloc[:, place].to_numpy(np.float64, na_value=np.nan))
    return rows


def chosen(rows, numbers):
    """Some rows, by number."""
    return _safe_indexing(rows, numbers)


def stacked(tables):
    """Tables of the same form, one below the other."""
    library = library_of(tables[0])
    if library == "pandas":
        return sys.modules[library].concat(tables, ignore_index=True)
    if library == "polars":
        return sys.modules[library].concat(tables, how="vertical_relaxed")
    if scipy.sparse.issparse(tables[0]):
        return scipy.sparse.vstack(tables, format="csr")
    return np.concatenate(tables)


def framed(values, names, library):
    """Numbers as a DataFrame of a library, or as the array that they are where that is None."""
    if library is None:
        return values
    return build_frame(library, list(names), [(column, None, None) for column in values.T])


def numbers(rows):
    """Rows of numbers as an array of float64, NaN where missing, whatever frames call that."""
    return check_array(
        as_numbers(rows), dtype=np.float64, ensure_all_finite=False, ensure_min_samples=0
    )
