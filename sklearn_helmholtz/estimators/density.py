"""The base of all estimators: data in, answers of a fitted model out."""

from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, DensityMixin
from sklearn.utils.validation import check_is_fitted

from .checks import CheckedParametersMixin, check_count
from .collected import BY_ROW, READS
from .criteria import CriteriaMixin
from .inference import InferenceMixin
from .log_joint import LogJointMixin
from .published import PublishedMixin, VersionedMixin
from .scoring import ScoringMixin
from .top_features import TopFeaturesMixin
from .validation import (
    answer_dtype,
    check_width,
    validated,
    validated_codes,
    validated_latents,
)
from .weights import checked_weights


class LatentDensityEstimator(
    CheckedParametersMixin,
    PublishedMixin,
    VersionedMixin,
    ScoringMixin,
    CriteriaMixin,
    LogJointMixin,
    TopFeaturesMixin,
    InferenceMixin,
    ClassNamePrefixFeaturesOutMixin,
    DensityMixin,
    BaseEstimator,
):
    """A density estimator with hidden layers: scores, features and samples of ``self._model``.

    Subclasses fit and hold a `models.Model`; they have the method ``_features``, features of rows
    for `transform`, ``_expected_data`` for `inverse_transform`, and ``_count_parameters``.
    """

    @property
    def _n_threads(self):
        """Threads that answers may take."""
        return 1

    def _n_samples(self, method, given):
        """Samples for each row where something is estimated by a method; given : by the user.

        Models that estimate nothing need none: what is given is checked all the same.
        """
        if given is not None:
            check_count("n_importance_samples", given)
        return 1

    def _refuse_expected_data(self):
        """Refuse to make expected data where there are none."""
        return

    @property
    def _names(self):
        return getattr(self, "feature_names_in_", None)

    def _latent_names(self):
        """Names of the hidden units, a list for each layer from the data upward."""
        return [list(self.get_feature_names_out())]

    _answers_by_row = BY_ROW  # methods, for collections of Dask
    _reads_collections = READS  # methods that know such themselves
    _has_mixed_units = False  # which are others than Bernoulli, Gaussian or Poisson
    _schema = None  # of mixed columns
    _is_mixed = False  # whether settings alone say so

    def _validate(self, X, reset):
        """Data as scikit-learn checked it: an array, or a CSR matrix without repeated entries.

        NaN means missing; infinity is refused. Of mixed columns their codes.
        """
        if reset:
            self._schema = self._new_schema(X)
        if self._schema is None:
            return validated(self, X, reset)
        return validated_codes(self, X, self._schema, reset)

    def _sees_mixed(self, X):
        """Whether columns are mixed, by settings or by the types of a table, maybe of no rows."""
        return False

    def _new_schema(self, X):
        """The `Schema` of training data whose columns are mixed, otherwise None."""
        return

    def _rows(self, X, sample_weight=None):
        """Rows for the fitted model, their weights or None, and the dtype that answers have."""
        data, dtype = self._data(X)
        weights = None if sample_weight is None else checked_weights(sample_weight, data, X)
        return self._model.table(data), weights, dtype

    def _data(self, X):
        """Validated data, and the dtype that answers have."""
        check_is_fitted(self)
        given, X = X, self._validate(X, reset=False)
        check_width(X, self._model.n_features)
        return X, answer_dtype(X if self._schema is None else given)

    def _hidden_values(self, H):
        H = validated_latents(H, self.get_feature_names_out())
        return H, answer_dtype(H)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self._is_mixed
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
