"""The features that units drive most: weights and divergences by hand."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, SigmoidBeliefNet

RNG = np.random.default_rng(0)
W, V = RNG.normal(size=(3, 6)), RNG.normal(size=(2, 3))
B, C, D = RNG.normal(size=6), RNG.normal(size=3), RNG.normal(size=2)


def net(**params):
    return SigmoidBeliefNet.from_parameters([W, V], [B, C, D], **params)


def others(unit, state):
    """Expected states of the first layer with one unit set."""
    h = expit(expit(D) @ V + C)
    h[unit] = state
    return h


@pytest.mark.parametrize("unit", [0, 2])
def test_effects_of_the_first_layer_are_weights_ordered_by_divergence(unit):
    on, off = (expit(others(unit, state) @ W + B) for state in (1, 0))
    # KL(on || off) + KL(off || on)
    divergence = sum(
        p * np.log(p / q) + q * np.log(q / p) for p, q in ((on, off), (1 - on, 1 - off))
    )
    found = net().top_features(unit, 4)
    order = np.argsort(-divergence)[:4]
    assert_array_equal(found.features, order)
    assert_allclose(found.weights, W[unit, order], rtol=1e-6)
    assert_allclose(found.importance, divergence[order], rtol=1e-5)
    table = net().top_features(n=4)
    assert table.features.shape == (3, 4)
    for name in found:
        assert_array_equal(table[name][unit], found[name])


def test_effects_pass_through_layers_between():
    etas = []
    for state in (1, 0):
        top = expit(D)
        top[1] = state
        etas.append(expit(top @ V + C) @ W + B)
    found = net().top_features(1, 99, layer=2)
    changes = etas[0] - etas[1]
    assert_allclose(found.weights, changes[found.features], rtol=1e-5)
    importance = changes * (expit(etas[0]) - expit(etas[1]))
    assert_allclose(found.importance, importance[found.features], rtol=1e-4)


def test_later_features_see_expected_ones():
    A = np.triu(RNG.normal(size=(6, 6)), 1)
    zeros = [np.zeros((3, 3)), np.zeros((2, 2))]
    model = net(generative_lateral_coefs=[A, *zeros])
    h = expit(expit(D) @ V + C)
    x = np.zeros(6)
    for i in range(6):
        x[i] = expit(h @ W[:, i] + B[i] + x @ A[:, i])
    etas = [others(0, state) @ W + B + x @ A for state in (1, 0)]
    found = model.top_features(0, 6)
    importance = W[0] * (expit(etas[0]) - expit(etas[1]))
    assert_allclose(found.importance, importance[found.features], rtol=1e-4)
    assert_allclose(found.weights, W[0, found.features], rtol=1e-5)


def test_units_of_measurement():
    variance = np.array([1.0, 100.0, 0.01, 1, 1, 1])
    found = net(noise_variance=variance).top_features(0, 6)
    assert_allclose(found.weights, W[0, found.features], rtol=1e-5)
    importance = W[0] ** 2 / variance
    assert_allclose(found.importance, importance[found.features], rtol=1e-4)
    assert_array_equal(found.features, np.argsort(-importance))


def test_noise_that_was_learnt():
    X = RNG.normal(size=(200, 1)) * np.array([1, 10, 0.1]) + RNG.normal(size=(200, 3))
    model = HelmholtzMachine(2, max_iter=3, random_state=0).fit(X)
    found = model.top_features(1, 3)
    importance = model.generative_coefs_[0][1] ** 2 / model.noise_variance_
    assert_allclose(found.importance, importance[found.features], rtol=1e-4)


def test_counts():
    found = net(visible="poisson").top_features(1, 6)
    rates = [np.exp(others(1, state) @ W + B) for state in (1, 0)]
    importance = W[1] * (rates[0] - rates[1])
    assert_allclose(found.importance, importance[found.features], rtol=1e-4)


def test_directions():
    up, down = (net().top_features(0, 6, direction=d) for d in ("up", "down"))
    assert_array_equal(up.features, down.features[::-1])
    assert (np.diff(np.sign(up.weights)) <= 0).all()
    first = net().top_features(0, 1).features[0]
    assert first in (up.features[0], down.features[0])


def test_a_rare_feature_that_stays_rare_counts_for_little():
    model = SigmoidBeliefNet.from_parameters([[[3.0, 2.0]]], [[-9.0, -1.0], [0.0]])
    assert_array_equal(model.top_features(0).features, [1, 0])


def test_names_and_factors():
    X = pd.DataFrame(RNG.normal(size=(300, 1)) @ [[0.5, 20, -1, 0]], columns=list("abcd"))
    X += RNG.normal(size=X.shape) * [0.1, 10, 1, 1]
    model = FactorAnalysis(1, rotation="varimax").fit(X)
    found = model.top_features(0, 3)
    standardised = model.loadings_[:, 0] / np.sqrt(np.diag(model.get_covariance()))
    assert_array_equal(found.features, ["a", "b", "c"])
    assert_allclose(found.importance, np.abs(standardised)[:3], rtol=1e-9)
    assert_allclose(found.weights, model.loadings_[:3, 0], rtol=1e-9)
    bits = HelmholtzMachine(2, max_iter=1, random_state=0).fit(X > 0)
    assert set(bits.top_features(1).features) == set("abcd")


@pytest.mark.parametrize("rotation", ["varimax", "oblimin"])
def test_loadings_are_those_of_rotated_factors(rotation):
    X = RNG.normal(size=(300, 2)) @ np.kron(np.eye(2), np.ones((1, 3)))
    X += RNG.normal(size=X.shape)
    model = FactorAnalysis(2, rotation=rotation).fit(X)
    found = model.top_features(n=6)
    for factor in range(2):
        expected = model.components_[factor, found.features[factor]]
        assert_allclose(found.weights[factor], expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"unit": 3}, "unit must be an integer from 0 to 2, got 3"),
        ({"unit": True}, "unit must be an integer"),
        ({"layer": 3}, "layer must be an integer from 1 to 2, got 3"),
        ({"n": 0}, "n must be an integer of at least 1"),
        ({"direction": "left"}, "direction must be one of"),
    ],
)
def test_refusals(given, message):
    with pytest.raises(ValueError, match=message):
        net().top_features(**given)


def test_mixed_columns_are_refused():
    X = np.column_stack([RNG.integers(0, 3, 40), RNG.normal(size=40)])
    model = HelmholtzMachine(2, visible=["categorical", "real"], max_iter=1).fit(X)
    with pytest.raises(ValueError, match="by input_names_"):
        model.top_features(0)
