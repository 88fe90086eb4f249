"""The benchmarks of slow features: rivals are what they are said to be, and so are differences."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from benchmarks import slow_feature_peers, slow_features
from sklearn_helmholtz import SlowFeatureAnalysis


def test_autoregressions_score_as_their_joint_distribution():
    rng = np.random.default_rng(0)
    weights, X = np.array([[0.9, 0.2], [0, 0.5]]), rng.normal(size=(20_000, 2))
    for t in range(1, len(X)):
        X[t] += X[t - 1] @ weights
    covariance = np.cov(X[100:].T)
    joint = np.block([[covariance, covariance @ weights], [weights.T @ covariance, covariance]])
    expected = multivariate_normal(np.zeros(4), joint).logpdf(X[-2:].ravel()) / 2
    found = slow_features.autoregression_score(X[:-2], X[-2:])
    assert found == pytest.approx(expected, abs=0.02)


def test_sources_are_like_features_whatever_their_order_and_signs():
    sources = np.random.default_rng(0).normal(size=(500, 2))
    features = np.column_stack([-3 * sources[:, 1], sources[:, 0] + sources[:, 1]])
    found = slow_features.correlations(features, sources)
    np.testing.assert_allclose(found, [np.corrcoef(features[:, 1], sources[:, 0])[0, 1], 1])


def test_planted_rows_are_held_out_in_order_and_gaps_are_the_rate():
    model, train, test, sources = slow_features.planted(0.5, 0)
    assert (train.shape, test.shape, sources.shape) == ((1500, 12), (1500, 12), (1500, 3))
    assert model.noise_variance_[0] == 0.25
    gaps = np.isnan(slow_features.with_gaps(train, 0))
    assert gaps.mean() == pytest.approx(slow_features.SHARE, abs=0.02)
    straight = slow_features.interpolated(np.array([[0.0], [np.nan], [2.0], [np.nan]]))
    assert straight.ravel().tolist() == [0, 1, 2, 2]


def test_differences_of_packages_are_those_of_their_divisors():
    X = slow_feature_peers.sequences()["diabetes"]
    ours = SlowFeatureAnalysis(3).fit_transform(X)
    theirs = -ours / np.sqrt(len(ours) / (len(ours) - 1))
    as_they_are, same = slow_feature_peers.differences(ours, theirs)
    assert 1e-3 < as_they_are < 1e-2
    assert same < 1e-14
    closed = slow_feature_peers.sequences()["mixed autoregressions, closed"]
    assert (closed[0] == closed[-1]).all()
