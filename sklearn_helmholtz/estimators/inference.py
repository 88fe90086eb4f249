"""Answers about rows: features, samples, posteriors, imputations."""

from functools import partial
from numbers import Integral

from sklearn.base import TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..models import N_SWEEPS, named
from .checks import check_choice, check_count
from .containers import contained, feature_names
from .evidence import as_evidence
from .imputed import imputed
from .labels import index_of
from .notices import notify
from .progress import with_progress
from .public import public
from .results import PosteriorResult

_STRATEGIES = ("mean", "median", "mode", "sample")


def _has_expected_data(estimator):
    """True; where there are none an AttributeError, which says why the method is not there."""
    estimator._refuse_expected_data()
    return True


class InferenceMixin(TransformerMixin):
    """The hidden layers given the data, the data given these, and missing data given the others.

    scikit-learn makes the form of what `transform` returns that of ``set_output``, if the class
    that has the method is a transformer.
    """

    @with_progress
    @public
    def transform(self, X):
        """Features of the rows: what is expected of their hidden units, or scores of factors.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing. A recognition net sees ``feature_means_`` in its place.

        Returns
        -------
        H : ndarray of shape (n_samples, n_units)
            Of a machine, the probabilities of the layer ``transform_layer``, or of all layers side
            by side from the data upward: those of the recognition net (its approximate posterior),
            whose upper layers see the probabilities of the layer below, or where the estimator has
            ``inference`` the posterior means that it finds; nothing is random but what depends on
            the contents of a row alone. Of a factor model, posterior means of the factors, or
            Bartlett's scores; of sparse coding, the most probable factors or their means. float32
            for float32, uint8 and bool input, float64 otherwise.
        """
        rows, _, dtype = self._rows(X)
        return self._features(rows, dtype)

    @available_if(_has_expected_data)
    @public
    def inverse_transform(self, X):
        """Expected data given the values of a layer, or factors; not of mixed columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_units)
            What `transform` returned: probabilities of the layer ``transform_layer``, which are
            passed down as probabilities (with ``transform_layer="all"`` the first hidden layer
            decides), or any values of Gaussian latents or factors.

        Returns
        -------
        X_expected : {ndarray, DataFrame} of shape (n_samples, n_features)
            Expected values of the features, in the units of the training data. Where units depend
            on those before them (``autoregressive=True``), they too are seen by their expected
            values, in every layer on the way. Where ``set_output`` asks for DataFrames, one with
            the names of the features and the index of X.
        """
        check_is_fitted(self)
        H, dtype = self._hidden_values(X)
        expected = self._expected_data(H).astype(dtype, copy=False)
        return contained(self, expected, feature_names(self), like=X)

    @with_progress
    @public
    def sample(self, n_samples=1, *, given=None, random_state=None, return_latents=False):
        """Draw rows from the model, or what is missing of a row given the rest of it.

        Without ``given`` by ancestral sampling, from annealed chains where a part of the model is
        undirected and too large to be enumerated. Otherwise from p(missing | observed): exactly for
        factor models and machines of at most 14 binary hidden units (missing values count as in
        `log_likelihood`); else every draw weighs ``n_importance_samples`` particles of its own,
        chooses one, and moves it by 20 sweeps of Gibbs sampling, where units allow it.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.

        given : array-like of shape (n_features,), Series or dict, default=None
            Values to keep, and NaN for those to be drawn. A Series of pandas with labels or a dict
            goes by the names of the features, or by their numbers where they have none, and may
            leave out what is to be drawn.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        return_latents : bool, default=False
            Whether to return the hidden layers too.

        Returns
        -------
        X : {ndarray, DataFrame} of shape (n_samples, n_features)
            uint8 for Bernoulli visible units, int64 for counts, float32 for Gaussian ones and where
            fractions were given, float64 of a factor model. Where ``set_output`` asks for
            DataFrames, one with the names of the features and numbered rows. Of mixed columns a
            DataFrame of the library and the types that `fit` got, or an array of float64, whatever
            ``set_output`` says.

        H : list of {ndarray, DataFrame} of shape (n_samples, n_units)
            The hidden layers from the data upward, uint8, Gaussian latents, float32, or the
            factors, float64; DataFrames as X, with columns such as ``layer1_0``. Only with
            ``return_latents=True``.
        """
        check_is_fitted(self)
        n_samples = check_count("n_samples", n_samples)
        model, n_threads = self._answering_model, self._n_threads
        if given is None:
            rng = check_random_state(random_state)
            X, hidden = model.draw(n_samples, rng, n_threads)
            return self._drawn(X, hidden, return_latents)
        evidence = self._evidence(given)
        n_pool = self._n_samples("importance", None)
        X, hidden = model.draw_given(
            evidence, n_samples, n_pool, check_random_state(random_state), n_threads
        )
        self._warn_of_combination(evidence, n_pool)
        return self._drawn(X, hidden, return_latents)

    @property
    def _answering_model(self):
        """The fitted model, which answers by the settings that the estimator has now."""
        return self._model

    def _log_prob_of_evidence(self, given):
        """Log-density of given values whatever the others are, nats; given : as of `sample`."""
        model = self._answering_model
        rows = model.table(self._evidence(given)[None])
        n_samples, n_steps = self._n_samples("importance", None), self._n_temperatures(None)
        found = model.estimate(rows, "auto", n_samples, n_steps, None, self._n_threads)
        return float(found[0].per_sample[0])

    def _evidence(self, given):
        """Given values as an array (n_features,), NaN for those to be drawn."""
        if self._schema is not None:
            return self._schema.encode_evidence(given)
        return as_evidence(given, self._model.n_features, self._model.support, self._names)

    def _drawn(self, X, hidden, return_latents):
        """Rows drawn in the form of the training data, and their hidden layers if asked for."""
        if self._schema is not None:
            X = self._schema.decode(X)
        else:
            X = contained(self, X, feature_names(self))
        if not return_latents:
            return X
        pairs = zip(hidden, self._latent_names(), strict=True)
        return X, [contained(self, layer, names) for layer, names in pairs]

    def _warn_of_combination(self, evidence, n_pool):
        improbable = self._answering_model.improbable(evidence, n_pool, self._n_threads)
        if improbable is not None:
            log_p, independent = improbable
            notify(
                "The model thinks the given values nearly impossible together: their "
                f"log-probability is {log_p:.1f} nats, and {independent:.1f} if the features were "
                "independent. What is drawn may mean little."
            )

    @with_progress
    @public
    def posterior(
        self, X, *, method="auto", n_samples=10, n_importance_samples=None, n_sweeps=N_SWEEPS,
        random_state=None,
    ):  # fmt: skip
        """The hidden layers given the data: p(h | x), or the recognition net's guess at it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        method : {"auto", "exact", "recognition", "mean-field", "importance", "gibbs"}, \
                default="auto"
            How: by enumeration of the hidden states (at most 20 units), as the recognition net
            guesses, by mean field, by weighted particles as in `log_likelihood`, or by Gibbs
            sampling from where those end. ``"auto"`` means ``"exact"`` for machines of at most 14
            binary hidden units, otherwise ``"importance"``; missing values count as in
            `log_likelihood`. Factor models have ``"auto"`` and ``"exact"``, the same closed form,
            which needs neither ``n_importance_samples`` nor ``n_sweeps``; sparse coding has
            ``"auto"`` and ``"gibbs"``, annealed chains that are chosen by weight and move on.

        n_samples : int, default=10
            Samples for each row.

        n_importance_samples : int, default=None
            Particles for each row; None means the estimator's parameter.

        n_sweeps : int, default=20
            Sweeps of Gibbs sampling that each sample makes.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draws; None uses NumPy's global generator.

        Returns
        -------
        result : PosteriorResult
            With ``mean`` and ``samples`` of each hidden layer, ``effective_sample_size`` of each
            row, and ``method``; of factor models ``covariance``, too: see
            :class:`~sklearn_helmholtz.estimators.results.PosteriorResult`.

        Examples
        --------
        >>> from sklearn_helmholtz import HelmholtzMachine
        >>> machine = HelmholtzMachine.from_parameters(
        ...     [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
        >>> machine.posterior([[1, 1], [0, 1]]).mean[0].round(3).ravel()
        array([0.982, 0.5  ])
        """
        check_is_fitted(self)
        check_choice("method", method, self._model.posterior_methods)
        n_samples = check_count("n_samples", n_samples)
        n_sweeps = check_count("n_sweeps", n_sweeps)
        rows = self._rows(X)[0]
        n_pool = self._n_samples("importance", n_importance_samples)
        rng = check_random_state(random_state)
        fields = self._answering_model.posterior(
            rows, method, n_samples, n_pool, n_sweeps, rng, self._n_threads
        )
        return PosteriorResult(**fields)._about(index=index_of(X), names=self._latent_names())

    @with_progress
    @public
    def predict_proba_missing(self, X, column, *, n_importance_samples=None):
        """Probabilities of the levels of one column, given all else that is observed of each row.

        It makes any model of binary or mixed columns a classifier for any of them.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Data; NaN means missing. What the column itself holds is not looked at.

        column : str or int
            Name or number of a bernoulli, categorical or ordinal column.

        n_importance_samples : int, default=None
            As in `log_likelihood`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_levels)
            In the order of ``categories_[column]``, or of 0 and 1.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_helmholtz import HelmholtzMachine
        >>> machine = HelmholtzMachine.from_parameters(
        ...     [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
        >>> machine.predict_proba_missing([[1, np.nan], [0, np.nan]], 1).round(2)
        array([[0.21, 0.79],
               [0.79, 0.21]])
        """
        check_is_fitted(self)
        number = self._column_number(column)
        n_levels = self._n_levels(number)
        data, _ = self._data(X)
        n_samples = self._n_samples("importance", n_importance_samples)
        model, n_threads = self._answering_model, self._n_threads
        return model.level_probabilities(data, number, n_levels, n_samples, n_threads)

    def _column_number(self, column):
        """The number of a column that is named or numbered, or a ValueError."""
        names = [] if self._names is None else list(self._names)
        if isinstance(column, str) and column in names:
            return names.index(column)
        n = self._model.n_features
        if isinstance(column, Integral) and not isinstance(column, bool) and -n <= column < n:
            return int(column) % n
        known = f"{names} or " if names else ""
        raise ValueError(f"column must be one of {known}a number below {n}, got {column!r}.")

    def _n_levels(self, number):
        """The number of levels of a column, or a ValueError where it has none."""
        if self._schema is not None:
            levels = self._schema.categories[number]
        else:
            levels = (0, 1) if self._model.has_binary_columns else None
        if levels is None:
            raise ValueError(
                f"column {named(number, self._names)} has no levels, so there are no probabilities "
                "of any: use impute or sample(given=...)."
            )
        return len(levels)

    @with_progress
    @public
    def impute(
        self, X, strategy="mean", *, n_imputations=1, n_importance_samples=None, random_state=None
    ):
        """Data with their missing values filled in, given the observed values of the same row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing. Of a sparse matrix only stored values can be.

        strategy : {"mean", "median", "mode", "sample"}, default="mean"
            What to fill in: the expected value given what is observed, the median or the most
            probable value of each entry on its own (but for Bernoulli and mixed columns, of the 64
            heaviest components of its distribution), or a draw of all missing values of the row
            together. Of the levels of mixed columns means and medians are the most probable ones,
            but medians of items are those of their levels in order; see `predict_proba_missing`
            for probabilities.

        n_imputations : int, default=1
            Imputations to make; only draws differ from one to the next.

        n_importance_samples : int, default=None
            Particles for each row where machines have more than 14 hidden units, or Gaussian
            latents (missing values count as in `log_likelihood`); None means the estimator's
            parameter. More make better means. Factor models need none.

        random_state : int, RandomState instance or None, default=None
            The random numbers of ``strategy="sample"``; an int repeats the draws, None uses NumPy's
            global generator. The other strategies have fixed ones.

        Returns
        -------
        X_imputed : ndarray or sparse matrix of shape (n_samples, n_features)
            The data, dense or sparse as they came, with nothing missing; of shape (n_imputations,
            n_samples, n_features), or a list of sparse matrices, for more than one imputation.
            float32 for float32, uint8 and bool input, float64 otherwise. Where ``set_output`` asks
            for DataFrames, one with the index and the columns of X, or a list of such. Of mixed
            columns what `fit` got: a DataFrame of the same library and types, or an array of
            float64, whatever ``set_output`` says.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_helmholtz import HelmholtzMachine
        >>> machine = HelmholtzMachine.from_parameters(
        ...     [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
        >>> machine.impute([[1, np.nan], [0, 1]]).round(3)
        array([[1.  , 0.79],
               [0.  , 1.  ]])
        """
        check_choice("strategy", strategy, _STRATEGIES)
        n_imputations = check_count("n_imputations", n_imputations)
        data, dtype = self._data(X)
        rows = self._model.table(data)
        rng = check_random_state(random_state) if strategy == "sample" else None
        if strategy == "mean" and self._schema is not None and self._schema.is_binary:
            strategy = "mode"  # the mean of two levels is none of them
        n_pool = self._n_samples("importance", n_importance_samples)
        model, n_threads = self._answering_model, self._n_threads
        values = model.impute(rows, strategy, n_imputations, n_pool, rng, n_threads)
        decode = None if self._schema is None else partial(self._schema.decode, like=X)
        return imputed(self, X, data, values, dtype, n_imputations, decode)
