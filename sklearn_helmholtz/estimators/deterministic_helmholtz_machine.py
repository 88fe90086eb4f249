"""The deterministic Helmholtz machine as a scikit-learn estimator."""

from dataclasses import replace
from numbers import Real

import numpy as np
from sklearn.utils.metaestimators import available_if

from .._descent import Descent, descend
from .._monitor import Monitor
from ..learning import DeterministicLearning, deterministic_losses
from ..machines import ACTIVATIONS, initialise_deterministic
from ._compat import Interval, StrOptions
from .attributes import PUBLISHED
from .collected import is_collection
from .defaults import batch_size
from .deterministic_parameters import deterministic_model
from .frames import is_mixed_frame
from .joint import JointMixin
from .progress import ObjectiveLines, with_progress
from .public import public
from .trained import TrainedDensityEstimator
from .weights import merge_equal_rows

_VISIBLE = ("auto", "bernoulli", "gaussian")


def _learns_in_steps(estimator):
    """True; where all rows are needed at once an AttributeError, which says so."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit needs a solver that learns from some rows at a time: solver='lbfgs' goes "
            "through all of them in every iteration. Set solver='adam' or 'sgd'."
        )
    return True


_NO_FREE_ENERGY = (
    "DeterministicHelmholtzMachine has neither free_energy nor kl_gap: what it minimises is no "
    "variational free energy of any model, and bounds no log-likelihood. See mean_field_objective "
    "for it, and score for the density of the stochastic machine."
)


class DeterministicHelmholtzMachine(JointMixin, TrainedDensityEstimator):
    """A Helmholtz machine that learns by probabilities in place of states: a teaching model.

    The mean-field machine of Dayan, Hinton, Neal & Zemel (1995) [1]_. A recognition net passes
    probabilities up, ``q_l = sigmoid(q_(l-1) R_l + c_l)`` with the data as q_0, and the generative
    net probabilities down, p_l of the units of layer l given q_(l+1). Learning lowers

        F = sum over layers and units of q log(q / p) + (1 - q) log((1 - q) / (1 - p)),

    of the data ``-x log p - (1 - x) log(1 - p)``, by its exact derivatives: nothing is drawn. With
    ``activation="competitive"`` the causes of a unit compete,

        p_j = [1 - 1 / (1 + theta_0j + sum_k q_k theta_kj)]
              * [1 - 1 / (1 + theta_0j) * prod_k (1 - q_k theta_kj / (1 + theta_kj))],

    with strengths ``theta >= 0`` and one parent that is always on, ``theta_0j > 0``, so that
    ``0 < p < 1``.

    *F is a training quantity, and no bound of anything*: real-valued q carry more than states can,
    and on data of the entropy 4.6 nats F falls below 1. `score`, `sample`, `impute` and all others
    that speak of probabilities are of another model, **which is not what was trained**: the
    *stochastic* machine in whose layers units are 0 or 1, and on with the probability p that the
    same parameters give for such parents. Its likelihood may be poor where F is low. For a density
    of binary tables use `HelmholtzMachine`. Missing values (NaN) are taken everywhere.

    Read more in the :ref:`User Guide <deterministic>`.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(24,)
        Units of each hidden layer, from the data upward.

    activation : {"competitive", "sigmoid"}, default="competitive"
        How the parents of a generative unit act together: as above, or as in other nets,
        ``p = sigmoid(q W + b)``, with which F has many poor optima. Gaussian features have affine
        means in either case.

    visible : {"auto", "bernoulli", "gaussian"}, default="auto"
        Distribution of the features given the first hidden layer. ``"auto"`` means Bernoulli where
        every training value lies in [0, 1], Gaussian otherwise. Values inside (0, 1) are taken as
        expectations of binary ones. The term of Gaussian features in F is minus the logarithm of
        their density around ``q_1 W + b``, with a learnt noise variance each.

    solver : {"lbfgs", "adam", "sgd"}, default="adam"
        Adam, stochastic gradient steps with momentum, or L-BFGS on all rows at once, in float64,
        which goes straight to the nearest optimum of F, while Adam at a high rate gets past many
        and ends lower (see :doc:`/benchmarks/shifter`).

    momentum : float, default=0.9
        Momentum in [0, 1) of ``solver="sgd"``; not used by the others.

    learning_rate : {"constant", "cosine", "adaptive"}, default="constant"
        As in `HelmholtzMachine`, of minus F; not used by L-BFGS.

    learning_rate_init : float or "auto", default="auto"
        The (first) learning rate; not used by L-BFGS. ``"auto"`` means 0.1.

    batch_size : int or "auto", default="auto"
        Rows of a minibatch; not used by L-BFGS. ``"auto"`` means all rows up to 2000. Where a step
        takes all rows, a weight is as good as equal rows, to the bit.

    max_iter : int, default=500
        Epochs, or iterations of L-BFGS.

    alpha : float, default=0.0
        Strength of the penalty ``alpha / 2 * |W|^2`` on recognition weights and on generative
        weights that are not competitive, relative to the mean of F. Strengths have none: it would
        pull them to log 2, which means nothing.

    shuffle : bool, default=True
        Whether rows are put in a new order every epoch; not used by L-BFGS.

    early_stopping : bool, default=False
        Whether to hold out rows, to stop when their mean F no longer falls, and to keep the best
        parameters seen. With L-BFGS after every iteration.

    validation_fraction : float, default=0.1
        Share of the rows held out by early stopping when ``fit`` is given no ``X_val``.

    n_iter_no_change : int, default=10
        Epochs or iterations without improvement after which early stopping stops, or the adaptive
        learning rate falls (with both it falls first).

    tol : float, default=1e-4
        The fall of F, in nats per row, that counts as an improvement. L-BFGS ends as well when no
        derivative of the mean of F exceeds it.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters of the last fit.

    transform_layer : int, "all" or None, default=None
        Hidden layer whose probabilities `transform` returns, 1 being next to the data; None means
        the top.

    n_importance_samples : int, default=200
        Importance samples for each row when scoring a machine of more than 14 hidden units.

    n_jobs : int or None, default=None
        Threads, as in `HelmholtzMachine`. Results do not depend on it.

    random_state : int, RandomState instance or None, default=None
        Determines initial weights, order of rows and held-out rows.

    verbose : int, default=0
        Whether to print a line after every epoch or iteration, one every other second on scores,
        imputations and draws that take long, and one when kernels are compiled.

    Attributes
    ----------
    objective_ : float
        Mean of F over the training rows (of the last `fit` or `partial_fit`, without those held
        out) under the final parameters, nats per row: as `mean_field_objective`.

    generative_coefs_ : list of ndarray of shape (n_units[l + 1], n_units[l])
        Strengths theta of layer l + 1 on layer l, which is the data for l = 0: not negative. Of
        layers that are not competitive weights. float32, like all parameters.

    generative_intercepts_ : list of ndarray of shape (n_units[l],)
        Strengths theta_0 of the parents that are always on, positive; of layers that are not
        competitive intercepts. The last one holds the prior logits of the top layer.

    recognition_coefs_ : list of ndarray of shape (n_units[l], n_units[l + 1])
        Weights from layer l up to layer l + 1.

    recognition_intercepts_ : list of ndarray of shape (n_units[l + 1],)
        Intercepts of the recognition net.

    noise_variance_ : ndarray of shape (n_features,)
        Noise variances, only with Gaussian visible units.

    visible_ : {"bernoulli", "gaussian"}
        The distribution of the features.

    n_parameters_ : int
        Free parameters of the generative net.

    n_iter_ : int
        Epochs or iterations done.

    loss_curve_ : list of float
        Mean of F over the training rows, in nats, during each epoch, or after each iteration of
        L-BFGS.

    validation_scores_ : list of float or None
        Minus the mean of F over the held-out rows after each epoch or iteration; None if none were
        held out. They are no log-likelihoods.

    best_validation_score_ : float or None
        The highest of them in the last fit.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_means_ : ndarray of shape (n_features,)
        Means of the features in training, missing values left out: what the recognition net sees
        where a value is missing. Of a machine made by `from_parameters`, its own expected data.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    HelmholtzMachine : The stochastic machine, trained by wake-sleep: a density model.

    Notes
    -----
    Competitive parents rather than the sigmoid are a remedy of poor local optima. Units start off
    most of the time (recognition intercepts of -2), and each cause has to find something that it
    explains alone. Even then F has many optima, and starts differ: compare a few by ``objective_``.

    References
    ----------
    .. [1] Dayan, Hinton, Neal & Zemel (1995), The Helmholtz machine, Neural Computation 7, 889-904.

    Examples
    --------
    Images of bars, each of which is on or off by itself:

    >>> from sklearn_helmholtz import DeterministicHelmholtzMachine
    >>> from sklearn_helmholtz.datasets import make_bars
    >>> X, _ = make_bars(500, random_state=0)
    >>> machine = DeterministicHelmholtzMachine(8, random_state=0).fit(X)
    >>> bool(machine.generative_coefs_[0].min() >= 0)
    True
    >>> machine.mean_field_objective(X).shape  # F, which is no log-likelihood
    (500,)
    >>> machine.score_samples(X).shape  # of the stochastic machine, exactly
    (500,)
    """

    # What other machines can be asked for, and this one is not.
    autoregressive = averaging = False
    l1_ratio, lateral_alpha, lateral_l1_ratio = 0.0, None, None

    _first_rate, _largest_batch = 0.1, 2000
    _epoch_lines = ObjectiveLines
    _published = PUBLISHED | {"objective_"}
    _loss_is_bound = False

    _parameter_constraints = {
        **{
            name: TrainedDensityEstimator._parameter_constraints[name]
            for name in (
                "hidden_layer_sizes", "momentum", "learning_rate", "learning_rate_init",
                "batch_size", "max_iter", "shuffle", "validation_fraction", "n_iter_no_change",
                "tol", "warm_start", "transform_layer", "n_importance_samples", "n_jobs",
                "random_state", "verbose",
            )
        },
        "activation": [StrOptions(set(ACTIVATIONS))],
        "visible": [StrOptions(set(_VISIBLE))],
        "solver": [StrOptions({"lbfgs", "adam", "sgd"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "early_stopping": ["boolean"],
    }  # fmt: skip

    def __init__(
        self,
        hidden_layer_sizes=(24,),
        *,
        activation="competitive",
        visible="auto",
        solver="adam",
        momentum=0.9,
        learning_rate="constant",
        learning_rate_init="auto",
        batch_size="auto",
        max_iter=500,
        alpha=0.0,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        transform_layer=None,
        n_importance_samples=200,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.visible = visible
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
        noise_variance=None,
        **params,
    ):
        """A fitted machine with given parameters, for teaching, tests and models learnt elsewhere.

        Parameters
        ----------
        generative_coefs : list of array-like of shape (n_units[l + 1], n_units[l])
            As the attribute ``generative_coefs_``: strengths, unless ``activation="sigmoid"``.
            Those of zero become 1e-26.

        generative_intercepts : list of array-like of shape (n_units[l],)
            As the attribute; one more than the coefficients, the last being the prior logits.

        recognition_coefs : list of array-like of shape (n_units[l], n_units[l + 1])
            As the attribute.

        recognition_intercepts : list of array-like of shape (n_units[l + 1],)
            As the attribute.

        noise_variance : array-like of shape (n_features,), default=None
            Noise variances of Gaussian visible units; None means Bernoulli units.

        **params : dict
            Parameters of the constructor. Sizes come from the arrays.

        Returns
        -------
        machine : DeterministicHelmholtzMachine
            A fitted estimator with ``n_iter_`` 0 and no ``objective_``.

        Raises
        ------
        ValueError
            Where shapes or values are not those of a machine, such as a negative strength.

        Examples
        --------
        One strong cause of two features, which are on by themselves at times:

        >>> import numpy as np
        >>> from sklearn_helmholtz import DeterministicHelmholtzMachine
        >>> machine = DeterministicHelmholtzMachine.from_parameters(
        ...     [[[9.0, 9.0]]], [[1.0, 1.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
        >>> machine.inverse_transform([[0.0], [1.0]]).round(4)  # 1/2 * 1/2, and 10/11 * 19/20
        array([[0.25  , 0.25  ],
               [0.8636, 0.8636]])
        >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> round(float(np.exp(machine.score_samples(X)).sum()), 6)
        1.0
        """
        activation = params.get("activation", ACTIVATIONS[0])
        model = deterministic_model(
            {"generative_coefs": generative_coefs, "generative_intercepts": generative_intercepts},
            {
                "recognition_coefs": recognition_coefs,
                "recognition_intercepts": recognition_intercepts,
            },
            noise_variance,
            params.get("visible", "auto"),
            activation,
        )
        return cls._holding(model, {"activation": activation, **params})

    @with_progress
    @public
    def mean_field_objective(self, X):
        """F of each row: what learning lowers, and no bound of log p(x).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing, and has no term of its own.

        Returns
        -------
        objective : ndarray of shape (n_samples,)
            In nats, in the user's units of measurement where features are Gaussian. It compares
            parameters of machines of the same data, and with no likelihood.

        Examples
        --------
        >>> from sklearn_helmholtz import DeterministicHelmholtzMachine
        >>> machine = DeterministicHelmholtzMachine.from_parameters(
        ...     [[[9.0, 9.0]]], [[1.0, 1.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
        >>> machine.mean_field_objective([[1, 1], [0, 1]]).round(3)
        array([0.916, 1.439])
        """
        rows = self._rows(X)[0]
        losses = deterministic_losses(self._machine, rows, self._n_threads)
        scaling, x = rows.scaling, rows.take(slice(None))
        return losses + (scaling.log_volumes(x.dense) if x.has_missing else scaling.log_volume())

    @property
    def free_energy(self):
        """Refusal: what this machine learns by is `mean_field_objective`, and no free energy."""
        raise AttributeError(_NO_FREE_ENERGY)

    @property
    def kl_gap(self):
        """Refusal, as of `free_energy`: no divergence is what learning makes small."""
        raise AttributeError(_NO_FREE_ENERGY)

    def _energies(self, rows, estimate):
        return np.full(len(rows), np.nan)

    @available_if(_learns_in_steps)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train on some more rows: one pass over them, in minibatches.

        The state of the optimiser and the step counter go on, also after `fit`. The first rows
        decide ``visible_`` and, for Gaussian features, the units of measurement in which the
        machine learns. There is no such method with ``solver="lbfgs"``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, relative to the mean weight of all rows so far. Either all rows
            that a model learns from have weights, or none.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return super().partial_fit(X, y, sample_weight)

    def _expected_data(self, H):
        outside = np.argwhere(~((H >= 0) & (H <= 1)))
        if len(outside):
            row, unit = outside[0]
            raise ValueError(
                "inverse_transform takes probabilities of hidden units, from 0 to 1, but unit "
                f"{unit} is {H[row, unit]:g} in row {row}."
            )
        return super()._expected_data(H)

    def _sees_mixed(self, X):
        if is_mixed_frame(X):
            raise ValueError(
                "X has columns of categories, of which DeterministicHelmholtzMachine knows none. "
                "Encode them as zeros and ones, or use HelmholtzMachine."
            )
        return False

    def _weighted(self, X, sample_weight, reset):
        if is_collection(X) and self.solver == "lbfgs":
            raise ValueError(
                "solver='lbfgs' goes through all rows in every step, and has them in memory, but X "
                "is a collection of Dask. Set solver='adam', or give X.compute()."
            )
        return super()._weighted(X, sample_weight, reset)

    def _new_machine(self, n_units, units, intercept, rng, summary):
        return initialise_deterministic(n_units, units, intercept, rng, self.activation)

    def _rule(self):
        return DeterministicLearning()

    def _records(self, start, training, monitor):
        records = super()._records(start, training, monitor)
        return {**records, "objective_": monitor.losses[-1] if monitor.losses else np.nan}

    @property
    def _remedy_of_divergence(self):
        if self.solver == "lbfgs":
            return "Check the data for extreme values."
        return super()._remedy_of_divergence

    @classmethod
    def _implied(cls, model):
        implied = super()._implied(model)
        del implied["autoregressive"]
        return implied

    def _continue(self, X, summary, weights):
        """The fitted machine, to be trained further; its activation has to stay, too."""
        start = super()._continue(X, summary, weights)
        if start.machine.activation not in (self.activation, None):
            raise ValueError(
                f"activation is {self.activation!r}, but the fitted machine that is to be trained "
                f"further has {start.machine.activation!r}. Fit a clone, or with warm_start=False."
            )
        return start

    def _merged(self, X, weights):
        """Where a step takes all rows, equal ones as one: weights are as good as these."""
        n_rows = X.shape[0]
        takes_all = self.solver == "lbfgs" or batch_size(self, n_rows) >= n_rows
        return merge_equal_rows(X, weights) if takes_all else (X, weights)

    def _train(
        self, start, plan, history, compilation, validation=None, callbacks=None, stops=False
    ):
        train = self._descend if self.solver == "lbfgs" else super()._train
        outcome = train(start, plan, history, compilation, validation, callbacks, stops)
        rows = start.rows.choose(plan.indices)
        objective = -self._rule().objective(self._machine, rows, None, 1, self._n_threads)
        self._publish({"objective_": float(objective + rows.log_volume)})
        return outcome

    def _descend(self, start, plan, history, compilation, validation, callbacks, stops):
        """As `_train` of minibatches, by L-BFGS."""
        rows = start.rows.choose(plan.indices)
        descent = Descent(
            start.machine, self._rule(), rows, self._n_threads, start.past, self.alpha
        )
        lines = self._lines(plan, compilation, callbacks)
        monitor = Monitor(
            validation, rows.log_volume, self.n_iter_no_change if stops else None, self.tol, stops,
            lines, callbacks,
        )  # fmt: skip
        outcome = descend(descent, plan.max_iter, self.tol, monitor, plan.goes_on)
        if lines is not None:
            lines.end()
        self._become(self._records(start, descent, monitor))
        self._history = replace(history, past=descent.past)
        return outcome
