"""Learning rules: their expected steps are the gradients that their docstrings state.

The expectation of a rule's step is estimated from independent blocks: copies of a few rows with
addresses of their own. Enumeration gives the expectation itself; the difference must be a fair draw
of the noise, which the blocks tell.
"""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _gradients, _training, _tree
from sklearn_helmholtz._kernels.teams import counters
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz._monitor import Monitor
from sklearn_helmholtz._plan import Plan
from sklearn_helmholtz._training import End, Past, Training, train
from sklearn_helmholtz._workspace import Workspace, Workspaces
from sklearn_helmholtz.inference import sample_particles
from sklearn_helmholtz.learning import (
    SGD,
    Adam,
    Adaptive,
    Average,
    Constant,
    Cosine,
    EstimatedPenalty,
    FixedPenalty,
    ReweightedWakeSleep,
    WakeSleep,
    is_worth_compiling,
    penalise,
)
from sklearn_helmholtz.learning.fused import FusedReweightedWakeSleep, FusedWakeSleep
from sklearn_helmholtz.learning.passes import (
    generation_gradient,
    recognition_gradient,
    sleep_gradient,
    wake_and_dream,
)
from sklearn_helmholtz.machines import initialise
from sklearn_helmholtz.rows import Table, limits
from sklearn_helmholtz.units import Bernoulli
from tests import cases, exact, naive
from tests.blocks import as_block
from tests.cases import CASES, make_case, make_draws

N_BLOCKS, ROWS_OF_A_BLOCK = 50, 900
N_PARTICLES = [1, 2, 3]
NORMAL_QUADRATURE = np.polynomial.hermite_e.hermegauss(80)


def run_blocks(rule, machine, X, n_blocks=N_BLOCKS, n_rows=ROWS_OF_A_BLOCK):
    """Steps and bounds, divided by rows, of independent blocks: (n_blocks, n_entries), (n_blocks,).

    Each block holds ``n_rows`` rows: those of X, in turn.
    """
    block = np.ascontiguousarray(np.resize(X, (n_rows, X.shape[1])))
    work, steps, bounds = Workspace(), [], []
    for number in range(n_blocks):
        out = cases.empty_gradient(machine)
        where = {"start": number * n_rows}
        wake = make_draws(n_rows, rule.n_particles, **where)
        dream = make_draws(n_rows, purpose=Purpose.DREAM, **where)
        bounds.append(rule.gradient(machine, as_block(block), wake, dream, out, work) / n_rows)
        steps.append(exact.flatten(cases.gradient_of(machine, out)) / n_rows)
        work.reset()
    return np.array(steps), np.array(bounds)


def assert_expectation(blocks, expected):
    """The mean over blocks differs from ``expected`` by a fair draw of its standard error."""
    blocks, expected = blocks.reshape(len(blocks), -1), np.atleast_1d(expected)
    difference = blocks.mean(axis=0) - expected
    error = blocks.std(axis=0, ddof=1) / np.sqrt(len(blocks))
    rounding = 1e-6 * (1 + np.abs(expected))
    certain = error < rounding  # the step by a weight of an input that is always 0, for example
    assert (np.abs(difference[certain]) < 5 * rounding[certain]).all()
    z = difference[~certain] / error[~certain]
    assert len(z) >= len(expected) / 2
    assert np.abs(z).max() < 4.5
    assert (z**2).mean() < 4 or len(z) < 10  # entries are correlated: few degrees of freedom


def add(*weighted):
    return sum(weight * exact.flatten(gradient) for weight, gradient in weighted)


def expected_sleep(params, missing=False, fill_values=0.0):
    """``E_{p(x, h)}[grad_R log q(h | x)]``: by enumeration, and by quadrature for real x.

    Recognition sees ``fill_values`` instead of what is missing, (n_features,) bool, of every dream.
    """
    if params.noise_variance is None:
        return exact.sleep_gradient(params, lambda x: np.where(missing, fill_values, x))
    missing = np.broadcast_to(missing, params.noise_variance.shape)
    gradient = exact.zero_gradient(params)
    mixing = np.eye(len(params.noise_variance))  # x = mean + x A + noise = (mean + noise) mixing
    if params.generative_lateral_coefs is not None:
        mixing = np.linalg.inv(mixing - params.generative_lateral_coefs[0])
    covariance = mixing.T * params.noise_variance @ mixing
    covariance = np.where(missing | missing[:, None], 0, covariance)
    for probability, hidden in prior_states(params):
        mean = hidden[0] @ params.generative_coefs[0] + params.generative_intercepts[0]
        mean = np.where(missing, fill_values, mean @ mixing)
        error = hidden[0] - expected_sigmoid(params, mean, covariance)
        gradient.recognition_intercepts[0] += probability * error
        # Stein: E[x f(x R)] = E[x] E[f(x R)] + Cov(x) R E[f'(x R)]
        slopes = expected_sigmoid(params, mean, covariance, derivative=True)
        slope = params.recognition_coefs[0] * slopes
        weights = np.outer(mean, error) - covariance @ slope
        gradient.recognition_coefs[0] += probability * weights
        for level in range(1, len(hidden)):
            eta = hidden[level - 1] @ params.recognition_coefs[level]
            error = hidden[level] - exact.sigmoid(eta + params.recognition_intercepts[level])
            gradient.recognition_intercepts[level] += probability * error
            gradient.recognition_coefs[level] += probability * np.outer(hidden[level - 1], error)
    return gradient


def prior_states(params):
    """All joint hidden states with their probabilities under the generative chain."""
    hidden = exact.hidden_states(exact.units_of(params))
    for state in zip(*hidden, strict=True):
        log_p, layers = 0.0, [None, *state]
        for level in range(1, len(layers)):
            eta = exact.generative_inputs(params, layers, level)
            log_p += np.sum(layers[level] * eta - np.logaddexp(0, eta))
        yield np.exp(log_p), state


