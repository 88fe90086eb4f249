"""Features of a density behind a transformer, where it has any."""

from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from ..estimators._compat import _wrap_data_with_container
from ..estimators.public import public


def inner_has(name):
    """A condition of `available_if`: whether the density has some method."""

    def has(estimator):
        return hasattr(getattr(estimator, "estimator_", estimator._inner()), name)

    return has


class TransformedFeaturesMixin:
    """Features that the density ``self.estimator_`` has of what is transformed.

    scikit-learn would wrap `transform` where the class of the estimator has it, and it would be
    there for all densities.
    """

    @available_if(inner_has("transform"))
    @public
    def transform(self, X):
        """Features of the rows, those that the density estimator has of transformed ones.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features_out)
            What `transform` of the density estimator returns.
        """
        check_is_fitted(self)
        rows = self._rows(X)
        self._refuse_outside(rows)
        features = self.estimator_.transform(rows.transformed)
        return _wrap_data_with_container("transform", features, X, self)

    @available_if(inner_has("transform"))
    def fit_transform(self, X, y=None, **fit_params):
        """Fit, and return the features of the same rows.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Training data.

        y : None
            Ignored, present for API consistency by convention.

        **fit_params : dict
            Parameters of `fit`.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features_out)
            What `transform` returns.
        """
        return self.fit(X, y, **fit_params).transform(X)

    @available_if(inner_has("get_feature_names_out"))
    def get_feature_names_out(self, input_features=None):
        """Names of the features, those that the density estimator gives them.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X, only to be compared with those of `fit`.

        Returns
        -------
        names : ndarray of str
            One for each column that `transform` returns.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        return self.estimator_.get_feature_names_out()
