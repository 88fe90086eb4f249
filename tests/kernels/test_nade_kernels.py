"""Kernels of deterministic units between the units of a layer, against slow twins."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz._kernels import nade
from sklearn_helmholtz._keys import layer_word
from tests import cases, naive, naive_nade
from tests.kernels.test_kernels import KEY, normal, uniform_row

SIZES = [(1, 1), (2, 3), (7, 16), (20, 37)]  # units, and deterministic ones between them
ADDRESSES = np.array([3, 10**12], np.uint64)
N_PARTICLES, FIRST, LAYER = 3, 2, 0
DRAWS = KEY, ADDRESSES, N_PARTICLES, FIRST, layer_word(LAYER)


def net(n_units, n_between, seed=0):
    """Lateral weights, and those to and from the units between, with their intercepts."""
    lateral = np.triu(normal(seed, n_units, n_units), 1)
    return lateral, *between(n_units, n_between, seed + 1)


def between(n_units, n_between, seed=0):
    incoming = normal(seed, n_units, n_between, scale=0.7)
    return incoming, normal(seed + 1, n_between), normal(seed + 2, n_units, n_between)


def rows(seed, n_rows, n_units):
    """Rows of zeros, ones and fractions."""
    values = np.random.default_rng(seed).uniform(-1, 2, (n_rows, n_units))
    return np.clip(values, 0, 1).astype(np.float32)


def uniforms_of(row, n):
    address, particle = int(ADDRESSES[row // N_PARTICLES]), FIRST + row % N_PARTICLES
    return uniform_row(KEY, address, particle, LAYER, n)


def draw_of(row, n):
    numbers = uniforms_of(row, n).astype(np.float64)
    return lambda i, eta: float(numbers[i] < naive.sigmoid(eta))


def loss(values, error, parameters):
    """``sum error * eta`` of the naive twin: what `nade_gradient` is the gradient of."""
    return sum(
        float(e @ naive_nade.inputs(x, *parameters)) for x, e in zip(values, error, strict=True)
    )


@pytest.mark.parametrize(("n_units", "n_between"), SIZES)
def test_inputs_by_way_of_units_between_are_the_naive_ones(n_units, n_between):
    values, parameters = rows(0, 5, n_units), between(n_units, n_between)
    eta = normal(9, 5, n_units)
    expected = eta + [naive_nade.inputs(x, *parameters) for x in values]
    nade.nade_inputs(values, *parameters, eta)
    assert_allclose(eta, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("n_units", "n_between"), SIZES)
def test_gradients_by_way_of_units_between_are_finite_differences(n_units, n_between):
    values, error = rows(1, 4, n_units), normal(2, 4, n_units)
    error[1] = 0
    parameters = between(n_units, n_between)
    doubles = [np.float64(array) for array in parameters]
    found = [np.full_like(array, np.nan) for array in parameters]
    nade.nade_gradient(values, error, *parameters, *found)
    for array, gradient in zip(doubles, found, strict=True):
        expected, step = np.zeros(array.shape), 1e-6
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + step
            above = loss(values, error, doubles)
            array[place] = kept - step
            expected[place] = (above - loss(values, error, doubles)) / (2 * step)
            array[place] = kept
        assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


def test_gradients_of_long_saturated_rows_are_those_of_doubles():
    n_units, n_between = 600, 5
    incoming, intercept, outgoing = between(n_units, n_between, 3)
    parameters = 0.3 * incoming, intercept, outgoing
    values, error = np.round(rows(4, 2, n_units)), normal(5, 2, n_units)
    found = [np.empty_like(array) for array in parameters]
    nade.nade_gradient(values, error, *parameters, *found)
    expected = naive_nade.gradient(values, error, *parameters)
    for gradient, twin in zip(found, expected, strict=True):
        assert_allclose(gradient, twin, rtol=1e-3, atol=2e-4 * np.abs(twin).max())


@pytest.mark.parametrize(("n_units", "n_between"), SIZES)
@pytest.mark.parametrize("n_eta", [1, 2, 6])
def test_draws_by_way_of_units_between_are_the_naive_ones(n_units, n_between, n_eta):
    parameters, eta = net(n_units, n_between), normal(1, n_eta, n_units)
    inputs = np.full((6, n_units), np.nan, np.float32)
    states = np.full((6, n_units), 9, np.uint8)
    nade.sample_nade(eta, *parameters, *DRAWS, inputs, states)
    for row, own in enumerate(np.repeat(eta, 6 // n_eta, axis=0)):
        nothing = np.full(n_units, np.nan)
        twin = naive_nade.complete(nothing, *parameters, own, draw_of(row, n_units))
        assert_array_equal(states[row], twin[0])
        assert_allclose(inputs[row], twin[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("share", [0, 0.4, 1])
@pytest.mark.parametrize("n_values", [1, 2, 6])
@pytest.mark.parametrize(("n_units", "n_between"), SIZES)
def test_gaps_by_way_of_units_between_are_drawn_as_by_the_twin(n_units, n_between, n_values, share):
    (lateral, *others), values = net(n_units, n_between), rows(2, n_values, n_units)
    values[np.random.default_rng(3).random(values.shape) < share] = np.nan
    given, eta = np.repeat(values, 6 // n_values, axis=0), normal(4, 6, n_units)
    inputs = (eta + np.nan_to_num(given) @ lateral).astype(np.float32)
    completed = np.full((6, n_units), np.nan, np.float32)
    nade.complete_nade(values, lateral, *others, *DRAWS, inputs, completed)
    for row in range(6):
        twin = naive_nade.complete(given[row], lateral, *others, eta[row], draw_of(row, n_units))
        assert_array_equal(completed[row], twin[0])
        assert_allclose(inputs[row], twin[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("n_units", "n_between"), SIZES)
def test_means_by_way_of_units_between_are_the_naive_ones(n_units, n_between):
    parameters, eta = net(n_units, n_between), normal(5, 3, n_units)
    means, nothing = np.full((3, n_units), np.nan, np.float32), np.full(n_units, np.nan)
    nade.means_nade(*parameters, eta.copy(), means)
    for row in range(3):
        twin, _ = naive_nade.complete(
            nothing, *parameters, eta[row], lambda i, eta: naive.sigmoid(eta)
        )
        assert_allclose(means[row], twin, rtol=1e-4)


def test_draws_by_way_of_units_between_have_the_enumerated_frequencies():
    parameters, eta, n = net(5, 6, seed=7), normal(8, 1, 5), 50_000
    inputs, states = np.empty((n, 5), np.float32), np.empty((n, 5), np.uint8)
    addresses = np.arange(n, dtype=np.uint64)
    nade.sample_nade(eta, *parameters, KEY, addresses, 1, 0, layer_word(0), inputs, states)
    everything = cases.all_rows(5)
    log_p = [naive_nade.log_prob(x, *parameters, eta[0]) for x in everything]
    assert math.fsum(np.exp(log_p)) == pytest.approx(1)
    cases.assert_frequencies(cases.state_numbers(states), np.exp(log_p))
