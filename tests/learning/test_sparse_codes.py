"""Learning of dictionaries: scores against derivatives by quadrature, and what was planted."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment

from sklearn_helmholtz.dictionaries import SCALE, LaplaceDictionary
from sklearn_helmholtz.learning import Calibration, CodeLearning
from sklearn_helmholtz.learning.code_calibration import _scale_scores
from sklearn_helmholtz.learning.noise_moves import NoiseMove
from sklearn_helmholtz.learning.sparse_codes import expansion
from tests import cases
from tests.laplace_dictionaries import Grid, make_dictionary, make_rows

SHAPES = [(2, 2), (2, 1), (1, 2), (2, 4)]
STEP = 1e-3


def slope(machine, x, moved):
    """The derivative of log p of each row along a path of machines, by differences."""
    up, down = ([Grid(moved(by), row).log_p for row in x] for by in (STEP, -STEP))
    return (np.array(up) - down) / (2 * STEP)


def expected_scores(machine, x, score):
    """The posterior mean of a score of rows and factors, by quadrature."""
    result = []
    for row in x:
        grid = Grid(machine, row)
        same = np.tile(row - machine.mean, (len(grid.points), 1))
        result.append(grid.expect(score(same, grid.points)))
    return np.array(result)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("yields", [True, False])
def test_scores_of_moves_of_the_noise_are_derivatives_of_log_p(shape, yields):
    machine = make_dictionary(*shape, noise=0.4)
    x, _ = make_rows(machine, 4)
    direction = NoiseMove.of(machine, x - machine.mean, np.zeros((4, shape[0])), yields).atoms

    def moved(by):
        return replace(
            machine, noise=machine.noise * np.exp(by), atoms=machine.atoms + by * direction
        )

    found = expected_scores(
        machine, x, lambda same, h: NoiseMove.of(machine, same, h, yields).scores
    )
    assert_allclose(found, slope(machine, x, moved), atol=0.02)


@pytest.mark.parametrize("shape", SHAPES)
def test_scores_of_the_scale_are_derivatives_of_log_p(shape):
    machine = make_dictionary(*shape, noise=0.4)
    x, _ = make_rows(machine, 4)
    found = expected_scores(machine, x, lambda same, h: _scale_scores(h))
    expected = slope(machine, x, lambda by: replace(machine, atoms=machine.atoms * np.exp(by)))
    assert_allclose(found, expected, atol=0.02)


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (2, 4)])
def test_noise_moves_keep_covariances_and_let_residuals_grow_with_the_noise(shape):
    machine = make_dictionary(*shape, noise=1e-3)
    x, codes = make_rows(machine, 50)
    x = x - machine.mean
    move = NoiseMove.of(machine, x, codes)
    moved, change = move.apply(machine, 1e-3, 0.0)
    assert change == pytest.approx(1e-3)
    span = np.linalg.pinv(machine.atoms) @ machine.atoms
    differences = span @ (moved.covariance() - machine.covariance()) @ span
    assert np.abs(differences).max() < 0.02 * 1e-3 * machine.noise
    before = (x - codes @ machine.atoms) @ span
    after = (x - (codes + change * move.factors) @ moved.atoms) @ span
    assert_allclose(after, before * np.exp(change / 2), atol=5e-5 * np.abs(before).max())


def test_the_noise_stays_above_its_floor():
    machine = make_dictionary(2, 2, noise=0.4)
    x, codes = make_rows(machine, 5)
    moved, change = NoiseMove.of(machine, x, codes).apply(machine, -1.0, 0.3)
    assert moved.noise == 0.3
    assert change == pytest.approx(np.log(0.3 / 0.4))


def test_expansions_climb_the_likelihood_of_independent_components():
    rng = np.random.default_rng(0)
    sources = rng.laplace(scale=SCALE, size=(20_000, 4))
    mixing = np.eye(4) + 0.1 * rng.normal(size=(4, 4))

    def objective(turn):
        sizes = np.abs(sources @ mixing @ turn).sum(axis=1).mean() / SCALE
        return np.linalg.slogdet(turn)[1] - sizes

    # its first derivatives are those of the objective
    first = expansion(sources @ mixing, 1e-6) - np.eye(4)
    step, gradient = 1e-5, np.empty((4, 4))
    for place in np.ndindex(4, 4):
        bump = np.zeros((4, 4))
        bump[place] = step
        gradient[place] = (objective(np.eye(4) + bump) - objective(np.eye(4) - bump)) / (2 * step)
    newton = (2 * gradient - gradient.T) / 3
    newton[np.diag_indices(4)] = np.diag(gradient)
    assert_allclose(first / 1e-6, 0.5 * newton, atol=5e-3)
    codes = sources @ mixing
    for _ in range(30):
        codes = codes @ expansion(codes, 1.0)
    found = np.linalg.lstsq(sources, codes, rcond=None)[0]
    assert_allclose(found, np.eye(4), atol=0.03)


def planted(n_atoms, n_features, noise, seed=0):
    rng = np.random.RandomState(seed)
    atoms = rng.standard_normal((n_atoms, n_features))
    atoms *= np.sqrt(2) / np.linalg.norm(atoms, axis=1, keepdims=True)
    return LaplaceDictionary(rng.standard_normal(n_features), atoms, noise**2)


def likeness(found, truth):
    """The mean |cosine| of atoms, matched."""
    found, truth = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (found, truth))
    cosines = np.abs(found @ truth.T)
    return cosines[linear_sum_assignment(-cosines)].mean()


def test_a_planted_dictionary_and_its_noise_are_found_from_rows_with_gaps():
    truth = planted(4, 4, 0.3)
    x, _ = truth.sample(3000, np.random.RandomState(1))
    x[np.random.default_rng(0).random(x.shape) < 0.05] = np.nan
    rng = np.random.default_rng(3)
    start = LaplaceDictionary(np.zeros(4), truth.atoms + 0.2 * rng.normal(size=(4, 4)), 0.5)
    found = CodeLearning(200, 2000, 1e-3, cases.SEED).learn(start, x)
    assert (
        likeness(start.atoms, truth.atoms)
        < 0.97
        < 0.99
        < likeness(found.machine.atoms, truth.atoms)
    )
    assert np.sqrt(found.machine.noise) == pytest.approx(0.3, rel=0.15)
    assert_allclose(np.linalg.norm(found.machine.atoms, axis=1), np.sqrt(2), rtol=0.1)
    assert_allclose(found.machine.mean, truth.mean, atol=0.1)
    assert len(found.noise_path) == 200


def test_learning_does_not_depend_on_threads():
    truth = planted(3, 2, 0.3)
    x, _ = truth.sample(600, np.random.RandomState(1))
    one, other = (CodeLearning(5, 400, 1e-3, cases.SEED, n).learn(truth, x) for n in (1, 2))
    np.testing.assert_array_equal(one.machine.atoms, other.machine.atoms)
    assert one.machine.noise == other.machine.noise


@pytest.mark.parametrize(("scale", "noise"), [(0.4, 1.0), (2.0, 0.02)])
def test_scale_and_noise_of_a_given_dictionary_are_found(scale, noise):
    truth = planted(6, 4, 0.4)
    x, _ = truth.sample(2000, np.random.RandomState(1))
    start = replace(truth, atoms=truth.atoms * scale, noise=noise)
    found = Calibration(150, 1e-3, cases.SEED).calibrate(start, x)
    assert_allclose(found.atoms, truth.atoms, rtol=0.05)
    assert np.sqrt(found.noise) == pytest.approx(0.4, rel=0.15)
    fixed = Calibration(60, 1e-3, cases.SEED, frees_noise=False)
    found = fixed.calibrate(replace(start, noise=truth.noise), x)
    assert found.noise == truth.noise
    assert_allclose(found.atoms, truth.atoms, rtol=0.05)
