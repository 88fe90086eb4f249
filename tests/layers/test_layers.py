"""Affine maps against slow products, and conditionals against enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz.layers import Affine, Conditional
from tests import cases, exact, naive
from tests.cases import make_case


@pytest.mark.parametrize("kind", ["binary", "fractional"])
@pytest.mark.parametrize("n_rows", [1, 6, 40])
def test_affine_maps_and_their_gradients_are_products(kind, n_rows):
    rng = np.random.default_rng(0)
    parents = cases.make_rows(37, kind, n_rows)
    affine = Affine(*(rng.normal(size=s).astype(np.float32) for s in ((37, 21), 21)))
    expected = naive.product(parents, affine.weights, affine.intercept)
    assert_allclose(affine.forward(parents), expected, rtol=1e-5, atol=1e-5)
    error = rng.normal(size=(n_rows, 21)).astype(np.float32)
    out = cases.empty_gradient(affine)
    affine.gradient(parents, error, out)
    assert_allclose(
        out.weights, naive.product(parents.T, error, np.zeros(21)), rtol=1e-5, atol=1e-5
    )
    assert_allclose(out.intercept, error.astype(np.float64).sum(axis=0), rtol=1e-5, atol=1e-6)


def test_an_affine_map_without_parents_is_its_intercept():
    affine = Affine(None, np.arange(3, dtype=np.float32))
    eta = affine.forward(None)
    assert_array_equal(eta, [[0, 1, 2]])
    assert not np.shares_memory(eta, affine.intercept)
    out = cases.empty_gradient(affine)
    affine.gradient(None, np.ones((4, 3), np.float32), out)
    assert_array_equal(out.intercept, [4, 4, 4])


def test_the_mean_of_a_conditional_is_the_mean_of_its_units():
    machine, params, x = make_case((4, 3), "binary")
    up = machine.recognition.conditionals[0]
    expected = exact.sigmoid(x @ params.recognition_coefs[0] + params.recognition_intercepts[0])
    assert_allclose(up.mean(x), expected, rtol=1e-5)
    prior = machine.generation.conditionals[0]
    assert_allclose(prior.mean(None), [exact.sigmoid(params.generative_intercepts[1])], rtol=1e-5)
    assert isinstance(prior, Conditional)
