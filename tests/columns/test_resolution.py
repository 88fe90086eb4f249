"""The resolution of columns: found where there is one, whatever the units, and 0 elsewhere."""

import sys

import numpy as np
import pytest

from sklearn_helmholtz.columns import resolution, spread


def recorded(step, n=200, seed=0, centre=20.0, deviation=5.0):
    """Values as people type them: multiples of a step, rounded by its decimals."""
    values = np.random.default_rng(seed).normal(centre, deviation, n)
    return np.round(np.round(values / step) * step, 10)


@pytest.mark.parametrize("step", [0.01, 0.1, 0.25, 0.5, 1, 2.5, 5])
def test_steps_are_found(step):
    assert resolution(recorded(step)) == step


@pytest.mark.parametrize("step", [100.0, 1000.0, 2e8])
def test_large_steps_are_found(step):
    assert resolution(step * recorded(1)) == step


@pytest.mark.parametrize(
    ("a", "b"), [(2.54, 0), (1 / 3, 0), (1e-9, 0), (7, 0.3), (1, 1e6), (-2, 1)]
)
@pytest.mark.parametrize("step", [0.1, 1])
def test_it_goes_with_the_units(a, b, step):
    assert resolution(a * recorded(step) + b) == pytest.approx(abs(a) * step, rel=1e-9)


def test_arithmetic_on_a_grid_does_not_hide_it():
    rng = np.random.default_rng(1)
    whole = rng.integers(0, 400, 300)
    assert resolution(whole * 0.1) == 0.1
    assert resolution(np.concatenate([whole * 0.1, np.round(whole * 0.1, 1)])) == 0.1
    assert resolution(np.cumsum(np.full(300, 0.1))) == pytest.approx(0.1, rel=1e-9)
    assert resolution(np.float64(np.float32(whole * 0.125))) == 0.125


@pytest.mark.parametrize("n", [5, 50, 300, 2000])
def test_continuous_values_have_none(n):
    for seed in range(4):
        values = np.random.default_rng(seed).normal(size=n)
        assert resolution(values) == 0.0
        assert resolution(np.concatenate([np.zeros(n), values])) == 0.0


def test_three_values_rarely_seem_to_have_one():
    rng = np.random.default_rng(0)
    assert sum(resolution(rng.normal(size=3)) > 0 for _ in range(40)) < 3


def test_folds_of_fifty_rows_agree():
    found = [resolution(recorded(0.1, 50, seed)) for seed in range(60)]
    assert found == [0.1] * 60


def test_one_value_has_none():
    assert resolution(np.full(8, 3.7)) == 0
    assert resolution(np.array([3.7])) == 0


def test_a_grid_far_finer_than_the_spread_is_none():
    values = np.random.default_rng(0).normal(size=400)
    assert resolution(np.round(values, 3)) == 0.001
    assert resolution(np.round(values, 9)) == 0


@pytest.mark.parametrize("a", [1e-200, 1e200])
def test_magnitudes_do_not_matter(a):
    assert resolution(a * np.arange(12.0)) == pytest.approx(a, rel=1e-9)


def test_spreads_are_distances_of_quartiles_or_what_comes_next():
    assert spread(np.arange(101.0)) == 50
    assert spread(np.array([0.0] * 80 + list(range(1, 21)))) == 10
    assert spread(np.array([5.0] * 999 + [7])) == 2
    assert spread(np.full(4, -3.0)) == 3
    assert spread(np.full(4, 0.2)) == 1


def test_spreads_count_weights_as_rows():
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=80), rng.integers(1, 6, 80)
    assert spread(values, weights) == spread(np.repeat(values, weights))


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_what_a_few_distances_exclude_is_no_resolution(monkeypatch, offset):
    rng, searched = np.random.default_rng(0), sys.modules["sklearn_helmholtz.columns.resolution"]
    columns = [rng.normal(size=n) for n in (2, 3, 9, 40)]
    columns += [np.round(rng.normal(size=n), 2) for n in (3, 40)]
    columns += [rng.integers(0, 500, 30) * step for step in (0.1, 1 / 3, 1e-9, 1e9)]
    columns += [np.cumsum(rng.choice([0.1, 0.25, 7 / 3], 20)), np.float64(np.float32(columns[3]))]
    found = [resolution(values + offset) for values in columns]
    monkeypatch.setattr(searched, "_is_left", lambda distances, guesses, error: guesses > 0)
    assert found == [resolution(values + offset) for values in columns]
    assert sum(each > 0 for each in found) > 5
