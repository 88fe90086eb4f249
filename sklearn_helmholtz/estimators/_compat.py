"""The names of scikit-learn that it does not promise to keep, in one place."""

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_params,
)
from sklearn.utils._set_output import (
    ADAPTERS_MANAGER,
    _get_output_config,
    _SetOutputMixin,
    _wrap_data_with_container,
)
from sklearn.utils.validation import _check_feature_names_in

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9 has no callbacks

    class CallbackSupportMixin:
        """Stands in for a class of later versions."""

    def with_callbacks(method):
        """Stands in for a decorator of later versions."""
        return method


def initialise_perceptron(mlp, X, y):
    """Let an unfitted perceptron of scikit-learn have all that the first moment of a fit gives it.

    Without it ``warm_start=True`` begins anew as well. X, y : of the shapes, and with the classes,
    of what it is going to be fitted to.
    """
    _, y = mlp._validate_input(X, y, False, True)
    y = y.reshape(len(y), -1)
    sizes = np.atleast_1d(mlp.hidden_layer_sizes).tolist()
    mlp._random_state = check_random_state(mlp.random_state)
    mlp._initialize(y, [X.shape[1], *sizes, y.shape[1]], X.dtype)


__all__ = [
    "ADAPTERS_MANAGER",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "StrOptions",
    "_SetOutputMixin",
    "_check_feature_names_in",
    "_fit_context",
    "_get_output_config",
    "_wrap_data_with_container",
    "initialise_perceptron",
    "validate_params",
    "with_callbacks",
]
