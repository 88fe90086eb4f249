"""The classifier by a density for each class, against closed forms and scikit-learn."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KernelDensity
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import (
    FactorAnalysis,
    GenerativeClassifier,
    HelmholtzMachine,
    LatentClassifier,
    compare_log_likelihood,
)
from sklearn_helmholtz.estimators.comparison import row_scores

FEW = {"max_iter": 2, "random_state": 0}


def table(n=60, seed=0):
    """Two overlapping classes of two normal columns, and their labels, 0 for the rarer."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 3 > 0).astype(int)
    return rng.normal(1.5 * y[:, None] + [0, 5], [1, 2]), y


@pytest.fixture(scope="module")
def data():
    return table()


@pytest.mark.parametrize("priors", [None, [0.9, 0.1]])
@pytest.mark.parametrize("weighted", [False, True])
def test_independent_normal_columns_are_naive_bayes(data, priors, weighted):
    X, y = data
    weights = np.arange(len(y)) % 4 if weighted else None
    own = GenerativeClassifier(FactorAnalysis(0), priors=priors).fit(X, y, weights)
    other = GaussianNB(priors=priors, var_smoothing=0).fit(X, y, weights)
    np.testing.assert_allclose(own.predict_proba(X), other.predict_proba(X), rtol=1e-6)
    np.testing.assert_allclose(own.joint_log_likelihood(X), other.predict_joint_log_proba(X))
    np.testing.assert_allclose(own.class_prior_, other.class_prior_)
    np.testing.assert_allclose(own.class_count_, other.class_count_)
    np.testing.assert_array_equal(own.predict(X), other.predict(X))
    assert own.score(X, y) == other.score(X, y)
    assert own.n_iter_ == 1
    assert own.loglike_ is None


def test_answers_follow_from_the_joint_log_likelihood(data):
    X, y = data
    model = GenerativeClassifier().fit(X, y)
    joint = model.joint_log_likelihood(X)
    np.testing.assert_allclose(np.exp(model.score_samples(X)), np.exp(joint).sum(axis=1))
    np.testing.assert_allclose(model.decision_function(X), joint[:, 1] - joint[:, 0])
    three = GenerativeClassifier().fit(X, np.arange(len(y)) % 3)
    np.testing.assert_allclose(three.decision_function(X), three.predict_log_proba(X))
    assert np.array_equal(
        three.classes_[three.decision_function(X).argmax(axis=1)], three.predict(X)
    )


def test_the_density_of_all_rows_integrates_to_one(data):
    X, y = data
    model = GenerativeClassifier(KernelDensity(bandwidth=0.5)).fit(X[:, :1], y)
    places = np.linspace(-10, 12, 2001)[:, None]
    assert np.trapezoid(np.exp(model.score_samples(places)), places[:, 0]) == pytest.approx(1)


def test_a_row_that_no_class_makes_possible_gets_the_priors(data):
    X, y = data
    model = GenerativeClassifier(KernelDensity(kernel="tophat", bandwidth=0.5)).fit(X, y)
    np.testing.assert_allclose(model.predict_proba([[1e3, 1e3]]), [model.class_prior_])
    assert model.score_samples([[1e3, 1e3]]) == -np.inf
    assert model.decision_function(X[y == 1]).max() == np.inf
    assert np.isfinite(model.predict_proba(X)).all()


def test_what_is_missing_of_a_row_does_not_count(data):
    X, y = data
    model = GenerativeClassifier(FactorAnalysis(0)).fit(X, y)
    gappy = np.column_stack([X[:, 0], np.full(len(X), np.nan)])
    alone = GenerativeClassifier(FactorAnalysis(0)).fit(X[:, :1], y)
    np.testing.assert_allclose(model.predict_proba(gappy), alone.predict_proba(X[:, :1]))
    with pytest.raises(ValueError, match="NaN"):
        GenerativeClassifier(GaussianMixture()).fit(X, y).predict(gappy)


# Missing labels


