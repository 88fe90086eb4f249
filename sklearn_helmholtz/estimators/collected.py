"""Answers about collections of Dask: which methods have them, and in which form."""

import numpy as np
import scipy.sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ..distributed import Call, check_chunks, kind_of, mapped, shipped
from .containers import container_of, feature_names
from .validation import answer_dtype, check_width, validated, validated_latents

NUMBERS = ("score_samples", "free_energy", "kl_gap", "unnormalized_log_prob",
           "pseudo_log_likelihood")  # fmt: skip
_TABLES = ("transform", "inverse_transform", "impute")
BY_ROW = frozenset({*NUMBERS, *_TABLES})
READS = frozenset({"score", "log_likelihood"})
LEARNS = frozenset({"fit", "partial_fit"})
READS_AND_LEARNS = READS | LEARNS


def is_collection(X):
    """Whether something is an array or a DataFrame of Dask."""
    return kind_of(X) is not None


def lazy_answer(estimator, method, X, options):
    """The answer of a method about a collection of Dask, as a lazy one of the same kind.

    options : arguments that the method gets besides, by name. Whatever can be known without the
    data is checked now, everything else when the answer is computed.
    """
    if method not in getattr(estimator, "_answers_by_row", ()):
        raise TypeError(
            f"{type(estimator).__name__}.{method} takes rows that are in memory, not a collection "
            "of Dask: give X.compute(), or some of its rows."
        )
    if options and method != "impute":
        raise ValueError(
            f"{method} takes {', '.join(options)} with rows that are in memory only, not with a "
            "collection of Dask."
        )
    latents = method == "inverse_transform"
    X = checked_collection(estimator, X, latents)
    if container_of(estimator) is not None:
        raise ValueError(
            f"set_output asks {method} for DataFrames of one machine, but the answer about a "
            "collection of Dask is one of the same kind. Use set_output(transform='default'), and "
            "give a DataFrame of Dask."
        )
    call = Call(method, options, _drawn_seed(method, options))
    return mapped(X, call, ready(estimator, method), _empty_answer(estimator, method, X))


def checked_collection(estimator, X, latents=False):
    """A collection, or an error about its chunks, its columns or an estimator that is not fitted.

    latents : whether its columns are those of ``transform``.
    """
    check_is_fitted(estimator)
    check_chunks(X)
    if latents:
        names = estimator.get_feature_names_out()
        if X.shape[1] != len(names):
            raise ValueError(f"X has {X.shape[1]} columns, but transform returns {len(names)}.")
        return X
    if kind_of(X) == "frame":
        validate_data(estimator, X._meta, reset=False, skip_check_array=True)
    check_width(X, estimator._model.n_features)
    return X


def ready(estimator, method=None):
    """A Delayed of the estimator, which answers with arrays, and knows what all chunks need."""
    if method in (*NUMBERS, "score", "log_likelihood") and hasattr(estimator, "log_partition_"):
        _ = estimator.log_partition_  # found once, and not by every worker
    return shipped(estimator)


def _drawn_seed(method, options):
    """A seed for draws that tell chunks apart, None where nothing is drawn."""
    if method != "impute":
        return None
    if options.get("n_imputations", 1) != 1:
        raise ValueError(
            f"n_imputations must be 1 for a collection of Dask, got {options['n_imputations']!r}: "
            "call impute so many times, each with a random_state of its own."
        )
    if options.get("strategy", "mean") != "sample":
        return None
    return whole_seed(options.pop("random_state", None))


def whole_seed(random_state):
    """A seed that may go to workers: a whole number itself, or one that is drawn now."""
    if hasattr(random_state, "__index__"):
        check_random_state(random_state)
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


def _empty_answer(estimator, method, X):
    """The answer of a method about no rows of a collection."""
    if kind_of(X) == "array":
        return _empty_array(estimator, method, X)
    index = X._meta.index
    if method in NUMBERS:
        return X._meta._constructor_sliced(np.empty(0), index=index, name=method)
    if method == "impute" and estimator._schema is not None:
        decoded = _decoded(estimator, X)
        if decoded is not None:
            return decoded
    if method == "transform":
        columns = estimator.get_feature_names_out()
    else:
        columns = feature_names(estimator, X._meta if method == "impute" else None)
    empty = np.empty((0, len(columns)), _frame_dtype(estimator, method, X))
    return type(X._meta)(empty, index=index, columns=list(columns))


def _decoded(estimator, X):
    """No rows of a mixed table in the types of the training data; None of arrays."""
    codes = np.zeros((1, estimator._model.n_features))
    decoded = estimator._schema.decode(codes, like=X._meta_nonempty.iloc[:1])
    return decoded.iloc[:0] if hasattr(decoded, "iloc") else None


def _frame_dtype(estimator, method, X):
    """The dtype of answers about the rows of a DataFrame, whose columns may be of several."""
    is_number = all(getattr(dtype, "kind", "O") in "biuf" for dtype in X._meta.dtypes)
    if not is_number or (method != "inverse_transform" and estimator._schema is not None):
        return np.float64
    example = X._meta_nonempty
    if method == "inverse_transform":
        return answer_dtype(validated_latents(example, list(example.columns)))
    return answer_dtype(validated(estimator, example, reset=False))


def _empty_array(estimator, method, X):
    """The same as an array, or as a CSR matrix where the chunks are such."""
    dtype = answer_dtype(X)
    if method in NUMBERS:
        return np.empty(0)
    if method == "transform":
        return np.empty((0, len(estimator.get_feature_names_out())), dtype)
    if method == "inverse_transform":
        return np.empty((0, estimator._model.n_features), dtype)
    if estimator._schema is not None:
        dtype = np.float64
    kind = type(X._meta) if scipy.sparse.issparse(X._meta) else np.empty
    return kind((0, X.shape[1]), dtype=dtype)
