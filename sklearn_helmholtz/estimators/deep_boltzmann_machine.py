"""The deep Boltzmann machine as a scikit-learn estimator."""

from dataclasses import replace
from numbers import Integral, Real

import numpy as np

from .._monitor import Monitor
from .._plan import Plan
from .._training import Past, Training, train
from ..learning import SGD, DeepGibbsLearning, DeepMeanFieldLearning, FixedPenalty
from ..machines import initialise_deep_boltzmann
from ..models import DeepBoltzmannModel
from ._compat import Interval, StrOptions
from .boltzmann_training import SCHEDULES, BoltzmannTrainingMixin
from .checks import check_settings, check_two_layers
from .collected_rows import order_of_rows
from .deep_boltzmann_attributes import (
    PUBLISHED,
    deep_boltzmann_attributes,
    deep_boltzmann_from_parameters,
)
from .deep_boltzmann_scoring import DeepBoltzmannScoringMixin
from .deep_pretraining import pretrained
from .progress import LikelihoodLines
from .trained import TrainedDensityEstimator
from .weights import merge_equal_rows

_ROWS_OF_A_STREAM = 10_000
_MERGED_ROWS = 100  # of a table, of which equal ones are merged
# Of restricted machines: weights that have learnt for long tie hidden units so closely that mean
# field does not find its way back to the posterior.
_PRETRAINING_STEPS = 2500
_INHERITED = (
    "hidden_layer_sizes", "averaging", "momentum", "shuffle", "validation_fraction",
    "n_iter_no_change", "tol", "warm_start", "transform_layer", "n_importance_samples", "n_jobs",
    "random_state", "verbose",
)  # fmt: skip
_RULES = {"mean-field": DeepMeanFieldLearning, "gibbs": DeepGibbsLearning}


