"""Mean field: its bound, what moves it, and where it is exact, starts and is refused."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit

from sklearn_helmholtz import _tree
from sklearn_helmholtz._kernels.mean_field import mean_field
from sklearn_helmholtz.inference import MeanField
from sklearn_helmholtz.learning import MeanFieldLearning
from sklearn_helmholtz.machines import BeliefNet
from sklearn_helmholtz.rows import Block, Lists, content_keys
from sklearn_helmholtz.units import Bernoulli
from tests import cases, exact, naive
from tests.blocks import as_block, values_of
from tests.mean_field_nets import (
    CASES,
    NETS,
    best_xi,
    log_p,
    make_net,
    oracle_of,
    twin_bounds,
)


def start_of(net, n_rows, seed=0):
    """Any means, and any xi."""
    shape = n_rows, sum(net.n_units)
    rng = np.random.default_rng(seed)
    return rng.uniform(0.01, 0.99, shape), rng.uniform(size=shape)


def sweep(field, values, means, xi, n_sweeps=1):
    """Bounds after some sweeps over all units, from given means and xi, which are moved."""
    bounds, done = np.empty(len(means)), np.empty(len(means), np.int64)
    mean_field(
        field.family, field.parameters, np.ascontiguousarray(values, np.float32), field.sizes,
        field.weights, field.intercepts, n_sweeps, -np.inf, means, xi, bounds, done,
    )  # fmt: skip
    assert (done == n_sweeps).all()
    return bounds


def free_units(net, row):
    """The numbers of the units that are not known."""
    missing = np.flatnonzero(np.isnan(row)) if net.is_autoregressive else []
    return [*missing, *range(net.n_units[0], sum(net.n_units))]


# The bound


@pytest.mark.parametrize(("visible", "gaps"), CASES)
@pytest.mark.parametrize("n_units", NETS)
def test_the_bound_is_the_sum_over_the_states_of_parents(n_units, visible, gaps):
    for scale in (1.0, 8.0):
        net, params, _, values = make_net(n_units, visible, gaps, scale=scale)
        means, xi = start_of(net, 3)
        expected = twin_bounds(params, values, means, xi)
        actual = sweep(MeanField.of(net), values, means, xi, 0)
        assert_allclose(actual, expected, rtol=1e-11, atol=1e-11)
        sweep(MeanField.of(net), values, means, xi, 3)
        expected = twin_bounds(params, values, means, xi)
        actual = sweep(MeanField.of(net), values, means, xi, 0)
        assert_allclose(actual, expected, rtol=1e-7, atol=1e-7)  # some units are all but sure


def test_many_heavy_parents_overflow_nothing():
    n = 9
    for weight, intercept in ((150.0, -500.0), (-150.0, 500.0), (150.0, 3.0)):
        params = exact.Parameters(
            [np.full((n, 2), weight)], [np.full(2, intercept), np.zeros(n)],
            [np.zeros((2, n))], [np.zeros(n)],
        )  # fmt: skip
        net = BeliefNet(cases.machine_of(params).generation)
        means, xi = start_of(net, 2)
        xi[0], xi[1] = 0, 1
        values = np.array([[0.0, 1.0], [1.0, 1.0]])
        expected = twin_bounds(params, values, means, xi)
        assert_allclose(sweep(MeanField.of(net), values, means, xi, 0), expected, rtol=1e-12)


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
@pytest.mark.parametrize(("visible", "gaps"), CASES)
def test_bounds_rise_with_every_sweep_and_stay_below_log_p(visible, gaps, scale):
    for seed, n_units in enumerate(NETS):
        net, params, _, values = make_net(n_units, visible, gaps, 4, scale, seed)
        truth, field = log_p(params, values), MeanField.of(net)
        means, xi = start_of(net, 4, seed)
        bounds = sweep(field, values, means, xi, 0)
        for _ in range(12):
            before, bounds = bounds, sweep(field, values, means, xi)
            assert (bounds >= before - 1e-9 * (1 + np.abs(before))).all()
            assert (bounds <= truth + 1e-9 * (1 + np.abs(truth))).all()


@pytest.mark.parametrize(("visible", "gaps"), CASES)
def test_bounds_of_nets_with_heavy_weights_rise_as_well(visible, gaps):
    for seed in range(8):
        net, params, _, values = make_net((4, 5, 3), visible, gaps, 5, 30.0, seed)
        truth, field = log_p(params, values), MeanField.of(net).clip_weights()
        means, xi = start_of(net, 5, seed)
        bounds = sweep(field, values, means, xi, 0)
        for _ in range(12):
            before, bounds = bounds, sweep(field, values, means, xi)
            assert (bounds >= before - 1e-4).all()
            assert (bounds <= truth + 1e-6 * (1 + np.abs(truth))).all()


@pytest.mark.parametrize(("visible", "gaps"), CASES)
@pytest.mark.parametrize("n_units", NETS[:3])
def test_no_change_of_a_mean_or_of_xi_raises_a_bound_that_has_converged(n_units, visible, gaps):
    net, params, x, values = make_net(n_units, visible, gaps, scale=1.5)
    field = MeanField.of(net)
    means = field.start(content_keys(values_of(x)))
    xi, bounds, _ = field.solve(as_block(x), means, 3000, 0)
    for row, m, s, bound in zip(values, means, xi, bounds, strict=True):
        for change in (-1e-3, 1e-3):
            for u in free_units(net, row):
                moved = m.copy()
                moved[u] = np.clip(m[u] + change, 0, 1)
                assert naive.mean_field_terms(params, row, moved, s).sum() <= bound + 1e-10
            xi_moved = np.clip(s + change, 0, 1)
            rise = naive.mean_field_terms(params, row, m, xi_moved)
            assert (rise <= naive.mean_field_terms(params, row, m, s) + 1e-10).all()


@pytest.mark.parametrize(("visible", "gaps"), [("binary", False), ("ordered binary", True)])
def test_means_that_have_converged_are_best_with_xi_of_their_own(visible, gaps):
    net, params, x, values = make_net((3, 2, 2), visible, gaps, n_rows=2, scale=1.5)
    field = MeanField.of(net)
    means = field.start(content_keys(values_of(x)))
    _, bounds, _ = field.solve(as_block(x), means, 3000, 0)
    for row, m, bound in zip(values, means, bounds, strict=True):
        best = naive.mean_field_terms(params, row, m, best_xi(params, row, m)).sum()
        assert best == pytest.approx(bound, abs=1e-10)
        for u in free_units(net, row):
            for change in (-1e-3, 1e-3):
                moved = m.copy()
                moved[u] += change
                again = best_xi(params, row, moved)
                assert naive.mean_field_terms(params, row, moved, again).sum() <= bound + 1e-10


@pytest.mark.parametrize(("visible", "gaps"), CASES)
@pytest.mark.parametrize("n_units", NETS[1:])
def test_units_move_one_after_the_other_to_where_the_tangents_point(n_units, visible, gaps):
    net, params, _, values = make_net(n_units, visible, gaps, scale=2.0)
    start, xi = start_of(net, 3)
    twin = np.clip(start, 0.1, 0.9)
    means, step, edge = twin.copy(), 1e-5, 1e-4  # differences need some room
    sweep(MeanField.of(net), values, means, xi)  # xi moves first
    for row, m, s, actual in zip(values, twin, xi, means, strict=True):
        units = free_units(net, row)
        for u in units:
            ends = np.repeat(m[None], 2, axis=0)
            ends[:, u] += [-step, step]
            low, high = (naive.mean_field_terms(params, row, end, s).sum() for end in ends)
            slope = (high - low) / (2 * step) + logit(m[u])  # of all but the unit's own entropy
            m[u] = np.clip(expit(slope), edge, 1 - edge)
        actual = np.clip(actual[units], edge, 1 - edge)
        assert_allclose(logit(actual), logit(m[units]), atol=1e-3)


@pytest.mark.parametrize("visible", ["binary", "ordered fractional"])
@pytest.mark.parametrize("n_units", NETS[1:])
def test_one_sweep_takes_xi_that_are_nearly_best_much_nearer(n_units, visible):
    net, params, _, values = make_net(n_units, visible, scale=2.0)
    means, _ = start_of(net, 3)
    rows = zip(values, means, strict=True)
    best = np.stack([best_xi(params, row, m) for row, m in rows])
    top = np.cumsum(n_units)[-2]  # units without parents have no best xi
    for change in (-0.02, 0.02):
        xi = np.clip(best + change, 0, 1)
        sweep(MeanField.of(net), values, means.copy(), xi)
        assert abs(xi - best)[:, :top].max() < 0.002


def test_one_sweep_over_one_unit_finds_its_best_mean_if_data_are_gaussian():
    net, params, _, values = make_net((4, 1), "gaussian", n_rows=5)
    means, xi = start_of(net, 5)
    bounds = sweep(MeanField.of(net), values, means, xi)
    assert_allclose(bounds, exact.log_likelihood(params, values), rtol=1e-12)


def test_solving_ends_when_a_sweep_gains_too_little():
    net, _, x, values = make_net((4, 3, 2), "binary", n_rows=6, scale=2)
    field = MeanField.of(net)
    start = field.start(content_keys(values_of(x)))
    for tol in (1e-2, 1e-5):
        means = start.copy()
        _, bounds, n_sweeps = field.solve(as_block(x), means, 200, tol)
        assert n_sweeps.max() < 200
        for row, n in enumerate(n_sweeps):
            one, xi = start[row : row + 1].copy(), np.full((1, 9), 0.5)
            path = [sweep(field, values[row : row + 1], one, xi, 0)[0]]
            path += [sweep(field, values[row : row + 1], one, xi)[0] for _ in range(n)]
            gains = np.diff(path)
            assert (gains[:-1] > tol).all()
            assert gains[-1] <= tol
            assert bounds[row] == pytest.approx(path[-1], rel=1e-12)
            assert_allclose(means[row], one[0], rtol=1e-9)
    means = start.copy()
    assert_array_equal(field.solve(as_block(x), means, 1, 0)[2], 1)


@pytest.mark.parametrize("visible", ["binary", "ordered binary", "ordered fractional"])
def test_means_of_known_data_are_the_data(visible):
    net, _, x, values = make_net((4, 3), visible, gaps=True)
    field = MeanField.of(net)
    means = field.start(content_keys(values_of(x)))
    field.solve(as_block(x), means)
    known = ~np.isnan(values)
    assert_array_equal(means[:, :4][known], values[known].astype(np.float32))
    if net.is_autoregressive:
        assert (means[:, :4][~known] > 0).all()
        assert (means[:, :4][~known] < 1).all()


def test_rows_do_not_depend_on_others_or_on_their_form():
    net, _, x, values = make_net((6, 5, 3), "binary", gaps=True, n_rows=9)
    field = MeanField.of(net)
    start = field.start(content_keys(values_of(x)))
    means = start.copy()
    xi, bounds, _ = field.solve(as_block(x), means)
    for order in (np.arange(9)[::-1], np.array([4]), np.array([2, 7])):
        part = start[order]
        part_xi, part_bounds, _ = field.solve(Block(x.values[order], x.fill_values), part)
        assert_array_equal(part, means[order])
        assert_array_equal(part_xi, xi[order])
        assert_array_equal(part_bounds, bounds[order])
    again = start.copy()
    sparse = Block(Lists.from_dense(values.astype(np.float32)), x.fill_values)
    assert_array_equal(field.solve(sparse, again)[1], bounds)
    assert_array_equal(again, means)


# Where it is exact


@pytest.mark.parametrize(("visible", "gaps"), CASES)
def test_units_that_are_independent_have_no_gap(visible, gaps):
    net, _, x, values = make_net((4, 3, 2), visible, gaps)
    for leaf in _tree.leaves(net):
        if leaf.ndim == 2:
            leaf[...] = 0
    params, field = oracle_of(net), MeanField.of(net)
    means = field.start(content_keys(values_of(x)))
    _, bounds, _ = field.solve(as_block(x), means)
    assert_allclose(bounds, log_p(params, values), rtol=1e-12, atol=1e-12)
    for layer, intercept in zip(field.hidden(means), params.generative_intercepts[1:], strict=True):
        assert_allclose(layer, np.tile(expit(intercept), (3, 1)), rtol=1e-9)


@pytest.mark.parametrize("visible", ["gaussian", "ordered gaussian"])
def test_causes_that_share_no_gaussian_data_have_no_gap(visible):
    net, _, x, values = make_net((4, 2), visible, n_rows=6)
    down = net.generation.conditionals[::-1]
    down[0].map.weights[0, 2:] = 0
    down[0].map.weights[1, :2] = 0
    if net.is_autoregressive:
        down[1].lateral.weights[...] = 0  # the data may depend on each other, but not the causes
    params, field = oracle_of(net), MeanField.of(net)
    means = field.start(content_keys(values_of(x)))
    _, bounds, _ = field.solve(as_block(x), means)
    assert_allclose(bounds, exact.log_likelihood(params, values), rtol=1e-12)
    states = np.hstack(exact.hidden_states((4, 2)))
    expected = [exact.posterior(params, row) @ states for row in values]
    assert_allclose(field.hidden(means)[0], expected, rtol=1e-9)


def test_one_cause_of_gaussian_data_with_gaps_has_no_gap():
    net, params, x, values = make_net((5, 1), "gaussian", gaps=True, n_rows=6)
    field = MeanField.of(net)
    means = field.start(content_keys(values_of(x)))
    _, bounds, _ = field.solve(as_block(x), means)
    assert_allclose(bounds, log_p(params, values), rtol=1e-10, atol=1e-10)
    for row, mean in zip(values, field.hidden(means)[0][:, 0], strict=True):
        log_joint = exact.log_joint_observed(params, row)
        assert logit(mean) == pytest.approx(log_joint[1] - log_joint[0], rel=1e-9)


# Where it starts


def test_starts_depend_on_addresses_alone_and_differ_between_units():
    net, _, _, _ = make_net((4, 3, 2), "binary")
    other, _, _, _ = make_net((4, 3, 2), "gaussian", scale=9.0, seed=5)
    addresses = np.array([3, 8, 3, 2**63, 2**32 + 3], np.uint64)
    means = MeanField.of(net).start(addresses)
    np.random.seed(0)
    assert_array_equal(MeanField.of(other).start(addresses), means)
    assert_array_equal(MeanField.of(net).start(addresses[::-1].copy()), means[::-1])
    assert_array_equal(means[0], means[2])
    assert len(np.unique(means[[0, 1, 3, 4]])) == 4 * 9
    assert means.min() >= 0.01
    assert means.max() <= 0.99
    another = MeanField.of(net).start(addresses, 1)
    assert len(np.unique([means[[0, 1, 3, 4]], another[[0, 1, 3, 4]]])) == 2 * 4 * 9


def test_starts_lie_anywhere():
    net, _, _, _ = make_net((4, 3, 2), "binary")
    means = MeanField.of(net).start(np.arange(2000, dtype=np.uint64))
    counts, _ = np.histogram(means, 10, (0.01, 0.99))
    assert abs(counts - 1800).max() < 4.5 * np.sqrt(1800)


def test_equal_causes_of_which_one_explains_the_data_part():
    net, _, _, _ = make_net((3, 2), "gaussian")
    down = net.generation.conditionals[::-1]
    down[0].map.weights[...] = 4
    for conditional in down:
        conditional.map.intercept[:] = 0
    x = np.full((1, 3), 4, np.float32)
    field = MeanField.of(net)
    means = field.start(content_keys(values_of(x)))
    field.solve(as_block(x), means)
    assert_allclose(np.sort(field.hidden(means)[0][0]), [0, 1], atol=1e-3)


# What is refused


@pytest.mark.parametrize("part", ["weights", "lateral weights"])
@pytest.mark.parametrize("value", [150.5, -1234.0, np.nan, np.inf])
def test_weights_that_are_too_large_are_refused_with_their_size(part, value):
    net, _, x, _ = make_net((4, 3), "ordered binary")
    visible = net.generation.conditionals[-1]
    matrix = visible.map.weights if part == "weights" else visible.lateral.weights
    matrix[0, 3] = value
    field = MeanField.of(net)
    named = f"one of this net is {abs(value):g}".replace(".", r"\.")
    message = rf"at most 150 in magnitude, and {named}\. Infer in another way"
    with pytest.raises(ValueError, match=message):
        field.solve(as_block(x), field.start(content_keys(values_of(x))))
    rule, out = MeanFieldLearning(), _tree.zeros_like(net).tree
    assert not rule.accepts(net)
    for leaf in _tree.leaves(out):
        leaf[...] = 7
    assert rule.gradient(net, as_block(x), None, None, out) == -np.inf
    assert all((leaf == 7).all() for leaf in _tree.leaves(out))


@pytest.mark.parametrize("value", [150.0, -150.0])
def test_weights_up_to_the_limit_are_accepted_and_others_tamed(value):
    net, _, x, _ = make_net((4, 3), "ordered binary")
    weights = net.generation.conditionals[-1].map.weights
    weights[0, 3] = value
    field = MeanField.of(net)
    field.check(x)
    assert_array_equal(field.clip_weights().weights, field.weights)
    weights[0, 3] = 2 * value
    wild = MeanField.of(net)
    clipped = wild.clip_weights()
    clipped.check(x)
    assert_array_equal(clipped.weights, field.weights)
    assert np.abs(wild.weights).max() == 300
    assert clipped.machine is net


def test_gaps_in_gaussian_data_in_order_are_refused():
    net, _, x, values = make_net((4, 3), "ordered gaussian")
    MeanField.of(net).check(as_block(x))
    values[1, 2] = np.nan
    rows = Block(values.astype(np.float32), np.zeros(4, np.float32))
    with pytest.raises(ValueError, match="no bound where values of Gaussian features that depend"):
        MeanField.of(net).check(rows)
    free, _, _, _ = make_net((4, 3), "gaussian")
    MeanField.of(free).check(rows)


def test_unknown_families_are_refused():
    net, _, _, _ = make_net((4, 3), "binary")

    class Poisson(Bernoulli):
        name = "poisson"
        visible_abilities = frozenset()

    *hidden, visible = net.generation.conditionals
    chain = replace(net.generation, conditionals=(*hidden, replace(visible, units=Poisson())))
    sentence = "needs mean field, which the layer of the data does not allow: its units are Poisson"
    with pytest.raises(ValueError, match=sentence):
        MeanField.of(replace(net, generation=chain))
