"""Activation functions against NumPy in float64, and derivatives against differences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz._kernels import activations

SIZES = np.concatenate([[0], np.logspace(-38, 2, 4001), np.linspace(0, 12, 4001)])
ARGUMENTS = np.concatenate([-SIZES, SIZES]).astype(np.float32)
each_shape = pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 16), (5, 33)])


def normal(seed, shape):
    return np.random.default_rng(seed).normal(0, 2, shape).astype(np.float32)


def states_of(kernel, values):
    states = values.copy()
    kernel(states)
    return states


def errors_of(kernel, states, slopes):
    errors = slopes.copy()
    kernel(states, errors)
    return errors


def test_tanh_is_accurate_near_zero_and_far_from_it():
    found = states_of(activations.tanh_states, ARGUMENTS[None])[0]
    assert_allclose(found, np.tanh(ARGUMENTS.astype(np.float64)), rtol=3e-7, atol=2e-45)
    assert_array_equal(np.abs(found) <= 1, True)


@each_shape
def test_states_are_activations_of_their_inputs(shape):
    eta = normal(0, shape)
    expected = np.tanh(eta.astype(np.float64))
    assert_allclose(states_of(activations.tanh_states, eta), expected, rtol=3e-7)
    assert_array_equal(states_of(activations.relu_states, eta), np.maximum(eta, 0))


@each_shape
def test_errors_are_slopes_times_derivatives(shape):
    eta, slopes, step = normal(0, shape), normal(1, shape), 1e-6
    assert np.abs(eta).min() > step
    for function, states, errors in (
        (np.tanh, activations.tanh_states, activations.tanh_errors),
        (lambda x: np.maximum(x, 0), activations.relu_states, activations.relu_errors),
    ):
        ends = [function(eta.astype(np.float64) + sign * step) for sign in (1, -1)]
        expected = slopes * (ends[0] - ends[1]) / (2 * step)
        found = errors_of(errors, states_of(states, eta), slopes)
        assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n", [1, 5, 16, 33])
def test_what_is_not_finite_stays_where_it_is(n):
    eta = np.zeros((1, n), np.float32)
    for value, tanh, relu in ((np.nan, np.nan, np.nan), (np.inf, 1, np.inf), (-np.inf, -1, 0)):
        eta[0, n // 2] = value
        for kernel, own in ((activations.tanh_states, tanh), (activations.relu_states, relu)):
            expected = np.zeros(n)
            expected[n // 2] = own
            assert_array_equal(states_of(kernel, eta)[0], expected)
    slopes = np.ones((1, n), np.float32)
    slopes[0, n // 2] = np.nan
    ones = np.ones((1, n), np.float32)
    for kernel in (activations.tanh_errors, activations.relu_errors):
        found = errors_of(kernel, ones / 2, slopes)
        assert_array_equal(np.isnan(found), np.isnan(slopes))