class DeepBoltzmannMachine(
    DeepBoltzmannScoringMixin, BoltzmannTrainingMixin, TrainedDensityEstimator
):
    """Undirected model of binary tables with several hidden layers, each tied to its neighbours.

    ``p(v, h_1, ..., h_L) = exp(sum_l b_l'h_l + sum_l h_l'W_l h_(l+1)) / Z`` with h_0 = v, all units
    0 or 1, and those of a layer independent given the layers below and above [1]_. Even layers are
    one side of a `RestrictedBoltzmannMachine`, odd layers the other, and the hidden units of even
    ones are columns that nobody ever sees: so Z is exact where one side has at most 20 units, and
    otherwise estimated from both sides by annealing, and `sample` draws independent rows. Missing
    values (NaN) are taken everywhere, in training too.

    Unlike with one hidden layer, p(h | v) is known only approximately. Mean field finds independent
    units for each row, whose bound of log p(v) training raises; `score` is log p(v) itself, exact
    where few units are not observed, and otherwise by importance samples of the odd layers that
    mean field proposes, the even ones being summed out.

    Read more in the :ref:`User Guide <deep_boltzmann_machines>`.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(200, 100)
        Binary units of each hidden layer, from the data upward; two layers at least.

    pretrain : bool, default=True
        Whether `fit` begins with restricted machines, each of which learns in 2,500 steps, and in
        ``n_iter`` epochs at most, what one layer makes of the layer below: those next to the data
        and to the top with two copies of these, so that each hidden unit gets as much from one side
        as later from both [1]_. Without, upper layers may stay unused. `partial_fit`, which has no
        table, begins without.

    positive_phase : {"mean-field", "gibbs"}, default="mean-field"
        What hidden layers are for the rows of a minibatch: means of a factorised distribution, or
        states of a Markov chain that stays with each row. The latter follow the gradient of log
        p(v) instead of that of a bound, with more noise.

    n_inference_steps : int, default=5
        Sweeps over all layers for each row whenever it is met in training, of mean field or of its
        chain. They go on from where they were when the row was met before.

    n_steps : int, default=1
        Sweeps that the persistent chains make for each step of training.

    n_chains : int or None, default=None
        Persistent chains, from which the model's own half of the gradient comes; None means
        ``batch_size``.

    centred : bool, default=True
        Whether to learn in deviations from the means of all layers [2]_: steps are then the same
        for data whose zeros and ones are exchanged, in any columns.

    learning_rate : float, default=0.02
        The (first) learning rate, of pretraining as well. At 0.1 machines of few dozens of units
        learn faster; with a hundred and more chains do not follow on many tables, and training
        diverges.

    schedule : {"constant", "cosine", "adaptive"}, default="constant"
        Whether the learning rate stays, falls to zero along half a cosine over ``n_iter`` epochs,
        or is divided by 5 whenever ``n_iter_no_change`` epochs in a row have not improved the
        held-out objective (without held-out rows that of training) by ``tol``.

    averaging : bool, default=True
        Whether the result is an average of the parameters over the later steps, which chains and a
        constant rate let wander around their optimum.

    momentum : float, default=0.0
        Momentum in [0, 1).

    alpha : float or "auto", default="auto"
        Strength of the penalty ``alpha / 2 * |W|^2``, relative to the mean objective per row.
        ``"auto"`` means 1 / n for a table of n rows, or of n in effect if they have weights; n is
        100 at least, and 10,000 in `partial_fit` without a `fit` before.

    batch_size : int, default=100
        Rows of a minibatch.

    n_iter : int or "auto", default="auto"
        Epochs: passes over the data, after those of pretraining. ``"auto"`` makes 10,000 steps of
        them, in at least 20 and at most 1,000 epochs.

    shuffle : bool, default=True
        Whether rows are put in a new order every epoch.

    early_stopping : bool, default=False
        Whether to hold out rows, to stop when their objective, the bound of mean field with a log Z
        that is tracked on the way, no longer improves, and to keep the best parameters seen.
        Restricted machines of pretraining do not stop early.

    validation_fraction : float, default=0.1
        Share of the rows held out by early stopping when ``fit`` is given no ``X_val``.

    n_iter_no_change : int, default=10
        Epochs without improvement after which early stopping stops, or the adaptive learning rate
        falls (with both it falls first).

    tol : float, default=1e-4
        The improvement of the objective, in nats per row, that counts as one.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters of the last fit.

    transform_layer : int, "all" or None, default=None
        Hidden layer whose means `transform` returns, 1 being next to the data; None means the top.

    n_importance_samples : int, default=200
        Importance samples for each row in scores, where both sides have more than 14 units that are
        not observed.

    n_annealing_chains : int, default=100
        Chains by which log Z is estimated where it is not summed out.

    n_temperatures : int or "auto", default="auto"
        Steps of these chains. ``"auto"`` doubles them from 500 until annealing and its reverse
        agree on log Z within 0.2 nats, up to 32,000.

    n_jobs : int or None, default=None
        Threads. None means all cores that this process may use, within the limits of the
        environment variables OMP_NUM_THREADS and NUMBA_NUM_THREADS. Results do not depend on it.

    random_state : int, RandomState instance or None, default=None
        Determines initial weights, order of rows, held-out rows and all sampling during training.

    verbose : int, default=0
        Whether to print a line after every epoch but those of pretraining, one every other second
        on scores, imputations and draws that take long, and one when kernels are compiled.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_units[l], n_units[l + 1])
        Weights between layer l and the next; layer 0 is the data. float32, like all parameters.

    intercepts_ : list of ndarray of shape (n_units[l],)
        Biases of each layer, those of the data first.

    log_partition_ : Result
        log Z, estimated when it is first asked for, by this attribute or by a score; see there.

    visible_ : str
        ``"bernoulli"``, the distribution of the features.

    n_parameters_ : int
        Free parameters of p(v).

    n_iter_ : int
        Epochs done, without those of pretraining.

    loss_curve_ : list of float
        Mean of minus the bound of mean field per training row (of 1,000 at most) after each epoch,
        in nats; its log Z is tracked along the way, and an estimate.

    validation_scores_ : list of float or None
        Mean bound of the held-out rows after each epoch, in nats, found in the same way; None if
        none were held out.

    best_validation_score_ : float or None
        The highest of these in the last fit.

    feature_means_ : ndarray of shape (n_features,)
        Means of the features in training, missing values left out. Of a machine made by
        `from_parameters`, what its visible units would be without hidden ones.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    RestrictedBoltzmannMachine : The same with one hidden layer, whose inference is exact.
    HelmholtzMachine : Layers in a directed model, whose samples and bounds need no chains.

    Notes
    -----
    Scores say how well they are known: `log_likelihood` has the errors of samples and of log Z,
    `free_energy` is that of mean field, `kl_gap` what mean field misses of the posterior, and
    `mean_field_bound` a lower bound of the log-likelihood that draws nothing for the rows.

    `impute`, `posterior` and ``sample(given=)`` do not rely on mean field, but on enumeration where
    one side has at most 14 units that are not observed, and otherwise on annealed chains.

    Equal rows of a table of at most 100 are merged into one with a weight, and no order of rows
    matters: a weight is then as good as so many equal rows, to the bit.

    Values between 0 and 1 are taken as expectations: log p is then a lower bound of the mean
    log-likelihood of rows drawn with these probabilities. Real features are for
    `RestrictedBoltzmannMachine` and `GaussianHelmholtzMachine`.

    References
    ----------
    .. [1] Salakhutdinov & Hinton (2009), Deep Boltzmann machines, AISTATS.
    .. [2] Montavon & Mueller (2012), Deep Boltzmann machines and the centering trick, in Neural
           Networks: Tricks of the Trade. Melchior, Fischer & Wiskott (2016), How to center deep
           Boltzmann machines, Journal of Machine Learning Research 17.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import DeepBoltzmannMachine
    >>> X = load_digits().data >= 8
    >>> machine = DeepBoltzmannMachine((16, 8), n_iter=40, random_state=0).fit(X[:1500])
    >>> machine.score(X[1500:]) > -22  # nats per row; independent pixels reach about -26
    True
    >>> machine.log_partition_.method
    'exact'
    >>> machine.transform(X[1500:]).shape
    (297, 8)
    """

    _parameter_constraints = {
        **{name: TrainedDensityEstimator._parameter_constraints[name] for name in _INHERITED},
        "pretrain": ["boolean"],
        "positive_phase": [StrOptions(set(_RULES))],
        "n_inference_steps": [Interval(Integral, 1, None, closed="left")],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "n_chains": [Interval(Integral, 1, None, closed="left"), None],
        "centred": ["boolean"],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions(set(SCHEDULES))],
        "averaging": ["boolean"],
        "alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
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
    visible = "bernoulli"

    def __init__(
        self,
        hidden_layer_sizes=(200, 100),
        *,
        pretrain=True,
        positive_phase="mean-field",
        n_inference_steps=5,
        n_steps=1,
        n_chains=None,
        centred=True,
        learning_rate=0.02,
        schedule="constant",
        averaging=True,
        momentum=0.0,
        alpha="auto",
        batch_size=100,
        n_iter="auto",
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        transform_layer=None,
        n_importance_samples=200,
        n_annealing_chains=100,
        n_temperatures="auto",
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.pretrain = pretrain
        self.positive_phase = positive_phase
        self.n_inference_steps = n_inference_steps
        self.n_steps = n_steps
        self.n_chains = n_chains
        self.centred = centred
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.averaging = averaging
        self.momentum = momentum
        self.alpha = alpha
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.transform_layer = transform_layer
        self.n_importance_samples = n_importance_samples
        self.n_annealing_chains = n_annealing_chains
        self.n_temperatures = n_temperatures
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_parameters(cls, coefs, intercepts, **params):
        """A fitted machine with given parameters, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        coefs : list of array-like of shape (n_units[l], n_units[l + 1])
            As the attribute ``coefs_``, of two hidden layers or more.

        intercepts : list of array-like of shape (n_units[l],)
            As the attribute ``intercepts_``.

        **params : dict
            Parameters of the constructor. The sizes of the layers come from the arrays.

        Returns
        -------
        machine : DeepBoltzmannMachine
            A fitted estimator with ``n_iter_`` 0.

        Examples
        --------
        >>> from sklearn_helmholtz import DeepBoltzmannMachine
        >>> machine = DeepBoltzmannMachine.from_parameters(
        ...     [[[4.0], [4.0]], [[2.0]]], [[0.0, 0.0], [-4.0], [0.0]])
        >>> machine.score_samples([[1, 1], [0, 1]]).round(3)
        array([-0.049, -3.839])
        """
        return cls._holding(deep_boltzmann_from_parameters(coefs, intercepts), params)

    def _train(self, start, plan, history, *others, **more):
        # Rows that come in pieces are no table to pretrain on.
        if self.pretrain and not plan.goes_on and history.n_rows is not None:
            rows = start.rows.choose(plan.indices)
            ways = self._learn_restricted, self._make_rule
            machine = pretrained(start.machine, rows, start.past.seed, *ways)
            start = replace(start, machine=machine)
        return super()._train(start, plan, history, *others, **more)

    def _learn_restricted(self, machine, rule, rows, seed):
        """A restricted machine after training by a rule; an interrupt goes on to whoever called."""
        training = Training(
            machine, rule, self._optimizer(), self._n_threads, Past(seed),
            self._penalties(len(rows)), self.averaging,
        )  # fmt: skip
        steps_of_an_epoch = -(-len(rows) // int(self.batch_size))
        most = max(_PRETRAINING_STEPS // steps_of_an_epoch, 1)
        n_epochs = min(self._n_epochs(len(rows)), most)
        indices = np.arange(len(rows))
        size = int(self.batch_size)
        schedule, order = self._schedule(size), order_of_rows(rows, size)
        plan = Plan(indices, size, n_epochs, schedule, self.shuffle, order=order)
        outcome = train(training, rows, plan, Monitor())
        if outcome.interrupt is not None:
            raise outcome.interrupt
        return training.machine

    def _rate(self, n_together):
        return float(self.learning_rate)

    def _optimizer(self):
        return SGD(float(self.momentum))

    def _penalties(self, n_rows, encoding=None):
        alpha = self.alpha
        if alpha == "auto":
            # Of rows that are merged the number says nothing.
            alpha = 1 / (_ROWS_OF_A_STREAM if n_rows is None else max(n_rows, _MERGED_ROWS))
        return FixedPenalty(alpha), FixedPenalty(alpha)

    def _make_rule(self, kind, **more):
        n_chains = self.batch_size if self.n_chains is None else self.n_chains
        return kind(self.n_steps, n_chains, self.centred, **more)

    def _rule(self):
        kind = _RULES[self.positive_phase]
        return self._make_rule(kind, n_inference_steps=self.n_inference_steps)

    def _checked_sizes(self, n_features):
        sizes = TrainedDensityEstimator._checked_sizes(self, n_features)
        check_two_layers(sizes)
        return sizes

    def _new_machine(self, n_units, units, intercept, rng, summary):
        return initialise_deep_boltzmann(n_units, intercept, rng)

    def _merged(self, X, weights):
        return (X, weights) if X.shape[0] > _MERGED_ROWS else merge_equal_rows(X, weights)

    _attributes = staticmethod(deep_boltzmann_attributes)
    _model_of = DeepBoltzmannModel

    @staticmethod
    def _implied(model):
        return {"hidden_layer_sizes": model.machine.sizes[1:]}

    def _check_given(self, model):
        sizes = model.machine.sizes[1:]
        given = TrainedDensityEstimator._checked_sizes(self, model.n_features)
        if given != sizes:
            raise ValueError(
                f"The arrays make hidden_layer_sizes={sizes}, got {self.hidden_layer_sizes!r}."
            )

    def _check_continuation(self):
        check_settings(self, self._implied(self._model))

    def _hidden_means(self, rows):
        return self._model.hidden_means(rows)
