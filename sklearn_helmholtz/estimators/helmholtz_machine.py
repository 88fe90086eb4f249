"""The Helmholtz machine as a scikit-learn estimator."""

from numbers import Integral

from ..learning import ReweightedWakeSleep, WakeSleep
from ..machines import initialise
from ..models import reorder
from ._compat import Interval, StrOptions
from .attributes import model_from_parameters
from .column_orders import (
    check_order_stays,
    check_orderly,
    checked_order,
    found_order,
    is_given,
)
from .conditional_units import (
    check_conditional_continuation,
    check_conditional_family,
    check_conditional_units,
    n_conditional_units,
)
from .joint import JointMixin
from .trained import TrainedDensityEstimator

_RULES = {
    "wake-sleep": lambda estimator: WakeSleep(),
    "reweighted-wake-sleep": lambda estimator: ReweightedWakeSleep(estimator.n_particles),
}


class HelmholtzMachine(JointMixin, TrainedDensityEstimator):
    """Deep sigmoid belief net with a recognition net: a density model of tables.

    A generative net explains the data by layers of binary causes, p(h_L) ... p(h_1 | h_2)
    p(x | h_1), and a recognition net guesses the causes, q(h_1 | x) ... q(h_L | h_{L-1}) [1]_. Both
    are trained together, by wake-sleep [2]_ or reweighted wake-sleep [3]_. Missing values (NaN) are
    taken everywhere: only what is observed enters the likelihood.

    Causes of mixed tables, whose columns differ in kind, are enumerated, weighed as particles, or
    moved by Gibbs sampling and annealing; there is no mean field. With ``autoregressive=True`` rows
    that miss counts, ordered or real values have particles only.

    Read more in the :ref:`User Guide <helmholtz_machine>`.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(100,)
        Binary units of each hidden layer, from the data upward.

    algorithm : {"reweighted-wake-sleep", "wake-sleep"}, default="reweighted-wake-sleep"
        The learning rule. Reweighted wake-sleep draws several weighted particles for every row
        and gives the better likelihoods; wake-sleep is the classic, with one particle.

    n_particles : int, default=5
        Particles of a row under reweighted wake-sleep. Wake-sleep has one, whatever this says.

    visible : {"auto", "bernoulli", "gaussian", "poisson", "mixed"}, dict or list, default="auto"
        Distribution of the features given the first hidden layer. ``"auto"`` means Bernoulli where
        every training value lies in [0, 1], Gaussian otherwise. Bernoulli units take a value
        inside (0, 1) as the expectation of a binary one; the score is then a lower bound on the
        expected log-likelihood of the binarised row (with ``autoregressive=True`` no bound: later
        features see the fraction), not a normalised density, and not comparable across scalings or
        with Gaussian units. Gaussian units have a learnt noise variance each. Poisson units are for
        counts 0, 1, 2, ..., whose rates are exponentials of their inputs; recognition, and later
        features with ``autoregressive=True``, see ``log(1 + x)``. They are never chosen by
        themselves, and missing counts that others depend on are drawn.

        Mixed columns have a kind each: ``"mixed"`` infers them from the types of a DataFrame and
        from values, a list names them all, and a dict those that are not to be inferred.
        ``"bernoulli"`` is for two values, ``"categorical"`` for unordered and ``"ordinal"`` for
        ordered levels, ``"count"`` for 0, 1, 2, ..., ``"real"`` for real numbers (or
        ``("real", 0.5)`` where all are known to be multiples of 0.5), ``"gaussian"`` for real
        numbers that are to be normal given their parents. Unordered categories of pandas and polars
        are categorical, ordered ones ordinal, truth values and numbers of two values bernoulli,
        whole numbers from 0 on counts, others real; numbers are never taken for categories.
        ``"auto"`` means mixed for a DataFrame that has categories. Ordered, count and real columns
        are cells of a logistic scale, through the distribution of each column on its own; both
        location and scale of a cell depend on the parents. Scores are then nats of a density in the
        user's units: probabilities of levels and counts, densities of real numbers, constant
        within the resolution at which they are recorded.

    autoregressive : bool, default=False
        Whether the units of every layer of the generative net, prior and data included, also depend
        on the units before them in the same layer, in the order of the columns: ``eta_i = b_i +
        parents @ W_i + sum_{j < i} x_j A_ji`` [4]_ [5]_. The better density model for most tables;
        rows are then sampled, and missing values drawn, unit by unit.

    column_order : {"given", "tree", "random"} or array-like of shape (n_features,), default="given"
        The order in which columns depend on each other with ``autoregressive=True``; without it
        columns have none, and this changes nothing. ``"tree"`` is that of the Chow-Liu tree of the
        training rows [10]_, parents before children. It is for binary columns; its work and memory
        grow with the square of their number (4 bytes a pair: 400 MB for 10,000 columns).
        ``"random"`` is drawn; an array holds the number of the column that comes to each place.
        Results and attributes stay in the order of the data. Mixed columns and collections of Dask
        stay in the order given. `partial_fit` and ``warm_start`` keep the order of the first fit.
    n_conditional_units : int, default=0
        Deterministic units by way of which features also depend on those before them, where
        ``autoregressive=True`` and features are Bernoulli: ``eta_i += U_i @ sigmoid(c +
        sum_{j < i} x_j V_j)``, whose weights all conditional distributions share [9]_. 0 is none:
        a logistic regression for each feature. A row costs as much as ``n_features *
        n_conditional_units`` weights. For many rows whose features interact strongly, such as
        images; small tables gain little, or lose: see :ref:`conditional_units`.

    solver : {"adam", "sgd"}, default="adam"
        The optimiser: Adam, or stochastic gradient steps with momentum.

    momentum : float, default=0.9
        Momentum in [0, 1) of ``solver="sgd"``; not used by Adam.

    learning_rate : {"constant", "cosine", "adaptive"}, default="constant"
        Whether the learning rate stays, falls to zero along half a cosine over ``max_iter`` epochs,
        or is divided by 5 whenever ``n_iter_no_change`` epochs in a row have not improved the
        held-out bound (without held-out rows the training bound) by ``tol``. Where it would fall
        below 1e-6, training ends.

    learning_rate_init : float or "auto", default="auto"
        The (first) learning rate. ``"auto"`` means 1e-2, and 2e-2 with ``averaging`` where columns
        are not mixed, for minibatches of at most 100 rows, given or not. For larger ones it grows
        with the root of their rows, of ``solver="sgd"`` in proportion, up to four times as much.

    averaging : bool or "auto", default="auto"
        Whether the machine is an average of the parameters over the later part of training instead
        of the last ones: after t steps, those of step s weigh about ``s**8``, so that most of the
        weight lies on the last ninth [6]_. It takes the place of a falling learning rate, and
        allows a higher one, without knowing when training will end. ``"auto"`` means where the
        learning rate is constant and no weights are to be zero by ``l1_ratio``, and of
        autoregressive machines and mixed columns in any case.

    batch_size : int or "auto", default="auto"
        Rows of a minibatch. ``"auto"`` means 100, but for autoregressive machines and mixed
        columns a hundredth of the rows if that is less, and at least 20: small tables, too, need
        some thousands of steps. Where there are more than 100,000 rows it means 100 times the root
        of ``n_samples / 100_000``, and 6,400 at most.

    max_iter : int or "auto", default="auto"
        The most epochs: passes over the data. ``"auto"`` means 100, but 1,000 at most and 100 at
        least where training stops early: as many as make 20,000 steps, which small tables need.
        Autoregressive machines of binary columns that do not stop make 5,000 steps likewise.

    alpha : float or "auto", default="auto"
        Strength of the penalty on all weights, generative and recognition, but no intercepts,
        relative to the mean bound per row: ``alpha * (l1_ratio * |W|_1 + (1 - l1_ratio) / 2 *
        |W|^2)``. ``"auto"`` means 1e-4, but for autoregressive machines and mixed columns the
        strength of a prior that is learnt along with the weights (see Notes).

    lateral_alpha : float, "auto" or None, default=None
        Strength of the penalty on the lateral weights of an autoregressive machine, where
        ``"auto"`` has a prior of their own; None means as ``alpha``.

    l1_ratio : float or "auto", default="auto"
        Share of the L1 penalty, from 0 to 1. It makes weights exactly zero, unless ``averaging``
        takes means of them. ``"auto"`` means 1 for autoregressive machines and mixed columns,
        otherwise 0.

    lateral_l1_ratio : float or None, default=None
        The share for lateral weights; None means as ``l1_ratio``.

    shuffle : bool, default=True
        Whether rows are put in a new order every epoch.

    early_stopping : "auto" or bool, default="auto"
        Whether to hold out rows, to stop when their importance-weighted bound (50 samples, fixed
        random numbers) no longer improves, and to keep the best parameters seen. ``"auto"`` does
        with ``max_iter="auto"`` for 200 rows or more of binary columns, unless the learning rate
        falls or units are autoregressive; of these and of others, and with ``max_iter`` given if
        that lets it stop, for 400 features or more or with ``n_conditional_units`` only. It holds
        out 1,000 rows at most.

    validation_fraction : float, default=0.1
        Share of the rows held out by early stopping when ``fit`` is given no ``X_val``.

    n_iter_no_change : int or "auto", default="auto"
        Epochs without improvement after which early stopping stops, or the adaptive learning rate
        falls (with both it falls first). ``"auto"`` means 10, with ``max_iter="auto"`` 20 and at
        least 500 steps. Penalties that are learnt are let go once before the end (see Notes).

    tol : float, default=1e-4
        The improvement of the bound, in nats per row, that counts as one.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters of the last fit.

    transform_layer : int, "all" or None, default=None
        Hidden layer whose probabilities `transform` returns, 1 being next to the data; None means
        the top.

    n_importance_samples : int, default=200
        Importance samples for each row when scoring a machine of more than 14 hidden units.

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
    generative_coefs_ : list of ndarray of shape (n_units[l + 1], n_units[l])
        Weights from layer l + 1 down to layer l; layer 0 is the data. float32, like all parameters.

    generative_intercepts_ : list of ndarray of shape (n_units[l],)
        Intercepts of the generative net; the last one holds the prior logits of the top layer.

    generative_lateral_coefs_ : list of ndarray of shape (n_units[l], n_units[l])
        Weights between the units of layer l, strictly upper triangular: entry [j, i] is the weight
        of unit j on unit i > j. Only with ``autoregressive=True``. With a ``column_order`` the
        first is so in the order of ``column_order_``.

    column_order_ : ndarray of shape (n_features,)
        The columns in the order in which they depend on each other. Only with
        ``autoregressive=True``, and not of mixed columns.

    generative_conditional_coefs_ : list of two ndarray
        Weights of the features on the deterministic units of the conditional distributions, of
        shape (n_features, n_conditional_units), and of these on the features, of shape
        (n_conditional_units, n_features). This and the next are only there with
        ``n_conditional_units``.

    generative_conditional_intercepts_ : ndarray of shape (n_conditional_units,)
        Intercepts of these units.

    recognition_coefs_ : list of ndarray of shape (n_units[l], n_units[l + 1])
        Weights from layer l up to layer l + 1.

    recognition_intercepts_ : list of ndarray of shape (n_units[l + 1],)
        Intercepts of the recognition net.

    noise_variance_ : ndarray of shape (n_features,)
        Noise variances, only with Gaussian visible units. Never below 0.001 of the variance that a
        feature had in training (0.001 if it was constant).

    visible_ : {"bernoulli", "gaussian", "poisson", "mixed"}
        The distribution of the features.

    kinds_ : ndarray of shape (n_features,)
        Kinds of mixed columns. This and the next five attributes are of mixed columns only.

    categories_ : list of ndarray or None
        Levels of each bernoulli, categorical and ordinal column, None of others.

    resolution_ : ndarray of shape (n_features,)
        Spacing of the values of each count and real column; 0.0 of columns with levels, and of real
        ones whose values lie on no grid.

    code_names_ : ndarray of shape (n_codes,)
        Names of what recognition, and later columns with ``autoregressive=True``, see of each
        column: rows of ``recognition_coefs_[0]`` and ``generative_lateral_coefs_[0]``, such as
        ``"job=fixed"``, ``"age>35"`` and ``"age"``, the place on the logistic scale.

    input_names_ : ndarray of shape (n_inputs,)
        Names of the inputs of the columns: columns of ``generative_coefs_[0]`` and
        ``generative_lateral_coefs_[0]``, such as ``"job=fixed"`` and ``"age:location"``.

    code_means_ : ndarray of shape (n_codes,)
        Means of the codes in training: what recognition sees where a value is missing.

    n_parameters_ : int
        Free parameters of p(x), as `aic` and `bic` count them.

    n_iter_ : int
        Epochs done.

    loss_curve_ : list of float
        Mean negative bound per training row, in nats, over each epoch. The bound of a row is
        log p(x, h) - log q(h | x) for the one particle of wake-sleep, and the log of the mean of
        p(x, h) / q(h | x) over the ``n_particles`` of reweighted wake-sleep. With ``averaging`` it
        is that of the parameters that move, not of their average.

    validation_scores_ : list of float or None
        Mean importance-weighted bound of the held-out rows after each epoch, in nats; None if none
        were held out.

    best_validation_score_ : float or None
        The highest bound of the held-out rows in the last fit; with ``warm_start`` it may be that
        of the parameters it began with.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_means_ : ndarray of shape (n_features,)
        Means of the features in training, missing values left out: what the recognition net sees
        where a value is missing. Of a machine made by `from_parameters`, its own expected data.
        Mixed columns have none.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    sklearn.neural_network.BernoulliRBM : An undirected model with one hidden layer, whose
        likelihood needs an estimate of its partition function.
    sklearn.mixture.GaussianMixture : A density model with a single discrete cause.

    Notes
    -----
    With ``alpha="auto"``, weights between layers of a machine that is autoregressive or has mixed
    columns have an L1 penalty of the strength ``1 / (s + 1 / 2) / n`` per row, and a lateral weight
    w one of the strength ``5 / (4 (m + 1 / 12) + |w|) / n``, where s is the root mean square of the
    weights between layers, divided by the root of 2, and m the mean size of the lateral ones, both
    at the beginning of an epoch, and n is the number of rows. This follows from a prior of the
    weights whose scales have priors themselves [7]_: tables of few rows and little structure get a
    strong penalty, and large lateral weights are let off. Where columns are binary, the latter
    strength is ``(a + 1) / (a (m + 1 / b) + |w|) / n``, where ``b = k a`` is such that the strength
    at its largest, ``(b + k) / n``, is that of the largest slope that chance makes of the weights
    of unrelated columns, ``u = sqrt(2 L n v) + L / 3``, but no more than ``15 / n``: L is the
    logarithm of the number of pairs of columns, v the mean square of their variances [11]_ [12]_,
    and k is 5, but ``max(75 / u, 4)`` where u is more than 15; b is 1 at least. With ``l1_ratio=0``
    mean squares take the place of s and m, and large weights are not let off. Weights that have not
    learnt yet say nothing of a table, and a strong penalty would keep them from ever being of use:
    over the first 60 % of ``max_iter`` the first strength is held below a bound that rises from
    0.1 / n to 2 / n, and b likewise grows from 0.1, but not with ``warm_start`` or in
    `partial_fit`, nor with early stopping, which could end training before: there they do so over
    ``n_iter_no_change`` epochs once held-out rows gain no more, and what is learnt then is kept if
    it is better. These numbers were chosen on the validation rows of public data sets.

    Under reweighted wake-sleep most particles of a machine that has learnt have next to no weight.
    Those of less than half the mean weight, ``w < t = 1 / (2 * n_particles)``, play Russian
    roulette [8]_: each stays with the probability ``w / t``, with the weight t then, and gradients
    are made of those that stay. The expected step is the same. With ``autoregressive=True`` all
    stay.

    References
    ----------
    .. [1] Dayan, Hinton, Neal & Zemel (1995), The Helmholtz machine, Neural Computation 7, 889-904.
    .. [2] Hinton, Dayan, Frey & Neal (1995), The wake-sleep algorithm for unsupervised neural
           networks, Science 268, 1158-1161.
    .. [3] Bornschein & Bengio (2015), Reweighted wake-sleep, ICLR.
    .. [4] Neal (1992), Connectionist learning of belief networks, Artificial Intelligence 56,
           71-113.
    .. [5] Gregor, Danihelka, Mnih, Blundell & Wierstra (2014), Deep autoregressive networks, ICML.
    .. [6] Shamir & Zhang (2013), Stochastic gradient descent for non-smooth optimization, ICML.
    .. [7] Armagan, Dunson & Lee (2013), Generalized double Pareto shrinkage, Statistica Sinica 23,
           119-143.
    .. [8] Arvo & Kirk (1990), Particle transport and image synthesis, SIGGRAPH.
    .. [9] Larochelle & Murray (2011), The neural autoregressive distribution estimator, AISTATS.
    .. [10] Chow & Liu (1968), Approximating discrete probability distributions with dependence
           trees, IEEE Transactions on Information Theory 14, 462-467.
    .. [11] Donoho & Johnstone (1994), Ideal spatial adaptation by wavelet shrinkage, Biometrika 81,
            425-455.
    .. [12] Boucheron, Lugosi & Massart (2013), Concentration inequalities, Oxford University Press,
            section 2.8.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import HelmholtzMachine
    >>> X = load_digits().data >= 8
    >>> machine = HelmholtzMachine((50, 20), max_iter=20, random_state=0).fit(X[:1500])
    >>> machine.score(X[1500:]) > -25  # nats per row; independent pixels reach about -26
    True
    >>> machine.transform(X[1500:]).shape
    (297, 20)
    >>> machine.sample(3, random_state=0).shape
    (3, 64)

    A table of mixed columns with gaps:

    >>> from sklearn.datasets import load_diabetes
    >>> X = load_diabetes(scaled=False).data[:, :4]  # age, sex (1 or 2), body mass, blood pressure
    >>> X[::9, 2] = float("nan")
    >>> machine = HelmholtzMachine(
    ...     20, visible="mixed", autoregressive=True, max_iter=20, random_state=0).fit(X)
    >>> machine.kinds_
    array(['count', 'bernoulli', 'real', 'real'], dtype=object)
    >>> machine.resolution_.round(4)
    array([1.  , 0.  , 0.1 , 0.01])
    >>> machine.impute(X, "median")[0].round(1)  # the first body mass is missing
    array([ 59. ,   2. ,  26.2, 101. ])
    """

    _parameter_constraints = {
        **TrainedDensityEstimator._parameter_constraints,
        "algorithm": [StrOptions(set(_RULES))],
        "max_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "n_iter_no_change": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "n_conditional_units": [Interval(Integral, 0, None, closed="left")],
        "column_order": [StrOptions({"given", "tree", "random"}), "array-like"],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        *,
        algorithm="reweighted-wake-sleep",
        n_particles=5,
        visible="auto",
        autoregressive=False,
        column_order="given",
        n_conditional_units=0,
        solver="adam",
        momentum=0.9,
        learning_rate="constant",
        learning_rate_init="auto",
        averaging="auto",
        batch_size="auto",
        max_iter="auto",
        alpha="auto",
        lateral_alpha=None,
        l1_ratio="auto",
        lateral_l1_ratio=None,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change="auto",
        tol=1e-4,
        warm_start=False,
        transform_layer=None,
        n_importance_samples=200,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.algorithm = algorithm
        self.n_particles = n_particles
        self.visible = visible
        self.autoregressive = autoregressive
        self.column_order = column_order
        self.n_conditional_units = n_conditional_units
        self.solver = solver
        self.momentum = momentum
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.averaging = averaging
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.alpha = alpha
        self.lateral_alpha = lateral_alpha
        self.l1_ratio = l1_ratio
        self.lateral_l1_ratio = lateral_l1_ratio
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.transform_layer = transform_layer
        self.n_importance_samples = n_importance_samples
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_parameters(
        cls,
        generative_coefs,
        generative_intercepts,
        recognition_coefs,
        recognition_intercepts,
        *,
        generative_lateral_coefs=None,
        generative_conditional_coefs=None,
        generative_conditional_intercepts=None,
        noise_variance=None,
        **params,
    ):
        """A fitted machine with given parameters, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        generative_coefs : list of array-like of shape (n_units[l + 1], n_units[l])
            As the attribute ``generative_coefs_``.

        generative_intercepts : list of array-like of shape (n_units[l],)
            As the attribute; one more than the coefficients, the last being the prior logits.

        recognition_coefs : list of array-like of shape (n_units[l], n_units[l + 1])
            As the attribute.

        recognition_intercepts : list of array-like of shape (n_units[l + 1],)
            As the attribute.

        generative_lateral_coefs : list of array-like of shape (n_units[l], n_units[l]) or None
            As the attribute; None means a machine that is not autoregressive. In the order of
            ``column_order``, where that is given as an array.

        generative_conditional_coefs : list of two array-like or None
            As the attribute; None means no deterministic units in conditionals.

        generative_conditional_intercepts : array-like of shape (n_conditional_units,) or None
            As the attribute.

        noise_variance : array-like of shape (n_features,), default=None
            Noise variances of Gaussian visible units; None means Bernoulli units, or Poisson units
            with ``visible="poisson"``.

        **params : dict
            Parameters of the constructor. Sizes come from the arrays.

        Returns
        -------
        machine : HelmholtzMachine
            A fitted estimator with ``n_iter_`` 0.

        Examples
        --------
        One cause for two features that go together:

        >>> import numpy as np
        >>> from sklearn_helmholtz import HelmholtzMachine
        >>> machine = HelmholtzMachine.from_parameters(
        ...     [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
        >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> np.exp(machine.score_samples(X)).round(3)
        array([0.395, 0.105, 0.105, 0.395])
        """
        conditional = {
            "generative_conditional_coefs": generative_conditional_coefs,
            "generative_conditional_intercepts": generative_conditional_intercepts,
        }
        model = model_from_parameters(
            {"generative_coefs": generative_coefs, "generative_intercepts": generative_intercepts},
            {
                "recognition_coefs": recognition_coefs,
                "recognition_intercepts": recognition_intercepts,
            },
            noise_variance,
            generative_lateral_coefs,
            params.get("visible", "auto"),
            params.get("column_order", "given"),
            None if all(value is None for value in conditional.values()) else conditional,
        )
        return cls._holding(model, params)

    @staticmethod
    def _implied(model):
        order = model.encoding.order
        own = {
            "n_conditional_units": n_conditional_units(model.machine),
            "column_order": "given" if order is None else order,
        }
        return TrainedDensityEstimator._implied(model) | own

    def _check_given(self, model):
        super()._check_given(model)
        n = n_conditional_units(model.machine)
        if self.n_conditional_units != n:
            raise ValueError(
                f"The arrays make n_conditional_units={n}, got {self.n_conditional_units}."
            )

    def _checked_sizes(self, n_features):
        check_conditional_units(self, n_features)
        return super()._checked_sizes(n_features)

    def _check_continuation(self):
        super()._check_continuation()
        check_conditional_continuation(self)
        if self.autoregressive:
            check_order_stays(self)

    def _new_machine(self, n_units, units, intercept, rng, summary):
        check_conditional_family(self.n_conditional_units, units)
        return initialise(
            n_units, units, intercept, rng, self.autoregressive, self.n_conditional_units
        )

    def _in_order(self, found, X, indices, weights, rng):
        order, encoding = self.column_order, found[0]
        if not isinstance(order, str):
            checked_order(order, X.shape[1])
        if not self.autoregressive or is_given(order):
            return found
        check_orderly(self, X, encoding.family)
        return reorder(*found, found_order(order, X, indices, weights, rng))

    def _rule(self):
        return _RULES[self.algorithm](self)
