"""scikit-learn's callbacks, such as its progress bar, called around a fit and around its epochs."""

from .attributes import fitted_attributes


class EpochCallbacks:
    """The callbacks of an estimator during one fit; does nothing before scikit-learn 1.9.

    estimator : what is being fitted; data : what it is fitted to; n_epochs : the most there can be;
    start : where training begins, with the fields ``visible``, ``rows`` and ``stand_in``.
    """

    def __init__(self, estimator, data, n_epochs, start):
        self._estimator, self._data, self._start = estimator, data, start
        self._fit = self._epoch = None
        if hasattr(estimator, "_init_callback_context"):
            self._fit = estimator._init_callback_context(max_subtasks=n_epochs)
            self._fit.call_on_fit_task_begin(estimator=estimator, X=data)

    def begin_epoch(self):
        """Call the hooks that want to know of a beginning."""
        if self._fit is not None:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(estimator=self._estimator, X=self._data)

    def end_epoch(self, training):
        """Call the hooks that want to know of an end; returns whether one asks to stop.

        Hooks that ask for a fitted estimator get one with a copy of the parameters so far.
        """
        return self._epoch is not None and self._epoch.call_on_fit_task_end(
            estimator=self._estimator,
            X=self._data,
            reconstruction_attributes=lambda: {
                "visible_": self._start.visible,
                "_sparse": self._start.rows.sparse,
                **fitted_attributes(
                    training.machine, self._start.rows.scaling, self._start.stand_in
                ),
            },
        )

    def end_fit(self):
        """Call the hooks that want to know of the end of the fit."""
        if self._fit is not None:
            self._fit.call_on_fit_task_end(estimator=self._estimator, X=self._data)
