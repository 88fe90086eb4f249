"""Adequacy of tables for factor analysis, sphericity, and parallel analysis."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose
from scipy import stats

from sklearn_helmholtz import (
    FactorAnalysis,
    bartlett_sphericity,
    kaiser_meyer_olkin,
    parallel_analysis,
)
from sklearn_helmholtz.estimators.dimensions import _normal, _permuted
from tests import harman74
from tests.factor_models import make_machine, make_rows, rows_with_moments
from tests.published_factors import THURSTONE

TESTS = [kaiser_meyer_olkin, bartlett_sphericity, partial(parallel_analysis, random_state=0)]


# Data in several forms


@pytest.mark.parametrize("test", TESTS)
def test_rows_and_their_covariance_give_the_same(test):
    X = rows_with_moments(THURSTONE, 213)
    X = X * np.arange(1, 10) + 5
    given = {} if test is kaiser_meyer_olkin else {"n_samples": 213}
    expected = test(covariance=THURSTONE, **given)
    forms = [X, X.tolist(), scipy.sparse.csr_array(X), pd.DataFrame(X).rename(columns=str)]
    for found in (test(form) for form in forms):
        for name, value in expected.items():
            assert_allclose(found[name], value, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("test", TESTS[:2])
@pytest.mark.parametrize("missing", [0, 0.1])
def test_weights_are_repetitions(test, missing):
    X = make_rows(make_machine(2, 5, 1), 80, missing=missing)
    w = np.random.default_rng(0).integers(0, 4, 80)
    found, expected = test(X, sample_weight=w), test(np.repeat(X, w, axis=0))
    for name, value in expected.items():
        assert_allclose(found[name], value, rtol=1e-3, atol=1e-9)


def test_gaps_leave_what_they_would_with_a_likelihood_of_what_is_observed():
    X = make_rows(make_machine(2, 5, 1), 400)
    whole = [test(X) for test in TESTS]
    X[np.random.default_rng(0).random(X.shape) < 0.02] = np.nan
    gappy = [test(X) for test in TESTS]
    assert gappy[0].overall == pytest.approx(whole[0].overall, abs=0.01)
    assert gappy[1].chi_square == pytest.approx(whole[1].chi_square, rel=0.05)
    assert gappy[2].n_factors == whole[2].n_factors
    fit = FactorAnalysis(1).fit(X).fit_statistics(X)
    factor = 1 - (2 * 5 + 11) / (6 * 400)
    assert gappy[1].chi_square == pytest.approx(factor * fit.baseline_chi_square)


def test_sphericity_is_the_formula_and_has_its_distribution():
    rng, values = np.random.default_rng(0), []
    for _ in range(200):
        X = rng.normal(size=(40, 4))
        values.append(bartlett_sphericity(X).chi_square)
    assert values[-1] == pytest.approx(-(39 - 13 / 6) * np.linalg.slogdet(np.corrcoef(X.T))[1])
    assert stats.kstest(values, stats.chi2(6).cdf).pvalue > 0.01


def test_features_without_correlations_have_no_adequacy():
    R = np.eye(4)
    R[:3, :3] += 0.4 * (1 - np.eye(3))
    found = kaiser_meyer_olkin(covariance=R)
    assert np.isnan(found.per_feature[3])
    assert found.overall == kaiser_meyer_olkin(covariance=R[:3, :3]).overall


# Parallel analysis


def test_random_tables_have_no_dimensions_and_models_have_theirs():
    rng = np.random.default_rng(0)
    found = parallel_analysis(rng.normal(size=(200, 6)), random_state=0)
    assert (found.n_components, found.n_factors) == (0, 0)
    for k in (1, 3):
        loads = np.kron(np.eye(k), np.ones(4)) * 0.8
        truth = FactorAnalysis.from_parameters(loads, 0.36)
        X = truth.sample(400, random_state=k)
        for reference in ("normal", "permuted"):
            found = parallel_analysis(X, reference=reference, random_state=0)
            assert (found.n_components, found.n_factors) == (k, k)
    assert_allclose(found.component_eigenvalues, np.linalg.eigvalsh(np.corrcoef(X.T))[::-1])


def test_thresholds_are_quantiles_of_naive_random_tables():
    n, p, rng = 60, 5, np.random.default_rng(0)
    R = np.eye(p) + 0.1 * (1 - np.eye(p))
    found = parallel_analysis(
        covariance=R, n_samples=n, n_iterations=3000, quantile=0.9, random_state=0
    )
    components, factors = [], []
    for _ in range(3000):
        S = np.corrcoef(rng.normal(size=(p, n)))
        components.append(np.linalg.eigvalsh(S)[::-1])
        np.fill_diagonal(S, 1 - 1 / np.diag(np.linalg.inv(S)))
        factors.append(np.linalg.eigvalsh(S)[::-1])
    assert_allclose(found.component_thresholds, np.quantile(components, 0.9, axis=0), atol=0.02)
    assert_allclose(found.factor_thresholds, np.quantile(factors, 0.9, axis=0), atol=0.02)


def test_harmans_tests_have_four_factors():
    found = parallel_analysis(
        covariance=harman74.correlations(), n_samples=harman74.N_PUPILS, random_state=0
    )
    assert (found.n_components, found.n_factors) == (3, 4)


def test_columns_are_permuted_each_by_itself_with_their_gaps():
    X = make_rows(make_machine(1, 3), 50, missing=0.2)
    moved = _permuted(X, np.random.RandomState(0))
    assert_allclose(np.sort(moved, axis=0), np.sort(X, axis=0))
    assert not np.array_equal(np.isnan(moved[:, 0]), np.isnan(X[:, 0]))
    drawn = _normal(X, np.random.RandomState(0))
    assert np.array_equal(np.isnan(drawn), np.isnan(X))
    for reference in ("normal", "permuted"):
        one, other = (
            parallel_analysis(X, reference=reference, n_iterations=5, random_state=3)
            for _ in range(2)
        )
        assert_allclose(one.factor_thresholds, other.factor_thresholds)


# What cannot be


@pytest.mark.parametrize("test", TESTS)
def test_what_makes_no_correlations_is_refused(test):
    X = make_rows(make_machine(1, 4), 30)
    constant = pd.DataFrame(np.where(np.arange(4) == 2, 1.0, X), columns=list("abcd"))
    copied = np.column_stack([X, X[:, 0]])
    for data, message in [
        (constant, r"features that vary, but column 2 \('c'\) is constant"),
        (X[:4], r"more rows than features, got 4 rows and 4 features\.$"),
        (np.corrcoef(X.T), r"got 4 rows and 4 features\. Give correlations as covariance=\.$"),
        (copied, "covariance of full rank"),
        (X[:, :1], "at least 2 features, got 1"),
        (np.where(X > 2, np.inf, X), "infinity"),
    ]:
        with pytest.raises(ValueError, match=message):
            test(data)
    apart = pd.DataFrame(X, columns=list("abcd"))
    apart.iloc[:15, 1], apart.iloc[15:, 3] = np.nan, np.nan
    with pytest.raises(ValueError, match=r"no row holds both column 1 \('b'\) and column 3"):
        test(apart)
    with pytest.raises(ValueError, match="either X or covariance"):
        test()
    with pytest.raises(ValueError, match="either X or covariance"):
        test(X, covariance=np.eye(4))
    with pytest.raises(ValueError, match="sample_weight is of the rows of X"):
        test(covariance=np.eye(4), sample_weight=np.ones(30))
    with pytest.raises(ValueError, match="covariance must be symmetric"):
        test(covariance=np.triu(np.ones((4, 4))))


def test_numbers_that_make_no_test_are_refused():
    X, R = make_rows(make_machine(1, 4), 30), np.eye(4) / 2 + 0.5
    for test in (bartlett_sphericity, parallel_analysis):
        with pytest.raises(ValueError, match="n_samples must be the number of rows"):
            test(covariance=R)
        with pytest.raises(ValueError, match="n_samples is of covariance"):
            test(X, n_samples=30)
    with pytest.raises(ValueError, match=r"needs more than 3\.167 rows, got 3"):
        bartlett_sphericity(covariance=R, n_samples=3)
    with pytest.raises(ValueError, match="more rows than features, got 4 and 4"):
        parallel_analysis(covariance=R, n_samples=4)
    with pytest.raises(ValueError, match="all of them are zero"):
        kaiser_meyer_olkin(covariance=np.eye(4))
    for settings, message in [
        ({"quantile": 1.5}, "quantile must be a number between 0 and 1, got 1.5"),
        ({"quantile": np.nan}, "quantile must be a number"),
        ({"n_iterations": 0}, "n_iterations must be an integer of at least 1, got 0"),
        ({"n_iterations": True}, "n_iterations must be an integer"),
        ({"reference": "bootstrap"}, r"reference must be one of .*, got 'bootstrap'"),
    ]:
        with pytest.raises(ValueError, match=message):
            parallel_analysis(X, **settings)
    with pytest.raises(ValueError, match="'permuted' permutes the columns of X"):
        parallel_analysis(covariance=R, n_samples=30, reference="permuted")
