"""Rows of mixed columns as entries: bits, one-hot groups, numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz.columns import Binary, Categorical, Normal, OneHotLayout, Ordered

SHARES = np.array([0.5, 0.2, 0.3])
COLUMNS = [Categorical(SHARES, 9.0), Normal(5.0, 2.0), Binary(0.25, 9.0), Categorical(SHARES, 9.0)]
X = np.array([[2, 7, 1, 0], [0, 3, 0, 1], [1, np.nan, 1, np.nan], [np.nan, 5, np.nan, 2.0]])
CODES = np.array([
    [1, 0, 0, 1, 1, 0, 0, 1],
    [0, 1, 0, 0, 0, 1, 0, -1],
    [1, 0, 1, 0, np.nan, np.nan, np.nan, np.nan],
    [np.nan, np.nan, np.nan, np.nan, 0, 0, 1, 0],
])  # fmt: skip


def test_rows_become_entries_and_rows_again():
    layout = OneHotLayout(COLUMNS)
    entries = layout.standardise(X)
    assert_allclose(entries, CODES)
    assert entries.dtype == layout.dtype == np.float32
    assert_array_equal(layout.missing(entries), np.isnan(X))
    known = ~np.isnan(X)
    assert_allclose(layout.restore(entries)[known], X[known])
    assert layout.n_binary == 1
    assert layout.starts.tolist() == [1, 4, 7]
    assert_allclose(layout.code_means, [0.25, *SHARES, *SHARES, 0])
    assert_allclose(layout.log_volumes(entries), np.log([2, 2, 1, 2]))
    assert_allclose(layout.bits_of_gaps(np.isnan(X))[[0, 3]], [0, np.log2(3) + 1])
    assert np.isinf(layout.bits_of_gaps(np.isnan(X))[2])


def test_complete_rows_of_levels_are_bits():
    layout = OneHotLayout([COLUMNS[0], COLUMNS[2]])
    assert layout.standardise(X[:2][:, [0, 2]]).dtype == layout.dtype == np.uint8
    assert layout.standardise(X[:, [0, 2]]).dtype == np.float32


def test_expectations_become_the_most_probable_levels():
    layout = OneHotLayout(COLUMNS)
    found = layout.restore(np.array([[0.6, 0.2, 0.3, 0.5, 0.5, 0.3, 0.2, -1]]))
    assert_allclose(found, [[2, 3, 1, 0]])


def test_parts_of_the_columns_keep_their_order():
    layout = OneHotLayout(COLUMNS)
    part = layout.part([3, 1])
    assert part.codes.tolist() == [4, 5, 6, 7]
    assert (part.n_binary, part.n_bits, part.n_reals) == (0, 3, 1)
    assert np.isinf(part.size_in_bits)
    part = layout.part([2, 0])
    assert part.codes.tolist() == [0, 1, 2, 3]
    assert part.starts.tolist() == [1, 4]
    assert part.size_in_bits == pytest.approx(np.log2(6))
    assert layout.part([]).size_in_bits == 0
    assert layout.part().codes.tolist() == list(range(8))


def test_ordered_columns_are_none_of_a_row():
    ordered = Ordered.fit_counts(np.arange(5.0), np.ones(5))
    with pytest.raises(TypeError, match="no ordered columns"):
        OneHotLayout([ordered])
