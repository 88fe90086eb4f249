"""Unmixing: gradients, steps, starts, and maxima."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz.sources import (
    KINDS,
    Adaptive,
    Memory,
    Mixture,
    Place,
    choose_shrinkage,
    descend,
    go_on,
    learn,
    ordered,
    random_rotation,
    rotate_sources,
    start_at,
)
from tests.source_models import MAKERS, naive_log_densities, planted, samples

MATRIX = np.eye(3) + 0.2 * np.random.default_rng(1).normal(size=(3, 3))


def naive_loss(matrix, density, given):
    """Minus the mean log-density of whitened rows and of a normal distribution, by a fine grid."""
    loss = -np.linalg.slogdet(matrix)[1]
    own = naive_log_densities(density, matrix @ given.rows).sum(axis=0)
    loss -= (1 - given.shrinkage) * own @ given.shares
    grid = np.linspace(-9, 9, 20_001)
    heights = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi) * (grid[1] - grid[0])
    lengths = np.sqrt((matrix**2).sum(axis=1))
    normal = naive_log_densities(density, lengths[:, None] * grid).sum(axis=0)
    return loss - given.shrinkage * normal @ heights


@pytest.mark.parametrize("name", ["mixture", "student", "logistic", "adaptive"])
@pytest.mark.parametrize("shrinkage", [0.0, 0.3, 1.0])
def test_gradients_are_finite_differences(name, shrinkage):
    given, density, step = samples(64, shrinkage), MAKERS[name](3), 1e-5
    place = Place.of(given.sources(MATRIX), density)
    assert_allclose(place.loss, naive_loss(MATRIX, density, given), rtol=2e-4)
    for i, j in np.ndindex(3, 3):
        change = np.zeros((3, 3))
        change[i, j] = step
        ends = [
            Place.of(given.sources(MATRIX + sign * change @ MATRIX), density).loss
            for sign in (-1, 1)
        ]
        assert_allclose(place.gradient[i, j], (ends[1] - ends[0]) / (2 * step), atol=2e-7)


def test_preconditioner_is_the_hessian_of_independent_sources():
    rng, n = np.random.default_rng(0), 200_000
    density = MAKERS["logistic"](2).scaled(np.array([3.0, 1.0]))
    values = density.draw(n, np.random.RandomState(0))
    given = type(samples(16)).of(values, np.ones(n), 0.0)
    place = Place.of(given.sources(np.eye(2)), density)
    change, step = 0.1 * rng.normal(size=(2, 2)), 1e-3
    ends = [
        Place.of(given.sources(np.eye(2) + sign * step * change), density).gradient
        for sign in (-1, 1)
    ]
    slope = (ends[1] - ends[0]) / (2 * step)
    # A relative gradient away from zero turns with the matrix: its slope has the gradient in it.
    slope += change.T @ place.gradient
    assert_allclose(place.steepest(slope), change, atol=0.02)


def test_descent_ends_where_the_gradient_vanishes():
    given, density = samples(400, 0.0), MAKERS["logistic"](3)
    start = Place.of(given.sources(MATRIX), density)
    place, n_steps = descend(start, density, Memory(), 200, 1e-9)
    assert np.abs(place.gradient).max() <= 1e-9
    assert n_steps < 60
    assert place.loss < start.loss


def test_memory_is_bfgs():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 4))
    hessian, memory = root @ root.T + np.eye(4), Memory()
    inverse, identity = np.eye(4) / 2, np.eye(4)
    for _ in range(5):
        step = rng.normal(size=4)
        change = hessian @ step
        memory.learn(step, change)
        rho = 1 / (step @ change)
        left = identity - rho * np.outer(step, change)
        inverse = left @ inverse @ left.T + rho * np.outer(step, step)
    gradient = rng.normal(size=4)
    assert_allclose(memory.direction(gradient, lambda g: g / 2), inverse @ gradient)


def amari(matrix):
    """Distance of a matrix from scaled permutations, from 0 to 1."""
    p, n = np.abs(matrix), len(matrix)
    rows, columns = p / p.max(axis=1, keepdims=True), p / p.max(axis=0)
    return (rows.sum() + columns.sum() - 2 * n) / (2 * n * (n - 1))


def test_rotations_find_heavy_and_light_tails():
    rng = np.random.default_rng(0)
    S = np.stack([rng.laplace(size=4000), rng.uniform(-1, 1, 4000), rng.standard_t(4, 4000)])
    S = (S - S.mean(axis=1, keepdims=True)) / S.std(axis=1, keepdims=True)
    turned = random_rotation(3, rng) @ S
    given = type(samples(16)).of(turned, np.ones(4000), 0.0)
    found = rotate_sources(given, np.eye(3), tol=1e-6)
    assert_allclose(found @ found.T, np.eye(3), atol=1e-12)
    sources = found @ turned
    assert amari(sources @ S.T / 4000) < 0.1
    # Where it ends the loss is stationary: E[sign_i tanh s_i s_j] is symmetric.
    signs = np.sign((1 - np.tanh(sources) ** 2).mean(axis=1) - (sources * np.tanh(sources)).mean(1))
    products = signs[:, None] * (np.tanh(sources) @ sources.T) / 4000
    assert_allclose(products, products.T, atol=3e-6)


def test_learning_finds_the_maximum_in_turns():
    given = samples(600, 0.02)
    found = learn(given, Mixture, 2, 400, 1e-10, np.random.RandomState(0))
    assert found.has_converged
    assert (np.diff(found.objectives) > -2e-6).all()  # new units change the prior a little
    sources = given.sources(found.unmixing)
    place = Place.of(sources, found.density)
    off_diagonal = place.gradient[~np.eye(3, dtype=bool)]
    assert np.abs(off_diagonal).max() < 1e-3


@pytest.mark.parametrize("kind", [Adaptive, *KINDS.values()])
def test_every_kind_of_density_learns(kind):
    given = samples(300, 0.05)
    first = start_at(given, kind, rotate_sources(given, np.eye(3)))
    found = go_on(given, first, 5, 1e-6)
    assert found.objective >= first.objective


def test_weights_are_repeated_rows():
    X, _ = planted(50)
    rows, weights = np.ascontiguousarray(X.T), np.arange(50) % 3 + 1.0
    kind = type(samples(16))
    weighted = kind.of(rows, weights, 0.1)
    repeated = kind.of(np.repeat(rows, weights.astype(int), axis=1), np.ones(99), 0.1)
    density = MAKERS["mixture"](3)
    for given in (weighted, repeated):
        assert given.n_rows == 99
    places = [Place.of(one.sources(MATRIX), density) for one in (weighted, repeated)]
    assert_allclose(places[0].gradient, places[1].gradient, rtol=1e-10)


def test_order_and_signs():
    given = samples(500, 0.01)
    found = learn(given, Mixture, 1, 100, 1e-7, np.random.RandomState(0))
    turned = np.array([[0.0, -1, 0], [0, 0, 2], [1, 0, 0]])
    factors = np.array([-1.0, 2.0, 1.0])
    others = turned @ found.unmixing, found.density.chosen(np.array([1, 2, 0])).scaled(factors)
    one, own, worth = ordered(found.unmixing, found.density, given)
    two, _, again = ordered(*others, given)
    assert_allclose(one, two, rtol=1e-10)
    assert_allclose(worth, again, rtol=1e-10)
    assert (np.diff(worth) <= 0).all()
    values = one @ given.rows
    means = values @ given.shares
    assert ((values - means[:, None]) ** 3 @ given.shares >= 0).all()
    assert_allclose(values**2 @ given.shares, 1)
    assert own.n_sources == 3


def test_shrinkage_is_chosen_by_rows_held_out():
    rng = np.random.RandomState(0)
    normal = rng.normal(size=(5, 80))
    heavy = rng.laplace(size=(2, 300)) ** 3
    for rows, low, high in ((normal, 0.6, 1), (heavy, 0, 0.1), (normal[:, :9], 0.9, 0.9)):
        weights, chance = np.ones(rows.shape[1]), np.random.RandomState(0)
        assert low <= choose_shrinkage(rows, weights, KINDS["student"], chance) <= high
