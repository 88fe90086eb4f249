"""scikit-learn's callbacks see every epoch, get a usable estimator, and can stop a fit."""

import numpy as np
import pytest

from sklearn_helmholtz import HelmholtzMachine

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")
X = np.random.default_rng(0).integers(0, 2, (50, 6)).astype(np.uint8)


class Recorder:
    """Writes down what it is told; asks to stop at the end of an epoch, if given its number."""

    def __init__(self, stop_at=None):
        self.stop_at, self.calls, self.scores = stop_at, [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self.calls.append(f"end {context.task_name}")
        if fitted_estimator is not None:
            self.scores.append(fitted_estimator.score(X))
        return context.task_name == "epoch" and context.task_id == self.stop_at


def test_every_epoch_is_reported():
    recorder = Recorder()
    HelmholtzMachine((3,), max_iter=3, random_state=0).set_callbacks(recorder).fit(X)
    epoch = ["begin epoch", "end epoch"]
    assert recorder.calls == ["setup", "begin fit", *epoch * 3, "end fit", "teardown"]


def test_hooks_get_the_machine_of_their_epoch():
    recorder = Recorder()
    HelmholtzMachine((3,), max_iter=3, random_state=0).set_callbacks(recorder).fit(X)
    expected = [
        HelmholtzMachine((3,), max_iter=n, random_state=0).fit(X).score(X) for n in (1, 2, 3)
    ]
    assert recorder.scores == expected


def test_a_callback_can_stop_the_fit():
    machine = HelmholtzMachine((3,), max_iter=9, random_state=0).set_callbacks(Recorder(stop_at=1))
    assert machine.fit(X).n_iter_ == 2


def test_the_progress_bar_of_scikit_learn_works(capsys):
    pytest.importorskip("rich")
    HelmholtzMachine((3,), max_iter=2).set_callbacks(callback.ProgressBar()).fit(X)
    assert "HelmholtzMachine - fit" in capsys.readouterr().out
