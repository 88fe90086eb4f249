"""Tests and measures of how well a factor model fits the rows that it was learnt from."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..factors import fit_measures as measures
from .notices import notify
from .public import public
from .results import Result
from .second_moments import saturated_of_moments, saturated_of_rows

_OTHER_ROWS = 1e-6  # relative difference of log-likelihoods of the same rows


class FactorFitMixin:
    """Tests of a factor model against the saturated and the independence model, and criteria."""

    def _count_parameters(self):
        """``p + p k - k (k - 1) / 2 + p``, or less, for p features and k factors.

        The last p is 1 with isotropic noise. Rotations leave k (k - 1) / 2 of the loadings free,
        and a normal distribution without a model has ``p + p (p + 1) / 2`` parameters. Noise
        variances at their floor count.
        """
        k, p = self.components_.shape
        n_noise = 1 if self._is_isotropic else p
        return p + min(p * k - k * (k - 1) // 2 + n_noise, p * (p + 1) // 2)

    @property
    def _is_isotropic(self):
        return np.ndim(self.noise_variance_) == 0

    @public
    def fit_statistics(self, X=None, sample_weight=None):
        r"""Chi square, RMSEA, CFI, TLI, SRMR and criteria of the model for its training rows.

        Where values are missing, all likelihoods are those of what was observed (full information):
        the saturated model's is found by EM.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            The rows that the model was fitted to, more of them than features. None takes the
            moments that a fit to complete rows, `partial_fit` and `from_covariance` keep.

        sample_weight : array-like of shape (n_samples,), default=None
            The weights that the model was fitted with: a whole number counts as so many equal rows.
            Statistics take the sum of the weights as the number of rows N.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With N rows that hold any value, p features, k factors and the fields

            n_samples : float
                N, or the sum of weights.
            n_parameters : int
                As ``n_parameters_``, the p means included.
            log_likelihood, saturated_log_likelihood, independence_log_likelihood : float
                Of all rows, in nats: of the model, of the normal distribution of any mean and
                covariance, and of that without covariances.
            chi_square : float
                T, twice the saturated less the model's log-likelihood.
            df : int
                Degrees of freedom, the p (p + 3) / 2 parameters of the saturated model less
                ``n_parameters``. Noise at its floor (Heywood cases) and factors without loadings
                count as parameters.
            p_value : float or None
                Probability of T or more if the model is right.
            bartlett_chi_square, bartlett_p_value : float or None
                The same of T times :math:`(N - 1 - (2p + 5) / 6 - 2k / 3) / N` [1]_, which R's
                ``factanal`` and psych report. None in very few rows.
            baseline_chi_square : float
                T_0, twice the saturated less the independence model's log-likelihood.
            baseline_df : int
                p (p - 1) / 2.
            rmsea : float or None
                :math:`\sqrt{\max(T - df, 0) / (df \, N)}`.
            rmsea_interval : tuple of two floats or None
                90 % interval of `rmsea` [4]_.
            p_close : float or None
                Probability of T or more if the error of approximation is 0.05.
            cfi : float or None
                :math:`1 - \max(T - df, 0) / \max(T - df, T_0 - df_0, 0)` [3]_.
            tli : float or None
                :math:`(T_0 / df_0 - T / df) / (T_0 / df_0 - 1)` [2]_.
            srmr : float
                Root of the mean square of :math:`(s_{ij} - c_{ij}) / \sqrt{s_{ii} s_{jj}}` over
                all i <= j, for the covariances s of the saturated model and c of the model [5]_.
            rmsr : float
                The same over i < j.
            aic, bic, sabic : float
                Minus twice the log-likelihood, plus 2, log N and log((N + 2) / 24) for each
                parameter.

            What has no meaning is None: p values, RMSEA and TLI without degrees of freedom, CFI and
            TLI with isotropic noise, of which independent features are no special case, and TLI
            where T_0 is no more than df_0.

        Raises
        ------
        ValueError
            If the covariance of the rows has no full rank, or no row holds both of two features,
            so that there is no saturated model; or if X is None and the fit has left no moments.

        See Also
        --------
        summary : Prints them with the loadings.
        bartlett_sphericity : Tests independence without a model.

        Notes
        -----
        T is lavaan's for its default ``likelihood = "normal"``, which counts N rows, not N - 1.
        lavaan leaves the p means out of its number of parameters unless told ``meanstructure =
        TRUE``: its AIC is 2 p less. With means its SRMR is smaller, as they count among the
        residuals. :doc:`Published numbers </factor_agreement>` are met to their
        digits. The distribution of T is that of large samples and normal rows; where a noise
        variance is at its floor it is only approximate.

        References
        ----------
        .. [1] Bartlett (1951), Biometrika 38, 337-344.
        .. [2] Tucker & Lewis (1973), Psychometrika 38, 1-10.
        .. [3] Bentler (1990), Psychological Bulletin 107, 238-246.
        .. [4] Browne & Cudeck (1992), Sociological Methods & Research 21, 230-258.
        .. [5] Bentler (1995), EQS structural equations program manual.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn_helmholtz import FactorAnalysis
        >>> found = FactorAnalysis(3).fit(load_wine().data).fit_statistics()
        >>> found.df, round(found.chi_square, 1), round(found.rmsea, 3), round(found.cfi, 3)
        (42, 166.2, 0.129, 0.903)
        """
        check_is_fitted(self)
        saturated, log_likelihood = self._saturated(X, sample_weight, "fit_statistics")
        return Result(**self._measures(saturated, float(log_likelihood)))

    def _saturated(self, X, sample_weight, purpose):
        """The `Saturated` model of the training rows, and the log-likelihood of this one.

        purpose : what needs them, for messages.
        """
        if X is None:
            return self._kept_saturated(sample_weight, purpose), self.loglike_[-1]
        given, (X, _) = X, self._data(X)
        rows, weights = self._weighted(X, sample_weight, given)
        saturated = saturated_of_rows(rows, weights, self._names, purpose)
        total, _ = self._total_log_likelihood("fit_statistics", given, sample_weight)
        known = self.loglike_[-1] if self.loglike_ else total
        if abs(known - total) > _OTHER_ROWS * max(abs(known), 1):
            notify(
                f"X has the log-likelihood {total:.6g}, and the rows that the model was fitted to "
                f"{known:.6g}: statistics of fit take the same rows and weights."
            )
        return saturated, total

    def _kept_saturated(self, sample_weight, purpose):
        if sample_weight is not None:
            raise ValueError("sample_weight is of rows: give X too.")
        if self._moments is None:
            raise ValueError(
                f"{purpose} needs X, the rows that the model was fitted to: a fit to missing "
                "values, to fewer rows than features or from given parameters leaves no moments."
            )
        return saturated_of_moments(self._moments, self._names, purpose)

    def _measures(self, saturated, log_likelihood):
        """The fields of `fit_statistics`."""
        p, n, n_parameters = len(saturated.mean), saturated.weight, self.n_parameters_
        prices = {"aic": 2, "bic": np.log(n), "sabic": np.log((n + 2) / 24)}
        residuals = measures.residual_correlations(saturated.covariance, self.get_covariance())
        return {
            "n_samples": n, "n_parameters": n_parameters, "log_likelihood": log_likelihood,
            "saturated_log_likelihood": saturated.log_likelihood,
            "independence_log_likelihood": saturated.independent,
            **self._tests(saturated, log_likelihood, p * (p + 3) // 2 - n_parameters),
            "srmr": measures.standardized_residual(residuals),
            "rmsr": measures.off_diagonal_residual(residuals),
            **{name: float(price * n_parameters - 2 * log_likelihood)
               for name, price in prices.items()},
        }  # fmt: skip

    def _tests(self, saturated, log_likelihood, df):
        """Those that are made of chi squares."""
        k, p = self.components_.shape
        n, df_0 = saturated.weight, p * (p - 1) // 2
        # Not below zero by rounding, as where the model is saturated.
        T = max(2 * (saturated.log_likelihood - log_likelihood), 0.0)
        T_0 = max(2 * (saturated.log_likelihood - saturated.independent), 0.0)
        factor, has_baseline = measures.bartlett_factor(n, p, k), not self._is_isotropic
        corrected = None if factor is None else factor * T
        return {
            "chi_square": T, "df": df, "p_value": measures.p_value(T, df),
            "bartlett_chi_square": corrected,
            "bartlett_p_value": None if factor is None else measures.p_value(corrected, df),
            "baseline_chi_square": T_0, "baseline_df": df_0,
            "rmsea": measures.rmsea(T, df, n), "rmsea_interval": measures.rmsea_interval(T, df, n),
            "p_close": measures.p_close(T, df, n),
            "cfi": measures.comparative_fit(T, df, T_0, df_0) if has_baseline else None,
            "tli": measures.tucker_lewis(T, df, T_0, df_0) if has_baseline else None,
        }  # fmt: skip
