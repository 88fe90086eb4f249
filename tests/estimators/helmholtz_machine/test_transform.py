"""`transform` and `inverse_transform`: which layer, in which units."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone

from tests.estimators.helmholtz_machine.builders import DATA, machine


def test_layers_of_transform():
    X = DATA["bernoulli"]
    model = machine((5, 3, 2)).fit(X)
    layers, H = [], X
    for coefs, intercept in zip(
        model.recognition_coefs_, model.recognition_intercepts_, strict=True
    ):
        H = expit(H @ coefs.astype(np.float64) + intercept)
        layers.append(H)
    for layer in (1, 2, 3):
        out = model.set_params(transform_layer=layer).transform(X)
        assert_allclose(out, layers[layer - 1], rtol=2e-5)
    assert_allclose(model.set_params(transform_layer=None).transform(X), layers[-1], rtol=2e-5)
    out = model.set_params(transform_layer="all").transform(X)
    assert_allclose(out, np.hstack(layers), rtol=2e-5)
    assert_array_equal(clone(model).fit_transform(X), out)


@pytest.mark.parametrize("visible", DATA)
def test_transform_in_the_units_of_the_data(visible):
    X = DATA[visible]
    model = machine((5,), max_iter=30).fit(X)
    eta = X @ model.recognition_coefs_[0].astype(np.float64) + model.recognition_intercepts_[0]
    assert_allclose(model.transform(X), expit(eta), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("layer", [None, 1, 2, 3, "all"])
def test_inverse_transform_passes_expectations_down(visible, layer):
    X = DATA[visible]
    model = machine((5, 3, 2), transform_layer=layer).fit(X)
    H = model.transform(X[:7])
    depth = {None: 3, "all": 1}.get(layer, layer)
    values = H[:, :5] if layer == "all" else H
    for level in range(depth - 1, -1, -1):
        values = values @ model.generative_coefs_[level].astype(np.float64)
        values += model.generative_intercepts_[level]
        if level > 0 or visible == "bernoulli":
            values = expit(values)
    out = model.inverse_transform(H)
    assert out.shape == (7, X.shape[1])
    assert_allclose(out, values, rtol=1e-4, atol=1e-4)


def test_bad_inverse_transform(fitted):
    model, _ = fitted
    with pytest.raises(ValueError, match="X has 4 columns, but transform returns 3"):
        model.inverse_transform(np.ones((2, 4)))
    with pytest.raises(ValueError, match="NaN"):
        model.inverse_transform(np.full((2, 3), np.nan))


def test_transform_layer_set_too_high_after_fit(fitted):
    model = clone(fitted[0]).fit(fitted[1]).set_params(transform_layer=5)
    with pytest.raises(ValueError, match=r"transform_layer must be .* 1 to 2, .* got 5"):
        model.transform(fitted[1])


@pytest.mark.parametrize("layer", [0, -1, "top", 1.5])
def test_bad_transform_layer_after_fit(layer):
    model = machine().fit(DATA["bernoulli"]).set_params(transform_layer=layer)
    with pytest.raises(ValueError, match="transform_layer"):
        model.transform(DATA["bernoulli"])
