"""Data as scikit-learn checks them, in the types that are taken as they are."""

import numpy as np
import scipy.sparse
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import validate_data

DTYPES = [np.float64, np.float32, np.uint8, np.bool_]


def validated(estimator, X, reset, ensure_min_samples=1, allow_infinity=False):
    """An array of one of `DTYPES`, or a CSR matrix without repeated entries.

    NaN means missing; infinity is refused, or left to `refuse_infinity`. reset : whether the
    estimator learns the number and the names of the features from X, or compares them.
    """
    finite = False if allow_infinity else "allow-nan"
    X = validate_data(
        estimator, X, reset=reset, accept_sparse="csr", dtype=DTYPES, ensure_all_finite=finite,
        ensure_min_samples=ensure_min_samples,
    )  # fmt: skip
    if scipy.sparse.issparse(X) and not X.has_canonical_format:
        refuse_infinity(estimator, X)  # two of them may sum to NaN
        X = X.copy()
        X.sum_duplicates()
    return X


def refuse_infinity(estimator, X):
    """Raise what `validated` raises of infinity."""
    values = X.data if scipy.sparse.issparse(X) else X
    with np.errstate(invalid="ignore"):
        assert_all_finite(
            values, allow_nan=True, estimator_name=type(estimator).__name__, input_name="X"
        )


def answer_dtype(X):
    """The dtype of answers: float64 for float64, otherwise float32."""
    return np.float64 if X.dtype == np.float64 else np.float32
