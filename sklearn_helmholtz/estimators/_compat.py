"""The names of scikit-learn that it does not promise to keep, in one place."""

from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9 has no callbacks

    class CallbackSupportMixin:
        """Stands in for a class of later versions."""

    def with_callbacks(method):
        """Stands in for a decorator of later versions."""
        return method


__all__ = ["CallbackSupportMixin", "Interval", "StrOptions", "_fit_context", "with_callbacks"]
