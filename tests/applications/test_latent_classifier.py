"""The classifier by one density of columns and label: against machines made by hand."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import (
    FactorAnalysis,
    HelmholtzMachine,
    LatentClassifier,
    RestrictedBoltzmannClassifier,
    RestrictedBoltzmannMachine,
    SigmoidBeliefNet,
)

FEW = {"max_iter": 2, "random_state": 0}


def machine(size=2, **params):
    return HelmholtzMachine(size, **{"autoregressive": True, **FEW, **params})


def people(n=80, seed=0):
    """A table of a category, a truth value, whole and real numbers, and labels of three kinds."""
    rng = np.random.default_rng(seed)
    jobs = rng.choice(["clerk", "nurse", "none"], n)
    frame = pd.DataFrame(
        {
            "job": pd.Categorical(jobs),
            "smokes": rng.random(n) < 0.3,
            "age": rng.integers(18, 80, n),
            "pay": rng.normal(20, 4, n).round(1),
        }
    )
    return frame, np.where(jobs == "none", "x", np.where(frame["age"] > 50, "y", "z"))


@pytest.fixture(scope="module")
def table():
    return people()


@pytest.fixture(scope="module")
def fitted(table):
    return LatentClassifier(machine()).fit(*table)


def test_probabilities_are_those_of_the_label_as_a_column(table, fitted):
    X, y = table
    assert fitted.classes_.tolist() == ["x", "y", "z"]
    inner, codes = fitted.estimator_, np.searchsorted(fitted.classes_, y)
    assert inner.kinds_.tolist() == ["categorical", "bernoulli", "real", "real", "categorical"]
    joint = np.column_stack([inner.score_samples(X.assign(label=float(k))) for k in range(3)])
    proba = np.exp(joint) / np.exp(joint).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.predict_proba(X), proba, rtol=1e-4)
    np.testing.assert_allclose(fitted.predict_log_proba(X), np.log(proba), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[proba.argmax(axis=1)])
    np.testing.assert_allclose(
        fitted.score_samples(X), np.log(np.exp(joint).sum(axis=1)), rtol=1e-4
    )
    assert fitted.score(X, y) == np.mean(fitted.predict(X) == y)
    by_hand = HelmholtzMachine(
        2,
        visible={"age": "real", "pay": "real", "label": "categorical"},
        autoregressive=True,
        **FEW,
    ).fit(X.assign(label=codes.astype(float)))
    np.testing.assert_array_equal(
        by_hand.predict_proba_missing(X.assign(label=np.nan), "label"), fitted.predict_proba(X)
    )


def test_pandas_polars_and_column_names_of_numbers_answer_the_same(table, fitted):
    X, y = table
    levels = pl.Enum(X["job"].cat.categories.tolist())
    frame = pl.DataFrame({name: X[name].tolist() for name in X})
    frame = frame.with_columns(pl.col("job").cast(levels))
    from_polars = LatentClassifier(machine()).fit(frame, pl.Series(y))
    np.testing.assert_array_equal(from_polars.predict_proba(frame), fitted.predict_proba(X))
    numbered = X.set_axis(range(4), axis=1)
    from_numbers = LatentClassifier(machine()).fit(numbered, y)
    np.testing.assert_array_equal(from_numbers.predict_proba(numbered), fitted.predict_proba(X))
    named = X.rename(columns={"pay": "label"})
    from_names = LatentClassifier(machine()).fit(named, y)
    np.testing.assert_array_equal(from_names.predict_proba(named), fitted.predict_proba(X))
    assert list(X) == ["job", "smokes", "age", "pay"]


def test_a_boltzmann_machine_learns_columns_and_labels_as_well(table):
    X, y = table
    inner = RestrictedBoltzmannMachine(5, n_iter=20, random_state=0)
    model = LatentClassifier(inner).fit(X, y)
    joint = np.column_stack(
        [model.estimator_.score_samples(X.assign(label=float(k))) for k in range(3)]
    )
    proba = np.exp(joint) / np.exp(joint).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), proba, atol=1e-6)


def test_it_learns_what_it_has_to():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = (X @ [2, -2, 0] + rng.logistic(size=400) > 0).astype(int)
    model = LatentClassifier(machine(3, max_iter=25)).fit(X[:200], y[:200])
    other = LogisticRegression().fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > other.score(X[200:], y[200:]) - 0.05
    gappy = X[200:].copy()
    gappy[:, 2] = np.nan  # which says nothing
    agree = np.abs(model.predict_proba(gappy) - model.predict_proba(X[200:])).mean()
    assert agree < 0.05


def test_rows_without_a_label_teach():
    """Two clusters and five labels of each: the other rows say what the clusters are."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 2
    X = (rng.random((240, 8)) < np.where(y == 1, 0.85, 0.15)[:, None]).astype(float)
    few = np.where(np.arange(240) < 10, y, np.nan)
    deep = HelmholtzMachine(1, max_iter=60, random_state=0)
    alone = LatentClassifier(deep).fit(X[:10], few[:10])
    model = LatentClassifier(deep).fit(X, few)
    assert model.score(X[10:], y[10:]) > max(0.95, alone.score(X[10:], y[10:]) + 0.1)
    assert set(model.estimator_.kinds_) == {"bernoulli"}


