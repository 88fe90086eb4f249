"""Laplace factors: annealing against quadrature, bounds from both sides, and the limit of ICA."""

import numpy as np
import pytest
from scipy import stats

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.dictionaries import SCALE, LaplaceDictionary
from sklearn_helmholtz.inference import LaplaceGibbs
from sklearn_helmholtz.likelihood import annealed_bounds, annealed_estimate
from sklearn_helmholtz.likelihood.annealing import annealed_log_weights, reversed_log_weights
from tests import cases
from tests.laplace_dictionaries import Grid, make_dictionary, make_rows
from tests.likelihood.test_annealing import KEY, relative_means

SHAPES = [(1, 1), (1, 3), (2, 1), (2, 3)]


def draws_of(n_rows, n):
    return Draws(KEY, np.arange(3, 3 + n_rows, dtype=np.uint64) << np.uint64(30), n)


def sampler_of(machine):
    return LaplaceGibbs(machine, 1 / SCALE)


def path(machine, n):
    return sampler_of(machine).inverse_temperatures(n)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_missing", [0, 1])
def test_weights_of_laplace_factors_are_unbiased_for_p(shape, is_missing):
    machine = make_dictionary(*shape, noise=0.3)
    x, _ = make_rows(machine, 4, n_missing=is_missing * (shape[1] - 1))
    log_p = np.array([Grid(machine, row).log_p for row in x])
    log_weights = annealed_log_weights(
        sampler_of(machine), machine.rows(x), draws_of(4, 4000), path(machine, 4)
    )
    z, errors = relative_means(log_weights, log_p)
    assert abs(z).max() < 3.5
    assert errors.max() < 0.1


@pytest.mark.parametrize("shape", SHAPES)
def test_reversed_weights_of_laplace_factors_are_unbiased_for_one_over_p(shape):
    machine, n, rng = make_dictionary(*shape, noise=0.5), 6000, np.random.default_rng(0)
    x, _ = make_rows(machine, 3)
    grids = [Grid(machine, row) for row in x]
    states = np.concatenate([grid.draw(n, rng) for grid in grids])
    log_weights = reversed_log_weights(
        sampler_of(machine), machine.rows(x), states, draws_of(3, n), path(machine, 6)
    )
    z, errors = relative_means(-log_weights, -np.array([grid.log_p for grid in grids]))
    assert abs(z).max() < 3.5
    assert errors.max() < 0.1


def test_estimates_are_within_their_errors_of_brute_force():
    machine = make_dictionary(2, 2, noise=0.05)
    x, _ = make_rows(machine, 15, n_missing=1)
    rows = machine.rows(x)
    found = annealed_estimate(sampler_of(machine), rows, KEY, rows.keys, 50, 100)
    log_p = np.array([Grid(machine, row).log_p for row in x])
    z = (found.per_sample - log_p) / np.sqrt(found.variance)
    assert abs(z).max() < 4.5
    assert z.std() < 1.6
    assert np.sqrt(found.variance).max() < 0.3


def test_bounds_from_both_sides_meet_on_dreams():
    rng = np.random.RandomState(0)
    atoms = rng.standard_normal((6, 4))
    machine = LaplaceDictionary(np.zeros(4), atoms, 0.09)
    x, codes = machine.sample(60, rng)
    seed, addresses = _keys.scoring_seed(), np.arange(60, dtype=np.uint64)
    lower, upper = annealed_bounds(
        sampler_of(machine), (machine.rows(x), codes), seed, addresses, 10, 200
    )
    assert -0.05 < (upper - lower).mean() < 0.1
    assert np.abs(upper - lower).max() > 0  # or nothing was compared


def test_without_noise_a_complete_dictionary_is_independent_component_analysis():
    rng = np.random.RandomState(1)
    atoms = np.diag([0.7, 1, 2]) @ (np.eye(3) + 0.15 * rng.standard_normal((3, 3)))
    mean, h = rng.standard_normal(3), rng.laplace(scale=SCALE, size=(20, 3))
    x = mean + h @ atoms
    log_p = stats.laplace(scale=SCALE).logpdf((x - mean) @ np.linalg.inv(atoms)).sum(axis=1)
    log_p -= np.linalg.slogdet(atoms)[1]  # the change of variables
    key, misses = _keys.key(cases.SEED, Purpose.ANNEAL), []
    for noise in (0.3, 0.1, 0.03):
        machine = LaplaceDictionary(mean, atoms, noise**2)
        rows = machine.rows(x)
        found = annealed_estimate(sampler_of(machine), rows, key, rows.keys, 100, 300)
        misses.append(found.per_sample - log_p)
    assert np.abs(misses[0]).mean() > 0.08
    assert np.abs(misses[2]).mean() < 0.07
    assert abs(misses[2].mean()) < 0.02
