"""Counts: ``visible="poisson"`` of every estimator, and all that they answer."""

import itertools

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import clone

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet

ESTIMATORS = [
    HelmholtzMachine(3, visible="poisson"),
    HelmholtzMachine((3, 2), visible="poisson", algorithm="wake-sleep"),
    HelmholtzMachine(3, visible="poisson", autoregressive=True),
    SigmoidBeliefNet(3, visible="poisson", inference="exact"),
    SigmoidBeliefNet(3, visible="poisson", inference="mean-field", autoregressive=True),
    SigmoidBeliefNet(3, visible="poisson", inference="gibbs"),
    SigmoidBeliefNet(3, visible="poisson", inference="nvil"),
]
each = pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
COEFS = [[[1.0, -0.5, 0.3], [0.4, 0.8, -1.0]]]
INTERCEPTS = [[0.2, -0.3, 0.5], [0.4, -0.6]]
LATERAL = [
    [[0, 0.4, -0.2], [0, 0, 0.3], [0, 0, 0]],
    [[0, 0.7], [0, 0]],
]


def counts(n=60, d=6, seed=0):
    rng = np.random.default_rng(seed)
    causes = rng.random((n, 2)) < 0.4
    return rng.poisson(np.exp(causes @ rng.normal(0, 1, (2, d)) + 0.5)).astype(np.float64)


def fitted(estimator, X, **params):
    return clone(estimator).set_params(max_iter=3, random_state=0, **params).fit(X)


def small(autoregressive):
    laterals = {"generative_lateral_coefs": LATERAL} if autoregressive else {}
    return SigmoidBeliefNet.from_parameters(COEFS, INTERCEPTS, visible="poisson", **laterals)


def log_p(X, autoregressive):
    """Log p(x) of complete rows by scipy and enumeration."""
    terms = []
    for h in itertools.product((0, 1), repeat=2):
        h, top = np.array(h), np.array(INTERCEPTS[1])
        eta = np.array(INTERCEPTS[0]) + h @ np.array(COEFS[0])
        if autoregressive:
            top = top + h @ np.array(LATERAL[1])
            eta = eta + np.log1p(X) @ np.array(LATERAL[0])
        own = (h * top - np.logaddexp(0, top)).sum()
        terms.append(own + stats.poisson.logpmf(X, np.exp(eta)).sum(axis=1))
    return np.logaddexp.reduce(terms)


@pytest.mark.parametrize("autoregressive", [False, True])
def test_scores_are_those_of_scipy_and_sum_to_one(autoregressive):
    net = small(autoregressive)
    X = np.array(list(itertools.product(range(12), repeat=3)), float)
    scores = net.score_samples(X)
    assert_allclose(scores, log_p(X, autoregressive), rtol=1e-5, atol=1e-5)
    X = np.array(list(itertools.product(range(26), repeat=3)), np.uint8)
    assert np.exp(net.score_samples(X)).sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("autoregressive", [False, True])
def test_dreams_have_their_probabilities(autoregressive):
    net = small(autoregressive)
    drawn = net.sample(40_000, random_state=0)
    assert drawn.dtype == np.int64
    rows, numbers = np.unique(drawn, axis=0, return_counts=True)
    often = numbers > 100
    expected = np.exp(log_p(rows[often], autoregressive)) * len(drawn)
    z = (numbers[often] - expected) / np.sqrt(expected)
    assert np.abs(z).max() < 4.5


@pytest.mark.parametrize("autoregressive", [False, True])
def test_estimates_agree_with_enumeration(autoregressive):
    net = small(autoregressive)
    X = net.sample(40, random_state=1)
    exact = net.log_likelihood(X)
    sampled = net.log_likelihood(X, method="importance", n_importance_samples=2000)
    annealed = net.log_likelihood(X, method="annealed", n_temperatures=300)
    assert exact.bound == "exact"
    assert sampled.bound == annealed.bound == "lower"
    for found in (sampled, annealed):
        assert abs(found.mean - exact.mean) < 4 * found.monte_carlo_error + abs(found.bias) + 1e-4


def test_missing_counts_are_left_out_where_nothing_depends_on_them():
    net = small(False)
    X = net.sample(20, random_state=2).astype(float)
    whole = net.score_samples(X)
    X[:, 1] = np.nan
    others = np.array(list(itertools.product(range(60), repeat=1)))
    for row, score in zip(X[:5], net.score_samples(X[:5]), strict=True):
        filled = np.repeat(row[None], len(others), axis=0)
        filled[:, 1] = others[:, 0]
        assert score == pytest.approx(np.logaddexp.reduce(net.score_samples(filled)), abs=1e-5)
    assert (net.score_samples(X) > whole).all()


