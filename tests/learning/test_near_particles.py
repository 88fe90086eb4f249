"""Particles near the most probable states of their rows: the same steps and scores, but faster."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _keys, _tree
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz.layers import conditional, references
from sklearn_helmholtz.learning import VIMCO, ReweightedWakeSleep
from sklearn_helmholtz.likelihood.importance import importance_log_weights
from sklearn_helmholtz.machines import initialise
from sklearn_helmholtz.rows import Block, Lists
from sklearn_helmholtz.units import Bernoulli
from tests import cases

SIZES = 30, 80, 70, 66
N_ROWS = 9


def sure_machine(autoregressive=False):
    """A machine that is sure of the hidden layers of about half of the rows."""
    rng = np.random.default_rng(0)
    machine = initialise(SIZES, Bernoulli(), np.zeros(SIZES[0]), rng, autoregressive)
    for layer in machine.recognition.conditionals:
        layer.map.intercept[:] = rng.choice([-7, 7], layer.n_units)
    first, second, _ = (layer.map for layer in machine.recognition.conditionals)
    first.weights[:] -= first.intercept / 15
    in_doubt = first.intercept < 0  # units that are 1 in rows of many ones
    second.weights[in_doubt] -= second.intercept / in_doubt.sum()
    return machine


def rows():
    """Rows with more and more ones: hidden units are in doubt where these are 15."""
    rng = np.random.default_rng(1)
    shares = np.linspace(0.02, 0.9, N_ROWS)[:, None]
    return (rng.random((N_ROWS, SIZES[0])) < shares).astype(np.uint8)


class FullMemory:
    """Memory that holds something already: inputs of units that are sure."""

    @staticmethod
    def empty(shape, dtype):
        return np.full(shape, 30, dtype)


def steps(machine, x, rule, limits=(0, N_ROWS), is_fused=False):
    """Gradients of row blocks, and their bounds."""
    packed = _tree.pack(machine)
    out, parts = _tree.parts_like(machine, len(limits) - 1)

    def draws(a, b):
        wake = cases.make_draws(b - a, n_particles=rule.n_particles, start=a)
        return wake, cases.make_draws(b - a, purpose=Purpose.DREAM, start=a)

    if is_fused:
        block = Block(x)
        fused = rule.fused(machine)
        return out, fused.gradients(packed, block, *draws(0, N_ROWS), limits, out, FullMemory)
    bounds = [
        rule.gradient(packed.tree, Block(x[a:b]), *draws(a, b), part.tree)
        for (a, b), part in zip(itertools.pairwise(limits), parts, strict=True)
    ]
    return out, bounds


def test_of_some_rows_and_layers_the_machine_is_sure():
    recognition = sure_machine().recognition
    near = recognition.references(recognition.conditionals[0].eta(rows()), 10)
    n_sure = [int(layer.are_sure.sum()) for layer in near]
    assert N_ROWS > n_sure[0] > n_sure[1] >= n_sure[2] > 0
    assert recognition.references(recognition.conditionals[0].eta(rows()), 3) == [None] * 3


@pytest.mark.parametrize("limits", [(0, N_ROWS), (0, 2, 3, 7, N_ROWS)])
@pytest.mark.parametrize("n_particles", [3, 4, 10])
def test_fused_steps_are_the_layered_ones_to_the_bit(n_particles, limits):
    machine, rule = sure_machine(), ReweightedWakeSleep(n_particles)
    expected, bounds = steps(machine, rows(), rule, limits)
    found, others = steps(machine, rows(), rule, limits, is_fused=True)
    assert_array_equal(found, expected)
    assert_array_equal(others, bounds)


@pytest.mark.parametrize("kind", ["plain", "autoregressive", "gaps", "lists", "vimco"])
def test_steps_are_those_without_references(kind, monkeypatch):
    rule = VIMCO(10) if kind == "vimco" else ReweightedWakeSleep(10)
    machine, x = sure_machine(kind == "autoregressive"), rows()
    if kind == "gaps":
        x = np.where(np.random.default_rng(2).random(x.shape) < 0.1, np.nan, x).astype(np.float32)
    if kind == "lists":
        x = Lists.from_dense(x.astype(np.float32))
    results = []
    for fewest in (references.FEWEST_NEAR, 11):
        monkeypatch.setattr(references, "FEWEST_NEAR", fewest)
        packed = _tree.pack(machine)
        out, parts = _tree.parts_like(machine, 1)
        wake = cases.make_draws(N_ROWS, n_particles=10)
        dream = cases.make_draws(N_ROWS, purpose=Purpose.DREAM)
        bound = rule.gradient(packed.tree, Block(x), wake, dream, parts[0].tree)
        results.append((out.copy(), bound))
    assert_allclose(results[0][0], results[1][0], rtol=1e-3, atol=1e-4)
    assert_allclose(results[0][1], results[1][1], rtol=1e-6)
    assert (results[0][0] != results[1][0]).any()


def log_weights(machine, x):
    """Of particles of rows, whose random numbers depend on what a row holds; 120 are near."""
    key = _keys.key(cases.SEED, Purpose.SCORE)
    addresses = x.astype(np.uint64) @ (np.uint64(1) << np.arange(SIZES[0], dtype=np.uint64))
    return importance_log_weights(machine, Block(x), key, addresses, 150)[0]


@pytest.mark.parametrize("autoregressive", [False, True])
def test_scores_are_those_without_references_and_of_a_row_alone(autoregressive, monkeypatch):
    machine, x = sure_machine(autoregressive), rows()
    found = log_weights(machine, x)
    assert_array_equal(log_weights(machine, x[[5, 0]]), found[[5, 0]])
    monkeypatch.setattr(references, "FEWEST_NEAR", 1000)
    expected = log_weights(machine, x)
    assert_allclose(found, expected, rtol=1e-5)
    assert (found != expected).any()


def test_scores_of_lists_do_not_depend_on_the_way_through_a_layer(monkeypatch):
    machine, x, found = sure_machine(), rows(), []
    key, addresses = _keys.key(cases.SEED, Purpose.SCORE), np.arange(N_ROWS, dtype=np.uint64)
    lists = Block(Lists.from_dense(x.astype(np.float32)))
    for fewest in (conditional._WIDE, 0):
        monkeypatch.setattr(conditional, "_WIDE", fewest)
        found.append(importance_log_weights(machine, lists, key, addresses, 150)[0])
    assert_array_equal(*found)