def naive_em(X, codes, weights, n_fits):
    """Parameters of independent normal columns, and log-likelihoods, written out with loops."""
    n_classes = codes.max() + 1
    shares = (codes[:, None] == np.arange(n_classes)) * weights[:, None]
    path = []
    for _ in range(n_fits):
        prior = shares.sum(axis=0) / shares.sum()
        joint = np.empty((len(X), n_classes))
        for k in range(n_classes):
            mean = np.average(X, axis=0, weights=shares[:, k])
            variance = np.average((X - mean) ** 2, axis=0, weights=shares[:, k])
            normal = scipy.stats.norm(mean, np.sqrt(variance))
            joint[:, k] = np.log(prior[k]) + normal.logpdf(X).sum(axis=1)
        posterior = np.exp(joint) / np.exp(joint).sum(axis=1, keepdims=True)
        values = [
            np.log(np.exp(row).sum()) if code < 0 else row[code]
            for row, code in zip(joint, codes, strict=True)
        ]
        path.append((weights * values).sum())
        known = (codes[:, None] == np.arange(n_classes)) * weights[:, None]
        shares = np.where(codes[:, None] < 0, posterior * weights[:, None], known)
    return path, prior, joint


@pytest.mark.parametrize("weighted", [False, True])
def test_missing_labels_are_learnt_by_em(data, weighted):
    X, y = data
    weights = 1.0 + np.arange(len(y)) % 3 if weighted else None
    labels = np.where(np.arange(len(y)) % 4 > 0, np.nan, y)
    model = GenerativeClassifier(FactorAnalysis(0), max_iter=7, tol=0)
    with pytest.warns(ConvergenceWarning, match="max_iter=7"):
        model.fit(X, labels, weights)
    codes = np.where(np.isnan(labels), -1, y)
    path, prior, joint = naive_em(X, codes, np.ones(len(y)) if weights is None else weights, 7)
    np.testing.assert_allclose(model.loglike_, path, rtol=1e-9)
    np.testing.assert_allclose(model.class_prior_, prior)
    np.testing.assert_allclose(model.joint_log_likelihood(X), joint, rtol=1e-6)
    assert model.n_iter_ == 7


@pytest.mark.parametrize("seed", range(3))
def test_the_likelihood_of_labelled_and_unlabelled_rows_never_falls(seed):
    X, y = table(80, seed)
    labels = np.where(np.arange(80) % 5 > 0, None, y)
    with pytest.warns(ConvergenceWarning):
        model = GenerativeClassifier(FactorAnalysis(1), tol=0, max_iter=12).fit(X, labels)
    gains = np.diff(model.loglike_)
    assert len(gains) == 11  # none was turned down
    assert (gains > 0).all()
    assert model.classes_.dtype.kind == "i"


def test_em_ends_where_a_step_gains_less_than_tol(data):
    X, y = data
    labels = np.where(np.arange(len(y)) % 4 > 0, np.nan, y)
    model = GenerativeClassifier(FactorAnalysis(0), tol=1e-3).fit(X, labels)
    gains = np.diff(model.loglike_)
    assert gains[-1] < 1e-3 * len(y) <= gains[:-1].min()


class Tiring(FactorAnalysis):
    """A density that is worse each time that it is fitted."""

    def fit(self, X, y=None, sample_weight=None):
        before = getattr(self, "n_fits_", 0)
        super().fit(X, sample_weight=sample_weight)
        self.n_fits_ = before + 1
        return self

    def score_samples(self, X):
        return super().score_samples(X) - self.n_fits_


def test_a_step_that_lowers_the_likelihood_is_not_made(data):
    X, y = data
    labels = np.where(np.arange(len(y)) % 4 > 0, np.nan, y)
    model = GenerativeClassifier(Tiring(0)).fit(X, labels)
    assert model.n_iter_ == len(model.loglike_) == 1
    assert [density.n_fits_ for density in model.estimators_] == [1, 1]


