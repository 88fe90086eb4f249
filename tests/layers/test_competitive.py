"""The competitive map against its formula, its derivatives by differences, and its extremes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _tree
from sklearn_helmholtz.layers import Competitive, Conditional
from sklearn_helmholtz.rows import Lists
from sklearn_helmholtz.units import Ability, Bernoulli
from tests import cases, exact


def a_map(n_parents=4, n_units=3, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    arrays = rng.normal(-1, 1.5, (n_parents, n_units)), rng.normal(-2, 1, n_units)
    return Competitive(*(array.astype(dtype) for array in arrays))


def competing_causes(own, parents):
    """P of each unit, as the formula says, from the published strengths."""
    theta, always = (np.log1p(np.exp(np.float64(a))) for a in (own.weights, own.intercept))
    p = np.empty((len(parents), len(always)))
    for r, j in np.ndindex(p.shape):
        total, none = always[j], 1 / (1 + always[j])
        for k, q in enumerate(np.float64(parents[r])):
            total += q * theta[k, j]
            none *= 1 - q * theta[k, j] / (1 + theta[k, j])
        p[r, j] = (1 - 1 / (1 + total)) * (1 - none)
    return p


def test_the_map_is_the_logit_of_competing_causes():
    own, parents = a_map(), np.random.default_rng(1).random((6, 4))
    assert_allclose(exact.sigmoid(own.doubles(parents)), competing_causes(own, parents), rtol=1e-12)
    units = Conditional(own, Bernoulli()).mean(parents.astype(np.float32))
    assert_allclose(units, competing_causes(own, parents), rtol=1e-5)


@pytest.mark.parametrize("form", ["bits", "reals", "lists"])
def test_all_forms_of_parents_have_the_same_logits(form):
    own, bits = a_map(5), cases.make_rows(5, "binary", 9)
    parents = {"bits": bits, "reals": bits.astype(np.float32), "lists": Lists.from_dense(bits)}
    found = own.forward(parents[form])
    assert found.dtype == np.float32
    assert_allclose(found, own.doubles(bits), rtol=2e-6, atol=2e-6)
    out = np.full_like(found, np.nan)
    assert own.forward(parents[form], out=out) is out
    assert_array_equal(out, found)


def test_strengths_are_published_and_found_again():
    own = a_map()
    theta, always = own.published
    assert_allclose(theta, np.log1p(np.exp(np.float64(own.weights))), rtol=1e-6)
    again = Competitive.of_strengths(theta, always)
    for one, other in zip(_tree.leaves(again), _tree.leaves(own), strict=True):
        assert one.dtype == np.float32
        assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    none = Competitive.of_strengths(np.zeros((2, 3)), np.full(3, 0.1))
    assert_allclose(none.doubles(np.ones((1, 2))), none.doubles(np.zeros((1, 2))), rtol=1e-12)


@pytest.mark.parametrize("free", [-1e30, -100.0, -30.0, 0.0, 30.0, 1e4, 1e30])
@pytest.mark.parametrize("share", [0.0, 1e-30, 0.5, 1.0])
def test_probabilities_lie_between_0_and_1_at_extremes(free, share):
    """Logits and derivatives are finite: neither 0 nor 1 is certain."""
    own = Competitive(np.full((3, 2), free, np.float32), np.full(2, free, np.float32))
    parents = np.full((2, 3), share)
    assert np.isfinite(own.doubles(parents)).all()
    assert np.isfinite(own.forward(parents.astype(np.float32))).all()
    if share in (0.0, 1.0):
        bits = parents.astype(np.uint8)
        assert_allclose(own.forward(bits), own.doubles(bits), rtol=1e-4, atol=1e-4)
    for slopes in own.derivatives(parents, np.ones((2, 2))):
        assert np.isfinite(slopes).all()


def differences(function, array, h=1e-6):
    """Central differences of a number by every entry of an array, which is changed in place."""
    slopes = np.empty(array.shape)
    for place in np.ndindex(array.shape):
        before = array[place]
        array[place] = before + h
        high = function()
        array[place] = before - h
        slopes[place] = (high - function()) / (2 * h)
        array[place] = before
    return slopes


def test_derivatives_are_differences():
    own, rng = a_map(dtype=np.float64), np.random.default_rng(1)
    parents, error = rng.uniform(0.05, 0.95, (5, 4)), rng.normal(size=(5, 3))

    def value():
        return (error * own.doubles(parents)).sum()

    slopes, by_parents = own.derivatives(parents, error)
    expected = [differences(value, array) for array in (own.intercept, own.weights, parents)]
    assert_allclose(slopes[0], expected[0], rtol=1e-7, atol=1e-8)
    assert_allclose(slopes[1:], expected[1], rtol=1e-7, atol=1e-8)
    assert_allclose(by_parents, expected[2], rtol=1e-7, atol=1e-8)


def test_gradients_and_pullbacks_in_single_precision():
    own, rng = a_map(), np.random.default_rng(2)
    parents = rng.random((5, 4)).astype(np.float32)
    error = rng.normal(size=(5, 3)).astype(np.float32)
    slopes, by_parents = own.derivatives(parents, error)
    out = cases.empty_gradient(own)
    own.gradient(parents, error, out)
    assert_array_equal(out.intercept, slopes[0].astype(np.float32))
    assert_array_equal(out.weights, slopes[1:].astype(np.float32))
    own.gradient(parents, error, out, add=True)
    assert_allclose(out.weights, 2 * slopes[1:], rtol=1e-6)
    pulled = own.pullback(parents, error)
    assert pulled.dtype == np.float32
    assert_array_equal(pulled, by_parents.astype(np.float32))
    room = np.empty_like(pulled)
    assert own.pullback(parents, error, out=room) is room
    assert_array_equal(room, pulled)


def test_extremes_are_those_of_all_states():
    own = a_map()
    eta = own.doubles(exact.all_states(4))
    assert_allclose(own.extremes(), [eta.min(axis=0), eta.max(axis=0)], rtol=1e-12)


def test_the_map_knows_itself():
    own = a_map()
    assert (own.n_inputs, own.n_outputs, own.n_products) == (4, 3, 12)
    assert own.abilities == {Ability.ENUMERATE}
    for call in (own.forward, own.doubles):
        with pytest.raises(ValueError, match="parents have 5 columns, but the strengths are for 4"):
            call(np.ones((2, 5), np.float32))
