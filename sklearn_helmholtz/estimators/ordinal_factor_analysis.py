"""Factor analysis of items as a scikit-learn estimator."""

from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..factors import METHODS, MOST_FACTORS, Ogives, rotate
from ..models import GradedModel, named
from ._compat import Interval, StrOptions, _fit_context
from .collected import READS, is_collection
from .collected_items import collected_items
from .density import LatentDensityEstimator
from .items import items_of, rows_with_weight, schema_of_items
from .learner import learner_of
from .notices import notify
from .ordinal_errors import OrdinalErrorsMixin
from .ordinal_fits import by_correlations, by_likelihood
from .ordinal_parameters import given_fit, table_of_levels
from .polychoric import Polychoric, warn_of_smoothing
from .public import public


class OrdinalFactorAnalysis(OrdinalErrorsMixin, LatentDensityEstimator):
    """Factor analysis of items: right or wrong, or ordered levels, from a few normal factors.

    Behind each item is a normal variable of variance 1, ``y = factors @ loadings + noise``, and its
    level is the interval between thresholds that y lies in. This is the graded response model with
    normal ogives of item response theory [1]_ [2]_. For up to three factors probabilities of rows
    are known to the precision of a quadrature, and so are expected factors and, with
    ``estimation="likelihood"``, the parameters of the highest likelihood. Missing values (NaN) are
    taken everywhere.

    Read more in the :ref:`User Guide <items>`.

    Parameters
    ----------
    n_components : int, default=1
        Factors.

    estimation : {"correlations", "likelihood"}, default="correlations"
        How parameters are found. ``"correlations"`` is factor analysis of the polychoric
        correlations (see `polychoric_correlation`), by maximum likelihood as if they were those of
        normal variables: it looks at two items at a time, is quick, and takes any number of
        factors. ``"likelihood"`` has the highest likelihood of whole rows, with what is missing
        left out, for up to three factors: full information, which item response theory calls
        marginal maximum likelihood [3]_.

    rotation : str or None, default=None
        As in `FactorAnalysis`.

    correction : float, default=0.5
        Of empty cells of pairs of items with two levels, see `polychoric_correlation`. With
        ``estimation="likelihood"`` it matters to the start alone.

    tol : float, default=1e-12
        Of ``"likelihood"``: training ends where a step raises the log-likelihood by less, relative
        to what it is.

    max_iter : int, default=500
        The most steps.

    random_state : int, RandomState instance or None, default=0
        Random starts of rotations.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Loadings of the standardised variables behind the items on each factor, rotated: the pattern
        matrix, transposed.

    loadings_ : ndarray of shape (n_features, n_components)
        The same as a matrix in the form of the literature.

    factor_correlation_ : ndarray of shape (n_components, n_components)
        Correlations of the factors: the identity but for oblique rotations.

    communalities_ : ndarray of shape (n_features,)
        Shares of the variances of the variables behind the items that the factors explain.

    noise_variance_ : ndarray of shape (n_features,)
        The rest of the variances.

    thresholds_ : list of ndarray of shape (n_levels - 1,)
        Of each item, the limits of its levels, in units of the standardised variable.

    slopes_ : ndarray of shape (n_features, n_components)
        Loadings divided by the standard deviations of the noise: what item response theory calls
        discriminations (times 1.7, those of logistic models, nearly).

    correlation_ : ndarray of shape (n_features, n_features)
        Polychoric correlations, smoothed if they had to be.

    levels_ : list of ndarray of shape (n_levels,)
        Of each item, in order.

    heywood_ : ndarray of shape (n_features,) of bool
        Items all of which the factors would explain (Heywood cases). Their noise variances stay at
        a bound: 1e-8, and with ``estimation="likelihood"`` where a slope is 20.

    loglike_ : list of float
        With ``estimation="likelihood"``, the log-likelihood of the training data, in nats, to begin
        with and after each step; otherwise empty.

    n_iter_ : int
        Steps made.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    polychoric_correlation : The correlations alone.
    FactorAnalysis : Factor analysis of quantities.

    Notes
    -----
    `score_samples` are log-probabilities of rows of levels, not densities: they compare with models
    of the same items, and not with those of a `FactorAnalysis` that takes levels for numbers. With
    ``estimation="correlations"`` they are those of the model that was found, which is not the one
    of the highest likelihood.

    Quadrature is on a grid from -6 to 6 of 121 points for one factor, 45 x 45 for two and 25 x 25 x
    25 for three. A warning says where it is too coarse: where very many items leave hardly any
    doubt about a factor.

    References
    ----------
    .. [1] Samejima (1969), Estimation of latent ability using a response pattern of graded scores,
           Psychometrika Monograph 17.
    .. [2] Takane & de Leeuw (1987), On the relationship between item response theory and factor
           analysis of discretized variables, Psychometrika 52, 393-408.
    .. [3] Bock & Aitkin (1981), Marginal maximum likelihood estimation of item parameters:
           application of an EM algorithm, Psychometrika 46, 443-459.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz import OrdinalFactorAnalysis
    >>> ability = np.random.default_rng(0).normal(size=(500, 1))
    >>> noise = np.random.default_rng(1).normal(size=(500, 4))
    >>> X = (ability + noise > [-1, 0, 0.5, 1]).astype(int)
    >>> model = OrdinalFactorAnalysis(estimation="likelihood").fit(X)
    >>> model.loadings_.ravel().round(1)
    array([0.8, 0.7, 0.7, 0.8])
    >>> model.transform(X[:2]).shape
    (2, 1)
    """

    _parameter_constraints = {
        "n_components": [Interval(Integral, 0, None, closed="left")],
        "estimation": [StrOptions({"correlations", "likelihood"})],
        "rotation": [StrOptions(set(METHODS)), None],
        "correction": [Interval(Real, 0, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }
    _published = frozenset(
        {
            "communalities_",
            "components_",
            "correlation_",
            "factor_correlation_",
            "heywood_",
            "levels_",
            "loadings_",
            "loglike_",
            "n_iter_",
            "noise_variance_",
            "slopes_",
            "thresholds_",
        }
    )

    _is_mixed = True
    _reads_collections = READS | {"fit"}

    def __init__(
        self,
        n_components=1,
        *,
        estimation="correlations",
        rotation=None,
        correction=0.5,
        tol=1e-12,
        max_iter=500,
        random_state=0,
    ):
        self.n_components = n_components
        self.estimation = estimation
        self.rotation = rotation
        self.correction = correction
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def fit(self, X, y=None, sample_weight=None):
        """Find thresholds, loadings and factors.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Items: numbers, truth values or ordered categories, at most 30 levels each; NaN means
            missing. Arrays and DataFrames of Dask are counted chunk by chunk: see
            :doc:`/beyond_one_machine`.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows: a whole number counts as so many equal rows.

        Returns
        -------
        self : OrdinalFactorAnalysis
            The fitted estimator.
        """
        with learner_of(self) as learner:
            *found, codes = learner._learn(X, sample_weight)
        self._warn(*found)
        if self.estimation == "likelihood":
            self._warn_where_coarse(codes)
        return self

    @classmethod
    def from_parameters(cls, components, thresholds, *, factor_correlation=None, **params):
        """A fitted model with given parameters, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        components : array-like of shape (n_components, n_features)
            As the attribute ``components_``.

        thresholds : list of array-like of shape (n_levels - 1,)
            As the attribute ``thresholds_``. Levels are 0, 1 and so on.

        factor_correlation : array-like of shape (n_components, n_components), default=None
            As the attribute ``factor_correlation_``; None means the identity.

        **params : dict
            Parameters of the constructor.

        Returns
        -------
        model : OrdinalFactorAnalysis
            A fitted estimator with ``n_iter_`` 0.

        Raises
        ------
        ValueError
            Names the array that has another shape, thresholds that do not rise, or an item of
            which the factors would explain all.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_helmholtz import OrdinalFactorAnalysis
        >>> model = OrdinalFactorAnalysis.from_parameters([[0.8, 0.6]], [[0.0], [-1.0, 1.0]])
        >>> model.predict_proba_missing([[1, np.nan]], 1).round(2)
        array([[0.07, 0.68, 0.25]])
        """
        found, n_levels, loadings, turn, correlation = given_fit(
            components, thresholds, factor_correlation
        )
        model = cls(**{"n_components": len(turn), **params})
        model._validate_params()
        if model.n_components != len(turn):
            raise ValueError(
                f"The arrays make n_components={len(turn)}, got {model.n_components!r}."
            )
        model._validate(table_of_levels(n_levels), reset=True)
        model._hold(found, loadings, turn, correlation)
        return model

    def _learn(self, X, sample_weight):
        """Publish what a fit finds; whether it and the rotation converged, and codes."""
        counted, items = self._read(X, sample_weight)
        self._check_components(len(counted.n_levels))
        pairs = Polychoric.of(counted, self._schema.names, self.correction)
        rng = check_random_state(self.random_state)
        found = by_correlations(pairs, self.n_components, self.max_iter, rng)
        codes = None
        if self.estimation == "likelihood":
            found = by_likelihood(found, items, self.tol, self.max_iter)
            codes = np.where(items.codes < 0, np.nan, items.codes)
        else:
            pairs.warn_of_ends(self._schema.names)
            if found.is_smoothed:
                warn_of_smoothing(found.lowest)
        return found.converged, self._publish_fit(found, rng.randint(2**31)), codes

    def _read(self, X, sample_weight):
        """`CrossTables` of the items of a table, and `Items`: of collections only if asked for."""
        if is_collection(X):
            return collected_items(self, X, sample_weight, self.estimation == "likelihood")
        codes = self._validate(X, reset=True)
        X, weights = rows_with_weight(X, sample_weight)
        if weights is not None:  # levels are those of rows that count
            codes = self._validate(X, reset=True)
        items = items_of(codes, self._schema, weights)
        return items, items

    def _new_schema(self, X):
        return schema_of_items(X)

    def _check_components(self, n_features):
        k = self.n_components
        if k > n_features:
            raise ValueError(
                f"n_components={k} must be at most the number of features, {n_features}."
            )
        if k > MOST_FACTORS and self.estimation == "likelihood":
            raise ValueError(
                f"estimation='likelihood' takes at most {MOST_FACTORS} components, got {k}. Take "
                "estimation='correlations'."
            )

    def _publish_fit(self, found, seed):
        """Rotate and set the fitted attributes; whether the rotation ended."""
        A = found.loadings
        if self.rotation is None:
            turn = np.diag(np.where(A.sum(axis=0) < 0, -1.0, 1.0))
            self._hold(found, A @ turn, turn, np.eye(len(turn)))
            return True
        turned = rotate(A, self.rotation, rng=seed)
        self._hold(found, turned.loadings, turned.transformation, turned.factor_correlation)
        return turned.converged

    def _hold(self, found, loadings, turn, correlation):
        """Set the attributes of an `OrdinalFit`. turn : factors as published are ``z @ turn``."""
        levels = [np.array(own) for own in self._schema.categories]
        n_levels = np.array([len(own) for own in levels])
        noise = 1 - (found.loadings**2).sum(axis=1)
        self._found = found
        self._model = GradedModel(Ogives.of(found.loadings, found.thresholds), turn, n_levels)
        attributes = {
            "loadings_": loadings,
            "components_": loadings.T,
            "factor_correlation_": correlation,
            "communalities_": 1 - noise,
            "noise_variance_": noise,
            "slopes_": loadings / np.sqrt(noise)[:, None],
            "thresholds_": [
                row[1:n].copy() for row, n in zip(found.thresholds, n_levels, strict=True)
            ],
            "levels_": levels,
            "correlation_": found.correlation,
            "heywood_": found.vanishing,
            "loglike_": found.path,
            "n_iter_": found.n_steps,
        }
        self._publish(attributes)

    def _warn(self, has_converged, is_rotated):
        """Warn of what should be known of a fit."""
        if self.heywood_.any():
            columns = ", ".join(named(c, self._names) for c in np.flatnonzero(self.heywood_))
            notify(
                f"Heywood case: the factors explain all of some items (columns {columns}). Fewer "
                "components may describe the data better."
            )
        if not has_converged:
            remedy = (
                f"Raise max_iter={self.max_iter}."
                if self.n_iter_ >= self.max_iter
                else "There may be too few rows for so many components."
            )
            notify(
                f"The maximum was not reached after {self.n_iter_} steps. {remedy}",
                ConvergenceWarning,
            )
        if not is_rotated:
            notify(
                f"The rotation {self.rotation!r} did not converge, or found no oblique factors. "
                "Try another rotation.",
                ConvergenceWarning,
            )

    def _data(self, X):
        """Codes of rows, and the dtype that answers have; a warning where sums are not exact."""
        codes, dtype = super()._data(X)
        self._warn_where_coarse(codes)
        return codes, dtype

    def _evidence(self, given):
        evidence = super()._evidence(given)
        self._warn_where_coarse(evidence[None])
        return evidence

    def _warn_where_coarse(self, codes):
        if self._model.is_coarse(codes):
            notify(
                "Items are so steep, or rows leave so little doubt about a factor, that the grid "
                "of the quadrature is coarse for them: scores and probabilities are not exact. "
                "Grids of fewer factors are finer."
            )

    def _features(self, rows, dtype):
        return self._model.scores(rows).astype(dtype, copy=False)

    def _refuse_expected_data(self):
        raise AttributeError(
            "inverse_transform has no expected data of items: a mean of levels is nothing. Draw "
            "rows (sample), or fill in missing values (impute)."
        )

    def _count_parameters(self):
        """Thresholds, and loadings up to rotations, but no more than there are correlations."""
        p, k = self.loadings_.shape
        n_thresholds = sum(np.isfinite(own).sum() for own in self.thresholds_)
        return n_thresholds + min(p * k - k * (k - 1) // 2, p * (p - 1) // 2)

    def _total_log_likelihood(self, name, X, sample_weight):
        check_is_fitted(self)
        if not self.loglike_:
            raise ValueError(
                f"{name} needs parameters of the highest likelihood, and these are not: fit with "
                "estimation='likelihood', or compare models by score on rows held out."
            )
        return super()._total_log_likelihood(name, X, sample_weight)

    @property
    def _n_features_out(self):
        return len(self.components_)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "components_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        return tags
