"""Sparse coding with a likelihood, as a scikit-learn estimator."""

import time
from dataclasses import replace
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .. import _keys
from .._threads import count_threads
from ..dictionaries import LaplaceDictionary
from ..factors import observed_columns
from ..learning import Calibration, CodeLearning
from ..models import SparseCodingModel, check_columns
from ..rows import dense_rows
from ._compat import Interval, StrOptions, _fit_context
from .checks import check_choice, check_count, check_jobs
from .density import LatentDensityEstimator
from .learner import learner_of
from .progress import compilation_told, duration
from .public import public
from .sparse_parameters import atoms_of, given_dictionary, positive
from .sparse_starts import first_dictionary, most_probable_dictionary
from .validation import validated

KINDS_OF_CODES = ("map", "mean")
_FLOOR = 1e-3  # of the noise variance, beside the mean variance of the features
_CALIBRATION_STEPS = 300
_USUAL_SWEEPS = 20 * 300  # chains times temperatures, by which the limit of scoring counts
_PROBED_TEMPERATURES = 20
_NO_FREE_ENERGY = (
    "SparseCoding has neither free_energy nor kl_gap: nothing recognises its factors, and chains "
    "have no free energy. See log_likelihood for log p(x) and its errors, and "
    "log_likelihood_bounds for how far off it can be."
)


