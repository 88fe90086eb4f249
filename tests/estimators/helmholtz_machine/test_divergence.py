"""A fit that diverges is undone, and says so once."""

import pickle
import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from sklearn_helmholtz import _training
from tests.estimators.helmholtz_machine.builders import (
    DATA,
    FRACTIONAL,
    REMEDY,
    SCORING,
    is_finite,
    machine,
    same_bits,
)


@pytest.mark.parametrize("rate", [1e3, 1e6])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("X", [*DATA.values(), FRACTIONAL], ids=[*DATA, "fractional"])
def test_divergence_is_undone(solver, X, rate):
    model = machine(solver=solver, learning_rate_init=rate, max_iter=20)
    with np.errstate(all="ignore"), pytest.warns(ConvergenceWarning, match=REMEDY):
        model.fit(X)
    assert is_finite(model)
    assert model.score(X) > -1e3
    assert model.n_iter_ == len(model.loss_curve_) < 20
    for method in SCORING:
        assert np.isfinite(getattr(model, method)(X)).all()
    model.set_params(learning_rate_init=1e-3).partial_fit(X)
    assert np.isfinite(model.score(X))


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_divergence_warns_once(solver):
    model = machine(solver=solver, learning_rate_init=1e3)
    with pytest.warns(ConvergenceWarning, match=REMEDY) as caught:
        model.fit(DATA["gaussian"])
    assert len(caught) == 1


@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_divergence_in_the_last_step(solver, visible):
    X = DATA[visible]
    model = machine(solver=solver, learning_rate_init=1e6, max_iter=1, batch_size=100)
    with np.errstate(all="ignore"), pytest.warns(ConvergenceWarning, match=REMEDY):
        model.fit(X)
    assert model.score(X) > -1e3


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_divergence_of_partial_fit(solver):
    model = machine(solver=solver, learning_rate_init=1e4)
    with pytest.warns(ConvergenceWarning, match=REMEDY):
        model.partial_fit(DATA["bernoulli"])
    assert model.score(DATA["bernoulli"]) > -20


def test_an_average_stands_where_it_stood_before_a_divergence():
    X = DATA["bernoulli"]
    model, new = machine(averaging=True).fit(X), machine(averaging=True)
    before = pickle.loads(pickle.dumps(model))
    for each in (model, new):
        each.set_params(learning_rate_init=1e6)
        with np.errstate(all="ignore"), pytest.warns(ConvergenceWarning, match=REMEDY):
            each.partial_fit(X)
    assert same_bits(model, before)
    averages = [each._history.past.average for each in (model, before, new)]
    for one, other in zip(*averages[:2], strict=True):
        assert_array_equal(one, other)
    assert averages[2][1:] == (0, 0)


@pytest.mark.usefixtures("step_by_step")
def test_an_interrupt_after_a_divergence_is_a_divergence(monkeypatch):
    X, original = DATA["bernoulli"], _training.Training.step

    def interrupt(self, *args):
        original(self, *args)
        raise KeyboardInterrupt

    monkeypatch.setattr(_training.Training, "step", interrupt)
    model = machine(solver="sgd", learning_rate_init=1e30)
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(X)
    assert re.search(REMEDY, caught.value.__notes__[0])
    assert model.score(X) > -20
