"""Data as scikit-learn checks them, in the types that are taken as they are."""

import numpy as np
import scipy.sparse
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import validate_data

from .frames import library_of
from .matrices import check_form
from .tables import as_numbers

DTYPES = [np.float64, np.float32, np.uint8, np.bool_]
SMALL = DTYPES[1:]


def validated(estimator, X, reset, ensure_min_samples=1, allow_infinity=False):
    """An array of one of `DTYPES`, or a CSR matrix without repeated entries.

    NaN means missing; infinity is refused, or left to `refuse_infinity`. reset : whether the
    estimator learns the number and the names of the features from X, or compares them.
    """
    finite = False if allow_infinity else "allow-nan"
    if scipy.sparse.issparse(X):
        check_form(X)
        if X.format == "coo":  # conversion adds entries that are repeated up: infinities to NaN
            refuse_infinity(estimator, X)
    X = validate_data(
        estimator, as_numbers(X), reset=reset, accept_sparse="csr", dtype=DTYPES,
        ensure_all_finite=finite, ensure_min_samples=ensure_min_samples,
    )  # fmt: skip
    if not scipy.sparse.issparse(X):
        return X
    check_form(X)  # what another form was made into
    return canonical(estimator, X)


def validated_codes(estimator, X, schema, reset):
    """Codes of the columns of a mixed table, (n_samples, n_features) float64, NaN where missing.

    schema : the `Schema` of the training data; reset : as of `validated`.
    """
    is_frame = library_of(X) is not None
    if (is_frame or schema.names is None) and _has_columns(X):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
    codes = schema.encode(X)
    if not len(codes):
        raise ValueError(
            f"Found array with 0 sample(s) (shape={codes.shape}) while a minimum of 1 is required."
        )
    return codes


def _has_columns(X):
    """Whether something is a table in form; of all else `Schema.encode` says what is wrong."""
    try:
        return getattr(X, "ndim", None) == 2 or np.asarray(X).ndim == 2
    except ValueError:  # rows of different lengths
        return False


def canonical(estimator, X):
    """A CSR matrix without repeated entries, whose columns rise: X itself, or a copy.

    Whether X is one is found out anew: SciPy may remember it of what X was before.
    """
    X = scipy.sparse.csr_matrix((X.data, X.indices, X.indptr), shape=X.shape, copy=False)
    if not X.has_canonical_format:
        refuse_infinity(estimator, X)  # two of them may sum to NaN
        X = X.copy()
        X.sum_duplicates()
    return X


def validated_latents(H, names):
    """Values of hidden units as an array of one of `DTYPES`, (n_samples, n_units).

    names : of the units, (n_units,). Nothing may be missing; a DataFrame whose columns are the
    names in another order is refused.
    """
    columns = list(getattr(H, "columns", names))
    if len(columns) == len(names) and columns != list(names) and set(columns) == set(names):
        raise ValueError(
            f"The columns of X must be in the order of transform, {list(names)}, got {columns}."
        )
    H = check_array(as_numbers(H), dtype=DTYPES, ensure_min_features=0, input_name="X")
    if H.shape[1] != len(names):
        raise ValueError(f"X has {H.shape[1]} columns, but transform returns {len(names)}.")
    return H


def check_width(X, n_features):
    """Refuse rows of another width than a model has weights for, whatever scikit-learn says."""
    if X.shape[1] != n_features:
        raise ValueError(f"X has {X.shape[1]} features, but the model has {n_features}.")


def refuse_infinity(estimator, X):
    """Raise what `validated` raises of infinity."""
    values = X.data if scipy.sparse.issparse(X) else X
    with np.errstate(invalid="ignore"):
        assert_all_finite(
            values, allow_nan=True, estimator_name=type(estimator).__name__, input_name="X"
        )


def answer_dtype(X):
    """The dtype of answers: float32 for arrays of float32, uint8 and bool, otherwise float64."""
    return np.float32 if getattr(X, "dtype", None) in SMALL else np.float64
