"""Training of estimators that hold a machine, epoch by epoch."""

import sys
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral, Real

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import _safe_indexing, check_random_state

from .. import _keys
from .._keys import Purpose
from .._monitor import Monitor
from .._training import End, Plan, Training, train
from ..learning import SGD, Adam, Adaptive, Constant, Cosine
from ._compat import CallbackSupportMixin, Interval, StrOptions, _fit_context, with_callbacks
from .attributes import fitted_attributes
from .automatic import (
    batch_size,
    learning_rate,
    penalties,
    settling,
    stops_early,
    takes_averages,
)
from .callbacks import EpochCallbacks
from .checks import check_continuation, check_layer, check_partial_fit, hidden_sizes
from .density import LatentDensityEstimator
from .learner import learner_of
from .notices import notify
from .public import public
from .visible import (
    as_rows,
    check_observed,
    choose_visible,
    fit_scaling,
    initial_units,
    is_sparse,
    known_to_learn_from,
)

_FEWEST_HELD_OUT = 1
_SEEN = ("n_features_in_", "feature_names_in_")
_SCHEDULES = {"constant": Constant, "cosine": Cosine, "adaptive": Adaptive}


@dataclass(frozen=True)
class Start:
    """Where a training begins: nothing of it is an attribute of the estimator before it ends.

    machine, visible : the machine and the distribution of its data; rows : the data; stand_in :
    what recognition sees of missing values; seed, step, state : the random numbers, steps done and
    the optimiser's state (None for a new one); last : where the average of an earlier training
    stands, or None; lasting : what the rule's memory was left with by it, or None; losses, scores :
    the records so far.
    """

    machine: object
    visible: str
    rows: object
    stand_in: np.ndarray
    seed: tuple
    step: int = 0
    state: tuple | None = None
    last: tuple | None = None
    lasting: object = None
    losses: tuple = ()
    scores: tuple = ()


