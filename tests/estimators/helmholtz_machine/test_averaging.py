"""`averaging`: it changes what is kept of training, not its course."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz import HelmholtzMachine
from tests.estimators.helmholtz_machine.builders import (
    DATA,
    NETS,
    machine,
    parameters,
    same_bits,
)


def test_averaging_changes_what_comes_of_training_and_not_its_course():
    X = DATA["bernoulli"]
    plain, averaged = (machine(averaging=on, learning_rate_init=0.01) for on in (False, True))
    for _ in range(3):
        assert not same_bits(plain.partial_fit(X), averaged.partial_fit(X))
    assert plain.loss_curve_ == averaged.loss_curve_
    # Without averaging, training goes on from what was published.
    goes_on = pickle.loads(pickle.dumps(averaged)).set_params(averaging=False).partial_fit(X)
    fresh = HelmholtzMachine.from_parameters(
        *(getattr(averaged, name) for name in NETS),
        random_state=0,
        batch_size=20,
        averaging=False,
    )
    fresh._history = averaged._history
    fresh._model = replace(fresh._model, encoding=averaged._model.encoding)
    assert same_bits(goes_on, fresh.partial_fit(X))


def test_averages_are_what_is_validated_and_kept():
    X = DATA["bernoulli"]
    model = machine(averaging=True, early_stopping=True, max_iter=10).fit(X[:40], X_val=X[40:])
    looks = []
    machine(averaging=True, max_iter=10).fit(
        X[:40], X_val=X[40:], monitor=lambda model, epoch, X_val: looks.append(parameters(model))
    )
    best = looks[int(np.argmax(model.validation_scores_))]
    for array, kept in zip(parameters(model), best, strict=True):
        assert_array_equal(array, kept)


@pytest.mark.parametrize(
    ("params", "is_averaged"),
    [
        ({}, True),
        ({"autoregressive": True}, True),
        ({"learning_rate": "cosine"}, False),
        ({"learning_rate": "cosine", "autoregressive": True}, True),
    ],
)
def test_averaging_is_the_default_where_rates_do_not_fall(params, is_averaged):
    X = DATA["bernoulli"]
    default, *others = (
        machine(**params, **more).fit(X) for more in ({}, {"averaging": False}, {"averaging": True})
    )
    assert [same_bits(default, other) for other in others] == [not is_averaged, is_averaged]
