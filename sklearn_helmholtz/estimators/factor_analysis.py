"""Factor analysis and probabilistic PCA as a scikit-learn estimator."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    DensityMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch, check_array, check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..learning.em import ascend
from ..learning.factors import (
    DualSpace,
    LeadingSpace,
    first_noise,
    highest,
    isotropic,
    loadings,
    maximise,
)
from ..learning.moments import SecondMoments
from ..machines import LinearGaussian
from ..machines.rotations import METHODS, rotate
from ._compat import Interval, StrOptions, _fit_context
from .checks import check_choice, check_count
from .evidence import as_evidence
from .gaps import put
from .visible import named, real_arrays

_DTYPES = [np.float64, np.float32]
_FLOOR = 1e-8  # of the variance of a feature
_EM_STEPS = 10  # before quasi-Newton steps
_STRATEGIES = ("mean", "mode", "sample")


class FactorAnalysis(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, BaseEstimator
):
    """Factor analysis and probabilistic PCA: real data from a few normal factors, and noise.

    ``x = mean + z @ components + noise`` with normal factors z and normal noise, which has a
    variance for each feature (factor analysis), or one for all (probabilistic PCA [1]_). The
    likelihood is exact, and so are its maximum (up to local ones), posteriors of the factors,
    imputations and conditional samples. Missing values (NaN) are taken everywhere: the likelihood
    is that of what was observed.

    Read more in the :ref:`User Guide <user_guide>`.

    Parameters
    ----------
    n_components : int or None, default=None
        Factors. None means as many as there are features.

    noise : {"diagonal", "isotropic"}, default="diagonal"
        Whether each feature has a noise variance of its own, or all have the same.

    rotation : str or None, default=None
        How factors are rotated, by the loadings of standardised features: ``"varimax"``,
        ``"quartimax"`` or ``"equamax"``, which leave them independent; ``"promax"``, ``"oblimin"``
        (quartimin) or ``"geomin"``, after which they are correlated. None leaves them in the order
        of what they explain. The likelihood is the same.

    scores : {"regression", "bartlett"}, default="regression"
        What `transform` returns: posterior means of the factors (Thomson's scores), or those that
        are unbiased given the factors (Bartlett's).

    tol : float, default=1e-20
        Training ends where a step promises to raise twice the log-likelihood per row by less.

    max_iter : int, default=500
        The most steps.

    random_state : int, RandomState instance or None, default=0
        Random starts of eigenvectors, of large tables, and of rotations.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Loadings of the features on each factor, rotated: the pattern matrix, transposed.

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
        variance. Constant features do not count.

    loglike_ : list of float
        Log-likelihood of the training data, in nats, after each step.

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
    on the likelihood as a function of the noise variances alone [2]_ [3]_. With missing values they
    are of EM and L-BFGS on the likelihood of what was observed.

    A feature that is constant in training gets the noise variance that one deviating row of the
    mean size would give it: held-out rows in which it varies have a finite log-likelihood.

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
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_helmholtz import FactorAnalysis
    >>> X = load_iris().data
    >>> model = FactorAnalysis(1).fit(X)
    >>> round(model.score(X), 3)
    -2.816
    >>> model.transform(X).shape
    (150, 1)
    """

    _parameter_constraints = {
        "n_components": [Interval(Integral, 0, None, closed="left"), None],
        "noise": [StrOptions({"diagonal", "isotropic"})],
        "rotation": [StrOptions(set(METHODS)), None],
        "scores": [StrOptions({"regression", "bartlett"})],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

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
    ):
        self.n_components = n_components
        self.noise = noise
        self.rotation = rotation
        self.scores = scores
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Find the parameters of the highest likelihood.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data; NaN means missing.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows: a whole number counts as so many equal rows.

        Returns
        -------
        self : FactorAnalysis
            The fitted estimator.
        """
        X = self._validate(X, reset=True, ensure_min_samples=2)
        weights = self._weights(X, sample_weight)
        self._moments = None
        n_components = self._count_components(X.shape[1])
        if np.isnan(X).any():
            return self._fit_with_gaps(X, weights, n_components)
        if len(X) >= X.shape[1]:
            self._moments = SecondMoments.about(X).add(X, weights)
            return self._fit_moments(n_components)
        total = len(X) if weights is None else weights.sum()
        mean = np.average(X, axis=0, weights=weights)
        rows = (X - mean) / np.sqrt(total)
        if weights is not None:
            rows *= np.sqrt(weights)[:, None]
        return self._fit_space(DualSpace(rows), mean, total, n_components)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Find the parameters for all rows so far, of which only second moments are kept.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            More rows, without missing values.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : FactorAnalysis
            The fitted estimator.
        """
        moments = getattr(self, "_moments", None)
        if moments is None and hasattr(self, "mean_"):
            raise ValueError(
                "partial_fit cannot go on from a fit to missing values, to fewer rows than "
                "features or from given parameters: none of them leaves second moments."
            )
        X = self._validate(X, reset=moments is None)
        if np.isnan(X).any():
            raise ValueError(
                "X holds missing values (NaN): partial_fit keeps second moments, which need whole "
                "rows. Use fit."
            )
        weights = self._weights(X, sample_weight)
        n_components = self._count_components(X.shape[1])
        moments = SecondMoments.about(X) if moments is None else moments
        self._moments = moments.add(X, weights)
        return self._fit_moments(n_components)

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
        (components,) = real_arrays("components", [components])
        if components.ndim != 2:
            raise ValueError(
                f"components must have two dimensions, got the shape {components.shape}."
            )
        n, p = components.shape
        noise = _shaped("noise_variance", np.broadcast_to(noise_variance, (p,)), (p,))
        if not (noise > 0).all():
            raise ValueError(f"noise_variance must be positive, got {noise_variance!r}.")
        mean = _shaped("mean", np.zeros(p) if mean is None else mean, (p,))
        correlation = np.eye(n) if factor_correlation is None else factor_correlation
        correlation = _shaped("factor_correlation", correlation, (n, n))
        try:
            turn = np.linalg.cholesky(correlation).T
        except np.linalg.LinAlgError as error:
            raise ValueError("factor_correlation must be positive definite.") from error
        kind = "isotropic" if np.ndim(noise_variance) == 0 else "diagonal"
        model = cls(**{"n_components": n, "noise": kind, **params})
        model._validate_params()
        if model.n_components not in (None, n) or model.noise != kind:
            raise ValueError(
                f"The arrays make n_components={n} and noise={kind!r}, got "
                f"{model.n_components!r} and {model.noise!r}."
            )
        model.n_features_in_, model._moments = p, None
        machine = LinearGaussian(mean, turn @ components, noise)
        model._publish(machine, components, turn, correlation, np.zeros(p, bool))
        model.loglike_, model.n_iter_ = [], 0
        return model

    def transform(self, X):
        """Scores of the rows on the factors.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
            Posterior means, or Bartlett's scores, as ``scores`` has it. float32 for float32 input,
            float64 otherwise.
        """
        check_is_fitted(self)
        X, dtype = self._rows(X)
        if self.scores == "bartlett":
            factors = self._machine.bartlett(X)
        else:
            factors = self._machine.explain(X).means
        return (factors @ self._turn).astype(dtype, copy=False)

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
        Z = check_array(X, dtype=_DTYPES)
        if Z.shape[1] != len(self.components_):
            raise ValueError(
                f"X has {Z.shape[1]} columns, but there are {len(self.components_)} factors."
            )
        dtype = np.float64 if Z.dtype == np.float64 else np.float32
        return (self.mean_ + Z @ self.components_).astype(dtype, copy=False)

    def sample(self, n_samples=1, *, given=None, random_state=None, return_latents=False):
        """Draw rows from the model, or what is missing of a row given the rest of it.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.

        given : array-like of shape (n_features,), default=None
            Values to keep, and NaN for those to be drawn.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        return_latents : bool, default=False
            Whether to return the factors too.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            The rows.

        Z : ndarray of shape (n_samples, n_components)
            Their factors. Only with ``return_latents=True``.
        """
        check_is_fitted(self)
        check_count("n_samples", n_samples)
        rng = check_random_state(random_state)
        if given is None:
            X, Z = self._machine.sample(n_samples, rng)
        else:
            names = getattr(self, "feature_names_in_", None)
            evidence = as_evidence(given, self.n_features_in_, None, names)
            X, Z = self._machine.complete(np.tile(evidence, (n_samples, 1)), rng)
        return (X, Z @ self._turn) if return_latents else X

    def impute(self, X, strategy="mean", *, n_imputations=1, random_state=None):
        """Data with their missing values filled in, given the observed values of the same row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data; NaN means missing.

        strategy : {"mean", "mode", "sample"}, default="mean"
            What to fill in: the expected value given what is observed, which is also the most
            probable one, or a draw of all missing values of the row together.

        n_imputations : int, default=1
            Imputations to make; only draws differ from one to the next.

        random_state : int, RandomState instance or None, default=None
            The random numbers of ``strategy="sample"``.

        Returns
        -------
        X_imputed : ndarray of shape (n_samples, n_features)
            The data with nothing missing; of shape (n_imputations, n_samples, n_features) for more
            than one imputation. float32 for float32 input, float64 otherwise.
        """
        check_is_fitted(self)
        check_choice("strategy", strategy, _STRATEGIES)
        check_count("n_imputations", n_imputations)
        X, dtype = self._rows(X)
        missing, machine = np.isnan(X), self._machine
        rng = check_random_state(random_state) if strategy == "sample" else None
        made = []
        for _ in range(n_imputations):
            if rng is not None:
                filled = machine.complete(X, rng)[0]
            else:
                filled = machine.expected(machine.explain(X).means)
            made.append(put(X, filled[missing], dtype))
        return made[0] if n_imputations == 1 else np.stack(made)

    def score_samples(self, X):
        """Log-likelihood of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data; NaN means missing, and only what is observed counts: a row of nothing else has 0.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            log p(x) in nats, exact.
        """
        check_is_fitted(self)
        return self._machine.explain(self._rows(X)[0]).log_prob

    def score(self, X, y=None):
        """Mean log-likelihood of the rows: higher is better, comparable between models.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.

        y : None
            Ignored, present for API consistency by convention.

        Returns
        -------
        score : float
            The mean of `score_samples`, in nats per row.
        """
        return float(self.score_samples(X).mean())

    def log_likelihood(self, X):
        """Mean log-likelihood of the rows and its error, as other models of this library have it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            As `HelmholtzMachine.log_likelihood` for ``method="exact"``.
        """
        per_sample = self.score_samples(X)
        n = len(per_sample)
        error = per_sample.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        return Bunch(
            mean=float(per_sample.mean()), standard_error=float(error), monte_carlo_error=0.0,
            bias=0.0, per_sample=per_sample, effective_sample_size=np.full(n, np.inf),
            pareto_k=np.full(n, np.nan), method="exact", is_lower_bound=False, reliable=True,
        )  # fmt: skip

    def free_energy(self, X):
        """Variational free energy of each row: -log p(x), since the posterior is exact.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.

        Returns
        -------
        free_energy : ndarray of shape (n_samples,)
            In nats.
        """
        return -self.score_samples(X)

    def posterior(self, X):
        """The normal distribution of the factors given each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields ``mean`` (n_samples, n_components) and ``covariance`` (n_samples,
            n_components, n_components).
        """
        check_is_fitted(self)
        found = self._machine.explain(self._rows(X)[0])
        turned = self._turn.T @ found.covariances @ self._turn
        return Bunch(mean=found.means @ self._turn, covariance=turned[found.numbers])

    def get_covariance(self):
        """The covariance of the features under the model, (n_features, n_features)."""
        check_is_fitted(self)
        return self._machine.covariance()

    def get_precision(self):
        """Its inverse, (n_features, n_features)."""
        check_is_fitted(self)
        return self._machine.precision()

    def aic(self, X):
        """Akaike's information criterion on the rows (n_samples, n_features): lower is better."""
        return self._criterion(X, 2.0)

    def bic(self, X):
        """The Bayesian information criterion on the rows: lower is better."""
        return self._criterion(X, np.log(len(X)))

    def _criterion(self, X, price):
        """Minus twice the log-likelihood, and a price for each free parameter."""
        per_sample = self.score_samples(X)
        n, p = self.components_.shape
        noise = 1 if self.noise == "isotropic" else p
        n_parameters = p + p * n - n * (n - 1) // 2 + noise
        return float(-2 * per_sample.sum() + price * n_parameters)

    def _fit_moments(self, n_components):
        moments = self._moments
        S, rng = moments.covariance(), check_random_state(self.random_state)
        space = LeadingSpace(S, n_components, rng)
        return self._fit_space(space, moments.mean(), moments.weight, n_components, S)

    def _fit_space(self, space, mean, weight, n_components, S=None):
        """Maximise the likelihood, given the covariance of the data in one form or another."""
        constant = _stand_in_for_constants(space, mean, weight)
        floor = _FLOOR * space.variances
        if self.noise == "isotropic":
            noise, loads = isotropic(space, n_components, floor.mean())
            noise, path = np.full(len(mean), noise), []
        else:
            starts = [space.variances * 0.999]
            if S is not None:
                starts.insert(0, first_noise(S, space.variances, n_components))
            found = [
                maximise(space, n_components, floor, start, self.tol, self.max_iter)
                for start in starts
            ]
            noise, best, path = highest(found)
            loads = loadings(noise, n_components, best)
            if len(path) > self.max_iter:
                self._warn_of_steps()
        machine = LinearGaussian(mean, loads, noise)
        heywood = (noise <= 1.01 * floor) & ~constant & (self.noise == "diagonal")
        value = np.log(2 * np.pi) * len(mean)
        self.loglike_ = [float(-0.5 * weight * (step + value)) for step in path]
        self.n_iter_ = max(len(path) - 1, 1)
        return self._finish(machine, heywood)

    def _fit_with_gaps(self, X, weights, n_components):
        """Full information: the likelihood of what was observed."""
        weights = np.ones(len(X)) if weights is None else weights
        seen = ~np.isnan(X) & (weights > 0)[:, None]
        self._check_columns(seen)
        known = np.where(seen, weights[:, None], 0.0)
        mean = (known * np.nan_to_num(X)).sum(axis=0) / known.sum(axis=0)
        centred = np.where(seen, X - mean, 0.0)
        weighted = np.sqrt(weights / weights.sum())[:, None] * centred
        variances = (known * centred**2).sum(axis=0) / known.sum(axis=0)
        space = LeadingSpace(weighted.T @ weighted, n_components, check_random_state(0))
        space.variances = variances
        constant = _stand_in_for_constants(space, mean, weights.sum())
        floor = _FLOOR * space.variances
        _, loads = isotropic(space, n_components, floor.mean())
        start = LinearGaussian(mean, loads, np.maximum(space.variances - (loads**2).sum(axis=0),
                                                       0.1 * space.variances))  # fmt: skip
        shared = self.noise == "isotropic"
        machine, self.n_iter_ = ascend(
            start, X, weights, floor, shared, _EM_STEPS, self.tol, self.max_iter
        )
        self.loglike_ = [float(weights @ machine.explain(X).log_prob)]
        heywood = (machine.noise <= 1.01 * floor) & ~constant & (not shared)
        return self._finish(machine, heywood)

    def _finish(self, machine, heywood):
        if self.rotation is None:
            turn = np.diag(_signs(machine.loadings))
            pattern, correlation = machine.loadings.T @ turn, np.eye(len(turn))
        else:
            scale = np.sqrt((machine.loadings**2).sum(axis=0) + machine.noise)[:, None]
            seed = check_random_state(self.random_state).randint(2**31)
            turned = rotate(machine.loadings.T / scale, self.rotation, rng=seed)
            pattern, turn = turned.loadings * scale, turned.transformation
            correlation = turned.factor_correlation
        self._publish(machine, pattern.T, turn, correlation, heywood)
        if heywood.any():
            self._warn_of_heywood(heywood)
        return self

    def _publish(self, machine, components, turn, correlation, heywood):
        """Set the fitted attributes. turn : factors as published are ``z @ turn``."""
        self._machine, self._turn = machine, turn
        self.components_, self.loadings_ = components, components.T
        self.factor_correlation_, self.mean_ = correlation, machine.mean
        noise = machine.noise
        self.noise_variance_ = float(noise[0]) if self.noise == "isotropic" else noise
        explained = (machine.loadings**2).sum(axis=0)
        self.communalities_ = explained / (explained + noise)
        self.heywood_ = heywood

    def _validate(self, X, reset, ensure_min_samples=1):
        return validate_data(
            self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan",
            ensure_min_samples=ensure_min_samples,
        )  # fmt: skip

    def _rows(self, X):
        """Data in float64, and the dtype that answers have."""
        X = validate_data(self, X, reset=False, dtype=_DTYPES, ensure_all_finite="allow-nan")
        return X.astype(np.float64, copy=False), X.dtype

    def _weights(self, X, sample_weight):
        if sample_weight is None:
            return None
        return _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)

    def _count_components(self, n_features):
        n = n_features if self.n_components is None else self.n_components
        if n > n_features:
            raise ValueError(
                f"n_components={n} must be at most the number of features, {n_features}."
            )
        return n

    def _check_columns(self, seen):
        empty = np.flatnonzero(~seen.any(axis=0))
        if len(empty):
            names = getattr(self, "feature_names_in_", None)
            raise ValueError(
                f"Every value of column {named(empty[0], names)} of X is missing (NaN): there is "
                "nothing to learn of it."
            )

    def _warn_of_heywood(self, heywood):
        names = getattr(self, "feature_names_in_", None)
        columns = ", ".join(named(column, names) for column in np.flatnonzero(heywood)[:5])
        warnings.warn(
            f"Heywood case: the noise variance of {heywood.sum()} feature(s) would vanish "
            f"(columns {columns}). Fewer components may describe the data better.",
            UserWarning,
            stacklevel=4,
        )

    def _warn_of_steps(self):
        warnings.warn(
            f"The likelihood still rose after max_iter={self.max_iter} steps. Raise max_iter, or "
            "tol.",
            ConvergenceWarning,
            stacklevel=5,
        )

    @property
    def _n_features_out(self):
        return len(self.components_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _stand_in_for_constants(space, mean, weight):
    """Give constant features a variance, in place; which they are, (n_features,) bool.

    That which one row more would give them if it deviated by the mean size of deviations; 1 where
    all features are constant.
    """
    eps = np.finfo(np.float64).eps
    constant = space.variances <= 4 * (eps * np.abs(mean)) ** 2 + 1e-300
    typical = space.variances[~constant].mean() if (~constant).any() else weight + 1
    space.variances[constant] = typical / (weight + 1)
    return constant


def _signs(loads):
    """Signs that make the sum of the loadings on each factor positive."""
    return np.where(loads.sum(axis=1) < 0, -1.0, 1.0)


def _shaped(name, value, shape):
    (array,) = real_arrays(name, [value])
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, got {array.shape}.")
    return array