def test_given_priors_stay_in_em(data):
    X, y = data
    labels = np.where(np.arange(len(y)) % 4 > 0, np.nan, y)
    model = GenerativeClassifier(FactorAnalysis(0), priors=[0.5, 0.5], tol=1e-2).fit(X, labels)
    np.testing.assert_array_equal(model.class_prior_, [0.5, 0.5])
    assert model.class_count_.sum() == pytest.approx(len(y))


def test_machines_go_on_where_they_were(data):
    X, y = data
    labels = np.where(np.arange(len(y)) % 3 > 1, np.nan, y)
    machine = HelmholtzMachine(1, **FEW)
    with pytest.warns(ConvergenceWarning):
        model = GenerativeClassifier(machine, max_iter=2, tol=0).fit(X, labels)
    assert [density.n_iter_ for density in model.estimators_] == [4, 4]
    assert not any(density.warm_start for density in model.estimators_)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["a", None, "b", "b", "a"], ["a", "b"]),
        (np.array([-1, 1, -1, 1, -1]), [-1, 1]),
        (pd.Series([0, pd.NA, 1, 1, 0], dtype="Int64"), [0, 1]),
        (pd.Series(["x", None, "y", "y", "x"], dtype="category"), ["x", "y"]),
        (pl.Series([2, None, 3, 3, 2]), [2, 3]),
        (np.ma.array([2, 3, 3, 3, 2], mask=[0, 1, 0, 0, 0]), [2, 3]),
        ([True, False, True, False, True], [False, True]),
    ],
)
def test_labels_of_many_types(labels, classes):
    X = np.random.default_rng(0).normal(size=(5, 1))
    model = GenerativeClassifier(KernelDensity(), max_iter=1)
    missing = sum(label is np.ma.masked or bool(pd.isna(label)) for label in labels)
    if missing:
        with pytest.warns(ConvergenceWarning):
            model.fit(X, labels)
    else:
        model.fit(X, labels)
    assert model.classes_.tolist() == classes
    assert model.class_count_.sum() == 5 - missing


# What is the same for all classes


def test_kinds_of_columns_are_those_of_all_rows_together():
    X, y = table()
    X[y == 0] = X[y == 0] > 0  # which would be Bernoulli alone
    model = GenerativeClassifier(HelmholtzMachine(1, **FEW)).fit(X, y)
    assert {density.visible_ for density in model.estimators_} == {"gaussian"}
    unit = GenerativeClassifier(HelmholtzMachine(1, **FEW)).fit(X > 0, y)
    assert {density.visible_ for density in unit.estimators_} == {"bernoulli"}
    assert model.estimator.visible == "auto"
    with pytest.raises(ValueError, match="'a' \\(text\\)"):
        GenerativeClassifier(HelmholtzMachine(1)).fit(pd.DataFrame({"b": ["a", "c"]}), [0, 1])


def test_rows_of_weight_zero_say_nothing_of_the_kinds_of_columns():
    rng = np.random.default_rng(0)
    X, y = (rng.random((40, 3)) < 0.5).astype(float), np.arange(40) % 2
    machine = HelmholtzMachine(1, **FEW)
    model = GenerativeClassifier(machine).fit(
        np.vstack([X, [[0.5, 7.0, -1.0]]]), np.append(y, 0), sample_weight=np.arange(41) < 40
    )
    assert [density.visible_ for density in model.estimators_] == ["bernoulli"] * 2
    np.testing.assert_allclose(
        model.predict_proba(X), GenerativeClassifier(machine).fit(X, y).predict_proba(X), atol=1e-6
    )


def test_mixed_columns_have_the_same_kinds_and_resolutions():
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    few = np.where(y == 0, 3, rng.integers(3, 5, 40))  # 3 alone in class 0
    coarse = np.where(y == 0, 0.4, 0.1) * rng.integers(0, 9, 40)
    X = np.column_stack([few, coarse, rng.random(40) < 0.5, rng.integers(0, 5, 40)])
    model = GenerativeClassifier(HelmholtzMachine(1, visible="mixed", **FEW)).fit(X, y)
    for density in model.estimators_:
        assert density.kinds_.tolist() == ["real", "real", "bernoulli", "count"]
        assert density.resolution_.tolist() == [1, 0.1, 0, 1]
    assert np.isfinite(model.joint_log_likelihood(X)).all()


