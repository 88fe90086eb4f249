"""Imputers of mixed tables: gaps, scores and rivals."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from benchmarks import mixed, mixed_imputers, mixed_scores, mixed_tables
from benchmarks.mixed_scores import Answers, Draws, Points, Weighted
from tests.mixed_frames import only_levels, table


def test_gaps_are_a_share_of_what_is_observed_and_the_same_each_time():
    codes = table(n_rows=3000, gaps=0.2).train
    hidden = mixed_tables.hidden(codes)
    assert not hidden[np.isnan(codes)].any()
    assert hidden.sum() / (~np.isnan(codes)).sum() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(hidden, mixed_tables.hidden(codes))
    gaps = mixed_tables.with_gaps(codes)
    np.testing.assert_array_equal(np.isnan(gaps), np.isnan(codes) | hidden)


def test_crps_is_the_integral_of_squared_differences_of_distribution_functions():
    values, weights, x = np.array([-1.0, 0.5, 2.0]), np.array([[0.2, 0.5, 0.3]]), 0.9

    def below(y):
        return weights[0][values <= y].sum()

    exact = quad(lambda y: (below(y) - (y >= x)) ** 2, -3, 4, points=[*values, x])[0]
    assert Weighted(values, weights).crps(np.array([x]))[0] == pytest.approx(exact)
    equal = Weighted(values, np.full((1, 3), 1 / 3)).crps(np.array([x]))
    assert Draws(values[None], True).crps(np.array([x])) == pytest.approx(equal)
    assert Points(np.array([2.0])).crps(np.array([x])) == pytest.approx(1.1)


def test_crps_of_draws_is_that_of_their_distribution_whatever_their_number():
    rng = np.random.default_rng(0)
    truth = np.full(40_000, 0.7)
    exact = quad(lambda y: (norm.cdf(y) - (y >= 0.7)) ** 2, -8, 8, points=[0.7])[0]
    for n_draws in (2, 5):
        found = Draws(rng.normal(size=(len(truth), n_draws))).crps(truth).mean()
        assert found == pytest.approx(exact, abs=0.01)


def test_losses_are_means_over_hidden_entries():
    own = table(n_rows=200)
    hidden, truth = mixed_tables.hidden(own.test), own.test
    answers = mixed_imputers.MedianMode(own).fit(own.train, own.valid).answers(truth)
    log_loss, crps, square = mixed_scores.losses(answers, own, truth, hidden)
    shares = [own.columns[j].shares[truth[hidden[:, j], j].astype(int)] for j in range(3)]
    assert log_loss.mean() == pytest.approx(-np.log(np.concatenate(shares)).mean())
    off = [
        (truth[hidden[:, j], j] - np.median(own.train[:, j])) / own.train[:, j].std()
        for j in (3, 4)
    ]
    assert crps.mean() == pytest.approx(np.abs(np.concatenate(off)).mean())
    assert square.mean() == pytest.approx((np.concatenate(off) ** 2).mean())


@pytest.mark.parametrize("n_left_out", [0, 1])
def test_bits_of_levels_are_read_as_they_are_written(n_left_out):
    own = table(gaps=0.1)
    bits = mixed_imputers.OneHot(own, n_left_out)
    features = bits(own.test)
    assert features.shape[1] == 1 + (3 - n_left_out) + (5 - n_left_out) + 2
    answers = bits.answers(np.nan_to_num(features)).by_column
    for number, answer in enumerate(answers):
        seen = ~np.isnan(own.test[:, number])
        found = answer.argmax(axis=1) if number < 3 else answer.values
        np.testing.assert_allclose(found[seen], own.test[seen, number])
        assert np.isnan(features[~seen]).any(axis=1).all()


def test_probabilities_that_are_too_sure_are_smoothed():
    own = only_levels(table())
    sure = [np.eye(len(c.shares))[own.valid[:, j].astype(int)] for j, c in enumerate(own.columns)]
    hidden = mixed_tables.hidden(own.valid)
    assert mixed_scores.smoothing(Answers(sure), own, own.valid, hidden) == 0
    wrong = [np.roll(p, 1, axis=1) for p in sure]
    assert mixed_scores.smoothing(Answers(wrong), own, own.valid, hidden) == 1


@pytest.mark.parametrize(
    "kind",
    [
        mixed_imputers.LatentClassImputer, mixed_imputers.Neighbours, mixed_imputers.BoostedGaps,
        mixed_imputers.BoostedLoop,
    ],
)  # fmt: skip
def test_imputers_are_better_than_the_marginal_distribution(kind, few_classes):
    own = table(n_rows=600, gaps=0.02)
    found = mixed.measured_imputer(kind(own), own)
    base = mixed.measured_imputer(mixed_imputers.MarginalImputer(own), own)
    assert found["log_loss"] < base["log_loss"] - 0.03
    assert found["crps_with_residuals"] < base["crps"] - 0.1
    assert found["rmse"] < base["rmse"] - 0.1
