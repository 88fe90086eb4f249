"""Independent component analysis with a likelihood, as a scikit-learn estimator."""

from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from ..factors import SecondMoments
from ..models import IndependentComponentsModel, check_columns
from ..rows import has_missing
from ..sources import Unmixing
from ._compat import Interval, StrOptions, _fit_context
from .density import LatentDensityEstimator
from .factor_parameters import real_array, shaped
from .learner import learner_of
from .notices import notify
from .progress import compilation_told, say
from .public import public
from .source_densities import given_densities, published_densities
from .source_fit import DENSITIES, fit_sources
from .validation import validated
from .weights import checked_weights, merge_equal_rows

_MERGED = 5000  # rows of a table, of which equal ones count as one with a weight
_ABSENT = {
    "impute": "its conditionals have no closed form: use FactorAnalysis(...).fit(X).impute(X)",
    "predict_proba_missing": "real columns have no levels",
    "log_joint": "sources follow from the data, so there is no density of both: use score_samples",
}


def _absent(name):
    """A property that is not there, and says why."""

    def refuse(self):
        raise AttributeError(f"IndependentComponents has no {name}: {_ABSENT[name]}.")

    return property(refuse, doc=f"Refusal: {_ABSENT[name]}.")


class IndependentComponents(LatentDensityEstimator):
    """Independent component analysis that is a density model: sources whose densities are learnt.

    ``x = mean + s @ mixing.T + rest`` with independent sources s, each with a density of its own,
    and normal noise of one variance in the directions outside of the sources, where these are fewer
    than features (the residual of probabilistic PCA). With the unmixing ``s = (x - mean) @
    components.T``, the subspace U that the components span and its complement V, ::

        log p(x) = sum_i log p_i(s_i) + log |det(components @ U)| + log N(V'(x - mean); 0, v I),

    exactly. Unmixing and densities are those of the highest likelihood (up to local maxima),
    regularised where rows are few. A held-out `score` chooses the number of sources, and compares
    with `FactorAnalysis` and mixtures on the same scale.

    Read more in the :ref:`User Guide <independent_components>`.

    Parameters
    ----------
    n_components : int or None, default=None
        Sources. None means as many as there are features, or as their rank.

    density : {"auto", "mixture", "student", "logistic", "laplace"}, default="auto"
        Densities of the sources: mixtures of three normals, which may be skewed, flat or have two
        humps; Student's t with a place, a scale and degrees of freedom for each; or one of two
        fixed shapes, the logistic one of infomax [2]_ and Laplace's, the prior of sparse coding.
        ``"auto"`` gives each source Student's density or a mixture, whichever is better when each
        of the six or one parameters of its shape costs ``log n`` nats.

    shrinkage : "auto" or float, default="auto"
        Share, from 0 to 1, of pseudo-rows among all rows, normal with the mean and the covariance
        of the data: 0 is the highest likelihood, and 1 the normal distribution of probabilistic PCA
        (but with densities of a fixed shape). ``"auto"`` means that of 0.9, 0.6, 0.3, 0.1 and 0.03
        with which rows held out have the highest likelihood (five folds, one beyond 2,000 rows),
        and where there are 100 rows or more for each source as many pseudo-rows as sources.

    n_init : int, default=3
        Starts, of which the one goes on that has the highest likelihood after a few rounds.

    max_iter : int, default=200
        The most rounds, in each of which the densities learn and then the unmixing.

    tol : float, default=1e-6
        Training ends where a round raises the objective, in nats per row, by less.

    random_state : int, RandomState instance or None, default=0
        Rotations to start from, and folds of ``shrinkage="auto"``.

    verbose : int, default=0
        Whether to print a line when a fit is done.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        The unmixing matrix: `transform` returns ``(X - mean_) @ components_.T``. Sources have mean
        squares of 1 in training, are in order of negentropy, and are skewed to the right.

    mixing_ : ndarray of shape (n_features, n_components)
        The pseudo-inverse of ``components_``: what each source adds to the features.

    mean_ : ndarray of shape (n_features,)
        Means of the features.

    whitening_ : ndarray of shape (n_components, n_features)
        The linear map to uncorrelated coordinates of variance 1 from which the unmixing starts. Not
        of a model made by `from_parameters`.

    source_densities_ : list of dict
        Of each source its ``"kind"``, ``"mixture"`` with ``"weights"``, ``"means"`` and
        ``"variances"``, ``"student"`` with ``"loc"``, ``"scale"`` and ``"df"``, or ``"logistic"``
        or ``"laplace"`` with ``"scale"``, in the words of scipy.stats.

    negentropy_ : ndarray of shape (n_components,)
        Log-density of each source in training above that of a normal density, mean in nats: what
        the source is worth. NaN of a model made by `from_parameters`.

    noise_variance_ : float
        Variance of the rest in each direction; 0 where there are as many sources as features.

    shrinkage_ : float
        Share of pseudo-rows that was used.

    n_components_ : int
        Number of sources.

    objective_curve_ : list of float
        Mean log-density of whitened rows, pseudo-rows among them, with the priors of the densities,
        in nats, to begin with and after each round.

    n_parameters_ : int
        Free parameters of means, unmixing, rest and shapes, as `aic` and `bic` count them.

    n_iter_ : int
        Rounds made.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    FactorAnalysis : Normal factors, which takes missing values.

    Notes
    -----
    The start is a rotation of whitened rows by Picard-O, whose signs adapt to heavy and to light
    tails [3]_; what follows are rounds of EM of the densities and of relative L-BFGS of the
    unmixing, which the nearly blockwise Hessian preconditions [4]_.

    Means and pseudo-rows are those of all rows, whitening is by second moments, and with fewer
    sources than features the subspace is that of PCA: units of measurement count, so scale columns
    first that have several. With all sources they do not. Missing values are refused: they have no
    closed form. `posterior` returns the sources, which are certain.

    References
    ----------
    .. [1] Pham & Garat (1997), Blind separation of mixture of independent sources through a
           quasi-maximum likelihood approach, IEEE Transactions on Signal Processing 45, 1712-1725.
    .. [2] Bell & Sejnowski (1995), An information-maximization approach to blind separation and
           blind deconvolution, Neural Computation 7, 1129-1159.
    .. [3] Ablin, Cardoso & Gramfort (2018), Faster ICA under orthogonal constraint, ICASSP.
    .. [4] Ablin, Cardoso & Gramfort (2018), Faster independent component analysis by
           preconditioning with Hessian approximations, IEEE Transactions on Signal Processing 66,
           4040-4049.

    Examples
    --------
    Two signals, one of two levels and one with heavy tails, in two mixtures:

    >>> import numpy as np
    >>> from sklearn_helmholtz import IndependentComponents
    >>> rng = np.random.default_rng(0)
    >>> S = np.column_stack([np.sign(rng.normal(size=1000)), rng.laplace(size=1000)])
    >>> X = (S + 0.1 * rng.normal(size=S.shape)) @ [[1.0, 2.0], [1.0, -1.0]]
    >>> model = IndependentComponents().fit(X)
    >>> found = model.transform(X)
    >>> abs(np.corrcoef(found.T, S.T)[:2, 2:]) > 0.9
    array([[ True, False],
           [False,  True]])
    >>> [density["kind"] for density in model.source_densities_]
    ['mixture', 'student']
    """

    _parameter_constraints = {
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "density": [StrOptions(set(DENSITIES))],
        "shrinkage": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    _published = frozenset(
        {
            "components_",
            "mean_",
            "mixing_",
            "n_components_",
            "n_iter_",
            "negentropy_",
            "noise_variance_",
            "objective_curve_",
            "shrinkage_",
            "source_densities_",
            "whitening_",
        }
    )

    impute, predict_proba_missing, log_joint = map(_absent, _ABSENT)

    def __init__(
        self,
        n_components=None,
        *,
        density="auto",
        shrinkage="auto",
        n_init=3,
        max_iter=200,
        tol=1e-6,
        random_state=0,
        verbose=0,
    ):
        self.n_components = n_components
        self.density = density
        self.shrinkage = shrinkage
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def fit(self, X, y=None, sample_weight=None):
        """Find the sources and their densities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, without missing values.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows: a whole number counts as so many equal rows.

        Returns
        -------
        self : IndependentComponents
            The fitted estimator.
        """
        with learner_of(self) as learner, compilation_told(self.verbose):
            found = learner._learn(X, sample_weight)
            learner._become_fitted(found)
        if self.verbose:
            rounds = "1 round" if self.n_iter_ == 1 else f"{self.n_iter_} rounds"
            say(f"Fitted in {rounds}: objective {found.objectives[-1]:.4f} nats per row")
        for remark in found.remarks:
            notify(remark)
        if not found.has_converged:
            notify(
                f"The likelihood had not reached its maximum after {self.n_iter_} rounds. Raise "
                f"max_iter={self.max_iter}, or tol.",
                ConvergenceWarning,
            )
        return self

    def _learn(self, X, sample_weight):
        """The `SourceFit` to some rows."""
        given, X = X, self._validate(X, reset=True)
        if X.shape[0] < 2:
            raise ValueError("Found array with 1 sample(s) while a minimum of 2 is required.")
        weights = None if sample_weight is None else checked_weights(sample_weight, X, given)
        if weights is not None and not weights.all():
            kept = np.flatnonzero(weights)
            X, weights = X[kept], weights[kept]
        if X.shape[0] <= _MERGED:
            X, weights = merge_equal_rows(X, weights)
        with np.errstate(over="ignore", invalid="ignore"):
            moments = SecondMoments.about(X, weights).plus(X, weights)
            check_columns(moments.columns(), X, self._names)
        weights = np.ones(X.shape[0]) if weights is None else weights
        return fit_sources(X, weights, moments, self, check_random_state(self.random_state))

    def _become_fitted(self, found):
        machine = found.machine
        self._hold(machine)
        self._publish({
            "whitening_": found.whitening.matrix,
            "negentropy_": found.negentropies,
            "shrinkage_": found.shrinkage,
            "objective_curve_": [float(value) for value in found.objectives],
            "n_iter_": len(found.objectives) - 1,
        })  # fmt: skip

    def _hold(self, machine):
        """Set the attributes of a model."""
        self._become({
            "_model": IndependentComponentsModel(machine),
            "components_": machine.components,
            "mean_": machine.mean,
            "mixing_": machine.mixing,
            "n_components_": len(machine.components),
            "noise_variance_": float(machine.rest_variance),
            "source_densities_": published_densities(machine.density),
        })  # fmt: skip

    @classmethod
    def from_parameters(
        cls, components, source_densities, mean=None, *, noise_variance=None, **params
    ):
        """A fitted model with given parameters, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        components : array-like of shape (n_components, n_features)
            As the attribute ``components_``; of full rank.

        source_densities : list of dict
            As the attribute ``source_densities_``.

        mean : array-like of shape (n_features,), default=None
            As the attribute ``mean_``; None means zeros.

        noise_variance : float, default=None
            As the attribute ``noise_variance_``; positive, and only where there are fewer sources
            than features.

        **params : dict
            Parameters of the constructor.

        Returns
        -------
        model : IndependentComponents
            A fitted estimator with ``n_iter_`` 0, whose sources keep their order and signs.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_helmholtz import IndependentComponents
        >>> model = IndependentComponents.from_parameters(
        ...     [[1.0, 0.0], [-1.0, 1.0]], [{"kind": "laplace", "scale": 1.0}] * 2)
        >>> model.score_samples([[0.0, 0.0], [1.0, 1.0]]).round(3)  # -2 log 2, and 1 less
        array([-1.386, -2.386])
        """
        machine = _given_machine(components, source_densities, mean, noise_variance)
        n, p = machine.components.shape
        model = cls(**{"n_components": n, **params})
        model._validate_params()
        if model.n_components not in (None, n):
            raise ValueError(f"components make n_components={n}, got {model.n_components}.")
        model._hold(machine)
        model.n_features_in_ = p
        model._publish({
            "negentropy_": np.full(n, np.nan), "shrinkage_": 0.0, "objective_curve_": [],
            "n_iter_": 0,
        })  # fmt: skip
        return model

    def _validate(self, X, reset):
        X = validated(self, X, reset)
        if has_missing(X):
            raise ValueError(
                f"Input X contains NaN. {type(self).__name__} takes no missing values, for which "
                "its likelihood has no closed form: fill them in by FactorAnalysis(...).impute, or "
                "use FactorAnalysis."
            )
        return X

    def _features(self, rows, dtype):
        return self._model.machine.sources(rows).astype(dtype, copy=False)

    def _expected_data(self, H):
        return self._model.machine.expected(H)

    def _count_parameters(self):
        """``p + p k + shapes``, and 1 where there is a rest, for p features and k sources."""
        k, p = self.components_.shape
        return p + p * k + (k < p) + self._model.machine.density.n_shapes

    @property
    def _n_features_out(self):
        return len(self.components_)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "components_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = False
        return tags


def _given_machine(components, source_densities, mean, noise_variance):
    """An `Unmixing` of given parameters, after checking them."""
    components = real_array("components", components)
    if components.ndim != 2 or not 1 <= components.shape[0] <= components.shape[1]:
        raise ValueError(
            "components must have two dimensions, and no more rows than columns, got the shape "
            f"{components.shape}."
        )
    n, p = components.shape
    if np.linalg.matrix_rank(components) < n:
        raise ValueError("components must be of full rank: its rows depend on each other.")
    mean = np.zeros(p) if mean is None else shaped("mean", real_array("mean", mean), (p,))
    density = given_densities(source_densities)
    if density.n_sources != n:
        raise ValueError(
            f"source_densities must have an entry for each of {n} components, got "
            f"{density.n_sources}."
        )
    if (noise_variance is None) != (n == p):
        raise ValueError(
            "noise_variance must be given where there are fewer sources than features, and only "
            f"there, got {noise_variance!r} for {n} and {p}."
        )
    rest = 0.0
    if noise_variance is not None:
        rest = float(shaped("noise_variance", real_array("noise_variance", noise_variance), ()))
        if not rest > 0:
            raise ValueError(f"noise_variance must be positive, got {noise_variance!r}.")
    return Unmixing(mean, components, rest, density)
