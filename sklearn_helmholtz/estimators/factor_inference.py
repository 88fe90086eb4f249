"""Inference with factor models: scores of factors, posteriors, samples and imputations."""

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._batches import missing_per_row
from .checks import check_choice, check_count
from .evidence import as_evidence
from .exact_scoring import METHODS
from .imputed import imputed
from .public import public
from .results import Result
from .validation import answer_dtype, validated_latents

SCORES = ("regression", "bartlett")
_STRATEGIES = ("mean", "mode", "sample")


class FactorInferenceMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """The factors given the data, the data given factors, and missing data given the others.

    Needs ``_machine``, a `LinearGaussian`, ``_turn``, which makes published factors ``z @ turn`` of
    those of the machine, the method ``_rows`` and the parameter ``scores``.
    """

    @public
    def transform(self, X):
        """Scores of the rows on the factors.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
            Posterior means, or Bartlett's scores, as ``scores`` has it. float32 for float32, uint8
            and bool input, float64 otherwise.
        """
        X, dtype = self._rows(X)
        check_choice("scores", self.scores, SCORES)
        explain = self._machine.bartlett if self.scores == "bartlett" else self._machine.means
        return (explain(X) @ self._turn).astype(dtype, copy=False)

    @public
    def inverse_transform(self, X):
        """Expected data given factors.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Factors, such as `transform` returns.

        Returns
        -------
        X_expected : ndarray of shape (n_samples, n_features)
            Expected values of the features.
        """
        check_is_fitted(self)
        Z = validated_latents(X, self.get_feature_names_out())
        return (self.mean_ + Z @ self.components_).astype(answer_dtype(Z), copy=False)

    @public
    def sample(self, n_samples=1, *, given=None, random_state=None, return_latents=False):
        """Draw rows from the model, or what is missing of a row given the rest of it.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.

        given : array-like of shape (n_features,), Series or dict, default=None
            Values to keep, and NaN for those to be drawn. A Series or a dict goes by the names of
            the features, or by their numbers where they have none; a dict may leave some out.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        return_latents : bool, default=False
            Whether to return the factors too.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            The rows, float64.

        Z : list of one ndarray of shape (n_samples, n_components)
            Their factors, the one hidden layer. Only with ``return_latents=True``.
        """
        check_is_fitted(self)
        n_samples = check_count("n_samples", n_samples)
        rng = check_random_state(random_state)
        if given is None:
            X, Z = self._machine.sample(n_samples, rng)
        else:
            evidence = as_evidence(given, len(self._machine.mean), None, self._names)
            X, Z = self._machine.complete(evidence, n_samples, rng)
        return (X, [Z @ self._turn]) if return_latents else X

    @public
    def posterior(self, X, *, method="auto", n_samples=10, random_state=None):
        """The normal distribution of the factors given each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            Data; NaN means missing.

        method : {"auto", "exact"}, default="auto"
            Both are exact.

        n_samples : int, default=10
            Samples for each row.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draws; None uses NumPy's global generator.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields, lists for the one hidden layer as other models of this library have
            them for each layer,

            mean : list of one ndarray of shape (n_rows, n_components)
                Expected factors.
            covariance : list of one ndarray of shape (n_rows, n_components, n_components)
                Their covariances.
            samples : list of one ndarray of shape (n_rows, n_samples, n_components)
                Independent draws.
            effective_sample_size : ndarray of shape (n_rows,)
                Infinite: no weights are involved.
            method : str
                ``"exact"``.
        """
        X, _ = self._rows(X)
        check_choice("method", method, METHODS)
        n_samples = check_count("n_samples", n_samples)
        rng, turn = check_random_state(random_state), self._turn
        n, k = X.shape[0], len(turn)
        mean, covariance = np.empty((n, k)), np.empty((n, k, k))
        samples = np.empty((n, n_samples, k))
        for rows, x in self._machine.blocks(X):
            found = self._machine.explain(x)
            mean[rows] = found.means @ turn
            covariance[rows] = (turn.T @ found.covariances @ turn)[found.numbers]
            for number in range(n_samples):
                samples[rows, number] = found.draw(rng) @ turn
        return Result(
            mean=[mean], covariance=[covariance], samples=[samples],
            effective_sample_size=np.full(n, np.inf), method="exact",
        )  # fmt: skip

    @public
    def impute(self, X, strategy="mean", *, n_imputations=1, random_state=None):
        """Data with their missing values filled in, given the observed values of the same row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing. Of a sparse matrix only stored values can be.

        strategy : {"mean", "mode", "sample"}, default="mean"
            What to fill in: the expected value given what is observed, which is also the most
            probable one, or a draw of all missing values of the row together.

        n_imputations : int, default=1
            Imputations to make; only draws differ from one to the next.

        random_state : int, RandomState instance or None, default=None
            The random numbers of ``strategy="sample"``.

        Returns
        -------
        X_imputed : ndarray or sparse matrix of shape (n_samples, n_features)
            The data, dense or sparse as they came, with nothing missing; of shape (n_imputations,
            n_samples, n_features), or a list of sparse matrices, for more than one imputation.
            float32 for float32, uint8 and bool input, float64 otherwise. Where ``set_output`` asks
            for DataFrames, one with the index and the columns of X, or a list of such.
        """
        data, dtype = self._rows(X)
        check_choice("strategy", strategy, _STRATEGIES)
        n_imputations = check_count("n_imputations", n_imputations)
        rng = check_random_state(random_state) if strategy == "sample" else None
        values = self._fill(data, 1 if rng is None else n_imputations, rng)
        return imputed(self, X, data, values, dtype, n_imputations)

    def _fill(self, X, n_imputations, rng):
        """Values for all gaps, row by row, (n_gaps, n_imputations): expected ones, or drawn."""
        counts, machine = missing_per_row(X), self._machine
        ends = np.cumsum(counts)
        values = np.empty((ends[-1], n_imputations))
        for rows, x in machine.blocks(X, np.flatnonzero(counts)):
            found, missing, n_gaps = machine.explain(x), np.isnan(x), counts[rows]
            place = np.repeat(ends[rows] - np.cumsum(n_gaps), n_gaps) + np.arange(n_gaps.sum())
            for number in range(n_imputations):
                if rng is None:
                    filled = machine.expected(found.means)
                else:
                    filled = machine.draw(found.draw(rng), rng)
                values[place, number] = filled[missing]
        return values
