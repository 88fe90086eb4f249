"""Mean field as a teacher: its gradient, what it remembers, and extremes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from sklearn_helmholtz import _tree
from sklearn_helmholtz.inference import MeanField
from sklearn_helmholtz.learning import MeanFieldLearning
from sklearn_helmholtz.rows import Block, content_keys
from tests import cases
from tests.blocks import as_block, values_of
from tests.mean_field_nets import CASES, log_p, make_net, oracle_of, twin_bounds

# The gradient


def step_of(rule, net, x, memory=None):
    """The step for a block of rows, packed, and the sum of their bounds."""
    packed = _tree.zeros_like(net)
    for leaf in _tree.leaves(packed.tree):
        leaf[...] = np.nan
    return packed, rule.gradient(net, as_block(x), None, None, packed.tree, memory=memory)


@pytest.mark.parametrize(("visible", "gaps"), CASES)
@pytest.mark.parametrize("n_units", [(4, 3), (3, 2, 2), (2, 5)])
def test_the_step_is_the_slope_of_the_highest_bound(n_units, visible, gaps):
    net, _, x, _ = make_net(n_units, visible, gaps, n_rows=3)
    start = MeanField.of(net).start(content_keys(values_of(x)))
    bounds = MeanField.of(net).solve(as_block(x), start, 3000, 0)[1]
    step, total = step_of(MeanFieldLearning(3000, 0), net, x)
    assert total == pytest.approx(bounds.sum(), rel=1e-12)
    moved = _tree.copy(net)
    for leaf, slopes in zip(_tree.leaves(moved), _tree.leaves(step.tree), strict=True):
        for index in np.ndindex(leaf.shape):
            here, ends, sums = leaf[index], [], []
            for change in (-1, 1):
                leaf[index] = here + np.float32(change * 2.0**-9)
                ends.append(float(leaf[index]))
                sums.append(MeanField.of(moved).solve(as_block(x), start.copy(), 3000, 0)[1].sum())
            leaf[index] = here
            slope = (sums[1] - sums[0]) / (ends[1] - ends[0])
            assert slopes[index] == pytest.approx(slope, rel=2e-4, abs=3e-5)


@pytest.mark.parametrize("n_units", [(4, 3), (3, 2, 2)])
@pytest.mark.parametrize("visible", cases.ORDERED)
def test_steps_write_nothing_below_diagonals_and_between_arrays(n_units, visible):
    net, _, x, _ = make_net(n_units, visible, gaps="gaussian" not in visible)
    for conditional in net.generation.conditionals:
        weights = conditional.lateral.weights
        weights[np.tril_indices(len(weights))] = 7.0  # nothing reads them either
    step, total = step_of(MeanFieldLearning(), net, x)
    inside = _tree.zeros_like(net)
    for leaf in _tree.leaves(inside.tree):
        leaf[...] = 1
    for conditional in step.tree.generation.conditionals:
        assert not np.tril(conditional.lateral.weights).any()
        weights = conditional.lateral.weights
        assert weights[np.triu_indices(len(weights), 1)].all()
    assert np.isfinite(step.vector).all()
    assert not step.vector[inside.vector == 0].any()
    for conditional in net.generation.conditionals:
        weights = conditional.lateral.weights
        weights[np.tril_indices(len(weights))] = 0
    clean, same = step_of(MeanFieldLearning(), net, x)
    assert_array_equal(clean.vector, step.vector)
    assert same == total


@pytest.mark.parametrize(("visible", "gaps"), CASES)
def test_a_step_is_the_sum_of_the_steps_of_its_parts(visible, gaps):
    net, _, x, values = make_net((4, 3, 2), visible, gaps, n_rows=20)
    before = _tree.copy(net)

    def part(rows):
        taken = Block(x.values[rows], x.fill_values) if gaps else x[rows]
        step, bound = step_of(MeanFieldLearning(), net, taken)
        return step.vector.astype(np.float64), bound

    whole, parts = part(slice(None)), [part(slice(7)), part(slice(7, 20))]
    assert_allclose(sum(p[0] for p in parts), whole[0], rtol=1e-5, atol=1e-5)
    assert sum(p[1] for p in parts) == pytest.approx(whole[1], rel=1e-12)
    for old, new in zip(_tree.leaves(before), _tree.leaves(net), strict=True):
        assert_array_equal(old, new)
    assert_array_equal(values, x.values if gaps else x)


def test_what_is_missing_teaches_nothing():
    for visible in ("binary", "gaussian"):
        net, _, x, _ = make_net((4, 3, 2), visible, gaps=True)
        values = x.values.copy()
        values[:, 1] = np.nan
        step, _ = step_of(MeanFieldLearning(), net, Block(values, x.fill_values))
        bottom = step.tree.generation.conditionals[-1]
        for leaf in _tree.leaves(bottom):
            assert not leaf[..., 1].any()
            assert leaf[..., 3].all()


# What is remembered


@pytest.mark.parametrize(("visible", "gaps"), [("binary", False), ("ordered binary", True)])
def test_rows_that_were_met_start_where_they_ended(visible, gaps):
    net, _, x, _ = make_net((4, 3, 2), visible, gaps, n_rows=5, scale=3.0, seed=1)
    field, rule = MeanField.of(net), MeanFieldLearning(1, 0)
    rows = cases.rows_of(x)
    memory = rule.make_memory(net, rows)
    first = memory.take(cases.place_of(np.array([0, 2])))
    assert not first.seen.any()
    _, bound = step_of(rule, net, rows.take([0, 2]), first)
    ended = field.start(content_keys(values_of(x)))
    _, bounds, _ = field.solve(as_block(x), ended, 1, 0)
    assert bound == pytest.approx(bounds[[0, 2]].sum(), rel=1e-12)
    memory.put(cases.place_of(np.array([0, 2])), first)

    second = memory.take(cases.place_of(np.array([1, 2, 0])))
    assert_array_equal(second.seen, [False, True, True])
    assert_remembered(second, [1, 2], ended[[2, 0]], gaps)
    means, block = field.start(content_keys(values_of(x)))[[1, 2, 0]], rows.take([1, 2, 0])
    means[1:] = ended[[2, 0]].astype(np.float32)
    xi, bounds, _ = field.solve(as_block(block), means, 1, 0)
    step, bound = step_of(rule, net, block, second)
    assert bound == bounds.sum()
    _, slopes, _ = field.gradient(as_block(block), means, xi)
    top = step.tree.generation.conditionals[0]
    assert_allclose(top.map.intercept, slopes[-2:], rtol=1e-6)
    memory.put(cases.place_of(np.array([1, 2, 0])), second)
    third = memory.take(cases.place_of(np.arange(5)))
    assert_array_equal(third.seen, [True, True, True, False, False])
    assert_remembered(third, [1, 2, 0], means, gaps)


def assert_remembered(memory, rows, means, gaps):
    """Rows of a memory hold the means of the hidden units, and of data if those have any."""
    hidden, data = (array[rows] for array in memory.arrays)
    assert_array_equal(hidden, means[:, 4:].astype(np.float32))
    assert_array_equal(data, means[:, : 4 if gaps else 0].astype(np.float32))


def test_what_is_taken_from_memory_is_a_copy():
    net, _, x, _ = make_net((4, 3), "binary")
    memory = MeanFieldLearning().make_memory(net, cases.rows_of(x))
    part = memory.take(cases.place_of(np.arange(3)))
    step_of(MeanFieldLearning(), net, x, part)
    again = memory.take(cases.place_of(np.arange(3)))
    assert not again.seen.any()
    assert not again.arrays[0].any()


def test_steps_with_memory_of_nothing_are_those_without():
    net, _, x, _ = make_net((4, 3, 2), "ordered binary", gaps=True)
    rule = MeanFieldLearning()
    plain, bound = step_of(rule, net, x)
    memory = rule.make_memory(net, cases.rows_of(x))
    step, same = step_of(rule, net, x, memory.take(cases.place_of(np.arange(3))))
    assert_array_equal(step.vector, plain.vector)
    assert same == bound
    assert rule.fused(net) is None


@pytest.mark.parametrize("visible", ["binary", "ordered binary"])
def test_means_that_are_rounded_to_zero_or_one_can_be_gone_on_from(visible):
    for seed in range(10):
        net, params, x, values = make_net((4, 3, 2), visible, True, 8, 40.0, seed)
        for leaf in _tree.leaves(net):
            leaf.clip(-150, 150, out=leaf)
        params, rule = oracle_of(net), MeanFieldLearning()
        memory = rule.make_memory(net, cases.rows_of(x))
        bounds = []
        for _ in range(3):
            part = memory.take(cases.place_of(np.arange(8)))
            step, bound = step_of(rule, net, x, part)
            assert np.isfinite(step.vector).all()
            assert bound <= log_p(params, values).sum() + 1e-4
            bounds.append(bound)
            memory.put(cases.place_of(np.arange(8)), part)
        assert (np.diff(bounds) > -0.05).all()  # xi starts anew
        assert part.arrays[0].max() == 1  # as float32


# Extremes


@pytest.mark.parametrize("weight", [100.0, 150.0])
@pytest.mark.parametrize("intercept", [0.0, 1000.0])
@pytest.mark.parametrize(("visible", "gaps"), CASES)
def test_extreme_nets_have_finite_bounds(visible, gaps, intercept, weight):
    for seed in range(3):
        net, _, x, values = make_net((4, 3, 2), visible, gaps, n_rows=6, seed=seed)
        for leaf in _tree.leaves(net):
            if leaf.ndim == 2:
                leaf[...] = weight * np.sign(leaf)
            elif intercept and leaf is not getattr(net.visible.units, "log_excess", None):
                leaf[...] = intercept * np.sign(leaf)
        params, field = oracle_of(net), MeanField.of(net)
        means = field.start(content_keys(values_of(x)))
        xi, bounds, _ = field.solve(as_block(x), means)
        truth = log_p(params, values)
        assert np.isfinite(bounds).all()
        assert (bounds <= truth + 1e-6 * (1 + np.abs(truth))).all()
        assert ((means[:, 4:] > 0) & (means[:, 4:] < 1)).all()
        assert ((xi >= 0) & (xi <= 1)).all()
        step, _ = step_of(MeanFieldLearning(), net, x)
        assert np.isfinite(step.vector).all()


def test_rows_of_which_nothing_is_known_tell_nothing():
    net, params, _, _ = make_net((4, 3, 2), "binary", scale=2.0)
    values = np.full((3, 4), np.nan, np.float32)
    x = Block(values, np.zeros(4, np.float32))
    field = MeanField.of(net)
    means = field.start(content_keys(values_of(x)))
    xi, bounds, _ = field.solve(as_block(x), means)
    assert (bounds <= 1e-12).all()
    assert_allclose(bounds, twin_bounds(params, values, means, xi), rtol=1e-10)
    assert_allclose(means[:, -2:].mean(axis=1), means[0, -2:].mean())  # equal rows
    alone, _, _, _ = make_net((4, 3), "binary", scale=2.0)
    field, start = MeanField.of(alone), MeanField.of(alone).start(content_keys(values_of(x)))
    assert_allclose(field.solve(as_block(x), start)[1], 0, atol=1e-12)
    assert_allclose(field.hidden(start)[0], np.tile(expit(field.intercepts[4:]), (3, 1)))
