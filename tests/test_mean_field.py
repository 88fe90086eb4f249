"""Mean field: its bound, what moves it, its gradient, and what is drawn from it."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit, logsumexp

from sklearn_helmholtz import _keys, _tree
from sklearn_helmholtz._content import content_keys
from sklearn_helmholtz._incomplete import IncompleteRows
from sklearn_helmholtz._kernels import mean_field as kernels
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz._sparse import SparseRows
from sklearn_helmholtz.inference import MeanField, MeanFieldPosterior, propose, sample_particles
from sklearn_helmholtz.inference.posterior import ImportancePosterior
from sklearn_helmholtz.inference.proposals import MeanFieldProposal
from sklearn_helmholtz.learning import MeanFieldLearning
from sklearn_helmholtz.likelihood import importance_estimate
from sklearn_helmholtz.machines import BeliefNet
from tests import cases, exact, naive
from tests.cases import make_case

KEY = _keys.key(cases.SEED, Purpose.SCORE)
NETS = [(4, 3), (4, 3, 2), (3, 2, 2, 2), (3, 6, 5)]  # the last with more parents than factors
CASES = [(visible, gaps) for visible in cases.VISIBLES + cases.ORDERED for gaps in (False, True)]
CASES.remove(("ordered gaussian", True))  # there is no bound


def make_net(n_units, visible, gaps=False, n_rows=3, scale=1.0, seed=0):
    """A net without recognition, the parameters of its oracle, and rows: as they are and float64.

    With gaps any value may be missing but the last of all rows but one, which is empty.
    """
    machine, _, x = make_case(n_units, visible, n_rows, scale, seed)
    net = BeliefNet(machine.generation)
    values = x.astype(np.float64)
    if gaps:
        missing = np.random.default_rng(seed).uniform(size=x.shape) < 0.4
        missing[:-1, -1], missing[-1] = False, True
        values[missing] = np.nan
        x = IncompleteRows(values.astype(np.float32), np.full(n_units[0], 0.3, np.float32))
    return net, oracle_of(net), x, values


def oracle_of(net):
    """The generative parameters of a net for the oracles, the precisions as kernels hold them."""
    down = net.generation.conditionals[::-1]
    field, ordered = MeanField.of(net), net.is_autoregressive
    return exact.Parameters(
        [c.affine.weights.astype(np.float64) for c in down[:-1]],
        [c.affine.intercept.astype(np.float64) for c in down],
        [],
        [],
        1 / field.precision.astype(np.float64) if len(field.precision) else None,
        [c.lateral.weights.astype(np.float64) for c in down] if ordered else None,
    )


def log_p(params, values):
    """Log p of what is observed of each row, by enumeration."""
    if not np.isnan(values).any():
        return exact.log_likelihood(params, values)
    return np.array([logsumexp(exact.log_joint_observed(params, row)) for row in values])


def twin_bounds(params, values, means, xi):
    rows = zip(values, means, xi, strict=True)
    return np.array([naive.mean_field_terms(params, *row).sum() for row in rows])


def start_of(net, n_rows, seed=0):
    """Any means, and any xi."""
    shape = n_rows, sum(net.n_units)
    rng = np.random.default_rng(seed)
    return rng.uniform(0.01, 0.99, shape), rng.uniform(size=shape)


def sweep(field, values, means, xi, n_sweeps=1):
    """Bounds after some sweeps over all units, from given means and xi, which are moved."""
    bounds, done = np.empty(len(means)), np.empty(len(means), np.int64)
    kernels.mean_field(
        np.ascontiguousarray(values, np.float32), field.sizes, field.weights, field.intercepts,
        field.precision, n_sweeps, -np.inf, means, xi, bounds, done,
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
        truth, field = log_p(params, values), MeanField.of(net).tame()
        means, xi = start_of(net, 5, seed)
        bounds = sweep(field, values, means, xi, 0)
        for _ in range(12):
            before, bounds = bounds, sweep(field, values, means, xi)
            assert (bounds >= before - 1e-4).all()
            assert (bounds <= truth + 1e-6 * (1 + np.abs(truth))).all()


def best_xi(params, row, means):
    """The xi of all units at once, by golden section: what units add is concave in them."""
    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.zeros_like(means), np.ones_like(means)
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        at_left, at_right = (naive.mean_field_terms(params, row, means, xi) for xi in (left, right))
        rising = at_right > at_left
        low, high = np.where(rising, left, low), np.where(rising, high, right)
    return (low + high) / 2


@pytest.mark.parametrize(("visible", "gaps"), CASES)
@pytest.mark.parametrize("n_units", NETS[:3])
def test_no_change_of_a_mean_or_of_xi_raises_a_bound_that_has_converged(n_units, visible, gaps):
    net, params, x, values = make_net(n_units, visible, gaps, scale=1.5)
    field = MeanField.of(net)
    means = field.start(content_keys(x))
    xi, bounds, _ = field.solve(x, means, 3000, 0)
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
    means = field.start(content_keys(x))
    _, bounds, _ = field.solve(x, means, 3000, 0)
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
    start = field.start(content_keys(x))
    for tol in (1e-2, 1e-5):
        means = start.copy()
        _, bounds, n_sweeps = field.solve(x, means, 200, tol)
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
    assert_array_equal(field.solve(x, means, 1, 0)[2], 1)


@pytest.mark.parametrize("visible", ["binary", "ordered binary", "ordered fractional"])
def test_means_of_known_data_are_the_data(visible):
    net, _, x, values = make_net((4, 3), visible, gaps=True)
    field = MeanField.of(net)
    means = field.start(content_keys(x))
    field.solve(x, means)
    known = ~np.isnan(values)
    assert_array_equal(means[:, :4][known], values[known].astype(np.float32))
    if net.is_autoregressive:
        assert (means[:, :4][~known] > 0).all()
        assert (means[:, :4][~known] < 1).all()


def test_rows_do_not_depend_on_others_or_on_their_form():
    net, _, x, values = make_net((6, 5, 3), "binary", gaps=True, n_rows=9)
    field = MeanField.of(net)
    start = field.start(content_keys(x))
    means = start.copy()
    xi, bounds, _ = field.solve(x, means)
    for order in (np.arange(9)[::-1], np.array([4]), np.array([2, 7])):
        part = start[order]
        part_xi, part_bounds, _ = field.solve(IncompleteRows(x.values[order], x.stand_in), part)
        assert_array_equal(part, means[order])
        assert_array_equal(part_xi, xi[order])
        assert_array_equal(part_bounds, bounds[order])
    again = start.copy()
    sparse = SparseRows.from_dense(values.astype(np.float32), x.stand_in)
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
    means = field.start(content_keys(x))
    _, bounds, _ = field.solve(x, means)
    assert_allclose(bounds, log_p(params, values), rtol=1e-12, atol=1e-12)
    for layer, intercept in zip(field.hidden(means), params.generative_intercepts[1:], strict=True):
        assert_allclose(layer, np.tile(expit(intercept), (3, 1)), rtol=1e-9)


@pytest.mark.parametrize("visible", ["gaussian", "ordered gaussian"])
def test_causes_that_share_no_gaussian_data_have_no_gap(visible):
    net, _, x, values = make_net((4, 2), visible, n_rows=6)
    down = net.generation.conditionals[::-1]
    down[0].affine.weights[0, 2:] = 0
    down[0].affine.weights[1, :2] = 0
    if net.is_autoregressive:
        down[1].lateral.weights[...] = 0  # the data may depend on each other, but not the causes
    params, field = oracle_of(net), MeanField.of(net)
    means = field.start(content_keys(x))
    _, bounds, _ = field.solve(x, means)
    assert_allclose(bounds, exact.log_likelihood(params, values), rtol=1e-12)
    states = np.hstack(exact.hidden_states((4, 2)))
    expected = [exact.posterior(params, row) @ states for row in values]
    assert_allclose(field.hidden(means)[0], expected, rtol=1e-9)


def test_one_cause_of_gaussian_data_with_gaps_has_no_gap():
    net, params, x, values = make_net((5, 1), "gaussian", gaps=True, n_rows=6)
    field = MeanField.of(net)
    means = field.start(content_keys(x))
    _, bounds, _ = field.solve(x, means)
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
    down[0].affine.weights[...] = 4
    for conditional in down:
        conditional.affine.intercept[:] = 0
    x = np.full((1, 3), 4, np.float32)
    field = MeanField.of(net)
    means = field.start(content_keys(x))
    field.solve(x, means)
    assert_allclose(np.sort(field.hidden(means)[0][0]), [0, 1], atol=1e-3)


# What is refused


@pytest.mark.parametrize("part", ["weights", "lateral weights"])
@pytest.mark.parametrize("value", [150.5, -1234.0, np.nan, np.inf])
def test_weights_that_are_too_large_are_refused_with_their_size(part, value):
    net, _, x, _ = make_net((4, 3), "ordered binary")
    visible = net.generation.conditionals[-1]
    matrix = visible.affine.weights if part == "weights" else visible.lateral.weights
    matrix[0, 3] = value
    field = MeanField.of(net)
    named = f"one of this net is {abs(value):g}".replace(".", r"\.")
    message = rf"at most 150 in magnitude, and {named}\. Infer in another way"
    with pytest.raises(ValueError, match=message):
        field.solve(x, field.start(content_keys(x)))
    rule, out = MeanFieldLearning(), _tree.zeros_like(net).tree
    assert not rule.accepts(net)
    for leaf in _tree.leaves(out):
        leaf[...] = 7
    assert rule.gradient(net, x, None, None, out) == -np.inf
    assert all((leaf == 7).all() for leaf in _tree.leaves(out))


@pytest.mark.parametrize("value", [150.0, -150.0])
def test_weights_up_to_the_limit_are_accepted_and_others_tamed(value):
    net, _, x, _ = make_net((4, 3), "ordered binary")
    weights = net.generation.conditionals[-1].affine.weights
    weights[0, 3] = value
    field = MeanField.of(net)
    field.check(x)
    assert_array_equal(field.tame().weights, field.weights)
    weights[0, 3] = 2 * value
    wild = MeanField.of(net)
    tame = wild.tame()
    tame.check(x)
    assert_array_equal(tame.weights, field.weights)
    assert np.abs(wild.weights).max() == 300
    assert tame.machine is net


def test_gaps_in_gaussian_data_in_order_are_refused():
    net, _, x, values = make_net((4, 3), "ordered gaussian")
    MeanField.of(net).check(x)
    values[1, 2] = np.nan
    rows = IncompleteRows(values.astype(np.float32), np.zeros(4, np.float32))
    with pytest.raises(ValueError, match="no bound where values of Gaussian features that depend"):
        MeanField.of(net).check(rows)
    free, _, _, _ = make_net((4, 3), "gaussian")
    MeanField.of(free).check(rows)


def test_unknown_families_are_refused():
    net, _, _, _ = make_net((4, 3), "binary")

    class Poisson:
        pass

    *hidden, visible = net.generation.conditionals
    chain = replace(net.generation, conditionals=(*hidden, replace(visible, units=Poisson())))
    with pytest.raises(TypeError, match="no mean field for Poisson visible units"):
        MeanField.of(replace(net, generation=chain))


# The gradient


def step_of(rule, net, x, memory=None):
    """The step for a block of rows, packed, and the sum of their bounds."""
    packed = _tree.zeros_like(net)
    for leaf in _tree.leaves(packed.tree):
        leaf[...] = np.nan
    return packed, rule.gradient(net, x, None, None, packed.tree, memory=memory)


@pytest.mark.parametrize(("visible", "gaps"), CASES)
@pytest.mark.parametrize("n_units", [(4, 3), (3, 2, 2), (2, 5)])
def test_the_step_is_the_slope_of_the_highest_bound(n_units, visible, gaps):
    net, _, x, _ = make_net(n_units, visible, gaps, n_rows=3)
    start = MeanField.of(net).start(content_keys(x))
    bounds = MeanField.of(net).solve(x, start, 3000, 0)[1]
    step, total = step_of(MeanFieldLearning(3000, 0), net, x)
    assert total == pytest.approx(bounds.sum(), rel=1e-12)
    moved = _tree.copy(net)
    for leaf, slopes in zip(_tree.leaves(moved), _tree.leaves(step.tree), strict=True):
        for index in np.ndindex(leaf.shape):
            here, ends, sums = leaf[index], [], []
            for change in (-1, 1):
                leaf[index] = here + np.float32(change * 2.0**-9)
                ends.append(float(leaf[index]))
                sums.append(MeanField.of(moved).solve(x, start.copy(), 3000, 0)[1].sum())
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
        taken = IncompleteRows(x.values[rows], x.stand_in) if gaps else x[rows]
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
        step, _ = step_of(MeanFieldLearning(), net, IncompleteRows(values, x.stand_in))
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
    memory = rule.remember(net, rows)
    first = memory.take(np.array([0, 2]))
    assert not first.met.any()
    _, bound = step_of(rule, net, rows.take([0, 2]), first)
    ended = field.start(content_keys(x))
    _, bounds, _ = field.solve(x, ended, 1, 0)
    assert bound == pytest.approx(bounds[[0, 2]].sum(), rel=1e-12)
    memory.put(np.array([0, 2]), first)

    second = memory.take(np.array([1, 2, 0]))
    assert_array_equal(second.met, [False, True, True])
    assert_remembered(second, [1, 2], ended[[2, 0]], gaps)
    means, block = field.start(content_keys(x))[[1, 2, 0]], rows.take([1, 2, 0])
    means[1:] = ended[[2, 0]].astype(np.float32)
    xi, bounds, _ = field.solve(block, means, 1, 0)
    step, bound = step_of(rule, net, block, second)
    assert bound == bounds.sum()
    _, slopes, _ = field.gradient(block, means, xi)
    top = step.tree.generation.conditionals[0]
    assert_allclose(top.affine.intercept, slopes[-2:], rtol=1e-6)
    memory.put(np.array([1, 2, 0]), second)
    third = memory.take(np.arange(5))
    assert_array_equal(third.met, [True, True, True, False, False])
    assert_remembered(third, [1, 2, 0], means, gaps)


def assert_remembered(memory, rows, means, gaps):
    """Rows of a memory hold the means of the hidden units, and of data if those have any."""
    hidden, data = (array[rows] for array in memory.arrays)
    assert_array_equal(hidden, means[:, 4:].astype(np.float32))
    assert_array_equal(data, means[:, : 4 if gaps else 0].astype(np.float32))


def test_what_is_taken_from_memory_is_a_copy():
    net, _, x, _ = make_net((4, 3), "binary")
    memory = MeanFieldLearning().remember(net, cases.rows_of(x))
    part = memory.take(np.arange(3))
    step_of(MeanFieldLearning(), net, x, part)
    again = memory.take(np.arange(3))
    assert not again.met.any()
    assert not again.arrays[0].any()


def test_steps_with_memory_of_nothing_are_those_without():
    net, _, x, _ = make_net((4, 3, 2), "ordered binary", gaps=True)
    rule = MeanFieldLearning()
    plain, bound = step_of(rule, net, x)
    step, same = step_of(rule, net, x, rule.remember(net, cases.rows_of(x)).take(np.arange(3)))
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
        memory = rule.remember(net, cases.rows_of(x))
        bounds = []
        for _ in range(3):
            part = memory.take(np.arange(8))
            step, bound = step_of(rule, net, x, part)
            assert np.isfinite(step.vector).all()
            assert bound <= log_p(params, values).sum() + 1e-4
            bounds.append(bound)
            memory.put(np.arange(8), part)
        assert (np.diff(bounds) > -0.05).all()  # xi starts anew
        assert part.arrays[0].max() == 1  # as float32


# What proposes particles


def proposal_of(net, x):
    proposal = propose(net, x, content_keys(x))
    assert isinstance(proposal, MeanFieldProposal)
    return proposal


def proposed(net, x):
    """The probabilities of the hidden units that should be proposed, (n_rows, n_hidden)."""
    field = MeanField.of(net).tame()
    means = field.start(content_keys(x))
    field.solve(x, means)
    return expit(np.clip(logit(means[:, net.n_units[0] :]), -4, 4))


@pytest.mark.parametrize("visible", ["binary", "gaussian", "ordered binary"])
@pytest.mark.parametrize("n_units", NETS[:3])
def test_proposals_draw_what_they_say(n_units, visible):
    net, _, x, _ = make_net(n_units, visible, gaps="ordered" not in visible, scale=3.0)
    p, proposal, n = proposed(net, x), proposal_of(net, x), 4000
    draws = Draws(KEY, content_keys(x), n)
    values, log_q = proposal.sample(draws)
    states = np.hstack(values[1:]).astype(np.float64).reshape(3, n, -1)
    expected = np.where(states, np.log(p)[:, None], np.log1p(-p)[:, None]).sum(axis=2)
    assert_allclose(log_q.reshape(3, n), expected, rtol=1e-5, atol=1e-5)
    again = np.zeros(3 * n)
    proposal.log_prob(values[1:], again)
    assert_allclose(again, log_q, rtol=1e-6, atol=1e-6)
    again += 2
    proposal.log_prob(values[1:], again)
    assert_allclose(again, 2 * log_q + 2, rtol=1e-6, atol=1e-5)
    assert values[0] is x
    for row in range(3):
        product = np.prod(np.where(exact.all_states(p.shape[1]), p[row], 1 - p[row]), axis=1)
        cases.assert_frequencies(cases.state_numbers(states[row]), product)


def test_proposals_of_rows_with_gaps_in_order_are_those_of_the_rows_filled():
    net, _, x, _ = make_net((4, 3), "ordered binary", gaps=True)
    addresses, draws = content_keys(x), cases.make_draws(3, 50)
    values, log_q = propose(net, x, addresses).sample(draws)
    filled, same = propose(net, x.filled, addresses).sample(draws)
    assert_array_equal(values[1], filled[1])
    assert_array_equal(log_q, same)


def test_proposals_are_made_however_large_weights_are():
    net, _, x, _ = make_net((4, 3, 2), "binary", scale=300.0)
    _, log_q = proposal_of(net, x).sample(Draws(KEY, content_keys(x), 100))
    assert np.isfinite(log_q).all()
    assert log_q.min() > 5 * np.log(expit(-4)) - 1e-3


def test_proposals_and_completions_share_no_random_numbers():
    net, _, _, _ = make_net((3, 3, 3), "ordered binary", scale=0.0)
    x = IncompleteRows(np.full((1, 3), np.nan, np.float32), np.zeros(3, np.float32))
    values = sample_particles(net, x, Draws(KEY, content_keys(x), 10_000)).values
    correlations = np.corrcoef(np.hstack(values).T) - np.eye(9)
    assert abs(correlations).max() < 0.05


@pytest.mark.parametrize(("visible", "gaps"), [*CASES, ("ordered gaussian", True)])
def test_importance_estimates_agree_with_enumeration(visible, gaps):
    net, params, x, values = make_net((4, 3, 2), visible, gaps, n_rows=20, scale=0.7)
    keys = content_keys(x)
    result = importance_estimate(net, x, KEY, keys, 2000)
    summary = result.summary(keys)
    difference = summary["mean"] - log_p(params, values).mean()
    assert abs(difference) < 3 * summary["monte_carlo_error"] + abs(summary["bias"])
    assert 0 < summary["monte_carlo_error"] < 0.04


@pytest.mark.parametrize("n_samples", [4, 1500])  # of few none come from the prior
def test_estimates_of_p_sum_to_one_over_all_rows(n_samples):
    net, _, _, _ = make_net((8, 6, 4), "binary", scale=0.7)
    x = np.tile(cases.all_rows(8), (1 if n_samples > 4 else 40, 1))
    addresses = np.arange(len(x), dtype=np.uint64) * np.uint64(12345)
    result = importance_estimate(net, x, KEY, addresses, n_samples)
    p = np.exp(result.per_sample) * 256 / len(x)
    error = np.sqrt((p**2 * result.variance).sum())
    assert abs(p.sum() - 1) < 3 * error
    assert error < 0.02


def test_pools_of_particles_have_the_means_of_the_posterior():
    net, params, x, values = make_net((4, 3, 2), "binary", n_rows=4, scale=1.5)
    means, _, sizes = ImportancePosterior(net, cases.SEED, 8000).explain(x, content_keys(x), 1)
    states = np.hstack(exact.hidden_states((4, 3, 2)))
    for row in range(4):
        expected = exact.posterior(params, values[row]) @ states
        actual = np.concatenate([layer[row] for layer in means])
        assert (abs(actual - expected) < 4.5 * 0.5 / np.sqrt(sizes[row])).all()


# Mean field as what is thought of the hidden layers


@pytest.mark.parametrize(("visible", "gaps"), CASES)
def test_explanations_are_those_of_the_start_that_leads_highest(visible, gaps):
    net, _, x, _ = make_net((4, 3, 2), visible, gaps, n_rows=20, scale=3.0)
    field, keys = MeanField.of(net), np.zeros(20, np.uint64)
    starts = [field.start(keys, number) for number in range(2)]
    bounds = np.array([field.solve(x, start)[1] for start in starts])
    means, highest = field.explain(x)
    assert_array_equal(highest, bounds.max(axis=0))
    assert_array_equal(means, np.array(starts)[bounds.argmax(axis=0), np.arange(20)])
    assert len(np.unique(bounds.argmax(axis=0))) == 2
    assert_array_equal(MeanFieldPosterior(net).free_energy(x), -highest)


@pytest.mark.parametrize(("visible", "gaps"), CASES)
def test_explanations_are_mean_field_and_draws_have_its_frequencies(visible, gaps):
    net, _, x, _ = make_net((4, 3, 2), visible, gaps)
    field = MeanField.of(net)
    means, _ = field.explain(x)
    posterior, n = MeanFieldPosterior(net, cases.SEED, 1), 4000
    addresses = np.arange(3, dtype=np.uint64) + np.uint64(11)
    layers, draws, sizes = posterior.explain(x, addresses, n)
    for actual, same, expected in zip(
        layers, posterior.hidden_means(x), np.split(means[:, 4:], [3], axis=1), strict=True
    ):
        assert_array_equal(actual, expected)
        assert_array_equal(same, expected)
    assert (sizes == np.inf).all()
    assert [states.shape for states in draws] == [(3 * n, 3), (3 * n, 2)]
    assert all(states.dtype == np.uint8 for states in draws)
    for row in range(3):
        p = means[row, 4:]
        product = np.prod(np.where(exact.all_states(5), p, 1 - p), axis=1)
        chosen = np.hstack(draws)[row * n : (row + 1) * n]
        cases.assert_frequencies(cases.state_numbers(chosen), product)
    for states, again in zip(draws, posterior.sample(x, addresses, n), strict=True):
        assert_array_equal(states, again)
    other = MeanFieldPosterior(net, (5, 6, 7, 8), 1).sample(x, addresses, n)
    assert (np.hstack(other) != np.hstack(draws)).any()


@pytest.mark.parametrize("visible", ["binary", "ordered binary", "gaussian"])
def test_completions_are_draws_given_the_hidden_layers(visible):
    net, params, x, values = make_net((3, 2), visible, gaps=True)
    posterior, n = MeanFieldPosterior(net, cases.SEED, 4000), 4000
    means = posterior.hidden_means(x)[0]
    if "ordered" in visible:
        expected = posterior.complete(x, content_keys(x), n)[1].reshape(3, n, 3).mean(axis=1)
        known = ~np.isnan(values)
        assert_allclose(expected[known], values[known])
    else:
        states = exact.all_states(2)
        p = np.prod(np.where(states, means[:, None], 1 - means[:, None]), axis=2)
        eta = states @ params.generative_coefs[0] + params.generative_intercepts[0]
        expected = p @ (eta if visible == "gaussian" else expit(eta))
    assert_allclose(posterior.expected_data(x, content_keys(x)), expected, atol=0.06)


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
        means = field.start(content_keys(x))
        xi, bounds, _ = field.solve(x, means)
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
    x = IncompleteRows(values, np.zeros(4, np.float32))
    field = MeanField.of(net)
    means = field.start(content_keys(x))
    xi, bounds, _ = field.solve(x, means)
    assert (bounds <= 1e-12).all()
    assert_allclose(bounds, twin_bounds(params, values, means, xi), rtol=1e-10)
    assert_allclose(means[:, -2:].mean(axis=1), means[0, -2:].mean())  # equal rows
    alone, _, _, _ = make_net((4, 3), "binary", scale=2.0)
    field, start = MeanField.of(alone), MeanField.of(alone).start(content_keys(x))
    assert_allclose(field.solve(x, start)[1], 0, atol=1e-12)
    assert_allclose(field.hidden(start)[0], np.tile(expit(field.intercepts[4:]), (3, 1)))
