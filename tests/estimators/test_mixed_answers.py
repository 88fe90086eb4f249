"""Answers of mixed columns: expected values lie on no grid, draws do."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose

from sklearn_helmholtz import HelmholtzMachine


@pytest.mark.parametrize("lowest", [0, 1])
@pytest.mark.parametrize("autoregressive", [False, True])
def test_means_of_counts_are_those_of_draws(lowest, autoregressive):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 4, 500) + lowest, rng.normal(0, 1, 500).round(1)])
    machine = HelmholtzMachine(
        3, visible="mixed", autoregressive=autoregressive, max_iter=3, random_state=0
    ).fit(X)
    row = np.array([[np.nan, 0.3]])
    mean = machine.impute(row)[0, 0]
    draws = machine.sample(4000, given=row[0], random_state=0)[:, 0]
    assert abs(mean - round(mean)) > 0.01  # about lowest + 1.5
    assert abs(mean - draws.mean()) < 0.1  # the standard error is 0.018


@pytest.mark.parametrize("lowest", [0.0, 0.01])
def test_draws_are_the_decimal_numbers_of_the_grid(lowest):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 1000, 500) / 100 + lowest, rng.integers(0, 2, 500)])
    X[0, 0] = lowest  # the origin of the grid
    machine = HelmholtzMachine(2, visible="mixed", max_iter=2, random_state=0).fit(X.round(2))
    assert machine.resolution_[0] == 0.01
    drawn = machine.sample(200, random_state=0)[:, 0]
    np.testing.assert_array_equal(drawn, drawn.round(2))


def test_levels_have_no_resolution():
    X = np.column_stack([np.arange(60) % 3, np.arange(60) % 4, np.arange(60) / 2])
    machine = HelmholtzMachine(
        2, visible=["ordinal", "count", "real"], max_iter=1, random_state=0
    ).fit(X)
    np.testing.assert_array_equal(machine.resolution_, [0, 1, 0.5])
    drawn = machine.sample(50, random_state=0)[:, 0]
    assert set(drawn) <= {0, 1, 2}


def test_probabilities_of_a_bit_are_the_same_from_rows_of_any_form():
    X = np.random.default_rng(0).random((40, 6)) < 0.3
    model = HelmholtzMachine(3, max_iter=2, random_state=0).fit(X)
    for column in (0, 3, 5):
        expected = model.predict_proba_missing(X, column)
        found = model.predict_proba_missing(scipy.sparse.csr_matrix(X), column)
        assert_allclose(found, expected, rtol=1e-6)
        assert_allclose(expected.sum(axis=1), 1)


@pytest.mark.parametrize("strategy", ["mean", "median", "mode", "sample"])
def test_gaps_of_columns_that_all_have_two_levels_are_filled_with_one_of_them(strategy):
    X = pd.DataFrame({"a": ["no", "yes"], "b": ["small", "large"]}, dtype="category")
    X = X.iloc[[0, 0, 1, 1, 0, 1] * 10].reset_index(drop=True)
    model = HelmholtzMachine(2, visible="mixed", max_iter=50, random_state=0).fit(X)
    X.loc[0, "a"], X.loc[2, "b"] = None, None
    found = model.impute(X, strategy, random_state=0).to_numpy()
    assert set(found.ravel()) == {"no", "yes", "small", "large"}
    if strategy != "sample":
        assert (found[0, 0], found[2, 1]) == ("no", "large")


@pytest.mark.parametrize("other", [{0: "real"}, {1: ("real", 0.5)}, ["count", "count"]])
def test_other_kinds_than_those_that_were_fitted_are_refused_later_on(other):
    X = np.column_stack([np.arange(30) % 5, np.arange(30) / 4])
    model = HelmholtzMachine(2, visible={1: ("real", 0.25)}, max_iter=1, random_state=0).fit(X)
    model.set_params(visible={0: "count"}).partial_fit(X)
    with pytest.raises(ValueError, match="visible is"):
        model.set_params(visible=other).partial_fit(X)
