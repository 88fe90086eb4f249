"""Sums of states near references: those of tables, but for rounding, and of a row alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from sklearn_helmholtz._kernels import flips, tables


class Layer:
    """References, rows near them, other rows, weights."""

    def __init__(self, n_references, n_near, n_others, n_inputs, n_units, flipped, seed=0):
        rng = np.random.default_rng(seed)
        self.n_near = n_near
        self.references = (rng.random((n_references, n_inputs)) < 0.5).astype(np.uint8)
        self.are_sure = (rng.random(n_references) < 0.7).astype(np.uint8)
        shares = rng.choice([0, flipped, 0.5], p=[0.1, 0.8, 0.1], size=(n_references * n_near, 1))
        differ = rng.random((n_references * n_near, n_inputs)) < shares
        near = self.references.repeat(n_near, axis=0) ^ differ
        others = rng.random((n_others, n_inputs)) < 0.5
        self.states = np.concatenate([near, others]).astype(np.uint8)
        self.matrix = rng.standard_normal((n_inputs, n_units)).astype(np.float32)
        self.intercept = rng.standard_normal(n_units).astype(np.float32)

    def sums(self):
        """Those of the states, and of the references, NaN where they are not sure."""
        n_units = len(self.intercept)
        out = np.full((len(self.states), n_units), np.nan, np.float32)
        others = np.full((len(self.references), n_units), np.nan, np.float32)
        flips.near_product(
            self.states, self.references, self.are_sure, self.n_near, self.matrix, self.intercept,
            out, others,
        )  # fmt: skip
        return out, others

    def tabled(self, states):
        """The sums of tables."""
        out = np.empty((len(states), len(self.intercept)), np.float32)
        tables.table_product(states, self.matrix, self.intercept, out)
        return out

    def choose(self, references):
        """Leave some references and the rows near them alone, and no others."""
        rows = (np.asarray(references)[:, None] * self.n_near + np.arange(self.n_near)).ravel()
        self.references = self.references[references]
        self.are_sure, self.states = self.are_sure[references], self.states[rows]
        return rows


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 4), st.integers(1, 7), st.integers(0, 3), st.sampled_from([1, 31, 64, 100, 203]),
    st.sampled_from([1, 15, 16, 17, 31, 33, 64, 65, 200]), st.sampled_from([0.01, 0.05, 0.12]),
)  # fmt: skip
def test_sums_near_references_are_the_naive_ones(
    n_references, n_near, n_others, n_inputs, n_units, flipped
):
    layer = Layer(n_references, n_near, n_others, n_inputs, n_units, flipped)
    out, others = layer.sums()
    matrix, sure = layer.matrix.astype(np.float64), layer.are_sure == 1
    assert_allclose(out, layer.intercept + layer.states @ matrix, atol=1e-4)
    assert_array_equal(others[sure], layer.tabled(layer.references[sure]))
    assert np.isnan(others[~sure]).all()


def test_rows_with_many_flips_and_rows_without_reference_are_those_of_tables():
    layer = Layer(6, 5, 4, 120, 70, 0.09)
    out, tabled = layer.sums()[0], layer.tabled(layer.states)
    n_flips = (layer.states[:30] != layer.references.repeat(5, axis=0)).sum(axis=1)
    has_list = (n_flips <= 120 // 12) & (layer.are_sure.repeat(5) == 1)
    is_plain = np.append(~has_list, np.ones(4, bool))
    assert 0 < has_list.sum() < 30
    assert_array_equal(out[is_plain], tabled[is_plain])
    assert (out[~is_plain] != tabled[~is_plain]).any(axis=1).sum() > has_list.sum() / 2
    assert_array_equal(out[:30][has_list & (n_flips == 0)], tabled[:30][has_list & (n_flips == 0)])


def test_sums_of_a_row_do_not_depend_on_the_rows_beside_it():
    whole = Layer(6, 5, 4, 120, 70, 0.03)
    expected = whole.sums()[0]
    for references in ([4, 2], [3], [0, 1, 2, 3, 4, 5]):
        part = Layer(6, 5, 4, 120, 70, 0.03)
        rows = part.choose(references)
        assert_array_equal(part.sums()[0], expected[rows])


@pytest.mark.parametrize("n_units", [64, 70, 203])
def test_references_are_probable_states_of_which_few_units_differ(n_units):
    rng = np.random.default_rng(n_units)
    eta = (rng.standard_normal((40, n_units)) * rng.uniform(1, 40, (40, 1))).astype(np.float32)
    eta[3, 5] = np.nan
    are_sure = np.ones(40, np.uint8)
    are_sure[7] = 0
    references = np.full(eta.shape, 9, np.uint8)
    flips.choose_references(eta, references, are_sure)
    expected = expit(-abs(eta.astype(np.float64))).sum(axis=1)
    asked = np.arange(40) != 7
    assert 5 < (expected <= n_units / 16).sum() < 35
    assert_array_equal(are_sure == 1, (expected <= n_units / 16) & asked)
    assert_array_equal(references[asked], eta[asked] > 0)
    assert (references[7] == 9).all()


def test_of_few_units_none_is_a_reference():
    are_sure = np.ones(3, np.uint8)
    flips.choose_references(np.full((3, 63), 30, np.float32), np.empty((3, 63), np.uint8), are_sure)
    assert not are_sure.any()