def test_missing_counts_are_drawn_where_later_ones_depend_on_them():
    net = small(True)
    X = net.sample(6, random_state=2).astype(float)
    X[:, 1] = np.nan
    result = net.log_likelihood(X, n_importance_samples=20_000)
    assert result.method == "importance"
    truth = []
    for row in X:
        filled = np.repeat(row[None], 60, axis=0)
        filled[:, 1] = np.arange(60)
        truth.append(np.logaddexp.reduce(log_p(filled, True)))
    assert_allclose(result.per_sample, truth, atol=0.05)
    means = net.impute(X, n_importance_samples=20_000)[:, 1]
    for row, mean, t in zip(X, means, truth, strict=True):
        filled = np.repeat(row[None], 60, axis=0)
        filled[:, 1] = np.arange(60)
        weights = np.exp(log_p(filled, True) - t)
        assert mean == pytest.approx(weights @ np.arange(60), abs=0.1)
    for method in ("exact", "annealed"):
        with pytest.raises(ValueError, match=f"method='{method}'"):
            net.log_likelihood(X, method=method)
    with pytest.raises(ValueError, match="method='gibbs' has no draws"):
        net.posterior(X, method="gibbs")
    X[0, 1] = 1
    with pytest.raises(ValueError, match="inference='exact'"):
        SigmoidBeliefNet(2, inference="exact", visible="poisson", autoregressive=True).fit(X)


@each
def test_everything_that_estimators_answer(estimator):
    X = counts()
    model = fitted(estimator, X)
    assert model.visible_ == "poisson"
    assert np.isfinite(model.score(X))
    H = model.transform(X)
    assert model.inverse_transform(H).shape == X.shape
    drawn = model.sample(5, random_state=0)
    assert drawn.dtype == np.int64
    assert (drawn >= 0).all()
    holes = X.copy()
    holes[::2, ::3] = np.nan
    for strategy in ("mean", "mode", "sample"):
        filled = model.impute(holes, strategy, random_state=0)
        assert_array_equal(filled[~np.isnan(holes)], holes[~np.isnan(holes)])
        assert (filled >= 0).all()
        if strategy != "mean":
            assert_array_equal(filled, np.floor(filled))
    given = [2, np.nan, np.nan, 0, np.nan, 1]
    drawn = model.sample(4, given=given, random_state=0)
    assert_array_equal(drawn[:, [0, 3, 5]], [[2, 0, 1]] * 4)
    assert drawn.dtype == np.int64
    assert model.posterior(X[:3], random_state=0).mean[0].shape == (3, 3)
    assert model.log_likelihood_bounds(30, random_state=0).gap >= -1
    model.set_params(early_stopping=False).partial_fit(X)


@each
def test_sparse_counts_are_learnt_and_scored_as_dense_ones(estimator):
    X = counts()
    dense, sparse = fitted(estimator, X), fitted(estimator, scipy.sparse.csr_matrix(X))
    assert_allclose(dense.generative_coefs_[0], sparse.generative_coefs_[0], atol=2e-3)
    assert_allclose(
        dense.score_samples(X), dense.score_samples(scipy.sparse.csr_matrix(X)), atol=1e-3
    )


def test_learning_finds_rates():
    X = counts(400)
    model = HelmholtzMachine(4, visible="poisson", max_iter=40, random_state=0).fit(X)
    independent = stats.poisson(X.mean(axis=0)).logpmf(X).sum(axis=1).mean()
    assert model.score(X) > independent + 0.5
    assert_allclose(model.sample(20_000, random_state=0).mean(axis=0), X.mean(axis=0), rtol=0.15)


@pytest.mark.parametrize(
    ("change", "word"),
    [(lambda X: X - 4, "-"), (lambda X: X + 0.5, r"\.5"), (lambda X: X * 2.0**32, "e\\+|\\d{9}")],
)
def test_what_is_no_count_is_refused_by_column_and_value(change, word):
    bad = counts()
    bad[3, 2] = change(np.full(1, 3.0))[0]
    with pytest.raises(ValueError, match=f"(?s)Column 2 of X holds the value .*{word}.*Poisson"):
        HelmholtzMachine(2, visible="poisson", max_iter=1).fit(bad)
    model = fitted(ESTIMATORS[0], counts())
    with pytest.raises(ValueError, match="Column 2"):
        model.score(bad)
    with pytest.raises(ValueError, match="whole numbers from 0"):
        model.sample(given={2: bad[3, 2]})