class TrainedDensityEstimator(CallbackSupportMixin, LatentDensityEstimator):
    """A latent density estimator that learns step by step, by a rule of `learning`.

    Subclasses have the parameters whose constraints are here, and the methods ``_new_machine`` and
    ``_rule``.
    """

    _replaced = frozenset({*_SEEN, "_state", "_state_solver", "_last", "_lasting", "_n_rows"})
    _state = _state_solver = None  # of the optimiser, and which it was
    _last = None  # where the average of an earlier training stands
    _lasting = None  # what the rule's memory was left with by it
    _n_rows = None  # of the table that was fitted; None if only pieces of one were ever seen

    _parameter_constraints = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "n_particles": [Interval(Integral, 1, None, closed="left")],
        "visible": [StrOptions({"auto", "bernoulli", "gaussian"})],
        "autoregressive": ["boolean"],
        "solver": [StrOptions({"adam", "sgd"})],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [StrOptions(set(_SCHEDULES))],
        "learning_rate_init": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "averaging": [StrOptions({"auto"}), "boolean"],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "lateral_alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left"), None],
        "l1_ratio": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
        "lateral_l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "shuffle": ["boolean"],
        "early_stopping": [StrOptions({"auto"}), "boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "transform_layer": [StrOptions({"all"}), Interval(Integral, 1, None, closed="left"), None],
        "n_importance_samples": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }  # fmt: skip

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def fit(self, X, y=None, *, X_val=None, monitor=None):
        """Train the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing. bool, uint8, float32 and float64 are used as they are.

        y : None
            Ignored, present for API consistency by convention.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Rows to validate on after every epoch, instead of a share of X.

        monitor : callable, default=None
            Called after every epoch as ``monitor(estimator, epoch, X_val)``, with a model that
            has a copy of the parameters so far, the number of the epoch in this fit, from 1, and
            the rows held out (None if there are none). Training stops if it returns True. See
            `HeldOutLikelihood`.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        callbacks = EpochCallbacks(self, int(self.max_iter), monitor)
        with learner_of(self) as learner:
            outcome = learner._learn(X, X_val, callbacks)
        return self._end(outcome)

    def _learn(self, X, X_val, callbacks):
        """The `Outcome` of a fit to data."""
        goes_on, given = self.warm_start and self.__sklearn_is_fitted__(), X
        X = self._validate(X, reset=not goes_on)
        seed = self._seed if goes_on else _keys.draw_seed(check_random_state(self.random_state))
        known = known_to_learn_from(X)
        stops = stops_early(self, X.shape[1])
        train_rows, held_out = known, None
        if stops and X_val is None:
            train_rows, held_out = self._split(known, seed)
        start = self._continue(X) if goes_on else self._begin(X, train_rows, seed)
        plan = Plan(
            train_rows, batch_size(self, len(train_rows)), self.max_iter, self._schedule(),
            self.shuffle, goes_on, settling(goes_on, stops),
        )  # fmt: skip
        validation = None if held_out is None else replace(start.rows, chosen=held_out)
        if X_val is not None:
            validation = self._as_rows(self._validate(X_val, reset=False), start)
        elif callbacks.needs_rows and held_out is not None:
            X_val = _safe_indexing(X if scipy.sparse.issparse(given) else given, held_out)
        start = replace(start, state=None, last=None, lasting=None)
        callbacks.begin_fit(X, X_val, partial(self._records, start))
        outcome = self._train(start, plan, len(train_rows), validation, callbacks, stops)
        if outcome.interrupt is None:
            callbacks.end_fit()
        return outcome

    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def partial_fit(self, X, y=None):
        """Train on some more rows: one pass over them, in minibatches.

        The state of the optimiser, the rewards that are expected where rewards teach, and the step
        counter go on, also after `fit`. The first rows decide ``visible_`` and, for Gaussian
        visible units, the units of measurement in which the machine learns. Without a `fit` before,
        nobody knows how many rows there will be: with ``alpha="auto"`` autoregressive machines have
        the fixed strength 1e-4, too. For a table of n rows that comes in pieces, ``alpha=1 / n`` is
        about right.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing.

        y : None
            Ignored, present for API consistency by convention.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        self._validate_params()  # scikit-learn leaves it to fitted estimators
        check_partial_fit(self)
        with learner_of(self) as learner:
            outcome = learner._learn_more(X)
        return self._end(outcome)

    def _learn_more(self, X):
        """The `Outcome` of going on with some more rows."""
        goes_on = self.__sklearn_is_fitted__()
        X = self._validate(X, reset=not goes_on)
        indices = known_to_learn_from(X)
        if goes_on:
            start = self._continue(X)
        else:
            seed = _keys.draw_seed(check_random_state(self.random_state))
            start = self._begin(X, indices, seed)
        rate = Constant(learning_rate(self))
        n_rows = self._n_rows if goes_on else None
        size = batch_size(self, len(indices) if n_rows is None else n_rows)
        plan = Plan(indices, size, 1, rate, self.shuffle, goes_on)
        return self._train(start, plan, n_rows)

    @classmethod
    def _holding(cls, machine, scaling, params):
        """A fitted estimator with a machine; params : of the constructor.

        What the machine implies of them need not be given, but must not be contradicted.
        """
        visible = "bernoulli" if scaling is None else "gaussian"
        sizes = machine.n_units[1:]
        autoregressive = machine.is_autoregressive
        implied = {
            "hidden_layer_sizes": sizes, "visible": visible, "autoregressive": autoregressive
        }  # fmt: skip
        estimator = cls(**{**implied, **params})
        estimator._validate_params()
        check_layer(estimator.transform_layer, len(sizes))
        if hidden_sizes(estimator.hidden_layer_sizes) != sizes or estimator.visible not in (
            "auto",
            visible,
        ):
            raise ValueError(
                f"The arrays make hidden_layer_sizes={sizes} and visible={visible!r}, got "
                f"{estimator.hidden_layer_sizes!r} and {estimator.visible!r}."
            )
        if estimator.autoregressive != autoregressive:
            raise ValueError(
                f"The arrays make autoregressive={autoregressive}, got "
                f"{estimator.autoregressive!r}."
            )
        estimator._seed = _keys.draw_seed(check_random_state(estimator.random_state))
        estimator._step = 0
        stand_in = machine.generation.means(None)[-1][0]
        records = {
            "n_features_in_": machine.n_units[0], "n_iter_": 0, "loss_curve_": [],
            "validation_scores_": None, "best_validation_score_": None,
        }  # fmt: skip
        estimator._become({**records, **fitted_attributes(machine, visible, scaling, stand_in)})
        return estimator

    def _begin(self, X, indices, seed):
        """A new machine for the data, not yet trained; nothing of the estimator changes."""
        sizes = hidden_sizes(self.hidden_layer_sizes)
        check_layer(self.transform_layer, len(sizes))
        check_observed(X, indices, self._names)
        visible = choose_visible(self.visible, X, self._names)
        scaling = fit_scaling(X, indices, self._names) if visible == "gaussian" else None
        rows = as_rows(X, visible, scaling, self._names, is_sparse(X))
        units, intercept, stand_in = initial_units(visible, X, indices)
        rng = _keys.generator(seed, Purpose.INITIALISE)
        machine = self._new_machine((X.shape[1], *sizes), units, intercept, rng)
        return Start(machine, visible, rows.with_stand_in(stand_in), stand_in, seed)

    def _continue(self, X):
        """The fitted machine, to be trained further; its sizes and units have to stay."""
        check_continuation(self)
        return Start(
            self._machine, self.visible_, self._as_rows(X), self._stand_in, self._seed, self._step,
            self._state if self.solver == self._state_solver else None, self._last,
            self._lasting, tuple(self.loss_curve_), tuple(self.validation_scores_ or ()),
        )  # fmt: skip

    def _split(self, known, seed):
        """Numbers of the rows to train on and of the rows held out, of those known."""
        n_rows = len(known)
        n_held_out = max(round(self.validation_fraction * n_rows), _FEWEST_HELD_OUT)
        if n_held_out >= n_rows:
            raise ValueError(
                f"early_stopping=True with validation_fraction={self.validation_fraction} leaves "
                f"no training rows out of n_samples={n_rows}."
            )
        order = _keys.generator(seed, Purpose.SPLIT).permutation(n_rows)
        return known[np.sort(order[n_held_out:])], known[np.sort(order[:n_held_out])]

    def _schedule(self):
        return _SCHEDULES[self.learning_rate](learning_rate(self))

    def _optimizer(self):
        return Adam() if self.solver == "adam" else SGD(self.momentum)

    def _train(self, start, plan, n_rows, validation=None, callbacks=None, stops=False):
        """The `Outcome` of training, all of which is published.

        n_rows : of the whole table, None if not known; stops : whether training ends when the
        rows held out are explained no better, and the best machine is kept.
        """
        training = Training(
            start.machine, self._rule(), self._optimizer(), start.seed, self._n_threads,
            start.state, start.step, takes_averages(self), start.last, penalties(self, n_rows),
            start.lasting,
        )  # fmt: skip
        waits = stops or isinstance(plan.schedule, Adaptive)
        monitor = Monitor(
            validation,
            log_volume=replace(start.rows, chosen=plan.indices).log_volume,
            patience=self.n_iter_no_change if waits else None,
            keeps_best=stops,
            tol=self.tol,
            report=_print_line if self.verbose else None,
            callbacks=callbacks,
            seed=start.seed,
            n_threads=self._n_threads,
        )
        outcome = train(training, start.rows, plan, monitor)
        self._become(self._records(start, training, monitor))
        self._state, self._state_solver = training.state, self.solver
        self._last = training.last if monitor.best is None else None
        self._lasting, self._n_rows = training.lasting, n_rows
        return outcome

    def _records(self, start, training, monitor):
        """What makes an estimator a fitted one, by name: parameters and records so far.

        The state of the optimiser and what rules remember are not among them: a training that goes
        on needs them, and one that is copied as it goes begins with new ones.
        """
        losses = [*start.losses, *monitor.losses]
        return {
            **{name: getattr(self, name) for name in _SEEN if hasattr(self, name)},
            "loss_curve_": losses,
            "n_iter_": len(losses),
            "validation_scores_": [*start.scores, *monitor.scores] or None,
            "best_validation_score_": monitor.best_score if monitor.scores else None,
            "_seed": start.seed,
            "_step": training.step_number,
            "_sparse": start.rows.sparse,
            **fitted_attributes(
                training.machine, start.visible, start.rows.scaling, start.stand_in
            ),
        }

    def _end(self, outcome):
        """Tell how training ended, where that needs to be known: the estimator is what it became.

        An interrupt goes on to whoever called.
        """
        diverged = (
            f"Training diverged after {self.n_iter_} epochs and stopped; the machine keeps the "
            "last good parameters. Lower learning_rate_init, or check the data for extreme values."
        )
        if outcome.interrupt is not None:
            kept = f"The {type(self).__name__} keeps what it learnt in {self.n_iter_} epochs."
            outcome.interrupt.add_note(diverged if outcome.end is End.DIVERGED else kept)
            raise outcome.interrupt
        if outcome.end is End.DIVERGED:
            notify(diverged, ConvergenceWarning)
        return self

    def __sklearn_is_fitted__(self):
        return hasattr(self, "generative_coefs_")


def _print_line(line):
    print(line)
    sys.stdout.flush()
