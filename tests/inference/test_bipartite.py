"""Enumeration of one side of a Boltzmann machine against enumeration of both."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from sklearn_helmholtz.inference import Bipartite, EnumeratedSides, log_totals_of_rows
from sklearn_helmholtz.machines import assemble_boltzmann
from sklearn_helmholtz.rows import Block
from tests import cases
from tests.boltzmann_machines import (
    joint_given,
    log_joint_table,
    log_partition,
    make_boltzmann,
    moments,
    states,
)

SIZES = [(6, 5), (8, 6), (6, 8), (5, 5), (1, 1), (1, 4), (4, 1)]
N_DRAWS = 40_000


def gappy(pattern, row):
    return np.where(pattern, np.nan, row).astype(np.float32)


def block_of(rows):
    rows = np.atleast_2d(rows)
    return Block(np.ascontiguousarray(rows, np.float32), np.full(rows.shape[1], 0.5, np.float32))


def doubles(machine):
    arrays = machine.weights, machine.hidden_intercept, machine.visible_intercept
    return tuple(np.asarray(array, float) for array in arrays)


def patterns(n):
    return states(n).astype(bool)


@pytest.mark.parametrize("sizes", SIZES)
def test_the_partition_function_is_the_sum_over_both_sides(sizes):
    machine = make_boltzmann(*sizes, scale=2.0)
    assert_allclose(Bipartite.of(machine).log_partition(), log_partition(machine), atol=1e-10)


def test_the_states_of_the_smaller_side_are_enumerated():
    assert Bipartite.of(make_boltzmann(8, 6)).n_states == 2**6
    assert Bipartite.of(make_boltzmann(6, 8)).n_states == 2**6


def test_partition_functions_of_several_chunks_are_exact_on_any_number_of_threads():
    machine = make_boltzmann(14, 16)
    W, c, b = doubles(machine)
    v = states(14)
    found = [Bipartite.of(machine).log_partition(n) for n in (1, 2)]
    expected = logsumexp(v @ b + np.logaddexp(0, c + v @ W).sum(axis=1))
    assert_allclose(found[0], expected, atol=1e-10)
    assert found[0] == found[1]


def test_terms_of_all_states_are_marginal():
    machine = make_boltzmann(5, 14)
    terms = Bipartite.of(machine).log_terms()
    found = terms.reshape([2] * 5).transpose().ravel()  # the first unit varies slowest in states()
    assert_allclose(found, logsumexp(log_joint_table(machine), axis=1), atol=1e-10)


@pytest.mark.parametrize("sizes", [(6, 5), (8, 6), (6, 8)])
def test_sums_over_all_patterns_of_gaps_are_exact(sizes):
    machine, n = make_boltzmann(*sizes), sizes[0]
    missing = patterns(n)
    values = np.random.default_rng(0).integers(0, 2, missing.shape)
    W, c, b = doubles(machine)
    seen = np.where(missing, 0, values)
    found = log_totals_of_rows(machine, c + seen @ W, missing) + seen @ b
    table, all_v = log_joint_table(machine), states(n)
    for row, own, total in zip(missing, values, found, strict=True):
        fits = (all_v[:, ~row] == own[~row]).all(axis=1)
        assert_allclose(total, logsumexp(table[fits]), atol=1e-10)


@pytest.mark.parametrize("sizes", [(6, 5), (8, 6), (6, 8)])
def test_means_given_any_pattern_of_gaps_are_exact(sizes):
    machine, n = make_boltzmann(*sizes), sizes[0]
    missing = patterns(n)
    rows = gappy(missing, np.random.default_rng(1).integers(0, 2, missing.shape))
    visible, hidden = EnumeratedSides(machine).means(block_of(rows))
    for row, v, h in zip(rows, visible, hidden, strict=True):
        _, expected_v, expected_h = moments(machine, joint_given(machine, row))
        assert_allclose(v, expected_v, atol=1e-10)
        assert_allclose(h, expected_h, atol=1e-10)


def numbers_of(v, h):
    both = np.concatenate([v, h], axis=1).astype(int)
    return both @ (1 << np.arange(both.shape[1])[::-1])


@pytest.mark.parametrize("sizes", [(4, 3), (3, 4)])
@pytest.mark.parametrize("n_seen", [0, 1, 2])
def test_draws_given_what_is_observed_follow_their_distribution(sizes, n_seen):
    machine, row = make_boltzmann(*sizes), np.full(sizes[0], np.nan)
    row[:n_seen] = [1, 0][:n_seen]
    addresses = np.array([3, 5], np.uint64)
    sides = EnumeratedSides(machine, cases.SEED)
    v, h = sides.sample(block_of([row, row]), addresses, N_DRAWS // 2)
    assert v.dtype == h.dtype == np.uint8
    cases.assert_frequencies(numbers_of(v, h), joint_given(machine, row).ravel())


@pytest.mark.parametrize("sizes", [(4, 3), (3, 4), (3, 3)])
def test_draws_of_the_machine_follow_its_distribution(sizes):
    machine = make_boltzmann(*sizes)
    v, h = EnumeratedSides(machine, cases.SEED).imagine(np.arange(N_DRAWS, dtype=np.uint64))
    table = log_joint_table(machine)
    cases.assert_frequencies(numbers_of(v, h), np.exp(table - logsumexp(table)).ravel())


def test_draws_keep_what_is_observed_and_go_with_their_rows():
    machine = make_boltzmann(6, 5)
    rows = np.array([[1, 0, 0.25, np.nan, 1, 0], [np.nan, 1, 0, 0, np.nan, 1], [0, 0, 1, 1, 0, 1]])
    addresses, sides = np.array([4, 9, 2], np.uint64), EnumeratedSides(machine, cases.SEED)
    v, h = sides.sample(block_of(rows), addresses, 7)
    repeated = np.repeat(rows, 7, axis=0)
    assert_array_equal(v[~np.isnan(repeated)], repeated[~np.isnan(repeated)].astype(np.float32))
    order = np.array([2, 0, 1])
    again = sides.sample(block_of(rows[order]), addresses[order], 7)
    for one, other in zip((v, h), again, strict=True):
        assert_array_equal(one.reshape(3, 7, -1)[order], other.reshape(3, 7, -1))


def test_draws_of_the_other_side_are_apart_from_those_of_sweeps():
    # Both are under one key; layers tell them apart.
    from sklearn_helmholtz.inference import block_gibbs, enumerated_sides

    assert enumerated_sides._OTHER_SIDE not in (
        block_gibbs._VISIBLE, block_gibbs._HIDDEN, block_gibbs._START,
    )  # fmt: skip


def test_twenty_units_are_summed_over_without_a_table_of_both_sides():
    rng = np.random.default_rng(0)
    # Independent hidden units: the sum is known.
    biases = rng.normal(size=20)
    machine = assemble_boltzmann(np.zeros((30, 20)), biases, np.zeros(30), np.zeros(30))
    expected = 30 * np.log(2) + np.logaddexp(0, biases.astype(np.float32).astype(float)).sum()
    assert_allclose(Bipartite.of(machine).log_partition(2), expected, rtol=1e-13)
