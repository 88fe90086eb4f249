"""Measures of fit, by hand and by other ways, and numbers that are read off loadings."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from sklearn_helmholtz.factors import adequacy
from sklearn_helmholtz.factors import fit_measures as measures
from sklearn_helmholtz.factors.pattern_tables import complexities, towards, variances_explained
from tests import harman74


def test_measures_are_their_formulas():
    T, df, T_0, df_0, n = 30.0, 10, 200.0, 15, 101
    assert measures.p_value(T, df) == pytest.approx(1 - stats.chi2.cdf(30, 10))
    assert measures.rmsea(T, df, n) == pytest.approx(np.sqrt(20 / 1010))
    assert measures.comparative_fit(T, df, T_0, df_0) == pytest.approx(1 - 20 / 185)
    assert measures.tucker_lewis(T, df, T_0, df_0) == pytest.approx((200 / 15 - 3) / (200 / 15 - 1))
    assert measures.bartlett_factor(n, 6, 2) == pytest.approx((100 - 17 / 6 - 4 / 3) / 101)
    assert measures.p_close(T, df, n) == pytest.approx(
        1 - stats.ncx2.cdf(30, 10, 0.05**2 * 10 * 101)
    )


def test_ends_of_the_interval_have_their_probabilities():
    low, high = measures.rmsea_interval(30.0, 10, 101)
    for end, probability in ((low, 0.95), (high, 0.05)):
        assert stats.ncx2.cdf(30, 10, end**2 * 1010) == pytest.approx(probability, abs=1e-8)
    low, high = measures.rmsea_interval(8.0, 10, 101)
    assert low == 0 < high
    assert measures.rmsea_interval(1.0, 10, 101) == (0, 0)


def test_what_has_no_meaning_is_none_and_good_fit_is_one():
    assert measures.p_value(3.0, 0) is None
    assert measures.rmsea(3.0, 0, 50) is None
    assert measures.rmsea_interval(3.0, 0, 50) is None
    assert measures.p_close(3.0, 0, 50) is None
    assert measures.tucker_lewis(3.0, 0, 100.0, 6) is None
    assert measures.tucker_lewis(3.0, 2, 5.0, 6) is None
    assert measures.bartlett_factor(4, 9, 2) is None
    assert measures.rmsea(3.0, 5, 50) == 0
    assert measures.comparative_fit(3.0, 5, 100.0, 6) == 1
    assert measures.comparative_fit(3.0, 5, 4.0, 6) == 1
    assert measures.comparative_fit(30.0, 5, 10.0, 6) == 0


def test_residuals_are_in_units_of_the_deviations_of_the_data():
    S, C = np.array([[4.0, 1.0], [1.0, 9.0]]), np.array([[4.4, 0.4], [0.4, 9.0]])
    residuals = measures.residual_correlations(S, C)
    assert_allclose(residuals, [[-0.1, 0.1], [0.1, 0]], atol=1e-15)
    assert measures.standardized_residual(residuals) == pytest.approx(np.sqrt(0.02 / 3))
    assert measures.off_diagonal_residual(residuals) == pytest.approx(0.1)
    assert measures.off_diagonal_residual(np.zeros((1, 1))) == 0


def test_partial_and_multiple_correlations_are_those_of_regressions():
    R = harman74.correlations()[:6, :6]
    overall, per_feature = adequacy.sampling_adequacy(R)
    others = np.array([[k for k in range(6) if k not in (i, j)] for i in range(6) for j in range(6)
                       if i < j])  # fmt: skip
    partial = np.zeros((6, 6))
    for (i, j), rest in zip(np.argwhere(np.triu(np.ones((6, 6)), 1)), others, strict=True):
        pair = [i, j]
        left = R[np.ix_(pair, pair)] - R[np.ix_(pair, rest)] @ np.linalg.solve(
            R[np.ix_(rest, rest)], R[np.ix_(rest, pair)]
        )
        partial[i, j] = partial[j, i] = left[0, 1] / np.sqrt(left[0, 0] * left[1, 1])
    given = (R - np.eye(6)) ** 2
    assert overall == pytest.approx(given.sum() / (given + partial**2).sum())
    assert_allclose(per_feature, given.sum(axis=0) / (given + partial**2).sum(axis=0))
    rest = np.arange(1, 6)
    explained = R[0, rest] @ np.linalg.solve(R[np.ix_(rest, rest)], R[rest, 0])
    assert adequacy.multiple_correlations(R)[0] == pytest.approx(explained)


def test_random_correlations_are_those_of_independent_rows():
    rng, n = np.random.default_rng(0), 3000
    drawn = [
        adequacy.component_eigenvalues(adequacy.random_correlations(7, 4, rng)) for _ in range(n)
    ]
    naive = [np.linalg.eigvalsh(np.corrcoef(rng.normal(size=(4, 7))))[::-1] for _ in range(n)]
    assert_allclose(np.mean(drawn, axis=0), np.mean(naive, axis=0), atol=0.03)
    assert_allclose(np.std(drawn, axis=0), np.std(naive, axis=0), atol=0.02)


def test_the_first_value_below_its_threshold_ends_the_count():
    assert adequacy.n_above(np.array([3, 1, 2.0]), np.array([2, 1, 1.0])) == 1
    assert adequacy.n_above(np.array([3, 2.0]), np.array([2, 1.0])) == 2
    assert adequacy.n_above(np.array([1.0]), np.array([2.0])) == 0


def test_variances_explained_are_shares_of_the_communalities():
    L = np.array([[0.8, 0.1], [0.2, 0.6], [0.5, 0.5]])
    phi = np.array([[1, 0.3], [0.3, 1]])
    found = variances_explained(L, phi)
    assert_allclose(found, np.diag(phi @ L.T @ L))
    assert found.sum() == pytest.approx(np.trace(L @ phi @ L.T))
    assert_allclose(variances_explained(L, np.eye(2)), (L**2).sum(axis=0))


def test_complexities_count_the_factors_of_features():
    L = np.array([[0.8, 0, 0], [0.5, -0.5, 0.5], [0.6, 0.3, 0], [0, 0, 0], [1e-200, 0, 0]])
    expected = [1, 3, 0.45**2 / (0.6**4 + 0.3**4), 0, 1]
    assert_allclose(complexities(L), expected)


def test_the_nearest_rotation_to_a_target_undoes_any():
    rng = np.random.default_rng(0)
    A, turn = rng.normal(size=(7, 3)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    found = towards(A @ turn, A)
    assert_allclose(found.loadings, A, atol=1e-12)
    target = A + 0.3 * rng.normal(size=A.shape)
    found = towards(A @ turn, target)
    best = ((found.loadings - target) ** 2).sum()
    for _ in range(50):
        other = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        assert ((A @ other - target) ** 2).sum() >= best
