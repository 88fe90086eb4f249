"""Polychoric correlations: published ones, brute force, and what has to hold."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import optimize, stats

from sklearn_helmholtz import polychoric_correlation
from tests import lsat

# Published values


def rows_of(table):
    """Codes and weights of a contingency table."""
    table = np.asarray(table, float)
    codes = np.column_stack([index.ravel() for index in np.indices(table.shape)])
    return codes[table.ravel() > 0], table.ravel()[table.ravel() > 0]


def correlation_of(table, **params):
    """Of a contingency table."""
    codes, weights = rows_of(table)
    X = np.repeat(codes, weights.astype(int), axis=0)
    return polychoric_correlation(X, **params).correlation[0, 1]


@pytest.mark.parametrize(
    ("table", "published"),
    [
        ([[44268, 14], [193, 0]], 0.24),
        ([[61661, 85], [1610, 20]], 0.35),
        ([[62503, 768], [105, 0]], -0.10),
        ([[24875, 47], [265, 0]], 0.00),
    ],
)
def test_rare_answers_correlate_as_in_mplus(table, published):
    """Tables in the examples of R's ``psych::tetrachoric``, with what Mplus says of them."""
    assert_allclose(correlation_of(table), published, atol=0.005)


@pytest.mark.parametrize(
    ("share", "both", "published"),
    [
        (0.5, 0.333333, 0.5),
        (0.5, 0.1150267, -0.75),
        (0.5, 0.397584, 0.8),
        (0.158655254, 0.145003, 0.99),
    ],
)
def test_tables_of_kirk(share, both, published):
    """Kirk (1973), as in the examples of ``psych::tetrachoric``."""
    codes, weights = rows_of([[1 - 2 * share + both, share - both], [share - both, both]])
    found = polychoric_correlation(codes, sample_weight=weights)
    assert_allclose(found.correlation[0, 1], published, atol=5e-5)


def test_correlations_of_the_lsat_are_those_of_psych():
    """The output of ``psych::tetrachoric`` of section 6 of the LSAT, in its documentation."""
    result = polychoric_correlation(lsat.section_six())
    published = [0.17, 0.23, 0.11, 0.07, 0.19, 0.11, 0.17, 0.19, 0.11, 0.20]
    assert_allclose(result.correlation[np.triu_indices(5, 1)], published, atol=0.005)
    thresholds = [-1.43, -0.55, -0.13, -0.72, -1.13]
    assert_allclose(np.ravel(result.thresholds), thresholds, atol=0.005)


def test_halves_have_a_closed_form():
    """Cut at the medians, P(both above) is 1/4 + asin(r) / (2 pi) (Sheppard 1899)."""
    for share in 0.05, 0.2, 0.3:
        table = 1000 * np.array([[0.5 - share, share], [share, 0.5 - share]])
        assert_allclose(correlation_of(table), np.cos(2 * np.pi * share), atol=1e-12)


# Brute force


def cells(below, left, r):
    """Probabilities of a table, by the distribution of one variable given the other."""
    x, w = np.polynomial.legendre.leggauss(80)
    edges = [np.clip(limits, -9, 9) for limits in (below, left)]
    result = np.zeros((len(below) - 1, len(left) - 1))
    for i, (a, b) in enumerate(zip(edges[0], edges[0][1:], strict=False)):
        at = (a + b) / 2 + (b - a) / 2 * x
        cdf = stats.norm.cdf((edges[1] - r * at[:, None]) / np.sqrt(1 - r * r))
        result[i] = (b - a) / 2 * (w * stats.norm.pdf(at)) @ np.diff(cdf, axis=1)
    return result


TABLE = np.array([[25, 13, 4, 1], [10, 20, 14, 5], [2, 9, 15, 17]])


def limits(counts):
    return np.concatenate([[-np.inf], stats.norm.ppf(np.cumsum(counts) / counts.sum())])


