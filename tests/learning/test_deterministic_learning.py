"""F of the deterministic machine against its equations, and its derivatives by differences."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz import _tree
from sklearn_helmholtz.learning import (
    DeterministicLearning,
    deterministic_losses,
    write_derivatives,
)
from sklearn_helmholtz.machines import initialise_deterministic
from sklearn_helmholtz.rows import Block, Table
from sklearn_helmholtz.units import Bernoulli, Gaussian

SIZES = [(3,), (3, 2), (3, 2, 2)]
N_FEATURES = 5


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def in_doubles(machine):
    """The same machine with float64 arrays of its own."""
    return _tree.with_leaves(machine, [np.float64(leaf) for leaf in _tree.leaves(machine)])


def made(sizes, activation, units, seed=0):
    """A machine of random parameters, float64."""
    rng = np.random.default_rng(seed)
    n_units = (N_FEATURES, *sizes)
    machine = initialise_deterministic(n_units, units, np.zeros(N_FEATURES), rng, activation)
    arrays = [leaf + rng.normal(0, 0.7, leaf.shape) for leaf in _tree.leaves(machine)]
    return _tree.with_leaves(machine, arrays)


def rows_of(kind, n_rows=7, gaps=True, seed=3):
    """A `Block` with weights: zeros and ones, fractions or reals, NaN among them, or not."""
    rng = np.random.default_rng(seed)
    x = rng.random((n_rows, N_FEATURES))
    x = {"binary": x < 0.4, "fractional": x, "gaussian": 4 * x - 1}[kind].astype(np.float32)
    if gaps:
        x[rng.random(x.shape) < 0.3] = np.nan
    fill_values = np.linspace(0.1, 0.8, N_FEATURES).astype(np.float32)
    return Block(x, fill_values, rng.uniform(0.2, 3, n_rows))


def naive_objective(machine, x, fill_values, activation, variance=None):
    """F of one row, equation by equation, one unit at a time.

    Recognition, generation with a parent that is always on, and the sum over layers.
    """
    q = [[fill if math.isnan(value) else value for value, fill in zip(x, fill_values, strict=True)]]
    for conditional in machine.recognition.conditionals:
        phi, bias = conditional.map.weights, conditional.map.intercept
        q.append([
            sigmoid(bias[j] + sum(q[-1][i] * phi[i, j] for i in range(len(q[-1]))))
            for j in range(len(bias))
        ])  # fmt: skip
    total, top = 0.0, len(q) - 1
    for layer, conditional in enumerate(reversed(machine.generation.conditionals)):
        own = conditional.map
        for j in range(len(own.intercept)):
            if layer == top:
                eta = own.intercept[j]
                p = sigmoid(eta)
            elif activation == "competitive" and (layer or variance is None):
                theta = [math.log1p(math.exp(free)) for free in own.weights[:, j]]
                always = math.log1p(math.exp(own.intercept[j]))
                added, none = always, 1 / (1 + always)
                for q_k, theta_k in zip(q[layer + 1], theta, strict=True):
                    added += q_k * theta_k
                    none *= 1 - q_k * theta_k / (1 + theta_k)
                p = (1 - 1 / (1 + added)) * (1 - none)
            else:
                parents = q[layer + 1]
                eta = own.intercept[j] + sum(
                    parents[k] * own.weights[k, j] for k in range(len(parents))
                )
                p = sigmoid(eta)
            if layer:
                value = q[layer][j]
                total += value * math.log(value / p)
                total += (1 - value) * math.log((1 - value) / (1 - p))
            elif not math.isnan(x[j]):
                if variance is None:
                    total -= x[j] * math.log(p) + (1 - x[j]) * math.log(1 - p)
                else:
                    total += 0.5 * (x[j] - eta) ** 2 / variance[j]
                    total += 0.5 * math.log(2 * math.pi * variance[j])
    return total


def family(kind):
    if kind == "gaussian":
        return Gaussian(np.linspace(-1, 0.5, N_FEATURES).astype(np.float32))
    return Bernoulli()


both = pytest.mark.parametrize("activation", ["competitive", "sigmoid"])
kinds = pytest.mark.parametrize("kind", ["binary", "fractional", "gaussian"])


@both
@kinds
@pytest.mark.parametrize("sizes", SIZES)
def test_the_objective_is_the_naive_one(activation, kind, sizes):
    machine, block = made(sizes, activation, family(kind)), rows_of(kind)
    variance = None
    if kind == "gaussian":
        variance = np.float64(machine.visible.units.variance)
    x = np.float64(block.values)
    expected = [naive_objective(machine, r, block.fill_values, activation, variance) for r in x]
    assert_allclose(machine.losses(block, machine.infer(block)), expected, rtol=1e-9, atol=1e-9)
    table = Table(block.values, False, fill_values=block.fill_values, weights=block.weights)
    assert_allclose(deterministic_losses(machine, table, 1), expected, rtol=1e-9, atol=1e-9)
    mean = np.average(expected, weights=block.weights)
    assert_allclose(DeterministicLearning().objective(machine, table, None, 1, 2), -mean, rtol=1e-9)


@both
@kinds
@pytest.mark.parametrize("sizes", SIZES)
def test_derivatives_are_differences_by_every_parameter(activation, kind, sizes):
    """Of minus the weighted sum of F over rows with gaps, in float64."""
    machine, block = made(sizes, activation, family(kind)), rows_of(kind)
    out = _tree.with_leaves(machine, [np.full(a.shape, np.nan) for a in _tree.leaves(machine)])
    losses = write_derivatives(machine, block, out)

    def objective():
        return -(block.weights * machine.losses(block, machine.infer(block))).sum()

    assert_allclose(-(block.weights * losses).sum(), objective(), rtol=1e-12)
    h = 1e-5
    for array, found in zip(_tree.leaves(machine), _tree.leaves(out), strict=True):
        for place in np.ndindex(array.shape):
            before = array[place]
            array[place] = before + h
            high = objective()
            array[place] = before - h
            slope = (high - objective()) / (2 * h)
            array[place] = before
            assert_allclose(found[place], slope, rtol=2e-6, atol=1e-7)


@both
def test_the_rule_writes_the_same_in_single_precision(activation):
    """Without weights each row counts once."""
    wide, block = made((3, 2), activation, Bernoulli()), rows_of("binary")
    machine = _tree.with_leaves(wide, [np.float32(leaf) for leaf in _tree.leaves(wide)])
    plain = Block(block.values, block.fill_values)
    for rows, weights in ((block, block.weights), (plain, np.ones(len(block)))):
        out, expected = _tree.zeros_like(machine).tree, in_doubles(machine)
        losses = write_derivatives(in_doubles(machine), rows, expected)
        found = DeterministicLearning().gradient(machine, rows, None, None, out)
        assert_allclose(found, -(weights * losses).sum(), rtol=1e-6)
        for one, other in zip(_tree.leaves(out), _tree.leaves(expected), strict=True):
            assert one.dtype == np.float32
            assert_allclose(one, other, rtol=1e-5, atol=1e-5)
