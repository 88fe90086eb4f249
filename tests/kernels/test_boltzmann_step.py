"""The step of a Boltzmann machine in one kernel against a slow twin in float64."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from sklearn_helmholtz._kernels.boltzmann import boltzmann_step
from sklearn_helmholtz._kernels.random import uniform_rows
from sklearn_helmholtz._keys import layer_word

KEY, PARTICLE = np.array([5, 2**31 + 3], np.uint32), 2
# Visible and hidden units, rows and chains: alone, around the 16 lanes, the 32 of a panel, the 64
# whose random numbers are made together, and the 256 of which one logarithm is taken.
SIZES = [
    (1, 1, 1, 1), (5, 3, 4, 7), (16, 15, 1, 2), (17, 33, 40, 1), (33, 65, 3, 30), (64, 64, 33, 31),
    (65, 97, 2, 5), (97, 300, 20, 9), (130, 129, 64, 64),
]  # fmt: skip


class Case:
    """Arguments of a step, and its twin."""

    def __init__(self, n_visible, n_hidden, n_rows, n_chains, seed=0):
        rng = np.random.default_rng(seed)
        normal = lambda *shape: rng.normal(0, 0.7, shape).astype(np.float32)  # noqa: E731
        self.W, self.b, self.c = normal(n_visible, n_hidden), normal(n_visible), normal(n_hidden)
        self.x = rng.integers(0, 2, (n_rows, n_visible)).astype(np.uint8)
        self.hidden = rng.integers(0, 2, (n_chains, n_hidden)).astype(np.uint8)
        self.weights, self.shares = np.abs(normal(n_rows)), np.abs(normal(n_chains))
        self.addresses = rng.integers(0, 2**60, n_chains).astype(np.uint64)

    def run(self):
        """Hidden states, the three parts of the gradient, both sums of log p*, the weight."""
        hidden = self.hidden.copy()
        found = [np.full_like(a, np.nan) for a in (self.W, self.b, self.c)] + [np.full(3, np.nan)]
        boltzmann_step(
            self.x, self.weights, self.W, self.b, self.c, KEY, self.addresses, PARTICLE,
            layer_word(0), layer_word(1), self.shares, hidden, *found,
        )  # fmt: skip
        return hidden, *found

    def _draw(self, p, layer):
        """States by the numbers of a layer, none of which may be at the edge."""
        u = np.empty(p.shape, np.float32)
        uniform_rows(KEY, self.addresses, 1, PARTICLE, layer_word(layer), u)
        assert np.abs(u - p).min() > 1e-6, "a number is at the edge: choose another seed"
        return (u < p).astype(float)

    def twin(self):
        W, b, c, x = (a.astype(float) for a in (self.W, self.b, self.c, self.x))
        v = self._draw(expit(b + self.hidden @ W.T), 0)
        hidden = self._draw(expit(c + v @ W), 1)
        parts = []
        for values, own in ((x, self.weights), (v, self.shares)):
            eta = c + values @ W
            p = own[:, None] * expit(eta)
            log_p = values @ b + np.logaddexp(0, eta).sum(axis=1)
            parts.append((values.T @ p, own @ values, p.sum(axis=0), own @ log_p))
        rows, chains = parts
        gradient = [one - other for one, other in zip(rows[:3], chains[:3], strict=True)]
        return hidden, *gradient, np.array([rows[3], chains[3], self.weights.sum()])


@pytest.mark.parametrize("sizes", SIZES)
def test_a_step_is_the_naive_one(sizes):
    case = Case(*sizes)
    (hidden, *found), (states, *expected) = case.run(), case.twin()
    assert_array_equal(hidden, states)
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, rtol=2e-5, atol=2e-5 * max(sizes[2:]))


def test_chains_depend_neither_on_others_nor_on_rows():
    case, few = Case(40, 70, 12, 9), Case(40, 70, 12, 9)
    few.hidden, few.addresses, few.shares = case.hidden[2:5], case.addresses[2:5], case.shares[2:5]
    few.x, few.weights = case.x[:1], case.weights[:1]
    assert_array_equal(few.run()[0], case.run()[0][2:5])


def test_without_weights_chains_are_coins_and_the_gradient_is_known():
    case = Case(64, 64, 50, 50)
    case.W[:], case.b[:], case.c[:] = 0, 0, 0
    hidden, by_matrix, by_visible, by_hidden, sums = case.run()
    assert 0.45 < hidden.mean() < 0.55
    assert_allclose(by_matrix, np.repeat(by_visible[:, None] / 2, 64, axis=1), atol=1e-4)
    totals = np.array([case.weights.sum(), case.shares.sum()], float)
    assert_allclose(by_hidden, (totals[0] - totals[1]) / 2, atol=1e-4)
    assert_allclose(sums[:2], totals * 64 * np.log(2), rtol=1e-6)
