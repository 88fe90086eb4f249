"""The Helmholtz machine with Gaussian latents as a scikit-learn estimator."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._threads import run_blocks
from ..learning import (
    Cosine,
    FixedPenalty,
    ImportanceWeighted,
    ReweightedWakeSleep,
    WakeSleep,
)
from ..machines import POSTERIORS, initialise_gaussian
from ._compat import Interval, StrOptions
from .checks import check_settings, check_visible, hidden_sizes
from .containers import contained
from .gaussian_attributes import (
    PUBLISHED,
    active_units,
    gaussian_attributes,
    gaussian_from_parameters,
)
from .notices import notify
from .progress import with_progress
from .public import public
from .trained import TrainedDensityEstimator
from .weights import merge_equal_rows

_AUTOMATIC = "visible", "missing_indicator"
_RULES = {
    "importance-weighted": ImportanceWeighted,
    "wake-sleep": WakeSleep,
    "reweighted-wake-sleep": ReweightedWakeSleep,
}
_MOST_CORRELATED = 200  # latents, of which a full covariance has 20,100 entries for each row
_MERGED_ROWS = 100  # of a table, of which equal ones are merged
_PRIOR_PRECISION, _ROWS_OF_A_STREAM = 3.0, 10_000
_INHERITED = (
    "n_particles", "visible", "solver", "momentum", "learning_rate_init", "batch_size", "max_iter",
    "alpha", "shuffle", "validation_fraction", "n_iter_no_change", "tol", "warm_start",
    "n_importance_samples", "n_jobs", "random_state", "verbose",
)  # fmt: skip


class GaussianHelmholtzMachine(TrainedDensityEstimator):
    """Nonlinear factor model of tables with a recognition net: a variational autoencoder.

    Latents z ~ N(0, 1) are turned into the inputs of the features' units by a perceptron, the
    decoder, and another, the encoder, guesses them: q(z | x) = N(mu(x), L(x) L(x)'). Both are
    trained together by the importance-weighted bound (with one particle, a variational autoencoder
    [1]_; with several, an importance-weighted one [2]_), by wake-sleep [3]_ or by reweighted
    wake-sleep [4]_. Without hidden layers it is factor analysis with a guess at the factors.

    As of all models here, `score` is an estimate of log p(x) itself, not a bound of training, and
    comparable with the scores of others; and missing values (NaN) are taken everywhere: only what
    is observed enters the likelihood [5]_.

    Read more in the :ref:`User Guide <gaussian_latents>`.

    Parameters
    ----------
    n_components : int, default=20
        Latents.

    hidden_layer_sizes : int or tuple of int, default=(200,)
        Deterministic units of each layer of the encoder, from the data upward; the decoder mirrors
        it. ``()`` makes both nets affine.

    activation : {"tanh", "relu"}, default="tanh"
        Function of these units.

    covariance : {"diag", "full"}, default="diag"
        Covariance of q(z | x): diagonal, or any, for at most 200 latents.

    visible : {"auto", "bernoulli", "gaussian", "poisson", "mixed"}, dict or list, default="auto"
        Distribution of the features given the latents, as of :class:`HelmholtzMachine`.

    algorithm : {"importance-weighted", "wake-sleep", "reweighted-wake-sleep"}, \
            default="importance-weighted"
        The learning rule.

    n_particles : int, default=5
        Samples of the latents of a row in each step. One with ``"importance-weighted"`` is the
        variational autoencoder; wake-sleep takes the mean over them.

    missing_indicator : bool or "auto", default="auto"
        Whether the encoder sees which values are missing, besides the means of training that take
        their place. ``"auto"`` does where any are missing of the rows that a fit begins with.

    divergence_warmup : float, default=0.0
        Share of the epochs of a `fit`, from 0 to 1, in which the weight of the divergence of
        q(z | x) from the prior rises to 1 [6]_ [7]_; with ``"importance-weighted"`` only. The
        divergence can switch all latents off before the decoder listens to any, and there they
        stay: where ``active_units_`` has none, or few, 0.1 or 0.25 may help. With ``warm_start``
        the weight is 1 from the second fit on.

    solver : {"adam", "sgd"}, default="adam"
        The optimiser: Adam, or stochastic gradient steps with momentum.

    momentum : float, default=0.9
        Momentum in [0, 1) of ``solver="sgd"``; not used by Adam.

    learning_rate : {"auto", "constant", "cosine", "adaptive"}, default="auto"
        Whether the learning rate stays, falls to zero along half a cosine over ``max_iter`` epochs,
        or is divided by 5 whenever ``n_iter_no_change`` epochs in a row have not improved the
        held-out bound (without held-out rows the training bound) by ``tol``. ``"auto"`` falls in
        `fit` and stays in `partial_fit`, which does not know how long training will be.

    learning_rate_init : float or "auto", default="auto"
        The (first) learning rate. ``"auto"`` means 5e-3 for minibatches of at most 100 rows, given
        or not. For larger ones it grows with the root of their rows, of ``solver="sgd"`` in
        proportion, up to four times as much.

    batch_size : int or "auto", default="auto"
        Rows of a minibatch. ``"auto"`` means a hundredth of the rows, but at least 20 and at most
        100: small tables, too, need some thousands of steps. Where there are more than 100,000 rows
        it means 100 times the root of ``n_samples / 100_000``, and 6,400 at most.

    max_iter : int, default=200
        Epochs: passes over the data.

    alpha : float or "auto", default="auto"
        Strength of the penalty ``alpha / 2 * |W|^2`` on all weights of both nets, but no
        intercepts, relative to the mean bound per row. ``"auto"`` means 3 / n for a table of n
        rows, or of n in effect if they have weights, which is a normal prior of the weights with
        the variance 1/3; n is 100 at least, and 10,000 in `partial_fit` without a
        `fit` before, where nobody knows how many rows there will be.

    shuffle : bool, default=True
        Whether rows are put in a new order every epoch.

    early_stopping : bool, default=False
        Whether to hold out rows, to stop when their importance-weighted bound (50 samples, fixed
        random numbers) no longer improves, and to keep the best parameters seen.

    validation_fraction : float, default=0.1
        Share of the rows held out by early stopping when ``fit`` is given no ``X_val``.

    n_iter_no_change : int, default=10
        Epochs without improvement after which early stopping stops, or the adaptive learning rate
        falls (with both it falls first).

    tol : float, default=1e-4
        The improvement of the bound, in nats per row, that counts as one.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters of the last fit.

    n_importance_samples : int, default=200
        Importance samples for each row when scoring: two in five from q(z | x), as many from the
        same with scales wider by a fifth, and one in five from the prior.

    n_jobs : int or None, default=None
        Threads. None means all cores that this process may use, within the limits of the
        environment variables OMP_NUM_THREADS and NUMBA_NUM_THREADS. Results do not depend on it.

    random_state : int, RandomState instance or None, default=None
        Determines initial weights, order of rows, held-out rows and all sampling during training.

    verbose : int, default=0
        Whether to print a line after every epoch, one every other second on scores, imputations and
        draws that take long, and one when kernels are compiled.

    Attributes
    ----------
    decoder_coefs_ : list of ndarray
        Weights of the decoder, from the data upward: the first of shape (n_units, n_features), the
        last of shape (n_components, n_units). float32, like all parameters. Of mixed columns the
        first has a column for each of ``input_names_``.

    decoder_intercepts_ : list of ndarray
        Intercepts of the decoder, from the data upward.

    encoder_coefs_ : list of ndarray
        Weights of the encoder, from the data upward: the first of shape (n_features, n_units), of
        mixed columns with a row for each of ``code_names_``, and with ``missing_indicator=True``
        ``n_features`` rows more; the last of shape (n_units, n_outputs) for the outputs mu, then
        the logarithms of the diagonal of L, and with ``covariance="full"`` what is below the
        diagonal, row by row.

    encoder_intercepts_ : list of ndarray
        Intercepts of the encoder, from the data upward.

    noise_variance_ : ndarray of shape (n_features,)
        Noise variances, only with Gaussian visible units. Never below 0.001 of the variance that a
        feature had in training (0.001 if it was constant).

    active_units_ : ndarray of shape (n_components,) of bool
        Whether the posterior mean of each latent differs between the rows (10,000 of them at most)
        of the last `fit` or `partial_fit`, with a variance above 0.01 [2]_. The others have
        collapsed onto the prior, and say nothing of the data. A machine of `from_parameters` has no
        such attribute.

    visible_ : {"bernoulli", "gaussian", "poisson", "mixed"}
        The distribution of the features.

    kinds_, categories_, resolution_, code_names_, input_names_, code_means_
        Of mixed columns only, as of :class:`HelmholtzMachine`.

    n_parameters_ : int
        Free parameters of p(x).

    n_iter_ : int
        Epochs done.

    loss_curve_ : list of float
        Mean negative bound per training row, in nats, over each epoch: of ``n_particles`` particles
        together, or with wake-sleep the mean of their log p(x, z) - log q(z | x). Where the weight
        of the divergence is below 1, it is so here.

    validation_scores_ : list of float or None
        Mean importance-weighted bound of the held-out rows after each epoch, in nats; None if none
        were held out.

    best_validation_score_ : float or None
        The highest bound of the held-out rows in the last fit; with ``warm_start`` it may be that
        of the parameters it began with.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_means_ : ndarray of shape (n_features,)
        Means of the features in training, missing values left out: what the encoder sees where a
        value is missing. Of a machine made by `from_parameters`, its data for z = 0. Mixed columns
        have none.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    FactorAnalysis : The linear model, whose likelihood is exact.
    HelmholtzMachine : Binary causes, which make the better densities of most binary tables.

    Notes
    -----
    Equal rows of a table of at most 100 are merged into one with a weight, and no order of rows
    matters: a weight is then as good as so many equal rows, to the bit.

    Of the defaults, rate, minibatches and ``alpha`` were chosen on validation rows of small tables
    (`benchmarks.gaussian_defaults`): with a rate of 2e-3 or minibatches of 100, 200 epochs end long
    before the noise variances and the nets are where they go. The others are first guesses.

    Under reweighted wake-sleep particles of little weight play Russian roulette, as those of
    `HelmholtzMachine` do.

    It is made for tables and small images. Convolutional and very large nets are the business of
    PyTorch.

    References
    ----------
    .. [1] Kingma & Welling (2014), Auto-encoding variational Bayes, ICLR.
    .. [2] Burda, Grosse & Salakhutdinov (2016), Importance weighted autoencoders, ICLR.
    .. [3] Hinton, Dayan, Frey & Neal (1995), The wake-sleep algorithm for unsupervised neural
           networks, Science 268, 1158-1161.
    .. [4] Bornschein & Bengio (2015), Reweighted wake-sleep, ICLR.
    .. [5] Mattei & Frellsen (2019), MIWAE: deep generative modelling and imputation of incomplete
           data sets, ICML.
    .. [6] Bowman, Vilnis, Vinyals, Dai, Jozefowicz & Bengio (2016), Generating sentences from a
           continuous space, CoNLL.
    .. [7] Sonderby, Raiko, Maaloe, Sonderby & Winther (2016), Ladder variational autoencoders,
           NIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import GaussianHelmholtzMachine
    >>> X = load_digits().data >= 8
    >>> machine = GaussianHelmholtzMachine(10, max_iter=20, random_state=0).fit(X[:1500])
    >>> machine.score(X[1500:]) > -22  # nats per row; independent pixels reach about -26
    True
    >>> Z, std = machine.transform(X[1500:], return_std=True)
    >>> Z.shape, std.shape
    ((297, 10), (297, 10))
    >>> machine.inverse_transform(Z).shape
    (297, 64)
    """

    _parameter_constraints = {
        **{name: TrainedDensityEstimator._parameter_constraints[name] for name in _INHERITED},
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions({"tanh", "relu"})],
        "covariance": [StrOptions(set(POSTERIORS))],
        "algorithm": [StrOptions(set(_RULES))],
        "missing_indicator": [StrOptions({"auto"}), "boolean"],
        "divergence_warmup": [Interval(Real, 0, 1, closed="both")],
        "learning_rate": [StrOptions({"auto", "constant", "cosine", "adaptive"})],
        "early_stopping": ["boolean"],
    }
    _published = PUBLISHED

    _needs_many_steps = True
    _small_rate = 5e-3
    # Settings of other machines that this one does not leave to users.
    autoregressive = False
    averaging = False
    transform_layer = None

    def __init__(
        self,
        n_components=20,
        *,
        hidden_layer_sizes=(200,),
        activation="tanh",
        covariance="diag",
        visible="auto",
        algorithm="importance-weighted",
        n_particles=5,
        missing_indicator="auto",
        divergence_warmup=0.0,
        solver="adam",
        momentum=0.9,
        learning_rate="auto",
        learning_rate_init="auto",
        batch_size="auto",
        max_iter=200,
        alpha="auto",
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        n_importance_samples=200,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.covariance = covariance
        self.visible = visible
        self.algorithm = algorithm
        self.n_particles = n_particles
        self.missing_indicator = missing_indicator
        self.divergence_warmup = divergence_warmup
        self.solver = solver
        self.momentum = momentum
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.alpha = alpha
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.n_importance_samples = n_importance_samples
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_parameters(
        cls,
        decoder_coefs,
        decoder_intercepts,
        encoder_coefs,
        encoder_intercepts,
        *,
        noise_variance=None,
        **params,
    ):
        """A fitted machine with given parameters, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        decoder_coefs, decoder_intercepts : list of array-like
            As the attributes ``decoder_coefs_`` and ``decoder_intercepts_``, from the data upward.

        encoder_coefs, encoder_intercepts : list of array-like
            As the attributes. The encoder mirrors the decoder.

        noise_variance : array-like of shape (n_features,), default=None
            Noise variances of Gaussian visible units; None means Bernoulli units, or Poisson units
            with ``visible="poisson"``.

        **params : dict
            Parameters of the constructor. Sizes come from the arrays.

        Returns
        -------
        machine : GaussianHelmholtzMachine
            A fitted estimator with ``n_iter_`` 0.

        Examples
        --------
        One factor of two features, guessed by its posterior:

        >>> import numpy as np
        >>> from sklearn_helmholtz import GaussianHelmholtzMachine
        >>> machine = GaussianHelmholtzMachine.from_parameters(
        ...     [[[1.0, 1.0]]], [[0.0, 0.0]], [[[1 / 3, 0], [1 / 3, 0]]], [[0, -np.log(3) / 2]],
        ...     noise_variance=[1.0, 1.0], n_importance_samples=100_000)
        >>> machine.score_samples([[1.0, 1.0]]).round(2)  # of N(0, [[2, 1], [1, 2]])
        array([-2.72])
        """
        defaults = cls()
        kind = {
            name: params.get(name, getattr(defaults, name))
            for name in ("activation", "covariance", "missing_indicator")
        }
        cls(**kind)._validate_params()
        model = gaussian_from_parameters(
            (decoder_coefs, decoder_intercepts), (encoder_coefs, encoder_intercepts),
            noise_variance, params.get("visible", "auto"), **kind,
        )  # fmt: skip
        return cls._holding(model, params)

    @with_progress
    @public
    def transform(self, X, *, return_std=False):
        """Posterior means of the latents as the encoder guesses them, mu(x).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing. The encoder sees ``feature_means_`` in its place.

        return_std : bool, default=False
            Whether to return the standard deviations as well.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
            Means of q(z | x). float32 for float32, uint8 and bool input, float64 otherwise.

        std : ndarray of shape (n_samples, n_components)
            Standard deviations of q(z | x). Only with ``return_std=True``; a DataFrame where
            ``set_output`` asks for such.
        """
        if not return_std:
            return super().transform(X)
        rows, _, dtype = self._rows(X)
        deviations = contained(self, self._deviations(rows, dtype), self._latent_names()[0], like=X)
        return self._features(rows, dtype), deviations

    def _deviations(self, rows, dtype):
        """Standard deviations of the latents under the encoder's guess."""
        out = np.empty((len(rows), self._n_features_out), dtype)
        limits, _ = self._hidden_means(rows)
        (guess,) = self._machine.recognition.conditionals

        def block(number):
            place = slice(limits[number], limits[number + 1])
            out[place] = guess.units.scales(guess.eta(self._machine.seen(rows.take(place))))

        run_blocks(block, len(limits) - 1, self._n_threads)
        return out

    def _latent_names(self):
        return [list(self.get_feature_names_out())]

    @property
    def _rule_warmup(self):
        if self.divergence_warmup and self.algorithm != "importance-weighted":
            raise ValueError(
                f"divergence_warmup is {self.divergence_warmup}, but algorithm={self.algorithm!r} "
                "has no divergence to weigh. Use divergence_warmup=0, or "
                "algorithm='importance-weighted'."
            )
        return float(self.divergence_warmup)

    def _rule(self):
        return _RULES[self.algorithm](self.n_particles)

    def _schedule(self, n_together):
        if self.learning_rate == "auto":
            return Cosine(self._rate(n_together))
        return super()._schedule(n_together)

    def _penalties(self, n_rows, encoding=None):
        alpha = self.alpha
        if alpha == "auto":
            # Of rows that are merged the number says nothing.
            n_rows = _ROWS_OF_A_STREAM if n_rows is None else max(n_rows, _MERGED_ROWS)
            alpha = _PRIOR_PRECISION / n_rows
        return FixedPenalty(alpha), FixedPenalty(alpha)

    def _merged(self, X, weights):
        return (X, weights) if X.shape[0] > _MERGED_ROWS else merge_equal_rows(X, weights)

    @property
    def _hidden(self):
        """Sizes of the deterministic layers from the data upward, or a ValueError."""
        return hidden_sizes(self.hidden_layer_sizes, fewest=0)

    def _checked_sizes(self, n_features):
        hidden, k = self._hidden, int(self.n_components)
        if self.covariance == "full" and k > _MOST_CORRELATED:
            raise ValueError(
                f"n_components is {k}, but covariance='full' is for at most {_MOST_CORRELATED} "
                f"latents: the encoder would have {k * (k + 3) // 2} outputs. Use "
                "covariance='diag'."
            )
        if not hidden and k > n_features:
            notify(
                f"n_components is {k}, and with hidden_layer_sizes=() a table of {n_features} "
                "features has no use for more factors than features."
            )
        return (k,)

    def _new_machine(self, n_units, units, intercept, rng, summary):
        (n_columns, k), sees_gaps = n_units, self.missing_indicator
        if sees_gaps == "auto":
            sees_gaps = summary.has_missing
        return initialise_gaussian(
            n_columns, k, self._hidden, units, intercept, rng, activation=self.activation,
            covariance=self.covariance, sees_gaps=bool(sees_gaps),
        )  # fmt: skip

    def _check_continuation(self):
        check_settings(self, self._implied(self._model))
        check_visible(self)

    @staticmethod
    def _implied(model):
        machine = model.machine
        (guess,) = machine.recognition.conditionals
        words = {kind: word for word, kind in POSTERIORS.items()}
        return {
            "n_components": machine.n_units[1],
            "hidden_layer_sizes": tuple(each.n_outputs for each in machine.encoder.maps[:-1]),
            "activation": machine.decoder.activation,
            "covariance": words[type(guess.units)],
            "missing_indicator": machine.sees_gaps,
            "visible": machine.visible.units.name,
        }

    def _check_given(self, model):
        implied = self._implied(model)
        for name, value in implied.items():
            given = self._hidden if name == "hidden_layer_sizes" else getattr(self, name)
            if given != value and not (name in _AUTOMATIC and given == "auto"):
                raise ValueError(f"The arrays make {name}={value!r}, got {given!r}.")

    _attributes = staticmethod(gaussian_attributes)

    def _summaries(self, rows):
        return {"active_units_": active_units(self._model, rows)}

    def _expected_data(self, H):
        check_is_fitted(self)
        return self._model.expected_data(H, 1)
