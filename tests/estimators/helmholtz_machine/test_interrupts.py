"""An interrupt of a fit leaves a usable machine."""

import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from sklearn_helmholtz import _training
from tests.estimators.helmholtz_machine.builders import DATA, is_finite, machine, same_bits


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("step", [1, 2, 5])
def test_interrupt_leaves_a_usable_machine(monkeypatch, visible, step):
    X, original = DATA[visible], _training.Training.step

    def interrupt(self, *args):
        if self.step_number == step - 1:
            raise KeyboardInterrupt
        return original(self, *args)

    monkeypatch.setattr(_training.Training, "step", interrupt)
    model = machine(max_iter=50)
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(X)
    if step == 1:  # nothing was learnt
        assert not hasattr(caught.value, "__notes__")
        assert vars(model) == vars(machine(max_iter=50))
        return
    assert caught.value.__notes__ == [
        f"The HelmholtzMachine keeps what it learnt in {(step - 1) // 3} epochs."
    ]
    assert model.n_iter_ == len(model.loss_curve_) == (step - 1) // 3
    assert np.isfinite(model.score(X))
    assert is_finite(model)
    assert model.sample(2).shape == (2, X.shape[1])
    monkeypatch.undo()
    model.partial_fit(X)
    assert np.isfinite(model.score(X))


def test_interrupt_between_epochs_keeps_the_last_parameters(monkeypatch):
    X, original = DATA["bernoulli"], _training._epoch

    def interrupt(training, rows, plan, epoch):
        if epoch == 3:
            raise KeyboardInterrupt
        return original(training, rows, plan, epoch)

    expected = machine(max_iter=3).fit(X)
    monkeypatch.setattr(_training, "_epoch", interrupt)
    model = machine(max_iter=50)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert same_bits(model, expected)
    assert model.n_iter_ == 3


INTERRUPTED = """
    import numpy as np, signal, warnings
    from sklearn_helmholtz import HelmholtzMachine
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which the shell may have taken away
    X = np.random.default_rng(0).random((500, 20)) < 0.5
    model = HelmholtzMachine((30, 20), max_iter=10**6, random_state=0, verbose=1)
    warnings.simplefilter("error")
    try:
        model.fit(X)
    except KeyboardInterrupt as error:
        print(error.__notes__)
    print("score", np.isfinite(model.score(X)), model.n_iter_ == len(model.loss_curve_) > 0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_real_interrupt():
    program = [sys.executable, "-c", textwrap.dedent(INTERRUPTED)]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout.readline().startswith("Epoch 1/")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert "The HelmholtzMachine keeps what it learnt in" in out
    assert "score True True" in out