def test_levels_that_a_class_does_not_have_are_refused_in_arrays_and_known_in_frames():
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    code = np.where(y == 0, rng.integers(0, 2, 40), rng.integers(0, 3, 40))
    X = np.column_stack([code, rng.normal(size=40)])
    machine = HelmholtzMachine(1, visible={0: "categorical"}, **FEW)
    with pytest.raises(ValueError, match="class 0 and class 1 do not compare: column 0 is categ"):
        GenerativeClassifier(machine).fit(X, y)
    frame = pd.DataFrame({"job": pd.Categorical(code), "pay": X[:, 1]})
    model = GenerativeClassifier(HelmholtzMachine(1, **FEW)).fit(frame, y)
    assert model.predict_proba(frame).shape == (40, 2)
    rows, labels = model.sample(30, random_state=0)
    assert rows.dtypes.equals(frame.dtypes)
    assert rows.index.tolist() != sorted(rows.index)
    assert set(labels) == {0, 1}
    from_polars = pl.DataFrame({"job": pl.Series(code.astype(str)).cast(pl.Categorical)})
    drawn = GenerativeClassifier(machine.set_params(visible="auto"))
    with pytest.raises(ValueError, match="do not compare"):  # which lists no levels
        drawn.fit(from_polars, y)


def test_units_that_differ_from_class_to_class_are_refused(data):
    X, y = data
    pipeline = make_pipeline(StandardScaler(), KernelDensity())
    with pytest.raises(TypeError, match="StandardScaler: the units"):
        GenerativeClassifier(pipeline).fit(X, y)
    alone = GenerativeClassifier(make_pipeline("passthrough", KernelDensity())).fit(X, y)
    np.testing.assert_array_equal(
        alone.predict_proba(X), GenerativeClassifier(KernelDensity()).fit(X, y).predict_proba(X)
    )


def test_mixtures_see_whole_numbers_as_reals(data):
    """scikit-learn 1.9 rounds the precisions of a mixture where rows are of whole numbers."""
    X, y = np.rint(data[0]).astype(int), data[1]
    model = GenerativeClassifier(GaussianMixture(random_state=0)).fit(pd.DataFrame(X), y)
    for k in (0, 1):
        covariance = np.cov(X[y == k].T, ddof=0) + 1e-6 * np.eye(2)
        normal = scipy.stats.multivariate_normal(X[y == k].mean(axis=0), covariance)
        joint = normal.logpdf(X) + np.log(np.mean(y == k))
        np.testing.assert_allclose(model.joint_log_likelihood(pd.DataFrame(X))[:, k], joint)


# Draws


@pytest.mark.parametrize("density", [FactorAnalysis(0), GaussianMixture(2), KernelDensity()])
def test_draws_are_like_their_classes(data, density):
    X, y = data
    model = GenerativeClassifier(density).fit(X, y)
    rows, labels = model.sample(3000, random_state=0)
    assert np.mean(labels == 1) == pytest.approx(2 / 3, abs=0.03)
    for k in (0, 1):
        error = 5 * X[y == k].std(axis=0) / np.sqrt(900)
        assert (np.abs(rows[labels == k].mean(axis=0) - X[y == k].mean(axis=0)) < error + 0.1).all()
    again = model.sample(3000, random_state=0)
    np.testing.assert_array_equal(rows, again[0])
    one = model.sample(5, y=0, random_state=1)
    assert one[0].shape == (5, 2)
    assert one[1].tolist() == [0] * 5


def test_draws_of_mixtures_are_in_no_order():
    X = np.repeat([[0.0], [100.0]], 20, axis=0) + np.random.default_rng(0).normal(size=(40, 1))
    model = GenerativeClassifier(GaussianMixture(2, random_state=0)).fit(X, np.zeros(40))
    rows = model.sample(50, random_state=0)[0]
    assert 10 < np.sum(np.diff(rows[:, 0] > 50)) < 40


