"""Likelihoods against enumeration, and whether the errors they state are the errors they make."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz._workspace import Workspace
from sklearn_helmholtz.inference import exact as exact_inference
from sklearn_helmholtz.inference import sample_particles, sample_prior_particles
from sklearn_helmholtz.likelihood import (
    Enumeration,
    Estimate,
    held_out_bound,
    importance_estimate,
    score_by_importance,
    score_exactly,
)
from sklearn_helmholtz.likelihood import importance as importance_module
from sklearn_helmholtz.likelihood import scoring as scoring_module
from sklearn_helmholtz.rows import Table, content_keys
from tests import cases, exact, naive
from tests.blocks import as_block
from tests.cases import CASES, make_case

FIELDS = (
    "per_sample", "variance", "bias", "effective_sample_size", "free_energy", "pareto_k",
)  # fmt: skip
KEY = _keys.key(cases.SEED, Purpose.SCORE)


def key_number(number):
    return _keys.key((number, 0, 0, 0), Purpose.SCORE)


def estimate(machine, X, n_samples, key=KEY, work=None):
    return importance_estimate(machine, as_block(X), key, content_keys(X), n_samples, work)


def assert_same_bits(actual, expected):
    for field in FIELDS:
        assert_array_equal(getattr(actual, field), getattr(expected, field), err_msg=field)


def pick(result, rows):
    return Estimate(*(getattr(result, field)[rows] for field in FIELDS))


def used_space():
    """A work space with memory that others have written to."""
    space = Workspace()
    for n in (3, 7000) * 8:
        space.empty((n,), np.float64)[:] = np.nan
    space.reset()
    return space


# Enumeration


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_enumeration_is_that_of_the_oracle(n_units, visible):
    machine, params, X = make_case(n_units, visible, n_rows=5, scale=1.5)
    result = Enumeration(machine).estimate(as_block(X))
    assert_allclose(result.per_sample, exact.log_likelihood(params, X), rtol=1e-12)
    assert_allclose(result.free_energy, exact.free_energy(params, X), rtol=1e-12)
    assert not result.variance.any()
    assert not result.bias.any()
    assert (result.effective_sample_size == np.inf).all()


@pytest.mark.parametrize("n_units", cases.NETS)
def test_enumerated_probabilities_of_all_rows_sum_to_one(n_units):
    machine, _, _ = make_case(n_units, "binary", scale=2)
    log_p = Enumeration(machine).estimate(as_block(cases.all_rows(n_units[0]))).per_sample
    assert np.exp(log_p).sum() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_free_energy_exceeds_minus_log_p_by_the_divergence(n_units, visible):
    machine, params, X = make_case(n_units, visible, n_rows=5)
    result = Enumeration(machine).estimate(as_block(X))
    gap = result.free_energy + result.per_sample
    assert (gap >= 0).all()
    assert_allclose(gap, exact.kl_recognition_posterior(params, X), rtol=1e-9)


@pytest.mark.parametrize("visible", cases.VISIBLES)
def test_enumeration_in_parts_is_enumeration(visible, monkeypatch):
    machine, _, X = make_case((4, 5, 2), visible, n_rows=6)
    whole = Enumeration(machine).estimate(as_block(X))
    monkeypatch.setattr(exact_inference, "_TABLE_ENTRIES", 50)
    enumeration, space = Enumeration(machine), used_space()
    for work in (None, space, space):
        parts = enumeration.estimate(as_block(X), work)
        for field in ("per_sample", "free_energy"):
            assert_allclose(getattr(parts, field), getattr(whole, field), rtol=1e-12)


def test_extreme_parameters_and_rows_stay_finite():
    machine, params, X = make_case((4, 3, 2), "binary", n_rows=5, scale=60)
    result = Enumeration(machine).estimate(as_block(X))
    assert_allclose(result.per_sample, exact.log_likelihood(params, X), rtol=1e-12)
    machine, params, X = make_case((4, 3, 2), "gaussian", n_rows=5)
    result = Enumeration(machine).estimate(as_block(1000 * X))
    assert_allclose(result.per_sample, exact.log_likelihood(params, 1000 * X), rtol=1e-12)


# Importance sampling


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_importance_estimates_agree_with_enumeration(n_units, visible):
    machine, params, X = make_case(n_units, visible, n_rows=20, scale=0.5)
    result = estimate(machine, X, 2000)
    keys = content_keys(X)
    summary = result.summary(keys)
    difference = summary["mean"] - exact.log_likelihood(params, X).mean()
    assert abs(difference) < 3 * summary["monte_carlo_error"] + abs(summary["bias"])
    assert 0 < summary["monte_carlo_error"] < 0.04
    assert (result.bias <= 0).all()
    energy = result.free_energy.mean() - exact.free_energy(params, X).mean()
    _, counts = np.unique(keys, return_counts=True)
    spread = free_energy_spread(machine, X, 2000)
    assert abs(energy) < 4 * spread * np.sqrt((counts**2).sum()) / len(X)


def free_energy_spread(machine, X, n_samples):
    """The largest standard error of a row's free energy, from its log weights."""
    return log_weights(machine, X, n_samples).std(axis=1).max() / np.sqrt(n_samples)


