"""Importance sampling of machines of Gaussian latents against quadrature."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special, stats

from sklearn_helmholtz import _keys, _tree
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import propose, sample_particles, sample_prior_particles
from sklearn_helmholtz.inference.proposals import WidenedProposal
from sklearn_helmholtz.likelihood import (
    held_out_bound,
    importance,
    importance_bounds,
    importance_estimate,
)
from sklearn_helmholtz.rows import Block, Table
from tests import cases, exact
from tests import gaussian_latents as oracle
from tests.gaussian_machines import (
    FILL_VALUES,
    N_FEATURES,
    make_machine,
    make_mixed_machine,
    make_rows,
    mixed_rows,
    model_of,
    seen_by,
    with_gaps,
)

KEY = _keys.key(cases.SEED, Purpose.SCORE)
VISIBLES = ["bernoulli", "gaussian", "poisson"]
SHAPES = {"k=1": (1, "diag"), "diag": (2, "diag"), "full": (2, "full")}
in_shapes = pytest.mark.parametrize(("k", "covariance"), SHAPES.values(), ids=SHAPES)
with_and_without_gaps = pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
SPREAD = 1.2


def addresses_of(n, start=0):
    return np.arange(start, start + n, dtype=np.uint64)


def estimate(machine, x, n_samples, start=0):
    return importance_estimate(machine, x, KEY, addresses_of(len(x), start), n_samples)


def make_block(visible, gaps, n_rows=3):
    rows = make_rows(visible, n_rows)
    return with_gaps(rows) if gaps else Block(rows)


def values_of(x):
    return np.float64(x.toarray())


def assert_fair(found, expected):
    """Estimates differ from what they estimate by their own errors and biases."""
    margin = 4 * np.sqrt(found.variance) + abs(found.bias) + 1e-4
    assert (abs(found.per_sample - expected) < margin).all()
    assert np.sqrt(found.variance).max() < 0.25


@with_and_without_gaps
@pytest.mark.parametrize("visible", VISIBLES)
@in_shapes
def test_estimates_are_those_of_quadrature(visible, k, covariance, gaps):
    machine = make_machine(visible, k, covariance, sees_gaps=gaps, scale=0.5)
    x, model = make_block(visible, gaps), model_of(machine, covariance)
    found = estimate(machine, x, 2000)
    assert_fair(found, oracle.log_likelihood(model, values_of(x), 0.05 if k == 1 else 0.15))
    energy = oracle.free_energy(model, values_of(x), seen_by(machine, x), 30)
    weights = oracle.log_weights(model, values_of(x), seen_by(machine, x), oracle.hermite(k, 30)[0])
    spread = np.sqrt((weights + energy[:, None]) ** 2 @ oracle.hermite(k, 30)[1] / 800)
    assert (abs(found.free_energy - energy) < 4 * spread + 1e-4).all()
    assert (energy + oracle.log_likelihood(model, values_of(x), 0.1) >= -1e-6).all()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_estimates_of_all_rows_sum_to_one(activation):
    machine = make_machine("bernoulli", 2, "full", (3, 4), activation)
    x = Block(exact.all_states(N_FEATURES).astype(np.uint8))
    found = estimate(machine, x, 2000)
    p = np.exp(found.per_sample)
    assert abs(p.sum() - 1) < 4 * np.sqrt((p**2 * found.variance).sum())
    model = model_of(machine, "full")
    assert_fair(found, oracle.log_likelihood(model, values_of(x), 0.15))


@with_and_without_gaps
@pytest.mark.parametrize("covariance", ["diag", "full"])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_affine_machines_are_factor_models(k, covariance, gaps):
    machine = make_machine("gaussian", k, covariance, hidden=(), sees_gaps=gaps, scale=0.5)
    x, (weights, mean) = make_block("gaussian", gaps), model_of(machine).decoder.maps[0]
    spread = weights.T @ weights + np.diag(model_of(machine).variance)
    expected = []
    for row in values_of(x):
        seen = ~np.isnan(row)
        density = stats.multivariate_normal(mean[seen], spread[np.ix_(seen, seen)])
        expected.append(density.logpdf(row[seen]))
    assert_fair(estimate(machine, x, 5000), expected)
    if k <= 2:
        model = model_of(machine, covariance)
        assert_allclose(oracle.log_likelihood(model, values_of(x), 0.1), expected, rtol=1e-6)


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
def test_estimates_of_mixed_rows_are_those_of_quadrature(gaps):
    machine = make_mixed_machine(2, "full", sees_gaps=True)
    x = mixed_rows(machine, gaps)
    expected = oracle.log_likelihood(model_of(machine, "full"), x.values.values, 0.15)
    assert_fair(estimate(machine, x, 2000), expected)


# Weights


@pytest.mark.parametrize("covariance", ["diag", "full"])
@pytest.mark.parametrize("n", [1, 2, 3, 9, 10, 200])
def test_particles_weigh_what_the_mixture_of_three_proposals_has_it(n, covariance):
    """Recognition, the same with wider scales, and the prior, each by its number of particles."""
    machine = make_machine("gaussian", 2, covariance, sees_gaps=True)
    x, model = make_block("gaussian", True), model_of(machine, covariance)
    n_prior = n // 5 if n >= 10 else 0
    n_first, addresses = n - n_prior, addresses_of(3)
    n_wide = n_first // 2
    proposal = propose(machine, x, addresses, n_first)
    assert isinstance(proposal, WidenedProposal)
    parts = [sample_particles(machine, x, Draws(KEY, addresses, n_first), proposal=proposal)]
    if n_prior:
        draws = Draws(KEY, addresses, n_prior)
        parts.append(sample_prior_particles(machine, x, draws, proposal=proposal))
    z = np.concatenate([np.float64(p.values[1]).reshape(3, -1, 2) for p in parts], axis=1)
    mean, lower = model.posterior(seen_by(machine, x))
    log_parts = np.stack([
        np.log(np.array(n_first - n_wide) / n) + oracle.log_normal(z, mean, lower),
        oracle.log_normal(z, mean, SPREAD * lower), oracle.log_prior(z),
    ])  # fmt: skip
    counts = np.array([n_wide, n_prior]) / n
    log_parts[1:] += np.log(counts, where=counts > 0, out=np.full(2, -np.inf))[:, None, None]
    log_p = np.stack([
        model.log_visible(values_of(x)[row : row + 1], own)[0] for row, own in enumerate(z)
    ])  # fmt: skip
    expected = log_p + oracle.log_prior(z) - special.logsumexp(log_parts, axis=0)
    found, energies = importance.importance_log_weights(machine, x, KEY, addresses, n)
    assert_allclose(found, expected, rtol=1e-4, atol=2e-4)
    whole = [p.mixture_log_weights(n_prior / n) for p in parts]
    assert_array_equal(np.concatenate(whole, axis=1), found)
    own = (oracle.log_normal(z, mean, lower) - log_p - oracle.log_prior(z))[:, :n_first:2]
    assert_allclose(energies, own.mean(axis=1), rtol=1e-4, atol=2e-4)
    assert_allclose(
        estimate(machine, x, n).per_sample, special.logsumexp(found, axis=1) - np.log(n), rtol=1e-12
    )


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_particles_are_drawn_from_what_weighs_them(covariance):
    """Those of even numbers from recognition, the others from the wider one: noise is normal."""
    machine, n = make_machine("bernoulli", 2, covariance), 20001
    x, addresses = make_block("bernoulli", False, 1), addresses_of(1)
    particles = sample_particles(machine, x, Draws(KEY, addresses, n))
    mean, lower = model_of(machine, covariance).posterior(seen_by(machine, x))
    noise = np.linalg.solve(lower[0], (particles.values[1] - mean[0]).T).T
    for own, spread in ((noise[::2], 1), (noise[1::2], SPREAD)):
        assert stats.kstest(own.ravel() / spread, "norm").pvalue > 1e-3
        assert abs(np.corrcoef(own.T)[0, 1]) < 4 / np.sqrt(n / 2)
    proposal = propose(machine, x, addresses, n)
    assert_array_equal(proposal.is_guess(np.arange(4)), [True, False, True, False])


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_odd_particles_do_not_enter_the_free_energy(covariance):
    """That of the wider proposal, which is known of affine machines, is another."""
    machine, n = make_machine("gaussian", 2, covariance, hidden=(), scale=0.3), 20000
    x, model = make_block("gaussian", False), model_of(machine, covariance)
    seen, (noise, probabilities) = seen_by(machine, x), oracle.hermite(2, 5)
    energies = -oracle.log_weights(model, values_of(x), seen, noise)
    mean = energies @ probabilities
    error = np.sqrt((energies - mean[:, None]) ** 2 @ probabilities / (n / 2))
    (decoder, _), lower = model.decoder.maps[0], model.posterior(seen)[1]
    precision = np.eye(2) + decoder @ (decoder / model.variance).T
    wider = 0.5 * np.trace(precision @ lower @ lower.transpose(0, 2, 1), axis1=1, axis2=2)
    wider = wider * (SPREAD**2 - 1) - 2 * np.log(SPREAD)
    found = estimate(machine, x, n).free_energy
    assert (abs(found - mean) < 4 * error).all()
    assert (abs(wider) / 2 > 8 * error).any()


# What does not change estimates


def assert_same(one, other):
    for a, b in zip(_arrays(one), _arrays(other), strict=True):
        assert_array_equal(a, b)


def _arrays(found):
    return found.per_sample, found.variance, found.bias, found.free_energy


@with_and_without_gaps
@pytest.mark.parametrize("entries", [1, 20, 97])
def test_chunks_of_particles_change_nothing(entries, gaps, monkeypatch):
    machine, x = make_machine("gaussian", 2, "full", sees_gaps=gaps), make_block("gaussian", gaps)
    whole = estimate(machine, x, 31)
    monkeypatch.setattr(importance, "_PARTICLE_ENTRIES", entries)
    assert_same(estimate(machine, x, 31), whole)


@pytest.mark.parametrize("visible", VISIBLES)
def test_blocks_and_the_order_of_rows_change_nothing(visible):
    machine, rows = make_machine(visible, 2, "full"), make_rows(visible, 7)
    whole = estimate(machine, Block(rows), 20)
    part = estimate(machine, Block(rows[2:5]), 20, start=2)
    assert_same(part, whole.choose(np.arange(2, 5)))
    order = np.array([6, 0, 3, 5, 1, 2, 4])
    addresses = addresses_of(7)[order]
    assert_same(
        importance_estimate(machine, Block(rows[order]), KEY, addresses, 20), whole.choose(order)
    )


def test_rows_listed_and_whole_have_the_same_estimates():
    machine = make_machine("bernoulli", 2, "diag", sees_gaps=True)
    rows = make_rows("bernoulli", 4)
    found = [estimate(machine, with_gaps(rows, listed), 30).per_sample for listed in (False, True)]
    assert_allclose(found[0], found[1], rtol=1e-5)
    found = [estimate(machine, Block(kind(rows)), 30).per_sample for kind in (np.uint8, np.float32)]
    assert_allclose(found[0], found[1], rtol=1e-5)


def test_the_bound_of_rows_held_out_is_low_by_what_one_sample_misses():
    machine, rows = make_machine("bernoulli", 1), make_rows("bernoulli", 2000)
    model = model_of(machine)
    table = Table(rows, True, fill_values=FILL_VALUES)
    found = held_out_bound(machine, table, cases.SEED, 1, 1)
    bounds = oracle.bounds(model, np.float64(rows), np.float64(rows), 1, 20)
    assert found == pytest.approx(bounds.mean(), abs=0.06)


# Bounds from both sides


@pytest.mark.parametrize("n_samples", [1, 3, 10])
@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_log_p_lies_between_the_bounds_of_dreams(n_samples, covariance):
    """On average; 1 / p is estimated without a bias by the upper one, and p by the lower one."""
    machine, n = make_machine("bernoulli", 2, covariance, scale=1.0), 3000
    inputs = machine.encoder.maps[-1]
    # Where q has longer tails than p, 1 / p-hat has no variance.
    inputs.intercept[2:4] -= 1.2 if n_samples == 1 else 0.7
    inputs.weights[:, 2:] *= 0.5
    draws = Draws(_keys.key(cases.SEED, Purpose.DREAM), addresses_of(n))
    (x, z), _ = machine.dream(draws)
    values = Block(x), z
    lower, upper = importance_bounds(machine, values, cases.SEED, addresses_of(n), n_samples)
    states = exact.all_states(N_FEATURES)
    log_p = oracle.log_likelihood(model_of(machine, covariance), states, 0.15)
    log_p = log_p[cases.state_numbers(x)]
    cases.assert_frequencies(cases.state_numbers(x), np.exp(
        oracle.log_likelihood(model_of(machine, covariance), states, 0.15)))  # fmt: skip
    for low, high in ((lower, log_p), (log_p, upper)):
        gap = high - low
        assert gap.mean() > 2 * gap.std() / np.sqrt(n)
    ratio = np.exp(log_p - upper)
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / np.sqrt(n)
    if n_samples == 10:  # others have no particles of the prior, which bound their weights
        ratio = np.exp(lower - log_p)
        assert abs(ratio.mean() - 1) < 4 * ratio.std() / np.sqrt(n)


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_true_latents_take_the_place_of_particles_of_their_kind(covariance):
    machine, n = make_machine("bernoulli", 2, covariance, scale=1.0), 9
    x, z = make_block("bernoulli", False, 1), np.array([[0.9, -1.4]], np.float32)
    mean, lower = model_of(machine, covariance).posterior(seen_by(machine, x))
    own, wide = (
        np.exp(oracle.log_normal(np.float64(z)[None], mean, spread * lower)[0, 0])
        for spread in (1, SPREAD)
    )
    share = 4 * wide / (5 * own + 4 * wide)
    proposal = propose(machine, x, addresses_of(1), n)
    for uniform, place in ((share - 1e-4, 1), (share + 1e-4, 0)):
        assert proposal.likely_place((z,), np.array([uniform]))[0] == place
    log_q = np.full(1, 0.5)
    proposal.log_prob((z,), log_q)
    assert log_q[0] == pytest.approx(0.5 + np.log((5 * own + 4 * wide) / 9), rel=1e-5)
    assert propose(machine, x, addresses_of(1), 1).likely_place((z,), np.zeros(1))[0] == 0


def test_nothing_is_left_of_machines_that_are_scored():
    machine, x = make_machine("gaussian", 2, "full"), make_block("gaussian", True)
    before = [leaf.copy() for leaf in _tree.leaves(machine)]
    estimate(machine, x, 20)
    for one, other in zip(before, _tree.leaves(machine), strict=True):
        assert_array_equal(one, other)
