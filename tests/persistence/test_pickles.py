"""Pickles of other versions work with a warning, or say in a sentence why they cannot."""

import dataclasses
import pickle

import pytest
from numpy.testing import assert_array_equal

from tests.persistence.fitted import CASES, difference

ONE_EACH = ("machine of bits", "exact of bits", "isotropic", "few mixed")


@pytest.fixture(scope="module", params=ONE_EACH)
def fitted(request):
    make, X = CASES[request.param]
    return make().fit(X), X


def of_another_version(model, monkeypatch, drop=()):
    """A pickle as version 0.0.7 would have written it, some attributes of which it did not know."""
    state = {k: v for k, v in model.__getstate__().items() if k not in drop}
    with monkeypatch.context() as patch:
        patch.setattr(type(model), "__getstate__", lambda self: state)
        state["_sklearn_helmholtz_version"] = "0.0.7"
        return pickle.dumps(model)


def test_another_version_is_said_and_works(fitted, monkeypatch):
    model, X = fitted
    text = of_another_version(model, monkeypatch)
    with pytest.warns(UserWarning, match=r"saved by sklearn_helmholtz 0\.0\.7 and is loaded by"):
        loaded = pickle.loads(text)
    assert_array_equal(loaded.score_samples(X), model.score_samples(X))


def test_parameters_that_are_new_have_their_defaults(fitted, monkeypatch):
    model, X = fitted
    text = of_another_version(model, monkeypatch, drop={"tol"})
    with pytest.warns(UserWarning, match="results may differ"):
        loaded = pickle.loads(text)
    assert loaded.tol == type(model)().tol
    assert_array_equal(loaded.score_samples(X), model.score_samples(X))


def test_models_of_another_form_are_refused(fitted, monkeypatch):
    model, _ = fitted
    machine = model._model.machine
    field = dataclasses.fields(machine)[0].name
    older = object.__new__(type(machine))
    older.__dict__.update({k: v for k, v in vars(machine).items() if k != field})
    changed = dataclasses.replace(model._model, machine=older)
    with monkeypatch.context() as patch:
        patch.setitem(vars(model), "_model", changed)
        text = of_another_version(model, patch)
    sentence = f"0.0.7, whose {type(machine).__name__} had no '{field}', which .* needs: load it"
    with pytest.raises(ValueError, match=sentence):
        pickle.loads(text)


def test_pickles_keep_everything(fitted):
    model, _ = fitted
    assert difference(vars(model), vars(pickle.loads(pickle.dumps(model)))) is None
