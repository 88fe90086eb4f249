"""Tables of a fitted factor model, as arrays and as DataFrames."""

import importlib

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..factors.adequacy import component_eigenvalues
from ..factors.pattern_tables import complexities, variances_explained
from ..factors.saturated import correlation_of
from .checks import check_choice
from .factor_report import VARIANCES, listed_order, variance_rows
from .public import public
from .results import Result

_LIBRARIES = "pandas", "polars"


class FactorTablesMixin:
    """Answers in terms of standardised features: their loadings, and what these say."""

    @property
    def standardized_loadings_(self):
        """Loadings of features of variance 1 under the model, (n_features, n_components)."""
        check_is_fitted(self)
        return self.loadings_ / np.sqrt(self._variances)[:, None]

    @property
    def structure_(self):
        """Correlations of features and factors: ``standardized_loadings_ @ factor_correlation_``.

        (n_features, n_components); the standardised loadings where factors are independent.
        """
        return self.standardized_loadings_ @ self.factor_correlation_

    @property
    def uniquenesses_(self):
        """Shares of the variances of the features that no factor explains, (n_features,)."""
        check_is_fitted(self)
        return self.noise_variance_ / self._variances

    @property
    def complexity_(self):
        """Hofmann's numbers of factors that make up each feature, (n_features,).

        ``(sum_j l_ij^2)^2 / sum_j l_ij^4`` of its loadings; 0 of a feature that has none.
        """
        return complexities(self.standardized_loadings_)

    @property
    def ss_loadings_(self):
        """Variance that each factor explains of the standardised features, (n_components,).

        Sums of squared standardised loadings L or, of correlated factors, ``diag(Phi L'L)``, as R's
        psych has it. They sum to the sum of the communalities.
        """
        return variances_explained(self.standardized_loadings_, self.factor_correlation_)

    @property
    def determinacy_(self):
        """Correlations of the factors with their regression scores, (n_components,).

        How well whole rows tell the factors, under the model: their squares are the shares of the
        variances of the factors that are known from a row (Grice 2001).
        """
        check_is_fitted(self)
        machine, turn = self._model.machine, self._model.turn
        unknown = turn.T @ machine.infer(machine.mean[None]).covariances[0] @ turn
        return np.sqrt(np.maximum(1 - np.diag(unknown), 0))

    @property
    def _variances(self):
        return (self._model.machine.loadings**2).sum(axis=0) + self._model.machine.noise

    @public
    def loadings_frame(self, *, sort=False, cutoff=None, library="pandas"):
        """Standardised loadings, communalities, uniquenesses and complexities as a DataFrame.

        Parameters
        ----------
        sort : bool, default=False
            Whether features are in the order of the factors on which they load most, and for each
            factor in that of these loadings, the largest first.

        cutoff : float or None, default=None
            Size of loadings below which they are left out (NaN, or null).

        library : {"pandas", "polars"}, default="pandas"
            Of the DataFrame. That of polars names the features in its first column.

        Returns
        -------
        frame : DataFrame
            A row for each feature; a column for each factor, named as `transform` names them, and
            ``communality``, ``uniqueness`` and ``complexity``.

        See Also
        --------
        variance_frame : The variances that factors explain.
        summary : Both, and statistics of fit, in a report.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn_helmholtz import FactorAnalysis
        >>> wine = load_wine(as_frame=True).data
        >>> model = FactorAnalysis(1).fit(wine.iloc[:, [0, 4, 9, 12]])
        >>> print(model.loadings_frame(sort=True, cutoff=0.4).round(2).to_string())
                         factoranalysis0  communality  uniqueness  complexity
        alcohol                     0.93         0.87        0.13         1.0
        proline                     0.69         0.47        0.53         1.0
        color_intensity             0.57         0.33        0.67         1.0
        magnesium                    NaN         0.11        0.89         1.0
        """
        loadings = self.standardized_loadings_
        order = listed_order(loadings) if sort else np.arange(len(loadings))
        shown = loadings if cutoff is None else _hidden(loadings, cutoff)
        table = np.column_stack([shown, self.communalities_, self.uniquenesses_, self.complexity_])
        columns = [*self.get_feature_names_out(), "communality", "uniqueness", "complexity"]
        names = self._feature_names()
        return _frame(library, "feature", [names[i] for i in order], columns, table[order])

    @public
    def variance_frame(self, *, library="pandas"):
        """Variances that factors explain, as a DataFrame.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Of the DataFrame. That of polars names the rows in its first column.

        Returns
        -------
        frame : DataFrame
            A column for each factor; the rows, which R's psych prints: ``SS loadings``
            (``ss_loadings_``), ``Proportion Var`` of the variance of all features and its
            ``Cumulative Var``, and ``Proportion Explained`` of what factors explain and its
            ``Cumulative Proportion``.

        See Also
        --------
        loadings_frame : The loadings that they are made of.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn_helmholtz import FactorAnalysis
        >>> model = FactorAnalysis(2).fit(load_wine().data)
        >>> print(model.variance_frame().round(2).to_string())
                               factoranalysis0  factoranalysis1
        SS loadings                       4.25             2.04
        Proportion Var                    0.33             0.16
        Cumulative Var                    0.33             0.48
        Proportion Explained              0.68             0.32
        Cumulative Proportion             0.68             1.00
        """
        table = variance_rows(self.ss_loadings_, len(self.communalities_))
        return _frame(library, "quantity", VARIANCES, self.get_feature_names_out(), table)

    @public
    def eigenvalues(self, X=None, sample_weight=None):
        """Eigenvalues of the correlations of the training rows, as they are and reduced.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            The rows that the model was fitted to; None takes the moments that the fit has kept, as
            in `fit_statistics`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields, each (n_features,) and falling,

            correlation : ndarray
                Of the correlations (where values are missing those of highest likelihood).
            reduced : ndarray
                Of the same with communalities in the place of ones: negative ones among them.

        See Also
        --------
        parallel_analysis : Compares those of data with those of random tables.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn_helmholtz import FactorAnalysis
        >>> found = FactorAnalysis(2).fit(load_wine().data).eigenvalues()
        >>> found.correlation[:4].round(2)
        array([4.71, 2.5 , 1.45, 0.92])
        """
        check_is_fitted(self)
        saturated, _ = self._saturated(X, sample_weight, "eigenvalues")
        correlations = correlation_of(saturated.covariance)
        values = component_eigenvalues(correlations)
        np.fill_diagonal(correlations, self.communalities_)
        return Result(correlation=values, reduced=component_eigenvalues(correlations))

    def _feature_names(self):
        names = self._names
        n = len(self.communalities_)
        return [f"x{i}" for i in range(n)] if names is None else [str(name) for name in names]


def _hidden(loadings, cutoff):
    return np.where(np.abs(loadings) < cutoff, np.nan, loadings)


def _frame(library, label, rows, columns, table):
    """A DataFrame of a table (n_rows, n_columns); label : the column of polars that names rows."""
    check_choice("library", library, _LIBRARIES)
    try:
        module = importlib.import_module(library)
    except ImportError:
        raise ImportError(f"DataFrames of {library} need it: pip install {library}.") from None
    if library == "pandas":
        return module.DataFrame(table, index=list(rows), columns=list(columns))
    values = {name: module.Series(column, nan_to_null=True) for name, column in
              zip(columns, np.ascontiguousarray(table.T), strict=True)}  # fmt: skip
    return module.DataFrame({label: list(rows), **values})
