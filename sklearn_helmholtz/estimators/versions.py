"""Which version of the package saved an estimator."""

import warnings

from .._version import __version__


class VersionedMixin:
    """Writes the version of the package into pickles, and warns where another one reads them."""

    def __getstate__(self):
        return {**super().__getstate__(), "_sklearn_helmholtz_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_sklearn_helmholtz_version", "unknown")
        if version != __version__:
            warnings.warn(
                f"This {type(self).__name__} was saved by sklearn_helmholtz {version} and is "
                f"loaded by {__version__}: results may differ. Fit it again, or use the version "
                "that saved it.",
                UserWarning,
                stacklevel=2,
            )
        super().__setstate__(state)
