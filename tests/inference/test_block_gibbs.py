"""Chains of both sides of a Boltzmann machine against enumeration, at any inverse temperature."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import AnnealedSides, BlockGibbs
from sklearn_helmholtz.inference import block_gibbs as block_gibbs_module
from sklearn_helmholtz.machines import assemble_boltzmann
from tests import cases
from tests.boltzmann_machines import joint_given, log_partition, make_boltzmann, moments, states
from tests.inference.test_bipartite import block_of, numbers_of

KEY = _keys.key(cases.SEED, Purpose.CHAINS)
N = 8000


def draws_of(n_rows, n_particles=1, first=0):
    return Draws(KEY, np.arange(n_rows, dtype=np.uint64) + 11, n_particles, first)


def tempered(machine, beta):
    """The machine whose distribution is that of a member of the path, beta times its inputs."""
    a, b = machine.base.logits, machine.visible_intercept
    return assemble_boltzmann(
        beta * machine.weights, beta * machine.hidden_intercept, a + beta * (b - a), a
    )


@pytest.mark.parametrize("beta", [0, 0.3, 1])
def test_exact_states_stay_exact_under_a_sweep(beta):
    machine = make_boltzmann(4, 3, scale=1.5)
    joint = joint_given(tempered(machine, beta), np.full(4, np.nan))
    rng = np.random.default_rng(0)
    visible = states(4).astype(np.uint8)[rng.choice(16, N, p=joint.sum(axis=1))]
    hidden = BlockGibbs(machine).sweep(visible, draws_of(1, N), 0, 1, beta)
    cases.assert_frequencies(numbers_of(visible, hidden), joint.ravel())


@pytest.mark.parametrize("beta", [0, 0.3, 1])
def test_chains_forget_where_they_began(beta):
    machine = make_boltzmann(4, 3)
    visible = np.ones((N, 4), np.uint8)
    hidden = BlockGibbs(machine).sweep(visible, draws_of(4, N // 4), 0, 40, beta)
    joint = joint_given(tempered(machine, beta), np.full(4, np.nan))
    cases.assert_frequencies(numbers_of(visible, hidden), joint.ravel())


@pytest.mark.parametrize("beta", [0, 0.3, 1])
def test_a_sweep_is_its_own_reversal(beta):
    machine = make_boltzmann(3, 4, scale=1.5)
    p = joint_given(tempered(machine, beta), np.full(3, np.nan)).sum(axis=1)
    visible = states(3).astype(np.uint8)[np.random.default_rng(1).choice(8, 4 * N, p=p)]
    # As many particles as there are numbers for.
    before = visible.copy()
    BlockGibbs(machine).sweep(visible, draws_of(4, N), 0, 1, beta)
    pairs = np.zeros((8, 8))
    np.add.at(pairs, (numbers_of(before, before[:, :0]), numbers_of(visible, visible[:, :0])), 1)
    difference, total = pairs - pairs.T, pairs + pairs.T
    upper = np.triu_indices(8, 1)
    assert (np.abs(difference[upper]) <= 4 * np.sqrt(total[upper]) + 1).all()


@pytest.mark.parametrize("beta", [0.3, 1])
def test_clamped_cells_stay_and_the_others_follow_their_distribution(beta):
    machine, row = make_boltzmann(5, 3), np.array([1, np.nan, 0, np.nan, np.nan])
    gibbs = BlockGibbs(machine)
    clamped, draws = gibbs.clamp(block_of([row, row])), draws_of(2, N // 2)
    visible = gibbs.start(draws, clamped)
    assert not visible[:, [0, 2]].any()
    # The tempered machine sees beta times all inputs, those of what is observed too.
    hidden = gibbs.sweep(visible, draws, 0, 40, beta, clamped)
    completed = clamped.complete(visible)
    assert (completed[:, [0, 2]] == [1, 0]).all()
    assert completed.dtype == np.uint8
    joint = joint_given(tempered(machine, beta), row)
    cases.assert_frequencies(numbers_of(completed, hidden), joint.ravel())


def test_observed_fractions_are_clamped_as_expectations():
    machine, row = make_boltzmann(3, 2), np.array([0.25, np.nan, np.nan])
    gibbs = BlockGibbs(machine)
    clamped, draws = gibbs.clamp(block_of(row)), draws_of(1, N)
    visible = gibbs.start(draws, clamped)
    gibbs.sweep(visible, draws, 0, 30, clamped=clamped)
    completed = clamped.complete(visible)
    assert completed.dtype == np.float32
    assert (completed[:, 0] == 0.25).all()
    moved = assemble_boltzmann(
        machine.weights[1:], machine.hidden_intercept + 0.25 * machine.weights[0],
        machine.visible_intercept[1:], machine.base.logits[1:],
    )  # fmt: skip
    p = joint_given(moved, np.full(2, np.nan)).sum(axis=1)
    cases.assert_frequencies(numbers_of(visible[:, 1:], visible[:, :0]), p)


def test_chains_begin_in_the_base():
    machine = make_boltzmann(3, 2)
    visible = BlockGibbs(machine).start(draws_of(1, N))
    p = 1 / (1 + np.exp(-machine.base.logits.astype(float)))
    v = states(3)
    cases.assert_frequencies(
        numbers_of(visible, visible[:, :0]), np.prod(np.where(v == 1, p, 1 - p), axis=1)
    )


def log_totals(row, machine):
    """The log of the sum over all completions of a row and h, without its observed biases."""
    seen = ~np.isnan(row)
    v = states(len(row))
    fits = (v[:, seen] == row[seen]).all(axis=1)
    p = logsumexp(np.log(joint_given(machine, np.full(len(row), np.nan)).sum(axis=1))[fits])
    return p + log_partition(machine) - machine.visible_intercept[seen].astype(float) @ row[seen]


ROWS = [[np.nan] * 5, [1, np.nan, 0, np.nan, np.nan], [np.nan, 1, np.nan, 1, 1], [1, 0, 0, 1, 0]]


@pytest.mark.parametrize("row", ROWS)
def test_weights_of_annealing_are_unbiased(row):
    machine, row = make_boltzmann(5, 4, scale=1.2), np.array(row)
    gibbs = BlockGibbs(machine)
    clamped, draws = gibbs.clamp(block_of(row)), draws_of(1, N)
    visible = gibbs.start(draws, clamped)
    log_w = gibbs.anneal(visible, draws, np.linspace(0, 1, 6), 0, clamped)
    ratios = np.exp(log_w + gibbs.log_base(clamped) - log_totals(row, machine))
    error = ratios.std() / np.sqrt(N)
    assert abs(ratios.mean() - 1) < 4 * error + 1e-6
    if np.isnan(row).any():
        assert error > 1e-4  # there is something to be unbiased about


@pytest.mark.parametrize("row", ROWS[:3])
def test_weights_of_the_way_back_are_unbiased(row):
    machine, row = make_boltzmann(5, 4, scale=1.2), np.array(row)
    gibbs = BlockGibbs(machine)
    clamped, draws = gibbs.clamp(block_of(row)), draws_of(1, N)
    p = joint_given(machine, row).sum(axis=1)
    visible = states(5).astype(np.uint8)[np.random.default_rng(0).choice(32, N, p=p)]
    visible *= clamped.free
    log_w = gibbs.anneal(visible, draws, np.linspace(1, 0, 6), 0, clamped)
    ratios = np.exp(log_w - gibbs.log_base(clamped) + log_totals(row, machine))
    assert abs(ratios.mean() - 1) < 4 * ratios.std() / np.sqrt(N)


def test_sweeps_go_on_where_a_call_left_off(monkeypatch):
    machine = make_boltzmann(6, 5)
    gibbs, draws = BlockGibbs(machine), draws_of(3, 4)
    betas = np.linspace(0, 1, 21)
    whole = gibbs.start(draws)
    weights = gibbs.anneal(whole, draws, betas)
    parts = gibbs.start(draws)
    first = gibbs.anneal(parts, draws, betas[:8])
    second = gibbs.anneal(parts, draws, betas[7:], first_sweep=7)
    assert_array_equal(parts, whole)
    assert_allclose(first + second, weights, rtol=1e-12)
    monkeypatch.setattr(block_gibbs_module, "_PIECE_WORK", 1)
    pieces = gibbs.start(draws)
    assert_allclose(gibbs.anneal(pieces, draws, betas), weights, rtol=1e-12)
    assert_array_equal(pieces, whole)


def test_particles_have_numbers_of_their_own_whichever_call_moves_them():
    machine = make_boltzmann(6, 5)
    gibbs, betas = BlockGibbs(machine), np.linspace(0, 1, 11)
    draws = draws_of(2, 6)
    whole = gibbs.start(draws)
    weights = gibbs.anneal(whole, draws, betas).reshape(2, 6)
    for first, n in ((0, 2), (2, 4)):
        draws = draws_of(2, n, first)
        part = gibbs.start(draws)
        own = gibbs.anneal(part, draws, betas).reshape(2, n)
        assert_array_equal(own, weights[:, first : first + n])
        assert_array_equal(part.reshape(2, n, -1), whole.reshape(2, 6, -1)[:, first : first + n])
    assert len(np.unique(weights)) == 12


def test_more_chains_or_sweeps_than_there_are_numbers_are_refused():
    gibbs = BlockGibbs(make_boltzmann(2, 2))
    with pytest.raises(ValueError, match="16385 chains of 0 sweeps are more than the 16384 chains"):
        gibbs.start(draws_of(1, 2**14 + 1))
    visible = gibbs.start(draws_of(1))
    with pytest.raises(ValueError, match="1 chains of 262145 sweeps"):
        gibbs.sweep(visible, draws_of(1), 2**18, 1)


def test_chains_and_sweeps_have_32_bits_together():
    chains, sweeps = block_gibbs_module.MOST_CHAINS, block_gibbs_module.MOST_SWEEPS
    corners = {
        chain << block_gibbs_module._SWEEP_BITS | sweep
        for chain in (0, 1, chains - 1)
        for sweep in (0, 1, sweeps - 1)
    }
    assert len(corners) == 9
    assert max(corners) == 2**32 - 1


# Answers by annealed chains


def test_annealed_means_are_near_the_exact_ones():
    machine = make_boltzmann(6, 5, scale=0.7)
    rows = np.array([[1, np.nan, 0, np.nan, np.nan, 0.0], [np.nan] * 6, [1, 1, 0, 0, 1, 0]])
    sides = AnnealedSides(machine, cases.SEED, n_chains=200, n_temperatures=50, n_sweeps=50)
    visible, hidden = sides.means(block_of(rows), np.arange(3, dtype=np.uint64))
    for row, v, h in zip(rows, visible, hidden, strict=True):
        _, expected_v, expected_h = moments(machine, joint_given(machine, row))
        assert_allclose(v, expected_v, atol=0.02)
        assert_allclose(h, expected_h, atol=0.02)


def test_annealed_draws_follow_the_distribution():
    machine, row = make_boltzmann(4, 3), np.array([1, np.nan, np.nan, np.nan])
    sides = AnnealedSides(machine, cases.SEED, n_temperatures=20, n_sweeps=20)
    v, h = sides.sample(block_of([row] * 4), np.arange(4, dtype=np.uint64), N // 4)
    cases.assert_frequencies(numbers_of(v, h), joint_given(machine, row).ravel())
    v, h = sides.imagine(np.arange(80, dtype=np.uint64), N // 80)
    cases.assert_frequencies(numbers_of(v, h), joint_given(machine, np.full(4, np.nan)).ravel())


def two_modes(log_odds):
    """All eight units are on or all are off, and no sweep leads from one to the other."""
    return assemble_boltzmann(
        np.full((8, 1), 20.0), np.array([log_odds - 80]), np.full(8, -10.0), np.zeros(8)
    )


def test_draws_count_by_the_weights_of_their_chains():
    # Chains choose a mode where the temperature is high, and both are about as likely.
    machine = two_modes(-np.log(9))
    sides = AnnealedSides(machine, cases.SEED, n_chains=100, n_temperatures=100, n_sweeps=1)
    addresses = np.arange(40, dtype=np.uint64)
    v, h = sides.imagine(addresses, 5)
    assert set(v.sum(axis=1).tolist()) == {0, 8}
    assert_array_equal(h[:, 0], v[:, 0])
    assert abs(v.mean() - 0.1) < 0.05
    expected, hidden = sides.means(block_of(np.full((40, 8), np.nan)), addresses)
    assert abs(expected.mean() - 0.1) < 0.02
    assert abs(hidden.mean() - 0.1) < 0.02
