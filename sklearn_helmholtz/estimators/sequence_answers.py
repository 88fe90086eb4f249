"""Answers of models of sequences: likelihoods, smoothed features, draws, imputations."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..models import DynamicFactorModel
from ..rows import missing_per_row
from .checks import check_choice, check_count
from .containers import contained, feature_names
from .groups import sequences_of
from .imputed import imputed
from .labels import index_of
from .public import public
from .results import LogLikelihoodResult, PosteriorResult

_STRATEGIES = ("mean", "median", "mode", "sample")


def _has_noise(estimator):
    """True; without noise an AttributeError, which says why there is no such method."""
    if estimator.noise == "none":
        raise AttributeError(
            f"{type(estimator).__name__}(noise='none') finds directions and has no density: there "
            "are no likelihoods, samples, smoothed features or imputations. Use noise='diagonal'."
        )
    return True


class SequenceAnswersMixin:
    """Answers of ``self._model``, a `models.DynamicFactorModel`, about sequences of rows."""

    @available_if(_has_noise)
    @public
    def score(self, X, y=None, *, groups=None):
        """Mean log-likelihood of a time step given all before it in its sequence.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows in the order of time; NaN means missing.

        y : None
            Ignored, present for API consistency by convention.

        groups : array-like of shape (n_samples,), default=None
            As of `fit`; sequences of one row are taken.

        Returns
        -------
        score : float
            log p of all rows divided by their number, nats per time step. Exact.
        """
        return self._estimate(X, groups).mean()

    @available_if(_has_noise)
    @public
    def log_likelihood(self, X, *, groups=None):
        """Log-likelihood of each time step given all before it, and the error of their mean.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows in the order of time; NaN means missing.

        groups : array-like of shape (n_samples,), default=None
            As of `fit`; sequences of one row are taken.

        Returns
        -------
        result : LogLikelihoodResult
            ``per_sample`` has the predictive densities log p(x_t | x_1, ..., x_(t-1)), nats, whose
            sum is log p of the sequences. Under the model they are independent, so that
            ``standard_error`` is that of independent rows. See
            :class:`~sklearn_helmholtz.estimators.results.LogLikelihoodResult`.
        """
        estimate = self._estimate(X, groups)
        n = len(estimate.per_sample)
        result = LogLikelihoodResult(
            **estimate.summary(np.arange(n)),
            log_probability=np.full(n, np.nan),
            free_energy=estimate.free_energy,
            kl_gap=np.zeros(n),
            method="exact",
            n_importance_samples=None,
            n_temperatures=None,
            remedy=None,
        )
        return result._about(index=index_of(X))

    @available_if(_has_noise)
    @public
    def smooth(self, X, *, groups=None, return_std=False):
        """Features of each time step given the whole of its sequence: what came later, too.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows in the order of time; NaN means missing.

        groups : array-like of shape (n_samples,), default=None
            As of `fit`; sequences of one row are taken.

        return_std : bool, default=False
            Whether to return standard deviations too.

        Returns
        -------
        H : {ndarray, DataFrame} of shape (n_samples, n_components)
            Posterior means of the features (Kalman's smoother), slowest first. float32 for float32,
            uint8 and bool input, float64 otherwise; a DataFrame where ``set_output`` asks for such.

        std : {ndarray, DataFrame} of shape (n_samples, n_components)
            Posterior standard deviations; only with ``return_std=True``.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_helmholtz import SlowFeatureAnalysis
        >>> model = SlowFeatureAnalysis.from_parameters([[1.0]], [0.9], [1.0])
        >>> model.smooth([[1.0], [np.nan], [1.0]]).round(2).ravel()
        array([0.64, 0.64, 0.64])
        """
        rows, sequences, dtype = self._sequences(X, groups)
        found = self._model.smooth(rows, sequences)
        names = list(self.get_feature_names_out())
        means, deviations = (
            contained(self, each.astype(dtype, copy=False), names, like=X) for each in found
        )
        return (means, deviations) if return_std else means

    @available_if(_has_noise)
    @public
    def posterior(self, X, *, groups=None, n_samples=10, random_state=None):
        """Features of each time step given the whole of its sequence, as a distribution.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows in the order of time; NaN means missing.

        groups : array-like of shape (n_samples,), default=None
            As of `fit`; sequences of one row are taken.

        n_samples : int, default=10
            Draws of the features of a sequence, all of its steps together.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draws; None uses NumPy's global generator.

        Returns
        -------
        result : PosteriorResult
            With ``mean``, as of `smooth`, ``covariance`` and ``samples``, lists of one: see
            :class:`~sklearn_helmholtz.estimators.results.PosteriorResult`.
        """
        n_samples = check_count("n_samples", n_samples)
        rows, sequences, _ = self._sequences(X, groups)
        rng = check_random_state(random_state)
        result = PosteriorResult(**self._model.posterior(rows, sequences, n_samples, rng))
        names = [list(self.get_feature_names_out())]
        return result._about(index=index_of(X), names=names)

    @available_if(_has_noise)
    @public
    def sample(self, n_steps=1, *, n_sequences=1, random_state=None, return_latents=False):
        """Draw sequences of rows.

        Parameters
        ----------
        n_steps : int, default=1
            Rows of a sequence.

        n_sequences : int, default=1
            Sequences, independent of each other.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        return_latents : bool, default=False
            Whether to return the features too.

        Returns
        -------
        X : {ndarray, DataFrame} of shape (n_sequences * n_steps, n_features)
            Rows in the order of time, one sequence after the other:
            ``numpy.repeat(numpy.arange(n_sequences), n_steps)`` are their groups. A DataFrame where
            ``set_output`` asks for such.

        H : list of {ndarray, DataFrame} of shape (n_sequences * n_steps, n_components)
            The features, a list of one. Only with ``return_latents=True``.
        """
        self._check_noise()
        lengths = [check_count("n_steps", n_steps)] * check_count("n_sequences", n_sequences)
        X, H = self._model.machine.sample(lengths, check_random_state(random_state))
        X = contained(self, X, feature_names(self))
        if not return_latents:
            return X
        return X, [contained(self, H, list(self.get_feature_names_out()))]

    @available_if(_has_noise)
    @public
    def impute(self, X, strategy="mean", *, groups=None, n_imputations=1, random_state=None):
        """Sequences with their missing values filled in, given all that is observed of them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows in the order of time; NaN means missing. Of a sparse matrix only stored values can
            be.

        strategy : {"mean", "median", "mode", "sample"}, default="mean"
            What to fill in: the expected value given the whole sequence, which is the median and
            the most probable value as well, or a draw of all missing values together.

        groups : array-like of shape (n_samples,), default=None
            As of `fit`; sequences of one row are taken.

        n_imputations : int, default=1
            Imputations to make; only draws differ from one to the next.

        random_state : int, RandomState instance or None, default=None
            The random numbers of ``strategy="sample"``; an int repeats the draws, None uses NumPy's
            global generator.

        Returns
        -------
        X_imputed : {ndarray, DataFrame, sparse matrix} of shape (n_samples, n_features)
            The data with nothing missing; of shape (n_imputations, n_samples, n_features), or a
            list of DataFrames or sparse matrices, for more than one imputation.
        """
        check_choice("strategy", strategy, _STRATEGIES)
        n_imputations = check_count("n_imputations", n_imputations)
        rows, sequences, dtype = self._sequences(X, groups)
        is_drawn = strategy == "sample"
        rng = check_random_state(random_state) if is_drawn else None
        values = self._model.impute(rows, sequences, is_drawn, n_imputations, rng)
        return imputed(self, X, rows, values, dtype, n_imputations)

    @available_if(_has_noise)
    @public
    def aic(self, X, *, groups=None):
        """Akaike's information criterion on the rows: lower is better.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows in the order of time, those of training; NaN means missing.

        groups : array-like of shape (n_samples,), default=None
            As of `fit`.

        Returns
        -------
        criterion : float
            Minus twice the log-likelihood of all rows in nats, plus 2 for each of the
            ``n_parameters_`` parameters.
        """
        total = self._estimate(X, groups).per_sample.sum()
        return float(2 * self.n_parameters_ - 2 * total)

    @available_if(_has_noise)
    @public
    def bic(self, X, *, groups=None):
        """The Bayesian information criterion on the rows: lower is better.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows in the order of time, those of training; NaN means missing.

        groups : array-like of shape (n_samples,), default=None
            As of `fit`.

        Returns
        -------
        criterion : float
            Minus twice the log-likelihood of all rows in nats, plus the logarithm of the number of
            those that hold any value for each of the ``n_parameters_`` parameters.
        """
        rows, sequences, _ = self._sequences(X, groups)
        total = self._model.estimate(rows, sequences).per_sample.sum()
        n = int((missing_per_row(rows) < rows.shape[1]).sum())
        return float(np.log(n) * self.n_parameters_ - 2 * total)

    def _check_noise(self):
        """Refuse to answer for a closed form whose parameter says otherwise since."""
        check_is_fitted(self)
        if not isinstance(self._model, DynamicFactorModel):
            raise ValueError(
                f"This {type(self).__name__} was fitted with noise='none', which has no density. "
                "Fit it again."
            )

    def _estimate(self, X, groups):
        """The `Estimate` of log p of each row given those before it."""
        rows, sequences, _ = self._sequences(X, groups)
        return self._model.estimate(rows, sequences)

    def _sequences(self, X, groups):
        """Validated rows, their `Sequences`, and the dtype of answers."""
        self._check_noise()
        rows, dtype = self._rows(X)
        return rows, sequences_of(groups, X, rows.shape[0]), dtype
