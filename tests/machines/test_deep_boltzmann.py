"""Deep Boltzmann machines: two sides of layers are the layers."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz.machines import initialise_deep_boltzmann
from tests.boltzmann_machines import log_partition
from tests.deep_boltzmann_machines import SIZES, layers_of, make_deep


@pytest.mark.parametrize("sizes", SIZES)
def test_both_sides_have_the_energy_of_the_layers(sizes):
    machine, layers = make_deep(sizes)
    own = layers.all_states
    even, odd = np.concatenate(own[0::2], axis=1), np.concatenate(own[1::2], axis=1)
    energy = even @ machine.visible_intercept + odd @ machine.hidden_intercept
    energy = energy + np.einsum("ri,ij,rj->r", even, machine.weights, odd)
    assert_allclose(energy, layers.energy(own), atol=1e-5)
    assert_allclose(log_partition(machine), layers.log_partition, rtol=1e-6)


@pytest.mark.parametrize("sizes", SIZES)
def test_layers_are_found_where_they_were_put(sizes):
    machine, layers = make_deep(sizes)
    found = layers_of(machine)
    for one, other in zip(
        found.weights + found.biases, layers.weights + layers.biases, strict=True
    ):
        assert_array_equal(one, other)
    hidden = [np.random.default_rng(0).random((3, n)) for n in sizes[1:]]
    unseen, odd = machine.of_layers(hidden)
    even = np.concatenate([np.zeros((3, sizes[0])), unseen], axis=1)
    for one, other in zip(machine.hidden_layers(even, odd), hidden, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("sizes", SIZES)
def test_only_neighbours_have_weights(sizes):
    machine = make_deep(sizes)[0]
    present = np.ones(machine.n_units, bool) if machine.present is None else machine.present
    assert_array_equal(present, machine.weights != 0)
    n_connections = sum(below * above for below, above in itertools.pairwise(sizes))
    assert present.sum() == machine.n_connections == n_connections
    assert machine.n_hidden == sum(sizes[1:])
    assert machine.n_unseen == sum(sizes[2::2])
    assert machine.n_parameters == min(n_connections + sum(sizes), 2 ** sizes[0] - 1)
    assert machine.uniform_loss == pytest.approx(sizes[0] * np.log(2))


def test_a_new_machine_begins_at_the_rates_of_the_data():
    intercept = np.linspace(-2, 1, 6)
    machine = initialise_deep_boltzmann((6, 4, 3, 2), intercept, np.random.default_rng(0))
    assert machine.sizes == (6, 4, 3, 2)
    assert_allclose(machine.intercept(0), intercept, rtol=1e-6)
    assert not any(machine.intercept(layer).any() for layer in (1, 2, 3))
    assert 0 < np.abs(machine.weights).max() < 0.1
    assert_allclose(machine.base.logits, [*intercept, 0, 0, 0], rtol=1e-6)
