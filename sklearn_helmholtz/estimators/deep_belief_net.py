"""The deep belief net as a scikit-learn estimator."""

from dataclasses import replace
from functools import partial
from numbers import Integral, Real

from .._plan import Plan
from .._training import Past
from ..learning import (
    Constant,
    ContrastiveDivergence,
    DeepReweighted,
    Divided,
    FixedPenalty,
    PersistentLearning,
    UpDown,
)
from ..machines import initialise_deep_belief
from ..models import DeepBeliefModel
from ._compat import Interval, StrOptions
from .attributes import PUBLISHED
from .boltzmann_training import EPOCH_LIMITS, STEPS_TO_MAKE
from .checks import check_layer, check_partial_fit, check_settings, check_visible, hidden_sizes
from .deep_belief_attributes import (
    check_depth,
    check_two_levels,
    deep_belief_attributes,
    deep_belief_from_parameters,
)
from .deep_belief_scoring import DeepBeliefScoringMixin
from .epochs import epochs_for
from .greedy import Layerwise, Pretrained, pretrain
from .perceptron_weights import PerceptronMixin
from .progress import LikelihoodLines, say
from .trained import TrainedDensityEstimator
from .weights import MERGED_ROWS, merge_equal_rows

_ROWS_OF_A_STREAM = 10_000
_ALPHA_OF_NETS = 1e-4  # of directed weights, as of `HelmholtzMachine`
_FINE_STEPS, _FINE_LIMITS = 4_000, (20, 300)
_INHERITED = (
    "hidden_layer_sizes", "n_particles", "learning_rate", "shuffle", "validation_fraction",
    "n_iter_no_change", "tol", "warm_start", "transform_layer", "n_importance_samples", "n_jobs",
    "random_state", "verbose",
)  # fmt: skip
_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")


