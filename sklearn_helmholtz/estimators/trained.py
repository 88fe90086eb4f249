"""Training of estimators that hold a machine, epoch by epoch."""

from dataclasses import replace
from functools import partial
from numbers import Integral, Real

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import _safe_indexing, check_random_state

from .. import _keys
from .._keys import Purpose
from .._monitor import Monitor
from .._plan import Plan
from .._training import End, Past, Training, train
from ..learning import SGD, Adam, Adaptive, Constant, Cosine
from ..models import BeliefNetModel
from ..rows import TableSummary
from ..units import FAMILIES
from ._compat import CallbackSupportMixin, Interval, StrOptions, _fit_context, with_callbacks
from .attributes import PUBLISHED, fitted_attributes
from .callbacks import EpochCallbacks
from .checks import check_continuation, check_layer, check_partial_fit, hidden_sizes
from .collected import READS_AND_LEARNS, is_collection
from .collected_rows import (
    gradients_of,
    order_of,
    rows_as_given,
    rows_to_learn,
    summary_of,
)
from .defaults import (
    batch_size,
    column_variances,
    learning_rate,
    n_epochs,
    n_held_out,
    patience,
    penalties,
    stops_early,
    takes_averages,
    warmup_fraction,
)
from .encodings import EncodingMixin
from .history import History, Start
from .layered import LayeredEstimator
from .learner import learner_of
from .mixed_attributes import mixed_attributes
from .notices import notify
from .progress import EpochLines, compilation_told
from .public import public
from .records import RecordsMixin
from .weights import Weights, check_alike, checked_weights, effective_number

_SEEN = ("n_features_in_", "feature_names_in_", "_schema")
_SCHEDULES = {"constant": Constant, "cosine": Cosine, "adaptive": Adaptive}


