"""Machines that have the columns in another order, beside machines of reordered tables."""

import itertools
import pickle

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone

from sklearn_helmholtz import HelmholtzMachine
from tests.estimators.helmholtz_machine.builders import DATA, binary_data, machine

ORDER = {"bernoulli": np.array([4, 0, 5, 2, 1, 3]), "gaussian": np.array([2, 0, 3, 1])}
AUTOREGRESSIVE = {"autoregressive": True, "n_importance_samples": 20}


def pair(kind, **params):
    """A machine with an order, and one of the reordered table; the latter's columns, back."""
    order = ORDER[kind]
    own = machine(**AUTOREGRESSIVE, column_order=order, **params).fit(DATA[kind])
    other = machine(**AUTOREGRESSIVE, **params).fit(DATA[kind][:, order])
    return own, other, order, np.argsort(order)


def with_gaps(X):
    return np.where(np.random.default_rng(0).random(X.shape) < 0.3, np.nan, X)


@pytest.mark.parametrize("kind", DATA)
def test_answers_are_those_of_a_reordered_table(kind):
    own, other, order, back = pair(kind)
    X, gaps = DATA[kind], with_gaps(DATA[kind])
    for rows in (X, gaps):
        np.testing.assert_array_equal(own.score_samples(rows), other.score_samples(rows[:, order]))
        np.testing.assert_array_equal(own.transform(rows), other.transform(rows[:, order]))
    H = own.transform(X)
    np.testing.assert_array_equal(own.inverse_transform(H), other.inverse_transform(H)[:, back])
    for strategy in ("mean", "mode", "sample"):
        found = [
            m.impute(rows, strategy, random_state=0)
            for m, rows in ((own, gaps), (other, gaps[:, order]))
        ]
        np.testing.assert_array_equal(found[0], found[1][:, back])
        assert not np.isnan(found[0]).any()
    given = np.where(np.arange(X.shape[1]) < 2, X[0], np.nan)
    draws = [m.sample(4, given=g, random_state=0) for m, g in ((own, given), (other, given[order]))]
    np.testing.assert_array_equal(draws[0], draws[1][:, back])
    np.testing.assert_allclose(draws[0][:, :2], np.tile(X[0, :2], (4, 1)), rtol=1e-6)


@pytest.mark.parametrize("kind", DATA)
def test_attributes_are_in_the_order_of_the_data(kind):
    own, other, order, back = pair(kind)
    np.testing.assert_array_equal(own.column_order_, order)
    np.testing.assert_array_equal(other.column_order_, np.arange(len(order)))
    for name in ("feature_means_", "noise_variance_"):
        if hasattr(other, name):
            np.testing.assert_array_equal(getattr(own, name), getattr(other, name)[back])
    for name in ("generative_coefs_", "generative_intercepts_"):
        np.testing.assert_array_equal(getattr(own, name)[0], getattr(other, name)[0][..., back])
    np.testing.assert_array_equal(own.recognition_coefs_[0], other.recognition_coefs_[0][back])
    lateral = own.generative_lateral_coefs_[0]
    np.testing.assert_array_equal(lateral, other.generative_lateral_coefs_[0][np.ix_(back, back)])
    assert not np.tril(lateral[np.ix_(order, order)]).any()


@pytest.mark.parametrize("kind", DATA)
def test_published_numbers_are_those_of_the_model(kind):
    own, *_ = pair(kind)
    names = ["generative_coefs", "generative_intercepts", "recognition_coefs"]
    arrays = [getattr(own, f"{name}_") for name in (*names, "recognition_intercepts")]
    again = HelmholtzMachine.from_parameters(
        *arrays, generative_lateral_coefs=own.generative_lateral_coefs_,
        noise_variance=getattr(own, "noise_variance_", None), column_order=own.column_order_,
        n_importance_samples=20,
    )  # fmt: skip
    np.testing.assert_allclose(
        again.score_samples(DATA[kind]), own.score_samples(DATA[kind]), rtol=1e-3, atol=1e-3
    )
    np.testing.assert_array_equal(again.column_order_, own.column_order_)


@pytest.mark.parametrize("order", ["tree", "random", ORDER["bernoulli"]])
def test_probabilities_sum_to_one(order):
    model = machine((3,), autoregressive=True, column_order=order).fit(binary_data())
    states = np.array(list(itertools.product((0.0, 1.0), repeat=6)))
    assert np.isclose(np.exp(model.score_samples(states)).sum(), 1, atol=1e-5)


