"""The restricted Boltzmann machine as a scikit-learn estimator."""

from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.neural_network import BernoulliRBM
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..learning import (
    SGD,
    CarriedOver,
    ContrastiveDivergence,
    FixedPenalty,
    PersistentLearning,
    TemperedLearning,
)
from ..models import fit_one_hot_encoding
from ._compat import Interval, StrOptions
from .boltzmann_attributes import (
    PUBLISHED,
    boltzmann_attributes,
    boltzmann_from_parameters,
    boltzmann_model,
)
from .boltzmann_scoring import BoltzmannScoringMixin
from .boltzmann_training import (
    SCHEDULES,
    SHARE_OF_REALS,
    BoltzmannTrainingMixin,
    new_boltzmann,
)
from .checks import check_count, check_settings, check_visible
from .mixed_attributes import mixed_attributes
from .mixed_boltzmann_attributes import check_kinds
from .partition import coldest
from .progress import LikelihoodLines, with_progress
from .public import public
from .trained import TrainedDensityEstimator
from .weights import MERGED_ROWS, merge_equal_rows

_ROWS_OF_A_STREAM = 10_000
_INHERITED = (
    "averaging", "momentum", "shuffle", "validation_fraction", "n_iter_no_change", "tol",
    "warm_start", "n_jobs", "random_state", "verbose",
)  # fmt: skip
_AUTOMATIC = {"visible": "auto"}


