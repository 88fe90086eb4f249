"""Draws and imputations of a density behind a transformer, taken back through it."""

import warnings
from functools import partial

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..estimators.checks import check_choice, check_count
from ..estimators.containers import contained, feature_names
from ..estimators.imputed import imputed
from ..estimators.public import public
from ..estimators.validation import answer_dtype
from .densities import drawn
from .jacobians import inverse
from .rows import chosen, framed, numbers
from .transformed_features import inner_has

_ROUNDS = 100  # of draws, of which one in a hundred at least has to come from a row
_SLACK = 1e-4  # by which a value may come back changed: rounding, not another value
_STRATEGIES = ("median", "sample")


class TransformedDrawsMixin:
    """Draws and imputations of ``self.estimator_``, taken back through ``self.transformer_``.

    A transformer may lead to no more than a part of the space, as a power of positive numbers does.
    What lies elsewhere stands for no row: it is drawn again.
    """

    @available_if(inner_has("sample"))
    @public
    def sample(self, n_samples=1, *, random_state=None):
        """Draw rows: draws of the density estimator, taken back through the transformer.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        Returns
        -------
        X : {ndarray, DataFrame} of shape (n_samples, n_features)
            Rows, float64, a DataFrame where ``set_output`` asks for it. Draws to which the
            transformer leads from no row are made again.
        """
        check_is_fitted(self)
        n_samples, rng = check_count("n_samples", n_samples), check_random_state(random_state)
        rows = self._until_rows(n_samples, lambda left: drawn(self.estimator_, len(left), rng))
        return contained(self, rows, feature_names(self))

    @available_if(inner_has("impute"))
    @public
    def impute(self, X, strategy="median", *, n_imputations=1, random_state=None):
        """Data with their missing values filled in, given the observed values of the same row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Data; NaN means missing.

        strategy : {"median", "sample"}, default="median"
            What to fill in: the median of each entry on its own, or a draw of all missing values
            of the row together. Means and modes do not pass through a transformer.

        n_imputations : int, default=1
            Imputations to make; only draws differ from one to the next.

        random_state : int, RandomState instance or None, default=None
            The random numbers of ``strategy="sample"``; an int repeats the draws, None uses NumPy's
            global generator.

        Returns
        -------
        X_imputed : ndarray or DataFrame of shape (n_samples, n_features)
            The data with nothing missing; of shape (n_imputations, n_samples, n_features), or a
            list of DataFrames, for more than one imputation. A DataFrame where ``set_output`` asks
            for it.
        """
        check_is_fitted(self)
        check_choice("strategy", strategy, _STRATEGIES)
        n_imputations = check_count("n_imputations", n_imputations)
        rows = self._rows(X)
        self._refuse_outside(rows)
        fill = self._medians
        if strategy == "sample":
            fill = partial(self._draws, rng=check_random_state(random_state))
        data = numbers(rows.given)
        gaps, n_different = np.isnan(data), n_imputations if strategy == "sample" else 1
        values = np.column_stack([fill(rows.transformed)[gaps] for _ in range(n_different)])
        return imputed(self, X, data, values, answer_dtype(rows.given), n_imputations)

    def _medians(self, transformed):
        """Rows that lead to transformed ones whose gaps hold medians."""
        filled = self.estimator_.impute(transformed, "median")
        rows, _ = self._back(filled)
        lost = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if len(lost):
            raise ValueError(
                f"The medians that fill row {lost[0]} of X lie where the transformer leads from no "
                "row. Use strategy='sample', or another transformer."
            )
        return rows

    def _draws(self, transformed, rng):
        """Rows that lead to transformed ones whose gaps hold draws."""

        def draw(left):
            return self.estimator_.impute(chosen(transformed, left), "sample", random_state=rng)

        return self._until_rows(len(transformed), draw)

    def _until_rows(self, n_rows, draw):
        """Rows that lead to draws, (n_rows, n_features): those that none leads to are made again.

        draw : makes transformed rows in the place of some, whose numbers it gets.
        """
        rows, left = np.empty((n_rows, self.n_features_in_)), np.arange(n_rows)
        for _ in range(_ROUNDS):
            values, is_row = self._back(draw(left))
            rows[left[is_row]] = values[is_row]
            left = left[~is_row]
            if not len(left):
                return rows
        raise ValueError(
            f"The transformer leads to {len(left)} of {n_rows} draws from no row, in {_ROUNDS} "
            "attempts: what the density estimator has learnt lies elsewhere. Use another one, or "
            "another transformer."
        )

    def _back(self, transformed):
        """The rows that lead to transformed ones, and whether they do, (n_rows,)."""
        transformed = np.asarray(transformed, np.float64)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of numbers that no row leads to
            rows = inverse(self.transformer_, transformed)
            rows = np.asarray(rows, np.float64)
            names = getattr(self, "feature_names_in_", None)
            again = np.asarray(
                self.transformer_.transform(framed(rows, names, self._library)), np.float64
            )
        close = np.isclose(again, transformed, rtol=_SLACK, atol=_SLACK, equal_nan=True)
        return rows, close.all(axis=1) & np.isfinite(rows).all(axis=1)
