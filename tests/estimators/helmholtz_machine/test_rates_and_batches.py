"""Learning rates and sizes of batches: by default, and as they fall."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone

from sklearn_helmholtz import (
    DeterministicHelmholtzMachine,
    GaussianHelmholtzMachine,
    HelmholtzMachine,
    SigmoidBeliefNet,
    _gradients,
    _training,
)
from sklearn_helmholtz.estimators import defaults
from tests.estimators.helmholtz_machine.builders import binary_data, machine


def rates_of(model, monkeypatch, X, **fit_params):
    """The learning rates of the epochs of a fit."""
    rates, original = [], _training._epoch

    def epoch(training, rows, plan, number):
        rates.append(plan.schedule.rate(number / plan.max_iter))
        return original(training, rows, plan, number)

    with monkeypatch.context() as patched:
        patched.setattr(_training, "_epoch", epoch)
        model.fit(X, **fit_params)
    return np.array(rates)


@pytest.mark.parametrize("held_out", [False, True])
def test_adaptive_rates_fall_by_five_where_nothing_improves(held_out, monkeypatch):
    X = binary_data(100)
    params = {"learning_rate": "adaptive", "learning_rate_init": 1e-2, "n_iter_no_change": 3}
    model = machine(**params, max_iter=60, tol=0.05)
    rates = rates_of(model, monkeypatch, X, X_val=X[:30] if held_out else None)
    progress = model.validation_scores_ if held_out else np.negative(model.loss_curve_)
    expected, best, waiting, rate = [], -np.inf, 0, 1e-2
    for value in progress:
        expected.append(rate)
        waiting = 0 if value > best + 0.05 else waiting + 1
        best = max(best, value)
        if waiting == 3:
            rate, waiting = rate / 5, 0
    assert_allclose(rates, expected)
    assert rates[-1] < 1e-2
    assert model.n_iter_ < 60
    assert rates[-1] / 5 < 1e-6 <= rates[-1]


def test_an_adaptive_rate_falls_before_early_stopping_stops(monkeypatch):
    X = binary_data(100)
    params = {"early_stopping": True, "max_iter": 60, "tol": 0.3, "n_iter_no_change": 2}
    soon = machine(**params).fit(X)
    model = machine(**params, learning_rate="adaptive", learning_rate_init=1e-2)
    rates = rates_of(model, monkeypatch, X)
    assert model.n_iter_ > soon.n_iter_
    assert len(set(rates)) == 6
    assert model.best_validation_score_ == max(model.validation_scores_)


def steps_of(train, monkeypatch):
    """Rows and rate of each step that a call makes."""
    found, original = [], _training.Training.step

    def step(training, rows, batch, rate):
        found.append((len(batch), rate))
        return original(training, rows, batch, rate)

    with monkeypatch.context() as patched:
        patched.setattr(_training.Training, "step", step)
        patched.setattr(_gradients.BlockGradients, "most_together", lambda gradients, *_: 1)
        train()
    return found


def test_learning_rates_by_default():
    def rate(n_together=100, **params):
        return defaults.learning_rate(machine(**params), n_together)

    assert (rate(), rate(averaging=True), rate(autoregressive=True)) == (0.02, 0.02, 0.02)
    assert rate(averaging=False) == rate(autoregressive=True, averaging=False) == 0.01
    assert rate(learning_rate="cosine") == rate(learning_rate="adaptive") == 0.01
    assert rate(learning_rate="cosine", autoregressive=True) == 0.02
    assert [rate(n) for n in (1, 20, 100, 400, 1600, 6400)] == [0.02, 0.02, 0.02, 0.04, 0.08, 0.08]
    assert [rate(n, solver="sgd") for n in (20, 100, 200, 400, 800)] == [
        0.02, 0.02, 0.04, 0.08, 0.08,
    ]  # fmt: skip
    for n_together in (1, 100, 400):
        assert rate(n_together, autoregressive=True, learning_rate_init=0.5) == 0.5
        assert defaults.learning_rate(DeterministicHelmholtzMachine(), n_together) == 0.1
    gaussian = GaussianHelmholtzMachine()
    assert [defaults.learning_rate(gaussian, n) for n in (20, 100, 400)] == [5e-3, 5e-3, 1e-2]


LEARNERS = HelmholtzMachine, SigmoidBeliefNet, GaussianHelmholtzMachine


def test_rows_by_default():
    def size(n_rows, **params):
        return defaults.batch_size(HelmholtzMachine(**params), n_rows)

    assert [size(n) for n in (10, 5000, 100_000)] == [100, 100, 100]
    assert [size(10**power) for power in (6, 7, 8)] == [316, 1000, 3162]  # as pages say
    ordered = {"autoregressive": True}
    assert [size(n, **ordered) for n in (10, 1999, 5000, 100_000)] == [20, 20, 50, 100]
    assert size(5000, **ordered, batch_size=7) == size(10**9, batch_size=7) == 7


@pytest.mark.parametrize("learner", LEARNERS)
def test_minibatches_grow_with_the_root_of_the_rows_of_large_tables(learner):
    n_rows = np.unique(np.geomspace(1, 1e10, 500).astype(int))
    sizes = np.array([defaults.batch_size(learner(), n) for n in n_rows])
    assert (np.diff(sizes) >= 0).all()
    assert (sizes[n_rows <= 100_000] <= 100).all()
    grown = (n_rows >= 100_000) & (n_rows <= 4 * 10**8)
    assert_allclose(sizes[grown], 100 * np.sqrt(n_rows[grown] / 100_000), atol=1)
    assert sizes.max() == 6400
    n_steps = n_rows / sizes
    assert (np.diff(n_steps[n_rows >= 100_000]) > 0).all()  # an epoch never has fewer


@pytest.mark.parametrize("learner", LEARNERS)
def test_steps_of_a_large_table(learner, monkeypatch):
    monkeypatch.setattr(defaults, "_MANY_ROWS", 150)
    X, small = binary_data(2400), learner(max_iter=1, random_state=0)
    first = defaults.learning_rate(small, 100)
    if learner is GaussianHelmholtzMachine:
        small.set_params(learning_rate="constant")
    rates = {"learning_rate_init": 1e-3}
    assert steps_of(lambda: small.fit(X), monkeypatch) == [(400, 2 * first)] * 6
    assert steps_of(lambda: small.set_params(**rates).fit(X), monkeypatch) == [(400, 1e-3)] * 6
    given = {"batch_size": 1600, "learning_rate_init": "auto"}
    sizes = steps_of(lambda: small.set_params(**given).fit(X), monkeypatch)
    assert sizes == [(1600, 4 * first), (800, 4 * first)]


def test_rates_are_those_of_the_rows_that_a_step_has(monkeypatch):
    X = binary_data(400)
    model = machine(batch_size=1600, max_iter=1)
    assert steps_of(lambda: model.fit(X), monkeypatch) == [(400, 0.04)]
    assert steps_of(lambda: model.partial_fit(X[:100]), monkeypatch) == [(100, 0.02)]


def test_pieces_have_the_minibatches_of_the_table_that_was_fitted(monkeypatch):
    monkeypatch.setattr(defaults, "_MANY_ROWS", 150)
    X, fitted = binary_data(2400), machine(max_iter=1, batch_size="auto")
    new = clone(fitted)
    fitted.fit(X)
    assert steps_of(lambda: fitted.partial_fit(X[:800]), monkeypatch) == [(400, 0.04)] * 2
    assert steps_of(lambda: new.partial_fit(X[:600]), monkeypatch)[0] == (200, 0.02 * np.sqrt(2))
