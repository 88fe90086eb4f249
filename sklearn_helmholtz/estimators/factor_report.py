"""Report of a factor model in the form that R's psych prints."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .public import public
from .results import Result

VARIANCES = (
    "SS loadings", "Proportion Var", "Cumulative Var", "Proportion Explained",
    "Cumulative Proportion",
)  # fmt: skip


class FactorReportMixin:
    """Makes a report of tables and statistics."""

    @public
    def summary(self, X=None, sample_weight=None, *, sort=False, cutoff=None):
        """Loadings, variances explained and fit in a report that prints as R's psych does.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            The rows that the model was fitted to, for `fit_statistics`; None takes the moments that
            the fit has kept. Where these make no statistics, the report says why.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        sort, cutoff : bool and float or None
            As of `loadings_frame`.

        Returns
        -------
        summary : :class:`~sklearn.utils.Bunch`
            With the fields ``loadings`` (n_features, n_components), standardised,
            ``communalities``, ``uniquenesses``, ``complexity``, ``variances`` (5, n_components), as
            `variance_frame` has them, ``factor_correlation``, ``determinacy``, ``fit``, of
            `fit_statistics` or None, ``reason``, why there are none, ``features``, their names,
            ``sort`` and ``cutoff``.

        See Also
        --------
        loadings_frame, variance_frame : The tables as DataFrames.
        fit_statistics : The statistics alone.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn_helmholtz import FactorAnalysis
        >>> wine = load_wine(as_frame=True).data
        >>> FactorAnalysis(1).fit(wine.iloc[:, [0, 4, 9, 12]]).summary()
        Factor analysis by maximum likelihood
        Standardised loadings (pattern matrix)
                           F1   h2   u2 com
        alcohol          0.93 0.87 0.13 1.0
        magnesium        0.32 0.11 0.89 1.0
        color_intensity  0.57 0.33 0.67 1.0
        proline          0.69 0.47 0.53 1.0
        <BLANKLINE>
                                 F1
        SS loadings            1.78
        Proportion Var         0.44
        Cumulative Var         0.44
        Proportion Explained   1.00
        Cumulative Proportion  1.00
        Determinacy            0.95
        <BLANKLINE>
        Mean item complexity 1.0
        Chi square 17.00 on 2 degrees of freedom, p 0.000203, of 178 rows
        Chi square of independent features 190.23 on 6 degrees of freedom
        RMSEA 0.205, 90 % interval 0.123 to 0.300, p close 0.00165
        CFI 0.919, TLI 0.756, SRMR 0.060
        log-likelihood -2531.44 (saturated -2522.94), AIC 5086.88, BIC 5125.06
        """
        check_is_fitted(self)
        fit, reason = self._fit_or_reason(X, sample_weight)
        return FactorSummary(
            loadings=self.standardized_loadings_, communalities=self.communalities_,
            uniquenesses=self.uniquenesses_, complexity=self.complexity_,
            variances=variance_rows(self.ss_loadings_, len(self.communalities_)),
            factor_correlation=self.factor_correlation_, determinacy=self.determinacy_,
            fit=fit, reason=reason, features=self._feature_names(), sort=sort, cutoff=cutoff,
        )  # fmt: skip

    def _fit_or_reason(self, X, sample_weight):
        """The result of `fit_statistics`, or None and why moments that were kept have none."""
        if X is not None or sample_weight is not None:
            return self.fit_statistics(X, sample_weight), None
        try:
            return self.fit_statistics(), None
        except ValueError as error:
            return None, str(error)


class FactorSummary(Result):
    """A `Result` of `FactorAnalysis.summary` that prints as tables."""

    def __repr__(self):
        blocks = [_heads(self), _variances(self), *_correlations(self), _fit(self)]
        return "\n\n".join(blocks)


def variance_rows(sums, n_features):
    """Rows named as in `VARIANCES` of what factors explain, (5, n_factors).

    sums : (n_factors,), of what each explains of standardised features. Shares of nothing are 0.
    """
    share, total = sums / n_features, sums.sum()
    explained = sums / (total if total else 1)
    return np.array([sums, share, share.cumsum(), explained, explained.cumsum()])


def listed_order(loadings):
    """Features in the order of the factors on which they load most, largest first, (n_features,).

    Features without loadings come last.
    """
    sizes = np.abs(loadings)
    if not sizes.shape[1]:
        return np.arange(len(loadings))
    largest = sizes.max(axis=1)
    factor = np.where(largest > 0, sizes.argmax(axis=1), sizes.shape[1])
    return np.lexsort((-largest, factor))


def _factors(summary):
    return [f"F{number + 1}" for number in range(summary.loadings.shape[1])]


def _heads(summary):
    """The table of loadings, communalities, uniquenesses and complexities."""
    order = np.arange(len(summary.features))
    order = listed_order(summary.loadings) if summary.sort else order
    cutoff = 0 if summary.cutoff is None else summary.cutoff
    rows = []
    for i in order:
        loads = [f"{v:.2f}" if abs(v) >= cutoff else "" for v in summary.loadings[i]]
        tail = f"{summary.communalities[i]:.2f}", f"{summary.uniquenesses[i]:.2f}"
        rows.append([*loads, *tail, f"{summary.complexity[i]:.1f}"])
    names = [summary.features[i] for i in order]
    table = _table(names, [*_factors(summary), "h2", "u2", "com"], rows)
    return f"Factor analysis by maximum likelihood\nStandardised loadings (pattern matrix)\n{table}"


def _variances(summary):
    """The table of variances explained, and how well scores tell the factors."""
    numbers = [*summary.variances, summary.determinacy]
    rows = [[f"{value:.2f}" for value in row] for row in numbers]
    return _table([*VARIANCES, "Determinacy"], _factors(summary), rows)


def _correlations(summary):
    """The table of the correlations of the factors, if there are any."""
    phi = summary.factor_correlation
    if np.array_equal(phi, np.eye(len(phi))):
        return
    rows = [[f"{value:.2f}" for value in row] for row in phi]
    yield f"Correlations of the factors\n{_table(_factors(summary), _factors(summary), rows)}"


def _table(names, columns, rows):
    """Names of rows at the left, and columns of text at the right of their widths."""
    wide = max(len(name) for name in ["", *names]) + 1
    sizes = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    lines = [("", columns), *zip(names, rows, strict=True)]
    return "\n".join(
        name.ljust(wide)
        + "".join(f" {text:>{size}}" for text, size in zip(texts, sizes, strict=True))
        for name, texts in lines
    )


def _fit(summary):
    """Lines on the complexity of all features, and on the fit."""
    mean = f"Mean item complexity {summary.complexity.mean():.1f}"
    fit = summary.fit
    if fit is None:
        return f"{mean}\nNo statistics of fit: {summary.reason}"
    close = ""
    if fit.rmsea is not None:
        low, high = fit.rmsea_interval
        close = (
            f"RMSEA {fit.rmsea:.3f}, 90 % interval {low:.3f} to {high:.3f}, p close "
            f"{fit.p_close:.3g}\n"
        )
    p = "" if fit.p_value is None else f", p {fit.p_value:.3g}"
    indices = [("CFI", fit.cfi), ("TLI", fit.tli), ("SRMR", fit.srmr)]
    indices = ", ".join(f"{name} {value:.3f}" for name, value in indices if value is not None)
    return (
        f"{mean}\n"
        f"Chi square {fit.chi_square:.2f} on {fit.df} degrees of freedom{p}, of "
        f"{fit.n_samples:g} rows\n"
        f"Chi square of independent features {fit.baseline_chi_square:.2f} on {fit.baseline_df} "
        f"degrees of freedom\n{close}{indices}\n"
        f"log-likelihood {fit.log_likelihood:.2f} (saturated {fit.saturated_log_likelihood:.2f}), "
        f"AIC {fit.aic:.2f}, BIC {fit.bic:.2f}"
    )
