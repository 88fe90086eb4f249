"""Dynamic factor models against the joint normal distribution of whole sequences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal

from sklearn_helmholtz.sequences import DynamicFactors, Sequences
from tests.sequences.builders import joint, joint_of_features, make_machine, make_rows

gaps = pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
sizes = pytest.mark.parametrize(("k", "p"), [(1, 1), (2, 4), (5, 3)])


def steps_by_hand(machine, rows):
    """Log p of each row given those before it, by ratios of joint densities."""
    mean, covariance, _ = joint(machine, len(rows))
    total = [0.0]
    for t in range(1, len(rows) + 1):
        values = rows[:t].ravel()
        seen = np.flatnonzero(~np.isnan(values))
        if not len(seen):
            total.append(0.0)
            continue
        found = multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)])
        total.append(found.logpdf(values[seen]))
    return np.diff(total)


def features_by_hand(machine, rows):
    """Means (n, k) and the joint covariance of all features given a sequence."""
    mean, covariance, across = joint(machine, len(rows))
    values = rows.ravel()
    seen = np.flatnonzero(~np.isnan(values))
    back = np.linalg.solve(covariance[np.ix_(seen, seen)], across[:, seen].T).T
    means = back @ (values - mean)[seen]
    rest = joint_of_features(machine, len(rows)) - back @ across[:, seen].T
    return means.reshape(len(rows), -1), rest


@gaps
@sizes
def test_log_prob_is_that_of_the_joint_distribution(k, p, share):
    machine = make_machine(k, p)
    rows, sequences = make_rows(machine, (6,), share=share)
    found = machine.log_prob(rows, sequences)
    assert_allclose(found, steps_by_hand(machine, rows), rtol=1e-10, atol=1e-10)


@gaps
def test_sequences_are_independent(share):
    machine, lengths = make_machine(), (6, 1, 3, 1)
    rows, sequences = make_rows(machine, lengths, share=share)
    found = machine.log_prob(rows, sequences)
    parts = np.split(rows, np.cumsum(lengths)[:-1])
    expected = np.concatenate([steps_by_hand(machine, part) for part in parts])
    assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@gaps
@sizes
def test_smoothed_features_are_those_of_the_joint_distribution(k, p, share):
    machine = make_machine(k, p)
    rows, sequences = make_rows(machine, (6, 2), share=share)
    found = machine.smooth(rows, sequences)
    for start, stop in ((0, 6), (6, 8)):
        means, rest = features_by_hand(machine, rows[start:stop])
        rest = rest.reshape(stop - start, k, stop - start, k)
        assert_allclose(found.means[start:stop], means, atol=1e-10)
        for t in range(start, stop):
            here = found.places[t]
            assert_allclose(found.covariances[here], rest[t - start, :, t - start], atol=1e-10)
            if t + 1 < stop:
                across = found.covariances[found.places[t + 1]] @ found.gains[here].T
                assert_allclose(across, rest[t + 1 - start, :, t - start], atol=1e-10)


def test_covariances_that_have_settled_are_shared():
    machine = make_machine(3, 5)
    rows, sequences = make_rows(machine, (400, 300))
    filtered = machine.filter(rows, sequences)
    found = filtered.smoothed()
    assert filtered.slots[399] < 150
    assert len(found.covariances) < 400
    rows[1::2, 0] = np.nan  # nothing settles where patterns take turns
    rows[0::2, 0] = machine.mean[0]
    assert machine.filter(rows, sequences).slots[-1] == 699


def steps_by_root(machine, rows):
    """The same as `steps_by_hand`, by one triangular root."""
    mean, covariance, _ = joint(machine, len(rows))
    seen = np.flatnonzero(~np.isnan(rows.ravel()))
    root = np.linalg.cholesky(covariance[np.ix_(seen, seen)])
    z = np.linalg.solve(root, (rows.ravel() - mean)[seen])
    values = -0.5 * (z**2 + np.log(2 * np.pi)) - np.log(np.diag(root))
    return np.bincount(seen // rows.shape[1], values, minlength=len(rows))


@pytest.mark.parametrize("share", [0.0, 0.02])
def test_long_sequences_are_as_exact_as_short_ones(share):
    machine = make_machine(3, 5)
    rows, sequences = make_rows(machine, (150,), share=share)
    assert_allclose(machine.log_prob(rows, sequences), steps_by_root(machine, rows), atol=1e-9)
    means, rest = features_by_hand(machine, rows)
    found = machine.smooth(rows, sequences)
    assert_allclose(found.means, means, atol=1e-10)
    variances = np.diag(rest).reshape(150, 3)
    assert_allclose(found.deviations() ** 2, variances, atol=1e-11)


def test_hardly_any_noise_loses_no_more_than_it_has_to():
    machine = make_machine(2, 4, noise=1e-8)
    rows, sequences = make_rows(machine, (6,))
    assert_allclose(machine.log_prob(rows, sequences), steps_by_hand(machine, rows), atol=1e-4)
    means, _ = features_by_hand(machine, rows)
    assert_allclose(machine.smooth(rows, sequences).means, means, atol=1e-7)


def test_samples_have_the_moments_of_the_joint_distribution():
    machine = make_machine(2, 3)
    X, h = machine.sample([4] * 10_000, np.random.RandomState(0))
    values = X.reshape(10_000, -1)
    mean, covariance, across = joint(machine, 4)
    scale = np.sqrt(np.diag(covariance))
    assert_allclose(values.mean(axis=0) / scale, mean / scale, atol=0.05)
    scales = np.outer(scale, scale)
    assert_allclose(np.cov(values.T) / scales, covariance / scales, atol=0.06)
    found = h.reshape(10_000, -1).T @ (values - mean) / 10_000
    assert_allclose(found / scale, across / scale, atol=0.06)


def test_draws_given_rows_have_the_moments_of_the_posterior():
    machine = make_machine(2, 3)
    rows, sequences = make_rows(machine, (4,), share=0.3)
    means, rest = features_by_hand(machine, rows)
    rng, smoothed = np.random.RandomState(0), machine.smooth(rows, sequences)
    draws = [machine.draw_features(rows, sequences, smoothed.means, rng) for _ in range(1500)]
    h = np.array([h.ravel() for h, _ in draws])
    assert_allclose(h.mean(axis=0), means.ravel(), atol=0.08)
    assert_allclose(np.cov(h.T), rest, atol=0.08)
    missing = np.isnan(rows)
    filled = np.array([x[missing] for _, x in draws])
    assert_allclose(filled.mean(axis=0), machine.expected(means)[missing], atol=0.15)
    loadings = np.kron(np.eye(4), machine.loadings)
    spread = loadings.T @ rest @ loadings + np.diag(np.tile(machine.noise, 4))
    places = np.flatnonzero(missing.ravel())
    assert_allclose(np.cov(filled.T), spread[np.ix_(places, places)], rtol=0.15, atol=0.2)


def test_rows_without_any_value_tell_nothing():
    machine = make_machine()
    rows = np.full((3, 4), np.nan)
    found = machine.smooth(rows, Sequences.one(3))
    assert_allclose(machine.log_prob(rows, Sequences.one(3)), 0, atol=1e-13)
    assert_allclose(found.means, 0)
    assert_allclose(found.deviations(), 1)


def test_a_machine_of_white_features_is_one_of_factors():
    machine = make_machine(2, 4)
    machine = DynamicFactors(machine.mean, machine.loadings, machine.noise, np.zeros(2))
    rows, sequences = make_rows(machine, (20,))
    covariance = machine.loadings.T @ machine.loadings + np.diag(machine.noise)
    expected = multivariate_normal(machine.mean, covariance).logpdf(rows)
    assert_allclose(machine.log_prob(rows, sequences), expected, atol=1e-11)
