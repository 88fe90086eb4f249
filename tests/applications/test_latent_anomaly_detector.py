"""Odd rows: an order that gaps do not spoil, against what is known of the truth."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import scipy.stats
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, LatentAnomalyDetector
from sklearn_helmholtz.applications.latent_anomaly_detector import threshold
from tests.mixed_frames import typed_frame
from tests.shells import FEW, fitted_state, real_rows

N_COLUMNS = 8


def one_factor(n, rng, loading=0.9):
    shared = rng.standard_normal((n, 1))
    return loading * shared + np.sqrt(1 - loading**2) * rng.standard_normal((n, N_COLUMNS))


def with_gaps(X, rng):
    """Values missing at random, more of some rows than of others."""
    share = rng.choice([0, 0.3, 0.7], (len(X), 1))
    return np.where(rng.random(X.shape) < share, np.nan, X)


@pytest.fixture(scope="module")
def detector():
    rng = np.random.default_rng(0)
    return LatentAnomalyDetector(FactorAnalysis(1), random_state=0).fit(one_factor(2000, rng))


@pytest.fixture(scope="module")
def rows():
    """Rows with gaps, and which are odd: the last columns contradict the first."""
    rng = np.random.default_rng(1)
    X = one_factor(1200, rng)
    odd = rng.random(len(X)) < 0.1
    X[odd, N_COLUMNS // 2 :] *= -1
    return with_gaps(X, rng), odd


def test_gaps_do_not_spoil_the_order(detector, rows):
    X, odd = rows
    raw = roc_auc_score(odd, -detector.estimator_.score_samples(X))
    ours = roc_auc_score(odd, -detector.score_samples(X))
    assert ours > raw + 0.05
    n_missing = np.isnan(X).sum(axis=1)
    groups = [~odd & (n_missing == n) for n in range(N_COLUMNS)]
    raw_means = [detector.estimator_.score_samples(X[group]).mean() for group in groups]
    assert np.ptp(raw_means) > 4
    for group in groups:  # minus an exponential variable with mean 1, whatever is missing
        scores = detector.score_samples(X[group])
        assert abs(scores.mean() + 1) < 4 / np.sqrt(group.sum())


@pytest.mark.parametrize("missing", [[], [0], [0, 1, 2, 5, 6, 7]])
def test_scores_are_those_of_the_chi_squared_distribution(detector, missing):
    X = one_factor(200, np.random.default_rng(2))
    X[:5] *= [[2], [3], [4], [5], [6]]
    X[:, missing] = np.nan
    known = np.setdiff1d(np.arange(N_COLUMNS), missing)
    covariance = detector.estimator_.get_covariance()[np.ix_(known, known)]
    centred = X[:, known] - detector.estimator_.mean_[known]
    distances = np.einsum("ij,jk,ik->i", centred, np.linalg.inv(covariance), centred)
    expected = scipy.stats.chi2(len(known)).logsf(distances)
    scores = detector.score_samples(X)
    np.testing.assert_allclose(scores[expected > -3], expected[expected > -3], atol=0.35)
    np.testing.assert_allclose(scores, expected, rtol=0.5, atol=0.35)
    assert np.array_equal(np.argsort(scores), np.argsort(-distances))


def test_rows_beyond_all_draws_keep_their_order(detector):
    X = np.ones((6, N_COLUMNS)) * 10.0 ** np.arange(1, 7)[:, None]
    X[:, N_COLUMNS // 2 :] *= -1
    X[:, 0] = np.nan
    assert (np.diff(detector.score_samples(X)) < 0).all()


def test_scores_belong_to_rows(detector, rows):
    X, _ = rows
    scores, order = detector.score_samples(X), np.random.default_rng(0).permutation(len(X))
    np.testing.assert_allclose(detector.score_samples(X[order]), scores[order], atol=1e-9)
    alone = [detector.score_samples(X[[row]])[0] for row in range(5)]
    np.testing.assert_allclose(alone, scores[:5], atol=1e-9)


def test_a_row_of_gaps_is_as_usual_as_the_median(detector):
    scores = detector.score_samples(np.full((2, N_COLUMNS), np.nan))
    np.testing.assert_allclose(scores, np.log(0.5), atol=1e-9)


def test_sparse_rows_score_like_dense_ones(detector, rows):
    X = np.where(np.abs(rows[0][:50]) < 0.3, 0, rows[0][:50])
    scores = detector.score_samples(scipy.sparse.csr_matrix(X))
    np.testing.assert_allclose(scores, detector.score_samples(X), atol=1e-9)


@pytest.mark.parametrize("contamination", [0.01, 0.1, 0.5])
def test_contamination_is_the_share_of_outliers(contamination):
    X = with_gaps(one_factor(200, np.random.default_rng(0)), np.random.default_rng(1))
    X[:, 0] = np.linspace(-2, 2, 200)  # rows without values would be equally odd
    detector = LatentAnomalyDetector(
        FactorAnalysis(1), contamination=contamination, n_draws=100, random_state=0
    )
    labels = detector.fit_predict(X)
    assert (labels == -1).sum() == contamination * 200
    assert np.array_equal(labels == 1, detector.decision_function(X) >= 0)


def test_outliers_of_themselves_are_as_odd_as_a_twentieth_of_the_draws(detector):
    X = one_factor(4000, np.random.default_rng(3))
    assert detector.offset_ == np.log(0.05)
    assert abs((detector.predict(X) == -1).mean() - 0.05) < 0.02


def test_thresholds_take_weights_for_equal_rows():
    rng = np.random.default_rng(0)
    scores, weights = rng.normal(size=40).round(1), rng.integers(0, 4, 40)
    for share in (0.01, 0.1, 0.25, 0.5):
        repeated = threshold(np.repeat(scores, weights), share)
        assert threshold(scores, share, weights.astype(float)) == repeated
        assert (np.repeat(scores, weights) < repeated).mean() <= share


def test_mixed_tables():
    frame = typed_frame(n_rows=80, gaps=0.2)
    machine = HelmholtzMachine(2, autoregressive=True, n_importance_samples=5, **FEW)
    detector = LatentAnomalyDetector(machine, n_draws=30, random_state=0).fit(frame)
    scores = detector.score_samples(frame)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(detector.score_samples(frame[::-20]), scores[::-20], atol=1e-7)


def test_a_pipeline_and_columns():
    X = real_rows()
    frame = pd.DataFrame(X, columns=list("abcd"))
    detector = LatentAnomalyDetector(FactorAnalysis(1), n_draws=50, random_state=0)
    choice = ColumnTransformer([("some", StandardScaler(), ["a", "c"])])
    piped = make_pipeline(choice, clone(detector)).fit(frame)
    scaled = StandardScaler().fit_transform(X[:, [0, 2]])
    np.testing.assert_allclose(
        piped.score_samples(frame), detector.fit(scaled).score_samples(scaled)
    )


def test_a_grid_search():
    rng = np.random.default_rng(0)
    X, y = one_factor(120, rng), np.ones(120, int)
    X[::6, 4:] *= -1
    y[::6] = -1
    detector = LatentAnomalyDetector(FactorAnalysis(1), n_draws=50, random_state=0)
    search = GridSearchCV(detector, {"estimator__n_components": [1, 8]}, scoring="roc_auc", cv=3)
    search.fit(X, y)
    assert search.best_score_ > 0.7


def test_weights_are_routed():
    X, weights = real_rows(), np.arange(60.0)
    with sklearn.config_context(enable_metadata_routing=True):
        detector = LatentAnomalyDetector(FactorAnalysis(1), random_state=0)
        piped = make_pipeline(StandardScaler(), detector.set_fit_request(sample_weight=True))
        piped[0].set_fit_request(sample_weight=False)
        piped.fit(X, sample_weight=weights)
    scaled = piped[0].transform(X)
    alone = FactorAnalysis(1).fit(scaled, sample_weight=weights)
    np.testing.assert_allclose(piped[-1].estimator_.components_, alone.components_)


def test_mixtures_of_other_libraries_draw_what_rows_are_compared_with():
    X = real_rows()
    detector = LatentAnomalyDetector(GaussianMixture(random_state=0), n_draws=2000, random_state=0)
    normal = detector.fit(X).estimator_
    deviations = X - normal.means_[0]
    squares = np.einsum("ni,ij,nj->n", deviations, normal.precisions_[0], deviations)
    exact = scipy.stats.chi2(X.shape[1]).sf(squares)
    np.testing.assert_allclose(np.exp(detector.score_samples(X)), exact, atol=0.04)


def test_clones_and_pickles(detector, rows):
    assert not hasattr(clone(detector), "estimator_")
    again = pickle.loads(pickle.dumps(detector))
    assert np.array_equal(again.score_samples(rows[0][:9]), detector.score_samples(rows[0][:9]))


def test_a_failed_fit_changes_nothing():
    detector = LatentAnomalyDetector(FactorAnalysis(1), n_draws=20, random_state=0)
    before = fitted_state(detector.fit(real_rows()))
    with pytest.raises(ValueError, match="sample_weight"):
        detector.fit(real_rows(n_features=3), sample_weight=-np.ones(60))
    assert fitted_state(detector) == before


def test_what_is_not_fitted_says_so():
    with pytest.raises(NotFittedError):
        LatentAnomalyDetector().score_samples(real_rows())