def log_weights(machine, X, n_samples, key=KEY):
    draws = _keys.Draws(key, content_keys(X), n_samples)
    return sample_particles(machine, as_block(X), draws).mixture_log_weights(0)


@pytest.mark.parametrize("n_samples", [2, 7, 9])
def test_few_estimates_are_the_moments_of_recognition_weights(n_samples):
    machine, _, X = make_case((6, 5, 3), "fractional", n_rows=8)
    result, logs = estimate(machine, X, n_samples), log_weights(machine, X, n_samples)
    assert_allclose(result.per_sample, naive.log_mean_weight(logs), rtol=1e-12)
    shares = naive.self_normalise(logs)
    assert_allclose(result.effective_sample_size, 1 / (shares**2).sum(axis=1), rtol=1e-10)
    variance = (shares * n_samples).var(axis=1, ddof=1) / n_samples
    assert_allclose(result.variance, variance, rtol=1e-8)
    assert_allclose(result.bias, -variance / 2, rtol=1e-8)
    assert_allclose(result.free_energy, -logs.mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize(("n_samples", "n_prior"), [(10, 2), (14, 2), (100, 20)])
def test_estimates_are_moments_of_two_strata_under_their_mixture(n_samples, n_prior):
    machine, params, X = make_case((4, 3, 2), "binary", n_rows=6)
    n_first, share = n_samples - n_prior, n_prior / n_samples
    draws = [_keys.Draws(KEY, content_keys(X), n) for n in (n_first, n_prior)]
    both = (
        sample_particles(machine, as_block(X), draws[0]),
        sample_prior_particles(machine, as_block(X), draws[1]),
    )
    result = estimate(machine, X, n_samples)
    for row, x in enumerate(X.astype(float)):
        ratios, energies = [], []
        for particles, draw in zip(both, draws, strict=True):
            place = slice(row * draw.n_particles, (row + 1) * draw.n_particles)
            hidden = [h[place].astype(float) for h in particles.values[1:]]
            log_p = exact.log_joint(params, x, hidden)
            log_q = exact.log_recognition(params, x, hidden)
            log_prior = log_prior_of(params, hidden)
            assert_allclose(particles.log_q[row], log_q, rtol=1e-5, atol=1e-5)
            assert_allclose(particles.log_prior[row], log_prior, rtol=1e-5, atol=1e-5)
            mixture = (1 - share) * np.exp(log_q) + share * np.exp(log_prior)
            ratios.append(np.exp(log_p) / mixture)
            energies.append(log_q - log_p)
        weights = np.concatenate(ratios)
        assert result.per_sample[row] == pytest.approx(np.log(weights.mean()), rel=1e-5)
        variance = sum(len(part) * part.var(ddof=1) for part in ratios) / weights.sum() ** 2
        assert result.variance[row] == pytest.approx(variance, rel=1e-4)
        effective = weights.sum() ** 2 / (weights**2).sum()
        assert result.effective_sample_size[row] == pytest.approx(effective, rel=1e-4)
        assert result.free_energy[row] == pytest.approx(energies[0].mean(), rel=1e-5)


def log_prior_of(params, hidden):
    """Log p(h), with the first hidden layer in the place of the data."""
    above = exact.Parameters(params.generative_coefs[1:], params.generative_intercepts[1:], [], [])
    rows = zip(*hidden, strict=True)
    return np.array([exact.log_joint(above, h[0], list(h[1:])) for h in rows])


def test_one_sample_says_that_it_does_not_know_its_error():
    machine, _, X = make_case((4, 3), "binary")
    result = estimate(machine, X, 1)
    assert np.isnan(result.variance).all()
    assert np.isnan(result.summary(content_keys(X))["monte_carlo_error"])
    assert_allclose(result.effective_sample_size, 1)
    assert_allclose(result.per_sample, -result.free_energy)


def test_particles_weigh_nothing_but_their_row():
    machine, params, X = make_case((4, 3, 2), "gaussian")
    particles = sample_particles(machine, as_block(X), cases.make_draws(len(X), n_particles=6))
    assert particles.mixture_log_weights(0).shape == (len(X), 6)
    for row, x in enumerate(X):
        hidden = [h[6 * row : 6 * row + 6].astype(float) for h in particles.values[1:]]
        expected = exact.log_joint(params, x, hidden) - exact.log_recognition(params, x, hidden)
        assert_allclose(particles.mixture_log_weights(0)[row], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("visible", "scale"), [("binary", 0.5), ("gaussian", 0.3)])
def test_monte_carlo_errors_and_biases_are_calibrated(visible, scale):
    machine, _, X = make_case((6, 4, 3), visible, n_rows=10, scale=scale)
    truth, keys = Enumeration(machine).estimate(as_block(X)).per_sample, content_keys(X)
    z, gaps = [], []
    for number in range(250):
        result = estimate(machine, X, 200, key_number(number))
        summary = result.summary(keys)
        gap = summary["mean"] - truth.mean()
        z.append((gap - summary["bias"]) / summary["monte_carlo_error"])
        gaps.append((gap, summary["bias"]))
    z, (gap, bias) = np.array(z), np.mean(gaps, axis=0)
    assert abs(z.mean()) < 0.35
    assert 0.85 < z.std() < 1.2
    assert 0.9 < (np.abs(z) < 1.96).mean() < 0.99
    assert bias < 0
    error = np.std([g for g, _ in gaps]) / np.sqrt(len(gaps))
    assert abs(gap - bias) < 4 * error


def test_the_mean_estimate_is_a_lower_bound():
    machine, params, X = make_case((6, 4, 3), "binary", n_rows=10)
    truth, bound = exact.log_likelihood(params, X), exact.reweighted_bound(params, X[:1], 1)
    few = np.mean([estimate(machine, X, 2, key_number(n)).per_sample for n in range(300)], axis=0)
    many = np.mean([estimate(machine, X, 20, key_number(n)).per_sample for n in range(300)], axis=0)
    assert bound[0] < few[0]
    assert few.mean() < many.mean() < truth.mean()


def test_estimates_of_p_sum_to_one_over_all_rows():
    machine, _, _ = make_case((8, 12, 8), "binary", scale=0.3)
    X = cases.all_rows(8)
    result = estimate(machine, X, 1500)
    p = np.exp(result.per_sample)
    error = np.sqrt((p**2 * result.variance).sum())
    assert abs(p.sum() - 1) < 3 * error
    assert error < 0.02


# The same bits


@pytest.mark.parametrize("visible", cases.VISIBLES)
def test_estimates_do_not_depend_on_order_blocks_or_chunks_of_particles(visible, monkeypatch):
    machine, _, X = make_case((9, 20, 7), visible, n_rows=31)
    whole = estimate(machine, X, 50)
    order = np.random.default_rng(0).permutation(31)
    assert_same_bits(estimate(machine, X[order], 50), pick(whole, order))
    for rows in (slice(0, 1), slice(1, 12), slice(12, 31)):
        assert_same_bits(estimate(machine, X[rows], 50), pick(whole, rows))
    for entries in (1, 31 * 20 * 7, 31 * 20 * 49):
        monkeypatch.setattr(importance_module, "_PARTICLE_ENTRIES", entries)
        for work in (None, used_space()):
            assert_same_bits(estimate(machine, X, 50, work=work), whole)


@pytest.mark.parametrize("n_units", [(5, 3), (9, 4, 3), (7, 6, 3, 2)])
@pytest.mark.parametrize("visible", cases.VISIBLES)
def test_exact_values_do_not_depend_on_order_or_blocks(n_units, visible):
    machine, _, X = make_case(n_units, visible, n_rows=31)
    enumeration = Enumeration(machine)
    whole = enumeration.estimate(as_block(X))
    order = np.random.default_rng(0).permutation(31)
    assert_same_bits(enumeration.estimate(as_block(X[order])), pick(whole, order))
    for rows in (slice(0, 1), slice(1, 3), slice(3, 12), slice(12, 31)):
        assert_same_bits(enumeration.estimate(as_block(X[rows])), pick(whole, rows))


@pytest.mark.parametrize("visible", cases.VISIBLES)
@pytest.mark.parametrize("n_threads", [1, 2])
def test_scoring_a_data_set_is_scoring_its_rows(visible, n_threads, monkeypatch):
    machine, _, X = make_case((9, 6, 4), visible, n_rows=61)
    rows = Table(X, is_binary=visible == "binary")
    by_samples = estimate(machine, X, 20)
    by_states = Enumeration(machine).estimate(as_block(X))
    for n_blocks in (1, 2, 13):
        limits = [61 * block // n_blocks for block in range(n_blocks + 1)]
        monkeypatch.setattr(scoring_module, "split_evenly", lambda *_, limits=limits: limits)
        scored, keys = score_by_importance(machine, rows, KEY, 20, n_threads)
        assert_same_bits(scored, by_samples)
        assert_array_equal(keys, content_keys(X))
        scored, keys = score_exactly(machine, rows, n_threads)
        assert_same_bits(scored, by_states)
        assert_array_equal(keys, content_keys(X))


def test_zeros_and_ones_score_alike_as_uint8_and_float32():
    machine, _, X = make_case((40, 12, 4), "binary", n_rows=20)
    single = X.astype(np.float32)
    assert_same_bits(estimate(machine, single, 20), estimate(machine, X, 20))
    enumeration = Enumeration(machine)
    assert_same_bits(enumeration.estimate(as_block(single)), enumeration.estimate(as_block(X)))


def test_equal_rows_have_equal_estimates_and_other_keys_have_others():
    machine, _, X = make_case((6, 5, 3), "binary", n_rows=4)
    twice = estimate(machine, np.vstack([X, X]), 10)
    assert_same_bits(pick(twice, slice(0, 4)), pick(twice, slice(4, 8)))
    other = estimate(machine, X, 10, key_number(1))
    assert (other.per_sample != twice.per_sample[:4]).all()


def test_validation_scores_are_mean_bounds_under_a_key_of_their_own():
    machine, _, X = make_case((6, 5, 3), "binary", n_rows=9)
    score = held_out_bound(machine, Table(X, True), cases.SEED, 50, 1)
    key, places = _keys.key(cases.SEED, Purpose.VALIDATE), np.arange(9, dtype=np.uint64)
    assert score == importance_estimate(machine, as_block(X), key, places, 50).per_sample.mean()
    assert isinstance(score, float)


# The summary


def made_up(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    variance = rng.uniform(0.1, 1, n_rows)
    sizes = rng.uniform(5, 50, n_rows)
    return Estimate(
        rng.normal(size=n_rows),
        variance,
        -variance / 2,
        sizes,
        rng.normal(size=n_rows),
        np.full(n_rows, np.nan),
    )


def test_a_summary_of_distinct_rows_adds_their_variances():
    result = made_up(12)
    summary = result.summary(np.arange(12))
    assert summary["mean"] == pytest.approx(result.per_sample.mean())
    assert summary["bias"] == pytest.approx(result.bias.mean())
    assert summary["monte_carlo_error"] == pytest.approx(np.sqrt(result.variance.sum()) / 12)
    between = result.per_sample.std(ddof=1) / np.sqrt(12)
    assert summary["standard_error"] == pytest.approx(between)


def test_a_summary_counts_shared_noise_once_per_distinct_row():
    once = made_up(4)
    counts = np.array([1, 2, 3, 6])
    rows = np.repeat(np.arange(4), counts)
    rows = np.random.default_rng(0).permutation(rows)
    summary = pick(once, rows).summary(rows)
    noise = np.sqrt((counts**2 * once.variance).sum()) / 12
    assert summary["monte_carlo_error"] == pytest.approx(noise)
    independent = (counts * once.variance).sum() / 12**2
    between = once.per_sample[rows].var(ddof=1) / 12
    expected = np.sqrt(between + noise**2 - independent)
    assert summary["standard_error"] == pytest.approx(expected)


def test_a_summary_of_a_single_row_has_no_standard_error():
    summary = made_up(1).summary(np.zeros(1))
    assert np.isnan(summary["standard_error"])
    assert summary["monte_carlo_error"] == pytest.approx(np.sqrt(made_up(1).variance[0]))


@pytest.mark.parametrize(("n_good", "reliable"), [(20, True), (19, True), (18, False)])
def test_a_summary_is_reliable_if_19_rows_of_20_are_worth_ten_samples(n_good, reliable):
    sizes = np.where(np.arange(20) < n_good, 10.0, 9.99)
    result = Estimate(*np.zeros((3, 20)), sizes, *np.zeros((2, 20)))
    assert result.summary(np.arange(20))["reliable"] is reliable


@pytest.mark.parametrize(
    ("shapes", "reliable"),
    [
        ([0.49, 0.49, 0.49, 0.49], True),
        ([0.5, 0.5, 0.5, 0.5], False),
        ([0.2, 0.3, 0.6, 0.9], True),
        ([0.2, 0.45, 0.6, 0.9], False),
        ([np.nan, np.nan, 0.6, 0.9], False),
        ([np.nan, -np.inf, -np.inf, 0.9], True),
        ([np.nan, np.nan, np.nan, np.nan], True),
    ],
)
def test_a_summary_is_reliable_if_the_median_tail_is_short(shapes, reliable):
    result = Estimate(*np.zeros((3, 4)), np.full(4, 10.0), np.zeros(4), np.array(shapes))
    assert result.summary(np.arange(4))["reliable"] is reliable


def test_a_shift_moves_log_p_up_and_the_free_energy_down():
    result = made_up(5)
    moved = result.shift(2.5)
    assert_allclose(moved.per_sample, result.per_sample + 2.5)
    assert_allclose(moved.free_energy, result.free_energy - 2.5)
    for field in ("variance", "bias", "effective_sample_size"):
        assert_array_equal(getattr(moved, field), getattr(result, field))


def test_the_monte_carlo_error_of_repeated_rows_is_the_spread_over_keys():
    machine, _, X = make_case((6, 4, 3), "binary", n_rows=4, scale=0.5)
    X = np.repeat(X, [1, 2, 5, 12], axis=0)
    keys = content_keys(X)
    summaries = [estimate(machine, X, 200, key_number(n)).summary(keys) for n in range(250)]
    spread = np.std([summary["mean"] for summary in summaries], ddof=1)
    claimed = np.sqrt(np.mean([summary["monte_carlo_error"] ** 2 for summary in summaries]))
    assert claimed == pytest.approx(spread, rel=0.15)
    ignorant = summaries[0] | estimate(machine, X, 200).summary(np.arange(len(X)))
    assert ignorant["monte_carlo_error"] < 0.6 * spread


def test_the_standard_error_is_the_spread_over_samples_of_rows():
    machine, _, X = make_case((6, 4, 3), "binary", n_rows=4, scale=0.5)
    rng, means, claims = np.random.default_rng(0), [], []
    for number in range(300):
        sample = X[rng.choice(4, 25, p=[0.4, 0.3, 0.2, 0.1])]
        summary = estimate(machine, sample, 200, key_number(number)).summary(content_keys(sample))
        means.append(summary["mean"])
        claims.append(summary["standard_error"])
    assert np.sqrt(np.mean(np.square(claims))) == pytest.approx(np.std(means, ddof=1), rel=0.15)
