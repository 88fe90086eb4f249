"""Weights from hidden units, factors or components down to columns, of any estimator."""

import numpy as np
import scipy.sparse
from sklearn.decomposition import FactorAnalysis as OtherFactorAnalysis

from ..estimators import DeepBoltzmannMachine, FactorAnalysis
from . import checks

_LAYERED = "generative_coefs_", "decoder_coefs_"
STANDARDISED = "standardised loading"


def weights_of(estimator):
    """Weights of each layer, from the data upward, and names of the inputs they lead to.

    Returns
    -------
    weights : list of ndarray of shape (n_units[l + 1], n_units[l])
        ``generative_coefs_``, ``decoder_coefs_``, the ``coefs_`` of a `DeepBoltzmannMachine` the
        other way round, or ``components_`` as the only layer.
    names : list of str
        Of the inputs of the columns: of mixed tables ``input_names_``, otherwise of the columns.

    Raises
    ------
    NotFittedError, TypeError
        Where there are none.
    """
    own = ["coefs_"] if isinstance(estimator, DeepBoltzmannMachine) else []
    checks.check_estimator(estimator, [*own, *_LAYERED, "components_"])
    layers = _layers(estimator) or [estimator.components_]
    weights = [_matrix(estimator, layer) for layer in layers]
    names = getattr(estimator, "input_names_", getattr(estimator, "feature_names_in_", None))
    n_inputs = weights[0].shape[1]
    if names is None or len(names) != n_inputs:
        names = [f"x{column}" for column in range(n_inputs)]
    return weights, [str(name) for name in names]


def comparable_weights(estimator):
    """Weights of each layer in units in which columns compare, their names, and that unit.

    Of factor models these are standardised loadings, those of features divided by their standard
    deviations under the model; those on Gaussian visible units are divided by the standard
    deviations of their noise; others stay as they are. Returns weights and names as `weights_of`.
    """
    weights, names = weights_of(estimator)
    if isinstance(estimator, FactorAnalysis | OtherFactorAnalysis):
        return [_standardised(estimator)], names, STANDARDISED
    if _layers(estimator) and hasattr(estimator, "noise_variance_"):
        weights[0] = weights[0] / np.sqrt(estimator.noise_variance_)
        return weights, names, "weight (of columns: in noise sd)"
    return weights, names, "weight"


def _layers(estimator):
    """Weights of each layer from the data upward, or None where there is one at most."""
    if isinstance(estimator, DeepBoltzmannMachine):  # others have coefs_ that lead elsewhere
        return [weights.T for weights in estimator.coefs_]
    found = (getattr(estimator, name, None) for name in _LAYERED)
    return next((layers for layers in found if layers is not None), None)


def _standardised(estimator):
    """Loadings of features that have variance 1 under a factor model, (n_factors, n_features)."""
    components = estimator.components_
    correlation = getattr(estimator, "factor_correlation_", np.eye(len(components)))
    explained = (components * (correlation @ components)).sum(axis=0)
    return components / np.sqrt(explained + estimator.noise_variance_)


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
