"""Weights from hidden units, factors or components down to columns, of any estimator."""

import numpy as np
import scipy.sparse

from . import checks


def weights_of(estimator):
    """Weights of each layer, from the data upward, and names of the inputs they lead to.

    Returns
    -------
    weights : list of ndarray of shape (n_units[l + 1], n_units[l])
        ``generative_coefs_``, or ``components_`` as the only layer.
    names : list of str
        Of the inputs of the columns: of mixed tables ``input_names_``, otherwise of the columns.

    Raises
    ------
    NotFittedError, TypeError
        Where there are none.
    """
    checks.check_estimator(estimator, ["generative_coefs_", "components_"])
    layers = getattr(estimator, "generative_coefs_", None) or [estimator.components_]
    weights = [_matrix(estimator, layer) for layer in layers]
    names = getattr(estimator, "input_names_", getattr(estimator, "feature_names_in_", None))
    n_inputs = weights[0].shape[1]
    if names is None or len(names) != n_inputs:
        names = [f"x{column}" for column in range(n_inputs)]
    return weights, [str(name) for name in names]


def check_one_input_each(estimator, n_inputs):
    """Refuse weights of mixed tables some of whose columns have several inputs."""
    n_features = getattr(estimator, "n_features_in_", n_inputs)
    if hasattr(estimator, "input_names_") and n_inputs != n_features:
        raise TypeError(
            f"The {n_features} columns of this mixed table have {n_inputs} inputs, so that its "
            "weights are no images. LatentGraphDisplay draws them with their names."
        )


def _matrix(estimator, weights):
    """Weights as a dense array of floats, or a TypeError."""
    dense = weights.toarray() if scipy.sparse.issparse(weights) else np.asarray(weights)
    if dense.ndim != 2 or dense.size == 0 or dense.dtype.kind not in "buif":
        raise TypeError(
            f"The weights of {type(estimator).__name__} must be a matrix of real numbers with a "
            f"row for each unit, got shape {dense.shape} and dtype {dense.dtype}."
        )
    return dense