def expected_sigmoid(params, mean, covariance, derivative=False):
    """``E[sigmoid(x @ R_0 + r_0)]`` or that of its derivative, x normal, by quadrature."""
    nodes, densities = NORMAL_QUADRATURE
    centre = mean @ params.recognition_coefs[0] + params.recognition_intercepts[0]
    weights = params.recognition_coefs[0]
    spread = np.sqrt(np.einsum("ij,ik,kj->j", weights, covariance, weights))
    p = exact.sigmoid(centre + nodes[:, None] * spread)
    return densities @ (p * (1 - p) if derivative else p) / np.sqrt(2 * np.pi)


def test_quadrature_gives_the_sleep_gradient_of_an_independent_simulation():
    _, params, _ = make_case((3, 2, 2), "gaussian")
    rng, blocks = np.random.default_rng(0), []
    for _ in range(50):
        h2 = rng.random((4000, 2)) < exact.sigmoid(params.generative_intercepts[2])
        eta = h2 @ params.generative_coefs[1] + params.generative_intercepts[1]
        h1 = rng.random((4000, 2)) < exact.sigmoid(eta)
        mean = h1 @ params.generative_coefs[0] + params.generative_intercepts[0]
        x = mean + rng.standard_normal((4000, 3)) * np.sqrt(params.noise_variance)
        gradient, parents = exact.zero_gradient(params), [x, h1]
        for level, children in enumerate((h1, h2)):
            eta = parents[level] @ params.recognition_coefs[level]
            error = children - exact.sigmoid(eta + params.recognition_intercepts[level])
            gradient.recognition_coefs[level][:] = parents[level].T @ error / 4000
            gradient.recognition_intercepts[level][:] = error.mean(axis=0)
        blocks.append(exact.flatten(gradient)[recognition_entries(params)])
    expected = exact.flatten(expected_sleep(params))[recognition_entries(params)]
    assert_expectation(np.array(blocks), expected)


def recognition_entries(params):
    """Which entries of a flat gradient belong to the recognition chain."""
    marks = exact.zero_gradient(params)
    for array in (*marks.recognition_coefs, *marks.recognition_intercepts):
        array[...] = 1
    return exact.flatten(marks) == 1


# Expected steps


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_the_expected_step_of_wake_sleep_is_that_of_enumeration(n_units, visible):
    machine, params, X = make_case(n_units, visible)
    steps, bounds = run_blocks(WakeSleep(), machine, X)
    wake = exact.wake_gradient(params, X)
    assert_expectation(steps, add((1 / len(X), wake), (1, expected_sleep(params))))
    assert_expectation(bounds, -exact.free_energy(params, X).mean())