@pytest.mark.parametrize(
    ("visible", "kinds"),
    [
        ("auto", ["bernoulli", "real", "real"]),
        ("mixed", ["bernoulli", "real", "real"]),
        ("gaussian", ["gaussian"] * 3),
        ({1: "count"}, ["bernoulli", "count", "real"]),
        (["ordinal", "count", ("real", 0.5)], ["ordinal", "count", "real"]),
    ],
)
def test_users_say_what_columns_are(visible, kinds):
    X = np.tile([[0, 1, 0.5], [1, 3, 1.5], [0, 3, 2.5]], (5, 1))
    model = LatentClassifier(machine(1, visible=visible)).fit(X, np.arange(15) % 2)
    assert model.estimator_.kinds_.tolist() == [*kinds, "bernoulli"]
    assert model.estimator.visible == visible


def test_words_for_all_columns():
    X, y = np.arange(20).reshape(10, 2) % 2, np.arange(10) % 3
    for word, kind in (("bernoulli", "bernoulli"), ("poisson", "count")):
        model = LatentClassifier(machine(1, visible=word)).fit(X, y)
        assert model.estimator_.kinds_.tolist() == [kind, kind, "categorical"]


def test_a_few_rows_do_not_say_what_numbers_there_are():
    X = np.array([[1, 5.0, 2], [2, 6, 2], [1, 5, 2], [2, 6, 2]])
    model = LatentClassifier(machine(1)).fit(X, [0, 1, 0, 1])
    proba = model.predict_proba([[3, 5.5, -7], [1, 1e6, np.nan], [np.nan] * 3])
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_weights_of_zero_leave_rows_and_classes_out(table):
    X, y = table
    weights = (y != "y") * 1.0
    model = LatentClassifier(machine()).fit(X, y, weights)
    assert model.classes_.tolist() == ["x", "z"]
    kept = y != "y"
    alone = LatentClassifier(machine()).fit(X[kept], y[kept], weights[kept])
    np.testing.assert_array_equal(model.predict_proba(X), alone.predict_proba(X))
    heavy = LatentClassifier(machine(max_iter=30)).fit(X, y, 1 + 20.0 * (y == "x"))
    even = LatentClassifier(machine(max_iter=30)).fit(X, y)
    assert heavy.predict_proba(X)[:, 0].mean() > even.predict_proba(X)[:, 0].mean() + 0.2


def test_draws_are_tables_and_labels(table, fitted):
    rows, labels = fitted.sample(500, random_state=0)
    assert rows.dtypes[["job", "smokes"]].equals(table[0].dtypes[["job", "smokes"]])
    assert list(rows) == list(table[0])
    shares = [np.mean(labels == k) for k in fitted.classes_]
    again = np.exp(fitted.predict_log_proba(rows)).mean(axis=0)
    np.testing.assert_allclose(shares, again, atol=0.08)
    assert fitted.sample(3, y="y", random_state=0)[1].tolist() == ["y"] * 3
    with pytest.raises(ValueError, match="y must be one of the classes, 'x', 'y', 'z', got 1"):
        fitted.sample(3, y=1)
    arrays = LatentClassifier(machine(1)).fit(np.arange(20.0).reshape(10, 2), np.arange(10) % 2)
    assert arrays.sample(4, y=1, random_state=0)[0].shape == (4, 2)


