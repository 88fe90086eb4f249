"""Standard errors of factor analysis of items."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..factors import Ogives, OgiveUncertainty, Parameters, of_correlations
from .factor_evidence import NOTABLE, Standardised, errors_of, warn_of_bounds
from .items import items_of, rows_with_weight
from .polychoric import Polychoric
from .public import public

_SAME = 1e-6  # correlations


class OrdinalErrorsMixin:
    """Standard errors of factor models of items."""

    @public
    def standard_errors(self, X, sample_weight=None, *, return_covariance=False):
        """Standard errors of the parameters, of rotated loadings and factor correlations too.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The training rows.

        sample_weight : array-like of shape (n_samples,), default=None
            The weights of X in training. With ``estimation="correlations"`` only their proportions
            matter, but for the correction of empty cells: they say how many of a population a row
            stands for. With ``"likelihood"`` they count equal rows.

        return_covariance : bool, default=False
            Whether to return how the errors are correlated.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields ``loadings``, ``noise_variance``, ``factor_correlation`` and
            ``communalities``, arrays of the shapes of the fitted attributes; ``thresholds``, a list
            of arrays; ``method``, ``"sandwich"`` or ``"observed"``; and, if asked for,
            ``covariance`` and ``places``, of the fields that are arrays, as
            `FactorAnalysis.standard_errors` has them.

        Raises
        ------
        ValueError
            If X are not the training rows, if correlations were smoothed or are at the end of their
            range, or if the model is not identified.

        Notes
        -----
        With ``estimation="correlations"``, by what each row does to thresholds and correlations,
        and these to the loadings [1]_: the usual errors of factor analysis would be too small,
        since correlations of levels are known less well than those of quantities. With
        ``"likelihood"`` by the second derivatives of the log-likelihood, for which the different
        rows are read twice for each parameter. Items at their bound (``heywood_``) are held there
        with a warning, and their noise variances and communalities are NaN, as are thresholds that
        are infinite because no row has the levels beyond.

        References
        ----------
        .. [1] Lee, Zhang & Edwards (2012), Ordinary least squares estimation of parameters in
               exploratory factor analysis with ordinal data, Multivariate Behavioral Research 47,
               314-339.
        """
        check_is_fitted(self)
        X, weights = rows_with_weight(X, sample_weight)
        items = items_of(self._validate(X, reset=False), self._schema, weights)
        if self._found.path:
            return self._errors_by_likelihood(items, return_covariance)
        return self._errors_by_correlations(items, return_covariance)

    def _errors_by_correlations(self, items, return_covariance):
        pairs = Polychoric.of(items, self._schema.names, self.correction)
        found = self._found
        if found.is_smoothed or pairs.ends.any():
            raise ValueError(
                "The polychoric correlations were smoothed, or some are at the end of their range: "
                "nothing is known of the errors of what is made of them."
            )
        if np.abs(pairs.matrix() - found.correlation).max(initial=0) > _SAME:
            raise ValueError(
                "X and sample_weight must be those of fit: they have other correlations."
            )
        p = len(found.loadings)
        noise = 1 - (found.loadings**2).sum(axis=1)
        parameters = Parameters(found.loadings, noise)
        units = Standardised(
            np.ones(p, bool), np.zeros(p), np.ones(p), parameters, ~found.vanishing, False
        )
        units.check_identified()
        uncertainty = of_correlations(parameters, units.basis, found.correlation, pairs.influences)
        derivatives = units.restore(uncertainty.published(self._model.turn, self.rotation))
        for name in "mean", "standardized_loadings":
            del derivatives[name]
        warn_of_bounds(found.vanishing, self._schema.names)
        result = errors_of(uncertainty, derivatives, "sandwich", return_covariance)
        result.thresholds = pairs.threshold_errors()
        return result

    def _errors_by_likelihood(self, items, return_covariance):
        found = self._found
        if found.vanishing.any():
            raise ValueError(
                "Items at their bound (heywood_) leave no standard errors. Take fewer components."
            )
        ogives = Ogives.of(found.loadings, found.thresholds)
        uncertainty = OgiveUncertainty.of(ogives, items.codes, items.weights)
        if uncertainty.gain > NOTABLE:
            raise ValueError(
                "X and sample_weight must be those of fit: other parameters are likelier for them."
            )
        derivatives = uncertainty.published(self._model.turn, self.rotation)
        result = errors_of(uncertainty, derivatives, "observed", return_covariance)
        pairs = zip(uncertainty.threshold_errors(), items.n_levels, strict=True)
        result.thresholds = [row[: n - 1].copy() for row, n in pairs]
        return result