def test_correlation_is_where_the_likelihood_is_highest():
    below, left = limits(TABLE.sum(axis=1)), limits(TABLE.sum(axis=0))
    found = optimize.minimize_scalar(
        lambda r: -(TABLE * np.log(cells(below, left, r))).sum(), bounds=(-0.99, 0.99),
        method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    codes, weights = rows_of(TABLE)
    result = polychoric_correlation(codes, sample_weight=weights)
    assert_allclose(result.correlation[0, 1], found.x, atol=1e-6)
    assert_allclose(result.thresholds[0], below[1:-1], atol=1e-12)
    assert_allclose(result.thresholds[1], left[1:-1], atol=1e-12)


def as_expected(missing):
    """Rows of three items with weights as the model expects them, some with a value missing."""
    codes, weights = [], []
    below, left, other = np.array([-np.inf, -0.5, 0.6, np.inf]), None, None
    left, other = np.array([-np.inf, 0.2, np.inf]), np.array([-np.inf, -1, 0.1, 1, np.inf])
    # Given the first two, the third is independent: all three pairs then hold exactly.
    pair, share = cells(below, left, 0.45), np.diff(stats.norm.cdf(other))
    for i, j, k in np.ndindex(3, 2, 4):
        codes.append([i, j, k])
        weights.append(200 * pair[i, j] * share[k])
    for i in range(3 * missing):
        codes.append([i, np.nan, np.nan])
        weights.append(70 * pair[i].sum())
    return np.array(codes, float), np.array(weights)


@pytest.mark.parametrize("missing", [False, True])
def test_errors_are_what_refits_with_other_weights_make(missing):
    X, weights = as_expected(missing)
    result = polychoric_correlation(X, sample_weight=weights, return_covariance=True)
    assert_allclose(result.correlation[0, 1:], [0.45, 0], atol=1e-8)
    changes, step = [], 1e-4
    for row in range(len(X)):
        ends = []
        for sign in (1, -1):
            moved = weights.copy()
            moved[row] *= 1 + sign * step
            R = polychoric_correlation(X, sample_weight=moved).correlation
            ends.append(R[np.triu_indices(3, 1)])
        changes.append((ends[0] - ends[1]) / (2 * step))
    expected = np.array(changes).T @ np.array(changes)
    assert_allclose(result.covariance, expected, rtol=1e-5, atol=1e-9)
    variances = result.standard_error[np.triu_indices(3, 1)] ** 2
    assert_allclose(variances, np.diag(expected), rtol=1e-5)
    assert_array_equal(result.pairs, [[0, 1], [0, 2], [1, 2]])


def normal_items(n_rows, seed=0):
    """Four items of 2, 3, 5 and 6 levels, and the correlations of the variables behind them."""
    R = 0.4 + 0.6 * np.eye(4)
    R[0, 1:] = R[1:, 0] = [-0.3, -0.5, 0.0]
    z = np.random.default_rng(seed).multivariate_normal(np.zeros(4), R, n_rows)
    cuts = [0.8], [-0.3, 1.1], [-1, -0.4, 0.2, 0.9], [-1.5, -0.5, 0, 0.6, 1.4]
    return np.column_stack([np.digitize(z[:, j], cut) for j, cut in enumerate(cuts)]), R, cuts


def test_errors_are_the_spread_of_estimates():
    samples = [polychoric_correlation(normal_items(400, seed)[0]) for seed in range(80)]
    spread = np.std([sample.correlation for sample in samples], axis=0)
    expected = np.mean([sample.standard_error for sample in samples], axis=0)
    assert_allclose(expected, spread, rtol=0.3, atol=1e-12)


def test_correlations_and_thresholds_are_found_again():
    X, R, cuts = normal_items(20_000)
    result = polychoric_correlation(X)
    off = ~np.eye(4, dtype=bool)
    assert (np.abs(result.correlation - R)[off] < 4 * result.standard_error[off]).all()
    for found, cut in zip(result.thresholds, cuts, strict=True):
        assert_allclose(found, cut, atol=0.05)


# What has to hold


def test_names_and_directions_of_levels():
    X, _, _ = normal_items(300)
    plain = polychoric_correlation(X)
    other = X * [-3.5, 1, 2, 1] + [1, -7, 0, 100]
    turned = polychoric_correlation(other)
    signs = np.array([-1, 1, 1, 1])
    assert_allclose(turned.correlation, plain.correlation * np.outer(signs, signs), atol=1e-10)
    assert_array_equal(turned.levels[0], [-2.5, 1])
    words = pd.DataFrame({str(j): column for j, column in enumerate(X.T)})
    kind = pd.CategoricalDtype(["never", "sometimes", "always"], ordered=True)
    words["1"] = pd.Categorical.from_codes(X[:, 1], dtype=kind)
    assert_allclose(polychoric_correlation(words).correlation, plain.correlation, atol=1e-12)


def test_levels_that_nobody_chose_change_nothing():
    X, _, _ = normal_items(300)
    kind = pd.CategoricalDtype(["least", "a", "between", "b", "c", "most"], ordered=True)
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["b"] = pd.Categorical.from_codes(np.array([1, 3, 4])[X[:, 1]], dtype=kind)
    plain, wide = polychoric_correlation(X), polychoric_correlation(frame)
    assert_allclose(wide.correlation, plain.correlation, atol=1e-10)
    assert_allclose(wide.standard_error, plain.standard_error, atol=1e-10)


def test_whole_weights_are_repetitions_and_zeros_are_left_out():
    X, _, _ = normal_items(200)
    weights = np.arange(200) % 4
    plain = polychoric_correlation(np.repeat(X, weights, axis=0))
    weighted = polychoric_correlation(X, sample_weight=weights)
    assert_allclose(weighted.correlation, plain.correlation, atol=1e-10)
    scaled = polychoric_correlation(X, sample_weight=1000 * weights)
    assert_allclose(scaled.standard_error, weighted.standard_error, atol=1e-10)


def test_pairs_are_of_rows_that_have_both():
    X, _, _ = normal_items(400)
    X = X.astype(float)
    X[:100, 0] = np.nan
    result, pair = polychoric_correlation(X), polychoric_correlation(X[:, 1:])
    assert_allclose(result.correlation[1:, 1:], pair.correlation, atol=1e-12)
    assert_allclose(result.standard_error[1:, 1:], pair.standard_error, atol=1e-12)


def test_empty_cells_of_two_levels_are_filled_or_not():
    table = [[30, 10], [10, 0]]
    codes, weights = rows_of([[30.5, 9.5], [9.5, 0.5]])  # the margins of the table
    wanted = polychoric_correlation(codes, sample_weight=weights).correlation[0, 1]
    assert_allclose(correlation_of(table), wanted, atol=1e-10)
    with pytest.warns(UserWarning, match="end of their range"):
        assert correlation_of(table, correction=0) < -0.999
    codes, weights = rows_of([[10, 0, 0], [0, 10, 0], [0, 0, 10]])
    with pytest.warns(UserWarning, match="end of their range"):
        same = polychoric_correlation(codes, sample_weight=weights, smooth=False)
    assert same.correlation[0, 1] > 0.999
    assert np.isnan(same.standard_error[0, 1])


def test_what_is_no_correlation_matrix_is_smoothed():
    X = np.array([[0, 0, np.nan], [1, 1, np.nan], [0, 1, np.nan], [1, 0, np.nan]] * 10, float)
    X = np.vstack([X[:, [0, 1, 2]], X[:, [0, 2, 1]], X[:, [2, 0, 1]]])
    w = np.concatenate([np.tile([9.0, 9, 1, 1], 10)] * 2 + [np.tile([1.0, 1, 9, 9], 10)])
    with pytest.warns(UserWarning, match="smoothed"):
        result = polychoric_correlation(X, sample_weight=w)
    raw = polychoric_correlation(X, sample_weight=w, smooth=False)
    assert result.is_smoothed
    assert not raw.is_smoothed
    assert_allclose(result.lowest_eigenvalue, np.linalg.eigvalsh(raw.correlation)[0])
    assert result.lowest_eigenvalue < 0 < np.linalg.eigvalsh(result.correlation)[0]
    assert_array_equal(np.diag(result.correlation), 1)
    assert_allclose(result.standard_error, raw.standard_error)


# Refusals


@pytest.mark.parametrize(
    ("X", "params", "sentence"),
    [
        ([[0, 1]], {}, "n_samples=1"),
        ([[0, 1], [0, 2]], {}, "Column 0 of X has one level only"),
        (np.arange(80.0).reshape(40, 2), {}, "40 levels, but items have at most 30"),
        ([[0, np.nan], [1, np.nan], [np.nan, 0], [np.nan, 1]], {}, "both columns 0 and 1"),
        ([[0, 1], [1, 0]], {"correction": -1}, "correction must be"),
        ([[0, 1], [1, 0]], {"sample_weight": [1, -1]}, "sample_weight"),
        ([[0, 1], [1, np.inf]], {}, "inf"),
    ],
)
def test_what_has_no_correlations_is_refused(X, params, sentence):
    with pytest.raises(ValueError, match=sentence):
        polychoric_correlation(X, **params)


def test_one_item_has_a_matrix_too():
    result = polychoric_correlation([[0], [1], [1], [2]], return_covariance=True)
    assert_array_equal(result.correlation, [[1]])
    assert result.covariance.shape == (0, 0)
