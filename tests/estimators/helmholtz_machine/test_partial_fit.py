"""`partial_fit`: it resumes to the bit, and what it takes and refuses."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from sklearn_helmholtz import _training
from tests.estimators.helmholtz_machine.builders import (
    DATA,
    machine,
    real_data,
    same_bits,
)


@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("averaging", [False, True])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_resumes(visible, solver, averaging):
    X, params = DATA[visible], {"solver": solver, "averaging": averaging}
    model = machine(max_iter=3, **params).fit(X)
    passes = machine(**params)
    for n in (1, 2, 3):
        assert passes.partial_fit(X) is passes
        assert passes.n_iter_ == len(passes.loss_curve_) == n
    assert same_bits(passes, model)
    assert passes.loss_curve_ == model.loss_curve_
    # From fit to partial_fit and back out of a pickle, too.
    mixed = machine(max_iter=2, **params).fit(X)
    mixed = pickle.loads(pickle.dumps(mixed)).partial_fit(X)
    assert same_bits(mixed, model)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_keeps_the_state_of_the_optimiser(solver):
    X = DATA["bernoulli"]
    resumed, fresh = (machine(solver=solver).partial_fit(X) for _ in range(2))
    past = replace(fresh._history.past, optimizer=None)
    fresh._history = replace(fresh._history, past=past)
    resumed.partial_fit(X)
    fresh.partial_fit(X)
    assert not same_bits(resumed, fresh)


def test_partial_fit_with_another_solver():
    X = DATA["bernoulli"]
    model = machine(solver="sgd").fit(X).set_params(solver="adam")
    assert np.isfinite(model.partial_fit(X).score(X))


@pytest.mark.usefixtures("step_by_step")
def test_partial_fit_takes_minibatches_and_other_rows(monkeypatch):
    sizes, step = [], _training.Training.step

    def spy(self, rows, batch, rate):
        sizes.append(len(batch))
        return step(self, rows, batch, rate)

    monkeypatch.setattr(_training.Training, "step", spy)
    X = DATA["bernoulli"]
    model = machine(batch_size=20).partial_fit(X[:50])
    assert sizes == [20, 20, 10]
    model.partial_fit(X[50:])
    assert sizes[3:] == [10]
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, :3])
    with pytest.raises(ValueError, match="Column 0 of X holds the value 4"):
        model.partial_fit(X + 3)
    assert machine().partial_fit(real_data()).visible_ == "gaussian"


def test_partial_fit_refuses():
    X = DATA["bernoulli"]
    with pytest.raises(ValueError, match=r"early_stopping=True.*partial_fit.*early_stopping=False"):
        machine(early_stopping=True).partial_fit(X)
    with pytest.raises(ValueError, match=r"learning_rate='cosine'.*learning_rate='constant'"):
        machine(learning_rate="cosine").partial_fit(X)