class SparseCoding(LatentDensityEstimator):
    """Sparse coding as a density: real data from a few Laplace factors at a time, and noise.

    ``x = mean + h @ components + noise`` with independent factors h of Laplace distributions, of
    variance 1, and normal noise of one variance [1]_ [2]_; there may be more factors than features.
    It is what :class:`~sklearn.decomposition.DictionaryLearning` finds the most probable codes of,
    as a model with a likelihood: `score` estimates log p(x) by annealed importance sampling, and
    `log_likelihood_bounds` says from both sides how well. Scale of the atoms, noise and number of
    atoms are learnt or compared by it. Missing values (NaN) are taken everywhere.

    Read more in the :ref:`User Guide <sparse_coding>`.

    Parameters
    ----------
    n_components : int or None, default=None
        Atoms. None means as many as there are features.

    algorithm : {"em", "map"}, default="em"
        How the dictionary is learnt: by the likelihood, with stochastic-approximation EM; or by
        scikit-learn's alternation of most probable codes and atoms
        (:class:`~sklearn.decomposition.MiniBatchDictionaryLearning`, with its ``alpha`` of 1 for
        data of variance 1), after which the scale of the atoms and the noise are found by the
        likelihood.

    transform_kind : {"map", "mean"}, default="map"
        What `transform` returns: the most probable factors, most of which are zero; or expected
        ones, of which none is.

    max_iter : int, default=500
        Steps of EM; more atoms than features need more than fewer do. With ``algorithm="map"`` of
        the search for scale and noise, 300 at most.

    batch_size : int, default=4000
        Rows whose factors are drawn anew in a step of EM.

    n_importance_samples : int, default=20
        Chains for each row where log p(x) is estimated, or factors are expected or drawn.

    n_temperatures : int, default=300
        Steps of each chain from the prior to the posterior, of which each draws every factor once.

    score_limit : int or None, default=5120000
        The most that scores are computed of without being asked to: atoms times rows, for 20 chains
        of 300 temperatures; longer and more chains count for more. Beyond, a ValueError says how
        long it would take. None means no limit.

    n_jobs : int or None, default=None
        Threads. None means all cores that this process may use; results are the same for any
        number.

    random_state : int, RandomState instance or None, default=None
        Start of the dictionary, and draws of EM.

    verbose : int, default=0
        Whether to print a line when kernels are compiled.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Atoms, longest first after a `fit`. A factor has variance 1, so that the square of an atom's
        length is the variance it explains.

    mean_ : ndarray of shape (n_features,)
        Expected values of the features.

    noise_variance_ : float
        Variance of the noise of each feature.

    alpha_ : float
        Penalty under which codes are most probable: ``alpha`` of
        :func:`~sklearn.decomposition.sparse_encode` for these components, ``noise_variance_ *
        sqrt(2)``.

    noise_path_ : ndarray of shape (n_steps,)
        The noise variance after each step of EM: where it still falls or rises at the end, more
        steps are of use. Empty with ``algorithm="map"``.

    n_parameters_ : int
        Free parameters of components, mean and noise.

    n_iter_ : int
        Steps of EM made, or of the search for scale and noise.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    FactorAnalysis : With normal factors; its likelihood is exact.

    Notes
    -----
    With b = ``sqrt(1 / 2)``, the scale of a Laplace density of variance 1, and s2 the noise
    variance, ::

        log p(x, h) = -|x - mean - h D|^2 / (2 s2) - |h|_1 / b + constant,

    so that the most probable h minimises ``|x - mean - h D|^2 / 2 + alpha |h|_1`` for ``alpha = s2
    / b``, the form of scikit-learn. Goodfellow, Bengio & Courville [2]_ write the prior as ``lambda
    / 4 exp(-lambda |h| / 2)``, whose scale is 2 / lambda, and minimise ``lambda |h|_1 + beta |x - W
    h|^2`` with beta the precision of the noise, twice minus log p: here lambda = 2 / b = 2.83 and
    beta = 1 / s2; and theirs of any lambda is the model here with ``components_ = W.T * sqrt(8) /
    lambda`` and ``noise_variance_ = 1 / beta``. The scale of the factors is that of the atoms: only
    their product is in the data.

    Given all others and the data, a factor has a density of two halves of normal distributions, at
    any inverse temperature of the data: Gibbs sampling is exact and has no step size, and so is the
    annealing from the prior to the posterior [3]_. A score costs ``n_importance_samples *
    n_temperatures * n_components`` draws of about 0.15 microseconds for each row: this is for up to
    about a hundred atoms.

    EM keeps a chain for each row. Where noise is small it would move atoms by little more than the
    noise: each step also turns factors and atoms together, as independent component analysis does,
    and moves noise against the atoms (parameter expansion [4]_). It starts at FastICA's mixing
    matrix, or with more atoms than the data have dimensions at rows of the data, and with noise of
    a tenth of the variance, which then falls, down to a thousandth of the mean variance of the
    features; parameters are means over the last third of the steps. What is missing is drawn along.

    This model computes in float64. Answers to rows that are not float64 (`transform`,
    `inverse_transform`, `impute`) are float32.

    References
    ----------
    .. [1] Olshausen & Field (1997), Sparse coding with an overcomplete basis set: a strategy
           employed by V1?, Vision Research 37, 3311-3325.
    .. [2] Goodfellow, Bengio & Courville (2016), Deep Learning, section 13.4, MIT Press.
    .. [3] Neal (2001), Annealed importance sampling, Statistics and Computing 11, 125-139.
    .. [4] Liu, Rubin & Wu (1998), Parameter expansion to accelerate EM: the PX-EM algorithm,
           Biometrika 85, 755-770.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz import SparseCoding
    >>> model = SparseCoding.from_parameters([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]], 0.01)
    >>> X, (H,) = model.sample(200, random_state=0, return_latents=True)
    >>> round(model.score(X), 1)
    -4.0
    >>> codes = model.transform(X)  # the most probable ones
    >>> bool((codes == 0).any())
    True
    """

    _parameter_constraints = {
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "algorithm": [StrOptions({"em", "map"})],
        "transform_kind": [StrOptions(set(KINDS_OF_CODES))],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_importance_samples": [Interval(Integral, 1, None, closed="left")],
        "n_temperatures": [Interval(Integral, 1, None, closed="left")],
        "score_limit": [Interval(Integral, 1, None, closed="left"), None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    _published = frozenset(
        {"alpha_", "components_", "mean_", "n_iter_", "noise_path_", "noise_variance_"}
    )

    def __init__(
        self,
        n_components=None,
        *,
        algorithm="em",
        transform_kind="map",
        max_iter=500,
        batch_size=4000,
        n_importance_samples=20,
        n_temperatures=300,
        score_limit=5_120_000,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.algorithm = algorithm
        self.transform_kind = transform_kind
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.n_importance_samples = n_importance_samples
        self.n_temperatures = n_temperatures
        self.score_limit = score_limit
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def fit(self, X, y=None):
        """Learn the dictionary and the noise.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing. A sparse matrix is made dense.

        y : None
            Ignored, present for API consistency by convention.

        Returns
        -------
        self : SparseCoding
            The fitted estimator.
        """
        with learner_of(self) as learner, compilation_told(self.verbose):
            learner._learn(X)
        return self

    def _learn(self, X):
        X = dense_rows(validated(self, X, reset=True, ensure_min_samples=2), slice(None))
        X = np.ascontiguousarray(X)  # sums depend on the order in memory
        columns = observed_columns(X, np.ones(len(X)))
        check_columns(columns, X, self._names)
        rng = check_random_state(self.random_state)
        seed = _keys.draw_seed(rng)
        n = X.shape[1] if self.n_components is None else self.n_components
        filled = np.where(np.isnan(X), columns.mean, X)
        spread = columns.variance.mean()
        floor = _FLOOR * (spread if spread > 0 else 1.0)
        if self.algorithm == "map":
            start = most_probable_dictionary(filled, n, self.n_jobs, rng)
            n_steps = min(self.max_iter, _CALIBRATION_STEPS)
            search = Calibration(n_steps, floor, seed, self._n_threads)
            self._publish_learnt(search.calibrate(start, X), np.empty(0), n_steps)
            return
        start = first_dictionary(filled, n, rng)
        start = replace(start, noise=max(start.noise, floor))
        steps = CodeLearning(self.max_iter, self.batch_size, floor, seed, self._n_threads)
        found = steps.learn(start, X)
        self._publish_learnt(found.machine, found.noise_path, self.max_iter)

    def _publish_learnt(self, machine, path, n_steps):
        """Set the attributes of a machine with its atoms in order and their signs."""
        atoms = machine.atoms[np.argsort(-(machine.atoms**2).sum(axis=1), kind="stable")]
        atoms = atoms * np.where(atoms.sum(axis=1) < 0, -1.0, 1.0)[:, None]
        self._hold(replace(machine, atoms=atoms))
        self._publish({"n_iter_": n_steps, "noise_path_": path})

    @classmethod
    def from_parameters(cls, dictionary, noise_variance, mean=None, **params):
        """A fitted model of a given dictionary, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        dictionary : array-like of shape (n_components, n_features)
            As the attribute ``components_``: atoms of factors of variance 1.

        noise_variance : float
            As the attribute ``noise_variance_``; positive.

        mean : array-like of shape (n_features,), default=None
            As the attribute ``mean_``; None means zeros.

        **params : dict
            Parameters of the constructor.

        Returns
        -------
        model : SparseCoding
            A fitted estimator with ``n_iter_`` 0.
        """
        return cls._of(given_dictionary(dictionary, noise_variance, mean), params)

    @classmethod
    def _of(cls, machine, params):
        """A fitted model of a machine and parameters of the constructor."""
        model = cls(**{"n_components": machine.n_atoms, **params})
        model._validate_params()
        if model.n_components not in (None, machine.n_atoms):
            raise ValueError(
                f"The dictionary has {machine.n_atoms} atoms, got n_components="
                f"{model.n_components!r}."
            )
        model.n_features_in_ = len(machine.mean)
        model._hold(machine)
        model._publish({"n_iter_": 0, "noise_path_": np.empty(0)})
        return model

    @classmethod
    def from_sklearn(cls, estimator, X=None, *, scale=None, noise_variance=None, mean=None,
                     **params):  # fmt: skip
        """A fitted model of the dictionary that scikit-learn has learnt.

        Its atoms have no scale: codes of any size go with them. Scale and noise are those of the
        highest likelihood of some rows, or given.

        Parameters
        ----------
        estimator : DictionaryLearning, MiniBatchDictionaryLearning or SparseCoder
            A fitted one.

        X : array-like of shape (n_samples, n_features), default=None
            Rows by whose likelihood what is not given is found, NaN where a value is missing: those
            of training, as a rule. Not needed where both are given.

        scale : float, default=None
            The standard deviation of codes: ``components_`` are the atoms times it.

        noise_variance : float, default=None
            As the attribute.

        mean : array-like of shape (n_features,), default=None
            As the attribute ``mean_``; None means zeros, as scikit-learn has it.

        **params : dict
            Parameters of the constructor.

        Returns
        -------
        model : SparseCoding
            A fitted estimator.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.decomposition import DictionaryLearning
        >>> from sklearn_helmholtz import SparseCoding
        >>> X = load_iris().data
        >>> X = X - X.mean(axis=0)
        >>> learner = DictionaryLearning(6, alpha=0.5, random_state=0).fit(X)
        >>> model = SparseCoding.from_sklearn(learner, scale=1.0, noise_variance=0.05)
        >>> model.score(X) < 0
        True
        """
        atoms = atoms_of(estimator)
        for name, value in (("scale", scale), ("noise_variance", noise_variance)):
            if value is not None and not positive(value):
                raise ValueError(f"{name} must be a positive number or None, got {value!r}.")
        if X is None and (scale is None or noise_variance is None):
            raise ValueError(
                "from_sklearn needs X, rows by whose likelihood scale and noise_variance are "
                "found, or both of these."
            )
        known = 1.0 if scale is None else float(scale)
        noise = 1.0 if noise_variance is None else noise_variance
        machine = given_dictionary(atoms * known, noise, mean)
        model = cls._of(machine, params)
        names = getattr(estimator, "feature_names_in_", None)
        if names is not None:
            model.feature_names_in_ = names
        if scale is None or noise_variance is None:
            model._calibrate(X, machine, scale is None, noise_variance is None)
        return model

    def _calibrate(self, X, machine, frees_scale, frees_noise):
        """Find the scale of the atoms, the noise, or both by the likelihood of some rows."""
        X = dense_rows(self._data(X)[0], slice(None))
        columns = observed_columns(X, np.ones(len(X)))
        check_columns(columns, X, self._names)
        size = np.nanmean((X - machine.mean) ** 2)
        size = size if size > 0 else 1.0
        if frees_noise:
            machine = replace(machine, noise=float(0.1 * size))
        if frees_scale:
            length = np.sqrt(size * X.shape[1] / max((machine.atoms**2).sum(), 1e-300))
            machine = replace(machine, atoms=machine.atoms * length)
        seed = _keys.draw_seed(check_random_state(self.random_state))
        search = Calibration(
            _CALIBRATION_STEPS, _FLOOR * size if frees_noise else 0.0, seed, self._n_threads,
            frees_scale, frees_noise,
        )  # fmt: skip
        self._hold(search.calibrate(machine, X))
        self._publish({"n_iter_": _CALIBRATION_STEPS})

    def _hold(self, machine: LaplaceDictionary):
        """Set the attributes of a model."""
        self._model = SparseCodingModel(machine)
        self._publish({
            "components_": machine.atoms,
            "mean_": machine.mean,
            "noise_variance_": float(machine.noise),
            "alpha_": float(machine.penalty),
        })  # fmt: skip

    @public
    def get_covariance(self):
        """The covariance of the features under the model.

        Returns
        -------
        covariance : ndarray of shape (n_features, n_features)
            Atoms times their transpose, plus the noise.
        """
        check_is_fitted(self)
        return self._model.machine.covariance()

    @property
    def free_energy(self):
        """Refusal: chains have no free energy."""
        raise AttributeError(_NO_FREE_ENERGY)

    @property
    def kl_gap(self):
        """Refusal, as of `free_energy`."""
        raise AttributeError(_NO_FREE_ENERGY)

    def _features(self, rows, dtype):
        check_choice("transform_kind", self.transform_kind, KINDS_OF_CODES)
        if self.transform_kind == "map":
            return self._model.codes(rows, self._n_threads).astype(dtype, copy=False)
        n_chains = self._n_samples("annealed", None)
        self._check_cost("transform", rows.shape[0], n_chains, self._n_temperatures(None))
        means = self._answering_model.means(rows, n_chains, self._n_threads)
        return means.astype(dtype, copy=False)

    def _expected_data(self, H):
        return self._model.machine.expected(H)

    def _estimate_rows(
        self, X, method, n_samples, random_state, sample_weight=None,
        n_temperatures=None, tails=None,
    ):  # fmt: skip
        """The same as of any estimator, if there is not too much to do."""
        steps = self._n_samples(method, n_samples), self._n_temperatures(n_temperatures)
        if hasattr(self, "_model"):
            self._check_cost("score", _number_of_rows(X), *steps)
        return super()._estimate_rows(
            X, method, n_samples, random_state, sample_weight, n_temperatures, tails
        )

    def _check_cost(self, name, n_rows, n_chains, n_temperatures):
        """Refuse what would take long, unless the user has said that it may; name : of a method."""
        n_atoms, n_sweeps = self._model.machine.n_atoms, n_chains * n_temperatures
        if self.score_limit is None or n_rows * n_atoms * n_sweeps <= (
            self.score_limit * _USUAL_SWEEPS
        ):
            return
        seconds = n_rows * n_sweeps * self._seconds_of_a_sweep() / self._n_threads
        raise ValueError(
            f"{name} of {n_rows} rows with {n_atoms} atoms by {n_chains} chains of "
            f"{n_temperatures} temperatures would take about {duration(seconds)}, more than "
            f"score_limit={self.score_limit} allows. Take fewer rows, n_importance_samples or "
            "n_temperatures, or set score_limit=None."
        )

    def _seconds_of_a_sweep(self):
        """Seconds that a sweep of a chain takes, by a short one."""
        rng, fastest = np.random.RandomState(0), np.inf
        rows, _ = self._model.draw(1, rng, 1)
        for _ in range(3):
            start = time.perf_counter()
            self._model.estimate(rows, "annealed", 1, _PROBED_TEMPERATURES, None, 1)
            fastest = min(fastest, time.perf_counter() - start)
        return fastest / _PROBED_TEMPERATURES

    @property
    def _answering_model(self):
        return replace(self._model, n_temperatures=self._n_temperatures(None))

    def _n_samples(self, method, given):
        given = self.n_importance_samples if given is None else given
        return check_count("n_importance_samples", given)

    def _n_temperatures(self, given):
        return check_count("n_temperatures", self.n_temperatures if given is None else given)

    def _steps_made(self, method, given, random_state):
        return self._n_temperatures(given)

    def _count_parameters(self):
        n_atoms, n_features = self.components_.shape
        return n_atoms * n_features + n_features + 1

    @property
    def _n_threads(self):
        return count_threads(check_jobs(self.n_jobs))

    @property
    def _n_features_out(self):
        return len(self.components_)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "components_")


def _number_of_rows(X):
    """The number of rows of a table that nobody has looked at yet; 0 of what is none."""
    shape = getattr(X, "shape", None)
    if shape:
        return shape[0]
    return len(X) if hasattr(X, "__len__") else 0
