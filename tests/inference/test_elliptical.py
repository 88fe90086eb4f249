"""Elliptical slice sampling: its decisions, what it leaves invariant, and what it depends on."""

import math

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import ChainPosterior, Elliptical, Gibbs, sampler_of
from sklearn_helmholtz.inference import elliptical as elliptical_module
from sklearn_helmholtz.rows import Block, Lists
from tests import cases, naive
from tests.latent_grids import FAMILIES, dream, linear_posterior, make_net

KEY = _keys.key(cases.SEED, Purpose.SWEEP)
PATH = np.array([0.0, 0.3, 1.0, 1.0])
GAPS = np.array([0.0, 0.3, 0.5, 0.2])


def draws_of(n_rows, n_chains, first=0):
    return Draws(KEY, np.arange(7, 7 + n_rows, dtype=np.uint64) << np.uint64(30), n_chains, first)


def prior_states(n_chains, k, seed=0):
    return np.random.default_rng(seed).standard_normal((n_chains, k)).astype(np.float32)


# The decisions


def uniforms_of(address, number, n):
    """The numbers of a sweep, from philox itself, (n,)."""
    result = np.empty(n)
    for u in range(n):
        counter = (u // 64 * 16 + u % 16, number, address & naive.WORD, address >> 32)
        result[u] = (naive.philox4x32_10(counter, KEY)[u // 16 % 4] >> 8) * 2.0**-24
    return result


def naive_chain(log_visible, z, address, first, increments, betas):
    """The state and the log-weight in which a chain ends, and how close its closest decision was.

    log_visible : log p(x | z) of a state; first : the number of the first sweep.
    """
    z, k = np.asarray(z, np.float64), len(z)
    half = 64 * math.ceil(k / 64)
    log_weight, closest = 0.0, np.inf
    for number, (increment, beta) in enumerate(zip(increments, betas, strict=True), first):
        log_weight += increment * log_visible(z)
        numbers = uniforms_of(address, number, 2 * half + 64)
        angles = 2 * np.pi * numbers[half : half + k]
        nu = np.sqrt(-2 * np.log(numbers[:k])) * np.cos(angles)
        lowest = beta * log_visible(z) + np.log(numbers[2 * half])
        angle = 2 * np.pi * numbers[2 * half + 1]
        low, high = angle - 2 * np.pi, angle
        for uniform in numbers[2 * half + 2 :]:
            proposal = z * np.cos(angle) + nu * np.sin(angle)
            margin = beta * log_visible(proposal) - lowest
            closest = min(closest, abs(margin))
            if margin >= 0:
                z = proposal
                break
            low, high = (angle, high) if angle < 0 else (low, angle)
            angle = low + uniform * (high - low)
    return z, log_weight, closest


@pytest.mark.parametrize(
    ("family", "k", "n_missing"),
    [*((family, 2, 1) for family in FAMILIES), ("gaussian", 3, 0), ("bernoulli", 66, 0)],
)
def test_elliptical_moves_are_the_naive_ones(family, k, n_missing):
    net = make_net(family, k, scale=0.8)
    rows, n_chains = dream(net, 2, n_missing), 3
    draws, states = draws_of(2, n_chains, first=5), prior_states(2 * n_chains, k)
    start = states.copy()
    log_weights = Elliptical.of(net.machine).anneal(net.block(rows), states, draws, GAPS, PATH)
    assert (states != start).any(axis=1).all()
    for chain in range(2 * n_chains):
        row, number = divmod(chain, n_chains)
        twin, log_weight, closest = naive_chain(
            lambda z, row=rows[row]: float(net.log_visible(row, z[None])[0]), start[chain],
            int(draws.addresses[row]), (5 + number) * len(PATH), GAPS, PATH,
        )  # fmt: skip
        assert closest > 1e-4  # or rounding may decide
        assert_allclose(states[chain], twin, rtol=1e-4, atol=2e-5)
        assert log_weights[chain] == pytest.approx(log_weight, rel=1e-5, abs=1e-4)


def test_a_chain_stays_where_it_is_after_the_last_proposal():
    net = make_net("gaussian")
    net.machine.decoder.maps[-1].intercept[0] = np.nan  # nothing is accepted
    states = prior_states(4, 1)
    start = states.copy()
    x = net.block(np.zeros((2, 4)))
    Elliptical.of(net.machine).sweep(x, states, draws_of(2, 2), 3)
    assert_array_equal(states, start)


# The distributions


@pytest.mark.parametrize("n_missing", [0, 2])
def test_chains_of_a_linear_model_have_its_posterior(n_missing):
    net, n = make_net("gaussian", 3, hidden=(), scale=0.7), 2500
    rows = dream(net, 3, n_missing)
    sampler, draws = sampler_of(net.machine), draws_of(3, n)
    states = sampler.start(draws)
    sampler.sweep(net.block(rows), states, draws, 25)
    for row, z in zip(rows, states.reshape(3, n, 3), strict=True):
        mean, covariance = linear_posterior(net, row)
        whitened = np.linalg.solve(np.linalg.cholesky(covariance), (z - mean).T)
        assert_allclose(whitened.mean(axis=1), 0, atol=3.7 / np.sqrt(n))
        assert_allclose(np.cov(whitened), np.eye(3), atol=4 * np.sqrt(2 / n))
        for each in whitened:
            assert stats.kstest(each, "norm").pvalue > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_a_sweep_leaves_the_tempered_posterior_invariant(family, beta):
    net, n = make_net(family, scale=1.6, seed=3), 20_000
    row = dream(net, 1, 1, seed=3)[0]
    before = net.draw_posterior(row, n, np.random.default_rng(0), beta)
    after = before.copy()
    once = np.zeros(1), np.array([beta])
    Elliptical.of(net.machine).anneal(net.block(row[None]), after, draws_of(1, n), *once)
    assert (after != before).all()
    for states in (before, after):
        assert stats.kstest(states[:, 0], net.cdf(row, beta)).pvalue > 1e-3
    assert stats.kstest(after[:, 0], net.cdf(row, 0.75 * beta)).pvalue < 1e-6  # a sharp test


@pytest.mark.parametrize("family", FAMILIES)
def test_moves_are_their_own_reversal(family):
    """E f(z) g(z') = E g(z) f(z'), of exact draws z and their next states z'."""
    net, n, beta = make_net(family, scale=1.6, seed=3), 20_000, 0.6
    row = dream(net, 1, seed=4)[0]
    before = net.draw_posterior(row, n, np.random.default_rng(1), beta)
    after = before.copy()
    once = np.zeros(1), np.array([beta])
    Elliptical.of(net.machine).anneal(net.block(row[None]), after, draws_of(1, n), *once)
    z, w = before[:, 0].astype(float), after[:, 0].astype(float)
    for f in (np.square, np.exp, lambda x: x > np.median(z)):
        differences = f(z) * w - z * f(w)
        assert abs(differences.mean()) < 3.5 * differences.std() / np.sqrt(n)


def test_states_that_chains_go_through_have_the_means_of_a_linear_model():
    net = make_net("gaussian", 2, hidden=(), scale=0.7)
    rows = dream(net, 3, 1)
    found = ChainPosterior(net.machine, 40, 60)
    (means,) = found.hidden_means(net.block(rows), draws_of(3, 1).addresses)
    assert found.method == "elliptical"
    for row, mean in zip(rows, means, strict=True):
        expected, covariance = linear_posterior(net, row)
        # 80 chains of 30 counted sweeps, of which a few are worth one that is independent
        assert_allclose(mean, expected, atol=4 * np.sqrt(covariance.max() * 5 / 2400))
    with pytest.raises(ValueError, match="inference='elliptical' has no free energy"):
        found.free_energy(net.block(rows))


# What results depend on


@pytest.mark.parametrize("family", FAMILIES)
def test_no_bit_depends_on_how_chains_are_split_into_calls(family, monkeypatch):
    net, n_chains = make_net(family, 2), 6
    rows, start = dream(net, 5, 1), prior_states(30, 2)
    sampler = Elliptical.of(net.machine)

    def anneal(place, chains):
        """States and log-weights of some chains of some rows."""
        draws = Draws(KEY, draws_of(5, 1).addresses[place], len(chains), chains[0])
        states = np.ascontiguousarray(
            start.reshape(5, n_chains, 2)[place][:, chains].reshape(-1, 2)
        )
        log_weights = sampler.anneal(net.block(rows[place]), states, draws, GAPS, PATH)
        shape = len(rows[place]), len(chains)
        return states.reshape(*shape, 2), log_weights.reshape(shape)

    everything = np.arange(n_chains)
    whole = anneal(np.arange(5), everything)
    for size in (1, 7):
        monkeypatch.setattr(elliptical_module, "_CHAINS", size)
        for found, expected in zip(anneal(np.arange(5), everything), whole, strict=True):
            assert_array_equal(found, expected)
    order = np.array([3, 0, 4])
    for place, chains in ((order, everything), (np.arange(5), everything[2:5])):
        for found, expected in zip(anneal(place, chains), whole, strict=True):
            assert_array_equal(found, expected[place][:, chains])


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_lists_of_non_zero_entries_are_the_same_rows(family):
    net = make_net(family, 2)
    rows = dream(net, 4, 1)
    listed = Lists.from_csr(scipy.sparse.csr_array(rows.astype(np.float32)))
    ends = []
    for block in (net.block(rows), Block(listed, np.zeros(4, np.float32))):
        states, draws = prior_states(200, 2), draws_of(4, 50)
        log_weights = Elliptical.of(net.machine).anneal(block, states, draws, GAPS, PATH)
        ends.append((states, log_weights))
    (states, log_weights), (others, other_weights) = ends
    assert_allclose(states, others, rtol=1e-4, atol=1e-5)
    assert_allclose(log_weights, other_weights, rtol=1e-4, atol=1e-4)


def test_rows_of_lists_are_taken_by_number():
    dense = np.array([[0, 1.5, 0], [0, 0, 0], [np.nan, 2, 3], [4, 0, 0]], np.float32)
    lists = Lists.from_csr(scipy.sparse.csr_array(dense))
    for numbers in ([2, 0, 2, 1], [1], [], [3, 3]):
        taken = lists[np.array(numbers, np.int64)]
        assert taken.shape == (len(numbers), 3)
        assert taken.indptr.dtype == np.int64
        assert_array_equal(taken.toarray(), dense[np.array(numbers, np.int64)])


def test_sweeps_that_have_no_numbers_are_refused():
    net = make_net("bernoulli")
    x, states = net.block(np.zeros((1, 4))), prior_states(1, 1)
    with pytest.raises(ValueError, match=r"4096 chains of 1048577 sweeps each are more than"):
        Elliptical.of(net.machine).sweep(x, states, draws_of(1, 1, 4095), 2**20 + 1)


# Which sampler


def test_machines_have_the_sampler_that_knows_their_units():
    binary, latent = cases.make_case((4, 3), "binary")[0], make_net("bernoulli").machine
    assert isinstance(sampler_of(binary), Gibbs)
    assert isinstance(sampler_of(latent), Elliptical)
    with pytest.raises(ValueError, match=r"elliptical slice sampling, which hidden layer 1 does"):
        Elliptical.of(binary)
    with pytest.raises(ValueError, match=r"Gibbs sampling, which the layer of the data does not"):
        Gibbs.of(latent)
