"""Boltzmann machines of mixed columns against enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz import _tree
from sklearn_helmholtz.machines import initialise_mixed_boltzmann
from sklearn_helmholtz.rows import Block
from tests.mixed_boltzmann_machines import (
    LEVELS,
    WITH_A_REAL,
    Oracle,
    gappy_rows,
    make_mixed_boltzmann,
)

TABLES = pytest.mark.parametrize("levels", [LEVELS, WITH_A_REAL])


@TABLES
def test_log_unnormalized_sums_out_the_hidden_side(levels):
    machine = make_mixed_boltzmann(levels, 3)
    oracle = Oracle.of(machine, levels)
    rows = oracle.all[::7]
    values = oracle.entries(rows).astype(machine.units.dtype)
    found = machine.log_unnormalized(Block(values), machine.hidden_eta(values))
    assert_allclose(found, np.logaddexp.reduce(oracle.table(rows), axis=1), atol=1e-4)


@TABLES
def test_either_side_given_the_other_is_that_of_the_joint(levels):
    machine = make_mixed_boltzmann(levels, 3)
    oracle = Oracle.of(machine, levels)
    p = np.exp(oracle.log_joint_table)
    entries = oracle.entries(oracle.all)
    given_hidden = p.T @ entries / p.sum(axis=0)[:, None]
    states = oracle.h.astype(np.uint8)
    assert_allclose(machine.units.mean(machine.visible_eta(states)), given_hidden, atol=1e-4)
    given_visible = p @ oracle.h / p.sum(axis=1, keepdims=True)
    eta = machine.hidden_eta(entries.astype(machine.units.dtype))
    assert_allclose(machine.hidden_units.mean(eta), given_visible, atol=1e-4)
    assert_allclose(eta, machine.hidden_doubles(entries), atol=1e-4)


@TABLES
def test_the_gauge_changes_no_probability(levels):
    machine = make_mixed_boltzmann(levels, 3)
    fixed = machine.in_gauge()
    rows = gappy_rows(Oracle.of(machine, levels))[1:]
    pairs = [
        [oracle.log_prob(row) for row in rows]
        for oracle in (Oracle.of(machine, levels), Oracle.of(fixed, levels))
    ]
    assert_allclose(*pairs, atol=1e-5)
    again = fixed.in_gauge()
    for one, other in zip(_tree.leaves(fixed), _tree.leaves(again), strict=True):
        assert_allclose(one, other, atol=1e-6)


def test_parameters_are_counted_without_the_gauge_and_at_most_those_of_a_table():
    assert make_mixed_boltzmann(LEVELS, 2).n_parameters == 7 * 3 + 2
    assert make_mixed_boltzmann(LEVELS, 9).n_parameters == 3 * 2 * 4 * 2 - 1
    assert make_mixed_boltzmann(WITH_A_REAL, 2).n_parameters == 7 * 3 + 2 + 1
    assert _tree.pack(make_mixed_boltzmann(LEVELS, 2)).counts == (9 * 2, 0)


def test_what_is_missing_is_worth_its_configurations():
    machine = make_mixed_boltzmann(WITH_A_REAL, 2)
    entries = np.zeros((3, 9), np.float32)
    entries[0, [1, 2, 3]] = entries[1, 8] = np.nan
    x = Block(entries, machine.layout.code_means)
    assert_allclose(machine.gap_sizes_of(x), [np.log2(3), np.inf, 0])
    assert_allclose(machine.n_to_sum_out(machine.gap_sizes_of(x)), [np.log2(3), 2, 0])


@TABLES
def test_machines_begin_at_the_columns_alone(levels):
    made = make_mixed_boltzmann(levels, 2)
    intercept = made.layout.intercept
    machine = initialise_mixed_boltzmann(50, made.units, intercept, np.random.default_rng(0))
    eta = machine.visible_eta(np.zeros((1, 50), np.uint8))
    shares = made.layout.code_means
    assert_allclose(machine.units.mean(eta)[0], shares, atol=0.01)
    assert_allclose(machine.in_gauge().visible_intercept, machine.visible_intercept, atol=1e-6)
    assert 0.007 < machine.weights.std() < 0.011
