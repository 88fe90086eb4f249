"""Kernels of Kalman's filter and smoother against slow twins."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz._kernels.kalman import kalman_filter, kalman_smoother
from tests import naive_kalman


def make_case(n_steps, k, n_patterns, starts=(0,)):
    """Arguments of the filter; patterns come in runs, so that covariances settle or not."""
    rng = np.random.default_rng(n_steps + k)
    roots = rng.normal(size=(n_patterns, k, k + 1))
    information = roots @ np.swapaxes(roots, 1, 2)
    information[-1] *= n_patterns == 1  # or nothing is observed
    numbers = np.sort(rng.integers(0, n_patterns, n_steps)).astype(np.int64)
    begins = np.zeros(n_steps, np.int64)
    begins[list(starts)] = 1
    persistence = np.linspace(0.99, -0.5, k)
    return persistence, information, numbers, begins, rng.normal(size=(n_steps, k))


def run(persistence, information, numbers, begins, evidence):
    n, k = evidence.shape
    slots, places = np.full((2, n), -1, np.int64)
    predicted, filtered, covariances, gains = np.full((4, n, k, k), np.nan)
    before, after, means = np.full((3, n, k), np.nan)
    log_probs = np.full(n, np.nan)
    given = persistence, information, numbers, begins, evidence
    kalman_filter(*given, slots, predicted, filtered, before, after, log_probs)
    kalman_smoother(
        persistence, begins, slots, predicted, filtered, before, after, places, covariances, gains,
        means,
    )  # fmt: skip
    found = {"predicted": predicted[slots], "filtered": filtered[slots], "before": before}
    found |= {"after": after, "log_probs": log_probs}
    return found, (covariances[places], gains[places], means), (slots, places)


@pytest.mark.parametrize("case", [(1, 1, 1), (7, 3, 1), (300, 2, 1), (60, 4, 3), (5, 9, 2)])
@pytest.mark.parametrize("many", [False, True])
def test_filters_and_smoothers_are_their_naive_twins(case, many):
    starts = range(0, case[0], 3) if many and case[0] < 300 else (0, 200)[: 1 + many]
    given = make_case(*case, [start for start in starts if start < case[0]])
    copies = [each.copy() for each in given]
    found, smoothed, _ = run(*given)
    expected = naive_kalman.kalman_filter(*given)
    for name, values in expected.items():
        assert_allclose(found[name], values, rtol=1e-9, atol=1e-10, err_msg=name)
    twins = naive_kalman.kalman_smoother(given[0], given[3], expected)
    for one, other in zip(smoothed, twins, strict=True):
        assert_allclose(one, other, rtol=1e-8, atol=1e-10)
    for one, other in zip(given, copies, strict=True):
        assert_array_equal(one, other)


def test_matrices_are_shared_once_they_have_settled():
    given = make_case(300, 2, 1, (0, 200))
    _, _, (slots, places) = run(*given)
    assert slots[199] < 100
    assert slots[200] == slots[199] + 1
    assert places[0] < 250
    assert_array_equal(np.unique(places), np.arange(places.max() + 1))