def test_sparse_rows_and_validation_rows_are_put_in_order():
    X = binary_data()
    fits = [
        machine(**AUTOREGRESSIVE, column_order=ORDER["bernoulli"], early_stopping=True).fit(
            wrap(X), X_val=wrap(X[:20])
        )
        for wrap in (np.asarray, scipy.sparse.csr_array)
    ]
    scores = [fit.validation_scores_ for fit in fits]
    np.testing.assert_allclose(*scores, atol=1e-3)


def test_weights_and_gaps_reach_the_tree():
    X, weights = binary_data(200, 6), np.repeat([1.0, 2.0], 100)
    repeated = np.concatenate([X, X[100:]])
    settings = {"autoregressive": True, "column_order": "tree", "max_iter": 1}
    first = machine((2,), **settings).fit(X, sample_weight=weights)
    second = machine((2,), **settings).fit(repeated)
    np.testing.assert_array_equal(first.column_order_, second.column_order_)
    gaps = with_gaps(X)
    assert np.isfinite(machine((2,), **settings).fit(gaps).score(gaps))


@pytest.mark.parametrize("order", ["tree", "random"])
def test_the_first_fit_decides(order):
    X = binary_data()
    model = machine(autoregressive=True, column_order=order).partial_fit(X[:30])
    first = model.column_order_
    model.partial_fit(X[30:])
    np.testing.assert_array_equal(model.column_order_, first)
    model.set_params(warm_start=True, random_state=3).fit(X)
    np.testing.assert_array_equal(model.column_order_, first)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.score_samples(X), model.score_samples(X))
    for other in ("given", ORDER["bernoulli"]):
        with pytest.raises(ValueError, match="its columns in another order, column_order_"):
            model.set_params(column_order=other).fit(X)
    model.set_params(column_order=first.tolist()).fit(X)


def test_random_orders_follow_the_seed():
    X = binary_data()
    orders = [
        machine(autoregressive=True, column_order="random", random_state=seed).fit(X).column_order_
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(*orders[:2])
    assert (orders[0] != orders[2]).any()


def test_without_lateral_weights_the_order_changes_nothing():
    X = binary_data()
    plain, ordered = (machine(column_order=order).fit(X) for order in ("given", "tree"))
    np.testing.assert_array_equal(plain.score_samples(X), ordered.score_samples(X))
    assert not hasattr(ordered, "column_order_")


@pytest.mark.parametrize(
    "order",
    [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 4], [1, 2, 3, 4, 5, 6], [0.5] * 6, [[0]], range(-1, 5)],
)
def test_no_permutation(order):
    with pytest.raises(ValueError, match=r"column_order must be .*of the 6 columns once, got"):
        machine(autoregressive=True, column_order=order).fit(binary_data())
    with pytest.raises(ValueError, match="column_order must be"):
        machine(column_order=order).fit(binary_data())


def test_orders_that_cannot_be():
    settings = {"autoregressive": True, "column_order": "tree"}
    with pytest.raises(ValueError, match="a tree of binary columns, and this table has 'gaussian'"):
        machine(**settings).fit(DATA["gaussian"])
    with pytest.raises(ValueError, match="mixed columns stay in their order"):
        machine(visible="mixed", **settings).fit(DATA["gaussian"])
    with pytest.raises(ValueError, match="'column_order' parameter"):
        machine(autoregressive=True, column_order="forest").fit(binary_data())
    model = clone(machine(alpha=0, **settings)).fit(binary_data())
    arrays = [model.generative_coefs_, model.generative_intercepts_, model.recognition_coefs_]
    arrays.append(model.recognition_intercepts_)
    lateral = model.generative_lateral_coefs_
    with pytest.raises(ValueError, match="has no rows to find an order by"):
        HelmholtzMachine.from_parameters(
            *arrays, generative_lateral_coefs=lateral, column_order="tree"
        )
    with pytest.raises(ValueError, match="upper triangular in column_order"):
        HelmholtzMachine.from_parameters(
            *arrays, generative_lateral_coefs=lateral, column_order=model.column_order_[::-1]
        )


def test_errors_name_columns_of_the_data():
    model = HelmholtzMachine.from_parameters(
        [np.zeros((1, 3))], [[0, -60, 0], [0]], [np.zeros((3, 1))], [[0]],
        generative_lateral_coefs=[np.zeros((3, 3)), np.zeros((1, 1))], column_order=[1, 2, 0],
        autoregressive=True,
    )  # fmt: skip
    with pytest.raises(ValueError, match="impossible that column 1 is 1"):
        model.sample(given=[np.nan, 1, np.nan])
    with pytest.raises(ValueError, match="Column 2 of X holds the value 2"):
        model.score([[0, 1, 2]])
