"""Kernels of two sides of units against slow twins in float64."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_expit, logsumexp

from sklearn_helmholtz._kernels.block_gibbs import block_gibbs_sweeps
from sklearn_helmholtz._kernels.gray_code import missing_log_sums, softplus_sums
from sklearn_helmholtz._kernels.one_hot import one_hot_sample
from sklearn_helmholtz._kernels.pseudo import pseudo_log_likelihoods
from sklearn_helmholtz._kernels.random import uniform_rows
from sklearn_helmholtz._keys import layer_word
from sklearn_helmholtz.inference.block_gibbs import filled_up, panels

KEY = np.array([3, 2**31 + 5], np.uint32)


def softplus(x):
    return np.logaddexp(0, x)


def padded(array, value=0.0):
    more = [(0, 0)] * (array.ndim - 1) + [(0, -array.shape[-1] % 16)]
    return np.pad(array, more, constant_values=value)


def bits(numbers, n):
    return (np.asarray(numbers)[:, None] >> np.arange(n) & 1).astype(float)


# Gray's code


@pytest.mark.parametrize("start", [0, 3 * 2**12])
@pytest.mark.parametrize(("n_units", "n_inputs"), [(14, 5), (14, 16), (14, 37), (14, 1100)])
def test_sums_of_softplus_are_those_of_every_state(n_units, n_inputs, start):
    rng = np.random.default_rng(n_inputs)
    weights, intercept = rng.normal(0, 3, (n_units, n_inputs)), rng.normal(0, 3, n_inputs)
    out = np.full(2**12, np.nan)
    softplus_sums(padded(weights), padded(intercept, -1e3), start, out)
    states = bits(start + np.arange(2**12), n_units)
    assert_allclose(out, softplus(intercept + states @ weights).sum(axis=1), rtol=1e-12, atol=1e-12)


def test_sums_of_softplus_hold_where_inputs_are_huge():
    weights, out = np.full((2, 16), 1e5), np.empty(4)
    softplus_sums(weights, np.full(16, -1e5), 0, out)
    assert_allclose(out, 16 * np.array([0, np.log(2), np.log(2), 1e5]), rtol=1e-13)


@pytest.mark.parametrize("n_missing", [0, 1, 5, 13])
def test_sums_over_what_is_missing_are_those_of_every_completion(n_missing):
    rng = np.random.default_rng(n_missing)
    weights, biases = rng.normal(0, 2, (15, 6)), rng.normal(0, 2, 15)
    inputs = rng.normal(0, 2, (3, 6))
    columns = [np.sort(rng.choice(15, n_missing, replace=False)) for _ in range(3)]
    out = np.full(3, np.nan)
    missing_log_sums(
        padded(inputs, -1e3), padded(weights), biases, n_missing * np.arange(4),
        np.concatenate(columns).astype(np.int64), out,
    )  # fmt: skip
    states = bits(np.arange(2**n_missing), n_missing)
    for row, own in enumerate(columns):
        terms = states @ biases[own]
        terms += softplus(inputs[row] + states @ weights[own]).sum(axis=1)
        assert_allclose(out[row], logsumexp(terms), rtol=1e-13)


# Pseudo-likelihood


@pytest.mark.parametrize("n_hidden", [3, 16, 20])
def test_pseudo_likelihoods_are_conditional_probabilities(n_hidden):
    rng = np.random.default_rng(n_hidden)
    weights, biases = rng.normal(0, 1, (5, n_hidden)), rng.normal(0, 1, 5)
    values, intercept = rng.integers(0, 2, (4, 5)).astype(float), rng.normal(0, 1, n_hidden)
    values[-1] = rng.random(5)
    out = np.full(4, np.nan)
    eta = intercept + values @ weights
    pseudo_log_likelihoods(*(a.astype(np.float32) for a in (values, eta, weights, biases)), out)
    for row, own in enumerate(values):
        total = 0
        for i in range(5):
            both = np.array([own, own])
            both[:, i] = 0, 1
            log_p = both @ biases + softplus(intercept + both @ weights).sum(axis=1)
            odds = log_p[1] - log_p[0]
            total += own[i] * log_expit(odds) + (1 - own[i]) * log_expit(-odds)
        assert_allclose(out[row], total, rtol=1e-5)


# Sweeps of both sides


class Chains:
    """Arguments of a call, and its twin."""

    def __init__(self, n_visible, n_hidden, clamps=False, seed=0):
        rng = np.random.default_rng(seed)
        normal = lambda *shape: rng.normal(0, 0.7, shape).astype(np.float32)  # noqa: E731
        self.W, self.a, self.gain = (
            normal(n_visible, n_hidden),
            normal(n_visible),
            normal(n_visible),
        )
        self.inputs = normal(2, n_hidden)
        self.free = np.ones((2, n_visible), np.uint8)
        if clamps:
            self.free = rng.integers(0, 2, (2, n_visible)).astype(np.uint8)
        self.addresses = np.array([7, 2**40 + 1], np.uint64)
        self.numbers = np.array([0, 50, 100, 0, 50, 100])
        start = rng.integers(0, 2, (6, n_visible)).astype(np.uint8)
        self.start = start * np.repeat(self.free, 3, axis=0)

    def run(self, betas, numbers=None, visible=None, chains=slice(None)):
        visible = (self.start if visible is None else visible)[chains].copy()
        hidden = np.zeros((len(visible), self.W.shape[1]), np.uint8)
        log_weights = np.zeros(len(visible))
        rows = slice(None) if chains == slice(None) else slice(chains.start // 3, chains.stop // 3)
        numbers = self.numbers if numbers is None else numbers
        wide = [filled_up(a) for a in (self.a, self.gain, self.inputs[rows], self.free[rows])]
        present = filled_up(np.ones(hidden.shape[1]))
        block_gibbs_sweeps(
            panels(self.W), panels(self.W.T), *wide, present, np.array(betas, np.float32), KEY,
            self.addresses[rows], numbers[chains], layer_word(0), layer_word(1), visible, hidden,
            log_weights,
        )  # fmt: skip
        return visible, hidden, log_weights

    def uniforms(self, t, layer, n):
        out = np.empty((6, n), np.float32)
        for chain in range(6):
            uniform_rows(
                KEY, self.addresses[chain // 3, None], 1, self.numbers[chain] + t,
                layer_word(layer), out[chain : chain + 1],
            )  # fmt: skip
        return out

    def log_f(self, v, beta):
        inputs = np.repeat(self.inputs, 3, axis=0).astype(float) + v @ self.W.astype(float)
        return v @ (self.a + beta * self.gain.astype(float)) + softplus(beta * inputs).sum(axis=1)

    def twin(self, betas):
        v, W = self.start.astype(float), self.W.astype(float)
        n_visible, n_hidden = W.shape
        log_weights, edge = np.zeros(6), np.inf
        for t, (before, beta) in enumerate(itertools.pairwise(betas)):
            log_weights += self.log_f(v, beta) - self.log_f(v, before)
            p = expit(beta * (np.repeat(self.inputs, 3, axis=0) + v @ W))
            u = self.uniforms(t, 1, n_hidden)
            h, edge = u < p, min(edge, np.abs(u - p).min())
            p = expit(self.a + beta * (self.gain + h @ W.T))
            u = self.uniforms(t, 0, n_visible)
            v, edge = (u < p) * np.repeat(self.free, 3, axis=0), min(edge, np.abs(u - p).min())
            v = v.astype(float)
        assert edge > 1e-6, "a number is at the edge: choose another seed"
        return v, h, log_weights


BETAS = [0, 0.3, 0.3, 0.7, 1, 0.5]


@pytest.mark.parametrize("clamps", [False, True])
@pytest.mark.parametrize("sizes", [(1, 1), (5, 3), (16, 32), (37, 20), (70, 300), (130, 97)])
def test_sweeps_of_both_sides_are_the_naive_ones(sizes, clamps):
    chains = Chains(*sizes, clamps)
    found, expected = chains.run(BETAS), chains.twin(BETAS)
    for one, other in zip(found[:2], expected[:2], strict=True):
        assert_array_equal(one, other)
    assert_allclose(found[2], expected[2], atol=1e-4)


def test_bits_of_chains_depend_neither_on_others_nor_on_pieces():
    chains = Chains(37, 20, clamps=True)
    whole = chains.run(BETAS)
    alone = [chains.run(BETAS, chains=slice(start, start + 3)) for start in (0, 3)]
    for one, *parts in zip(whole, *alone, strict=True):
        assert_array_equal(one, np.concatenate(parts))
    first = chains.run(BETAS[:3])
    second = chains.run(BETAS[2:], chains.numbers + 2, first[0])
    assert_array_equal(second[0], whole[0])
    assert_array_equal(second[1], whole[1])
    assert_allclose(first[2] + second[2], whole[2], rtol=1e-12)


def test_weights_of_many_small_steps_are_exact_enough():
    chains = Chains(70, 300)
    betas = np.linspace(0, 1, 2001).astype(np.float32)
    found = chains.run(betas)[2]
    v, total = chains.start, np.zeros(6)
    for t in range(2000):
        total += chains.log_f(v, float(betas[t + 1])) - chains.log_f(v, float(betas[t]))
        v = chains.run(betas[t : t + 2], chains.numbers + t, v)[0]
    assert_allclose(found, total, atol=2e-3)


# One-hot groups


@pytest.mark.parametrize("levels", [(3, 1, 20, 2), (), (40,)])
@pytest.mark.parametrize("n_binary", [0, 1, 70])
def test_one_hot_rows_are_chosen_by_the_documented_uniform_numbers(n_binary, levels):
    rng, starts = np.random.default_rng(n_binary), n_binary + np.cumsum([0, *levels])
    eta = rng.normal(0, 3, (12, starts[-1])).astype(np.float32)
    addresses = np.arange(5, 9, dtype=np.uint64)
    numbers = np.empty((12, n_binary + len(levels)), np.float32)
    uniform_rows(KEY, addresses, 3, 2, layer_word(1), numbers)
    bits, log_prob = np.full(eta.shape, 9, np.uint8), np.arange(12.0)
    one_hot_sample(eta, starts, KEY, addresses, 3, 2, layer_word(1), bits, log_prob)
    expected, log_p = np.zeros(eta.shape), np.arange(12.0)
    wide = eta.astype(np.float64)
    expected[:, :n_binary] = numbers[:, :n_binary] < expit(wide[:, :n_binary])
    signs = 2 * expected[:, :n_binary] - 1
    log_p += log_expit(signs * wide[:, :n_binary]).sum(axis=1)
    for group, (start, n) in enumerate(zip(starts, levels, strict=False)):
        own = wide[:, start : start + n]
        p = np.exp(own - logsumexp(own, axis=1, keepdims=True))
        chosen = (numbers[:, n_binary + group, None] >= np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)
        expected[np.arange(12), start + chosen] = 1
        log_p += np.log(p[np.arange(12), chosen])
    assert_array_equal(bits, expected)
    assert_allclose(log_prob, log_p, rtol=1e-5, atol=1e-5)
