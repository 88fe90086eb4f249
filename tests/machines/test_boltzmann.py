"""Restricted Boltzmann machines against enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, logsumexp

from sklearn_helmholtz import _tree
from sklearn_helmholtz.machines import assemble_boltzmann, initialise_boltzmann
from sklearn_helmholtz.rows import Block, Lists
from tests.boltzmann_machines import (
    joint_given,
    log_joint_table,
    make_boltzmann,
    moments,
    states,
)


@pytest.mark.parametrize("form", ["binary", "real", "listed"])
@pytest.mark.parametrize("sizes", [(6, 5), (1, 3), (7, 1)])
def test_log_unnormalized_sums_out_the_hidden_side(sizes, form):
    machine, v = make_boltzmann(*sizes), states(sizes[0])
    values = v.astype(np.uint8 if form == "binary" else np.float32)
    values = Lists.from_dense(values) if form == "listed" else values
    found = machine.log_unnormalized(Block(values), machine.hidden_eta(values))
    assert_allclose(found, logsumexp(log_joint_table(machine), axis=1), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_inputs_of_both_sides_are_log_odds(dtype):
    machine = make_boltzmann()
    v, h = (states(n) for n in machine.n_units)
    table = np.exp(log_joint_table(machine))
    of_hidden = table @ h / table.sum(axis=1, keepdims=True)
    of_visible = table.T @ v / table.sum(axis=0)[:, None]
    assert_allclose(expit(machine.hidden_eta(v.astype(dtype))), of_hidden, atol=1e-6)
    assert_allclose(expit(machine.visible_eta(h.astype(dtype))), of_visible, atol=1e-6)


def test_a_row_observed_as_a_whole_has_the_moments_of_its_hidden_inputs():
    machine, row = make_boltzmann(), np.array([1, 0, 0, 1, 1, 0])
    products, visible, hidden = moments(machine, joint_given(machine, row))
    own = expit(machine.hidden_eta(row[None].astype(np.uint8))[0])
    assert_allclose(hidden, own, atol=1e-6)
    assert_allclose(visible, row)
    assert_allclose(products, np.outer(row, own), atol=1e-6)


def test_only_weights_are_penalised_and_the_base_does_not_learn():
    machine = make_boltzmann(4, 3)
    packed = _tree.pack(machine)
    assert packed.counts == (12, 0)
    assert len(_tree.leaves(machine)) == 3
    assert packed.tree.base is machine.base
    assert_allclose(packed.tree.weights, machine.weights)


def test_machines_begin_at_the_rates_of_the_data():
    intercept = np.array([0.5, -1.0, 2.0])
    machine = initialise_boltzmann(3, 400, intercept, np.random.default_rng(0))
    assert_allclose(machine.visible_intercept, intercept, rtol=1e-6)
    assert_allclose(machine.base.logits, intercept, rtol=1e-6)
    assert not machine.hidden_intercept.any()
    assert 0.009 < machine.weights.std() < 0.011


def test_parameters_are_at_most_those_of_a_table():
    arrays = np.zeros((2, 30)), np.zeros(30), np.zeros(2), np.zeros(2)
    assert assemble_boltzmann(*arrays).n_parameters == 3
    assert make_boltzmann(6, 5).n_parameters == 41
