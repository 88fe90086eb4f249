"""Names of columns that come in, and of features that go out: `set_output`."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from tests.estimators.helmholtz_machine.builders import DATA, machine


def test_feature_names():
    model = machine((3, 2), max_iter=1).fit(DATA["bernoulli"])
    assert list(model.get_feature_names_out()) == ["helmholtzmachine0", "helmholtzmachine1"]
    model.set_params(transform_layer="all")
    expected = ["layer1_0", "layer1_1", "layer1_2", "layer2_0", "layer2_1"]
    assert list(model.get_feature_names_out()) == expected
    model.set_params(transform_layer=1)
    assert list(model.get_feature_names_out())[-1] == "helmholtzmachine2"
    with pytest.raises(NotFittedError):
        machine().get_feature_names_out()


def test_column_names_that_are_no_strings():
    model = machine(max_iter=1).fit(pd.DataFrame(DATA["bernoulli"]))
    assert not hasattr(model, "feature_names_in_")
    assert np.isfinite(model.score(pd.DataFrame(DATA["bernoulli"])))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library):
    frames = pytest.importorskip(library)
    X = frames.DataFrame(dict(zip("abcdef", DATA["bernoulli"].T, strict=True)))
    model = machine((3, 2), max_iter=1, transform_layer="all").fit(X)
    plain = model.transform(X)
    out = model.set_output(transform=library).transform(X)
    assert isinstance(out, frames.DataFrame)
    assert list(out.columns) == list(model.get_feature_names_out())
    assert_array_equal(out.to_numpy(), plain)
    assert list(model.feature_names_in_) == list("abcdef")
