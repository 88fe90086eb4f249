"""Mixtures of densities: sums over all rows, brute force over gaps, and weights of scipy."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn import config_context
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import (
    DensityMixture,
    FactorAnalysis,
    HelmholtzMachine,
    LatentImputer,
    RestrictedBoltzmannMachine,
    TransformedDensity,
    compare_log_likelihood,
)
from sklearn_helmholtz.applications.mixture_estimates import combined
from sklearn_helmholtz.applications.mixture_weights import fit_weights
from sklearn_helmholtz.estimators.scored_rows import ScoredRows
from sklearn_helmholtz.likelihood import Estimate
from tests.persistence.fitted import mixed_frame

STATES = np.array(list(itertools.product((0.0, 1.0), repeat=4)))
FEW = {"max_iter": 4, "batch_size": 20, "alpha": 0}


def rows(n=90, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.random((n, 1))
    return (rng.random((n, 4)) < shared).astype(np.float64)


def machine(**params):
    return HelmholtzMachine(2, autoregressive=True, **FEW, **params)


@pytest.fixture(scope="module")
def mixture():
    return DensityMixture(machine(), 3, random_state=0).fit(rows())


def joint(mixture):
    """``w_k p_k(x)`` of all rows there are, (16, n_components)."""
    parts = [np.exp(part.score_samples(STATES)) for part in mixture.estimators_]
    return np.column_stack(parts) * mixture.weights_


def fits(row):
    """Flags of the states that agree with a row where it is observed."""
    return (np.isnan(row) | (row == STATES)).all(axis=1)


def gaps():
    X = rows(20, seed=3)
    return np.where(np.random.default_rng(1).random(X.shape) < 0.4, np.nan, X)


def test_probabilities_sum_to_one(mixture):
    assert_allclose(np.exp(mixture.score_samples(STATES)).sum(), 1, rtol=1e-5)
    assert_allclose(mixture.score_samples(STATES), np.log(joint(mixture).sum(axis=1)), rtol=1e-6)
    assert mixture.score(STATES) == mixture.score_samples(STATES).mean()


def test_components_differ(mixture):
    scores = [part.score(STATES) for part in mixture.estimators_]
    assert len(set(scores)) == 3
    seeds = [part.random_state for part in mixture.estimators_]
    assert len(set(seeds)) == 3
    orders = [part.column_order for part in mixture.estimators_]
    assert orders == ["given", "random", "random"]
    with parallel_config("threading"):
        again = DensityMixture(machine(), 3, random_state=0, n_jobs=2).fit(rows())
    assert_array_equal(again.score_samples(STATES), mixture.score_samples(STATES))


def test_gaps_by_brute_force(mixture):
    found, X = joint(mixture), gaps()
    wanted = np.array([found[fits(row)].sum(axis=0) for row in X])
    assert_allclose(mixture.score_samples(X), np.log(wanted.sum(axis=1)), rtol=1e-5)
    shares = wanted / wanted.sum(axis=1, keepdims=True)
    assert_allclose(mixture.predict_proba(X), shares, rtol=1e-4)
    assert_array_equal(mixture.predict(X), shares.argmax(axis=1))
    total = found.sum(axis=1)
    means = [total[fits(row)] @ STATES[fits(row)] / total[fits(row)].sum() for row in X]
    assert_allclose(mixture.impute(X), means, atol=1e-5)


def test_draws_have_their_frequencies(mixture):
    X, components = mixture.sample(20_000, random_state=0, return_components=True)
    numbers = (X @ [8, 4, 2, 1]).astype(int)
    counts = np.zeros((16, 3))
    np.add.at(counts, (numbers, components), 1)
    expected = joint(mixture)
    error = np.sqrt(expected * (1 - expected) / len(X))
    assert (np.abs(counts / len(X) - expected) <= 4.5 * error + 1e-4).all()
    assert_array_equal(X, mixture.sample(20_000, random_state=0))


@pytest.mark.parametrize("way", ["given", "impute"])
def test_conditional_draws_have_their_frequencies(mixture, way):
    row = np.array([np.nan, 1, np.nan, 0])
    if way == "given":
        X = mixture.sample(1500, given=row, random_state=0)
    else:
        X = mixture.impute(np.tile(row, (1500, 1)), "sample", random_state=0)
    own, total = fits(row), joint(mixture).sum(axis=1)
    numbers = np.bincount((X @ [8, 4, 2, 1]).astype(int), minlength=16) / 1500
    expected = np.where(own, total, 0) / total[own].sum()
    error = np.sqrt(expected * (1 - expected) / 1500)
    assert (np.abs(numbers - expected) <= 4.5 * error + 1e-9).all()


def test_several_imputations_of_arrays_and_sparse_matrices(mixture):
    X = gaps()
    one = mixture.impute(X, "sample", random_state=0)
    two = mixture.impute(X, "sample", n_imputations=2, random_state=0)
    assert two.shape == (2, *X.shape)
    assert_array_equal(two[0], one)
    assert (two[0] != two[1]).any()
    sparse = scipy.sparse.csr_matrix(X)
    for strategy in ("mean", "sample"):
        dense, listed = (mixture.impute(table, strategy, random_state=0) for table in (X, sparse))
        assert_allclose(listed.toarray(), dense, atol=1e-6)
    assert_allclose(mixture.score_samples(sparse), mixture.score_samples(X), rtol=1e-5)


def random_scores(n=300, k=4, seed=0):
    return np.random.default_rng(seed).normal(-5, 2, (n, k))


def test_weights_are_those_of_scipy():
    scores, row_weights = random_scores(), np.random.default_rng(1).random(300)
    weights, path, gap = fit_weights(scores, row_weights, tol=1e-9, max_iter=100_000)

    def loss(logits):
        log_weights = logits - logsumexp(logits)
        return -np.average(logsumexp(scores + log_weights, axis=1), weights=row_weights)

    best = minimize(loss, np.zeros(4), tol=1e-12)
    assert_allclose(path[-1], -best.fun, atol=1e-7)
    assert_allclose(weights, np.exp(best.x - logsumexp(best.x)), atol=1e-3)
    assert gap < 1e-9
    assert (np.diff(path) >= -1e-12).all()


def test_the_gap_bounds_what_is_left_to_gain():
    scores = random_scores()
    *_, best = fit_weights(scores, tol=1e-12, max_iter=100_000)[1]
    for max_iter in (1, 3, 10):
        _, path, gap = fit_weights(scores, max_iter=max_iter, tol=0)
        assert path[-1] <= best <= path[-1] + gap


def test_whole_weights_repeat_rows():
    scores, counts = random_scores(50), np.arange(50) % 3
    weighted = fit_weights(scores[counts > 0], counts[counts > 0].astype(float))
    repeated = fit_weights(np.repeat(scores, counts, axis=0))
    assert_allclose(weighted[0], repeated[0], rtol=1e-6)


def test_weights_are_learnt_on_rows_that_are_held_out():
    """A density that knows its rows by heart gets no weight for it."""

    class Heart(DensityMixin, BaseEstimator):
        def __init__(self, random_state=None):
            self.random_state = random_state

        def fit(self, X, y=None):
            self.rows_ = {row.tobytes() for row in X}
            self.n_features_in_ = X.shape[1]
            return self

        def score_samples(self, X):
            knows = self.random_state % 2 == 0
            own = np.array([row.tobytes() in self.rows_ for row in X])
            return np.where(knows & own, 10.0, np.where(knows, -10.0, 0.0))

    X = np.random.default_rng(0).normal(size=(60, 2))
    for fraction, learns in ((0.2, False), (None, True)):
        found = DensityMixture(Heart(), 6, validation_fraction=fraction, random_state=0).fit(X)
        knows = [part.random_state % 2 == 0 for part in found.estimators_]
        assert 0 < sum(knows) < 6
        assert (found.weights_[knows].sum() > 0.5) == learns


def parts(seed=0, n=200_000):
    """Noisy scores of one row under three components, with errors of known size."""
    rng = np.random.default_rng(seed)
    scores, sizes = np.log([0.3, 0.2, 0.6]), np.array([0.05, 0.1, 0.02])
    noise = rng.normal(size=(n, 3))
    return scores, sizes, noise


def scored_row(score, variance, common=0.0, bound="lower"):
    arrays = [np.array([x]) for x in (score, variance, -variance / 2, 50.0, -score, 0.3)]
    estimate = Estimate(*arrays, bound, common)
    method = "exact" if bound == "exact" else "importance"
    return ScoredRows(estimate, np.zeros(1, np.uint64), method, None, arrays[0], arrays[4])


def test_errors_are_those_of_noise_that_is_shared():
    scores, sizes, noise = parts()
    weights = np.array([0.5, 0.3, 0.2])
    found = combined([scored_row(s, v) for s, v in zip(scores, sizes**2, strict=True)], weights)
    shared = noise[:, :1] * sizes - sizes**2 / 2  # the logarithm of an unbiased estimate
    estimates = logsumexp(scores + shared + np.log(weights), axis=1)
    assert_allclose(found.estimate.variance[0], estimates.var(), rtol=0.02)
    exact = logsumexp(scores + np.log(weights))
    assert_allclose(found.estimate.per_sample[0], exact)
    error = 4 * estimates.std() / np.sqrt(len(estimates))
    assert_allclose(found.estimate.bias[0], estimates.mean() - exact, atol=error)
    apart = logsumexp(scores + noise * sizes + np.log(weights), axis=1)
    assert apart.var() < found.estimate.variance[0]
    assert (found.estimate.bound, found.method) == ("lower", "importance")


def test_bounds_and_common_errors():
    weights = np.array([0.5, 0.5])

    def bound(first, second):
        return combined([scored_row(-1, 0, 0, b) for b in (first, second)], weights).estimate.bound

    assert bound("exact", "exact") == "exact"
    assert bound("exact", "lower") == "lower"
    assert bound("upper", "exact") == "upper"
    assert bound("upper", "lower") == "none"
    pair = [scored_row(-1.0, 0.0, common) for common in (0.04, 0.0)]
    assert_allclose(combined(pair, weights).estimate.common_variance, 0.01)


def test_log_likelihood_tells_errors():
    X = rows()
    mixture = DensityMixture(HelmholtzMachine(6, **FEW), 2, random_state=0).fit(X)
    result = mixture.log_likelihood(X, method="importance", n_importance_samples=100)
    assert (result.bound, result.method) == ("lower", "importance")
    assert result.n_importance_samples == 100
    exact = mixture.log_likelihood(X)
    assert (exact.bound, exact.mean, exact.monte_carlo_error) == ("exact", mixture.score(X), 0)
    error = 4 * result.monte_carlo_error + abs(result.bias)
    assert 0 < abs(result.mean - exact.mean) < error
    assert_allclose(exact.log_probability, mixture.score_samples(X))
    weighted = mixture.log_likelihood(X, sample_weight=np.arange(90.0))
    assert_allclose(weighted.mean, np.average(mixture.score_samples(X), weights=np.arange(90.0)))
    compared = compare_log_likelihood(mixture, mixture.estimators_[0], X)
    assert_allclose(compared.difference, mixture.score(X) - mixture.estimators_[0].score(X))


def test_partition_functions_have_errors_in_common():
    machines = [
        RestrictedBoltzmannMachine(25, n_iter=2, random_state=s).fit(np.tile(rows(), (1, 8)))
        for s in (0, 1)
    ]
    X = np.tile(rows(), (1, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = [m.log_likelihood(X).common_error for m in machines]
        both = DensityMixture.from_estimators(machines).log_likelihood(X).common_error
    assert min(own) - 1e-12 <= both <= max(own) + 1e-12


def test_mixtures_of_other_libraries():
    X = np.random.default_rng(0).normal(size=(80, 2))
    for inner in (KernelDensity(), GaussianMixture(2), TransformedDensity(StandardScaler())):
        mixture = DensityMixture(inner, 2, random_state=0).fit(X)
        assert mixture.sample(5, random_state=0).shape == (5, 2)
        assert_allclose(compare_log_likelihood(mixture, mixture, X).difference, 0)
        assert not hasattr(mixture, "log_likelihood")
    assert not hasattr(DensityMixture(KernelDensity()), "impute")
    with pytest.raises(ValueError, match="given needs components of this package"):
        mixture.sample(given=[0, np.nan])


def test_frames_of_mixed_columns():
    frame = mixed_frame()
    mixture = DensityMixture(HelmholtzMachine(2, max_iter=2, batch_size=20), 2, random_state=0).fit(
        frame
    )
    assert_array_equal(mixture.feature_names_in_, frame.columns)
    holey = frame.set_index(np.arange(60) + 5)
    filled = mixture.impute(holey, "sample", random_state=0)
    assert_array_equal(filled.index, holey.index)
    assert_array_equal(filled.dtypes, frame.dtypes)
    assert not filled.isna().any(axis=None)
    seen = ~frame["job"].isna().to_numpy()
    assert_array_equal(filled["job"][seen], frame["job"][seen])
    drawn = mixture.sample(6, given={"job": "b"}, random_state=0)
    assert (drawn["job"] == "b").all()
    assert mixture.score_samples(frame).shape == (60,)
    with pytest.raises(ValueError, match="no means of mixed columns"):
        mixture.impute(frame)


def test_output_and_names():
    frame = pd.DataFrame(rows(), columns=list("abcd"))
    mixture = DensityMixture(machine(), 2, random_state=0).fit(frame)
    holey = frame.where(np.random.default_rng(0).random(frame.shape) < 0.8)
    filled = mixture.impute(holey)
    assert isinstance(filled, np.ndarray)
    with config_context(transform_output="pandas"):
        assert list(mixture.sample(2, random_state=0).columns) == list("abcd")
        pd.testing.assert_frame_equal(
            mixture.impute(holey), pd.DataFrame(filled, columns=list("abcd"))
        )


def test_weights_of_rows_and_rows_of_weight_zero():
    X, weights = rows(), np.arange(90) % 3
    settings = {"validation_fraction": None, "random_state": 0}
    whole = DensityMixture(FactorAnalysis(1), 2, **settings).fit(X, sample_weight=weights)
    kept = weights > 0
    part = DensityMixture(FactorAnalysis(1), 2, **settings).fit(
        X[kept], sample_weight=weights[kept]
    )
    assert_allclose(whole.score_samples(X), part.score_samples(X))
    repeated = DensityMixture(FactorAnalysis(1), 2, **settings).fit(np.repeat(X, weights, axis=0))
    assert_allclose(whole.score_samples(X), repeated.score_samples(X), rtol=1e-4)
    with pytest.raises(ValueError, match="GaussianMixture learns from rows without weights"):
        DensityMixture(GaussianMixture()).fit(X, sample_weight=weights)


def test_equal_components_are_one_density():
    X = np.random.default_rng(0).normal(size=(60, 3))
    mixture = DensityMixture(FactorAnalysis(1), 3, validation_fraction=None).fit(X)
    assert_allclose(mixture.score_samples(X), FactorAnalysis(1).fit(X).score_samples(X))


def test_in_searches_and_as_a_part_of_others():
    X = rows()
    search = GridSearchCV(
        DensityMixture(machine(), random_state=0),
        {"n_components": [1, 2], "estimator__hidden_layer_sizes": [1]}, cv=2,
    ).fit(X)  # fmt: skip
    assert search.best_estimator_.estimators_[0].hidden_layer_sizes == 1
    imputer = LatentImputer(DensityMixture(machine(), 2), strategy="sample", random_state=0)
    assert not np.isnan(imputer.fit_transform(gaps())).any()


def test_orders_are_as_asked():
    def orders(inner, X, **params):
        found = DensityMixture(inner, 2, random_state=0, **params).fit(X)
        return [part.column_order for part in found.estimators_]

    X = rows()
    assert orders(machine(), X, column_orders="same") == ["given", "given"]
    assert orders(machine(column_order="tree"), X) == ["tree", "tree"]
    assert orders(HelmholtzMachine(2, **FEW), X) == ["given", "given"]


def test_what_is_no_density():
    X = rows()
    with pytest.raises(TypeError, match="score_samples of BernoulliRBM is a pseudo-likelihood"):
        DensityMixture(BernoulliRBM()).fit(X)
    with pytest.raises(TypeError, match="a Pipeline with the transformer StandardScaler"):
        DensityMixture(make_pipeline(StandardScaler(), FactorAnalysis(1))).fit(X)
    with pytest.raises(ValueError, match="leaves no rows to learn from out of n_samples=1"):
        DensityMixture(machine()).fit(X[:1])
    with pytest.raises(ValueError, match=r"Component 0 cannot be learnt: n_components"):
        DensityMixture(FactorAnalysis(9)).fit(X)
    with pytest.warns(ConvergenceWarning, match=r"still be better by .* after max_iter=1 steps"):
        DensityMixture(machine(), 2, max_iter=1, tol=1e-9, random_state=0).fit(X)


def test_given_components(mixture):
    again = DensityMixture.from_estimators(mixture.estimators_, mixture.weights_)
    assert_array_equal(again.score_samples(STATES), mixture.score_samples(STATES))
    assert again.n_iter_ == 0
    equal = DensityMixture.from_estimators(mixture.estimators_)
    assert_allclose(equal.weights_, 1 / 3)
    first = mixture.estimators_[0]
    with pytest.raises(ValueError, match="one fitted density estimator at least, got none"):
        DensityMixture.from_estimators([])
    with pytest.raises(TypeError, match="number 1 is StandardScaler"):
        DensityMixture.from_estimators([first, StandardScaler().fit(STATES)])
    with pytest.raises(ValueError, match="number 0 has 4 and number 1 has 3"):
        DensityMixture.from_estimators([first, machine().fit(STATES[:, :3])])
    named = machine().fit(pd.DataFrame(STATES, columns=list("abcd")))
    with pytest.raises(ValueError, match=r"number 1 has other names than number 0: \['a',"):
        DensityMixture.from_estimators([first, named])
    other = HelmholtzMachine(2, visible="gaussian", **FEW).fit(rows())
    wanted = "component 0 and component 1 do not compare: visible_ is bernoulli in one"
    with pytest.raises(ValueError, match=wanted):
        DensityMixture.from_estimators([first, other])
    for weights in ([0.5, 0.5], [0.5, 0.6, 0.1], [-1, 1, 1], "equal"):
        with pytest.raises(ValueError, match="weights must be 3 probabilities that sum to 1"):
            DensityMixture.from_estimators(mixture.estimators_, weights)
