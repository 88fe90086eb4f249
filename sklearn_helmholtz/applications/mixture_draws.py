"""Draws and imputations of a mixture, by those of its components."""

import numpy as np
import scipy.sparse
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..estimators.checks import check_choice, check_count
from ..estimators.containers import contained, feature_names
from ..estimators.density import LatentDensityEstimator
from ..estimators.frames import library_of
from ..estimators.imputed import imputed
from ..estimators.public import public
from ..estimators.validation import answer_dtype
from .densities import drawn
from .mixture_weights import log_shares, responsibilities
from .rows import chosen, numbers, stacked, validated_rows
from .transformed_features import inner_has

_STRATEGIES = ("mean", "sample")


class MixtureDrawsMixin:
    """Draws and imputations of ``self.estimators_``, of which ``self.weights_`` choose."""

    @available_if(inner_has("sample"))
    @public
    def sample(self, n_samples=1, *, given=None, random_state=None, return_components=False):
        """Draw rows: each from a component that is drawn by its weight.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.

        given : array-like of shape (n_features,), Series or dict, default=None
            Values to keep, and NaN for those to be drawn, as of `HelmholtzMachine.sample`. The
            component is then drawn given them. For components of this package.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        return_components : bool, default=False
            Whether to return the numbers of the components, too.

        Returns
        -------
        X : {ndarray, DataFrame} of shape (n_samples, n_features)
            Rows, in the form in which components draw them; a DataFrame where the global setting
            ``transform_output`` asks for it.

        components : ndarray of shape (n_samples,)
            Only with ``return_components=True``.
        """
        check_is_fitted(self)
        n_samples, rng = check_count("n_samples", n_samples), check_random_state(random_state)
        shares, options = self.weights_, {}
        if given is not None:
            shares, options = self._shares_given(given), {"given": given}
        components = rng.choice(len(shares), size=n_samples, p=shares)

        def draw(number, places):
            estimator = self.estimators_[number]
            if options:
                return estimator.sample(len(places), random_state=rng, **options)
            return drawn(estimator, len(places), rng)

        rows = _by_component(components, draw)
        if library_of(rows) is None:
            rows = contained(self, rows, feature_names(self))
        return (rows, components) if return_components else rows

    def _shares_given(self, given):
        """Probabilities of the components given some values, (n_components,)."""
        for estimator in self.estimators_:
            if not isinstance(estimator, LatentDensityEstimator):
                raise ValueError(
                    f"given needs components of this package, but these are of the class "
                    f"{type(estimator).__name__}. Leave it out."
                )
        log_prob = [estimator._log_prob_of_evidence(given) for estimator in self.estimators_]
        joint = log_shares(np.array([log_prob]), self.weights_)
        return responsibilities(joint, self.weights_)[0]

    @available_if(inner_has("impute"))
    @public
    def impute(self, X, strategy="mean", *, n_imputations=1, random_state=None):
        """Data with their missing values filled in, given the observed values of the same row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data; NaN means missing.

        strategy : {"mean", "sample"}, default="mean"
            What to fill in: the mean of each entry on its own, that of the components' means by
            their probabilities given the row; or a draw of all missing values of the row together,
            from a component that is drawn given the row. Mixed columns have draws only.

        n_imputations : int, default=1
            Imputations to make; only draws differ from one to the next.

        random_state : int, RandomState instance or None, default=None
            The random numbers of ``strategy="sample"``; an int repeats the draws, None uses NumPy's
            global generator.

        Returns
        -------
        X_imputed : {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The data with nothing missing; of shape (n_imputations, n_samples, n_features), or a
            list, for more than one imputation.
        """
        check_is_fitted(self)
        check_choice("strategy", strategy, _STRATEGIES)
        n_imputations = check_count("n_imputations", n_imputations)
        rng = check_random_state(random_state) if strategy == "sample" else None
        rows = validated_rows(self, X, reset=False)
        shares = self._shares(rows)
        if self._has_mixed_columns:
            return self._imputed_tables(rows, strategy, shares, n_imputations, rng)
        data = rows if scipy.sparse.issparse(rows) else numbers(rows)
        if strategy == "mean":
            values = self._mean_values(data, rows, shares)[:, None]
        else:
            values = np.column_stack(
                [self._drawn_values(data, rows, shares, rng) for _ in range(n_imputations)]
            )
        return imputed(self, X, data, values, self._dtype_imputed(rows, strategy), n_imputations)

    def _dtype_imputed(self, rows, strategy):
        """The type of numbers that tables of imputations have."""
        return answer_dtype(rows)

    @property
    def _has_mixed_columns(self):
        """Whether tables of components come in a form of their own."""
        return getattr(self.estimators_[0], "_schema", None) is not None

    def _mean_values(self, data, rows, shares):
        """Means of what is missing, row by row, (n_missing,)."""
        places = _gap_rows(data)
        values = np.zeros(len(places))
        for estimator, share in zip(self.estimators_, shares.T, strict=True):
            values += share[places] * _values_in_gaps(data, estimator.impute(rows, "mean"))
        return values

    def _drawn_values(self, data, rows, shares, rng):
        """Draws of what is missing, row by row, (n_missing,)."""
        components, places = _draw_components(shares, rng), _gap_rows(data)
        values = np.empty(len(places))
        for number in np.unique(components):
            own = np.flatnonzero(components == number)
            filled = self.estimators_[number].impute(chosen(rows, own), "sample", random_state=rng)
            values[components[places] == number] = _values_in_gaps(data[own], filled)
        return values

    def _imputed_tables(self, rows, strategy, shares, n_imputations, rng):
        """Tables of mixed columns whose rows come from components that are drawn."""
        if strategy == "mean":
            raise ValueError(
                "strategy='mean' has no means of mixed columns. Use strategy='sample', or impute "
                "of a component."
            )

        def table():
            def draw(number, places):
                estimator = self.estimators_[number]
                return estimator.impute(chosen(rows, places), "sample", random_state=rng)

            filled = _by_component(_draw_components(shares, rng), draw)
            if library_of(filled) == "pandas" and library_of(rows) == "pandas":
                filled.index = rows.index
            return filled

        tables = [table() for _ in range(n_imputations)]
        return tables[0] if n_imputations == 1 else tables


def _draw_components(shares, rng):
    """A component for each row, drawn by probabilities (n_rows, n_components)."""
    limits = shares.cumsum(axis=1)
    draws = rng.random_sample((len(shares), 1)) * limits[:, -1:]
    return (draws >= limits[:, :-1]).sum(axis=1)


def _by_component(components, make):
    """A table that components make rows of; make : from a number and the places of its rows."""
    order = np.argsort(components, kind="stable")
    found, starts = np.unique(components[order], return_index=True)
    places = np.split(order, starts[1:])
    tables = [make(number, own) for number, own in zip(found, places, strict=True)]
    return chosen(stacked(tables), np.argsort(order))


def _gap_rows(data):
    """The number of the row of each missing value, in their order."""
    if scipy.sparse.issparse(data):
        return np.repeat(np.arange(data.shape[0]), np.diff(data.indptr))[np.isnan(data.data)]
    return np.nonzero(np.isnan(data))[0]


def _values_in_gaps(data, filled):
    """Values of a table where another misses one, row by row."""
    if scipy.sparse.issparse(data):
        return filled.data[np.isnan(data.data)]
    return np.asarray(filled)[np.isnan(data)]
