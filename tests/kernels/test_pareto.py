"""The shape of the tail of importance weights."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz._kernels.pareto import pareto_shapes
from tests import naive


def shapes(log_weights):
    log_weights = np.atleast_2d(np.asarray(log_weights, np.float64))
    out = np.full(len(log_weights), 99.0)
    pareto_shapes(log_weights, out)
    return out


def generalised_pareto(shape, n_rows, n_samples, seed=0):
    return np.log(stats.genpareto.rvs(shape, size=(n_rows, n_samples), random_state=seed))


@pytest.mark.parametrize("n_samples", [21, 25, 26, 30, 99, 200, 225, 226, 1000])
@pytest.mark.parametrize("spread", [0.1, 1.0, 8.0])
def test_shapes_are_the_naive_ones(n_samples, spread):
    log_weights = spread * np.random.default_rng(0).standard_normal((6, n_samples)) - 700
    expected = [naive.pareto_shape(row) for row in log_weights]
    assert_allclose(shapes(log_weights), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", [-0.5, 0.0, 0.3, 0.7, 1.2])
def test_known_shapes_are_recovered(shape):
    estimates = shapes(generalised_pareto(shape, 40, 10_000))
    n = 300  # in the tail
    assert estimates.mean() == pytest.approx((n * shape + 5) / (n + 10), abs=0.06)
    assert 0.3 < estimates.std() / ((1 + max(shape, 0)) / np.sqrt(n)) < 2


@pytest.mark.parametrize("shape", [0.1, 0.5, 0.9])
def test_shapes_agree_with_maximum_likelihood(shape):
    log_weights = generalised_pareto(shape, 5, 10_000, seed=1)
    for row, estimate in zip(log_weights, shapes(log_weights), strict=True):
        ordered = np.sort(np.exp(row))
        fitted, _, _ = stats.genpareto.fit(ordered[-300:] - ordered[-301], floc=0)
        assert (310 * estimate - 5) / 300 == pytest.approx(fitted, abs=0.03)


def test_the_tail_of_a_lognormal_gets_heavier_with_its_spread():
    draws = np.random.default_rng(0).standard_normal((30, 1000))
    means = [shapes(spread * draws).mean() for spread in (0.3, 1, 2, 4)]
    assert (np.diff(means) > 0).all()
    assert means[0] < 0.3
    assert means[-1] > 0.9


def test_shapes_do_not_depend_on_order_or_on_the_unit_of_weights():
    log_weights = generalised_pareto(0.6, 4, 500)
    order = np.random.default_rng(0).permutation(500)
    assert_array_equal(shapes(np.ascontiguousarray(log_weights[:, order])), shapes(log_weights))
    assert_allclose(shapes(log_weights - 1e4), shapes(log_weights), rtol=1e-6)
    kept = log_weights.copy()
    shapes(log_weights)
    assert_array_equal(log_weights, kept)


def test_a_state_counts_once_however_often_it_was_drawn():
    log_weights = generalised_pareto(0.5, 1, 60)[0]
    counts = np.random.default_rng(0).integers(1, 9, 60)
    repeated = np.repeat(log_weights, counts)
    assert_array_equal(shapes(repeated), shapes(log_weights))


@pytest.mark.parametrize(("n_states", "has_tail"), [(1, False), (20, False), (21, True)])
def test_too_few_states_have_no_tail(n_states, has_tail):
    log_weights = np.random.default_rng(0).standard_normal(n_states)
    for copies in (1, 10):
        assert np.isfinite(shapes(np.repeat(log_weights, copies))) == has_tail


def test_a_tail_without_length_is_as_short_as_can_be():
    log_weights = 1e-20 * np.arange(100.0)  # different states, whose weights are the same
    assert shapes(log_weights)[0] == -np.inf == naive.pareto_shape(log_weights)


@pytest.mark.parametrize("spread", [300, 1000, 1e5])
def test_weights_that_leave_nothing_of_the_others_have_the_heaviest_tail(spread):
    log_weights = spread * np.random.default_rng(0).standard_normal((5, 100))
    assert (shapes(log_weights) == np.inf).any() or (shapes(log_weights) > 10).all()
    assert_allclose(shapes(log_weights), [naive.pareto_shape(row) for row in log_weights])
    assert_array_equal(shapes(1e5 * log_weights), np.inf)


def test_nan_and_impossible_weights_have_no_tail():
    log_weights = generalised_pareto(0.5, 3, 100)
    log_weights[0, 50], log_weights[1], log_weights[2, :10] = np.nan, -np.inf, -np.inf
    result = shapes(log_weights)
    assert np.isnan(result[:2]).all()
    assert np.isfinite(result[2])
