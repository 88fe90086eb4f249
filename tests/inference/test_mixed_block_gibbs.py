"""Chains of both sides of Boltzmann machines of mixed columns, against enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import MixedBlockGibbs
from sklearn_helmholtz.rows import Block
from tests import cases
from tests.mixed_boltzmann_machines import LEVELS, WITH_A_REAL, Oracle, make_mixed_boltzmann

TABLES = pytest.mark.parametrize("levels", [LEVELS, WITH_A_REAL])
N = 4000


def draws_of(n_chains=N, n_rows=1):
    key = _keys.key(cases.SEED, Purpose.ANNEAL)
    return Draws(key, np.arange(n_rows, dtype=np.uint64), n_chains)


def tempered(machine, levels, beta):
    """The oracle of a member of the path: of real columns the energies of both ends are mixed."""
    n, base = machine.layout.n_bits, machine.base
    W, c, b = (np.float64(part) for part in (machine.weights, machine.hidden_intercept,
               machine.visible_intercept))  # fmt: skip
    s, t = machine.units.variance, np.float64(base.variances)
    variance = 1 / ((1 - beta) / t + beta / s)
    means = variance * ((1 - beta) * base.means / t + beta * b[n:] / s)
    W = W * beta
    W[n:] *= (variance / s)[:, None]
    bits = (1 - beta) * base.logits + beta * b[:n]
    return Oracle(levels, W, beta * c, np.concatenate([bits, means]), variance)


@TABLES
@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_sweeps_leave_every_member_of_the_path_invariant(levels, beta):
    machine = make_mixed_boltzmann(levels, 3)
    oracle, rng = tempered(machine, levels, beta), np.random.default_rng(0)
    p = np.exp(oracle.log_joint_table)
    start = oracle.entries(oracle.all[rng.choice(len(p), N, p=p.sum(axis=1))])
    visible = start.astype(machine.units.dtype)
    hidden = MixedBlockGibbs(machine).sweep(visible, draws_of(), 0, 2, beta)
    entries = oracle.entries(oracle.all)
    assert_allclose(visible.mean(axis=0), p.sum(axis=1) @ entries, atol=5 / np.sqrt(N))
    assert_allclose(
        visible.T.astype(float) @ hidden / N, entries.T @ p @ oracle.h, atol=5 / np.sqrt(N)
    )
    products = entries.T @ (p.sum(axis=1)[:, None] * entries)
    assert_allclose(visible.T.astype(float) @ visible / N, products, atol=8 / np.sqrt(N))
    assert (np.abs(visible - start).max(axis=1) > 0).mean() > 0.5


@TABLES
def test_what_is_observed_stays_and_the_rest_follows_it(levels):
    machine = make_mixed_boltzmann(levels, 3)
    oracle = Oracle.of(machine, levels)
    row = oracle.all[len(oracle.all) // 3].copy()
    row[[0, 2]] = np.nan
    entries = oracle.entries(np.nan_to_num(row)[None])
    entries[:, np.isin(machine.layout.code_columns, [0, 2])] = np.nan
    chains = MixedBlockGibbs(machine)
    clamped = chains.clamp(Block(entries.astype(np.float32), machine.layout.code_means))
    visible = chains.start(draws_of(), clamped)
    log_weights = chains.anneal(visible, draws_of(), np.linspace(0, 1, 21), 0, clamped)
    chains.sweep(visible, draws_of(), 20, 5, clamped=clamped)
    seen = ~np.isnan(entries[0])
    assert_array_equal(visible[:, seen], 0)
    assert_array_equal(clamped.complete(visible)[:, seen], np.tile(entries[0, seen], (N, 1)))
    assert_allclose(clamped.complete(visible).mean(axis=0), oracle.expected(row)[0], atol=0.06)
    weights = np.exp(log_weights + chains.log_base(clamped)[0])
    known = machine.log_energy(entries)[0] + oracle.log_partition
    truth = np.exp(oracle.log_prob(row) + known - 2 * machine.log_energy(entries)[0])
    assert abs(weights.mean() - truth) < 4 * weights.std() / np.sqrt(N)
    mean = chains.means(visible, np.zeros((N, 3), np.uint8), clamped)
    assert mean.shape == (N, sum(machine.n_units))


@TABLES
def test_paths_tell_the_weights_and_calls_may_be_split(levels):
    machine = make_mixed_boltzmann(levels, 3)
    chains, betas = MixedBlockGibbs(machine), np.linspace(0, 1, 7)
    one, two = (chains.start(draws_of(5)) for _ in range(2))
    before = chains.log_path(one, 0.0), chains.log_path(one, 0.25)
    first = chains.anneal(one.copy(), draws_of(5), np.array([0, 0.25]))
    assert_allclose(first, before[1] - before[0], atol=1e-4)
    whole = chains.anneal(one, draws_of(5), betas)
    parts = chains.anneal(two, draws_of(5), betas[:4])
    parts += chains.anneal(two, draws_of(5), betas[3:], 3)
    assert_array_equal(one, two)
    assert_allclose(whole, parts)
    apart = chains.start(draws_of(5))
    for chain in range(5):
        own = Draws(draws_of().key, np.zeros(1, np.uint64), 1, chain)
        chains.anneal(apart[chain : chain + 1], own, betas)
    assert_array_equal(one, apart)
