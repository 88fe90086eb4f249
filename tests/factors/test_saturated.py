"""The normal distribution without a model, from rows with gaps and without."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import optimize, stats

from sklearn_helmholtz.factors import SecondMoments, observed_columns, saturated
from sklearn_helmholtz.factors.saturated import Saturated, SingularCovarianceError
from tests.factor_models import make_machine, make_rows

UNIT = np.array([1, 10, 0.1])


def gappy_rows(n_rows=40, missing=0.25, seed=0):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n_rows, 3)) @ rng.normal(size=(3, 3))) * UNIT + 5 * UNIT
    x[rng.random(x.shape) < missing] = np.nan
    return x, rng.uniform(0.5, 2, n_rows)


def log_likelihood(x, weights, mean, covariance):
    """The sum over rows of the log-density of what they hold, by scipy, pattern by pattern."""
    total = 0.0
    for seen in np.unique(~np.isnan(x), axis=0):
        if seen.any():
            rows = (np.isnan(x) == ~seen).all(axis=1)
            normal = stats.multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)])
            total += weights[rows] @ np.atleast_1d(normal.logpdf(x[rows][:, seen]))
    return total


def highest(x, weights):
    """The highest log-likelihood of all means and covariances, by quasi-Newton steps of scipy."""

    def cost(vector):
        root = np.zeros((3, 3))
        root[np.tril_indices(3)] = vector[3:]
        root[np.diag_indices(3)] = np.exp(np.diag(root))
        covariance = root @ root.T * np.outer(UNIT, UNIT)
        return -log_likelihood(x, weights, (5 + vector[:3]) * UNIT, covariance)

    return -optimize.minimize(cost, np.zeros(9), method="BFGS", options={"gtol": 1e-4}).fun


@pytest.mark.parametrize("fewest", [2, 10**6])
def test_gaps_lead_to_the_maximum_that_scipy_finds(fewest, monkeypatch):
    """Of rows of frequent and of rare patterns, which are summed in other ways."""
    monkeypatch.setattr(
        saturated, "PatternedRows", type("Patterned", (), {"of": _with_fewest(fewest)})
    )
    x, w = gappy_rows()
    found = Saturated.of_incomplete(x, w, observed_columns(x, w))
    assert found.log_likelihood == pytest.approx(highest(x, w), abs=1e-5)
    value = log_likelihood(x, w, found.mean, found.covariance)
    assert found.log_likelihood == pytest.approx(value, abs=1e-5)
    assert found.weight == pytest.approx(w[~np.isnan(x).all(axis=1)].sum())


def _with_fewest(fewest):
    patterned = saturated.PatternedRows

    def of(data, weights, standardise, n_features):
        if fewest > len(data):  # no pattern is frequent
            p = n_features
            empty = np.empty((0, p), bool), np.empty(0), np.zeros((0, p)), np.zeros((0, p, p))
            return patterned(standardise(data), weights, *empty)
        return patterned.of(data, weights, standardise, n_features)

    return staticmethod(of)


def test_weights_are_repetitions_and_independent_features_have_closed_forms():
    x, _ = gappy_rows()
    w = np.random.default_rng(1).integers(1, 4, len(x)).astype(float)
    repeated = np.repeat(x, w.astype(int), axis=0)
    ones = np.ones(len(repeated))
    one = Saturated.of_incomplete(x, w, observed_columns(x, w))
    other = Saturated.of_incomplete(repeated, ones, observed_columns(repeated, ones))
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-5)
    assert_allclose(one.covariance, other.covariance, rtol=1e-4)
    expected = sum(
        stats.norm(column.mean(), column.std()).logpdf(column).sum()
        for column in (values[~np.isnan(values)] for values in repeated.T)
    )
    assert one.independent == pytest.approx(expected, rel=1e-10)


def test_complete_rows_have_the_closed_form_of_their_moments():
    x = make_rows(make_machine(2, 5), 60)
    moments = Saturated.of_moments(SecondMoments.about(x).plus(x))
    mean, covariance = x.mean(axis=0), np.cov(x.T, bias=True)
    expected = stats.multivariate_normal(mean, covariance).logpdf(x).sum()
    assert moments.log_likelihood == pytest.approx(expected, rel=1e-10)
    ones = np.ones(60)
    by_steps = Saturated.of_incomplete(x, ones, observed_columns(x, ones))
    assert by_steps.log_likelihood == pytest.approx(expected, rel=1e-10)
    assert_allclose(by_steps.covariance, covariance, rtol=1e-9)
    assert_allclose(by_steps.mean, mean, rtol=1e-9)
    assert moments.weight == by_steps.weight == 60


def test_a_step_replaces_what_is_missing_by_what_is_expected():
    """Means and covariances of rows filled in, and the covariances of what is missing (EM)."""
    x, w = gappy_rows()
    rng = np.random.default_rng(2)
    mean, root = 5 * UNIT + rng.normal(size=3) * UNIT, rng.normal(size=(3, 3)) * UNIT
    C = root.T @ root
    filled, left = [], np.zeros((3, 3))
    for row, weight in zip(x, w, strict=True):
        seen = ~np.isnan(row)
        gain = C[:, seen] @ np.linalg.inv(C[np.ix_(seen, seen)])
        filled.append(mean + gain @ (row[seen] - mean[seen]))
        left += weight * (C - gain @ C[seen])
    expected = np.average(filled, axis=0, weights=w)
    squares = np.cov(np.transpose(filled), aweights=w, bias=True) + left / w.sum()
    rows = saturated.PatternedRows.of(x, w, lambda rows: rows, 3)
    assert len(rows.seen) > 1 < len(rows.rows)
    value, (found, covariance) = saturated._step(rows, mean, C)
    assert value == pytest.approx(log_likelihood(x, w, mean, C))
    assert_allclose(found, expected, rtol=1e-10)
    assert_allclose(covariance, squares, rtol=1e-9)


def test_extrapolations_that_lead_down_are_not_taken(monkeypatch):
    points = [(np.full(1, v), np.eye(1)) for v in (0.0, 1.0, 1.5)]
    monkeypatch.setattr(saturated, "_step", lambda rows, mean, C: (-mean[0], (mean + 9, C)))
    for middle, expected in ((-1.0, 1.5), (-2.5, 11.0)):
        mean, _ = saturated._further(None, *points, middle)
        assert mean[0] == pytest.approx(expected)
    assert saturated._further(None, points[0], points[0], points[0], 0.0) is points[0]


def test_steps_raise_the_likelihood_and_extrapolation_saves_most_of_them(monkeypatch):
    x = make_rows(make_machine(2, 6, 3), 300, missing=0.4)
    w = np.ones(300)
    columns = observed_columns(x, w)
    values, step = [], saturated._step

    def record(rows, *at):
        found = step(rows, *at)
        values.append(found[0])
        return found

    monkeypatch.setattr(saturated, "_step", record)
    fast = Saturated.of_incomplete(x, w, columns)
    n_fast, values[:] = len(values), []
    monkeypatch.setattr(saturated, "_further", lambda rows, at, once, twice, middle: twice)
    slow = Saturated.of_incomplete(x, w, columns)
    assert (np.diff(values) > -1e-9).all()
    assert fast.log_likelihood == pytest.approx(slow.log_likelihood, abs=1e-4)
    assert fast.log_likelihood >= slow.log_likelihood - 1e-9
    assert n_fast < 0.5 * len(values)


@pytest.mark.parametrize("gap", [False, True])
def test_covariances_without_full_rank_have_no_likelihood(gap, monkeypatch):
    monkeypatch.setattr(saturated, "_MOST_STEPS", 50)
    x = make_rows(make_machine(2, 4), 50)
    x = np.column_stack([x, x.sum(axis=1)])
    if gap:
        x[0, 0] = np.nan
    w = np.ones(50)
    singular = pytest.raises((SingularCovarianceError, np.linalg.LinAlgError))
    if gap:
        columns = observed_columns(x, w)
        with singular:
            Saturated.of_incomplete(x, w, columns)
    else:
        moments = SecondMoments.about(x).plus(x)
        with singular:
            Saturated.of_moments(moments)