class RestrictedBoltzmannMachine(
    BoltzmannScoringMixin, BoltzmannTrainingMixin, TrainedDensityEstimator
):
    """Undirected model of tables with one hidden layer, and a likelihood that can be trusted.

    ``p(v, h) = exp(b'v + c'h + h'Wv) / Z`` for visible units v and hidden units h, all binary, and
    independent given the other side [1]_. It takes the place of scikit-learn's
    :class:`~sklearn.neural_network.BernoulliRBM`, whose words and attributes it has, and answers
    what that cannot: `score` is the log-likelihood log p(v), with the partition function Z exact
    where one side has at most 20 units and otherwise estimated from both sides by annealing [2]_;
    `sample` draws independent rows; missing values (NaN) are taken everywhere, in training too.

    Training follows the gradient of the log-likelihood, whose second half is estimated by Markov
    chains that go on from step to step (persistent contrastive divergence [3]_), and the result is
    an average over the later steps.

    Real features are Gaussian given the hidden units, with the means ``b + W'h`` and variances s of
    their own that are learnt: ``p(v, h) = exp(-sum_i (v_i - b_i)^2 / (2 s_i) + c'h + h'W (v / s)) /
    Z``. Z is then exact for at most 20 hidden units, however many features there are.

    Columns of mixed tables are units of a kind each: bits, categories, of which one unit for each
    level is on, with a softmax given the hidden units [8]_, and real numbers as above. Z is a sum
    over the rows that there are.

    Read more in the :ref:`User Guide <boltzmann_machines>`.

    Parameters
    ----------
    n_components : int, default=256
        Binary hidden units.

    learning_rate : float, default=0.1
        The (first) learning rate. Gaussian features learn at a quarter of it, since their means
        follow the hidden units up to four times as closely as those of binary ones, and their
        variances at a tenth of that [7]_; steps are in units of their noise. So do real columns of
        mixed tables, beside others at the full rate.

    batch_size : int, default=100
        Rows of a minibatch.

    n_iter : int or "auto", default="auto"
        Epochs: passes over the data. ``"auto"`` makes 10,000 steps of them, in at least 20 and at
        most 1,000 epochs.

    verbose : int, default=0
        Whether to print a line after every epoch, one every other second on scores, imputations and
        draws that take long, and one when kernels are compiled.

    random_state : int, RandomState instance or None, default=None
        Determines initial weights, order of rows, held-out rows and all sampling during training.

    negative_phase : {"pcd", "cd", "tempered"}, default="pcd"
        What chains the model's own half of the gradient comes from: persistent ones; short ones
        that start in the rows of each minibatch (contrastive divergence [4]_, whose likelihoods
        are lower); or persistent ones of several temperatures that change places [5]_, for data
        with clusters far apart, at ``n_tempered`` times the price; not where features are real.

    n_steps : int, default=1
        Steps of Gibbs sampling that chains make for each step of training.

    n_chains : int or None, default=None
        Persistent chains; None means ``batch_size``. Contrastive divergence has one for each row.

    n_tempered : int, default=10
        Temperatures of ``negative_phase="tempered"``. They let chains pass between modes, and
        ``n_chains`` tell the mass of these: of two distant modes, 9 : 1, that of the rarer was off
        by up to 0.1 with 10 chains in trials, and is by less than 0.03 with 300 in a test.

    centred : bool, default=True
        Whether to learn in deviations from the means of both sides [6]_: steps are then the same
        for data whose zeros and ones are exchanged, in any columns. Most densities are better by
        it, and chains mix better; but images of few pixels that are on may be learnt better
        without, and so are features for other estimators. Gaussian features diverge without at
        this learning rate with more than some dozens of components.

    schedule : {"constant", "cosine", "adaptive"}, default="constant"
        Whether the learning rate stays, falls to zero along half a cosine over ``n_iter`` epochs,
        or is divided by 5 whenever ``n_iter_no_change`` epochs in a row have not improved the
        held-out log-likelihood (without held-out rows that of training) by ``tol``.

    averaging : bool, default=True
        Whether the result is an average of the parameters over the later steps, which chains and a
        constant rate let wander around their optimum.

    momentum : float, default=0.0
        Momentum in [0, 1).

    alpha : float or "auto", default="auto"
        Strength of the penalty ``alpha / 2 * |W|^2``, relative to the mean log-likelihood per row.
        ``"auto"`` means 1 / n for a table of n rows, or of n in effect if they have weights, which
        is a normal prior of the weights with the variance 1; n is 100 at least, and 10,000 in
        `partial_fit` without a `fit` before, where nobody knows how many rows there will be.
        Weights of Gaussian features count in units of the standard deviation of their noise.

    visible : {"auto", "bernoulli", "gaussian", "mixed"}, dict or list, default="auto"
        Distribution of the features given the hidden units. ``"auto"`` is Bernoulli where every
        training value lies in [0, 1], and Gaussian otherwise.

        Mixed columns have a kind each, by the words of `HelmholtzMachine`: ``"mixed"`` infers them
        from the types of a DataFrame and from values, a list names them all, and a dict those that
        are not to be inferred; ``"auto"`` means mixed for a DataFrame that has categories.
        ``"bernoulli"`` is for two values, ``"categorical"`` for levels and ``"ordinal"`` for levels
        as well, whose order is not made use of: it would not make an energy that is linear in the
        hidden units. ``"real"`` and ``"gaussian"`` are the same here, normal numbers without a
        resolution. ``"count"`` is refused, since chains of Poisson units, whose means are
        exponentials of their inputs, run away. Tables of two-valued columns alone are Bernoulli.

    shuffle : bool, default=True
        Whether rows are put in a new order every epoch.

    early_stopping : bool, default=False
        Whether to hold out rows, to stop when their log-likelihood, whose log Z is tracked on the
        way, no longer improves, and to keep the best parameters seen.

    validation_fraction : float, default=0.1
        Share of the rows held out by early stopping when ``fit`` is given no ``X_val``.

    n_iter_no_change : int, default=10
        Epochs without improvement after which early stopping stops, or the adaptive learning rate
        falls (with both it falls first).

    tol : float, default=1e-4
        The improvement of the log-likelihood, in nats per row, that counts as one.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters of the last fit.

    n_annealing_chains : int, default=100
        Chains by which log Z is estimated where it is not summed out. What a row misses is summed
        out by a fifth as many where it has to be, in scores, imputations and features: the error of
        log Z is common to all rows, those of gaps are each row's own.

    n_temperatures : int or "auto", default="auto"
        Steps of these chains, and of those by which `sample` draws. ``"auto"`` doubles them from
        500 until annealing and its reverse agree on log Z within 0.2 nats and their errors, up to
        32,000; chains of gaps and draws make 1,000.

    n_jobs : int or None, default=None
        Threads. None means all cores that this process may use, within the limits of the
        environment variables OMP_NUM_THREADS and NUMBA_NUM_THREADS. Results do not depend on it.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Weights W. float32, like all parameters. Of Gaussian features in the units of the data, as
        all attributes: given h their means are ``intercept_visible_ + h @ components_``, given v
        the hidden units are on with the probabilities ``expit(intercept_hidden_ + (v /
        noise_variance_) @ components_.T)``.

        Of mixed columns (n_components, n_codes): a binary column has one entry, a categorical one
        an entry for each level, of which the row's own is 1, and a real one the number; see
        ``code_names_``. Over the levels of a column weights and biases sum to zero: what all of
        them have alike changes no probability.

    intercept_hidden_ : ndarray of shape (n_components,)
        Biases of the hidden units, c.

    intercept_visible_ : ndarray of shape (n_features,)
        Biases of the visible units, b; of mixed columns (n_codes,).

    h_samples_ : ndarray of shape (n_chains, n_components)
        Hidden states of the persistent chains at the end of training, uint8. Only where there are
        any. They bear witness to log Z, see ``log_partition_``.

    log_partition_ : Result
        log Z, estimated when it is first asked for, by this attribute or by a score; see there.

    noise_variance_ : ndarray of shape (n_features,)
        Noise variances, only with Gaussian visible units. Never below 0.001 of the variance that a
        feature had in training (0.001 if it was constant). Of mixed columns where any is real, NaN
        of the others.

    visible_ : {"bernoulli", "gaussian", "mixed"}
        The distribution of the features.

    kinds_ : ndarray of shape (n_features,)
        Kinds of mixed columns. This and the next five attributes are of mixed columns only.

    categories_ : list of ndarray or None
        Levels of each bernoulli, categorical and ordinal column, None of others.

    resolution_ : ndarray of shape (n_features,)
        Zeros: real columns have no resolution.

    code_names_, input_names_ : ndarray of shape (n_codes,)
        Names of the columns of ``components_``, such as ``"job=fixed"`` and ``"age"``.

    code_means_ : ndarray of shape (n_codes,)
        Shares of levels in training, zeros of real columns.

    n_parameters_ : int
        Free parameters of p(v).

    n_iter_ : int
        Epochs done.

    loss_curve_ : list of float
        Mean negative log-likelihood per training row (of 1,000 at most) after each epoch, in nats:
        an estimate, whose log Z is tracked along the way.

    validation_scores_ : list of float or None
        Mean log-likelihood of the held-out rows after each epoch, in nats, estimated in the same
        way; None if none were held out.

    best_validation_score_ : float or None
        The highest of these in the last fit.

    feature_means_ : ndarray of shape (n_features,)
        Means of the features in training, missing values left out. Of a machine made by
        `from_parameters`, what its visible units would be without hidden ones. Mixed columns have
        none.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    sklearn.neural_network.BernoulliRBM : The model of the same name without a likelihood.
    HelmholtzMachine : The directed model, whose samples and bounds need no chains.

    Notes
    -----
    Made for tables of things that occur together: ratings, species, purchases, pixels. Coded
    categories, of whose columns exactly one is 1, suit binary units badly: such constraints cost
    weights, and freeze the chains. Give them as the categories that they are.

    With Gaussian features it is a mixture of as many normal distributions as there are states of
    the hidden units, all of one diagonal covariance: right for data in clusters, or made of causes
    that are there or not. Real data that are merely correlated are better served by
    `FactorAnalysis`, whose factors are real, too, whose likelihood is exact, and which takes a
    moment to fit.

    Equal rows of a table of at most 100 are merged into one with a weight, and no order of rows
    matters: a weight is then as good as so many equal rows, to the bit.

    Of the defaults, rate, penalty and centring were chosen on validation rows of public sets
    together (`benchmarks.boltzmann`): no others tried were as seldom far behind the best.

    There is no choice of solvers: Adam moves every weight by the learning rate, however small its
    gradient, and chains fall behind; in trials it lost between 0.6 and 80 nats.

    Values between 0 and 1 are taken as expectations: log p is then a lower bound of the mean
    log-likelihood of rows drawn with these probabilities.

    References
    ----------
    .. [1] Smolensky (1986), Information processing in dynamical systems: foundations of harmony
           theory, in Parallel Distributed Processing 1.
    .. [2] Salakhutdinov & Murray (2008), On the quantitative analysis of deep belief networks,
           ICML.
    .. [3] Tieleman (2008), Training restricted Boltzmann machines using approximations to the
           likelihood gradient, ICML.
    .. [4] Hinton (2002), Training products of experts by minimizing contrastive divergence, Neural
           Computation 14, 1771-1800.
    .. [5] Desjardins, Courville, Bengio, Vincent & Delalleau (2010), Parallel tempering for
           training of restricted Boltzmann machines, AISTATS.
    .. [6] Montavon & Mueller (2012), Deep Boltzmann machines and the centering trick, in Neural
           Networks: Tricks of the Trade. Melchior, Fischer & Wiskott (2016), How to center deep
           Boltzmann machines, Journal of Machine Learning Research 17.
    .. [7] Cho, Ilin & Raiko (2011), Improved learning of Gaussian-Bernoulli restricted Boltzmann
           machines, ICANN.
    .. [8] Salakhutdinov, Mnih & Hinton (2007), Restricted Boltzmann machines for collaborative
           filtering, ICML. Welling, Rosen-Zvi & Hinton (2005), Exponential family harmoniums with
           an application to information retrieval, NIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import RestrictedBoltzmannMachine
    >>> X = load_digits().data >= 8
    >>> machine = RestrictedBoltzmannMachine(16, n_iter=60, random_state=0).fit(X[:1500])
    >>> machine.score(X[1500:]) > -21  # nats per row; independent pixels reach about -26
    True
    >>> machine.log_partition_.method
    'exact'
    >>> machine.transform(X[1500:]).shape
    (297, 16)

    Categories, of which some are missing:

    >>> import pandas as pd
    >>> X = pd.DataFrame({"bird": ["owl", "owl", "wren", "duck"] * 50,
    ...                   "call": ["hoot", None, "trill", "quack"] * 50}).astype("category")
    >>> machine = RestrictedBoltzmannMachine(
    ...     2, learning_rate=0.5, n_iter=100, batch_size=10, random_state=0).fit(X)
    >>> machine.code_names_
    array(['bird=duck', 'bird=owl', 'bird=wren', 'call=hoot', 'call=quack',
           'call=trill'], dtype=object)
    >>> machine.impute(X[1:2])  # doctest: +NORMALIZE_WHITESPACE
      bird  call
    1  owl  hoot
    """

    _parameter_constraints = {
        **{name: TrainedDensityEstimator._parameter_constraints[name] for name in _INHERITED},
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "negative_phase": [StrOptions({"pcd", "cd", "tempered"})],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "n_chains": [Interval(Integral, 1, None, closed="left"), None],
        "n_tempered": [Interval(Integral, 2, None, closed="left")],
        "centred": ["boolean"],
        "schedule": [StrOptions(set(SCHEDULES))],
        "averaging": ["boolean"],
        "alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "visible": [StrOptions({"auto", "bernoulli", "gaussian", "mixed"}), dict, list, tuple],
        "early_stopping": ["boolean"],
        "n_annealing_chains": [Interval(Integral, 2, None, closed="left")],
        "n_temperatures": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    }
    _published = PUBLISHED
    _epoch_lines = LikelihoodLines
    _remedy_of_divergence = "Lower learning_rate, or check the data for extreme values."

    # Settings of other machines that this one does not leave to users.
    autoregressive = False
    solver = "sgd"
    transform_layer = None

    def __init__(
        self,
        n_components=256,
        *,
        learning_rate=0.1,
        batch_size=100,
        n_iter="auto",
        verbose=0,
        random_state=None,
        negative_phase="pcd",
        n_steps=1,
        n_chains=None,
        n_tempered=10,
        centred=True,
        schedule="constant",
        averaging=True,
        momentum=0.0,
        alpha="auto",
        visible="auto",
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        n_annealing_chains=100,
        n_temperatures="auto",
        n_jobs=None,
    ):
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state
        self.negative_phase = negative_phase
        self.n_steps = n_steps
        self.n_chains = n_chains
        self.n_tempered = n_tempered
        self.centred = centred
        self.schedule = schedule
        self.averaging = averaging
        self.momentum = momentum
        self.alpha = alpha
        self.visible = visible
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.n_annealing_chains = n_annealing_chains
        self.n_temperatures = n_temperatures
        self.n_jobs = n_jobs

    @classmethod
    def from_parameters(
        cls, components, intercept_hidden, intercept_visible, *, noise_variance=None,
        categories=None, **params,
    ):  # fmt: skip
        """A fitted machine with given parameters, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        components : array-like of shape (n_components, n_features)
            As the attribute ``components_``.

        intercept_hidden : array-like of shape (n_components,)
            As the attribute ``intercept_hidden_``.

        intercept_visible : array-like of shape (n_features,)
            As the attribute ``intercept_visible_``.

        noise_variance : array-like of shape (n_features,), default=None
            As the attribute ``noise_variance_``, of Gaussian visible units; None means Bernoulli
            units.

        categories : list, default=None
            Of mixed columns the levels of each, numbers, or how many there are, and None of real
            columns. Two levels are a binary column, unless ``visible`` says otherwise. None means
            columns of one kind.

        **params : dict
            Parameters of the constructor. The number of components comes from the arrays.

        Returns
        -------
        machine : RestrictedBoltzmannMachine
            A fitted estimator with ``n_iter_`` 0.

        Examples
        --------
        >>> from sklearn_helmholtz import RestrictedBoltzmannMachine
        >>> machine = RestrictedBoltzmannMachine.from_parameters([[4.0, 4.0]], [-4.0], [0.0, 0.0])
        >>> machine.score_samples([[1, 1], [0, 1]]).round(3)
        array([-0.086, -3.411])
        """
        model, schema = boltzmann_from_parameters(
            components, intercept_hidden, intercept_visible, noise_variance, categories,
            params.get("visible", "auto"),
        )  # fmt: skip
        machine = cls._holding(model, params)
        if schema is not None:
            machine._publish(mixed_attributes(schema, model.encoding))
            machine._schema = schema
        return machine

    @classmethod
    def from_sklearn(cls, rbm, **params):
        """A fitted machine with the parameters of scikit-learn's.

        Parameters
        ----------
        rbm : BernoulliRBM
            A fitted one.

        **params : dict
            Parameters of the constructor, besides those that both classes have.

        Returns
        -------
        machine : RestrictedBoltzmannMachine
            A fitted estimator, with the learning rate, the minibatches and epochs of ``rbm``, and
            its chains.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from sklearn.neural_network import BernoulliRBM
        >>> from sklearn_helmholtz import RestrictedBoltzmannMachine
        >>> X = load_digits().data >= 8
        >>> rbm = BernoulliRBM(16, random_state=0).fit(X)
        >>> machine = RestrictedBoltzmannMachine.from_sklearn(rbm)
        >>> round(machine.score(X), 1)  # which BernoulliRBM cannot tell
        -25.2
        """
        if not isinstance(rbm, BernoulliRBM):
            raise TypeError(f"rbm must be a BernoulliRBM of scikit-learn, got {rbm!r}.")
        check_is_fitted(rbm)
        params = {**rbm.get_params(), **params}
        machine = cls.from_parameters(
            rbm.components_, rbm.intercept_hidden_, rbm.intercept_visible_, **params
        )
        past = replace(machine._history.past, carry_over=CarriedOver(np.uint8(rbm.h_samples_)))
        machine._history = replace(machine._history, past=past)
        machine._recall_chains()
        names = getattr(rbm, "feature_names_in_", None)
        if names is not None:
            machine.feature_names_in_ = names
        return machine

    @with_progress
    @public
    def gibbs(self, v, n_steps=1, *, random_state=None):
        """Visible states after some steps of Gibbs sampling.

        Parameters
        ----------
        v : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values to start from, of which none may be missing.

        n_steps : int, default=1
            Steps: of each the hidden units are drawn given the visible ones, then these anew.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        Returns
        -------
        v_new : ndarray of shape (n_samples, n_features)
            uint8 for Bernoulli units, float32 for Gaussian ones.
        """
        n_steps = check_count("n_steps", n_steps)
        rows = self._rows(v)[0]
        rng = check_random_state(random_state)
        found = self._model.gibbs(rows, n_steps, rng, self._n_threads)
        return found if self._schema is None else self._schema.decode(found, like=v)

    @property
    def h_samples_(self):
        """Hidden states of the persistent chains, (n_chains, n_components) uint8."""
        check_is_fitted(self)
        hidden = coldest(self._history.past.carry_over)
        if hidden is None:
            raise AttributeError(f"This {type(self).__name__} has no persistent chains.")
        return hidden.copy()

    def _rate(self, n_together):
        return float(self.learning_rate)

    def _train(self, start, plan, *others, **more):
        if self.negative_phase == "tempered" and start.machine.units.dtype != np.uint8:
            raise ValueError(
                "negative_phase='tempered' has chains of binary and categorical features, but some "
                "are real here. Set negative_phase='pcd'."
            )
        if start.machine.units.standardises:
            schedule = replace(plan.schedule, initial=plan.schedule.initial * SHARE_OF_REALS)
            plan = replace(plan, schedule=schedule)
        return super()._train(start, plan, *others, **more)

    def _optimizer(self):
        return SGD(float(self.momentum))

    def _penalties(self, n_rows, encoding=None):
        alpha = self.alpha
        if alpha == "auto":
            # Of rows that are merged the number says nothing.
            alpha = 1 / (_ROWS_OF_A_STREAM if n_rows is None else max(n_rows, MERGED_ROWS))
        return FixedPenalty(alpha), FixedPenalty(alpha)

    def _rule(self):
        if self.negative_phase == "cd":
            return ContrastiveDivergence(self.n_steps, centred=self.centred)
        n_chains = self.batch_size if self.n_chains is None else self.n_chains
        if self.negative_phase == "tempered":
            return TemperedLearning(self.n_steps, n_chains, self.centred, self.n_tempered)
        return PersistentLearning(self.n_steps, n_chains, self.centred)

    def _schema_of(self, survey):
        schema = super()._schema_of(survey)
        check_kinds(schema)
        return schema

    def _new_machine(self, n_units, units, intercept, rng, summary):
        return new_boltzmann(*n_units, units, intercept, rng)

    def _merged(self, X, weights):
        return (X, weights) if X.shape[0] > MERGED_ROWS else merge_equal_rows(X, weights)

    _attributes = staticmethod(boltzmann_attributes)
    _model_of = staticmethod(boltzmann_model)

    _fit_mixed = staticmethod(fit_one_hot_encoding)

    @staticmethod
    def _implied(model):
        machine = model.machine
        visible = "mixed" if machine.units.order is not None else machine.units.name
        return {"n_components": machine.n_units[1], "visible": visible}

    def _check_given(self, model):
        for name, value in self._implied(model).items():
            given = getattr(self, name)
            if name == "visible" and value == "mixed" and not isinstance(given, str):
                continue  # they say of columns what the arrays were read by
            if given != value and given != _AUTOMATIC.get(name):
                raise ValueError(f"The arrays make {name}={value!r}, got {given!r}.")

    def _check_continuation(self):
        check_settings(self, self._implied(self._model))
        check_visible(self)

    def _latent_names(self):
        return [list(self.get_feature_names_out())]

    def _hidden_means(self, rows):
        return self._answering_model.hidden_means(rows)

    def _expected_data(self, H):
        return self._model.expected_data(H, 1)
