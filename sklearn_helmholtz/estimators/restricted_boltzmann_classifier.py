"""The restricted Boltzmann machine of rows and labels as a scikit-learn classifier."""

import math
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from .._threads import count_threads
from ..learning import SGD, Adam, FixedPenalty, LabelledLearning
from ..machines import initialise_labelled
from ..models import LabelledBoltzmannModel, choose_family, fit_encoding
from ._compat import Interval, StrOptions
from .boltzmann_training import SCHEDULES, BoltzmannTrainingMixin
from .checks import (
    CheckedParametersMixin,
    check_jobs,
    check_settings,
    check_visible,
)
from .labelled import LabelledTrainingMixin
from .labelled_answers import LabelledAnswersMixin
from .labelled_attributes import PUBLISHED, labelled_attributes
from .progress import LabelLines
from .published import PublishedMixin, VersionedMixin
from .trained import TrainingMixin

_RATES = {"adam": 3e-3, "sgd": 0.1}
_INHERITED = (
    "averaging", "momentum", "shuffle", "validation_fraction", "n_iter_no_change", "tol",
    "warm_start", "n_jobs", "random_state", "verbose",
)  # fmt: skip


class RestrictedBoltzmannClassifier(
    ClassifierMixin,
    CheckedParametersMixin,
    PublishedMixin,
    VersionedMixin,
    BoltzmannTrainingMixin,
    LabelledAnswersMixin,
    LabelledTrainingMixin,
    BaseEstimator,
):
    """Classifier by an undirected model of rows and labels with one hidden layer.

    ``p(x, y, h) = exp(b'x + d_y + c'h + h'Wx + h'U_y) / Z`` for features x, a label y and binary
    hidden units h [1]_. The probability of a label is exact and needs no Z,

    ``p(y | x) ~ exp(d_y + sum_j log(1 + exp(c_j + U_jy + (Wx)_j)))``,

    and training may follow its gradient (discriminative), that of log p(x, y) (generative), or
    both: ``generative`` says how much the second counts. A little of it regularises the first, and
    lets rows without a label teach, by log p(x).

    Read more in the :ref:`User Guide <boltzmann_classifier>`.

    Parameters
    ----------
    n_components : int, default=100
        Binary hidden units.

    generative : float, default=0.01
        The objective is ``(mean log p(y | x) + generative * mean log p(x, y)) / (1 + generative)``,
        with the first mean over rows that have a label, and in the second log p(x) for those that
        have none. 0 is discriminative only, ``np.inf`` generative only.

    learning_rate : float or "auto", default="auto"
        The (first) learning rate: 0.003 for Adam, which moves the parameters where ``generative``
        is at most 1, and 0.1 for gradient ascent with momentum, which does beyond: chains cannot
        follow Adam.

    batch_size : int, default=100
        Rows of a minibatch.

    n_iter : int or "auto", default="auto"
        Epochs: passes over the data. ``"auto"`` makes 3,000 steps of them, in at least 20 and at
        most 300 epochs.

    verbose : int, default=0
        Whether to print a line after every epoch, one every other second on answers that take long,
        and one when kernels are compiled.

    random_state : int, RandomState instance or None, default=None
        Determines initial weights, order of rows, held-out rows and all sampling during training.

    n_steps : int, default=1
        Steps of Gibbs sampling that chains make for each step of training.

    n_chains : int or None, default=None
        Persistent chains of rows and labels, which the gradient of log p(x, y) needs; None means
        ``batch_size``.

    schedule : {"constant", "cosine", "adaptive"}, default="constant"
        Whether the learning rate stays, falls to zero along half a cosine over ``n_iter`` epochs,
        or is divided by 5 whenever ``n_iter_no_change`` epochs in a row have not improved the
        held-out score (without held-out rows the loss of training) by ``tol``.

    averaging : bool, default=True
        Whether the result is an average of the parameters over the later steps.

    momentum : float, default=0.0
        Momentum in [0, 1), where ``generative`` is above 1.

    alpha : float, default=1e-4
        Strength of the penalty ``alpha / 2 * (|W|^2 + |U|^2)``, relative to the objective.

    visible : {"auto", "bernoulli", "gaussian"}, default="auto"
        Distribution of the features given the hidden units: Bernoulli, or normal with the variance
        that each feature has in training. ``"auto"`` is Bernoulli where every training value lies
        in [0, 1], and Gaussian otherwise. With ``generative=0`` it decides of units of measurement
        only: p(y | x) has the same form.

    shuffle : bool, default=True
        Whether rows are put in a new order every epoch.

    early_stopping : bool, default=False
        Whether to hold out rows with labels, to stop when log p(y | x) of them no longer improves,
        and to keep the best parameters seen. It is log p(y | x), whatever ``generative`` is.

    validation_fraction : float, default=0.1
        Share of the rows with labels that are held out by early stopping.

    n_iter_no_change : int, default=10
        Epochs without improvement after which early stopping stops, or the adaptive learning rate
        falls (with both it falls first).

    tol : float, default=1e-4
        The improvement of log p(y | x), in nats per row, that counts as one.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters of the last fit, with the same classes.

    n_annealing_chains : int, default=100
        Chains by which log Z is estimated where it is not summed out. What a row misses is summed
        out by a fifth as many where it has to be.

    n_temperatures : int or "auto", default="auto"
        Steps of these chains, and of those by which `sample` draws. ``"auto"`` doubles them from
        500 until annealing and its reverse agree on log Z of each class within 0.2 nats and their
        errors, up to 32,000; chains of gaps and draws make 1,000.

    n_jobs : int or None, default=None
        Threads. None means all cores that this process may use, within the limits of the
        environment variables OMP_NUM_THREADS and NUMBA_NUM_THREADS. Results do not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in order.

    components_ : ndarray of shape (n_components, n_features)
        Weights W, for features in the units of the data. float32, like all parameters.

    weights_class_ : ndarray of shape (n_classes, n_components)
        Weights U of the classes.

    intercept_hidden_ : ndarray of shape (n_components,)
        Biases of the hidden units, c.

    intercept_class_ : ndarray of shape (n_classes,)
        Biases of the classes, d.

    intercept_visible_ : ndarray of shape (n_features,)
        Biases of the features, b; of no importance to p(y | x). As they began where
        ``generative=0``.

    log_partition_ : Result
        log Z, found when it is first asked for, by this attribute or by a density; see there.

    visible_ : {"bernoulli", "gaussian"}
        The distribution of the features.

    n_parameters_ : int
        Free parameters of p(x, y).

    n_iter_ : int
        Epochs done.

    loss_curve_ : list of float
        Mean of -log p(y | x) over each epoch, in nats per training row with a label; for a hybrid
        or generative objective a part of it, or what it is good for.

    validation_scores_ : list of float or None
        Mean log p(y | x) of the held-out rows after each epoch, in nats; None if none were held
        out.

    best_validation_score_ : float or None
        The highest of these in the last fit.

    feature_means_ : ndarray of shape (n_features,)
        Means of the features in training.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    RestrictedBoltzmannMachine : The same without labels: a density of rows.
    LatentClassifier : A directed model of rows and labels, for mixed tables.
    GenerativeClassifier : A density for each class.

    Notes
    -----
    A classifier of about the strength of a multilayer perceptron with as many hidden units; do not
    expect it to beat a support vector machine. What it has besides is the density of rows, and use
    for rows without labels.

    With Gaussian features, the density of rows p(x) is a mixture of ``2^n_components`` normal
    distributions per class, all with the variances of the training data: wider than the rows.

    Values between 0 and 1 are taken as expectations.

    Missing values are summed out, exactly for rows that miss at most 14 of them and for at most 14
    hidden units, otherwise by annealed chains, which are the same for all classes. In training
    chains that stay with the rows draw them, once given the label and once without: the expectation
    of a step is the gradient where these have reached their distributions, and a loss is then that
    of completed rows, which is too high in expectation.

    References
    ----------
    .. [1] Larochelle & Bengio (2008), Classification using discriminative restricted Boltzmann
           machines, ICML.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import RestrictedBoltzmannClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = RestrictedBoltzmannClassifier(n_iter=20, random_state=0)
    >>> classifier.fit(X[:1500] >= 8, y[:1500]).score(X[1500:] >= 8, y[1500:]) > 0.85
    True
    """

    _parameter_constraints = {
        **{name: TrainingMixin._parameter_constraints[name] for name in _INHERITED},
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "generative": [Interval(Real, 0, math.inf, closed="both")],
        "learning_rate": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "n_chains": [Interval(Integral, 1, None, closed="left"), None],
        "schedule": [StrOptions(set(SCHEDULES))],
        "averaging": ["boolean"],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "visible": [StrOptions({"auto", "bernoulli", "gaussian"})],
        "early_stopping": ["boolean"],
        "n_annealing_chains": [Interval(Integral, 2, None, closed="left")],
        "n_temperatures": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    }
    _published = PUBLISHED
    _remedy_of_divergence = "Lower learning_rate, or check the data for extreme values."
    _epoch_lines = LabelLines
    _steps_to_make, _epoch_limits = 3000, (20, 300)
    _model_of = LabelledBoltzmannModel
    _attributes = staticmethod(labelled_attributes)

    def __init__(
        self,
        n_components=100,
        *,
        generative=0.01,
        learning_rate="auto",
        batch_size=100,
        n_iter="auto",
        verbose=0,
        random_state=None,
        n_steps=1,
        n_chains=None,
        schedule="constant",
        averaging=True,
        momentum=0.0,
        alpha=1e-4,
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
        self.generative = generative
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state
        self.n_steps = n_steps
        self.n_chains = n_chains
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

    @property
    def _machine(self):
        return self._model.machine

    @property
    def _n_features_out(self):
        return self._machine.n_units[1]

    @property
    def _n_threads(self):
        return count_threads(check_jobs(self.n_jobs))

    @property
    def solver(self):
        """Word for the optimiser, which is no parameter: chains cannot follow Adam."""
        return "adam" if self.generative <= 1 else "sgd"

    def _optimizer(self):
        return Adam() if self.solver == "adam" else SGD(float(self.momentum))

    def _rate(self, n_together):
        return _RATES[self.solver] if self.learning_rate == "auto" else float(self.learning_rate)

    def _check_continuation(self):
        check_settings(self, {"n_components": self._machine.n_units[1]})
        check_visible(self)

    def _penalties(self, n_rows, encoding=None):
        return FixedPenalty(self.alpha), FixedPenalty(self.alpha)

    def _rule(self):
        n_chains = self.batch_size if self.n_chains is None else self.n_chains
        return LabelledLearning(float(self.generative), self.n_steps, n_chains)

    def _fit_encoding(self, X, summary, indices, weights):
        family = choose_family(self.visible, summary)
        return fit_encoding(family, X, summary, indices, weights, self._names)

    def _new_machine(self, n_units, units, intercept, rng, summary):
        smoothed = self._class_counts + 1.0
        shares = np.log(smoothed / smoothed.sum())
        return initialise_labelled(*n_units, shares, intercept, units.is_binary, rng)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
