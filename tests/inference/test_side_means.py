"""Mean field between the sides of deep Boltzmann machines."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import entr, expit

from sklearn_helmholtz.inference import inputs_below, side_means
from sklearn_helmholtz.rows import Block, Lists
from tests.boltzmann_machines import states
from tests.deep_boltzmann_machines import SIZES, block_of, gappy_rows, make_deep, of_arrays


def bound_by_definition(layers, row, means):
    """``E_q[log p*] + H(q)`` of independent units, layer by layer; means : of all layers."""
    total = sum(mean @ bias for mean, bias in zip(means, layers.biases, strict=True))
    for below, own, above in zip(means, layers.weights, means[1:], strict=False):
        total += below @ own @ above
    free = np.concatenate([means[0][np.isnan(row)], *means[1:]])
    return total + (entr(free) + entr(1 - free)).sum()


def rows_of(kind, n):
    if kind == "gaps":
        return gappy_rows(n)
    return states(n) if kind == "binary" else np.random.default_rng(1).random((9, n))


@pytest.mark.parametrize("kind", ["binary", "gaps", "fractions"])
@pytest.mark.parametrize("sizes", SIZES)
def test_the_bound_is_that_of_its_means(sizes, kind):
    machine, layers = make_deep(sizes)
    rows = rows_of(kind, sizes[0])
    found = side_means(machine, block_of(rows), 3)
    hidden = machine.hidden_layers(found.even.astype(float), found.odd.astype(float))
    data = found.even[:, : sizes[0]].astype(float)
    expected = [
        bound_by_definition(layers, row, [data[r], *(layer[r] for layer in hidden)])
        for r, row in enumerate(rows)
    ]
    assert_allclose(found.bound, expected, atol=2e-5)
    seen = ~np.isnan(rows)
    assert_array_equal(data[seen], rows[seen].astype(np.float32))


@pytest.mark.parametrize("kind", ["binary", "gaps"])
@pytest.mark.parametrize("sizes", SIZES)
def test_the_bound_never_falls_and_stays_below_the_truth(sizes, kind):
    machine, layers = make_deep(sizes, scale=2.0)
    rows = rows_of(kind, sizes[0])
    truth = layers.log_probabilities(rows) + layers.log_partition
    before = np.full(len(rows), -np.inf)
    for n_sweeps in range(1, 12):
        bound = side_means(machine, block_of(rows), n_sweeps).bound
        assert (bound >= before - 2e-5).all()
        before = bound
    assert (before <= truth + 2e-5).all()
    assert (before < truth - 0.01).any()


def test_sweeps_end_where_each_unit_follows_from_its_neighbours():
    machine, layers = make_deep((5, 3, 4, 2), scale=0.5)
    found = side_means(machine, block_of(states(5)), 200)
    v, h2 = np.split(found.even, [5], axis=1)
    h1, h3 = np.split(found.odd, [3], axis=1)
    W, b = layers.weights, layers.biases
    assert_allclose(h1, expit(b[1] + v @ W[0] + h2 @ W[1].T), atol=1e-5)
    assert_allclose(h2, expit(b[2] + h1 @ W[1] + h3 @ W[2].T), atol=1e-5)
    assert_allclose(h3, expit(b[3] + h2 @ W[2]), atol=1e-5)


def test_without_upper_weights_it_is_exact():
    machine, layers = make_deep((5, 4, 3))
    machine, layers = of_arrays([layers.weights[0], np.zeros((4, 3))], layers.biases)
    truth = layers.log_probabilities(states(5)) + layers.log_partition
    assert_allclose(side_means(machine, block_of(states(5)), 1).bound, truth, atol=1e-5)


def test_a_start_is_where_sweeps_go_on():
    machine = make_deep(scale=2.0)[0]
    x = block_of(states(5))
    whole, half = side_means(machine, x, 6), side_means(machine, x, 3)
    again = side_means(machine, x, 3, half.odd)
    for name in ("even", "odd", "eta"):
        assert_array_equal(getattr(again, name), getattr(whole, name))


def test_lists_of_entries_are_the_same_rows():
    machine, rows = make_deep()[0], gappy_rows(5).astype(np.float32)
    listed = Block(Lists.from_dense(rows), np.full(5, 0.5, np.float32))
    assert_allclose(side_means(machine, listed).bound, side_means(machine, block_of(rows)).bound,
                    atol=1e-5)  # fmt: skip


@pytest.mark.parametrize("sizes", SIZES)
def test_data_below_the_first_layer_are_exact(sizes):
    machine, layers = make_deep(sizes)
    hidden = states(sizes[1])
    expected = layers.biases[0] + hidden @ layers.weights[0].T
    assert_allclose(inputs_below(machine, 1, hidden), expected, atol=1e-6)


def test_data_below_an_upper_layer_are_a_fixed_point():
    machine, layers = make_deep((5, 3, 4, 2), scale=0.5)
    top = states(2)
    eta = inputs_below(machine, 3, top)
    W, b = layers.weights, layers.biases
    v = expit(eta)
    h1, h2 = np.full((4, 3), 0.5), np.full((4, 4), 0.5)
    for _ in range(300):
        h1 = expit(b[1] + v @ W[0] + h2 @ W[1].T)
        h2 = expit(b[2] + h1 @ W[1] + top @ W[2].T)
    assert_allclose(eta, b[0] + h1 @ W[0].T, atol=1e-5)
