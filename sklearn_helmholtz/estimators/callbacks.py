"""Callbacks around a fit and around its epochs: those of scikit-learn, and a monitor."""

import copy
import inspect


class EpochCallbacks:
    """The monitor and the callbacks of an estimator during one fit.

    scikit-learn has callbacks from version 1.9 on, and takes them down after whatever end.

    estimator : what is being fitted; monitor : called as
    ``monitor(fitted estimator, number of the epoch, X_val)``, or None; with ``sample_weight``, the
    weights of these rows, if there are any and it has a parameter of that name. It may have
    ``check_rows(X_val)``, called before training, and ``look_of(epoch)``, see `look`.
    """

    def __init__(self, estimator, monitor=None):
        _check_monitor(monitor)
        self._estimator, self._monitor, self._n_done = estimator, monitor, 0
        self._X_val = self._learnt = self._fit = self._epoch = None
        self._told, self._weights = {}, {}
        if hasattr(estimator, "_init_callback_context"):
            self._fit = estimator._init_callback_context(max_subtasks=None)

    @property
    def needs_rows(self):
        """Whether somebody is to be given the rows that are held out."""
        return self._monitor is not None

    def begin_fit(self, n_epochs, data, weights, X_val, weights_val, learnt):
        """Call those that want to know of the beginning.

        n_epochs : the most there can be; data, weights : as they were validated; X_val : rows held
        out, as they were given, or None; weights_val : of these, or None; learnt : a function of a
        training and its `Monitor` to what makes an estimator a fitted one, by name.
        """
        self._told = {"X": data, "metadata": {"sample_weight": weights}}
        self._X_val, self._learnt = X_val, learnt
        if weights_val is not None and _takes_weights(self._monitor):
            self._weights = {"sample_weight": weights_val}
        if hasattr(self._monitor, "check_rows"):
            self._monitor.check_rows(X_val)
        if self._fit is not None:
            self._fit.max_subtasks = n_epochs
            self._fit.call_on_fit_task_begin(estimator=self._estimator, **self._told)

    def begin_epoch(self):
        """Call the hooks that want to know of a beginning."""
        if self._fit is not None:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._told)

    def end_epoch(self, training, records):
        """Call the monitor and the hooks that want to know of an end; whether one asks to stop.

        Those that ask for a fitted estimator get one with a copy of the parameters so far, and the
        records of this fit.
        """
        self._n_done += 1
        asked = self._monitor is not None and bool(
            self._monitor(
                self._fitted_copy(training, records), self._n_done, self._X_val, **self._weights
            )
        )
        if self._epoch is not None:
            asked |= self._epoch.call_on_fit_task_end(
                estimator=self._estimator,
                **self._told,
                reconstruction_attributes=lambda: {"_learnt": self._learnt(training, records)},
            )
        return asked

    def look(self):
        """A result of `log_likelihood` after the epoch that has ended, or None: the monitor's."""
        has_looks = hasattr(self._monitor, "look_of")
        return self._monitor.look_of(self._n_done) if has_looks else None

    def end_fit(self):
        """Call the hooks that want to know of the end of the fit."""
        if self._fit is not None:
            self._fit.call_on_fit_task_end(estimator=self._estimator, **self._told)

    def _fitted_copy(self, training, records):
        """A copy of the estimator that has nothing of an earlier fit which this one has not."""
        fitted = copy.copy(self._estimator)
        fitted._learnt = self._learnt(training, records)
        return fitted


def _check_monitor(monitor):
    """Refuse a monitor that cannot be called, and a class of monitors."""
    if monitor is not None and (isinstance(monitor, type) or not callable(monitor)):
        raise TypeError(
            "monitor must be called as monitor(estimator, epoch, X_val), such as "
            f"HeldOutLikelihood(), or be None, got {monitor!r}."
        )


def _takes_weights(monitor):
    """Whether a monitor has a parameter for the weights of rows."""
    try:
        return "sample_weight" in inspect.signature(monitor).parameters
    except (TypeError, ValueError):  # None, and what does not tell
        return False
