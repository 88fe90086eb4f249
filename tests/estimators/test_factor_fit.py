"""Tests of fitted factor models, models of moments, and rotations of what is fitted."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from sklearn_helmholtz import FactorAnalysis
from sklearn_helmholtz.factors import rotations
from tests.factor_models import make_machine, make_rows, rows_with_moments
from tests.published_factors import HOLZINGER, N_PUPILS, fitted

STATISTICS = ("log_likelihood", "saturated_log_likelihood", "independence_log_likelihood",
              "chi_square", "bartlett_chi_square", "baseline_chi_square", "rmsea", "cfi", "tli",
              "srmr", "rmsr", "aic", "bic", "sabic", "n_samples", "n_parameters", "df")  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    return make_rows(make_machine(2, 7, 4), 150)


@pytest.fixture(scope="module")
def model(rows):
    return FactorAnalysis(2).fit(rows)


def assert_same(one, other, rtol=1e-7, atol=1e-6):
    for name in STATISTICS:
        assert_allclose(one[name], other[name], rtol=rtol, atol=atol, err_msg=name)


# Statistics of fit


def test_statistics_are_made_of_three_likelihoods(rows, model):
    found = model.fit_statistics(rows)
    mean, S = rows.mean(axis=0), np.cov(rows.T, bias=True)
    saturated = stats.multivariate_normal(mean, S).logpdf(rows).sum()
    independent = stats.norm(mean, np.sqrt(np.diag(S))).logpdf(rows).sum()
    own = stats.multivariate_normal(model.mean_, model.get_covariance()).logpdf(rows).sum()
    assert found.saturated_log_likelihood == pytest.approx(saturated)
    assert found.independence_log_likelihood == pytest.approx(independent)
    assert found.log_likelihood == pytest.approx(own)
    T, T_0 = 2 * (saturated - own), 2 * (saturated - independent)
    assert found.chi_square == pytest.approx(T, rel=1e-6)
    assert found.baseline_chi_square == pytest.approx(T_0)
    assert (found.df, found.baseline_df, found.n_parameters) == (8, 21, 27)
    assert found.p_value == pytest.approx(stats.chi2.sf(T, 8), rel=1e-5)
    assert found.rmsea == pytest.approx(np.sqrt(max(T - 8, 0) / (8 * 150)), abs=1e-6)
    assert found.aic == pytest.approx(model.aic(rows))
    assert found.bic == pytest.approx(model.bic(rows))
    assert found.sabic == pytest.approx(-2 * own + np.log(152 / 24) * 27)
    R, C = (M / np.sqrt(np.outer(np.diag(S), np.diag(S))) for M in (S, model.get_covariance()))
    off = (R - C)[np.tril_indices(7, -1)]
    assert found.rmsr == pytest.approx(np.sqrt((off**2).mean()))


def test_moments_that_a_fit_has_kept_make_the_same_statistics(rows, model):
    assert_same(model.fit_statistics(), model.fit_statistics(rows))
    pieces = FactorAnalysis(2).partial_fit(rows[:60]).partial_fit(rows[60:])
    assert_same(pieces.fit_statistics(), model.fit_statistics(), atol=1e-4)
    frame = pd.DataFrame(rows, columns=list("abcdefg"))
    assert_same(FactorAnalysis(2).fit(frame).fit_statistics(frame), model.fit_statistics())


def test_weights_count_rows(rows):
    w = np.random.default_rng(0).integers(0, 3, len(rows))
    weighted = FactorAnalysis(2).fit(rows, sample_weight=w).fit_statistics(rows, w)
    repeated = np.repeat(rows, w, axis=0)
    expected = FactorAnalysis(2).fit(repeated).fit_statistics(repeated)
    assert_same(weighted, expected, atol=1e-4)
    gappy = rows.copy()
    gappy[::5, 2] = np.nan
    weighted = FactorAnalysis(2).fit(gappy, sample_weight=w).fit_statistics(gappy, w)
    repeated = np.repeat(gappy, w, axis=0)
    expected = FactorAnalysis(2).fit(repeated).fit_statistics(repeated)
    assert_same(weighted, expected, rtol=1e-4, atol=1e-3)


def test_gaps_leave_the_likelihoods_of_what_was_observed():
    X = make_rows(make_machine(1, 4, 5), 120, missing=0.15)
    X[7] = np.nan
    model = FactorAnalysis(1).fit(X)
    found = model.fit_statistics(X)
    T = 2 * (found.saturated_log_likelihood - model.score_samples(X).sum())
    saturated = FactorAnalysis(4, noise="isotropic").fit(X)  # any covariance
    assert found.saturated_log_likelihood == pytest.approx(
        saturated.score_samples(X).sum(), abs=1e-4
    )
    columns = [column[~np.isnan(column)] for column in X.T]
    independent = sum(stats.norm(c.mean(), c.std()).logpdf(c).sum() for c in columns)
    T_0 = 2 * (found.saturated_log_likelihood - independent)
    assert found.n_samples == 119
    assert {type(found[name]) for name in ("chi_square", "log_likelihood", "bic")} == {float}
    assert model.bic(X) == pytest.approx(found.bic)
    assert model.bic(np.delete(X, 7, axis=0)) == pytest.approx(found.bic)
    assert found.df == 2
    assert found.chi_square == pytest.approx(T)
    assert found.baseline_chi_square == pytest.approx(T_0)
    assert found.rmsea == pytest.approx(np.sqrt(max(T - 2, 0) / (2 * 119)))
    assert found.cfi == pytest.approx(1 - max(T - 2, 0) / max(T - 2, T_0 - 6))
    assert found.tli == pytest.approx((T_0 / 6 - T / 2) / (T_0 / 6 - 1))
    with pytest.raises(ValueError, match="fit_statistics needs X, the rows that the model was"):
        model.fit_statistics()


def test_a_gap_changes_statistics_little(rows, model):
    X = rows.copy()
    X[0, 3] = np.nan
    found, expected = FactorAnalysis(2).fit(X).fit_statistics(X), model.fit_statistics(rows)
    assert found.chi_square == pytest.approx(expected.chi_square, abs=0.3)
    assert found.baseline_chi_square == pytest.approx(expected.baseline_chi_square, rel=0.02)
    assert found.srmr == pytest.approx(expected.srmr, abs=2e-3)


def test_chi_squares_have_their_distribution_where_the_model_is_right():
    machine = make_machine(1, 5, 2)
    found = [
        FactorAnalysis(1).fit(make_rows(machine, 300, seed)).fit_statistics() for seed in range(100)
    ]
    values = [result.bartlett_chi_square for result in found]
    assert stats.kstest(values, stats.chi2(5).cdf).pvalue > 0.01
    close = np.mean([result.rmsea_interval[0] == 0 for result in found])
    assert close > 0.85


def test_degrees_of_freedom_are_those_of_the_model(rows):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Heywood case")
        for k, expected in ((0, 27), (1, 20), (2, 14), (6, 0), (7, 0)):
            model = FactorAnalysis(k, noise="isotropic").fit(rows)
            found = model.fit_statistics()
            assert found.df == expected
            assert found.n_parameters == model.n_parameters_ == 35 - expected
            assert found.cfi is found.tli is None
        assert found.chi_square == pytest.approx(0, abs=1e-6)
        assert found.p_value is found.rmsea is found.rmsea_interval is found.p_close is None
        for k, expected in ((0, 21), (1, 14), (3, 3), (4, 0), (7, 0)):
            model = FactorAnalysis(k).fit(rows)
            assert model.fit_statistics().df == expected
    found = FactorAnalysis(0).fit(rows).fit_statistics()
    assert found.chi_square == pytest.approx(found.baseline_chi_square)
    assert found.cfi == pytest.approx(0)
    assert found.tli == pytest.approx(0)


def test_noise_at_its_floor_counts_as_a_parameter():
    X = make_rows(make_machine(1, 5, 2), 100)
    X[:, 4] = X[:, 3] + 1e-9 * np.random.default_rng(0).normal(size=100)
    with pytest.warns(UserWarning, match="Heywood case"):
        model = FactorAnalysis(1).fit(X)
    assert model.n_parameters_ == 15
    with pytest.raises(ValueError, match="needs a covariance of full rank: the least eigenvalue"):
        model.fit_statistics()
    heywood = fitted("physical", 3)
    assert heywood.heywood_.any()
    assert heywood.fit_statistics().df == 7


def test_rows_that_have_no_saturated_model_are_refused(rows, model):
    constant = rows.copy()
    constant[:, 2] = 3
    with pytest.raises(ValueError, match=r"features that vary, but column 2 is constant"):
        FactorAnalysis(2).fit(constant).fit_statistics()
    constant[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"features that vary, but column 2 is constant"):
        FactorAnalysis(2).fit(constant).fit_statistics(constant)
    few = FactorAnalysis(1, noise="isotropic").fit(rows[:6])
    with pytest.raises(ValueError, match="more rows than features, got 6 rows and 7 features"):
        few.fit_statistics(rows[:6])
    with pytest.raises(ValueError, match="sample_weight is of rows: give X too"):
        model.fit_statistics(sample_weight=np.ones(150))
    with pytest.raises(NotFittedError):
        FactorAnalysis().fit_statistics()
    with pytest.warns(UserWarning, match="X has the log-likelihood .* take the same rows"):
        model.fit_statistics(rows[:100])


# Models of moments


@pytest.mark.parametrize("settings", [{}, {"noise": "isotropic"}, {"rotation": "oblimin"}])
def test_a_covariance_makes_the_model_of_its_rows(rows, settings):
    whole = FactorAnalysis(2, **settings).fit(rows)
    S, mean = np.cov(rows.T, bias=True), rows.mean(axis=0)
    model = FactorAnalysis.from_covariance(S, 150, mean=mean, n_components=2, **settings)
    assert_allclose(model.get_covariance(), whole.get_covariance(), rtol=1e-8)
    assert_allclose(model.loadings_, whole.loadings_, atol=1e-6)
    assert_allclose(model.mean_, whole.mean_)
    assert model.loglike_[-1] == pytest.approx(whole.loglike_[-1])
    assert_same(
        {**model.fit_statistics(), "cfi": 0, "tli": 0},
        {**whole.fit_statistics(), "cfi": 0, "tli": 0}, atol=1e-5,
    )  # fmt: skip
    assert model.score(rows) == pytest.approx(whole.score(rows))
    more = model.partial_fit(rows[:50])
    expected = FactorAnalysis(2, **settings).fit(np.concatenate([rows, rows[:50]]))
    assert_allclose(more.get_covariance(), expected.get_covariance(), rtol=1e-7)


def test_a_frame_names_the_features_of_a_covariance():
    S = pd.DataFrame(HOLZINGER, [f"x{i}" for i in range(9)], [f"x{i}" for i in range(9)])
    model = FactorAnalysis.from_covariance(S, N_PUPILS, n_components=2)
    assert_array_equal(model.feature_names_in_, S.columns)
    X = pd.DataFrame(rows_with_moments(HOLZINGER, N_PUPILS), columns=S.columns)
    assert model.score(X) * N_PUPILS == pytest.approx(model.loglike_[-1])
    assert pickle.loads(pickle.dumps(model)).fit_statistics().df == 19


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"covariance": [[1.0, 0.5]]},
            r"column for each feature, got the shape \(1, 2",
        ),
        ({"covariance": [[1, 0.5], [0.4, 1]]}, "covariance must be symmetric"),
        ({"covariance": [[1, 2], [2, 1]]}, "positive semidefinite: no rows have"),
        ({"covariance": [[1, 0], [0, -1]]}, "no negative variances, got -1 for column 1"),
        ({"covariance": [[0, 1], [1, 1]]}, "positive semidefinite"),
        ({"covariance": [[1, np.nan], [np.nan, 1]]}, "covariance must be finite"),
        ({"covariance": [[1e220, 0], [0, 1]]}, "magnitude outside"),
        ({"n_samples": 1}, "n_samples must be the number of rows .*, got 1"),
        ({"n_samples": "x"}, "n_samples must be the number of rows"),
        ({"n_samples": True}, "n_samples must be the number of rows"),
        ({"n_samples": np.nan}, "n_samples must be the number of rows"),
        ({"mean": [1.0]}, r"mean must have the shape \(2,\)"),
        ({"n_components": 3}, "n_components=3 must be at most the number of features, 2"),
        ({"noise": "none"}, "'noise' parameter of FactorAnalysis"),
    ],
)
def test_covariances_that_are_none_are_refused(params, message):
    given = {"covariance": np.eye(2), "n_samples": 10, "n_components": 1}
    with pytest.raises(ValueError, match=message):
        FactorAnalysis.from_covariance(**{**given, **params})


# Rotations of a fitted model


@pytest.mark.parametrize("rotation", ["varimax", "promax", "oblimin", "geomin", None])
def test_rotating_is_fitting_with_the_rotation(rotation):
    X = load_wine().data
    before = FactorAnalysis(3, rotation="quartimax").fit(X)
    loads = before.loadings_.copy()
    turned = before.rotate(rotation)
    assert_array_equal(before.loadings_, loads)
    assert before.rotation == "quartimax"
    expected = FactorAnalysis(3, rotation=rotation).fit(X)
    assert turned.rotation == rotation
    assert_allclose(turned.loadings_, expected.loadings_, rtol=1e-4, atol=1e-4)
    assert_allclose(turned.factor_correlation_, expected.factor_correlation_, atol=1e-5)
    assert_allclose(turned.transform(X), expected.transform(X), atol=1e-4)
    assert_allclose(turned.score_samples(X), before.score_samples(X))
    assert turned.loglike_ == before.loglike_
    assert_allclose(turned.structure_, expected.structure_, atol=1e-4)
    assert_same(turned.fit_statistics(), before.fit_statistics())
    assert turned.partial_fit(X).n_features_in_ == 13


def test_a_model_comes_as_near_to_a_target_as_it_can():
    X = load_wine().data
    goal = FactorAnalysis(3, rotation="varimax").fit(X)
    target = goal.standardized_loadings_[:, ::-1] * [1, -1, 1]
    turned = FactorAnalysis(3).fit(X).rotate(target)
    assert_allclose(turned.standardized_loadings_, target, atol=1e-8)
    assert_array_equal(turned.factor_correlation_, np.eye(3))
    assert turned.rotation is None
    assert_allclose(turned.transform(X), goal.transform(X)[:, ::-1] * [1, -1, 1], atol=1e-8)


def test_targets_and_words_that_are_none_are_refused(model):
    with pytest.raises(ValueError, match=r"rotation must be one of .*, got 'varimin'"):
        model.rotate("varimin")
    with pytest.raises(ValueError, match=r"rotation must have the shape \(7, 2\), got \(2, 7\)"):
        model.rotate(np.ones((2, 7)))
    with pytest.raises(ValueError, match="rotation must be finite"):
        model.rotate(np.full((7, 2), np.nan))
    with pytest.raises(NotFittedError):
        FactorAnalysis().rotate("varimax")


def test_rotations_keep_the_noise_whatever_the_settings_are_by_now(rows):
    for noise, other in (("diagonal", "isotropic"), ("isotropic", "diagonal")):
        model = FactorAnalysis(2, noise=noise).fit(rows).set_params(noise=other)
        turned = model.rotate("varimax")
        assert_array_equal(turned.noise_variance_, model.noise_variance_)
        assert turned.n_parameters_ == model.n_parameters_


def test_rotations_that_do_not_converge_are_reported(model, monkeypatch):
    monkeypatch.setattr(rotations, "_MOST_STEPS", 1)
    with pytest.warns(ConvergenceWarning, match="rotation 'oblimin' did not converge") as record:
        model.rotate("oblimin")
    assert record[0].filename == __file__


def test_given_parameters_rotate_too():
    given = FactorAnalysis.from_parameters(
        [[1.0, 0.5, 0.2], [0.1, 0.4, 0.9]], [1.0, 2.0, 3.0], factor_correlation=[[1, 0.5], [0.5, 1]]
    )
    for rotation in (None, "varimax", "oblimin"):
        turned = given.rotate(rotation)
        assert_allclose(turned.get_covariance(), given.get_covariance())
        L, phi = turned.loadings_, turned.factor_correlation_
        assert_allclose(L @ phi @ L.T + np.diag([1, 2, 3]), given.get_covariance())
