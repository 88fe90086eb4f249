"""Tables of indicators, and machines that begin as a tree."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from benchmarks.one_hot import BegunAsTree, indicators, levels, line, split, tree_logits
from sklearn_helmholtz.machines.column_tree import maximum_tree, pair_information


def test_levels_are_cut_at_quantiles():
    codes = levels(np.array([1.0, 2, 2, 3, 4, 5, 6, 7]), 4)
    assert_array_equal(codes, np.searchsorted([2, 3.5, 5.25], [1, 2, 2, 3, 4, 5, 6, 7], "right"))
    assert_array_equal(indicators(np.array([[0, 5], [1, 5], [2, 7]])).sum(axis=1), 2)


def test_rows_have_one_level_of_each_column():
    rows = split("wine")
    assert {name: len(X) for name, X in rows.items()} == {"train": 88, "valid": 45, "test": 45}
    for X in rows.values():
        assert_array_equal(X.sum(axis=1), 13)


def test_logits_are_those_of_counts():
    X = split("wine")["train"].astype(np.float64)
    order, parents = maximum_tree(pair_information(X, np.arange(len(X))))
    intercepts, weights = tree_logits(X, order, parents)
    child = 7
    (parent,) = np.flatnonzero(weights[:, child])
    assert order[parent] == parents[order[child]]
    own = X[X[:, order[parent]] == 1, order[child]]
    wanted = (own.sum() + (X[:, order[child]].sum() + 0.5) / (len(X) + 1)) / (len(own) + 1)
    eta = intercepts[child] + weights[parent, child]
    assert_allclose(1 / (1 + np.exp(-eta)), wanted)


def test_machines_begin_as_the_tree():
    X = split("wine")["train"]
    settings = {"autoregressive": True, "max_iter": 1, "learning_rate_init": 1e-9, "alpha": 0}
    model = BegunAsTree(1, column_order="tree", random_state=0, **settings).fit(X)
    order = model.column_order_
    _, weights = model._tree
    found = model.generative_lateral_coefs_[0][np.ix_(order, order)]
    assert_allclose(found, weights, atol=1e-5)


def test_a_line_of_the_table(monkeypatch):
    rows = {name: X[:24, :10] for name, X in split("wine").items()}
    monkeypatch.setattr("benchmarks.one_hot.split", lambda name: rows)
    monkeypatch.setattr("benchmarks.one_hot.C", (1.0,))
    monkeypatch.setattr("sklearn_helmholtz.estimators.defaults._FEWEST_STEPS", 100)
    found = line("wine", "valid")
    assert found[:3] == ["wine", 24, 10]
    assert len(found) == 13
    assert all(float(score) < 0 for score in found[3:12])
