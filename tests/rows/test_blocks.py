"""Blocks and lists of non-zero entries against plain arrays."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal

from sklearn_helmholtz.rows import Block, Lists
from tests.rows.builders import table

FILL = np.linspace(0.1, 0.7, 7).astype(np.float32)
LISTED = {"array": lambda X: X, "lists": Lists.from_dense}
in_both_forms = pytest.mark.parametrize("form", LISTED.values(), ids=LISTED)
with_and_without_gaps = pytest.mark.parametrize("missing", [False, True])


def rows(missing):
    return table(np.float32, missing)


def dense(values):
    return values.toarray() if isinstance(values, Lists) else values


@in_both_forms
@with_and_without_gaps
def test_blocks_are_the_rows(form, missing):
    X = rows(missing)
    block = Block(form(X), FILL if missing else None)
    assert len(block) == len(X)
    assert block.is_listed == isinstance(block.values, Lists)
    assert not block.is_binary
    assert block.has_missing == missing
    assert_array_equal(block.toarray(), X)
    doubles = block.todoubles()
    assert doubles.dtype == np.float64
    assert doubles.flags.c_contiguous
    assert_array_equal(doubles, X)
    assert_array_equal(block.is_known, ~np.isnan(X).all(axis=1))


@in_both_forms
@with_and_without_gaps
def test_what_is_missing_is_filled(form, missing):
    X = rows(missing)
    block = Block(form(X), FILL if missing else None)
    for filled, expected in ((block.filled, FILL), (block.zero_filled, 0)):
        assert type(filled) is type(block.values)
        assert dense(filled).dtype == np.float32
        assert_array_equal(dense(filled), np.where(np.isnan(X), expected, X))
    assert_array_equal(block.toarray(), X)  # as it was


@in_both_forms
@with_and_without_gaps
def test_other_states_get_the_same_mask(form, missing):
    X = rows(missing)
    block = Block(form(X), FILL if missing else None)
    for dtype in (np.uint8, np.float32):
        states = np.random.default_rng(1).integers(0, 2, X.shape).astype(dtype)
        before = states.copy()
        masked = block.mask_like(states)
        assert_array_equal(masked, np.where(np.isnan(X), FILL, states))
        assert masked.dtype == (np.float32 if missing else dtype)
        assert_array_equal(states, before)


@in_both_forms
def test_fill_values_where_nothing_is_missing_change_nothing(form):
    X = rows(False)
    block = Block(form(X), FILL)
    assert not block.has_missing
    assert block.is_known.all()
    for filled in (block.filled, block.zero_filled):
        assert_array_equal(dense(filled), X)


def test_only_arrays_of_bytes_are_binary():
    X = table(np.uint8) > 0
    assert Block(X.astype(np.uint8)).is_binary
    assert not Block(X.astype(np.float32)).is_binary
    assert not Block(Lists.from_dense(X.astype(np.uint8))).is_binary


def test_particles_have_the_weights_of_their_rows():
    X = rows(False)
    assert Block(X).particle_weights(3) is None
    weights = np.linspace(0.1, 5, len(X))
    found = Block(X, weights=weights).particle_weights(3)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    assert_array_equal(found, np.tile(weights.astype(np.float32), (3, 1)).T)


# Lists


@with_and_without_gaps
def test_lists_of_arrays_and_of_csr_are_the_same(missing):
    X = rows(missing)
    lists = [Lists.from_dense(X), Lists.from_csr(scipy.sparse.csr_matrix(X))]
    for found in lists:
        assert found.shape == X.shape
        assert len(found) == len(X)
        assert [array.dtype for array in found.lists] == [np.int64, np.int32, np.float32]
        assert_array_equal(found.toarray(), X)
        assert_array_equal(found.n_missing(), np.isnan(X).sum(axis=1))
        assert_array_equal(found.missing, np.isnan(found.values))
    for one, other in zip(lists[0].lists, lists[1].lists, strict=True):
        assert_array_equal(one, other)


def test_lists_hold_no_zeros():
    X = rows(True)
    found = Lists.from_dense(X)
    assert len(found.values) == np.count_nonzero(X)
    assert (found.values != 0).all()
    binary = Lists.from_dense((X > 0).astype(np.uint8))
    assert_array_equal(binary.toarray(), X > 0)
    assert (binary.values == 1).all()


def test_clipped_lists_lie_in_the_unit_interval():
    X = rows(True) * np.float32(1.5) - np.float32(0.25)
    assert_array_equal(Lists.from_dense(X).clipped().toarray(), np.clip(X, 0, 1))


@with_and_without_gaps
def test_filled_lists_are_rows_filled(missing):
    X = rows(missing)
    found = Lists.from_dense(X)
    assert_array_equal(found.filled(FILL).toarray(), np.where(np.isnan(X), FILL, X))
    assert_array_equal(found.toarray(), X)


def test_lists_of_no_entries_and_of_no_rows():
    for shape in ((3, 5), (0, 5)):
        found = Lists.from_dense(np.zeros(shape, np.float32))
        assert found.shape == shape
        assert_array_equal(found.toarray(), np.zeros(shape))
        assert_array_equal(found.n_missing(), np.zeros(shape[0]))
        block = Block(found, np.ones(5, np.float32))
        assert not block.has_missing
        assert_array_equal(dense(block.filled), np.zeros(shape))
