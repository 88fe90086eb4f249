"""Factor analysis and probabilistic PCA as a scikit-learn estimator."""

from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..distributed import PatternedChunks
from ..factors import METHODS, FactorLearning, SecondMoments, centred, observed_columns
from ..models import LinearGaussianModel, check_columns, named
from ..rows import has_missing
from ._compat import Interval, StrOptions, _fit_context
from .checks import check_choice
from .collected import READS_AND_LEARNS, is_collection
from .collected_moments import IncompleteError, collected_moments
from .collected_rows import rows_to_learn, see_columns
from .density import LatentDensityEstimator
from .factor_fit import FactorFitMixin
from .factor_parameters import factor_machine
from .factor_report import FactorReportMixin
from .factor_tables import FactorTablesMixin
from .learner import learner_of
from .notices import notify
from .progress import StepLines, compilation_told
from .public import public
from .rotated import RotatedMixin
from .second_moments import are_correlations, given_moments
from .standard_errors import StandardErrorsMixin
from .validation import refuse_infinity, validated
from .weights import Weights, check_alike, checked_weights

SCORES = ("regression", "bartlett")
_NAMED = 5  # columns in a warning
_NOT_ROWS = (
    "X looks like a matrix of correlations, but fit takes its rows for data. Correlations are what "
    "FactorAnalysis.from_covariance takes."
)


