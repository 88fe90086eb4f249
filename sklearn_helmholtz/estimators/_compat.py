"""The names of scikit-learn that it does not promise to keep, in one place."""

from sklearn.base import _fit_context
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
    "validate_params",
    "with_callbacks",
]
