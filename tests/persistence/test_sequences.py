"""Models of sequences come back from files, answer the same, and go on learning."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz import load, save
from tests.persistence.fitted import SEQUENCES, difference


@pytest.mark.parametrize("name", SEQUENCES)
def test_models_of_sequences_come_back(tmp_path, name):
    make, X = SEQUENCES[name]
    model = make().fit(X)
    save(model, tmp_path / "model.npz")
    loaded = load(tmp_path / "model.npz")
    assert loaded.get_params() == model.get_params()
    given = model.get_params()
    held = [{k: v for k, v in vars(m).items() if k not in given} for m in (model, loaded)]
    assert difference(*held) is None
    assert_array_equal(np.asarray(loaded.transform(X)), np.asarray(model.transform(X)))
    if model.noise != "none":
        assert loaded.score(X) == model.score(X)
        return
    model = copy.deepcopy(model)
    for one in (model, loaded):
        one.partial_fit(X)
    assert_array_equal(model.components_, loaded.components_)