@pytest.mark.parametrize("n_particles", N_PARTICLES)
@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_the_expected_step_of_reweighted_wake_sleep_is_that_of_enumeration(
    n_units, visible, n_particles
):
    machine, params, X = make_case(n_units, visible, n_rows=2)
    rule = ReweightedWakeSleep(n_particles)
    steps, bounds = run_blocks(rule, machine, X, n_rows=ROWS_OF_A_BLOCK // n_particles // 2 * 2)
    wake = exact.flatten(exact.reweighted_gradient(params, X, n_particles)) / len(X)
    wake[recognition_entries(params)] *= 0.5
    assert_expectation(steps, wake + add((0.5, expected_sleep(params))))
    assert_expectation(bounds, exact.reweighted_bound(params, X, n_particles).mean())


@pytest.mark.parametrize("visible", cases.VISIBLES)
def test_many_particles_follow_the_gradient_of_the_likelihood(visible):
    machine, params, X = make_case((4, 3, 2), visible, scale=0.6)
    likelihood = exact.flatten(exact.likelihood_gradient(params, X)) / len(X)
    posterior = exact.flatten(exact.posterior_recognition_gradient(params, X)) / len(X)
    goal = likelihood + 0.5 * posterior + add((0.5, expected_sleep(params)))
    of_recognition = recognition_entries(params)
    distances = []
    for n_particles in (1, 10, 100):
        rule = ReweightedWakeSleep(n_particles)
        steps, _ = run_blocks(rule, machine, X, n_blocks=20, n_rows=600)
        difference = steps.mean(axis=0) - goal
        parts = (difference[~of_recognition], difference[of_recognition])
        distances.append([np.linalg.norm(part) for part in parts])
    first, _, last = np.array(distances)
    assert (np.diff(distances, axis=0) < 0).all()
    assert (last < 0.2 * first).all()
    assert (last < 0.1 * np.linalg.norm(goal)).all()


@pytest.mark.parametrize("rule", [WakeSleep(), ReweightedWakeSleep(3)])
@pytest.mark.parametrize("visible", cases.VISIBLES)
def test_a_step_is_the_sum_of_the_steps_of_its_parts(rule, visible):
    machine, _, X = make_case((4, 3, 2), visible, n_rows=50)

    def step(start, stop):
        out, places = cases.empty_gradient(machine), {"start": start}
        wake = make_draws(stop - start, rule.n_particles, **places)
        dream = make_draws(stop - start, purpose=Purpose.DREAM, **places)
        bound = rule.gradient(machine, as_block(X[start:stop]), wake, dream, out)
        return exact.flatten(cases.gradient_of(machine, out)), bound

    whole, parts = step(0, 50), [step(0, 17), step(17, 50)]
    assert_allclose(sum(part[0] for part in parts), whole[0], rtol=1e-4, atol=1e-4)
    assert sum(part[1] for part in parts) == pytest.approx(whole[1])


@pytest.mark.parametrize("rule", [WakeSleep(), ReweightedWakeSleep(3)])
def test_a_step_changes_neither_machine_nor_data_and_repeats_to_the_bit(rule):
    machine, _, X = make_case((4, 3, 2), "fractional", n_rows=50)
    before, data = _tree.copy(machine), X.copy()
    results = []
    for work in (np, Workspace()):
        out = cases.empty_gradient(machine)
        wake = make_draws(50, rule.n_particles)
        dream = make_draws(50, purpose=Purpose.DREAM)
        results.append((rule.gradient(machine, as_block(X), wake, dream, out, work), out))
    for old, new in zip(_tree.leaves(before), _tree.leaves(machine), strict=True):
        assert_array_equal(old, new)
    assert_array_equal(data, X)
    assert results[0][0] == results[1][0]
    for one, other in zip(*(_tree.leaves(out) for _, out in results), strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("rule", [WakeSleep(), ReweightedWakeSleep(3)])
def test_dreams_teach_recognition_only_with_random_numbers_of_their_own(rule):
    machine, params, X = make_case((4, 3, 2), "binary", n_rows=50)
    of_recognition = recognition_entries(params)

    def step(wake_start, dream_start):
        out = cases.empty_gradient(machine)
        wake = make_draws(50, rule.n_particles, start=wake_start)
        dream = make_draws(50, purpose=Purpose.DREAM, start=dream_start)
        bound = rule.gradient(machine, as_block(X), wake, dream, out)
        flat = exact.flatten(cases.gradient_of(machine, out))
        return bound, flat[~of_recognition], flat[of_recognition]

    bound, generation, recognition = step(0, 0)
    other_dreams = step(0, 1000)
    assert other_dreams[0] == bound
    assert_array_equal(other_dreams[1], generation)
    assert (other_dreams[2] != recognition).any()
    other_particles = step(1000, 0)
    assert other_particles[0] != bound
    assert (other_particles[1] != generation).any()
    wake_teaches = isinstance(rule, ReweightedWakeSleep)
    assert (other_particles[2] != recognition).any() == wake_teaches


# Optimisers


def packed_case():
    machine, _, _ = make_case((4, 3, 2), "gaussian")
    return _tree.pack(machine)


def random_gradient(packed, seed):
    gradient = _tree.zeros_like(packed.tree)
    for leaf in _tree.leaves(gradient.tree):
        leaf[...] = np.random.default_rng(seed).normal(size=leaf.shape)
    return gradient


def marked(packed, mark):
    """A vector that holds what ``mark`` says of each array, and 0 in the gaps between arrays."""
    marks = _tree.zeros_like(packed.tree)
    for leaf in _tree.leaves(marks.tree):
        leaf[...] = mark(leaf)
    return marks.vector.astype(np.float64)


def alone():
    """The progress of a move that no other thread shares."""
    return counters(1)


def penalised(packed):
    """1 for the entries of matrices, 0 for those of vectors."""
    return marked(packed, lambda leaf: leaf.ndim == 2)


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_adam_is_its_naive_twin_and_penalises_weights_only(decay):
    packed, optimizer = packed_case(), Adam(decay)
    state = optimizer.init(len(packed.vector))
    twin, first, second = packed.vector.astype(np.float64), *np.zeros((2, len(packed.vector)))
    for t in range(1, 6):
        gradient = random_gradient(packed, t)
        slope = 0.1 * gradient.vector.astype(np.float64) - decay * penalised(packed) * twin
        twin, first, second = naive.adam_step(
            twin, slope, first, second, t, learning_rate=0.03, ascend=True
        )
        optimizer.move(packed, gradient.vector[None], 0.1, 0.03, state, alone(), 0)
        optimizer.end(state)
    assert_allclose(packed.vector, twin, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("optimizer", [Adam(0.5, 0.1), SGD(0.8, 0.5, 0.1)], ids=["adam", "sgd"])
def test_lateral_weights_can_have_a_penalty_of_their_own(optimizer):
    machine, _, _ = make_case((4, 3, 2), "ordered gaussian")
    free = replace(optimizer, lateral=(0.0, 0.0, 0.0))
    twin = replace(optimizer, decay=0.0, lasso=0.0, lateral=None)  # no penalty at all
    results = []
    for one in (optimizer, free, twin):
        packed = _tree.pack(machine)
        gradient, state = random_gradient(packed, 0), one.init(len(packed.vector))
        one.move(packed, gradient.vector[None], 0.1, 0.03, state, alone(), 0)
        results.append(packed.tree)
    same, apart, unpenalised = results
    for c, d, e in zip(
        *(m.generation.conditionals for m in (same, apart, unpenalised)), strict=True
    ):
        assert_array_equal(d.lateral.weights, e.lateral.weights)
        assert (d.lateral.weights != c.lateral.weights).any()
        assert_array_equal(d.map.intercept, c.map.intercept)
        if c.map.weights is not None:
            assert_array_equal(d.map.weights, c.map.weights)
            assert (d.map.weights != e.map.weights).any()


@pytest.mark.parametrize("decay", [0.0, 0.5])
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_sgd_is_its_naive_twin_and_penalises_weights_only(momentum, decay):
    packed, optimizer = packed_case(), SGD(momentum, decay)
    state = optimizer.init(len(packed.vector))
    twin, velocity = packed.vector.astype(np.float64), np.zeros(len(packed.vector))
    for t in range(1, 6):
        gradient = random_gradient(packed, t)
        slope = 0.1 * gradient.vector.astype(np.float64) - decay * penalised(packed) * twin
        twin, velocity = naive.sgd_momentum_step(
            twin, slope, velocity, learning_rate=0.03, momentum=momentum, ascend=True
        )
        optimizer.move(packed, gradient.vector[None], 0.1, 0.03, state, alone(), 0)
        optimizer.end(state)
    assert_allclose(packed.vector, twin, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("optimizer", [SGD(decay=0.5), Adam(0.5)])
def test_penalties_shrink_weights_and_leave_everything_else_alone(optimizer):
    packed = packed_case()
    before, marks = packed.vector.copy(), penalised(packed) == 1
    nothing = _tree.zeros_like(packed.tree)
    state = optimizer.init(len(before))
    optimizer.move(packed, nothing.vector[None], 1.0, 1e-3, state, alone(), 0)
    assert (np.abs(packed.vector[marks]) < np.abs(before[marks])).all()
    assert_array_equal(packed.vector[~marks], before[~marks])


@pytest.mark.parametrize(("optimizer", "n_parts"), [(SGD(), 1), (Adam(), 3)])
def test_optimisers_start_from_zero_and_change_in_place(optimizer, n_parts):
    packed = packed_case()
    state = optimizer.init(len(packed.vector))
    assert len(state) == n_parts
    assert not any(part.any() for part in state)
    vector, before = packed.vector, packed.vector.copy()
    gradient = random_gradient(packed, 0)
    kept = gradient.vector.copy()
    optimizer.move(packed, gradient.vector[None], 1.0, 0.1, state, alone(), 0)
    optimizer.end(state)
    used = marked(packed, lambda leaf: 1) == 1
    assert packed.vector is vector
    assert_array_equal(vector != before, used)
    assert all((m.all() if m.shape == (1,) else (m[used] != 0).all()) for m in state)
    assert_array_equal(gradient.vector, kept)


def test_schedules_after_stalling():
    assert Constant(0.3).after_stalling() is None
    assert Cosine(0.3).after_stalling() is None
    rate, rates = Adaptive(1e-2), []
    while rate is not None:
        rates.append(rate.rate(0.5))
        rate = rate.after_stalling()
    assert_allclose(rates, 1e-2 / 5.0 ** np.arange(6))
    assert rates[-1] / 5 < 1e-6


def test_schedules():
    assert [Constant(0.3).rate(p) for p in (0.0, 0.5, 1.0)] == [0.3] * 3
    cosine = [Cosine(0.4).rate(p) for p in (0.0, 1 / 3, 0.5, 2 / 3, 1.0)]
    assert_allclose(cosine, [0.4, 0.3, 0.2, 0.1, 0.0], atol=1e-15)


# Passes


@pytest.mark.parametrize("work", [np, Workspace()], ids=["numpy", "workspace"])
@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_passes_are_explanations_and_dreams_of_the_machine(n_units, visible, work):
    machine, _, X = make_case(n_units, visible, n_rows=4)
    wake = cases.make_draws(4, n_particles=5)
    dream = cases.make_draws(3, purpose=Purpose.DREAM)
    for _ in range(2):  # a work space serves its second round from memory of its own
        passes = wake_and_dream(machine, as_block(X), wake, dream, work)
        particles = sample_particles(machine, as_block(X), wake)
        dreams, _ = machine.dream(dream)
        assert_allclose(passes.log_weights, particles.mixture_log_weights(0), rtol=1e-6)
        assert_array_equal(passes.dreamt, dreams[0])
        for layer in range(len(n_units) - 1):
            assert_array_equal(passes.inferred(layer), particles.values[layer + 1])
            assert_array_equal(passes.dreams(layer), dreams[layer + 1])
        if work is not np:
            work.reset()


def weighted_sum(params, X, hidden, weight, differentiate):
    gradients = [
        exact.flatten(differentiate(params, x, [h[row] for h in hidden])) for row, x in enumerate(X)
    ]
    return weight.astype(np.float64) @ gradients


@pytest.mark.parametrize("work", [np, Workspace()], ids=["numpy", "workspace"])
@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_gradients_of_passes_are_weighted_sums_of_exact_ones(n_units, visible, work):
    machine, params, X = make_case(n_units, visible, n_rows=4)
    wake = cases.make_draws(4, n_particles=5)
    dream = cases.make_draws(3, purpose=Purpose.DREAM)
    weights = np.random.default_rng(0).uniform(0.1, 1, (4, 5)).astype(np.float32)
    layers = range(len(n_units) - 1)
    for recognise in (True, False):
        passes = wake_and_dream(machine, as_block(X), wake, dream, work)
        explained = [passes.inferred(i).astype(float) for i in layers]
        dreams = [passes.dreams(i).astype(float) for i in layers]
        dreamt = passes.dreamt.astype(float)
        out = cases.empty_gradient(machine)
        generation_gradient(machine, passes, weights.copy(), out.generation)
        repeated, ones = np.repeat(X, 5, axis=0), np.ones(3)
        expected = weighted_sum(params, repeated, explained, weights.ravel(), exact.grad_log_joint)
        slept = weighted_sum(params, dreamt, dreams, ones, exact.grad_log_recognition)
        if recognise:
            recognition_gradient(machine, passes, weights.copy(), out.recognition, work)
            woken = weighted_sum(
                params, repeated, explained, weights.ravel(), exact.grad_log_recognition
            )
            expected += (woken + slept) / 2
        else:
            sleep_gradient(machine, passes, out.recognition, work)
            expected += slept
        actual = exact.flatten(cases.gradient_of(machine, out))
        assert_allclose(actual, expected, rtol=2e-5, atol=2e-5)
        if work is not np:
            work.reset()


# The rules in one kernel

BINARY_NETS = [n_units for n_units, visible in CASES if visible == "binary"]
RULES = [WakeSleep(), *(ReweightedWakeSleep(n) for n in (1, 3, 10)), ReweightedWakeSleep(4, 1.0)]
FUSED = {WakeSleep: FusedWakeSleep, ReweightedWakeSleep: FusedReweightedWakeSleep}


def name_of_rule(rule):
    return f"{type(rule).__name__}-{rule.n_particles}"


both_rules = pytest.mark.parametrize(
    "rule", [WakeSleep(), ReweightedWakeSleep(3)], ids=name_of_rule
)


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("limits", [(0, 7), (0, 3, 7), (0, 1, 2, 6, 7)])
@pytest.mark.parametrize("n_units", [*BINARY_NETS, (70, 33, 20), (5, 70, 9, 40)])
@pytest.mark.parametrize("rule", RULES, ids=name_of_rule)
def test_fused_rules_are_the_layered_ones_to_the_bit(rule, n_units, limits, is_weighted):
    machine = initialise(n_units, Bernoulli(), np.zeros(n_units[0]), np.random.default_rng(0))
    packed = _tree.pack(machine)
    for leaf in _tree.leaves(packed.tree):  # intercepts that are not zero
        leaf += np.linspace(-0.3, 0.3, leaf.size, dtype=np.float32).reshape(leaf.shape)
    rng = np.random.default_rng(1)
    x = as_block((rng.random((7, n_units[0])) < 0.4).astype(np.uint8))
    weights = np.array([0, *rng.exponential(3, 6)])  # a first block may have none but 0

    def block(a, b):
        return replace(x, values=x.values[a:b], weights=weights[a:b] if is_weighted else None)

    def draws(a, b):
        wake = make_draws(b - a, rule.n_particles, start=a)
        return wake, make_draws(b - a, purpose=Purpose.DREAM, start=a)

    out, _ = _tree.parts_like(machine, len(limits) - 1)
    bounds = rule.fused(machine).gradients(packed, block(0, 7), *draws(0, 7), limits, out, np)
    expected, parts = _tree.parts_like(machine, len(limits) - 1)
    for place, (a, b) in enumerate(itertools.pairwise(limits)):
        bound = rule.gradient(packed.tree, block(a, b), *draws(a, b), parts[place].tree)
        assert bounds[place] == bound
    assert_array_equal(out, expected)
    assert out.any(axis=1).all()


@both_rules
def test_only_bernoulli_machines_have_a_fused_rule(rule):
    assert isinstance(rule.fused(make_case((4, 3, 2), "binary")[0]), FUSED[type(rule)])
    assert rule.fused(make_case((4, 3, 2), "gaussian")[0]) is None
    assert rule.fused(make_case((4, 3, 2), "ordered binary")[0]) is None


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("n_threads", [1, 2, 8])
@pytest.mark.parametrize("n_rows", [50, 130, 600])
@both_rules
def test_training_has_the_same_bits_with_and_without_the_fused_rule(
    rule, n_rows, n_threads, is_weighted, monkeypatch
):
    machine = initialise((30, 9, 5), Bernoulli(), np.zeros(30), np.random.default_rng(0))
    rng = np.random.default_rng(1)
    x = (rng.random((n_rows, 30)) < 0.4).astype(np.uint8)
    table = Table(x, True, weights=rng.exponential(3, n_rows) if is_weighted else None)
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)  # as many blocks as there can be
    results = []
    for is_compiled, threads in ((False, 1), (True, n_threads)):
        monkeypatch.setattr(FUSED[type(rule)], "is_compiled", is_compiled)
        training = Training(machine, rule, Adam(1e-3), threads, Past(cases.SEED))
        bounds = [training.step(table, np.arange(n_rows), 0.01) for _ in range(3)]
        results.append((bounds, training.parameters.vector.copy()))
    assert results[0][0] == results[1][0]
    assert_array_equal(results[0][1], results[1][1])


@both_rules
def test_training_uses_the_fused_rule_only_for_blocks_of_zeros_and_ones(rule, monkeypatch):
    machine = initialise((6, 3), Bernoulli(), np.zeros(6), np.random.default_rng(0))
    used, kind = [], FUSED[type(rule)]
    gradients = kind.gradients
    monkeypatch.setattr(kind, "is_compiled", True)
    monkeypatch.setattr(kind, "gradients", lambda *given: used.append(given) or gradients(*given))
    x = np.random.default_rng(1).random((20, 6))
    ones, weights = x > 0.5, np.arange(20.0)
    for table, n_used in (
        (Table(x, False), 0),
        (Table(scipy.sparse.csr_array(ones), True), 0),
        (Table(ones, True), 1),
        (Table(ones, True, weights=weights), 2),
        (Table(x, False, weights=weights), 2),
    ):
        training = Training(machine, rule, Adam(), 1, Past(cases.SEED))
        training.step(table, np.arange(20), 0.01)
        assert len(used) == n_used


@pytest.mark.parametrize(("n_units", "n_rows"), [((6, 3), 10), ((784, 200, 200), 128)])
def test_a_rule_is_worth_compiling_from_some_number_of_steps_on(n_units, n_rows):
    saved = 4e-5 + 3e-9 * n_rows * sum(n_units)
    threshold = int(9 / saved)
    assert not is_worth_compiling(n_units, n_rows, threshold)
    assert is_worth_compiling(n_units, n_rows, threshold + 1)


@both_rules
def test_a_fused_rule_is_compiled_for_trainings_of_many_steps(rule, monkeypatch):
    machine = initialise((6, 3), Bernoulli(), np.zeros(6), np.random.default_rng(0))
    used, kind = [], FUSED[type(rule)]
    gradients = kind.gradients
    monkeypatch.setattr(kind, "is_compiled", False)
    monkeypatch.setattr(kind, "gradients", lambda *given: used.append(given) or gradients(*given))
    table, most = Table(np.ones((20, 6), bool), True), 100_000
    monkeypatch.setattr(
        _training,
        "is_worth_compiling",
        lambda *sizes: sizes[:2] == ((6, 3), 10) and sizes[2] > most,
    )
    for n_done, n_epochs, n_used in ((0, most // 2, 0), (0, most // 2 + 1, 1), (most, 1, 2)):
        training = Training(machine, rule, Adam(), 1, Past(cases.SEED, n_done))
        plan = Plan(np.arange(20), batch_size=10, max_iter=n_epochs, schedule=Constant(0.01))
        training.begin(table, plan.batch_size, plan.n_steps)
        training.step(table, np.arange(10), 0.01)
        assert len(used) == n_used


@both_rules
def test_a_fused_rule_joins_blocks_up_to_a_number_of_rows_times_particles(rule, monkeypatch):
    machine = initialise((6, 3), Bernoulli(), np.zeros(6), np.random.default_rng(0))
    joined, kind = [], FUSED[type(rule)]
    gradients = kind.gradients

    def count(self, parameters, x, wake, dream, limits, out, work):
        joined.append((len(limits) - 1, wake.n_rows))
        return gradients(self, parameters, x, wake, dream, limits, out, work)

    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    monkeypatch.setattr(kind, "is_compiled", True)
    monkeypatch.setattr(kind, "gradients", count)
    training = Training(machine, rule, Adam(), 1, Past(cases.SEED))
    training.step(Table(np.ones((400, 6), bool), True), np.arange(400), 0.01)
    n_blocks, n_explanations = np.transpose(joined)
    assert n_blocks.max() > 1
    assert n_explanations.max() <= _gradients._ROWS_TOGETHER
    assert n_explanations.sum() == 400 * rule.n_particles


@pytest.mark.parametrize(
    ("n_units", "n_rows", "expected"),
    [((784, 200, 200), 100, [0, 25, 50, 75, 100]), ((784, 200, 200), 64, [0, 32, 64]),
     ((6, 3), 600, [0, 600])],
)  # fmt: skip
def test_blocks_of_products_are_what_they_have_always_been(n_units, n_rows, expected):
    """Sums over other blocks would be rounded differently."""
    rng = np.random.default_rng(0)
    machine = initialise(n_units, Bernoulli(), np.zeros(n_units[0]), rng)
    assert ReweightedWakeSleep(5).limits(machine, n_rows) == expected


# Trees


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_packing_keeps_every_value_and_puts_matrices_first(n_units, visible):
    machine, _, _ = make_case(n_units, visible)
    packed = _tree.pack(machine)
    originals, views = _tree.leaves(machine), _tree.leaves(packed.tree)
    for original, view in zip(originals, views, strict=True):
        assert_array_equal(original, view)
        assert np.shares_memory(view, packed.vector)
        assert not np.shares_memory(view, original)
        assert (view.ctypes.data - packed.vector.ctypes.data) % 64 == 0
    assert packed.vector.ctypes.data % 64 == 0
    assert len(packed.vector) % 16 == packed.ends[1] % 16 == packed.ends[0] % 16 == 0
    used = marked(packed, lambda leaf: 1)
    assert used.sum() == sum(leaf.size for leaf in originals)
    assert not packed.vector[used == 0].any()
    assert_array_equal(penalised(packed), used * (np.arange(len(used)) < packed.ends[1]))


def test_the_views_of_packed_parts_are_their_vectors():
    machine = make_case((4, 3, 2), "gaussian")[0]
    vectors, parts = _tree.parts_like(machine, 3)
    assert not vectors.any()
    for number, part in enumerate(parts, start=1):
        assert np.shares_memory(part.vector, vectors)
        for leaf in _tree.leaves(part.tree):
            leaf += number
    used = marked(parts[0], lambda leaf: 1)
    assert_array_equal(vectors, np.outer([1, 2, 3], used))


def test_leaves_can_be_taken_off_and_put_back():
    machine, _, _ = make_case((4, 3, 2), "gaussian")
    leaves = _tree.leaves(machine)
    assert len(leaves) == 3 + 2 + 2 + 2 + 1
    doubled = _tree.with_leaves(machine, [2 * leaf for leaf in leaves])
    assert type(doubled) is type(machine)
    assert doubled.generation.layers == machine.generation.layers
    assert doubled.generation.conditionals[0].map.weights is None
    for one, two in zip(leaves, _tree.leaves(doubled), strict=True):
        assert_array_equal(2 * one, two)


def test_copies_have_arrays_of_their_own():
    machine, _, _ = make_case((4, 3, 2), "gaussian")
    copied = _tree.copy(machine)
    for mine, theirs in zip(_tree.leaves(copied), _tree.leaves(machine), strict=True):
        assert mine.dtype == theirs.dtype
        assert_array_equal(mine, theirs)
        assert not np.shares_memory(mine, theirs)
    assert_array_equal(copied.visible.units.log_excess, machine.visible.units.log_excess)


# The work space


def test_arrays_of_a_work_space_start_at_a_cache_line():
    space = Workspace()
    arrays = [space.empty((n, 3), dtype) for n in (0, 1, 5) for dtype in (np.uint8, np.float64)]
    assert all(array.ctypes.data % 64 == 0 for array in arrays if array.size)
    assert [array.shape for array in arrays[::2]] == [(0, 3), (1, 3), (5, 3)]


def test_work_spaces_are_lent_to_one_at_a_time_and_the_last_one_again():
    spaces = Workspaces()
    with spaces.one() as first, spaces.one() as second:
        assert first is not second
        kept = first.empty((2,), np.float32)
    with spaces.one() as again:
        assert again is first
        assert again.empty((2,), np.float32) is kept


def test_a_work_space_gives_arrays_of_their_own_and_the_same_memory_every_round():
    work, shapes = Workspace(), [(3, 5), (7,), (0, 4), (1,)]
    places = []
    for _ in range(4):
        arrays = [work.empty(shape, t) for shape in shapes for t in (np.float32, np.uint8, float)]
        for number, array in enumerate(arrays):
            array[...] = number
        for number, array in enumerate(arrays):
            assert (array == number).all()
        places.append([array.ctypes.data for array in arrays if array.size])
        work.reset()
    assert places[1] == places[2] == places[3]
    assert work.empty((3, 5), np.float32).shape == (3, 5)


def test_a_work_space_makes_other_shapes_of_memory_that_is_large_enough():
    work = Workspace()
    large = work.empty((6, 5), np.float64)
    work.reset()
    small = work.empty((7,), np.uint8)
    assert (small.shape, small.dtype) == ((7,), np.uint8)
    assert np.shares_memory(small, large)
    work.reset()
    assert not np.shares_memory(work.empty((31,), np.float64), large)


def test_a_loan_of_a_work_space_leaves_what_was_lent_before():
    work = Workspace()
    kept = work.empty((4,), np.float64)
    for _ in range(2):
        with work.loan():
            within = work.empty((9,), np.float64)
            assert not np.shares_memory(kept, within)
    after = work.empty((9,), np.float64)
    assert np.shares_memory(after, within)
    assert not np.shares_memory(after, kept)


# Averages


def test_an_average_weighs_the_later_moves_by_the_eighth_power():
    """Weights of the recursion, unrolled: those of ``gamma(s + 8) / gamma(s)``, about s^8."""
    n_terms, size = 60, 32
    path = np.random.default_rng(0).normal(size=(4 * n_terms + 1, size)).astype(np.float32)
    average = Average(np.ones(size, np.float32))
    for parameters in path:
        average.add(parameters)
    used = path[[0, *range(3, len(path), 4)]].astype(np.float64)
    weights = np.array([math.prod(range(s, s + 8)) for s in range(1, len(used) + 1)], np.float64)
    assert (average.n_moves, average.n_terms) == (len(path), len(used))
    assert_allclose(average.vector, weights / weights.sum() @ used, rtol=1e-4, atol=1e-5)
    assert weights[-len(used) // 4 :].sum() > 0.9 * weights.sum()


def test_training_results_in_its_average_and_moves_on_from_its_parameters():
    machine = initialise((6, 3), Bernoulli(), np.zeros(6), np.random.default_rng(0))
    x = (np.random.default_rng(1).random((40, 6)) < 0.4).astype(np.uint8)
    plain = Training(machine, WakeSleep(), Adam(), 1, Past(cases.SEED))
    averaged = Training(machine, WakeSleep(), Adam(), 1, Past(cases.SEED), averages=True)
    twin = Average(plain.parameters.vector.copy())
    for _ in range(23):
        for training in (plain, averaged):
            training.step(Table(x, True), np.arange(40), 0.05)
        twin.add(plain.parameters.vector)
    assert_array_equal(averaged.parameters.vector, plain.parameters.vector)
    assert_array_equal(averaged.result.vector, twin.vector)
    assert (twin.vector != plain.parameters.vector).any()
    assert_array_equal(_tree.pack(averaged.machine).vector, twin.vector)
    assert plain.result is plain.parameters


# Penalties


def test_the_common_strength_is_that_of_the_most_probable_prior():
    """The mode of c given the weights: c^n exp(-c (sum |w| + n / strongest)), and for squares."""
    weights, n_rows, strongest = np.random.default_rng(0).laplace(size=50), 40, 3.0
    size, square = np.abs(weights).mean(), np.square(weights).mean()
    c = np.linspace(1e-3, 10, 100_001)
    for l1_ratio, exponent, power in ((0.0, square / 2, 1 / 2), (1.0, size, 1)):
        log_density = power * np.log(c) - c * (exponent + power / strongest)
        expected = c[np.argmax(log_density)]
        decay, lasso, concavity = EstimatedPenalty(n_rows, l1_ratio, strongest).strengths(
            size, square
        )
        assert decay == pytest.approx((1 - l1_ratio) * expected / n_rows, rel=1e-3)
        assert lasso == pytest.approx(l1_ratio * expected / n_rows, rel=1e-3)
        assert concavity == 0
    decay, lasso, concavity = EstimatedPenalty(n_rows, 0.5, strongest).strengths(size, square)
    common = 1 / ((size / 2 + square / 4) / 0.75 + 1 / 3)
    assert decay == lasso == pytest.approx(common / 2 / n_rows)


def test_each_weight_has_the_most_probable_strength_of_its_own():
    """The mode of c_i^a exp(-a c_i / c) c_i exp(-c_i |w|), over the rows, by a grid."""
    n_rows, size, shape = 40, 0.7, 1.7
    _, lasso, concavity = EstimatedPenalty(n_rows, 1.0, 3.0, shape).strengths(size, size**2)
    common, grid = 1 / (size + 1 / 3), np.linspace(1e-3, 20, 200_001)
    for weight in (0.0, 0.2, 3.0):
        log_density = (shape + 1) * np.log(grid) - grid * (shape / common + weight)
        expected = grid[np.argmax(log_density)] / n_rows
        assert lasso / (1 + concavity * weight) == pytest.approx(expected, rel=1e-3)


def test_the_size_of_weights_with_the_prior_is_the_same_in_both_orders():
    weights = np.random.default_rng(0).laplace(scale=0.3, size=100_000)
    size, square = np.abs(weights).mean(), np.square(weights).mean()
    first, second = (
        EstimatedPenalty(40, 1.0, 3.0, order=order).strengths(size, square) for order in (1, 2)
    )
    assert second == pytest.approx(first, rel=0.01)
    assert second[1] == pytest.approx(1 / (np.sqrt(square / 2) + 1 / 3) / 40)
    half_of_them = EstimatedPenalty(40, 1.0, 3.0, order=2).strengths(size / 2, square / 2)
    assert half_of_them[1] == pytest.approx(1 / (np.sqrt(square) / 2 + 1 / 3) / 40)


def test_the_bound_of_the_strength_grows_geometrically():
    growing = EstimatedPenalty(40, 1.0, 3.2, initial_bound=0.2)
    lassos = [growing.strengths(0.0, 0.0, progress)[1] * 40 for progress in (0, 0.25, 0.5, 1)]
    assert lassos == pytest.approx([0.2, 0.4, 0.8, 3.2])
    assert growing.strengths(0.0, 0.0) == growing.strengths(0.0, 0.0, 1.0)
    assert growing.strengths(9.8, 0.0, 0.1)[1] == pytest.approx(1 / (9.8 + 1 / 3.2) / 40)
    settled_ones = EstimatedPenalty(40, 1.0, 3.2), EstimatedPenalty(40, 1.0, 3.2, initial_bound=7.0)
    for settled in settled_ones:
        assert settled.strengths(0.5, 0.5, 0.0) == growing.strengths(0.5, 0.5)
    assert FixedPenalty(0.4, 0.25).strengths(0.5, 0.5, 0.0) == (0.4 * 0.75, 0.1, 0.0)


def test_penalties_are_set_apart_for_connections_and_lateral_weights():
    machine, params, _ = make_case((4, 3, 2), "ordered gaussian")
    penalties = EstimatedPenalty(10, 1.0, 2.0), EstimatedPenalty(10, 1.0, 8.0, 1.0)
    optimizer = penalise(Adam(), _tree.pack(machine), penalties)
    connections = [*params.generative_coefs, *params.recognition_coefs]
    size = np.concatenate([np.abs(w).ravel() for w in connections]).mean()
    assert optimizer.decay == optimizer.lateral[0] == 0
    assert optimizer.lasso == pytest.approx(1 / (size + 1 / 2) / 10)
    assert optimizer.concavity == 0
    laterals = [w[np.triu_indices(len(w), 1)] for w in params.generative_lateral_coefs]
    size = np.abs(np.concatenate(laterals)).mean()
    assert optimizer.lateral[1:] == pytest.approx((0.2 / (size + 1 / 8), 1 / (size + 1 / 8)))
    fixed = penalise(Adam(), _tree.pack(machine), (FixedPenalty(0.4, 0.25), FixedPenalty(0.1)))
    assert (fixed.decay, fixed.lasso, fixed.lateral) == (pytest.approx(0.3), 0.1, (0.1, 0.0, 0.0))
    assert fixed.concavity == 0


def test_training_estimates_penalties_anew_every_epoch():
    machine = initialise((6, 3), Bernoulli(), np.zeros(6), np.random.default_rng(0), True)
    x = np.repeat(np.random.default_rng(1).random((40, 1)) < 0.4, 6, axis=1).astype(np.uint8)
    penalties = EstimatedPenalty(2000, 1.0, 2.0), EstimatedPenalty(2000, 1.0, 8.0)
    training = Training(machine, WakeSleep(), Adam(), 1, Past(cases.SEED), penalties=penalties)
    seen = []
    rows, plan = Table(x, True), Plan(np.arange(40), 10, 5, Constant(0.05))

    class Watch(Monitor):
        def end_epoch(self, training, loss):
            seen.append(training._optimizer.lateral[1] * 2000)
            return super().end_epoch(training, loss)

    train(training, rows, plan, Watch())
    assert seen[0] == 8
    assert (np.diff(seen) < 0).all()


def test_penalties_grow_over_the_epochs_in_which_they_settle():
    machine = initialise((6, 3), Bernoulli(), np.zeros(6), np.random.default_rng(0), True)
    x = (np.random.default_rng(1).random((40, 6)) < 0.4).astype(np.uint8)
    # Weaker than any weights would say.
    growing = EstimatedPenalty(2000, 1.0, 1e-3, initial_bound=1e-5)
    past, penalties = Past(cases.SEED), (growing, growing)
    training = Training(machine, WakeSleep(), Adam(), 1, past, penalties=penalties)
    seen = []

    class Watch(Monitor):
        def end_epoch(self, training, loss):
            seen.append(training._optimizer.lasso * 2000)
            return super().end_epoch(training, loss)

    def check(progress, patience=None, **params):
        seen.clear()
        plan = Plan(np.arange(40), 10, 8, Constant(0.05), **params)
        watch = Watch(patience=patience, tol=1e9)  # nothing is an improvement
        assert train(training, Table(x, True), plan, watch).end is (
            End.FINISHED if len(progress) == 8 else End.STOPPED
        )
        assert seen == pytest.approx([1e-5 * 100**share for share in progress], rel=1e-2)

    check((0.25, 0.5, 0.75, 1, 1, 1, 1, 1), warmup=0.5)
    check([1] * 8)
    check([1] * 4, patience=3)
    check((1, 1, 1, 1, 0.5, 1, 1), patience=3, second_rise=2)  # let go once, not twice
    check((1, 1, 1, 1, 1, 1, 0.25, 0.5), patience=5, second_rise=4)
    training._penalties = FixedPenalty(0.1), FixedPenalty(0.1)
    seen.clear()
    plan = Plan(np.arange(40), 10, 8, Constant(0.05), second_rise=2)
    train(training, Table(x, True), plan, Watch(patience=3, tol=1e9))
    assert len(seen) == 4
