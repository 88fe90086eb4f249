"""Bernoulli units whose rows share inputs: the bits of those that take exponentials anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

from sklearn_helmholtz import _keys
from sklearn_helmholtz._kernels import bernoulli, shared_bernoulli
from sklearn_helmholtz._keys import Draws, Purpose, layer_word
from sklearn_helmholtz.units import Bernoulli
from sklearn_helmholtz.units import bernoulli as units_module
from tests import cases, naive

KEY = _keys.key(cases.SEED, Purpose.SCORE)


def inputs(n_rows, n_units, scale=3.0):
    rng = np.random.default_rng(n_units)
    return (scale * rng.standard_normal((n_rows, n_units))).astype(np.float32)


def draw(kernel, eta, n_particles, n_addresses, first=4):
    """States, and log-probabilities that are added to 2."""
    n_rows = n_particles * n_addresses
    states, log_prob = np.empty((n_rows, eta.shape[1]), np.uint8), np.full(n_rows, 2.0)
    addresses = np.arange(n_addresses, dtype=np.uint64) + np.uint64(2**33)
    kernel(eta, KEY, addresses, n_particles, first, layer_word(3), states, log_prob)
    return states, log_prob


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 7), st.booleans(),
    st.sampled_from([1, 15, 16, 17, 64, 100, 255, 256, 257, 530]),
    st.sampled_from([0.1, 3.0, 80.0]),
)  # fmt: skip
def test_rows_that_share_inputs_have_the_bits_of_rows_that_do_not(
    n_addresses, n_particles, is_prior, n_units, scale
):
    eta = inputs(1 if is_prior else n_addresses, n_units, scale)
    states, log_prob = draw(bernoulli.bernoulli_sample, eta, n_particles, n_addresses)
    found, found_log_prob = draw(
        shared_bernoulli.bernoulli_sample_shared, eta, n_particles, n_addresses
    )
    assert_array_equal(found, states)
    assert_array_equal(found_log_prob, log_prob)
    scores, found_scores = np.ones((2, len(states)))
    bernoulli.bernoulli_log_prob_binary(states, eta, scores)
    shared_bernoulli.bernoulli_log_prob_shared(states, eta, found_scores)
    assert_array_equal(found_scores, scores)


def test_states_of_shared_inputs_have_their_probabilities():
    eta = np.array([[-4.0, -1.0, 0.0, 0.7, 3.0], [4.0, 2.0, -0.3, 0.0, -1.0]], np.float32)
    n = 50_000
    states, log_prob = draw(shared_bernoulli.bernoulli_sample_shared, eta, n, 2)
    p = special.expit(eta.astype(np.float64))
    z = (states.reshape(2, n, -1).mean(axis=1) - p) / np.sqrt(p * (1 - p) / n)
    assert np.abs(z).max() < 4
    expected = naive.bernoulli_log_prob(states, np.repeat(eta, n, axis=0))
    assert_allclose(log_prob - 2, expected, rtol=2e-6, atol=1e-5)
    scores = np.zeros(len(states))
    shared_bernoulli.bernoulli_log_prob_shared(states, eta, scores)
    assert_allclose(scores, expected, rtol=2e-6, atol=1e-5)


@pytest.mark.parametrize("n_particles", [31, 32, 200])
def test_units_answer_alike_however_many_rows_share_inputs(n_particles, monkeypatch):
    monkeypatch.setattr(units_module, "_WORTH_COMPILING", 0)
    eta, addresses = inputs(3, 40), np.arange(3, dtype=np.uint64)
    draws = Draws(KEY, addresses, n_particles)
    log_prob, apart, scores = np.zeros((3, draws.n_rows))
    states = Bernoulli().sample(eta, draws, 1, log_prob)
    repeated = np.repeat(eta, n_particles, axis=0)
    assert_array_equal(Bernoulli().sample(repeated, draws, 1, apart), states)
    assert_array_equal(apart, log_prob)
    Bernoulli().log_prob(states, eta, scores)
    assert_array_equal(scores, log_prob)
