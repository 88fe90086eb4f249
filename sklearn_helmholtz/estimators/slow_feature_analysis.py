"""Slow feature analysis as a scikit-learn estimator."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..models import DynamicFactorModel, SlowFeatureModel, check_columns, named
from ..rows import has_missing
from ..sequences import DynamicFactors
from ._compat import Interval, StrOptions, _fit_context
from .checks import CheckedParametersMixin
from .containers import contained, feature_names
from .factor_parameters import real_array, shaped
from .groups import sequences_of
from .labels import check_same_labels
from .learner import learner_of
from .notices import notify
from .public import public
from .published import PublishedMixin, VersionedMixin
from .sequence_answers import SequenceAnswersMixin
from .slow_feature_fit import SequenceMoments, fit_factors, slowest, warn_of_rank
from .validation import answer_dtype, check_width, validated, validated_latents

_NAMED = 5  # columns in a warning
_LEAST_NOISE = 1e-10  # relative to a variance: with less, squares lose the digits of densities


def _has_moments(estimator):
    """True; where a fit leaves no moments an AttributeError, which says why there is no method."""
    if estimator.noise != "none":
        raise AttributeError(
            f"partial_fit keeps second moments, which SlowFeatureAnalysis(noise={estimator.noise!r}"
            ") cannot learn from. Use fit on all sequences, or noise='none'."
        )
    return True


class SlowFeatureAnalysis(
    SequenceAnswersMixin,
    CheckedParametersMixin,
    PublishedMixin,
    VersionedMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Slow feature analysis: the directions of a time series that change most slowly.

    Rows are in the order of time. Slow features are linear functions of a row that have mean 0,
    variance 1 and no correlations, and whose mean squared difference from one row to the next is
    as small as can be [1]_: a closed form of second moments. They are the limit, without noise, of
    a model with a likelihood [2]_, ``h_t = l h_(t-1) + sqrt(1 - l^2) e_t`` for each feature and
    ``x_t = mean + mixing @ h_t + noise``, which ``noise="diagonal"`` fits: a dynamic factor
    analysis, with exact scores, features smoothed over time, samples and missing values.

    Read more in the :ref:`User Guide <slow_features>`.

    Parameters
    ----------
    n_components : int or None, default=None
        Features, slowest first. None means as many as there are directions in which the rows vary.

    lag : int, default=1
        Rows that differences are apart. ``noise="diagonal"`` models each step and takes 1 only.

    noise : {"none", "diagonal"}, default="none"
        Whether features are found in closed form, as directions, or as the factors of the model
        above, with a noise variance of each column.

    tol : float, default=1e-8
        With noise, training ends where up to 50 steps together raise the log-likelihood by less,
        nats per row.

    max_iter : int, default=1000
        With noise, the most steps of EM and L-BFGS. A closed form is one.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        The filters: features of a complete row are ``(x - mean_) @ components_.T``.

    mixing_ : ndarray of shape (n_features, n_components)
        The way back, ``x = mean_ + mixing_ @ h``: covariances of the columns with the features,
        and with noise their loadings.

    mean_ : ndarray of shape (n_features,)
        Expected values of the columns: means of the rows, with noise those of highest likelihood.

    delta_values_ : ndarray of shape (n_components,)
        Mean squared differences of the features over the ``lag``, rising: from 0 to 4, of white
        noise 2. With noise ``2 * (1 - autocorrelations_)``.

    autocorrelations_ : ndarray of shape (n_components,)
        Of the features over the ``lag``, ``1 - delta_values_ / 2``: with noise the l above.

    noise_variance_ : ndarray of shape (n_features,)
        Variances of the noise. Only with ``noise="diagonal"``.

    loglike_ : list of float
        Log-likelihood of the training rows, in nats, to begin with and after each step. Only with
        ``noise="diagonal"``.

    rank_ : int
        Directions in which the training rows vary.

    n_parameters_ : int
        Free parameters of mean, mixing, noise and autocorrelations, as `aic` and `bic` count them.

    n_iter_ : int
        Steps made.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    FactorAnalysis : Factors of rows without an order.

    Notes
    -----
    Signs are such that the column that is correlated most with a feature is so positively. The
    covariance is inverted in the directions in which the standardised columns vary, by more than
    the number of rows times the precision of float64 (at most 1e-10) of the largest variance; a
    warning says how many were dropped. Moments have numbers of rows and of differences as their
    divisors. Nonlinear features are those of a pipeline, with
    :class:`~sklearn.preprocessing.PolynomialFeatures` for quadratic ones.

    Rows of a sequence cannot change places, so there is no ``score_samples``: `log_likelihood` has
    the density of each step given those before it. `transform` sees each row by itself, and with
    noise the posterior means of the features given that row alone; `smooth` sees sequences.

    With noise, means and loadings, noise and autocorrelations have the highest likelihood, which is
    found by a few steps of EM from the closed form and L-BFGS on the exact gradient, whose
    coordinates are such that hardly any noise slows nothing down. Noise variances stay at 1e-8 of
    those of the columns at least. Local maxima are possible. Where values are missing, the start
    has straight lines in their place; the likelihood leaves them out. A step reads all rows once.
    Memory is at most ``4 * n_samples * n_components**2`` numbers, of
    which hardly any are needed where nothing is missing, as covariances settle.

    References
    ----------
    .. [1] Wiskott & Sejnowski (2002), Slow feature analysis: unsupervised learning of invariances,
           Neural Computation 14, 715-770.
    .. [2] Turner & Sahani (2007), A maximum-likelihood interpretation for slow feature analysis,
           Neural Computation 19, 1022-1038.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz import SlowFeatureAnalysis
    >>> t = np.linspace(0, 4 * np.pi, 500)
    >>> slow, fast = np.sin(t), np.cos(11 * t)
    >>> X = np.column_stack([slow + fast, 2 * fast - slow, fast])
    >>> H = SlowFeatureAnalysis(2).fit_transform(X[:, :2])
    >>> round(float(abs(np.corrcoef(H[:, 0], slow)[0, 1])), 3)
    1.0
    >>> noisy = X + np.random.default_rng(0).normal(size=X.shape)
    >>> model = SlowFeatureAnalysis(2, noise="diagonal").fit(noisy[:400])
    >>> round(model.score(noisy[400:]), 2)
    -4.8
    >>> model.smooth(noisy).shape
    (500, 2)
    """

    _parameter_constraints = {
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "lag": [Interval(Integral, 1, None, closed="left")],
        "noise": [StrOptions({"none", "diagonal"})],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    }
    _moments = None  # of all rows, after a fit in closed form
    _published = frozenset(
        {
            "autocorrelations_",
            "components_",
            "delta_values_",
            "loglike_",
            "mean_",
            "mixing_",
            "n_iter_",
            "noise_variance_",
            "rank_",
        }
    )

    def __init__(self, n_components=None, *, lag=1, noise="none", tol=1e-8, max_iter=1000):
        self.n_components = n_components
        self.lag = lag
        self.noise = noise
        self.tol = tol
        self.max_iter = max_iter

    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def fit(self, X, y=None, *, groups=None):
        """Find the slow features of one sequence, or of several.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows in the order of time; with ``noise="diagonal"`` NaN means missing. A sparse matrix
            is read some rows at a time, unless values are missing.

        y : None
            Ignored, present for API consistency by convention.

        groups : array-like of shape (n_samples,), default=None
            A label for each row: rows of the same are one sequence, and have to be side by side.
            There are no differences from one sequence to the next. None means one sequence.

        Returns
        -------
        self : SlowFeatureAnalysis
            The fitted estimator.

        Raises
        ------
        ValueError
            Where a sequence has no more rows than the ``lag``, rows of a group are apart, or the
            rows vary in fewer directions than ``n_components``.
        """
        with learner_of(self) as learner:
            learner._fit(X, groups)
        return self

    def _fit(self, X, groups):
        rows, sequences = self._training_rows(X, groups, reset=True)
        if self.noise == "none":
            self._hold_moments(self._counted(None, rows, sequences))
        else:
            self._fit_noise(rows, sequences)

    @available_if(_has_moments)
    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def partial_fit(self, X, y=None, *, groups=None):
        """Find the slow features of all sequences so far, of which only second moments are kept.

        Features are those of a fit to all of them together.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Further sequences, whole ones: there is no difference from the rows before to these.

        y : None
            Ignored, present for API consistency by convention.

        groups : array-like of shape (n_samples,), default=None
            As of `fit`. Labels of earlier calls may come again, for other sequences.

        Returns
        -------
        self : SlowFeatureAnalysis
            The fitted estimator.
        """
        self._validate_params()  # scikit-learn leaves it to fitted estimators
        goes_on = self.__sklearn_is_fitted__()
        if goes_on and (self._moments is None or self._moments.differences.lag != self.lag):
            raise ValueError(
                "partial_fit cannot go on from a fit with noise, from given parameters, or with "
                f"another lag than before: noise={self.noise!r} and lag={self.lag} now. Fit anew."
            )
        with learner_of(self) as learner:
            rows, sequences = learner._training_rows(X, groups, reset=not goes_on)
            moments = learner._moments if goes_on else None
            learner._hold_moments(learner._counted(moments, rows, sequences))
        return self

    @classmethod
    def from_parameters(cls, mixing, autocorrelations, noise_variance, mean=None, **params):
        """A fitted model with given parameters, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        mixing : array-like of shape (n_features, n_components)
            As the attribute ``mixing_``.

        autocorrelations : array-like of shape (n_components,)
            As the attribute ``autocorrelations_``: between -1 and 1, none of them these.

        noise_variance : array-like of shape (n_features,)
            As the attribute ``noise_variance_``; positive.

        mean : array-like of shape (n_features,), default=None
            As the attribute ``mean_``; None means zeros.

        **params : dict
            Parameters of the constructor.

        Returns
        -------
        model : SlowFeatureAnalysis
            A fitted estimator with ``noise="diagonal"`` and ``n_iter_`` 0.
        """
        check_same_labels(noise_variance=noise_variance, mean=mean)
        machine = _machine_of(mixing, autocorrelations, noise_variance, mean)
        k, p = machine.loadings.shape
        model = cls(**{"n_components": k, "noise": "diagonal", **params})
        model._validate_params()
        if model.n_components not in (None, k) or model.noise != "diagonal":
            raise ValueError(
                f"The arrays make n_components={k} and noise='diagonal', got "
                f"{model.n_components!r} and {model.noise!r}."
            )
        model.n_features_in_ = p
        model._hold_machine(machine, {"loglike_": [], "n_iter_": 0, "rank_": p})
        return model

    @public
    def transform(self, X):
        """Slow features of each row by itself.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows in any order; with ``noise="diagonal"`` NaN means missing.

        Returns
        -------
        H : ndarray of shape (n_samples, n_components)
            Features, slowest first: with noise their posterior means given the row alone, which are
            smaller than 1 on average; `smooth` has those given a whole sequence. float32 for
            float32, uint8 and bool input, float64 otherwise.
        """
        rows, dtype = self._rows(X)
        return self._model.features(rows).astype(dtype, copy=False)

    @public
    def inverse_transform(self, X):
        """Rows that slow features stand for: the way back.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Features.

        Returns
        -------
        X_expected : {ndarray, DataFrame} of shape (n_samples, n_features)
            ``mean_ + X @ mixing_.T``: the best linear reconstruction of rows by their features, and
            with noise what is expected given features. A DataFrame where ``set_output`` asks for
            such.
        """
        check_is_fitted(self)
        H = validated_latents(X, self.get_feature_names_out())
        expected = self._model.expected(H).astype(answer_dtype(H), copy=False)
        return contained(self, expected, feature_names(self), like=X)

    @property
    def n_parameters_(self):
        """Number of free parameters of p(x), as `aic` and `bic` count them.

        Means, loadings, noise variances and autocorrelations; of a closed form, which has no
        density, an AttributeError.
        """
        check_is_fitted(self)
        if self.noise == "none":
            raise AttributeError("noise='none' makes no density that has parameters.")
        p, k = self.mixing_.shape
        return p * (k + 2) + k

    @property
    def _n_features_out(self):
        return len(self.components_)

    def _rows(self, X):
        """Validated rows, and the dtype of answers."""
        check_is_fitted(self)
        X = validated(self, X, reset=False)
        check_width(X, self._model.n_features)
        self._check_whole(X)
        return X, answer_dtype(X)

    def _training_rows(self, X, groups, reset):
        """Validated rows to learn from, and their `Sequences`."""
        if self.noise != "none" and self.lag != 1:
            raise ValueError(
                f"noise={self.noise!r} models how each row follows from the one before: lag must "
                f"be 1, got {self.lag}."
            )
        rows = validated(self, X, reset=reset, ensure_min_samples=2)
        self._check_whole(rows)
        return rows, sequences_of(groups, X, rows.shape[0], self.lag)

    def _check_whole(self, X):
        if self.noise == "none" and has_missing(X):
            raise ValueError(
                "Input X contains NaN, which means missing: SlowFeatureAnalysis(noise='none') has "
                "a closed form of whole rows only. Use noise='diagonal'."
            )

    def _counted(self, moments, rows, sequences):
        """The `SequenceMoments` with some more sequences."""
        with np.errstate(over="ignore", invalid="ignore"):
            if moments is None:
                moments = SequenceMoments.of(rows, sequences, self.lag)
            else:
                moments = moments.plus(rows, sequences)
            names = getattr(self, "feature_names_in_", None)
            check_columns(moments.rows.columns(), rows, names)
        return moments

    def _hold_moments(self, moments):
        """Become the closed form of moments."""
        columns, names = moments.rows.columns(), getattr(self, "feature_names_in_", None)
        found = slowest(moments.solve(), self.n_components)
        self._hold(found, columns.mean, moments)
        warn_of_rank(found.rank, columns, names)

    def _hold(self, found, mean, moments):
        """Become given `SlowFeatures`."""
        model = SlowFeatureModel(mean, found.filters, found.mixing)
        self._become({
            **_attributes(model, found.deltas), "_model": model, "_moments": moments,
            "rank_": found.rank, "n_iter_": 1,
        })  # fmt: skip

    def _fit_noise(self, rows, sequences):
        names = getattr(self, "feature_names_in_", None)
        fit = fit_factors(rows, sequences, self.n_components, self.tol, self.max_iter, names)
        path, n_steps = fit.found.path, fit.found.n_steps
        self._hold_machine(fit.machine, {"loglike_": path, "n_iter_": n_steps, "rank_": fit.rank})
        self._warn(fit, names)

    def _hold_machine(self, machine, records):
        """Become a given `DynamicFactors`; records : further attributes."""
        model = DynamicFactorModel(machine)
        self._become({
            **_attributes(model, 2 * (1 - machine.persistence)), **records, "_model": model,
            "_moments": None, "noise_variance_": machine.noise.copy(),
        })  # fmt: skip

    def _warn(self, fit, names):
        """Warn of what should be known of a fit with noise."""
        low = fit.vanishing
        if len(low):
            columns = ", ".join(named(column, names) for column in low[:_NAMED])
            more = ", ..." if len(low) > _NAMED else ""
            notify(
                f"Heywood case: the noise variance of {len(low)} feature(s) would vanish (columns "
                f"{columns}{more}). Fewer components may describe the data better."
            )
        if not fit.found.converged:
            notify(
                f"The likelihood had not reached its maximum after {fit.found.n_steps} steps. "
                f"Raise max_iter={self.max_iter}, or tol.",
                ConvergenceWarning,
            )

    def __sklearn_is_fitted__(self):
        return hasattr(self, "components_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.noise != "none"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _attributes(model, deltas):
    """Attributes that all fits have, copies of what the model holds."""
    mean = model.machine.mean if isinstance(model, DynamicFactorModel) else model.mean
    return {
        "components_": np.array(model.filters, order="C"),
        "mixing_": np.array(model.mixing, order="C"),
        "mean_": mean.copy(),
        "delta_values_": np.array(deltas),
        "autocorrelations_": 1 - np.array(deltas) / 2,
    }


def _machine_of(mixing, autocorrelations, noise_variance, mean):
    """A `DynamicFactors` of given parameters, after checking them."""
    mixing = real_array("mixing", mixing)
    if mixing.ndim != 2 or not mixing.size:
        raise ValueError(
            "mixing must have a row for each feature and a column for each component, got the "
            f"shape {mixing.shape}."
        )
    p, k = mixing.shape
    persistence = shaped("autocorrelations", real_array("autocorrelations", autocorrelations), (k,))
    if not (np.abs(persistence) < 1).all():
        raise ValueError(f"autocorrelations must lie between -1 and 1, got {autocorrelations!r}.")
    noise = shaped("noise_variance", real_array("noise_variance", noise_variance), (p,))
    if not (noise > 0).all():
        raise ValueError(f"noise_variance must be positive, got {noise_variance!r}.")
    _check_noise(noise, (mixing**2).sum(axis=1))
    mean = np.zeros(p) if mean is None else shaped("mean", real_array("mean", mean), (p,))
    return DynamicFactors(mean, np.ascontiguousarray(mixing.T), noise, persistence)


def _check_noise(noise, explained):
    """Refuse noise variances too small beside what features explain, (n_features,) each."""
    low = np.flatnonzero(noise < _LEAST_NOISE * explained)
    if len(low):
        column = low[0]
        raise ValueError(
            f"noise_variance, {noise[column]:.3g} for column {column}, is too small for this "
            f"mixing: it must be at least {_LEAST_NOISE:g} times the variance that the features "
            f"explain, {explained[column]:.3g}."
        )
