"""`warm_start`: a second `fit` goes on where the first ended."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.estimators.helmholtz_machine.builders import (
    DATA,
    binary_data,
    machine,
    parameters,
    real_data,
)


def test_warm_start_goes_on():
    X = DATA["bernoulli"]
    model = machine(warm_start=True, learning_rate_init=1e-6).fit(X)
    start = [array.copy() for array in parameters(model)]
    losses = list(model.loss_curve_)
    model.fit(X)
    assert model.n_iter_ == 10
    assert model.loss_curve_[:5] == losses
    assert len(model.loss_curve_) == 10
    for before, after in zip(start, parameters(model), strict=True):
        assert_allclose(after, before, atol=1e-3)
        assert (after != before).any()
    cold = machine(learning_rate_init=1e-6).fit(X)
    assert cold.fit(X).n_iter_ == 5


def test_warm_start_keeps_units_and_names():
    X = real_data()
    model = machine(warm_start=True, max_iter=2).fit(X)
    scaling = model._model.encoding.scaling
    model.fit(X * 5 + 1)
    assert model._model.encoding.scaling is scaling
    with pytest.raises(ValueError, match=r"hidden_layer_sizes is \(5,\).*\(4, 3\).*warm_start"):
        model.set_params(hidden_layer_sizes=(5,)).fit(X)
    with pytest.raises(ValueError, match="features"):
        model.set_params(hidden_layer_sizes=(4, 3)).fit(X[:, :2])
    with pytest.raises(ValueError, match=r"visible is 'bernoulli'.*'gaussian'"):
        model.set_params(visible="bernoulli").fit(X)


def test_first_step_of_a_warm_start_is_as_long_as_any_first_step():
    X = binary_data(500)
    model = machine(warm_start=True, batch_size=1, max_iter=4, learning_rate_init=1e-3).fit(X)
    before = parameters(model)
    model.set_params(batch_size=500, max_iter=1).fit(X)
    moves = [np.abs(a - b).max() for a, b in zip(before, parameters(model), strict=True)]
    assert max(moves) < 1.01e-3


def test_warm_start_with_early_stopping_keeps_the_best():
    X = binary_data(80)
    model = machine(early_stopping=True, warm_start=True, max_iter=60, learning_rate_init=0.02)
    model.fit(X, X_val=X)
    before = model.score(X)
    model.set_params(learning_rate_init=1.0, max_iter=3).fit(X, X_val=X)
    assert model.score(X) >= before - 0.05
