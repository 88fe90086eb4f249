"""Tests of the density baselines that the benchmarks compare against."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from scipy.stats import bernoulli
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import BernoulliRBM

from benchmarks.baselines import (
    BernoulliMixture,
    IndependentBernoulli,
    digits,
    paired_difference,
    rbm_log_likelihood,
    rbm_log_partition_annealed,
    rbm_log_partition_exact,
)


def all_rows(n_features):
    """Every row of `n_features` zeros and ones."""
    return np.array(list(product((0, 1), repeat=n_features)))


def random_rbm(n_components, n_features, seed):
    """Bernoulli RBM with random parameters, without any training."""
    rng = np.random.RandomState(seed)
    rbm = BernoulliRBM(n_components)
    rbm.components_ = rng.normal(size=(n_components, n_features))
    rbm.intercept_hidden_ = rng.normal(size=n_components)
    rbm.intercept_visible_ = rng.normal(size=n_features)
    return rbm


@pytest.fixture(scope="module")
def data():
    return digits()


@pytest.fixture
def two_prototypes():
    """400 rows of 6 pixels: one of two complementary rows, each pixel flipped at rate 0.1."""
    rng = np.random.RandomState(0)
    prototypes = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
    flips = rng.random_sample((400, 6)) < 0.1
    return prototypes[rng.binomial(1, 0.3, size=400)] ^ flips


@pytest.fixture(scope="module")
def trained_rbm(data):
    return BernoulliRBM(10, learning_rate=0.05, n_iter=30, random_state=0).fit(data.X_train)


def test_independent_agrees_with_scipy():
    X = np.random.RandomState(0).binomial(1, [0.1, 0.5, 0.9], size=(50, 3))
    model = IndependentBernoulli(smoothing=0.5).fit(X)
    means = (X.sum(axis=0) + 0.5) / 51
    expected = bernoulli.logpmf(all_rows(3), means).sum(axis=1)
    assert_allclose(model.score_samples(all_rows(3)), expected, rtol=1e-12)
    assert_allclose(model.score(all_rows(3)), expected.mean(), rtol=1e-12)


@pytest.mark.parametrize("n_components", [1, 5])
def test_mixture_sums_to_one(two_prototypes, n_components):
    model = BernoulliMixture(n_components, random_state=0).fit(two_prototypes)
    assert_allclose(np.exp(model.score_samples(all_rows(6))).sum(), 1.0, rtol=1e-12)
    assert_allclose(model.weights_.sum(), 1.0, rtol=1e-12)


def test_mixture_agrees_with_direct_sum(two_prototypes):
    model = BernoulliMixture(3, random_state=0).fit(two_prototypes)
    rows = all_rows(6)[:, np.newaxis, :]
    components = bernoulli.pmf(rows, model.means_).prod(axis=2)
    assert_allclose(np.exp(model.score_samples(all_rows(6))), components @ model.weights_)


def test_mixture_recovers_two_prototypes(two_prototypes):
    model = BernoulliMixture(2, smoothing=0.1, n_init=5, random_state=0).fit(two_prototypes)
    order = np.argsort(model.means_[:, 0])
    expected = [[0.1, 0.1, 0.1, 0.9, 0.9, 0.9], [0.9, 0.9, 0.9, 0.1, 0.1, 0.1]]
    assert_allclose(model.means_[order], expected, atol=0.06)
    assert_allclose(model.weights_[order], [0.3, 0.7], atol=0.06)


def test_mixture_separates_components_that_start_from_equal_rows():
    X = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], [99, 1], axis=0)
    model = BernoulliMixture(50, max_iter=1, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(X)
    assert len(np.unique(model.means_, axis=0)) == 50


@pytest.mark.parametrize("smoothing", [0.01, 1.0, 10.0])
def test_mixture_objective_never_decreases(data, smoothing):
    model = BernoulliMixture(20, smoothing=smoothing, tol=1e-6, random_state=0).fit(data.X_train)
    path = model.objective_path_
    assert len(path) == model.n_iter_ > 5
    assert np.diff(path).min() > -1e-9 * abs(path[-1])


def test_mixture_ends_at_a_mode_of_the_stated_prior(data):
    """The objective, written out from the priors, falls in every direction tried."""
    X, smoothing = data.X_train, 2.0
    model = BernoulliMixture(4, smoothing=smoothing, tol=1e-12, max_iter=2000, random_state=0)
    model.fit(X)
    base_rates = (X.sum(axis=0) + 1) / (len(X) + 2)

    def objective(logits, log_weights):
        means = 1 / (1 + np.exp(-logits))
        log_weights = log_weights - logsumexp(log_weights)
        log_joint = X @ np.log(means).T + (1 - X) @ np.log(1 - means).T + log_weights
        log_beta = base_rates * np.log(means) + (1 - base_rates) * np.log(1 - means)
        log_prior = smoothing * (log_beta.sum() + log_weights.sum())
        return logsumexp(log_joint, axis=1).sum() + log_prior

    logits = np.log(model.means_ / (1 - model.means_))
    best = objective(logits, np.log(model.weights_))
    assert_allclose(best, model.objective_path_[-1], rtol=1e-10)
    rng = np.random.RandomState(0)
    for _ in range(20):
        step, weight_step = 0.01 * rng.normal(size=logits.shape), 0.01 * rng.normal(size=4)
        assert objective(logits + step, np.log(model.weights_) + weight_step) < best


def test_mixture_keeps_the_best_start(data):
    random_state = np.random.RandomState(0)
    single = [
        BernoulliMixture(10, random_state=random_state).fit(data.X_train).objective_path_[-1]
        for _ in range(4)
    ]
    model = BernoulliMixture(10, n_init=4, random_state=0).fit(data.X_train)
    assert len(set(single)) > 1
    assert model.objective_path_[-1] == max(single)


def test_mixture_warns_without_convergence(data):
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        model = BernoulliMixture(5, max_iter=2, random_state=0).fit(data.X_train)
    assert not model.converged_
    assert model.n_iter_ == 2


@pytest.mark.parametrize("model", [IndependentBernoulli(), BernoulliMixture(2)])
def test_rejects_entries_other_than_zero_and_one(model):
    with pytest.raises(ValueError, match="0 or 1"):
        model.fit([[0.0, 0.5], [1.0, 1.0]])


@pytest.mark.parametrize("model", [IndependentBernoulli(0.0), BernoulliMixture(2, smoothing=0.0)])
def test_rejects_zero_smoothing(model):
    with pytest.raises(ValueError, match="smoothing"):
        model.fit([[0, 1], [1, 1]])


def test_rbm_exact_partition_against_joint_enumeration():
    rbm = random_rbm(n_components=4, n_features=5, seed=0)
    energies = [
        -(v @ rbm.intercept_visible_ + h @ rbm.intercept_hidden_ + h @ rbm.components_ @ v)
        for v in all_rows(5)
        for h in all_rows(4)
    ]
    assert_allclose(rbm_log_partition_exact(rbm), logsumexp(-np.array(energies)), rtol=1e-12)


def test_rbm_exact_partition_over_several_blocks():
    """14 hidden units need four blocks; the 3 visible units allow the other sum."""
    rbm = random_rbm(n_components=14, n_features=3, seed=1)
    unnormalised = rbm_log_likelihood(rbm, all_rows(3), 0.0)
    assert_allclose(rbm_log_partition_exact(rbm), logsumexp(unnormalised), rtol=1e-12)


def test_rbm_exact_partition_refuses_many_hidden_units():
    with pytest.raises(ValueError, match="20 hidden units, got 21"):
        rbm_log_partition_exact(random_rbm(n_components=21, n_features=2, seed=0))


def test_rbm_log_likelihood_sums_hidden_states():
    rbm = random_rbm(n_components=4, n_features=6, seed=2)
    X, hidden = all_rows(6), all_rows(4)
    log_joint = (
        (X @ rbm.intercept_visible_)[:, np.newaxis]
        + hidden @ rbm.intercept_hidden_
        + X @ rbm.components_.T @ hidden.T
    )
    expected = logsumexp(log_joint, axis=1) - logsumexp(log_joint)
    log_likelihood = rbm_log_likelihood(rbm, X, rbm_log_partition_exact(rbm))
    assert_allclose(log_likelihood, expected, rtol=1e-10)


def test_annealed_partition_agrees_with_exact(data, trained_rbm):
    base_rates = IndependentBernoulli().fit(data.X_train).means_
    exact = rbm_log_partition_exact(trained_rbm)
    estimate, standard_error = rbm_log_partition_annealed(
        trained_rbm, base_rates=base_rates, n_temperatures=500, random_state=0
    )
    assert 0 < standard_error < 0.1
    assert abs(estimate - exact) < 3 * standard_error + 0.01


def test_annealed_standard_error_matches_spread_of_repeats():
    rbm = random_rbm(n_components=3, n_features=4, seed=3)
    runs = np.array(
        [
            rbm_log_partition_annealed(
                rbm, base_rates=np.full(4, 0.5), n_chains=200, n_temperatures=5, random_state=seed
            )
            for seed in range(200)
        ]
    )
    estimates, standard_errors = runs.T
    assert_allclose(standard_errors.mean(), estimates.std(ddof=1), rtol=0.2)
    assert_allclose(np.exp(estimates).mean(), np.exp(rbm_log_partition_exact(rbm)), rtol=0.02)


def test_paired_difference_of_known_rows():
    a, b = np.array([-1.0, -2.0, -3.0, -4.0]), np.array([-2.0, -4.0, -4.0, -6.0])
    mean, standard_error = paired_difference(a, b)
    assert mean == 1.5
    assert_allclose(standard_error, np.sqrt(1 / 3) / 2)


def test_digits_split(data):
    sizes = {"train": 1197, "valid": 300, "test": 300}
    for name, size in sizes.items():
        X, y = data[f"X_{name}"], data[f"y_{name}"]
        assert X.shape == (size, 64)
        assert X.dtype == np.uint8
        assert_array_equal(np.unique(X), [0, 1])
        assert_allclose(np.bincount(y) / size, 0.1, atol=0.01)
    assert_array_equal(digits().X_test, data.X_test)