def test_draws_need_a_known_label_and_a_density_that_draws(data):
    X, y = data
    model = GenerativeClassifier().fit(X, y)
    with pytest.raises(ValueError, match="y must be one of the classes, 0, 1, got 'a'"):
        model.sample(2, y="a")
    with pytest.raises(ValueError, match="n_samples must be"):
        model.sample(0)
    with pytest.raises(NotFittedError):
        GenerativeClassifier().sample()
    from sklearn.decomposition import PCA

    assert not hasattr(GenerativeClassifier(PCA(1)).fit(X, y), "sample")


# Refusals


@pytest.mark.parametrize(
    ("estimator", "error", "match"),
    [
        (IsolationForest(), TypeError, "score_samples of IsolationForest is a score of oddness"),
        (BernoulliRBM(), TypeError, "pseudo-likelihood"),
        (KernelDensity, TypeError, "the class"),
        (StandardScaler(), ValueError, "'score_samples'"),
    ],
)
def test_what_has_no_density_is_refused(data, estimator, error, match):
    with pytest.raises(error, match=match):
        GenerativeClassifier(estimator).fit(*data)


@pytest.mark.parametrize("priors", [[0.5], [0.7, 0.7], [-0.5, 1.5], [np.nan, 1], ["a", "b"]])
def test_priors_are_probabilities_of_the_classes(data, priors):
    with pytest.raises(ValueError, match="priors must be 2 probabilities"):
        GenerativeClassifier(priors=priors).fit(*data)


def test_priors_go_by_the_labels_of_a_series(data):
    X, y = data
    y = np.array(["rare", "common"])[y]
    priors = pd.Series([0.9, 0.1], index=["rare", "common"])
    assert GenerativeClassifier(priors=priors).fit(X, y).class_prior_.tolist() == [0.1, 0.9]
    with pytest.raises(ValueError, match="with 'odd', but the classes are common, rare"):
        GenerativeClassifier(priors=priors.rename({"rare": "odd"})).fit(X, y)


def test_a_class_with_too_few_rows_is_named(data):
    X, y = data
    labels = np.array(["few"] + ["many"] * (len(y) - 1))
    with pytest.raises(ValueError, match=r"class 'few' cannot be learnt from its 1 row\(s\)"):
        GenerativeClassifier().fit(X, labels)


def test_what_mixtures_cannot_use_is_refused(data):
    X, y = data
    model = GenerativeClassifier(GaussianMixture())
    with pytest.raises(ValueError, match="GaussianMixture learns from rows without weights"):
        model.fit(X, y, np.ones(len(y)))
    with pytest.raises(ValueError, match=r"y has 1 missing label\(s\), but GaussianMixture"):
        model.fit(X, np.where(np.arange(len(y)) == 0, np.nan, y))


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        ([np.nan] * 4, "y holds no labels"),
        ([0, 1, np.inf, 0], "infinity"),
        ([0, "a", 1, "b"], "different types, int, str"),
        ([0.5, 0.1, 0.2, 0.3], "Unknown label type"),
        (None, "requires y to be passed"),
        ([0, 1], "inconsistent numbers of samples"),
    ],
)
def test_what_is_no_label_is_refused(labels, match):
    labels = np.array(labels, dtype=object) if labels == [0, "a", 1, "b"] else labels
    with pytest.raises(ValueError, match=match):
        GenerativeClassifier().fit(np.zeros((4, 1)), labels)


def test_weights_must_leave_a_label(data):
    X, y = data
    labels = np.where(np.arange(len(y)) < 5, y, np.nan)
    with pytest.raises(ValueError, match="zero for every row that has a label"):
        GenerativeClassifier().fit(X, labels, np.isnan(labels))


def test_a_density_that_is_none_is_named(data):
    class Broken(KernelDensity):
        def score_samples(self, X):
            return np.full(len(X), np.nan)

    with pytest.raises(ValueError, match="score_samples of Broken is nan for row 0"):
        GenerativeClassifier(Broken()).fit(*data).predict(data[0])


