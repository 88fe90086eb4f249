"""DataFrames out where ``set_output`` asks for them: `sample`, `impute`, `inverse_transform`."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine
from tests.shells import BINARY, REAL, binary_rows, real_rows

NAMES, LABELS = ["age", "income", "city", "job"], np.arange(60) * 10 + 7
LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame}
SHELLS = {**{f"real {k}": (v, real_rows) for k, v in REAL.items()}}
SHELLS |= {name: (BINARY[name], binary_rows) for name in ("machine", "autoregressive")}


@pytest.fixture(scope="module", params=SHELLS)
def fitted(request):
    """A model fitted to a DataFrame of pandas, and this."""
    make, rows = SHELLS[request.param]
    X = pd.DataFrame(rows(), columns=NAMES, index=LABELS)
    return make().fit(X), X


@pytest.fixture(scope="module")
def unnamed():
    """A machine that knows no names."""
    return HelmholtzMachine((3, 2), max_iter=1, random_state=0).fit(binary_rows())


def asked_for(model, library):
    return copy.deepcopy(model).set_output(transform=library)


@pytest.mark.parametrize("library", LIBRARIES)
def test_samples_have_the_names_of_the_features(fitted, library):
    model, seen = fitted
    X, hidden = model.sample(5, random_state=0, return_latents=True)
    framed, layers = asked_for(model, library).sample(5, random_state=0, return_latents=True)
    assert type(X) is np.ndarray
    assert all(type(layer) is np.ndarray for layer in hidden)
    assert type(framed) is LIBRARIES[library]
    assert list(framed.columns) == NAMES
    assert_array_equal(framed.to_numpy(), X)
    assert framed.to_numpy().dtype == X.dtype
    names = [name for layer in layers for name in layer.columns]
    assert names == list(model.posterior(seen[:2]).to_frame())
    for layer, expected in zip(layers, hidden, strict=True):
        assert type(layer) is LIBRARIES[library]
        assert_array_equal(layer.to_numpy(), expected)
    if library == "pandas":
        assert all(list(frame.index) == [0, 1, 2, 3, 4] for frame in (framed, *layers))


@pytest.mark.parametrize("library", LIBRARIES)
def test_expected_data_have_the_names_of_the_features_and_the_index_of_the_input(fitted, library):
    model, X = fitted
    H = model.transform(X)
    expected, framed = model.inverse_transform(H), asked_for(model, library)
    assert type(expected) is np.ndarray
    found = framed.inverse_transform(framed.transform(X))
    assert type(found) is LIBRARIES[library]
    assert list(found.columns) == NAMES
    assert_array_equal(found.to_numpy(), expected)
    if library == "pandas":
        assert list(found.index) == list(LABELS)
        assert list(framed.inverse_transform(H).index) == list(range(60))


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_setting_for_all_estimators_holds_too(fitted, library):
    model, X = fitted
    with sklearn.config_context(transform_output=library):
        found = [
            model.sample(2, random_state=0),
            model.inverse_transform(model.transform(X)),
            model.impute(X),
        ]
        assert type(asked_for(model, "default").sample()) is np.ndarray
    for frame in found:
        assert type(frame) is LIBRARIES[library]
        assert list(frame.columns) == NAMES
    assert type(model.sample()) is np.ndarray


def test_features_without_names_are_numbered(unnamed):
    model = asked_for(unnamed, "pandas")
    numbers = ["x0", "x1", "x2", "x3"]
    X, (first, second) = model.sample(3, return_latents=True)
    assert list(X) == list(model.inverse_transform([[0.5, 0.5]])) == numbers
    assert list(first) == ["layer1_0", "layer1_1", "layer1_2"]
    assert list(second) == ["layer2_0", "layer2_1"]


def test_imputed_frames_of_either_library_have_the_names_of_fit(fitted):
    model, X = fitted
    for library in LIBRARIES:
        framed = asked_for(model, library)
        for given in (X, pl.DataFrame(X)):
            assert list(framed.impute(given).columns) == NAMES
    turned = asked_for(model, "pandas").impute(pl.DataFrame(X))
    assert list(turned.index) == list(range(60))


def test_pipelines_take_expected_data_back_to_the_units_of_the_data():
    X = pd.DataFrame(real_rows(), columns=NAMES, index=LABELS)
    plain = make_pipeline(StandardScaler(), FactorAnalysis(1)).fit(X)
    framed = clone(plain).set_output(transform="pandas").fit(X)
    expected = plain.inverse_transform(plain.transform(X))
    assert_array_equal(framed.inverse_transform(framed.transform(X)), expected)


@pytest.mark.parametrize("library", LIBRARIES)
def test_mixed_tables_come_back_as_they_were_given(library):
    frame = LIBRARIES[library]({"a": np.arange(30) % 2 == 0, "b": np.arange(30) / 7})
    model = HelmholtzMachine(2, visible="mixed", max_iter=1, random_state=0).fit(frame)
    for output in ("default", "pandas", "polars"):
        X, (layer,) = asked_for(model, output).sample(3, return_latents=True)
        assert type(X) is LIBRARIES[library]
        assert type(layer) is LIBRARIES.get(output, np.ndarray)
        assert type(asked_for(model, output).impute(frame)) is LIBRARIES[library]


# Given values


@pytest.mark.parametrize("form", ["dict", "Series", "text", "polars", "masked"])
def test_given_values_may_leave_out_what_is_to_be_drawn(fitted, form):
    model, _ = fitted
    values = {"city": 1.0, "age": 0.0}
    given = {
        "dict": values,
        "Series": pd.Series(values),
        "text": pd.Series({"city": 1, "age": pd.NA, "job": None}, dtype="Int64").fillna(0)[:2],
        "polars": pl.Series([0.0, None, 1.0, None]),
        "masked": np.ma.masked_array([0.0, 9, 1, 9], [False, True, False, True]),
    }[form]
    expected = model.sample(4, given=[0, np.nan, 1, np.nan], random_state=0)
    assert_array_equal(model.sample(4, given=given, random_state=0), expected)
    framed = asked_for(model, "pandas").sample(4, given=given, random_state=0)
    assert_array_equal(framed, expected)
    assert (framed["age"] == 0).all()
    assert (framed["city"] == 1).all()


def test_given_values_of_no_form_are_refused_by_a_sentence(fitted):
    model, X = fitted
    for given in (X.iloc[:1], pl.DataFrame(X)[0], 1.0, "age", pd.Series([1.0, 0.0])):
        with pytest.raises(ValueError, match=r"given must have the shape .*dict or a Series of t"):
            model.sample(given=given)
    with pytest.raises(ValueError, match="given is labelled age, town, with 'town', but the feat"):
        model.sample(given=pd.Series({"age": 1.0, "town": 0.0}))
