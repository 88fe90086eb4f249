"""Trees of columns against all trees of few columns, and information against scikit-learn."""

import itertools

import numpy as np
import pytest
import scipy.sparse
from sklearn.metrics import mutual_info_score

from sklearn_helmholtz.machines import column_tree, tree_order
from sklearn_helmholtz.machines.column_tree import maximum_tree, pair_information


def rows(n=400, d=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, d)) < rng.uniform(0.2, 0.6, d)
    X[:, 3] = np.where(rng.random(n) < 0.9, X[:, 1], X[:, 3])
    X[:, 0] = np.where(rng.random(n) < 0.8, ~X[:, 3], X[:, 0])
    return X.astype(np.float64)


@pytest.mark.parametrize("pairs", [1, 2**21])
def test_information_is_that_of_scikit_learn(monkeypatch, pairs):
    monkeypatch.setattr(column_tree, "_CELLS", 0.0)
    monkeypatch.setattr(column_tree, "_PAIRS", pairs)
    X = rows()
    wanted = np.where(np.eye(5), 0, [[mutual_info_score(a, b) for b in X.T] for a in X.T])
    np.testing.assert_allclose(pair_information(X, np.arange(400)), wanted, atol=1e-6)


def test_no_tree_is_better():
    numbers = np.random.default_rng(0).random((5, 5))
    numbers += numbers.T
    order, parents = maximum_tree(numbers)
    pairs = list(itertools.combinations(range(5), 2))
    best = max(
        sum(numbers[edge] for edge in edges)
        for edges in itertools.combinations(pairs, 4)
        if len(reached(edges)) == 5
    )
    assert np.isclose(sum(numbers[i, parents[i]] for i in order[1:]), best)
    places = np.argsort(order)
    assert parents[order[0]] == -1
    assert all(places[parents[i]] < places[i] for i in order[1:])


def reached(edges):
    found = {0}
    for _ in edges:
        found |= {j for edge in edges if found & set(edge) for j in edge}
    return found


def test_gaps_and_weights_are_those_of_pairs():
    X, weights = rows(), np.random.default_rng(2).integers(0, 3, 400).astype(np.float64)
    X[np.random.default_rng(1).random(X.shape) < 0.2] = np.nan
    found = pair_information(X, np.arange(400), weights)
    seen = ~np.isnan(X[:, [1, 3]]).any(axis=1)
    two = np.repeat(X[seen][:, [1, 3]], weights[seen].astype(int), axis=0)
    alone = pair_information(two, np.arange(len(two)))
    assert np.isclose(found[1, 3], alone[0, 1], atol=1e-6)


def test_blocks_and_forms_make_no_difference(monkeypatch):
    X, indices = rows(), np.arange(400)
    whole = pair_information(X, indices)
    np.testing.assert_array_equal(tree_order(X, indices), maximum_tree(whole)[0])
    monkeypatch.setattr(column_tree, "_PAIRS", 1)
    for other in (X, scipy.sparse.csr_array(X)):
        np.testing.assert_array_equal(pair_information(other, indices), whole)


def test_columns_that_are_always_or_never_one():
    X = rows()
    X[:, 2], X[:, 4] = 0, 1
    found = pair_information(X, np.arange(400))
    assert (found[[2, 4]] < 0.01).all()
    assert sorted(tree_order(X, np.arange(400))) == [0, 1, 2, 3, 4]
