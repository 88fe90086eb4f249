"""`fit`: the same again, what it records, and the tables and sizes it takes."""

import pickle
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone

from tests.estimators.helmholtz_machine.builders import (
    DATA,
    binary_data,
    is_finite,
    machine,
    parameters,
    real_data,
    same_bits,
)


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("visible", DATA)
def test_fit_again_is_the_same(algorithm, solver, visible):
    X = DATA[visible]
    model = machine(algorithm=algorithm, solver=solver).fit(X)
    assert same_bits(clone(model).fit(X), model)
    first = pickle.dumps(parameters(model))
    assert pickle.dumps(parameters(model.fit(X))) == first
    assert not same_bits(clone(model).set_params(random_state=1).fit(X), model)


OTHERS = [
    {"algorithm": "wake-sleep"},
    {"n_particles": 2},
    {"solver": "sgd"},
    {"solver": "sgd", "momentum": 0.1},
    {"learning_rate": "cosine"},
    {"learning_rate_init": 0.01},
    {"averaging": False},
    {"batch_size": 7},
    {"alpha": 0.1},
    {"shuffle": False},
    {"early_stopping": True},
    {"visible": "gaussian"},
    {"max_iter": 9},
]


@pytest.mark.parametrize("params", OTHERS, ids=str)
def test_every_parameter_of_learning_matters(params):
    X = DATA["bernoulli"]
    model = machine()
    changed = machine(**params).fit(X)
    if params.get("momentum"):
        model.set_params(solver="sgd")
    assert not same_bits(model.fit(X), changed)
    assert is_finite(changed)


def test_fitting_learns():
    X = binary_data(300)
    first, last = (machine(max_iter=n, learning_rate_init=0.02).fit(X) for n in (1, 60))
    independent = X.mean(axis=0)
    baseline = (X * np.log(independent) + (1 - X) * np.log1p(-independent)).sum(axis=1).mean()
    assert last.score(X) > baseline + 0.2
    assert last.score(X) > first.score(X)
    assert last.loss_curve_[-1] < last.loss_curve_[0]
    assert_allclose(-last.loss_curve_[-1], last.score(X), atol=0.3)


def test_records_of_a_fit():
    X = DATA["bernoulli"]
    model = machine(max_iter=4).fit(X)
    assert model.n_iter_ == 4
    assert len(model.loss_curve_) == 4
    assert all(type(loss) is float for loss in model.loss_curve_)
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None
    assert model.n_features_in_ == 6
    assert [c.shape for c in model.generative_coefs_] == [(4, 6), (3, 4)]
    assert [c.shape for c in model.generative_intercepts_] == [(6,), (4,), (3,)]
    assert [c.shape for c in model.recognition_coefs_] == [(6, 4), (4, 3)]
    assert [c.shape for c in model.recognition_intercepts_] == [(4,), (3,)]


def test_records_are_in_the_units_of_the_data():
    X = 1000 * real_data(200)
    model = machine(max_iter=30, learning_rate_init=1e-3).fit(X, X_val=X)
    assert model.validation_scores_[-1] == pytest.approx(model.score(X), abs=0.5)
    assert -model.loss_curve_[-1] == pytest.approx(model.score(X), abs=1.5)


def test_int_and_tuple_and_list_of_sizes():
    X = DATA["bernoulli"]
    model = machine(4).fit(X)
    for sizes in ((4,), [4], np.array([4]), np.int64(4)):
        assert same_bits(machine(sizes).fit(X), model)


def test_many_layers():
    model = machine((2,) * 200, max_iter=1).fit(DATA["bernoulli"])
    assert np.isfinite(model.score(DATA["bernoulli"]))
    assert len(model.sample(3, return_latents=True)[1]) == 200


def test_largerows_single_rows_single_features():
    X = DATA["bernoulli"]
    assert same_bits(machine(batch_size=60).fit(X), machine(batch_size=10**6).fit(X))
    for data in (X[:1], X[:, :1], X[:1, :1], real_data()[:1], real_data()[:, :1]):
        for sizes in ((1,), (4, 3), (16,)):
            model = machine(sizes).fit(data)
            assert np.isfinite(model.score(data))
            assert is_finite(model)
            assert model.transform(data).shape == (len(data), sizes[-1])
    assert np.isfinite(machine(batch_size=1, n_particles=1).fit(X).score(X))


def test_a_refit_that_fails_changes_nothing():
    X = DATA["gaussian"]
    model = machine().fit(X)
    before = pickle.dumps(model)
    for bad in ({"X_val": X[:, :2]}, {"X_val": np.full_like(X, np.inf)}):
        with pytest.raises(ValueError, match=r"features|infinity"):
            model.fit(X + 1, **bad)
        assert pickle.dumps(model) == before


def test_verbose_lines(capsys):
    X = DATA["bernoulli"]
    machine(max_iter=3, verbose=1).fit(X, X_val=X)
    lines = capsys.readouterr().out.splitlines()[-3:]  # what is compiled is told of before
    assert lines[0].startswith("Epoch 1/3: ")
    assert re.search(r"rows/s, \d+:\d\d in all$", lines[2])
    number = r"-\d+\.\d{4}"
    pattern = (
        rf"Epoch 2/3: bound {number}, held-out bound {number} nats per row, [\d,]+ rows/s, "
        r"\d+:\d\d left"
    )
    assert re.fullmatch(pattern, lines[1])
    model = machine(verbose=1).partial_fit(X)
    assert f"Epoch 1/1: bound {-model.loss_curve_[0]:.4f} nats" in capsys.readouterr().out
    machine(max_iter=3).fit(X)
    assert capsys.readouterr().out == ""