class FactorAnalysis(
    FactorFitMixin,
    FactorTablesMixin,
    FactorReportMixin,
    RotatedMixin,
    StandardErrorsMixin,
    LatentDensityEstimator,
):
    """Factor analysis and probabilistic PCA: real data from a few normal factors, and noise.

    ``x = mean + z @ components + noise`` with normal factors z and normal noise, which has a
    variance for each feature (factor analysis), or one for all (probabilistic PCA [1]_). The
    likelihood is exact, and so are its maximum (up to local ones), posteriors of the factors,
    imputations and conditional samples. Missing values (NaN) are taken everywhere: the likelihood
    is that of what was observed.

    Read more in the :ref:`User Guide <factor_analysis>`.

    Parameters
    ----------
    n_components : int or None, default=None
        Factors. None means as many as there are features.

    noise : {"diagonal", "isotropic"}, default="diagonal"
        Whether each feature has a noise variance of its own, or all have the same.

    rotation : str or None, default=None
        How factors are rotated, by the loadings of standardised features: ``"varimax"``,
        ``"quartimax"`` or ``"equamax"``, which leave them independent; ``"promax"`` (to the fourth
        powers of varimax), ``"oblimin"`` (quartimin) or ``"geomin"`` (with epsilon 0.01), after
        which they are correlated. The first four see rows of length one (Kaiser's normalisation),
        the last two do not, as R and GPArotation have it. None leaves them in the order of what
        they explain. The likelihood is the same.

    scores : {"regression", "bartlett"}, default="regression"
        What `transform` returns: posterior means of the factors (Thomson's scores), or those that
        are unbiased given the factors (Bartlett's).

    tol : float, default=1e-20
        Training ends where a step promises to raise twice the log-likelihood per row by less; with
        missing values and beyond 2,000 features, where one raised it by less, relative to what it
        was to begin with if that is more than 1.

    max_iter : int, default=500
        The most steps. A closed form, as with ``noise="isotropic"`` and no missing values, is one.

    random_state : int, RandomState instance or None, default=0
        Random starts of eigenvectors, of large tables, and of rotations.

    verbose : int, default=0
        Whether to print a line when a fit is done, and one every other second on its way where
        values are missing.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Loadings of the features on each factor, rotated: the pattern matrix, transposed. Zeros for
        factors that the data have no use for, such as those beyond their rank.

    loadings_ : ndarray of shape (n_features, n_components)
        The same as a matrix in the form of the literature.

    factor_correlation_ : ndarray of shape (n_components, n_components)
        Correlations of the factors: the identity but for oblique rotations.

    communalities_ : ndarray of shape (n_features,)
        Shares of the variances of the features, under the model, that the factors explain.

    noise_variance_ : ndarray of shape (n_features,) or float
        Variances of the noise; a float with ``noise="isotropic"``.

    mean_ : ndarray of shape (n_features,)
        Expected values of the features.

    heywood_ : ndarray of shape (n_features,) of bool
        Features whose noise variance would vanish (Heywood cases): it stays at 1e-8 of their
        variance. With ``noise="isotropic"`` all at once, and it stays at 1e-8 of the least of their
        variances, or where rounding ends. Constant features do not count.

    standardized_loadings_ : ndarray of shape (n_features, n_components)
        Loadings of features of variance 1 under the model: what psych and lavaan print.

    structure_ : ndarray of shape (n_features, n_components)
        Correlations of features and factors, ``standardized_loadings_ @ factor_correlation_``.

    uniquenesses_ : ndarray of shape (n_features,)
        Shares of the variances of the features that no factor explains.

    complexity_ : ndarray of shape (n_features,)
        Hofmann's numbers of factors that make up each feature.

    ss_loadings_ : ndarray of shape (n_components,)
        Variance that each factor explains of the standardised features.

    determinacy_ : ndarray of shape (n_components,)
        Correlations of the factors with their regression scores, of whole rows.

    loglike_ : list of float
        Log-likelihood of the training data, in nats, to begin with and after each step that raised
        it by more than rounding; of a closed form, that alone.

    n_parameters_ : int
        Free parameters of mean, loadings and noise, as `aic` and `bic` count them.

    n_iter_ : int
        Steps made.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    Notes
    -----
    Without missing values the data are read once, for their second moments (with fewer rows than
    features these stay implicit); the steps cost the same for any number of rows. They are Newton's
    on the likelihood as a function of the noise variances alone [2]_ [3]_, with second derivatives
    that are exact for some hundred features and otherwise approximate; beyond 2,000 features of
    L-BFGS. With missing values they are of EM and L-BFGS on the likelihood of what was observed;
    rows with the same values missing are read once if they are many, all others in every step.

    A feature that is constant in training gets the noise variance that one deviating row of the
    mean size would give it: held-out rows in which it varies have a finite log-likelihood. With
    ``noise="isotropic"`` it has the noise of all.

    Unlike other models of this library, this one computes in float64, whatever the data. Answers
    to rows that are not float64 (`transform`, `inverse_transform`, `impute`) are float32.

    References
    ----------
    .. [1] Tipping & Bishop (1999), Probabilistic principal component analysis, Journal of the Royal
           Statistical Society B 61, 611-622.
    .. [2] Joreskog (1967), Some contributions to maximum likelihood factor analysis, Psychometrika
           32, 443-482.
    .. [3] Jennrich & Robinson (1969), A Newton-Raphson algorithm for maximum likelihood factor
           analysis, Psychometrika 34, 111-123.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_helmholtz import FactorAnalysis
    >>> X = load_wine().data
    >>> model = FactorAnalysis(2).fit(X)
    >>> round(model.score(X), 3)
    -19.534
    >>> model.transform(X).shape
    (178, 2)
    """

    _parameter_constraints = {
        "n_components": [Interval(Integral, 0, None, closed="left"), None],
        "noise": [StrOptions({"diagonal", "isotropic"})],
        "rotation": [StrOptions(set(METHODS)), None],
        "scores": [StrOptions(set(SCORES))],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    _reads_collections = READS_AND_LEARNS
    _moments = None  # of all rows, after a fit that leaves any
    _weights = None  # `Weights` of all rows
    _published = frozenset(
        {
            "communalities_",
            "components_",
            "factor_correlation_",
            "heywood_",
            "loadings_",
            "loglike_",
            "mean_",
            "n_iter_",
            "noise_variance_",
        }
    )

    def __init__(
        self,
        n_components=None,
        *,
        noise="diagonal",
        rotation=None,
        scores="regression",
        tol=1e-20,
        max_iter=500,
        random_state=0,
        verbose=0,
    ):
        self.n_components = n_components
        self.noise = noise
        self.rotation = rotation
        self.scores = scores
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def fit(self, X, y=None, sample_weight=None):
        """Find the parameters of the highest likelihood.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing. A sparse matrix is read some rows at a time, unless it
            has fewer rows than features. A Dask array or DataFrame is read chunk by chunk,
            once, or in every step where values are missing.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows: a whole number counts as so many equal rows.

        Returns
        -------
        self : FactorAnalysis
            The fitted estimator.
        """
        with learner_of(self) as learner, compilation_told(self.verbose):
            found = learner._publish_fit(*learner._learn(X, sample_weight))
        return self._end(*found)

    def _learn(self, X, sample_weight):
        """A `FactorFit`, the moments it is to, if any, and how it was learnt."""
        if is_collection(X):
            try:
                return self._learn_collection(X, sample_weight, goes_on=False)
            except IncompleteError:
                return self._learn_incomplete_collection(X, sample_weight)
        show = sample_weight is None  # sums show infinity, which saves a pass to look for it
        given, X = X, validated(self, X, reset=True, ensure_min_samples=2, allow_infinity=show)
        X, weights = self._weighted(X, sample_weight, given)
        self._weights = Weights.of(weights, np.arange(X.shape[0]))
        if are_correlations(X):
            notify(_NOT_ROWS)
        learning, moments = self._learning(X.shape[1]), None
        if X.shape[0] >= X.shape[1]:
            moments = self._count(None, X, weights)
        else:
            refuse_infinity(self, X)
        if moments is not None:
            found = learning.from_moments(moments)
        elif has_missing(X):
            found = self._fit_incomplete(learning, X, weights)
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                rows, columns = centred(X, weights)
            check_columns(columns, X, self._names)
            found = learning.from_few_rows(rows, columns)
        return found, moments, learning

    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def partial_fit(self, X, y=None, sample_weight=None):
        """Find the parameters for all rows so far, of which only second moments are kept.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            More rows, without missing values; or a Dask array or DataFrame of such.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows: of all rows that a model learns from, or of none.

        Returns
        -------
        self : FactorAnalysis
            The fitted estimator.
        """
        self._validate_params()  # scikit-learn leaves it to fitted estimators
        goes_on = self.__sklearn_is_fitted__()
        if goes_on and self._moments is None:
            raise ValueError(
                "partial_fit cannot go on from a fit to missing values, to fewer rows than "
                "features or from given parameters: none of them leaves second moments."
            )
        known = self.heywood_ if goes_on else None
        with learner_of(self) as learner, compilation_told(self.verbose):
            found = learner._publish_fit(*learner._learn_more(X, sample_weight, goes_on))
        return self._end(*found, known)

    def _learn_more(self, X, sample_weight, goes_on):
        """The same for all rows so far."""
        if is_collection(X):
            return self._learn_collection(X, sample_weight, goes_on)
        given, X = X, validated(self, X, not goes_on)
        X, weights = self._weighted(X, sample_weight, given)
        seen = Weights.of(weights, np.arange(X.shape[0]))
        self._weights = check_alike(self._weights, seen) if goes_on else seen
        learning = self._learning(X.shape[1])
        moments = self._count(self._moments, X, weights)
        if moments is None:
            raise ValueError(
                "X holds missing values (NaN): partial_fit keeps second moments, which need whole "
                "rows. Use fit."
            )
        return learning.from_moments(moments), moments, learning

    def _learn_collection(self, X, sample_weight, goes_on):
        """The same for a collection of Dask, and with ``goes_on`` all rows before."""
        see_columns(self, X, reset=not goes_on)
        before = self._moments if goes_on else None
        moments = collected_moments(self, X, sample_weight, before)
        n_before, weight_before = (before.n_rows, before.weight) if goes_on else (0, 0.0)
        total = None if sample_weight is None else moments.weight - weight_before
        seen = Weights(moments.n_rows - n_before, total)
        self._weights = check_alike(self._weights, seen) if goes_on else seen
        with np.errstate(over="ignore", invalid="ignore"):
            check_columns(moments.columns(), np.zeros((1, X.shape[1])), self._names)
        learning = self._learning(X.shape[1])
        return learning.from_moments(moments), moments, learning

    def _learn_incomplete_collection(self, X, sample_weight):
        """The same where values are missing: chunks are read in every step."""
        rows, weights = rows_to_learn(self, X, sample_weight, reset=True)
        own = np.ones(len(rows)) if weights is None else weights
        self._weights = Weights.of(weights, np.flatnonzero(own))
        learning = self._learning(X.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):
            columns = observed_columns(rows, own)
        check_columns(columns, rows, self._names)
        found = learning.from_incomplete(rows, own, columns, PatternedChunks.of)
        return found, None, learning

    @classmethod
    def from_parameters(
        cls, components, noise_variance, mean=None, *, factor_correlation=None, **params
    ):
        """A fitted model with given parameters, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        components : array-like of shape (n_components, n_features)
            As the attribute ``components_``.

        noise_variance : array-like of shape (n_features,) or float
            As the attribute ``noise_variance_``; positive.

        mean : array-like of shape (n_features,), default=None
            As the attribute ``mean_``; None means zeros.

        factor_correlation : array-like of shape (n_components, n_components), default=None
            As the attribute ``factor_correlation_``; None means the identity.

        **params : dict
            Parameters of the constructor.

        Returns
        -------
        model : FactorAnalysis
            A fitted estimator with ``n_iter_`` 0.
        """
        machine, components, turn, correlation = factor_machine(
            components, noise_variance, mean, factor_correlation
        )
        kind = "isotropic" if np.ndim(noise_variance) == 0 else "diagonal"
        n, p = components.shape
        model = cls(**{"n_components": n, "noise": kind, **params})
        model._validate_params()
        if model.n_components not in (None, n) or model.noise != kind:
            raise ValueError(
                f"The arrays make n_components={n} and noise={kind!r}, got "
                f"{model.n_components!r} and {model.noise!r}."
            )
        model.n_features_in_ = p
        model._hold(machine, components, turn, correlation)
        model._publish({"heywood_": np.zeros(p, bool), "loglike_": [], "n_iter_": 0})
        return model

    @classmethod
    def from_covariance(cls, covariance, n_samples, *, mean=None, **params):
        """The model of the highest likelihood for rows of which only the covariance is known.

        It is that of a fit to any complete rows with these moments, to rounding.

        Parameters
        ----------
        covariance : array-like of shape (n_features, n_features)
            Of the rows, with their number as the divisor (``np.cov(X.T, bias=True)``); or their
            correlations, for a model of standardised features. A DataFrame names the features.

        n_samples : int
            Rows that it was made of. Parameters do not depend on it, but log-likelihoods do, and
            `fit_statistics`.

        mean : array-like of shape (n_features,), default=None
            Mean of the rows; None means zeros.

        **params : dict
            Parameters of the constructor.

        Returns
        -------
        model : FactorAnalysis
            A fitted estimator, which `partial_fit` can go on from.

        See Also
        --------
        from_parameters : A model of given loadings.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_helmholtz import FactorAnalysis
        >>> R = np.array([[1, 0.48, 0.4], [0.48, 1, 0.3], [0.4, 0.3, 1]])
        >>> model = FactorAnalysis.from_covariance(R, 100, n_components=1)
        >>> model.loadings_.round(3)
        array([[0.8],
               [0.6],
               [0.5]])
        """
        moments, names = given_moments(covariance, n_samples, mean)
        model = cls(**params)
        model._validate_params()
        model.n_features_in_ = len(moments.first)
        if names is not None:
            model.feature_names_in_ = names
        model._weights = Weights(n_samples)
        learning = model._learning(model.n_features_in_)
        found = model._publish_fit(learning.from_moments(moments), moments, learning)
        return model._end(*found)

    @public
    def get_covariance(self):
        """The covariance of the features under the model.

        Returns
        -------
        covariance : ndarray of shape (n_features, n_features)
            Loadings times their transpose, plus the noise.
        """
        check_is_fitted(self)
        return self._model.machine.covariance()

    @public
    def get_precision(self):
        """The inverse of the covariance of the features under the model.

        Returns
        -------
        precision : ndarray of shape (n_features, n_features)
            Without an inverse of more than ``n_components`` rows.
        """
        check_is_fitted(self)
        return self._model.machine.precision()

    def _fit_incomplete(self, learning, X, weights):
        weights = np.ones(X.shape[0]) if weights is None else weights
        with np.errstate(over="ignore", invalid="ignore"):
            columns = observed_columns(X, weights)
        check_columns(columns, X, self._names)
        return learning.from_incomplete(X, weights, columns)

    def _count(self, moments, X, weights):
        """Second moments with some more rows, or None where values are missing."""
        with np.errstate(over="ignore", invalid="ignore"):
            moments = SecondMoments.about(X, weights) if moments is None else moments
            if self._shows_missing(moments.shift, X):
                return None
            moments = moments.plus(X, weights)
            if self._shows_missing(moments.first, X):
                return None
            check_columns(moments.columns(), X, self._names)
        return moments

    def _shows_missing(self, sums, X):
        """Whether sums show that values are missing, which saves a pass over them; not infinity."""
        if np.isfinite(sums).all():
            return False
        refuse_infinity(self, X)
        return has_missing(X)

    def _learning(self, n_features):
        n = n_features if self.n_components is None else self.n_components
        if n > n_features:
            raise ValueError(
                f"n_components={n} must be at most the number of features, {n_features}."
            )
        rng = check_random_state(self.random_state)
        shared, seen, lines = self.noise == "isotropic", self._weights, None
        if self.verbose:
            lines = StepLines(seen.n_rows if seen.total is None else seen.total)
        return FactorLearning(n, shared, self.tol, self.max_iter, rng, lines)

    def _publish_fit(self, found, moments, learning):
        """Rotate and set the fitted attributes; whether the likelihood and the rotation ended."""
        seed = None if self.rotation is None else learning.rng.randint(2**31)
        is_rotated = self._publish_rotated(found.machine, self.rotation, seed)
        self._moments = moments
        self._publish(
            {"heywood_": found.vanishing, "loglike_": found.path, "n_iter_": found.n_steps}
        )
        if learning.report is not None:
            learning.report.end(found.n_steps, found.path[-1])
        return found.converged, is_rotated

    def _end(self, has_converged, is_rotated, heywood_before=None):
        """Warn of what should be known of a fit."""
        if not np.array_equal(self.heywood_, heywood_before):
            self._warn_of_heywood()
        if not has_converged:
            self._warn_of_steps()
        if not is_rotated:
            self._warn_of_rotation()
        return self

    def _hold(self, machine, components, turn, correlation):
        """Set the attributes of a model. turn : factors as published are ``z @ turn``."""
        self._model, self._moments = LinearGaussianModel(machine, turn), None
        noise = machine.noise
        explained = (machine.loadings**2).sum(axis=0)
        attributes = {
            "components_": components,
            "loadings_": components.T,
            "factor_correlation_": correlation,
            "mean_": machine.mean,
            "noise_variance_": float(noise[0]) if self.noise == "isotropic" else noise,
            "communalities_": explained / (explained + noise),
        }
        self._publish(attributes)

    def _features(self, rows, dtype):
        check_choice("scores", self.scores, SCORES)
        return self._model.scores(rows, self.scores).astype(dtype, copy=False)

    def _expected_data(self, H):
        return self.mean_ + H @ self.components_

    def _weighted(self, X, sample_weight, given):
        """The rows that have a weight, and their weights, or None for 1 each.

        given : the rows as the user has them, whose labels those of the weights have to be.
        """
        if sample_weight is None:
            return X, None
        weights = checked_weights(sample_weight, X, given)
        if weights.all():
            return X, weights
        kept = np.flatnonzero(weights)
        return X[kept], weights[kept]

    def _warn_of_heywood(self):
        if not self.heywood_.any():
            return
        columns = [named(column, self._names) for column in np.flatnonzero(self.heywood_)]
        more = ", ..." if len(columns) > _NAMED else ""
        notify(
            f"Heywood case: the noise variance of {len(columns)} feature(s) would vanish (columns "
            f"{', '.join(columns[:_NAMED])}{more}). Fewer components may describe the data better."
        )

    def _warn_of_steps(self):
        remedy = (
            f"Raise max_iter={self.max_iter}, or tol."
            if self.n_iter_ >= self.max_iter
            else "Rounding hides what there is to gain: take fewer components, or a larger tol."
        )
        notify(
            f"The likelihood had not reached its maximum after {self.n_iter_} steps. {remedy}",
            ConvergenceWarning,
        )

    def _warn_of_rotation(self):
        notify(
            f"The rotation {self.rotation!r} did not converge, or found no oblique factors: the "
            "loadings explain what they should, but others may be simpler. Try another rotation.",
            ConvergenceWarning,
        )

    @property
    def _n_features_out(self):
        return len(self.components_)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "components_")