class TrainingMixin(RecordsMixin, EncodingMixin, CallbackSupportMixin):
    """Trains a machine step by step, by a rule of `learning`.

    Subclasses have the parameters whose constraints are here, and the methods ``_new_machine`` and
    ``_rule``. Some have no such parameter, but a setting of the same name that stays.
    """

    n_conditional_units = 0  # of estimators that have no such parameter
    _first_rate = _largest_batch = None  # that "auto" stands for, where they are always the same
    _small_rate = None  # the first rate of minibatches of 100 rows, None for that of most machines
    _epoch_lines = EpochLines
    _needs_many_steps = False  # however few rows there are
    _remedy_of_divergence = "Lower learning_rate_init, or check the data for extreme values."
    _published = PUBLISHED
    _replaced = frozenset({*_SEEN, "_history"})

    _parameter_constraints = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "n_particles": [Interval(Integral, 1, None, closed="left")],
        "visible": [StrOptions({"auto", "mixed", *FAMILIES}), dict, list, tuple],
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
    def fit(
        self, X, y=None, sample_weight=None, *, X_val=None, sample_weight_val=None, monitor=None
    ):
        """Train the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing. bool, uint8, float32 and float64 are used as they are.
            Arrays and DataFrames of Dask are read chunk by chunk: see :doc:`/beyond_one_machine`.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows: how many rows of the population each stands for, as the inverse of
            the probability with which it came into the sample (not a precision). The objective is
            the weighted mean over rows; only ratios of weights matter, but for the very first
            intercepts. Rows of weight zero are left out, to the bit. A whole number counts as so
            many equal rows, but for the size of minibatches, and for ``alpha="auto"``, where the
            number of rows is ``sum(w)^2 / sum(w^2)`` in effect.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Rows to validate on after every epoch, instead of a share of X.

        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the rows of X_val in validation scores, and for the monitor.

        monitor : callable, default=None
            Called after every epoch as ``monitor(estimator, epoch, X_val)``, with a model that
            has a copy of the parameters so far, the number of the epoch in this fit, from 1, and
            the rows held out (None if there are none). Where these have weights, a monitor with a
            parameter ``sample_weight`` gets them by that name. Training stops if it returns True.
            See `HeldOutLikelihood`.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        callbacks = EpochCallbacks(self, monitor)
        with learner_of(self) as learner, compilation_told(self.verbose) as compilation:
            outcome = learner._learn(
                X, sample_weight, X_val, sample_weight_val, callbacks, compilation
            )
        return self._end(outcome)

    def _learn(self, X, sample_weight, X_val, sample_weight_val, callbacks, compilation):
        """The `Outcome` of a fit to data."""
        rule_warmup = self._rule_warmup
        goes_on = self.warm_start and self.__sklearn_is_fitted__()
        given, X, weights = self._weighted(X, sample_weight, reset=not goes_on)
        seed = self._history.past.seed if goes_on else self._draw_seed()
        whole, whole_weights, summary = X, weights, summary_of(X)
        stops = stops_early(self, summary)
        known = _known_to_learn_from(summary, weights)
        seen, n_rows = Weights.of(weights, known), effective_number(weights, known)
        if X_val is not None or not stops:
            X, weights = self._merged(X, weights)
            summary = summary if X is whole else TableSummary.of(X)
            known = _known_to_learn_from(summary, weights)
        train_rows, held_out = known, None
        if stops and X_val is None:
            train_rows, held_out = self._split(known, seed)
        relative = None if weights is None else weights / weights[train_rows].mean()
        if goes_on:
            start = self._continue(X, summary, relative)
        else:
            start = self._begin(X, summary, train_rows, weights, relative, seed)
        size = batch_size(self, len(train_rows))
        schedule = self._schedule(min(size, len(train_rows)))
        most = self._n_epochs(len(train_rows), stops, start.encoding)
        plan = Plan(
            train_rows, size, most, schedule, self.shuffle, goes_on,
            warmup_fraction(goes_on, stops), 0.0 if goes_on else rule_warmup, order_of(X, size),
            patience(self, len(train_rows)) if stops and not goes_on else 0,
        )  # fmt: skip
        validation = weights_val = None
        if held_out is not None:
            validation = start.rows.choose(held_out)
            weights_val = None if weights is None else weights[held_out]
        if X_val is not None:
            validation, weights_val = self._validation(X_val, sample_weight_val, start.encoding)
            if is_collection(X_val):
                weights_val = sample_weight_val  # as the monitor's rows are
        elif sample_weight_val is not None:
            raise ValueError("sample_weight_val holds weights of the rows of X_val, which is None.")
        elif callbacks.needs_rows and held_out is not None:
            X_val = self._as_given(given, X, held_out)
        start = replace(start, past=Past(seed, start.past.step_number))
        learnt = partial(self._records, start)
        callbacks.begin_fit(most, whole, whole_weights, X_val, weights_val, learnt)
        if held_out is not None:
            seen, n_rows = Weights.of(weights, train_rows), effective_number(weights, train_rows)
        history = History(start.past, self.solver, n_rows, seen)
        outcome = self._train(start, plan, history, compilation, validation, callbacks, stops)
        if outcome.interrupt is None:
            callbacks.end_fit()
        return outcome

    def _weighted(self, X, sample_weight, reset):
        """Data as given and as validated, of rows that have a weight, and the weights or None.

        Of a collection of Dask all rows.
        """
        if is_collection(X):
            return X, *rows_to_learn(self, X, sample_weight, reset)
        given, X = X, self._validate(X, reset=reset)
        if sample_weight is None:
            return given, X, None
        weights = checked_weights(sample_weight, X, given)
        if weights.all():
            return given, X, weights
        kept = np.flatnonzero(weights)
        return _safe_indexing(given, kept), X[kept], weights[kept]

    def _as_given(self, given, X, numbers):
        """Some rows as users have them, of data as given and as validated."""
        if is_collection(given):
            return rows_as_given(self, X, numbers)
        return X[numbers] if scipy.sparse.issparse(given) else _safe_indexing(given, numbers)

    def _merged(self, X, weights):
        """Rows to learn from and their weights, or None, of validated ones."""
        return X, weights

    def _validation(self, X_val, sample_weight, encoding):
        """Rows to validate on, and their weights or None."""
        if is_collection(X_val):
            X_val, weights = rows_to_learn(
                self, X_val, sample_weight, reset=False, name="sample_weight_val"
            )
            return encoding.table(X_val, X_val.summary, weights), weights
        given, X_val = X_val, self._validate(X_val, reset=False)
        weights = None
        if sample_weight is not None:
            weights = checked_weights(sample_weight, X_val, given, "sample_weight_val")
        return encoding.table(X_val, weights=weights), weights

    @_fit_context(prefer_skip_nested_validation=True)
    @public
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train on some more rows: one pass over them, in minibatches.

        The state of the optimiser, the rewards that are expected where rewards teach, and the step
        counter go on, also after `fit`. The first rows decide ``visible_`` and, for Gaussian
        visible units, the units of measurement in which the machine learns. Without a `fit` before,
        nobody knows how many rows there will be: with ``alpha="auto"`` autoregressive machines have
        the fixed strength 1e-4, too. For a table of n rows that comes in pieces, ``alpha=1 / n`` is
        about right. And with ``batch_size="auto"`` minibatches are those of a table as large as the
        piece; after a `fit`, as large as the table that it learnt from.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing. Collections of Dask are taken as by `fit`.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows as of `fit`, relative to the mean weight of all rows so far. Either
            all rows that a model learns from have weights, or none.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        self._validate_params()  # scikit-learn leaves it to fitted estimators
        self._check_partial_fit()
        with learner_of(self) as learner, compilation_told(self.verbose) as compilation:
            outcome = learner._learn_more(X, sample_weight, compilation)
        return self._end(outcome)

    def _learn_more(self, X, sample_weight, compilation):
        """The `Outcome` of going on with some more rows."""
        goes_on = self.__sklearn_is_fitted__()
        _, X, weights = self._weighted(X, sample_weight, reset=not goes_on)
        summary = summary_of(X)
        indices = _known_to_learn_from(summary, weights)
        seen = Weights.of(weights, indices)
        if goes_on:
            seen = check_alike(self._history.weights, seen)
        relative = None if weights is None else weights / seen.mean
        if goes_on:
            start = self._continue(X, summary, relative)
        else:
            seed = self._draw_seed()
            start = self._begin(X, summary, indices, weights, relative, seed)
        n_rows = self._history.n_rows if goes_on else None
        size = batch_size(self, len(indices) if n_rows is None else n_rows)
        schedule, order = Constant(self._rate(min(size, len(indices)))), order_of(X, size)
        plan = Plan(indices, size, 1, schedule, self.shuffle, goes_on, order=order)
        return self._train(start, plan, History(start.past, self.solver, n_rows, seen), compilation)

    def _draw_seed(self):
        return _keys.draw_seed(check_random_state(self.random_state))

    @classmethod
    def _holding(cls, model, params):
        """A fitted estimator with a model; params : of the constructor.

        What the model implies of them need not be given, but must not be contradicted.
        """
        estimator = cls(**{**cls._implied(model), **params})
        estimator._validate_params()
        estimator._check_given(model)
        records = {
            "n_features_in_": model.n_features, "n_iter_": 0, "loss_curve_": [],
            "validation_scores_": None, "best_validation_score_": None,
            "_scored_epochs": (), "_history": History(Past(estimator._draw_seed())),
        }  # fmt: skip
        estimator._become({**records, **cls._attributes(model)})
        return estimator

    @staticmethod
    def _implied(model):
        """Parameters of the constructor that a model implies, by name."""
        machine = model.machine
        return {
            "hidden_layer_sizes": machine.n_units[1:], "visible": machine.visible.units.name,
            "autoregressive": machine.is_autoregressive,
        }  # fmt: skip

    def _check_given(self, model):
        """Refuse parameters that contradict those that a given model implies."""
        implied = self._implied(model)
        sizes, visible = implied["hidden_layer_sizes"], implied["visible"]
        check_layer(self.transform_layer, len(sizes))
        if hidden_sizes(self.hidden_layer_sizes) != sizes or self.visible not in ("auto", visible):
            raise ValueError(
                f"The arrays make hidden_layer_sizes={sizes} and visible={visible!r}, got "
                f"{self.hidden_layer_sizes!r} and {self.visible!r}."
            )
        if self.autoregressive != implied.get("autoregressive", self.autoregressive):
            raise ValueError(
                f"The arrays make autoregressive={implied['autoregressive']}, got "
                f"{self.autoregressive!r}."
            )

    _attributes = staticmethod(fitted_attributes)
    _model_of = BeliefNetModel  # an encoding and a machine

    def _begin(self, X, summary, indices, weights, relative, seed):
        """A new machine for the data, not yet trained; nothing of the estimator changes.

        weights, relative : of the rows, or None, the latter with the mean 1.
        """
        sizes = self._checked_sizes(X.shape[1])
        found = self._fit_encoding(X, summary, indices, weights)
        rng = _keys.generator(seed, Purpose.INITIALISE)
        encoding, units, intercept = self._in_order(found, X, indices, relative, rng)
        rows = encoding.table(X, summary, relative)
        machine = self._new_machine((X.shape[1], *sizes), units, intercept, rng, summary)
        return Start(machine, encoding, rows, Past(seed))

    def _in_order(self, found, X, indices, weights, rng):
        """An encoding, units and intercept, with the columns in the machine's order.

        found : those of the user's order.
        """
        return found

    def _checked_sizes(self, n_features):
        """Units of each hidden layer, from the data upward, of settings that go together."""
        sizes = hidden_sizes(self.hidden_layer_sizes)
        check_layer(self.transform_layer, len(sizes))
        return sizes

    def _continue(self, X, summary, weights):
        """The fitted machine, to be trained further; its sizes and units have to stay."""
        self._check_continuation()
        encoding, history = self._model.encoding, self._history
        past = history.past
        if self.solver != history.solver:
            past = replace(past, optimizer=None)
        return Start(
            self._machine, encoding, encoding.table(X, summary, weights), past,
            tuple(self.loss_curve_), tuple(self.validation_scores_ or ()), self._scored_epochs,
        )  # fmt: skip

    def _check_continuation(self):
        """Refuse to train a fitted machine further after its sizes or units were changed."""
        check_continuation(self)

    def _split(self, known, seed):
        """Numbers of the rows to train on and of the rows held out, of those known."""
        n_rows = len(known)
        n_out = n_held_out(self, n_rows)
        if n_out >= n_rows:
            raise ValueError(
                f"early_stopping=True with validation_fraction={self.validation_fraction} leaves "
                f"no training rows out of n_samples={n_rows}."
            )
        order = _keys.generator(seed, Purpose.SPLIT).permutation(n_rows)
        return known[np.sort(order[n_out:])], known[np.sort(order[:n_out])]

    def _n_epochs(self, n_rows, stops, encoding):
        """The most epochs of a fit to so many rows.

        stops : whether it stops early; encoding : of the columns.
        """
        return n_epochs(self, n_rows, stops, encoding)

    def _check_partial_fit(self):
        """Refuse settings that need to know how long training will be."""
        check_partial_fit(self)

    def _rate(self, n_together):
        """The first learning rate for minibatches of so many rows."""
        return learning_rate(self, n_together)

    def _schedule(self, n_together):
        return _SCHEDULES[self.learning_rate](self._rate(n_together))

    def _penalties(self, n_rows, encoding=None):
        """Penalties of connections and of lateral weights.

        n_rows : of the table, or None; encoding : of its columns.
        """
        return penalties(self, n_rows, column_variances(encoding))

    @property
    def _rule_warmup(self):
        """The share of the epochs of a first fit in which the rule begins gently."""
        return 0.0

    def _optimizer(self):
        return Adam() if self.solver == "adam" else SGD(self.momentum)

    def _train(
        self, start, plan, history, compilation, validation=None, callbacks=None, stops=False
    ):
        """The `Outcome` of training, all of which is published.

        history : to be remembered; compilation : a `Compilation`; stops : whether training ends
        when the objective on held-out rows improves no more, and the best machine is kept.
        """
        training = Training(
            start.machine, self._rule(), self._optimizer(), self._n_threads, start.past,
            self._penalties(history.n_rows, start.encoding), takes_averages(self),
            gradients_of(start.rows),
        )  # fmt: skip
        waits = stops or isinstance(plan.schedule, Adaptive)
        lines = self._lines(plan, compilation, callbacks)
        monitor = Monitor(
            validation,
            log_volume=start.rows.choose(plan.indices).log_volume,
            patience=patience(self, len(plan.indices)) if waits else None,
            keeps_best=stops,
            tol=self.tol,
            report=lines,
            callbacks=callbacks,
        )
        outcome = train(training, start.rows, plan, monitor)
        if lines is not None:
            lines.end()
        self._become(self._records(start, training, monitor))
        self._publish(self._summaries(start.rows.choose(plan.indices)))
        past = training.past
        if monitor.best is not None:
            past = replace(past, average=None)
        self._history = replace(history, past=past)
        return outcome

    def _lines(self, plan, compilation, callbacks):
        """The lines that tell the user of epochs, or None."""
        if not self.verbose:
            return None
        look = _no_look if callbacks is None else callbacks.look
        return self._epoch_lines(plan.max_iter, len(plan.indices), compilation, look)

    def _records(self, start, training, monitor):
        """Attributes of a fitted estimator, by name: parameters and records so far.

        The state of the optimiser and what rules remember are not among them: a training that goes
        on needs them, and one that is copied as it goes begins with new ones.
        """
        losses = [*start.losses, *monitor.losses]
        past = Past(start.past.seed, training.step_number)
        return {
            **{name: getattr(self, name) for name in _SEEN if hasattr(self, name)},
            "loss_curve_": losses,
            "n_iter_": len(losses),
            "validation_scores_": [*start.scores, *monitor.scores] or None,
            "best_validation_score_": monitor.best_score if monitor.scores else None,
            "_scored_epochs": (*start.scored, *_last(len(monitor.scores), losses)),
            "_history": History(past),
            **self._attributes(self._model_of(start.encoding, training.machine)),
            **({} if self._schema is None else mixed_attributes(self._schema, start.encoding)),
        }

    def _summaries(self, rows):
        """Attributes by name of what the fitted model makes of the rows that it learnt from."""
        return {}

    def _end(self, outcome):
        """Tell how training ended, where that needs to be known: the estimator is what it became.

        An interrupt goes on to whoever called.
        """
        diverged = (
            f"Training diverged after {self.n_iter_} epochs and stopped; the machine keeps the "
            f"last good parameters. {self._remedy_of_divergence}"
        )
        if outcome.interrupt is not None:
            kept = f"The {type(self).__name__} keeps what it learnt in {self.n_iter_} epochs."
            outcome.interrupt.add_note(diverged if outcome.end is End.DIVERGED else kept)
            raise outcome.interrupt
        if outcome.end is End.DIVERGED:
            notify(diverged, ConvergenceWarning)
        return self

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_model")


class TrainedDensityEstimator(TrainingMixin, LayeredEstimator):
    """A latent density estimator that learns step by step."""

    _reads_collections = READS_AND_LEARNS


def _last(n, records):
    """Numbers of the last n of some records, from 0."""
    return range(len(records) - n, len(records))


def _no_look():
    """Nothing, where nobody looks."""


def _known_to_learn_from(summary, weights):
    """Numbers of the rows of which anything is known, or a ValueError: the others teach nothing.

    Nor do rows of weight zero; weights : (n_samples,) or None.
    """
    known = summary.known_rows
    if not len(known):
        raise ValueError("Every value of X is missing (NaN): there is nothing to learn from.")
    return known if weights is None else known[weights[known] != 0]