class DeepBeliefNet(DeepBeliefScoringMixin, PerceptronMixin, TrainedDensityEstimator):
    """Deep belief net: directed layers of binary causes under a restricted Boltzmann machine.

    ``p(x | h_1) p(h_1 | h_2) ... p(h_{L-1}, h_L)``, where the two topmost layers are undirected,
    ``p(h_{L-1}, h_L) = exp(b'h_{L-1} + c'h_L + h_L'W h_{L-1}) / Z``, and the topmost is summed out
    in closed form [1]_. A recognition net guesses the layers below; that of the topmost one is
    exact. Missing values (NaN) are taken everywhere: only what is observed enters the likelihood.

    Training is greedy first: a restricted Boltzmann machine of the data, then one of the states
    that it infers, and so on. Each that is put on top can only raise a bound of the log-likelihood,
    if it starts as the one below upside down, as it does where sizes allow. Then all layers are
    fine-tuned together.

    `score` is the log-likelihood: exact for nets of at most 14 units below the topmost layer,
    otherwise by importance samples of these and an estimate of Z, whose error all rows share [2]_.

    Read more in the :ref:`User Guide <deep_belief_nets>`.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(200, 100)
        Binary units of each hidden layer, from the data upward: at least two layers. A single one
        is a `RestrictedBoltzmannMachine`.

    pretrain : bool, default=True
        Whether `fit` begins with greedy pretraining, not with small random weights. `partial_fit`
        never does.

    fine_tune : {"reweighted", "up-down"} or None, default="reweighted"
        How all layers learn together. Reweighted wake-sleep [3]_ draws ``n_particles`` weighted
        particles for each row, and persistent chains for the undirected part. The up-down
        algorithm [1]_ is the classic, contrastive wake-sleep with one particle and short chains
        that start in it. None leaves it at pretraining.

    n_particles : int, default=10
        Particles of a row in reweighted fine-tuning.

    visible : {"auto", "bernoulli", "gaussian"}, default="auto"
        Distribution of the features given the first hidden layer. ``"auto"`` is Bernoulli where
        every training value lies in [0, 1], and Gaussian otherwise. Gaussian units have a learnt
        noise variance each.

    pretrain_learning_rate : float, default=0.1
        Learning rate of the Boltzmann machines of pretraining. One of Gaussian features learns at
        a quarter of it.

    pretrain_max_iter : int or "auto", default="auto"
        Epochs of each of them. ``"auto"`` makes 10,000 steps, in at least 20 and at most 1,000
        epochs.

    learning_rate : {"constant", "cosine", "adaptive"}, default="constant"
        Whether the learning rates of fine-tuning stay, fall to zero along half a cosine over
        ``max_iter`` epochs, or are divided by 5 whenever ``n_iter_no_change`` epochs in a row have
        not improved the held-out bound (without held-out rows the training bound) by ``tol``.

    learning_rate_init : float, default=3e-3
        The (first) learning rate of the directed layers in fine-tuning, which learn by Adam.

    top_learning_rate_init : float, default=0.05
        That of the undirected part, which learns by plain stochastic gradients: Adam would leave
        the chains behind.

    n_steps : int, default=1
        Steps of Gibbs sampling that chains make for each step of fine-tuning.

    n_chains : int, default=200
        Persistent chains, in pretraining and in reweighted fine-tuning.

    centred : bool, default=True
        Whether Boltzmann machines learn in deviations from the means of both sides, see
        `RestrictedBoltzmannMachine`. Images of few pixels that are on may be learnt better without.

    averaging : bool, default=True
        Whether the result of each training is an average of the parameters over its later steps.

    batch_size : int, default=100
        Rows of a minibatch.

    max_iter : int or "auto", default="auto"
        Epochs of fine-tuning. ``"auto"`` makes 4,000 steps, in at least 20 and at most 300 epochs.

    alpha : float or "auto", default="auto"
        Strength of the penalty ``alpha / 2 * |W|^2`` on weights, relative to the mean bound per
        row. ``"auto"`` means 1 / n for the undirected weights of a table of n rows, as of
        `RestrictedBoltzmannMachine` (n is 100 at least, and 10,000 in `partial_fit` without a `fit`
        before), and 1e-4 for the directed ones, as of `HelmholtzMachine`.

    shuffle : bool, default=True
        Whether rows are put in a new order every epoch.

    early_stopping : bool, default=False
        Whether to hold out rows, to stop fine-tuning when their bound, less a log Z that is tracked
        on the way, no longer improves, and to keep the best parameters seen.

    validation_fraction : float, default=0.1
        Share of the rows held out by early stopping when ``fit`` is given no ``X_val``.

    n_iter_no_change : int, default=10
        Epochs without improvement after which early stopping stops, or the adaptive learning rate
        falls (with both it falls first).

    tol : float, default=1e-4
        The improvement of the bound, in nats per row, that counts as one.

    warm_start : bool, default=False
        Whether ``fit`` goes on with fine-tuning from the parameters of the last fit.

    transform_layer : int, "all" or None, default=None
        Hidden layer whose probabilities `transform` returns, 1 being next to the data; None means
        the top.

    n_importance_samples : int, default=200
        Importance samples for each row when scoring a net of more than 14 units below the topmost
        layer.

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
        Whether to print a line after every epoch, one every other second on scores, imputations and
        draws that take long, and one when kernels are compiled.

    Attributes
    ----------
    generative_coefs_ : list of ndarray of shape (n_units[l + 1], n_units[l])
        Weights from layer l + 1 down to layer l; layer 0 is the data. The last ones are the
        undirected W between the two topmost layers. float32, like all parameters.

    generative_intercepts_ : list of ndarray of shape (n_units[l],)
        Intercepts of all layers; the last two are the biases b and c of the undirected part.

    recognition_coefs_ : list of ndarray of shape (n_units[l], n_units[l + 1])
        Weights from layer l up to layer l + 1, for all layers but the topmost, which is inferred
        by W itself.

    recognition_intercepts_ : list of ndarray of shape (n_units[l + 1],)
        Intercepts of the recognition net, likewise.

    noise_variance_ : ndarray of shape (n_features,)
        Noise variances, only with Gaussian visible units.

    log_partition_ : Result
        log Z, estimated when it is first asked for, by this attribute or by a score; see there.

    visible_ : {"bernoulli", "gaussian"}
        The distribution of the features.

    n_parameters_ : int
        Free parameters of p(x).

    n_iter_ : int
        Epochs of fine-tuning done.

    loss_curve_ : list of float
        Mean negative bound per training row over each epoch of fine-tuning, in nats, less a log Z
        that is tracked along the way: an estimate. With ``averaging`` it is that of the parameters
        that move, not of their average. The bound is the log of the mean weight of the
        ``n_particles``, or of one particle of the up-down algorithm.

    pretraining_curves_ : list of ndarray of shape (n_epochs,)
        Mean negative log-likelihood, likewise an estimate, of the Boltzmann machine of each layer
        after each epoch: per row of the data for the first one, and per drawn state of the layer
        below for others, whose figures do not compare. Empty without pretraining.

    validation_scores_ : list of float or None
        Mean importance-weighted bound of the held-out rows after each epoch, less a tracked log Z,
        in nats; None if none were held out.

    best_validation_score_ : float or None
        The highest of these in the last fit.

    feature_means_ : ndarray of shape (n_features,)
        Means of the features in training, missing values left out: what recognition sees where a
        value is missing. Of a net made by `from_parameters`, its expected data where the topmost
        units are off.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    RestrictedBoltzmannMachine : A single undirected layer, often as good a density model.
    HelmholtzMachine : The same net with a directed top, whose likelihood needs no log Z.

    Notes
    -----
    Where log Z is annealed, `log_likelihood` is a bound in neither direction: importance samples
    make it too low on average, and annealing makes it too high. It states both errors
    (``monte_carlo_error``, and ``common_error`` of log Z alone); `log_likelihood_bounds` is a lower
    bound. There is no prior to draw particles from, so that nothing defends the estimate against a
    recognition net that is far off, but its effective sample sizes tell.

    On digits nets of two layers were about 0.1 nats ahead of the machine that they were built on,
    and hardly ahead of a larger one (`benchmarks.deep_belief_net`).

    Neither Gibbs sampling nor mean field nor annealing knows the undirected prior: posteriors,
    imputations and draws given some values are enumerated, or chosen among
    ``n_importance_samples`` weighted particles.

    Equal rows of a table of at most 100 are merged into one with a weight, and no order of rows
    matters: a weight is then as good as so many equal rows.

    Monitors and callbacks are called after epochs of fine-tuning.

    References
    ----------
    .. [1] Hinton, Osindero & Teh (2006), A fast learning algorithm for deep belief nets, Neural
           Computation 18, 1527-1554.
    .. [2] Salakhutdinov & Murray (2008), On the quantitative analysis of deep belief networks,
           ICML.
    .. [3] Bornschein & Bengio (2015), Reweighted wake-sleep, ICLR.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import DeepBeliefNet
    >>> X = load_digits().data >= 8
    >>> net = DeepBeliefNet(
    ...     (40, 20), pretrain_max_iter=40, max_iter=20, random_state=0).fit(X[:1500])
    >>> net.score(X[1500:]) > -21  # nats per row; independent pixels reach about -26
    True
    >>> net.log_partition_.method
    'exact'
    >>> net.transform(X[1500:]).shape
    (297, 20)
    >>> net.sample(3, random_state=0).shape
    (3, 64)
    """

    _parameter_constraints = {
        **{name: TrainedDensityEstimator._parameter_constraints[name] for name in _INHERITED},
        "pretrain": ["boolean"],
        "fine_tune": [StrOptions({"reweighted", "up-down"}), None],
        "pretrain_learning_rate": [_POSITIVE],
        "pretrain_max_iter": [StrOptions({"auto"}), _COUNT],
        "learning_rate_init": [_POSITIVE],
        "top_learning_rate_init": [_POSITIVE],
        "n_steps": [_COUNT],
        "n_chains": [_COUNT],
        "centred": ["boolean"],
        "averaging": ["boolean"],
        "batch_size": [_COUNT],
        "max_iter": [StrOptions({"auto"}), _COUNT],
        "alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "visible": [StrOptions({"auto", "bernoulli", "gaussian"})],
        "early_stopping": ["boolean"],
        "n_annealing_chains": [Interval(Integral, 2, None, closed="left")],
        "n_temperatures": [StrOptions({"auto"}), _COUNT],
    }
    _published = PUBLISHED | {"pretraining_curves_"}
    _epoch_lines = LikelihoodLines
    _remedy_of_divergence = (
        "Lower pretrain_learning_rate, learning_rate_init or top_learning_rate_init, or check the "
        "data for extreme values."
    )

    # Settings of other machines that this one does not leave to users.
    autoregressive = False
    solver = "adam"

    def __init__(
        self,
        hidden_layer_sizes=(200, 100),
        *,
        pretrain=True,
        fine_tune="reweighted",
        n_particles=10,
        visible="auto",
        pretrain_learning_rate=0.1,
        pretrain_max_iter="auto",
        learning_rate="constant",
        learning_rate_init=3e-3,
        top_learning_rate_init=0.05,
        n_steps=1,
        n_chains=200,
        centred=True,
        averaging=True,
        batch_size=100,
        max_iter="auto",
        alpha="auto",
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
        self.fine_tune = fine_tune
        self.n_particles = n_particles
        self.visible = visible
        self.pretrain_learning_rate = pretrain_learning_rate
        self.pretrain_max_iter = pretrain_max_iter
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.top_learning_rate_init = top_learning_rate_init
        self.n_steps = n_steps
        self.n_chains = n_chains
        self.centred = centred
        self.averaging = averaging
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.alpha = alpha
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
    def from_parameters(
        cls,
        generative_coefs,
        generative_intercepts,
        recognition_coefs,
        recognition_intercepts,
        *,
        noise_variance=None,
        **params,
    ):
        """A fitted net with given parameters, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        generative_coefs : list of array-like of shape (n_units[l + 1], n_units[l])
            As the attribute ``generative_coefs_``, the last one undirected.

        generative_intercepts : list of array-like of shape (n_units[l],)
            As the attribute; one more than the coefficients.

        recognition_coefs : list of array-like of shape (n_units[l], n_units[l + 1])
            As the attribute; one less than the generative ones.

        recognition_intercepts : list of array-like of shape (n_units[l + 1],)
            As the attribute.

        noise_variance : array-like of shape (n_features,), default=None
            Noise variances of Gaussian visible units; None means Bernoulli units.

        **params : dict
            Parameters of the constructor. Sizes come from the arrays.

        Returns
        -------
        net : DeepBeliefNet
            A fitted estimator with ``n_iter_`` 0.

        Examples
        --------
        Two features that go together, under a cause that likes to be on together with another one:

        >>> import numpy as np
        >>> from sklearn_helmholtz import DeepBeliefNet
        >>> net = DeepBeliefNet.from_parameters(
        ...     [[[4.0, 4.0]], [[2.0]]], [[-2.0, -2.0], [0.0], [-1.0]], [[[4.0], [4.0]]], [[-4.0]])
        >>> np.exp(net.score_samples([[0, 0], [0, 1], [1, 0], [1, 1]])).round(3)
        array([0.219, 0.105, 0.105, 0.571])
        """
        model = deep_belief_from_parameters(
            {"generative_coefs": generative_coefs, "generative_intercepts": generative_intercepts},
            {
                "recognition_coefs": recognition_coefs,
                "recognition_intercepts": recognition_intercepts,
            },
            noise_variance,
        )
        return cls._holding(model, params)

    @classmethod
    def _holding(cls, model, params):
        estimator = super()._holding(model, params)
        estimator._publish({"pretraining_curves_": []})
        return estimator

    # Training.

    def _train(
        self, start, plan, history, compilation, validation=None, callbacks=None, stops=False
    ):
        pretrained = Pretrained()
        if not plan.goes_on:
            self._publish({"pretraining_curves_": []})
            if self.pretrain and callbacks is not None:  # a fit, not a part of one
                pretrained = self._pretrain(start, plan, history.n_rows, compilation)
                start = self._go_on(start, pretrained)
        if self.fine_tune is None or pretrained.interrupt is not None:
            plan = replace(plan, max_iter=0)
        outcome = super()._train(start, plan, history, compilation, validation, callbacks, stops)
        return pretrained.outcome(outcome)

    def _go_on(self, start, pretrained):
        """The `Start` of fine-tuning: the stack, and the chains of its topmost machine."""
        self._publish({"pretraining_curves_": pretrained.curves})
        past = pretrained.past
        past = Past(past.seed, past.step_number, carry_over=past.carry_over)
        return replace(start, machine=pretrained.machine, past=past)

    def _pretrain(self, start, plan, n_rows, compilation):
        """The `Pretrained` stack of machines of a new fit; n_rows : of the table, in effect."""
        indices, sizes = plan.indices, hidden_sizes(self.hidden_layer_sizes)
        own = Plan(
            indices, self.batch_size, self._epochs(self.pretrain_max_iter, len(indices)),
            Constant(self.pretrain_learning_rate), self.shuffle, order=plan.order,
        )  # fmt: skip
        rule = PersistentLearning(1, self.n_chains, self.centred)
        alpha = self._alpha_of_top(n_rows)
        lines = partial(self._lines_of_layer, compilation)
        way = Layerwise(
            rule, (FixedPenalty(alpha), FixedPenalty(alpha)), self.averaging, self._n_threads, lines
        )
        machine = start.machine
        given = machine.visible.units, machine.visible.map.coefficients[1]
        n_units = (machine.n_units[0], *sizes)
        return pretrain(n_units, start.rows, (*given, start.past.seed), own, way)

    def _lines_of_layer(self, compilation, layer, plan):
        """The lines that tell the user of the epochs of a layer's machine, or None."""
        if not self.verbose:
            return None
        say(f"Pretraining of hidden layer {layer} of {len(hidden_sizes(self.hidden_layer_sizes))}")
        return LikelihoodLines(plan.max_iter, len(plan.indices), compilation, lambda: None)

    def _epochs(self, given, n_rows, n_steps=STEPS_TO_MAKE, limits=EPOCH_LIMITS):
        if given != "auto":
            return int(given)
        return epochs_for(n_steps, n_rows, int(self.batch_size), limits)

    def _n_epochs(self, n_rows, stops=False, encoding=None):
        return self._epochs(self.max_iter, n_rows, _FINE_STEPS, _FINE_LIMITS)

    def _alpha_of_top(self, n_rows):
        """Strength of the penalty on weights of Boltzmann machines; n_rows : None if unknown."""
        if self.alpha != "auto":
            return self.alpha
        # Of rows that are merged the number says nothing.
        return 1 / (_ROWS_OF_A_STREAM if n_rows is None else max(n_rows, MERGED_ROWS))

    def _penalties(self, n_rows, encoding=None):
        alpha = _ALPHA_OF_NETS if self.alpha == "auto" else self.alpha
        return FixedPenalty(alpha), FixedPenalty(self._alpha_of_top(n_rows))

    def _optimizer(self):
        return Divided(self.top_learning_rate_init / self.learning_rate_init)

    def _rule(self):
        if self.fine_tune == "up-down":
            return UpDown(ContrastiveDivergence(self.n_steps, self.centred))
        top = PersistentLearning(self.n_steps, self.n_chains, self.centred)
        return DeepReweighted(top, self.n_particles)

    def _merged(self, X, weights):
        return (X, weights) if X.shape[0] > MERGED_ROWS else merge_equal_rows(X, weights)

    def _schema_of(self, survey):
        schema = super()._schema_of(survey)
        check_two_levels(schema)
        return schema

    def _new_machine(self, n_units, units, intercept, rng, summary):
        return initialise_deep_belief(n_units, units, intercept, rng)

    _attributes = staticmethod(deep_belief_attributes)
    _model_of = DeepBeliefModel

    def _records(self, start, training, monitor):
        records = super()._records(start, training, monitor)
        return {**records, "pretraining_curves_": list(self.pretraining_curves_)}

    # What goes with what.

    @staticmethod
    def _implied(model):
        machine = model.machine
        return {
            "hidden_layer_sizes": machine.hidden_sizes, "visible": machine.visible.units.name
        }  # fmt: skip

    def _checked_sizes(self, n_features):
        sizes = hidden_sizes(self.hidden_layer_sizes)
        check_depth(sizes, "hidden_layer_sizes")
        check_layer(self.transform_layer, len(sizes))
        if self.fine_tune is None and self.early_stopping:
            raise ValueError(
                "early_stopping=True stops fine-tuning, and fine_tune is None. Set "
                "early_stopping=False, or fine_tune='reweighted'."
            )
        return sizes

    def _check_partial_fit(self):
        check_partial_fit(self)
        self._check_fine_tuning("partial_fit")

    def _check_continuation(self):
        check_settings(self, self._implied(self._model))
        check_visible(self)
        self._check_fine_tuning("warm_start=True")

    def _check_fine_tuning(self, name):
        """Refuse to go on with what does not go on; name : of what asks for it."""
        if self.fine_tune is None:
            raise ValueError(
                f"{name} goes on with fine-tuning, and fine_tune is None: layers that have been "
                "pretrained are done. Set fine_tune='reweighted' or 'up-down'."
            )
