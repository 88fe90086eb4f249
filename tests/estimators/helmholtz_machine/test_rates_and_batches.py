"""Learning rates and sizes of batches: by default, and as they fall."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz import HelmholtzMachine, _training
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


def test_learning_rates_by_default():
    def rate(**params):
        return defaults.learning_rate(machine(**params))

    assert (rate(), rate(averaging=True), rate(autoregressive=True)) == (0.01, 0.02, 0.02)
    assert rate(autoregressive=True, averaging=False) == 0.01
    assert rate(autoregressive=True, learning_rate_init=0.5) == 0.5


def testrows_by_default():
    def size(n_rows, **params):
        return defaults.batch_size(HelmholtzMachine(**params), n_rows)

    assert [size(n) for n in (10, 5000, 10**6)] == [100, 100, 100]
    ordered = {"autoregressive": True}
    assert [size(n, **ordered) for n in (10, 1999, 5000, 10**6)] == [20, 20, 50, 100]
    assert size(5000, **ordered, batch_size=7) == size(5000, batch_size=7) == 7
