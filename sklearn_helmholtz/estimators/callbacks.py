"""Who is called around a fit and around its epochs: scikit-learn's callbacks, and a monitor."""

import copy

from .attributes import fitted_attributes, publish


class EpochCallbacks:
    """The monitor and the callbacks of an estimator during one fit.

    scikit-learn has callbacks from version 1.9 on.

    estimator : what is being fitted; data : what it is fitted to; n_epochs : the most there can be;
    start : where training begins, with the fields ``visible``, ``rows`` and ``stand_in``; monitor :
    called as ``monitor(fitted estimator, number of the epoch, X_val)``, or None; it may have
    ``check_rows(X_val)``, called before training; X_val : rows held out, or None.
    """

    def __init__(self, estimator, data, n_epochs, start, monitor=None, X_val=None):
        self._estimator, self._data, self._start = estimator, data, start
        self._monitor, self._X_val, self._n_done = monitor, X_val, 0
        self._fit = self._epoch = None
        if hasattr(monitor, "check_rows"):
            monitor.check_rows(X_val)
        if hasattr(estimator, "_init_callback_context"):
            self._fit = estimator._init_callback_context(max_subtasks=n_epochs)
            self._fit.call_on_fit_task_begin(estimator=estimator, X=data)

    def begin_epoch(self):
        """Call the hooks that want to know of a beginning."""
        if self._fit is not None:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(estimator=self._estimator, X=self._data)

    def end_epoch(self, training):
        """Call the monitor and the hooks that want to know of an end; whether one asks to stop.

        Those that ask for a fitted estimator get one with a copy of the parameters so far.
        """
        self._n_done += 1
        asked = self._monitor is not None and bool(
            self._monitor(self._fitted_copy(training), self._n_done, self._X_val)
        )
        if self._epoch is not None:
            asked |= self._epoch.call_on_fit_task_end(
                estimator=self._estimator,
                X=self._data,
                reconstruction_attributes=lambda: self._attributes(training),
            )
        return asked

    def end_fit(self):
        """Call the hooks that want to know of the end of the fit."""
        if self._fit is not None:
            self._fit.call_on_fit_task_end(estimator=self._estimator, X=self._data)

    def _fitted_copy(self, training):
        """A copy of the estimator that has nothing of an earlier fit which this one has not."""
        fitted, start = copy.copy(self._estimator), self._start
        fitted.visible_, fitted._sparse = start.visible, start.rows.sparse
        publish(fitted, training.machine, start.rows.scaling, start.stand_in)
        return fitted

    def _attributes(self, training):
        rows = self._start.rows
        return {
            "visible_": self._start.visible,
            "_sparse": rows.sparse,
            **fitted_attributes(training.machine, rows.scaling, self._start.stand_in),
        }
