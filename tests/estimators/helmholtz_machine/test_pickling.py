"""Copies: clones, pickles, memory maps, and pages that show an estimator."""

import io
import pickle
from dataclasses import replace

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_html_repr

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.estimators import published
from tests.estimators.helmholtz_machine.builders import (
    DATA,
    SCORING,
    is_finite,
    machine,
    same_bits,
)


def test_clone_is_not_fitted(fitted):
    copy = clone(fitted[0])
    assert copy.get_params() == fitted[0].get_params()
    with pytest.raises(NotFittedError):
        copy.score(fitted[1])


def test_pickle_goes_on_like_the_original(fitted):
    model, X = fitted
    copy = pickle.loads(pickle.dumps(model))
    for method in SCORING:
        assert_array_equal(getattr(copy, method)(X), getattr(model, method)(X))
    assert same_bits(copy, model)
    assert same_bits(copy.partial_fit(X), pickle.loads(pickle.dumps(model)).partial_fit(X))


def test_pickle_of_another_version_warns(monkeypatch):
    model = machine().fit(DATA["bernoulli"])
    with monkeypatch.context() as patch:
        patch.setattr(published, "__version__", "0.0.1")
        old = pickle.dumps(model)
    with pytest.warns(UserWarning, match=r"saved by sklearn_helmholtz 0\.0\.1.*Fit it again"):
        copy = pickle.loads(old)
    assert same_bits(copy, model)
    assert vars(copy).keys() == vars(model).keys()


def test_machines_without_an_average_go_on():
    X = DATA["bernoulli"]
    model = machine(averaging=False).fit(X)
    old = without_average(pickle.loads(pickle.dumps(model)))
    assert same_bits(old.partial_fit(X), model.partial_fit(X))
    old = without_average(pickle.loads(pickle.dumps(old)))
    old.set_params(warm_start=True, averaging=True).fit(X)
    assert is_finite(old)


def without_average(model):
    past = replace(model._history.past, average=None)
    model._history = replace(model._history, past=past)
    return model


def test_memory_mapped_model(tmp_path, wide):
    model, X = wide
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert isinstance(mapped.generative_coefs_[0], np.memmap)
    assert not mapped.generative_coefs_[0].flags.writeable
    for method in SCORING:
        assert_array_equal(getattr(mapped, method)(X[:9]), getattr(model, method)(X[:9]))
    assert_array_equal(mapped.sample(4, random_state=0), model.sample(4, random_state=0))
    mapped.partial_fit(X)
    assert is_finite(mapped)


def test_compressed_dump():
    model = machine(max_iter=1).fit(DATA["bernoulli"])
    stream = io.BytesIO()
    joblib.dump(model, stream, compress=3)
    stream.seek(0)
    assert same_bits(joblib.load(stream), model)


def test_html_shows_the_parameters():
    model = machine(n_particles=17)
    for estimator in (model, clone(model).fit(DATA["bernoulli"])):
        html = estimator_html_repr(estimator)
        assert "HelmholtzMachine" in html
        assert "n_particles" in html
        assert "17" in html
    assert repr(HelmholtzMachine(n_particles=17)) == "HelmholtzMachine(n_particles=17)"
