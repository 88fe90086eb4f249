"""Products by the BLAS of scipy beside those of NumPy."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz.factors.blas import add_squares, product

FORMS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "neither": lambda a: np.repeat(np.repeat(a, 2, axis=0), 2, axis=1)[::2, ::-2][:, ::-1],
}


@pytest.mark.parametrize(("one", "other"), list(itertools.product(FORMS, FORMS)))
def test_products_are_those_of_numpy(one, other):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4))
    before = a.copy(), b.copy()
    x, y = FORMS[one](a), FORMS[other](b)
    assert_allclose(product(x, y), a @ b, rtol=1e-13)
    assert_allclose(product(x, b[:, 1]), a @ b[:, 1], rtol=1e-13)
    assert_allclose(product(x.T, x), a.T @ a, rtol=1e-13)
    for now, then in zip((x, y), before, strict=True):
        assert_array_equal(now, then)


@pytest.mark.parametrize(("n", "k", "m"), [(5, 0, 4), (0, 3, 4), (5, 3, 0)])
def test_products_of_nothing_are_zeros(n, k, m):
    assert_array_equal(product(np.ones((n, k)), np.ones((k, m))), np.zeros((n, m)))
    assert_array_equal(product(np.ones((n, 0)), np.ones(0)), np.zeros(n))


def test_squares_are_added_to_the_lower_triangle():
    rng = np.random.default_rng(0)
    rows, first = rng.normal(size=(7, 3)), np.asfortranarray(rng.normal(size=(3, 3)))
    expected = np.tril(first + rows.T @ rows)
    found = add_squares(rows, first)
    assert np.shares_memory(found, first)
    assert_allclose(np.tril(found), expected, rtol=1e-13)
