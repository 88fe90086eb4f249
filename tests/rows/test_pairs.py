"""Sums over pairs of columns against loops over rows."""

import numpy as np
import pytest
import scipy.sparse

from sklearn_helmholtz.rows import dense, pair_sums


def naive(X, weights, columns):
    """The four sums, pair by pair and row by row."""
    found = np.zeros((4, len(columns), X.shape[1]))
    for row, w in zip(X, weights, strict=True):
        for i, a in enumerate(row[columns]):
            for j, b in enumerate(row):
                if not np.isnan(a) and not np.isnan(b):
                    found[:, i, j] += w * np.array([a * b, a, b, 1])
    return found


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_are_those_of_loops(monkeypatch, gaps, sparse, weighted):
    rng = np.random.default_rng(0)
    X = (rng.random((30, 5)) < 0.4).astype(np.float64)
    if gaps:
        X[rng.random(X.shape) < 0.2] = np.nan
    weights, indices = rng.random(30), np.arange(0, 30, 2)
    monkeypatch.setattr(dense, "CHECKED_ENTRIES", 20)  # pieces of four rows
    data = scipy.sparse.csr_array(X) if sparse else X
    found = pair_sums(data, indices, weights if weighted else None, slice(1, 4))
    wanted = naive(X[indices], weights[indices] if weighted else np.ones(15), np.arange(1, 4))
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_truth_values_are_counted():
    X = np.array([[True, False], [True, True]])
    both, *_ = pair_sums(X, np.arange(2), None, slice(0, 2))
    np.testing.assert_array_equal(both, [[2, 1], [1, 1]])
