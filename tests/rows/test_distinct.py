"""Different rows of a table: equal ones have one weight together, in an order of their own."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz.rows import Scaling, Table, distinct_rows

ROWS = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 1]], np.float64)


@pytest.mark.parametrize("form", ["uint8", "float64", "csr"])
def test_equal_rows_are_one_with_the_sum_of_their_weights(form):
    data = scipy.sparse.csr_matrix(ROWS) if form == "csr" else ROWS.astype(form)
    table = Table(data, form == "uint8", weights=np.array([1, 2, 3, 4, 5, 9.0]))
    found = distinct_rows(table)
    weights = {tuple(row): weight for row, weight in zip(found.data, found.weights, strict=True)}
    assert weights.keys() == {(1, 0, 1), (0, 0, 1), (0, 1, 0)}
    assert_allclose([weights[1, 0, 1], weights[0, 0, 1], weights[0, 1, 0]], [13 / 8, 7 / 8, 4 / 8])
    assert found.data.dtype == (np.uint8 if form == "uint8" else np.float32)
    assert_array_equal(found.take(slice(None)).weights, found.weights)


def test_order_and_missing_values():
    rows = np.vstack([ROWS, ROWS]) + 0.25
    rows[[1, 7], 2] = np.nan
    fill_values, order = np.full(3, 0.5, np.float32), np.random.default_rng(0).permutation(12)
    one, other = (
        distinct_rows(Table(data, False, fill_values=fill_values)) for data in (rows, rows[order])
    )
    assert_array_equal(one.data, other.data)
    assert_array_equal(one.weights, other.weights)
    assert len(one) == 4
    assert_array_equal(one.take(slice(None)).fill_values, fill_values)
    assert np.isnan(one.data).sum() == 1


def test_rows_are_in_the_units_of_the_machine():
    scaling = Scaling(np.full(3, 0.5), np.full(3, 2.0))
    found = distinct_rows(Table(ROWS, False, scaling).choose(np.arange(3)))
    assert_allclose(np.unique(found.data), [-0.25, 0.25])
    assert_allclose(np.sort(found.weights), [2 / 3, 4 / 3], rtol=1e-6)
