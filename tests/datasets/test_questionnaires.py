"""Questionnaires and planted nets: what is known of them, by quadrature, sums and enumeration."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, stats
from scipy.special import expit

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet, compare_log_likelihood
from sklearn_helmholtz.datasets import (
    BinaryQuestionnaire,
    MixedQuestionnaire,
    make_binary_questionnaire,
    make_mixed_questionnaire,
    make_planted_net,
)
from tests import exact

# Yes or no


def test_scores_of_answers_are_integrals_over_traits():
    truth = BinaryQuestionnaire(
        np.array([-0.5, 1.0, 0.3]), np.array([1.5, 2.0, 1.0]), np.array([0, 0, 1])
    )
    rows = np.array(list(itertools.product((0, 1), repeat=3)), float)
    assert_allclose(np.exp(truth.score_samples(rows)).sum(), 1, rtol=1e-12)

    def likelihood(t, row, items):
        p = expit(truth.discriminations[items] * (t - truth.difficulties[items]))
        return stats.norm.pdf(t) * np.prod(np.where(row[items] == 1, p, 1 - p))

    for row in rows:
        parts = [
            integrate.quad(likelihood, -12, 12, args=(row, items), epsabs=1e-13)[0]
            for items in ([0, 1], [2])
        ]
        assert truth.score_samples(row[None])[0] == pytest.approx(np.log(parts).sum(), rel=1e-9)
    seen = np.array([[1, np.nan, 0]])
    sums = np.exp(truth.score_samples([[1, 0, 0], [1, 1, 0]])).sum()
    assert np.exp(truth.score_samples(seen))[0] == pytest.approx(sums, rel=1e-12)
    assert_array_equal(truth.score_samples([[np.nan] * 3, [0.5, 0, 0]]).round(9), [0, -np.inf])


def test_people_answer_as_their_traits_say():
    people = make_binary_questionnaire(4000, n_items=7, n_traits=3, missing=0.2, random_state=0)
    assert people.data.shape == people.probabilities.shape == (4000, 7)
    assert people.traits.shape == (4000, 3)
    gaps = np.isnan(people.data)
    assert gaps.mean() == pytest.approx(0.2, abs=0.01)
    assert_array_equal(people.data[~gaps], people.complete[~gaps])
    residuals = (people.complete - people.probabilities).mean(axis=0)
    assert np.abs(residuals).max() < 4.5 * 0.5 / np.sqrt(4000)
    assert_array_equal(people.distribution.traits_of_items, [0, 0, 0, 1, 1, 2, 2])
    assert_array_equal(people.probabilities, people.distribution.probabilities(people.traits))
    again = make_binary_questionnaire(4000, n_items=7, n_traits=3, missing=0.2, random_state=0)
    assert_array_equal(people.data, again.data)


def test_no_model_beats_the_truth():
    people = make_binary_questionnaire(600, n_items=6, random_state=0)
    X = people.complete
    net = SigmoidBeliefNet(4, inference="exact", max_iter=20, random_state=0).fit(X[:300])
    result = compare_log_likelihood(people.distribution, net, X[300:])
    assert result.difference > 0


# Mixed kinds


def test_scores_of_mixed_answers_sum_to_one():
    truth = MixedQuestionnaire()
    levels = itertools.product(range(4), range(5), (0, 1), range(40))
    rows = np.array([[*values, np.nan] for values in levels])
    assert_allclose(np.exp(truth.score_samples(rows)).sum(), 1, rtol=1e-9)
    heights = np.full((300, 5), np.nan)
    heights[:, 4] = np.arange(100, 250, 0.5)
    assert_allclose(0.5 * np.exp(truth.score_samples(heights)).sum(), 1, rtol=1e-9)
    outside = [[4, 0, 0, 0, 170], [0, 5, 0, 0, 170], [0, 0, 2, 0, 170], [0, 0, 0, 0.5, 170]]
    assert (truth.score_samples(outside) == -np.inf).all()
    assert truth.score_samples(np.full((1, 5), np.nan))[0] == pytest.approx(0, abs=1e-12)


def test_classes_given_mixed_answers():
    people = make_mixed_questionnaire(3000, missing=0, random_state=0)
    p = people.distribution.class_probabilities(people.data)
    assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    row, truth = people.data[0], people.distribution
    job, worry, owner, visits, height = row
    by_hand = [
        share * jobs[int(job)] * grades[int(worry)] * (own if owner else 1 - own)
        * stats.poisson.pmf(visits, rate)
        * np.diff(stats.norm.cdf([height - 0.25, height + 0.25], mean, deviation))[0]
        for share, jobs, grades, own, rate, mean, deviation in zip(
            truth.shares, truth.jobs, truth.grades, truth.owners, truth.rates, truth.heights,
            truth.deviations, strict=True,
        )
    ]  # fmt: skip
    assert_allclose(p[0], np.array(by_hand) / sum(by_hand), rtol=1e-9)
    assert truth.score_samples(row[None])[0] == pytest.approx(np.log(sum(by_hand) / 0.5))
    shares = np.bincount(people.classes) / 3000
    assert_allclose(p.mean(axis=0), shares, atol=0.03)
    right = p[np.arange(3000), people.classes]  # calibrated: as often right as they say
    assert (p.argmax(axis=1) == people.classes).mean() == pytest.approx(
        p.max(axis=1).mean(), abs=0.02
    )
    assert right.mean() == pytest.approx((p**2).sum(axis=1).mean(), abs=0.02)


def test_mixed_answers_come_as_frames_and_arrays():
    array = make_mixed_questionnaire(200, missing=0.3, random_state=1)
    frame = make_mixed_questionnaire(200, missing=0.3, as_frame=True, random_state=1)
    assert list(frame.data) == frame.feature_names == array.feature_names
    assert isinstance(frame.complete, pd.DataFrame)
    assert not frame.complete.isna().any(axis=None)
    assert_array_equal(frame.data.isna().to_numpy(), np.isnan(array.data))
    truth = array.distribution
    assert_array_equal(truth.score_samples(frame.data), truth.score_samples(array.data))
    for X, visible in ((frame.data, "auto"), (array.data, array.kinds)):
        machine = HelmholtzMachine(2, visible=visible, max_iter=1, random_state=0).fit(X)
        assert list(machine.kinds_) == array.kinds
        assert machine.resolution_[-1] == 0.5


# Planted nets


def test_frames_say_by_names_of_levels_what_people_answered():
    people = make_mixed_questionnaire(60, as_frame=True, random_state=0)
    truth, frame = people.distribution, people.data
    expected = truth.score_samples(frame)
    alphabetical = frame.astype({"job": object, "worry": object}).astype(
        {"job": "category", "worry": "category"}
    )
    assert list(alphabetical["worry"].cat.categories) != list(frame["worry"].cat.categories)
    assert_array_equal(truth.score_samples(alphabetical), expected)
    few = frame["job"].isin(["nurse", "student"])
    rest = frame[few].assign(job=frame["job"][few].cat.remove_unused_categories())
    assert_array_equal(truth.score_samples(rest), expected[few])
    with pytest.raises(ValueError, match="'job' of X holds 'pilot', but its levels are 'clerk'"):
        truth.score(frame.assign(job=pd.Categorical(["pilot"] * 60)))


def test_impossible_answers_say_nothing_of_classes():
    truth = MixedQuestionnaire()
    assert_allclose(truth.class_probabilities([[9, 0, 1, 2, 170]]), truth.shares[None])


def test_planted_nets_are_known():
    X, H, net = make_planted_net(
        5000, n_features=4, hidden_layer_sizes=(3, 2), return_distribution=True, random_state=0
    )
    assert X.dtype == H.dtype == np.uint8
    assert (X.shape, H.shape) == ((5000, 4), (5000, 5))
    assert [w.shape for w in net.generative_coefs_] == [(3, 4), (2, 3)]
    assert all(np.abs(w).max() <= 2 for w in net.generative_coefs_)
    assert not any(b.any() for b in net.generative_intercepts_)
    rows = exact.all_states(4)
    p = np.exp(net.score_samples(rows))
    counts = np.bincount((X @ [8, 4, 2, 1]).astype(int), minlength=16)
    assert (np.abs(counts - 5000 * p) < 4.5 * np.sqrt(5000 * p)).all()
    assert np.isfinite(net.log_joint(X, H)).all()
    assert_array_equal(
        make_planted_net(5, random_state=7)[0], make_planted_net(5, random_state=7)[0]
    )


@pytest.mark.parametrize(
    ("make", "bad", "message"),
    [
        (make_binary_questionnaire, {"n_traits": 13}, "n_traits=13 must be at most n_items=12"),
        (make_binary_questionnaire, {"missing": 1.0}, "'missing' parameter"),
        (make_mixed_questionnaire, {"as_frame": 3}, "'as_frame' parameter"),
        (make_planted_net, {"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must hold integers"),
        (make_planted_net, {"scale": -1.0}, "'scale' parameter"),
    ],
)
def test_makers_refuse(make, bad, message):
    with pytest.raises(ValueError, match=message):
        make(**bad)