# As a part of scikit-learn


def test_it_works_in_pipelines_and_searches(data):
    X, y = data
    frame = pd.DataFrame(X, columns=["a", "b"])
    columns = make_column_transformer((StandardScaler(), ["a"]), ("passthrough", ["b"]))
    pipeline = make_pipeline(columns, GenerativeClassifier(FactorAnalysis()))
    grid = {"generativeclassifier__estimator__n_components": [0, 1]}
    with parallel_config("threading"):
        search = GridSearchCV(pipeline, grid, n_jobs=2, cv=2).fit(frame, y)
    assert search.best_score_ > 0.6
    np.testing.assert_array_equal(search.predict(frame), search.best_estimator_.predict(frame))


def test_copies_and_processes_answer_the_same(data):
    X, y = data
    model = GenerativeClassifier().fit(X, y)
    proba = model.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), proba)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), proba)
    with parallel_config("threading"):
        parallel = GenerativeClassifier(n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(parallel.predict_proba(X), proba)


def test_a_failed_fit_leaves_everything_as_it_was(data):
    X, y = data
    model = GenerativeClassifier().fit(X, y)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="class 'a'"):
        model.fit(np.zeros((4, 3)), ["a", "b", "b", "b"])
    assert vars(model) == before


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), names=st.permutations(["a", "b", "c"]))
def test_names_of_classes_and_order_of_rows_do_not_matter(seed, names):
    rng = np.random.default_rng(seed)
    y = np.arange(24) % 3
    X = rng.normal(y[:, None], size=(24, 2))
    order = rng.permutation(24)
    one = GenerativeClassifier(FactorAnalysis(0)).fit(X, y)
    other = GenerativeClassifier(FactorAnalysis(0)).fit(X[order], np.array(names)[y[order]])
    places = np.argsort(names)
    proba = one.predict_proba(X)
    np.testing.assert_allclose(other.predict_proba(X), proba[:, places], atol=1e-9)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


@pytest.fixture(scope="module")
def bits():
    """Rows of bits, most of them more than once, and their labels."""
    rng = np.random.default_rng(4)
    y = (rng.random(80) < 0.4).astype(int)
    return (rng.random((80, 5)) < np.where(y, 0.8, 0.2)[:, None]).astype(np.uint8), y


def test_comparisons_doubt_classes_whose_densities_are_doubted(bits):
    X, y = bits
    machine = HelmholtzMachine(20, n_importance_samples=2, visible="bernoulli", **FEW)
    exact = GenerativeClassifier(clone(machine).set_params(hidden_layer_sizes=2)).fit(X, y)
    for kind in (GenerativeClassifier(machine), LatentClassifier(machine)):
        model = kind.fit(X, y)
        result = compare_log_likelihood(model, exact, X)
        assert not result.reliable
        assert "n_importance_samples of a" in result.remedy
        np.testing.assert_array_equal(
            result.per_sample, model.score_samples(X) - exact.score_samples(X)
        )
    assert compare_log_likelihood(exact, exact, X).reliable


@pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")
def test_noise_that_rows_share_is_that_of_repeated_fits_of_random_numbers(bits):
    X, y = bits
    machine = HelmholtzMachine(20, n_importance_samples=10, visible="bernoulli", **FEW)
    model = GenerativeClassifier(machine).fit(X, y)
    found = row_scores(model, X)
    prior, draws = np.log(model.class_prior_), []
    for seed in range(150):
        scores = [
            inner.log_likelihood(X, random_state=seed).per_sample for inner in model.estimators_
        ]
        draws.append(np.logaddexp(*(np.column_stack(scores) + prior).T))
    draws = np.array(draws)
    shared = draws.mean(axis=1).var() - draws.var(axis=0).sum() / len(X) ** 2
    assert found.shared_noise == pytest.approx(shared, rel=0.4)
    assert found.shared_noise > 0
