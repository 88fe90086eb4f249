"""Standard errors of the parameters of factor analysis."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..models import named
from .checks import check_choice
from .factor_evidence import Standardised, errors_of, evidence_of, warn_of_bounds
from .notices import notify
from .public import public

METHODS = ("auto", "expected", "observed", "sandwich")


class StandardErrorsMixin:
    """Standard errors of factor models, by the rows or the moments that they were fitted to."""

    @public
    def standard_errors(
        self, X=None, sample_weight=None, *, method="auto", return_covariance=False
    ):
        """Standard errors of the parameters, of rotated loadings and factor correlations too.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            The training rows. None means the second moments that a fit to complete rows keeps.
            Rows with missing values, fewer rows than features, and ``method="sandwich"`` need X.

        sample_weight : array-like of shape (n_samples,), default=None
            The weights of X in training.

        method : {"auto", "expected", "observed", "sandwich"}, default="auto"
            ``"expected"`` is by Fisher's information, for complete rows only: of what is missing it
            would ask for values missing completely at random. ``"observed"`` is by the second
            derivatives of the log-likelihood, with or without missing values. Both trust the model,
            and weights count rows. ``"sandwich"`` puts between two of the latter how much rows
            differ [3]_: it holds for large samples of anything, and for weights that say how many
            of a population a row stands for, of which only the proportions matter. ``"auto"`` is
            the first for complete rows, the second with missing values, the third with
            ``sample_weight``.

        return_covariance : bool, default=False
            Whether to return how the errors are correlated.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields

            loadings : ndarray of shape (n_features, n_components)
                Of ``loadings_``.
            standardized_loadings : ndarray of shape (n_features, n_components)
                Of the loadings of features divided by their standard deviations under the model.
            noise_variance : ndarray of shape (n_features,) or float
                Of ``noise_variance_``.
            factor_correlation : ndarray of shape (n_components, n_components)
                Of ``factor_correlation_``: zeros where it is given, as on the diagonal.
            mean : ndarray of shape (n_features,)
                Of ``mean_``.
            communalities : ndarray of shape (n_features,)
                Of ``communalities_``.
            method : {"expected", "observed", "sandwich"}
                How they were found.
            covariance : ndarray of shape (n_values, n_values)
                If asked for: covariances of the errors of all fields above, in this order, row by
                row.
            places : dict
                If asked for: where each field stands in ``covariance``, by name, as a slice.

        Raises
        ------
        ValueError
            If the model is not identified, as with too many factors, or the rotation does not
            decide where the factors lie.

        See Also
        --------
        FactorAnalysis.posterior : How well the factors of single rows are known.

        Notes
        -----
        Errors of rotated loadings are those of unrotated ones by the delta method, through the
        equations which hold where a criterion is least, with Kaiser's normalisation and the
        standard deviations of features as functions of the parameters [1]_ [2]_. They are for large
        samples, for the same order and signs of the factors, and for a number of factors that was
        not chosen by looking at the rows.

        Where a noise variance is at its bound (``heywood_``), it is held there: other errors are
        those of a model that knows it, and its own is NaN, as is that of the communality. So are
        all of a feature that is constant.

        References
        ----------
        .. [1] Archer & Jennrich (1973), Standard errors for rotated factor loadings, Psychometrika
               38, 581-592.
        .. [2] Jennrich (1973), Standard errors for obliquely rotated factor loadings, Psychometrika
               38, 593-604.
        .. [3] White (1982), Maximum likelihood estimation of misspecified models, Econometrica 50,
               1-25.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn_helmholtz import FactorAnalysis
        >>> model = FactorAnalysis(2, rotation="oblimin").fit(load_wine().data)
        >>> errors = model.standard_errors()
        >>> errors.standardized_loadings.shape
        (13, 2)
        >>> float(errors.factor_correlation[0, 1].round(2))
        0.05
        """
        check_is_fitted(self)
        check_choice("method", method, METHODS)
        evidence = evidence_of(self, X, sample_weight)
        method, shared = evidence.choose(method), np.ndim(self.noise_variance_) == 0
        kept = np.ones(self.n_features_in_, bool) if shared else ~evidence.constant()
        units = Standardised.of(self._model.machine, kept, ~self.heywood_, shared)
        found = evidence.uncertainty(units, method)
        derivatives = units.restore(found.published(self._model.turn, self.rotation))
        self._warn_of_conditions(kept)
        result = errors_of(found, derivatives, method, return_covariance)
        if shared:
            result.noise_variance = float(result.noise_variance[0])
        return result

    def _warn_of_conditions(self, kept):
        warn_of_bounds(self.heywood_, self._names)
        if not kept.all():
            columns = ", ".join(named(c, self._names) for c in np.flatnonzero(~kept))
            notify(f"Constant features (columns {columns}) have no standard errors: they are NaN.")
