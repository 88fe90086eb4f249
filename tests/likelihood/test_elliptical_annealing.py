"""Annealing of Gaussian latents: log p(x) from below and from above, against normals and grids."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.special import logsumexp

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import Elliptical
from sklearn_helmholtz.likelihood import annealed_bounds
from sklearn_helmholtz.likelihood.annealing import (
    annealed_estimate,
    annealed_log_weights,
    inverse_temperatures,
    reversed_log_weights,
)
from sklearn_helmholtz.models import BeliefNetModel, Encoding
from sklearn_helmholtz.rows import Scaling
from sklearn_helmholtz.units import Gaussian
from tests import cases
from tests.latent_grids import FAMILIES, dream, linear_normal, log_density, make_net
from tests.likelihood.test_annealing import KEY, relative_means


def draws_of(n_rows, n):
    return Draws(KEY, np.arange(3, 3 + n_rows, dtype=np.uint64) << np.uint64(30), n)


@pytest.mark.parametrize("n_missing", [0, 2])
@pytest.mark.parametrize("family", FAMILIES)
def test_weights_of_latents_are_unbiased_for_p(family, n_missing):
    net = make_net(family, 2, scale=0.8, seed=1)
    rows = dream(net, 3, n_missing)
    log_p = np.array([net.log_p(row) for row in rows])
    log_weights = annealed_log_weights(
        Elliptical.of(net.machine), net.block(rows), draws_of(3, 4000), inverse_temperatures(4)
    )
    z, errors = relative_means(log_weights, log_p)
    assert abs(z).max() < 3.5
    assert 0.001 < errors.max() < 0.1


@pytest.mark.parametrize("n_missing", [0, 2])
@pytest.mark.parametrize("family", FAMILIES)
def test_reversed_weights_of_latents_are_unbiased_for_one_over_p(family, n_missing):
    net, rng, n = make_net(family, scale=0.6, seed=1), np.random.default_rng(0), 6000
    rows = dream(net, 3, n_missing)
    log_p = np.array([net.log_p(row) for row in rows])
    states = np.concatenate([net.draw_posterior(row, n, rng) for row in rows])
    log_weights = reversed_log_weights(
        Elliptical.of(net.machine), net.block(rows), states, draws_of(3, n),
        inverse_temperatures(4),
    )  # fmt: skip
    z, errors = relative_means(-log_weights, -log_p)
    assert abs(z).max() < 3.5
    assert 0.001 < errors.max() < 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_bounds_of_dreams_lie_on_both_sides_and_close_in(family):
    net, n_rows = make_net(family, scale=1.0, seed=2), 400
    addresses = np.arange(n_rows, dtype=np.uint64)
    values = net.machine.dream(Draws(_keys.key(cases.SEED, Purpose.SAMPLE), addresses))[0]
    block = net.block(values[0].values if family == "mixed" else values[0])
    log_p = np.array([net.log_p(row) for row in block.todoubles()])
    gaps = []
    for n in (2, 8):
        lower, upper = annealed_bounds(
            Elliptical.of(net.machine), (block, *values[1:]), cases.SEED, addresses, 2, n
        )
        for difference in (log_p - lower, upper - log_p):
            error = difference.std() / np.sqrt(n_rows)
            assert difference.mean() > -3 * error
        gaps.append((upper - lower).mean())
    assert gaps[0] > 0.02
    assert gaps[1] < 0.8 * gaps[0]


def scaled_model(net):
    """A model of the machine in other units of measurement, and its normal in these."""
    centre, scale = np.array([1.0, -2.0, 0.0, 5.0]), np.array([2.0, 0.5, 1.0, 3.0])
    encoding = Encoding(Gaussian, Scaling(centre, scale), np.zeros(4, np.float32))
    own = linear_normal(net)
    normal = stats.multivariate_normal(centre + scale * own.mean, own.cov * np.outer(scale, scale))
    return BeliefNetModel(encoding, net.machine), centre, scale, normal


@pytest.mark.parametrize("n_missing", [0, 2])
def test_annealed_estimates_of_a_linear_model_are_those_of_its_normal(n_missing):
    net = make_net("gaussian", 2, hidden=(), scale=0.8, seed=3)
    model, centre, scale, normal = scaled_model(net)
    data = centre + scale * dream(net, 25, n_missing)
    truth = np.array([log_density(normal, row) for row in data])
    found, keys, method = model.estimate(model.table(data), "annealed", 60, 60, None, 1)
    assert method == "annealed"
    assert found.bound == "lower"
    error = np.sqrt(found.variance)
    assert 0.005 < error.max() < 0.4
    assert (abs(found.per_sample - truth) < 4 * error + abs(found.bias)).all()
    summary = found.summary(keys)
    difference = summary["mean"] - truth.mean()
    assert abs(difference) < 3 * summary["monte_carlo_error"] + abs(summary["bias"])


def test_bounds_of_a_model_enclose_its_entropy_in_the_units_of_the_user():
    net = make_net("gaussian", 2, hidden=(), scale=0.8, seed=3)
    model, *_, normal = scaled_model(net)
    lower, upper, method = model.bounds(400, "annealed", 4, 60, np.random.RandomState(0), 1)
    assert method == "annealed"
    error = np.sqrt(4 / 2 / 400)  # of log p of 400 rows of a normal of 4 dimensions
    assert lower.mean() < -normal.entropy() + 3 * error
    assert upper.mean() > -normal.entropy() - 3 * error
    assert 0 < (upper - lower).mean() < 0.3


def test_a_high_density_of_latents_refutes_nothing():
    net = make_net("gaussian", 2, hidden=(), scale=2.0, seed=3)
    net.units.log_excess[...] = -5
    rows = dream(net, 4)
    x, sampler, addresses = net.block(rows), Elliptical.of(net.machine), draws_of(4, 1).addresses
    found = annealed_estimate(sampler, x, KEY, addresses, 40, 200)
    normal = linear_normal(net)
    truth = np.array([log_density(normal, row) for row in rows])
    states = sampler.start(draws_of(4, 40))
    sampler.sweep(x, states, draws_of(4, 40), 60)
    log_joint = np.add(*net.machine.log_parts((x, states))).reshape(4, -1).max(axis=1)
    assert (log_joint > truth + 1).all()  # each would refute even the truth
    assert (found.effective_sample_size > 1.5).all()
    assert not np.isinf(found.pareto_k).any()
    assert (abs(found.per_sample - truth) < 1).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_no_bit_of_an_estimate_depends_on_threads_or_on_other_rows(family):
    net = make_net(family, 2)
    data, order = dream(net, 70, 1), np.random.default_rng(0).permutation(70)

    def estimate(rows, n_threads):
        table = net.model.table(rows)
        return net.model.estimate(table, "annealed", 100, 4, None, n_threads)[0].per_sample

    whole = estimate(data, 1)
    assert_array_equal(estimate(data, 2), whole)
    assert_array_equal(estimate(data[order], 2), whole[order])
    assert_array_equal(estimate(data[5:6], 1), whole[5:6])


def test_one_chain_is_its_own_estimate():
    net = make_net("poisson", 1)
    x = net.block(dream(net, 3))
    addresses = draws_of(3, 1).addresses
    log_weights = annealed_log_weights(
        Elliptical.of(net.machine), x, draws_of(3, 5), inverse_temperatures(6)
    )
    found = annealed_estimate(Elliptical.of(net.machine), x, KEY, addresses, 5, 6)
    expected = logsumexp(log_weights, axis=1) - np.log(5)
    assert_allclose(found.per_sample, expected, rtol=1e-12)
