"""Wide layers gone through panel by panel: the bits of the kernels that hold all inputs at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_helmholtz import _keys
from sklearn_helmholtz._kernels import bernoulli, panels, tables
from sklearn_helmholtz._keys import Purpose, layer_word
from sklearn_helmholtz.rows import Lists
from tests import cases

KEY = _keys.key(cases.SEED, Purpose.SCORE)


class Layer:
    """States of parents, weights, rows of data, which neighbouring parents share, and weights."""

    def __init__(self, n_data, share, n_drawn, n_parents, n_units, missing=0.0):
        rng = np.random.default_rng(n_units)
        n = self.n = n_data * share
        self.n_drawn, self.addresses = n_drawn, np.arange(n_drawn, dtype=np.uint64)
        self.parents = (rng.random((n + n_drawn, n_parents)) < 0.5).astype(np.uint8)
        self.matrix = rng.standard_normal((n_parents, n_units)).astype(np.float32)
        self.intercept = rng.standard_normal(n_units).astype(np.float32) - 1
        rows = (rng.random((n_data, n_units)) < 0.2).astype(np.float32)
        rows[rng.random(rows.shape) < missing] = np.nan
        self.data, self.weights = Lists.from_dense(rows), rng.random(n).astype(np.float32)
        self.each = self.data[np.repeat(np.arange(n_data), share)]

    def empty(self):
        """States to be drawn, log-probabilities that are added to 1, derivatives."""
        states = np.empty((self.n_drawn, len(self.intercept)), np.uint8)
        return states, np.ones(self.n), np.empty_like(self.matrix), np.empty_like(self.intercept)

    def at_once(self):
        """All of them by kernels that each go through all units."""
        states, log_prob, *out = self.empty()
        eta = np.empty((len(self.parents), len(self.intercept)), np.float32)
        tables.table_product(self.parents, self.matrix, self.intercept, eta)
        bernoulli.bernoulli_sample(
            eta[self.n :], KEY, self.addresses, 1, 2, layer_word(3), states, np.zeros(self.n_drawn)
        )
        errors = eta[: self.n]
        bernoulli.bernoulli_score_sparse(*self.data.lists, errors, log_prob)
        errors *= self.weights[:, None]
        tables.table_gradient(self.parents[: self.n], errors, True, *out)
        return states, log_prob, *out

    def by_panels(self, learns=True):
        """All of them, or the first two, panel by panel."""
        states, log_prob, *out = self.empty()
        panels.visit_panels(
            self.parents, self.matrix, self.intercept, *self.data.lists, KEY, self.addresses, 1, 2,
            layer_word(3), states, log_prob, self.weights if learns else self.weights[:0],
            out[0] if learns else out[0][:0], out[1],
        )  # fmt: skip
        return (states, log_prob, *out) if learns else (states, log_prob)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 3), st.integers(1, 3), st.integers(0, 40), st.sampled_from([1, 7, 32, 33, 170]),
    st.sampled_from([1, 15, 31, 33, 255, 256, 257, 520]), st.sampled_from([0.0, 0.1]),
)  # fmt: skip
def test_panels_have_the_bits_of_all_units_at_once(
    n_data, share, n_drawn, n_parents, n_units, missing
):
    layer = Layer(n_data, share, n_drawn, n_parents, n_units, missing)
    expected = layer.at_once()
    assert_array_equal(layer.by_panels(learns=False)[0], expected[0])
    assert_array_equal(layer.by_panels(learns=False)[1], expected[1])
    if n_data:
        for found, part in zip(layer.by_panels(), expected, strict=True):
            assert_array_equal(found, part)


def test_particles_of_drawn_rows_have_numbers_of_their_own():
    layer = Layer(1, 1, 6, 3, 300)
    states, log_prob, *_ = layer.empty()
    panels.visit_panels(
        layer.parents, layer.matrix, layer.intercept, *layer.data.lists, KEY, layer.addresses[:2],
        3, 1, layer_word(0), states, log_prob, layer.weights[:0], layer.matrix[:0], layer.intercept,
    )  # fmt: skip
    eta, expected = np.empty((7, 300), np.float32), np.empty((6, 300), np.uint8)
    tables.table_product(layer.parents, layer.matrix, layer.intercept, eta)
    bernoulli.bernoulli_sample(
        eta[1:], KEY, layer.addresses[:2], 3, 1, layer_word(0), expected, np.zeros(6)
    )
    assert_array_equal(states, expected)


@pytest.mark.parametrize("n_columns", [3, 8, 17, 300])
def test_rows_that_are_mostly_zero_become_lists(n_columns):
    rng = np.random.default_rng(0)
    for share, listed in ((0.05, True), (0.5, False)):
        rows = (rng.random((40, n_columns)) < share).astype(np.uint8)
        found = Lists.where_short(rows)
        assert isinstance(found, Lists) == listed
        assert_array_equal(found.toarray() if listed else found, rows)
