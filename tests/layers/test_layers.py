"""Affine maps against slow products, and conditionals against enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _tree
from sklearn_helmholtz.layers import Affine, Conditional
from sklearn_helmholtz.rows import Lists
from sklearn_helmholtz.units import Bernoulli, Gaussian
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


def random_affine(n_in, n_out, seed=0):
    rng = np.random.default_rng(seed)
    return Affine(*(rng.normal(size=s).astype(np.float32) for s in ((n_in, n_out), n_out)))


FORMS = {
    "binary": lambda n: cases.make_rows(5, "binary", n),
    "real": lambda n: cases.make_rows(5, "gaussian", n),
    "lists": lambda n: Lists.from_dense(cases.make_rows(5, "binary", n)),
}
in_forms = pytest.mark.parametrize("parents_of", FORMS.values(), ids=FORMS)


@in_forms
def test_gradients_are_added_to_what_is_there(parents_of):
    affine, parents = random_affine(5, 3), parents_of(8)
    error = np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32)
    once, twice = cases.empty_gradient(affine), random_affine(5, 3, seed=2)
    before = _tree.copy(twice)
    affine.gradient(parents, error, once)
    affine.gradient(parents, error, twice, add=True)
    for found, start, part in zip(*map(_tree.leaves, (twice, before, once)), strict=True):
        assert_allclose(found, start + part, rtol=1e-5, atol=1e-6)


def test_affine_maps_in_double_precision_are_products():
    affine, rng = random_affine(4, 3), np.random.default_rng(1)
    parents, error = rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
    weights, intercept = (np.float64(array) for array in affine.coefficients)
    assert_allclose(affine.doubles(parents), intercept + parents @ weights, rtol=1e-12)
    slopes = affine.slopes(parents, error)
    assert_allclose(slopes, np.vstack([error.sum(axis=0), parents.T @ error]), rtol=1e-12)
    out = cases.empty_gradient(affine)
    out.write_slopes(slopes)
    assert_array_equal(out.intercept, slopes[0].astype(np.float32))
    assert_array_equal(out.weights, slopes[1:].astype(np.float32))
    assert (affine.n_inputs, affine.n_outputs) == (4, 3)
    prior = Affine(None, intercept.astype(np.float32))
    assert_array_equal(prior.doubles(None), [intercept])
    assert_array_equal(prior.slopes(None, error), [error.sum(axis=0)])
    assert (prior.n_inputs, prior.n_outputs) == (0, 3)


def test_extremes_are_those_of_all_states():
    affine = random_affine(4, 3)
    eta = affine.doubles(exact.all_states(4))
    assert_allclose(affine.extremes(), [eta.min(axis=0), eta.max(axis=0)], rtol=1e-6)
    prior = Affine(None, affine.intercept)
    assert_array_equal(prior.extremes(), [affine.intercept] * 2)


UNITS = {"bernoulli": Bernoulli(), "gaussian": Gaussian.from_variance([0.5, 1.0, 2.0])}


@in_forms
@pytest.mark.parametrize("units", UNITS.values(), ids=UNITS)
@pytest.mark.parametrize("n_particles", [1, 3])
def test_learning_from_inputs_is_the_gradient_of_scores(parents_of, units, n_particles):
    """Of all particles of a row at once, and once more on top of the first time."""
    conditional, n = Conditional(random_affine(5, 3), units), 4 * n_particles
    shared = parents_of(4)
    children = cases.make_rows(3, "binary", n).astype(units.dtype)
    weights = np.linspace(0.5, 2, n).astype(np.float32)
    rows = shared.toarray() if isinstance(shared, Lists) else shared
    parents = np.repeat(rows, n_particles, axis=0)
    errors = units.score(children, conditional.eta(parents), np.zeros(n))
    expected, found = (cases.empty_gradient(conditional) for _ in range(2))
    conditional.gradient(parents, children, errors, expected, weights)
    conditional.learn(shared, children, conditional.eta(shared), weights, found)
    for one, other in zip(_tree.leaves(found), _tree.leaves(expected), strict=True):
        assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    conditional.learn(shared, children, conditional.eta(shared), weights, found, add=True)
    for one, other in zip(_tree.leaves(found), _tree.leaves(expected), strict=True):
        assert_allclose(one, 2 * other, rtol=1e-5, atol=1e-5)


def test_without_weights_every_row_counts_once():
    for units in UNITS.values():
        conditional, parents = (
            Conditional(random_affine(5, 3), units),
            cases.make_rows(5, "binary", 6),
        )
        children = cases.make_rows(3, "binary", 6).astype(units.dtype)
        found = []
        for weights in (None, np.ones(6, np.float32)):
            errors = units.score(children, conditional.eta(parents), np.zeros(6))
            found.append(cases.empty_gradient(conditional))
            conditional.gradient(parents, children, errors, found[-1], weights)
        for one, other in zip(*map(_tree.leaves, found), strict=True):
            assert_array_equal(one, other)