def test_many_classes():
    X = np.arange(60.0)[:, None]
    model = LatentClassifier(machine(1)).fit(X, np.arange(60) % 20)
    assert model.predict_proba(X).shape == (60, 20)
    with pytest.raises(ValueError, match="y holds 256 classes, but at most 255"):
        LatentClassifier(machine(1)).fit(np.zeros((768, 1)), np.arange(768) % 256)


@pytest.mark.parametrize(
    ("estimator", "X", "y", "error", "match"),
    [
        (None, [[1.0], [2.0]], [0, 0], ValueError, "one class only"),
        (FactorAnalysis(), [[1.0], [2.0]], [0, 1], TypeError, "must be a HelmholtzMachine or a Si"),
        (
            RestrictedBoltzmannClassifier(),
            [[1.0], [2.0]],
            [0, 1],
            ValueError,
            "predict_proba_missi",
        ),
        (StandardScaler(), [[1.0], [2.0]], [0, 1], ValueError, "'predict_proba_missing'"),
        (machine(visible=["real"]), [[1.0, 2.0]] * 2, [0, 1], ValueError, "has 1 kinds, but X has"),
        (machine(visible={3: "real"}), [[1.0], [2.0]], [0, 1], ValueError, "column 3, but those"),
        (None, pd.DataFrame({("a", 1): [1.0, 2.0]}), [0, 1], TypeError, r"named \('a', 1\)"),
        (None, [[1.0], [2.0]], None, ValueError, "requires y to be passed"),
        (None, [[1.0], [2.0]], [np.nan] * 2, ValueError, "no labels"),
    ],
)
def test_refusals_are_sentences(estimator, X, y, error, match):
    with pytest.raises(error, match=match):
        LatentClassifier(estimator).fit(X, y)


def test_what_the_machine_did_not_see_is_refused(table, fitted):
    X, _ = table
    with pytest.raises(ValueError, match="'pilot', but its levels are"):
        fitted.predict(X.assign(job=pd.Categorical(["pilot"] * len(X))))
    with pytest.raises(ValueError, match=r"[Ff]eature names"):
        fitted.predict(X.rename(columns={"pay": "money"}))
    with pytest.raises(NotFittedError):
        LatentClassifier().predict(X)


def test_belief_nets_do_as_well():
    X, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
    net = SigmoidBeliefNet(2, inference="nvil", **FEW)
    assert LatentClassifier(net).fit(X, y).predict_proba(X).shape == (10, 2)


# As a part of scikit-learn


def test_it_works_in_pipelines_and_searches(table):
    X, y = table
    columns = make_column_transformer((StandardScaler(), ["age"]), remainder="passthrough")
    columns.set_output(transform="pandas")
    pipeline = make_pipeline(columns, LatentClassifier(machine()))
    grid = {"latentclassifier__estimator__hidden_layer_sizes": [1, 2]}
    with parallel_config("threading"):
        search = GridSearchCV(pipeline, grid, n_jobs=2, cv=2, scoring="neg_log_loss").fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict_proba(X).shape == (80, 3)


def test_copies_answer_the_same_and_failures_leave_nothing(table, fitted):
    X, y = table
    proba = fitted.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), proba)
    np.testing.assert_array_equal(clone(fitted).fit(X, y).predict_proba(X), proba)
    before = dict(vars(fitted))
    with pytest.raises(ValueError, match="infinity"):
        fitted.fit([[np.inf], [0.0]], [0, 1])
    assert vars(fitted) == before


@settings(max_examples=5, deadline=None)
@given(names=st.permutations(["a", "b", "c"]), seed=st.integers(0, 1000))
def test_names_of_classes_do_not_matter(names, seed):
    X = np.random.default_rng(seed).normal(size=(30, 2))
    y = np.arange(30) % 3
    gaussian = machine(1, visible="gaussian")
    one = LatentClassifier(gaussian).fit(X, y).predict_proba(X)
    other = LatentClassifier(gaussian).fit(X, np.sort(names)[y]).predict_proba(X)
    np.testing.assert_array_equal(one, other)
    assert (one >= 0).all()
    np.testing.assert_allclose(one.sum(axis=1), 1)
