"""The base of all applications: an estimator inside, and the tables that it takes."""

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import _safe_indexing, check_random_state, get_tags
from sklearn.utils.validation import validate_data

from ..estimators.checks import CheckedParametersMixin
from ..estimators.frames import is_mixed_frame, library_of, table_columns
from ..estimators.published import VersionedMixin
from ..estimators.validation import validated
from ..estimators.weights import checked_weights
from .default_model import default_model
from .densities import takes_weights

LARGEST_SEED = np.iinfo(np.int32).max


class EstimatorWrapper(CheckedParametersMixin, VersionedMixin, BaseEstimator):
    """An application of a density model: the parameter ``estimator``, fitted as ``estimator_``.

    Subclasses have the parameters ``estimator`` and ``random_state``. Tables of numbers reach the
    estimator as arrays or CSR matrices, tables of mixed columns as users have them.
    """

    _is_mixed = False  # whether the columns of the training data were mixed

    def _table(self, X, reset):
        """A table as the estimator takes it, its names and number of columns learnt or compared.

        An array of numbers or a CSR matrix, NaN where a value is missing; of mixed columns a
        DataFrame, or an array of numbers or objects.
        """
        if reset:
            self._is_mixed = self._takes_mixed(X)
        if not self._is_mixed:
            return validated(self, X, reset)
        if library_of(X) is None:
            X = np.column_stack([column.values for column in table_columns(X, "X")[1]])
        validate_data(self, X, reset=reset, skip_check_array=True)
        return X

    def _takes_mixed(self, X):
        """Whether the estimator sees mixed columns in training data."""
        if getattr(self.estimator, "_is_mixed", False):  # whatever the data are
            return True
        chooses = self.estimator is None or getattr(self.estimator, "visible", None) == "auto"
        return chooses and is_mixed_frame(X)

    def _fit_estimator(self, X, sample_weight, given):
        """Fit a clone of the estimator, or the default, to a table.

        given : the table as the user has it, by whose labels those of the weights go. Returns the
        weights of the rows, (n_samples,), or None.
        """
        if sample_weight is None:
            self.estimator_ = self._new_estimator(X).fit(X)
            return None
        weights = checked_weights(sample_weight, X, given)
        estimator = self._new_estimator(_safe_indexing(X, np.flatnonzero(weights)))
        if not takes_weights(estimator):
            raise ValueError(
                f"sample_weight was given, but the estimator {type(estimator).__name__} takes none."
            )
        self.estimator_ = estimator.fit(X, sample_weight=weights)
        return weights

    def _new_estimator(self, X):
        """The estimator for a table whose rows count, not yet fitted, whose answers are arrays."""
        estimator = default_model(X) if self.estimator is None else clone(self.estimator)
        params = estimator.get_params(deep=False)
        if self.random_state is not None and params.get("random_state", 0) is None:
            seed = check_random_state(self.random_state).randint(LARGEST_SEED)
            estimator.set_params(random_state=seed)
        if hasattr(estimator, "set_output"):
            estimator.set_output(transform="default")  # whatever the global configuration says
        return estimator

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        model = default_model(np.zeros((1, 1))) if self.estimator is None else self.estimator
        inner = get_tags(model).input_tags
        tags.input_tags.sparse, tags.input_tags.allow_nan = inner.sparse, inner.allow_nan
        return tags
