"""Jacobians of transformers and of what they are made of, and their inverses."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, FastICA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import _safe_indexing

from .functions import FUNCTIONS
from .slopes import KNOWN, has_slopes, log_slopes

PROTOCOL = "log_abs_det_jacobian"


def log_abs_det(transformer, X):
    """``log |det dT / dx|`` of each row under a fitted transformer, (n_rows,) float64.

    It is -inf where the transformer is flat. Missing values have no part in it, which only
    transformers that map each column on its own can do without.

    Raises
    ------
    TypeError, ValueError
        Where nothing is known of a transformer, or it has no such determinant.
    """
    if hasattr(transformer, PROTOCOL):
        return np.asarray(getattr(transformer, PROTOCOL)(X), np.float64)
    if _is_identity(transformer):
        return np.zeros(len(X))
    if isinstance(transformer, Pipeline):
        return _of_steps(transformer, X)
    if isinstance(transformer, ColumnTransformer):
        return _of_columns(transformer, X)
    if isinstance(transformer, PCA | FastICA):
        return np.full(len(X), _of_rotation(transformer))
    if has_slopes(transformer):
        return log_slopes(transformer, X).sum(axis=1)
    raise TypeError(
        f"The Jacobian of {type(transformer).__name__} is not known, only those of "
        f"{', '.join(KNOWN)}, PCA and FastICA with all components, and of a Pipeline or "
        f"ColumnTransformer of such. Give log_det, or a transformer that has {PROTOCOL}."
    )


def _is_identity(transformer):
    if isinstance(transformer, str):
        return transformer == "passthrough"
    is_function = isinstance(transformer, FunctionTransformer)
    return transformer is None or (is_function and transformer.func is None)


def _of_steps(pipeline, X):
    """The sum over the steps of a pipeline, each where the steps before it lead."""
    total = np.zeros(len(X))
    for _, step in pipeline.steps:
        total = total + log_abs_det(step, X)
        X = X if _is_identity(step) else step.transform(X)
    return total


def _of_columns(transformer, X):
    """The sum over the parts of a `ColumnTransformer`, each of which has columns of its own."""
    total, uses = np.zeros(len(X)), np.zeros(transformer.n_features_in_, int)
    for part, columns, _ in _parts(transformer):
        uses[columns] += 1
        total = total + log_abs_det(part, _safe_indexing(X, columns, axis=1))
    if (uses != 1).any():
        column = np.flatnonzero(uses != 1)[0]
        raise ValueError(
            f"ColumnTransformer uses column {column} {uses[column]} times, but for a density it "
            "must use each once: let remainder be 'passthrough'."
        )
    return total


def _parts(transformer):
    """Parts of a fitted `ColumnTransformer`: what they are, columns they take, and make."""
    inputs = transformer._transformer_to_input_indices  # whatever columns were named by
    for name, part, _ in transformer.transformers_:
        is_dropped = isinstance(part, str) and part == "drop"
        if not is_dropped and len(inputs[name]):
            yield part, list(inputs[name]), transformer.output_indices_[name]


def _of_rotation(transformer):
    """The logarithm of what a change of axes does to volumes; whitening divides by deviations."""
    n_components, n_features = transformer.components_.shape
    if n_components != n_features:
        raise ValueError(
            f"{type(transformer).__name__} keeps {n_components} of {n_features} dimensions: a "
            "density needs all of them."
        )
    if isinstance(transformer, FastICA):
        return np.linalg.slogdet(transformer.components_)[1]
    if not transformer.whiten:
        return 0.0
    deviations = np.sqrt(transformer.explained_variance_)
    return -np.log(np.maximum(deviations, np.finfo(deviations.dtype).eps)).sum()


def inverse(transformer, Z):
    """Rows that a fitted transformer maps to those given, (n_rows, n_features) float64.

    Where there are none they are NaN, or those that lead nearest.
    """
    if _is_identity(transformer):
        return Z
    if isinstance(transformer, Pipeline):
        for _, step in reversed(transformer.steps):
            Z = inverse(step, Z)
        return Z
    if isinstance(transformer, ColumnTransformer):
        X = np.empty((len(Z), transformer.n_features_in_))
        for part, columns, made in _parts(transformer):
            X[:, columns] = inverse(part, Z[:, made])
        return X
    if isinstance(transformer, FunctionTransformer) and transformer.inverse_func is None:
        return _inverse_of_function(transformer, Z)
    if not hasattr(transformer, "inverse_transform"):
        raise ValueError(f"{type(transformer).__name__} has no inverse_transform.")
    return np.asarray(transformer.inverse_transform(Z), np.float64)


def _inverse_of_function(transformer, Z):
    if transformer.func in FUNCTIONS and not transformer.kw_args:
        return FUNCTIONS[transformer.func].inverse(Z)
    name = getattr(transformer.func, "__name__", transformer.func)
    raise ValueError(f"The inverse of the function {name} is not known: give inverse_func.")
