"""Equal rows of a table are one with the sum of their weights, in an order of their own."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal

from sklearn_helmholtz.estimators.weights import merge_equal_rows

ROWS = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 1]], np.float64)
FORMS = {
    "uint8": lambda rows: rows.astype(np.uint8),
    "float32": lambda rows: rows.astype(np.float32),
    "float64": lambda rows: rows,
    "csr": scipy.sparse.csr_matrix,
    "stored zeros": lambda rows: _with_stored_zeros(rows),
}


def _with_stored_zeros(rows):
    places = np.indices(rows.shape).reshape(2, -1)
    return scipy.sparse.csr_matrix((rows.ravel(), places), rows.shape)


def dense(rows):
    return rows.toarray() if scipy.sparse.issparse(rows) else rows


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_equal_rows_have_one_weight_together(form):
    X = form(ROWS)
    merged, weights = merge_equal_rows(X, np.array([1, 2, 3, 4, 5, 9.0]))
    found = {tuple(row): w for row, w in zip(dense(merged).tolist(), weights, strict=True)}
    assert found == {(1, 0, 1): 13, (0, 0, 1): 7, (0, 1, 0): 4}
    assert merged.dtype == X.dtype
    assert scipy.sparse.issparse(merged) == scipy.sparse.issparse(X)


def test_all_forms_have_one_order():
    orders = [dense(merge_equal_rows(form(ROWS), None)[0]).tolist() for form in FORMS.values()]
    assert all(order == orders[0] for order in orders)


def test_no_order_of_rows_matters():
    rows = np.vstack([ROWS, ROWS]) + 0.25
    rows[[1, 7], 2] = np.nan, -np.nan  # of other bits
    order = np.random.default_rng(0).permutation(12)
    one, other = (merge_equal_rows(data, None) for data in (rows, rows[order]))
    assert_array_equal(one[0], other[0])
    assert_array_equal(one[1], other[1])
    assert len(one[0]) == 4
    assert np.isnan(one[0]).sum() == 1


def test_rows_that_count_once_need_no_weights():
    X = np.arange(6.0).reshape(3, 2)
    assert merge_equal_rows(X, None)[1] is None
    assert merge_equal_rows(X, np.ones(3))[1] is None
    assert_array_equal(merge_equal_rows(X, np.full(3, 2.0))[1], [2, 2, 2])
