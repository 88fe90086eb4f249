"""Learning by the score function: steps are the gradients that docstrings state."""

import itertools
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _keys, _tree
from sklearn_helmholtz._kernels.teams import counters
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz._training import Past, Training
from sklearn_helmholtz.learning import (
    NVIL,
    SGD,
    VIMCO,
    Adam,
)
from sklearn_helmholtz.learning.passes import infer_by_recognition, infer_by_states
from sklearn_helmholtz.learning.score_function import _DECAY, Rewards, bounds_without
from sklearn_helmholtz.machines import with_baselines
from sklearn_helmholtz.rows import Table, limits
from tests import cases, exact
from tests.belief_net_oracles import (
    DRAWN_GAPS,
    REWARDED,
    drawn,
    flat,
    judged,
    make_rows_with_gaps,
    quotient,
    run_blocks,
    share_of,
    slopes,
    stand_in_of,
    tiled,
)
from tests.blocks import as_block
from tests.cases import make_case, make_draws
from tests.learning.test_learning import assert_expectation, recognition_entries

# The oracles


def bound_gradient(params, X, n_particles):
    """The mean over rows of the gradient of E log(1/K sum_k w_k), flat.

    By recognition, E[sum_k (L - w_k) d log q_k], where w_k are normalised: the score function, and
    what the bound has of q itself. What is drawn in gaps is explained, as in wake-sleep.
    """
    total = exact.zero_gradient(params)
    for x in X:
        fill_values = stand_in_of(X)
        data, hidden, log_drawn, log_weight = exact.proposals(params, x, fill_values)
        parts = exact._weighted_tuples(log_drawn, log_weight, n_particles)
        tuples, probabilities, log_weights = parts
        sums = exact._log_sum_exp(log_weights)
        shares = np.exp(log_weights - sums[:, None])
        rewards = (sums - np.log(n_particles))[:, None] - shares
        places, n = tuples.ravel(), len(log_drawn)
        probabilities = probabilities[:, None]
        down = np.bincount(places, (probabilities * shares).ravel(), n)
        up = np.bincount(places, (probabilities * rewards).ravel(), n)
        seen = np.where(np.isnan(x), fill_values, x)
        for i in range(n):
            state = [layer[i] for layer in hidden]
            exact._add_scaled(total, exact.grad_log_joint(params, data[i], state), down[i])
            exact._add_scaled(total, exact.grad_log_recognition(params, seen, state), up[i])
    return exact.flatten(total) / len(X)


@pytest.mark.parametrize("n_particles", [1, 2])
@pytest.mark.parametrize("visible", ["binary", "gaussian", "ordered binary"])
def test_the_oracle_of_bounds_is_their_slope(visible, n_particles):
    _, params, _, X = make_rows_with_gaps((4, 2, 1), visible, missing=False, n_rows=2)
    expected = slopes(lambda p: exact.reweighted_bound(p, X, n_particles).mean(), params)
    assert_allclose(bound_gradient(params, X, n_particles), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("n_particles", [1, 2])
def test_the_oracle_of_bounds_of_rows_with_gaps_is_their_slope_by_recognition(n_particles):
    _, params, _, X = make_rows_with_gaps((4, 2), "ordered binary", missing=True, n_rows=3)
    expected = slopes(
        lambda p: exact.completed_bound(p, X, stand_in_of(X), n_particles).mean(), params
    )
    place = recognition_entries(params)
    actual = bound_gradient(params, X, n_particles)
    assert_allclose(actual[place], expected[place], rtol=1e-6, atol=1e-8)
    assert abs(actual - expected)[~place].max() > 1e-3  # generation decides what is drawn, too


# Rewards of one sample


def log_parts(params, x, hidden):
    """Log p(h_{i-1} | h_i), i = 1..L and then log p(h_L); log q(h_i | h_{i-1}); nats, of a row.

    Values that are missing (NaN) of x are left out of the likelihood.
    """
    layers, down, up = [x, *hidden], [], []
    for depth, values in enumerate(layers):
        eta = exact.generative_inputs(params, [np.nan_to_num(x), *hidden], depth)
        if depth == 0 and params.noise_variance is not None:
            terms = exact._gaussian(values[:, None], eta[:, None], params.noise_variance[:, None])
        else:
            terms = values * eta - np.logaddexp(0, eta)
        down.append(np.nansum(terms))
    filled = np.where(np.isnan(x), stand_in_of(x[None]), x)
    for below, values, weights, intercept in zip(
        [filled, *hidden], hidden, params.recognition_coefs, params.recognition_intercepts,
        strict=False,
    ):  # fmt: skip
        up.append(exact._bernoulli(values, below @ weights + intercept))
    return np.array(down), np.array(up)


def worth(params, X, hidden):
    """Log p(h_{i-1}, ..., h_L) - log q(h_i, ..., h_L | h_{i-1}) of each layer i and each row."""
    result = []
    for row, x in enumerate(X):
        down, up = log_parts(params, x, [layer[row] for layer in hidden])
        result.append([down[i:].sum() - up[i:].sum() for i in range(len(up))])
    return np.array(result).T


def numbers_of(baseline, below):
    """What a baseline expects, in float64."""
    hidden, value = baseline.hidden, baseline.value
    arrays = (hidden.weights, hidden.intercept, value.weights, value.intercept)
    w, b, v, c = (array.astype(np.float64) for array in arrays)
    return (np.tanh(below @ w + b) @ v + c)[:, 0]


def rewarded(params, X, hidden, rewards, weights=None):
    """The step that rewards (n_layers, n_particles) and weights of particles make, flat."""
    total, n_particles = exact.zero_gradient(params), len(hidden[0]) // len(X)
    for i in range(len(hidden[0])):
        x, state = X[i // n_particles], [layer[i] for layer in hidden]
        missing = np.isnan(x)
        filled = np.where(missing, stand_in_of(X), x)
        gradient = exact.grad_log_recognition(params, filled, state)
        for lists in (gradient.recognition_coefs, gradient.recognition_intercepts):
            for array, reward in zip(lists, rewards[:, i], strict=True):
                array *= reward
        exact._add_scaled(total, gradient, 1.0)
        gradient = exact.grad_log_joint(params, np.nan_to_num(x), state)
        gradient.generative_coefs[0][:, missing] = 0
        gradient.generative_intercepts[0][missing] = 0
        if gradient.log_noise_variance is not None:
            gradient.log_noise_variance[missing] = 0
        exact._add_scaled(total, gradient, 1.0 if weights is None else weights.ravel()[i])
    return exact.flatten(total)


VARIANCES = np.array([6.25, 0.5, 1.44])


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize(("n_units", "visible", "missing"), REWARDED)
def test_a_step_of_nvil_rewards_each_layer_for_what_it_brings(
    n_units, visible, missing, baseline, normalise
):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    learner, n_layers = judged(machine), len(n_units) - 1
    means, variances = np.linspace(-3, -1, n_layers), VARIANCES[:n_layers]
    hidden = drawn(machine, x)
    values = worth(params, X, hidden)
    rewards = values.copy()
    below = [np.asarray(as_block(x).filled, np.float64), *hidden[:-1]]
    if baseline:
        guesses = [numbers_of(b, part) for b, part in zip(learner.baselines, below, strict=True)]
        rewards -= np.array(guesses) + means[:, None]
    if normalise:
        rewards /= np.sqrt(np.maximum(1, variances))[:, None]
    out = cases.empty_gradient(learner)
    rule, share = NVIL(baseline, normalise), share_of(means, variances)
    bound = rule.gradient(learner, as_block(x), make_draws(4), None, out, memory=share)
    assert bound == pytest.approx(values[0].sum(), rel=1e-5)
    expected = rewarded(params, X, hidden, rewards)
    assert_allclose(flat(machine, out), expected, rtol=5e-5, atol=5e-5)


@pytest.mark.parametrize("normalise", [False, True])
def test_nothing_is_scaled_nor_shifted_where_nothing_is_known_of_rewards(normalise):
    machine, params, x, X = make_rows_with_gaps((4, 3, 2), "binary", missing=False)
    learner, hidden = with_baselines(machine, np.random.default_rng(0)), drawn(machine, x)
    expected = rewarded(params, X, hidden, worth(params, X, hidden))
    for memory in (None, Rewards(2).take(cases.place_of(np.arange(4)))):
        out = cases.empty_gradient(learner)
        NVIL(True, normalise).gradient(
            learner, as_block(x), make_draws(4), None, out, memory=memory
        )
        assert_allclose(flat(machine, out), expected, rtol=2e-5, atol=2e-5)


def test_the_reward_of_a_layer_has_nothing_of_the_layers_below_it():
    """Another p(x | h_1) changes what the first layer learns, and nothing above."""
    machine, _, x, _ = make_rows_with_gaps((4, 3, 2), "binary", missing=False)
    other = _tree.copy(machine)
    for leaf in _tree.leaves(other.visible):
        leaf += 1
    first, second = (learner_step(NVIL(), judged(net), x) for net in (machine, other))
    pairs = zip(first.recognition.conditionals, second.recognition.conditionals, strict=True)
    differs = [(a.map.intercept != b.map.intercept).any() for a, b in pairs]
    assert differs == [True, False]


def learner_step(rule, learner, x):
    out = cases.empty_gradient(learner)
    rule.gradient(learner, as_block(x), make_draws(len(x), rule.n_particles), None, out)
    return out


@pytest.mark.parametrize(("n_units", "visible", "missing"), REWARDED)
def test_baselines_climb_down_the_squares_of_what_they_get_wrong(n_units, visible, missing):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    learner, hidden = judged(machine), drawn(machine, x)
    values, below = (
        worth(params, X, hidden),
        [np.asarray(as_block(x).filled, np.float64), *hidden[:-1]],
    )
    out = learner_step(NVIL(normalise=False), learner, x)
    for i, (baseline, target) in enumerate(zip(learner.baselines, out.baselines, strict=True)):
        baseline = _tree.with_leaves(
            baseline, [leaf.astype(np.float64) for leaf in _tree.leaves(baseline)]
        )
        for leaf, actual in zip(_tree.leaves(baseline), _tree.leaves(target), strict=True):
            for index in itertools.islice(np.ndindex(leaf.shape), 0, None, 7):
                value, results = leaf[index], []
                for distance in (-2, -1, 1, 2):
                    leaf[index] = value + distance * 1e-4
                    left = values[i] - numbers_of(baseline, below[i])
                    results.append(-0.5 * (left**2).sum())
                leaf[index] = value
                assert actual[index] == pytest.approx(quotient(results, 1e-4), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize(("n_units", "visible", "missing"), REWARDED)
def test_the_expected_step_of_nvil_is_the_slope_of_the_evidence_lower_bound(
    n_units, visible, missing, baseline
):
    check_nvil(n_units, visible, missing, baseline)


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize(("n_units", "visible", "missing"), DRAWN_GAPS)
def test_the_expected_step_of_nvil_explains_what_is_drawn_in_gaps(
    n_units, visible, missing, baseline
):
    """It lacks what the bound owes to how that is drawn."""
    check_nvil(n_units, visible, missing, baseline)


def check_nvil(n_units, visible, missing, baseline):
    """Steps and bounds have the expectations of the oracles."""
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    learner, means = judged(machine), np.linspace(-4, -2, len(n_units) - 1)
    rule = NVIL(baseline, normalise=False)
    steps, bounds = run_blocks(rule, machine, learner, x, means)
    assert_expectation(steps, bound_gradient(params, X, 1))
    expected = exact.completed_bound(params, X, stand_in_of(X), 1).mean()
    assert_expectation(bounds, expected)
    if not missing:
        assert expected == pytest.approx(-exact.free_energy(params, X).mean())


def test_baselines_make_the_steps_of_recognition_less_noisy():
    machine, params, x, X = make_rows_with_gaps((4, 3, 2), "binary", missing=False)
    place, learner = recognition_entries(params), with_baselines(machine, np.random.default_rng(0))
    hidden = drawn(machine, tiled(x, 2000))
    means = worth(params, np.resize(X, (2000, 4)), hidden).mean(axis=1)
    taught = with_baselines(machine, np.random.default_rng(0))
    packed = _tree.pack(taught)
    optimizer, state = SGD(0.9), SGD(0.9).init(len(packed.vector))
    for step in range(300):  # of the baselines alone
        out = _tree.zeros_like(taught)
        draws = make_draws(400, step=100 + step)
        NVIL(normalise=False).gradient(
            packed.tree, as_block(tiled(x, 400)), draws, None, out.tree, memory=share_of(means)
        )
        for leaf in _tree.leaves((out.tree.generation, out.tree.recognition)):
            leaf[...] = 0
        progress = counters(1)
        optimizer.move(packed, out.vector[None], 1 / 400, 0.003, state, progress, 0)
    noise = []
    for rule, net, known in (
        (NVIL(False, False), learner, None),
        (NVIL(True, False), learner, means),
        (NVIL(True, False), packed.tree, means),
    ):
        steps, _ = run_blocks(rule, machine, net, x, known, n_rows=400)
        noise.append(steps[:, place].var(axis=0).sum())
    assert noise[1] < 0.5 * noise[0]
    assert noise[2] < 0.8 * noise[1]


# Running means of rewards


def test_running_means_of_rewards_by_hand():
    rng = np.random.default_rng(0)
    memory, steps = Rewards(2), [rng.normal(-5, 2, (2, n)) for n in (5, 8, 3)]
    assert not memory.means.any()
    assert not memory.variances.any()
    means = variances = None
    for rewards in steps:
        for columns in np.array_split(np.arange(rewards.shape[1]), 2):
            share = memory.take(cases.place_of(columns))
            share.count(rewards[:, columns], None)
            memory.put(cases.place_of(columns), share)
        before = memory.means
        memory.end_step(None, None)
        first, second = rewards.mean(axis=1), rewards.var(axis=1)
        share = 1.0 if means is None else 1 - _DECAY
        means = first if means is None else means + share * (first - means)
        variances = second if variances is None else variances + share * (second - variances)
        assert_allclose(memory.means, means, rtol=1e-12)
        assert_allclose(memory.variances, variances, rtol=1e-9)
        assert (before != memory.means).all()
    assert _DECAY == 0.8


def test_the_order_in_which_blocks_are_put_back_does_not_matter():
    rng = np.random.default_rng(0)
    parts = {first: rng.normal(size=(2, 5)) for first in (0, 7, 3, 90)}
    results = []
    for order in itertools.permutations(parts):
        memory = Rewards(2)
        for first in order:
            numbers = np.arange(first, first + 5)
            share = memory.take(cases.place_of(numbers))
            share.count(parts[first], None)
            memory.put(cases.place_of(numbers), share)
        memory.end_step(None, None)
        results.append([*memory.means, *memory.variances])
    assert len(np.unique(results, axis=0)) == 1


def test_nvil_counts_rewards_less_what_baselines_expect():
    machine, params, x, X = make_rows_with_gaps((4, 3, 2), "binary", missing=False)
    learner, hidden = judged(machine), drawn(machine, x)
    pairs = zip(learner.baselines, [X, hidden[0]], strict=True)
    guesses = [numbers_of(baseline, below) for baseline, below in pairs]
    expected = worth(params, X, hidden) - guesses
    memory = NVIL().make_memory(learner, cases.rows_of(x))
    memory.means = np.array([-3.0, 2.0])  # are taken away later
    share, out = memory.take(cases.place_of(np.arange(4))), cases.empty_gradient(learner)
    NVIL().gradient(learner, as_block(x), make_draws(4), None, out, memory=share)
    assert_allclose(share.sums[0], 4)
    assert_allclose(share.sums[1], expected.sum(axis=1), rtol=1e-5)
    assert_allclose(share.sums[2], (expected**2).sum(axis=1), rtol=1e-5)


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("normalise", [False, True])
def test_training_goes_on_from_the_rewards_of_all_blocks_of_the_step_before(
    baseline, normalise, monkeypatch
):
    machine, params, _ = make_case((4, 3, 2), "binary")
    x, rule = cases.make_rows(4, "binary", 200), NVIL(baseline, normalise)
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    learner = with_baselines(machine, np.random.default_rng(0))
    training = Training(learner, rule, Adam(), 1, Past(cases.SEED))
    rows = Table(x, True)
    training.begin(rows)
    training.step(rows, np.arange(200), 0.0)
    draws = Draws(_keys.key(cases.SEED, Purpose.WAKE), _keys.training_addresses(1, 0, 200))
    hidden = infer_by_recognition(learner, as_block(x), draws)[0].hidden
    rewards = worth(params, x.astype(float), [layer.astype(float) for layer in hidden])
    known = training._memory.take(cases.place_of(np.arange(200)))
    assert_allclose(known.means, rewards.mean(axis=1), rtol=1e-5)
    assert_allclose(known.variances, rewards.var(axis=1), rtol=1e-4)


# Several samples


@pytest.mark.parametrize("n_particles", [2, 3, 5])
def test_bounds_without_a_weight_have_the_geometric_mean_of_the_others(n_particles):
    log_weights = np.random.default_rng(0).normal(-100, 3, (7, n_particles))
    expected = np.empty(log_weights.shape)
    for row, k in np.ndindex(log_weights.shape):
        swapped = list(log_weights[row])
        others = swapped[:k] + swapped[k + 1 :]
        swapped[k] = sum(others) / len(others)
        expected[row, k] = np.log(np.mean(np.exp(np.array(swapped) + 100))) - 100
    before = log_weights.copy()
    assert_allclose(bounds_without(log_weights), expected, rtol=1e-12)
    assert_array_equal(log_weights, before)


def test_bounds_without_each_of_many_weights_need_little_room():
    log_weights = np.random.default_rng(0).normal(-100, 3, (20, 500))
    tracemalloc.start()
    try:
        bounds_without(log_weights)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20 * log_weights.nbytes
    dominant = np.array([[-1000.0, 0.0, -2000.0]])  # nothing is left of sums less this weight
    assert_allclose(bounds_without(dominant), [[0, -1000, 0]] - np.log(3))


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("n_particles", [2, 3])
@pytest.mark.parametrize(("n_units", "visible", "missing"), REWARDED)
def test_a_step_of_vimco_rewards_samples_for_the_bound_that_they_bring(
    n_units, visible, missing, n_particles, baseline
):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    learner, hidden = judged(machine), drawn(machine, x, n_particles)
    repeated = np.repeat(X, n_particles, axis=0)
    log_weights = worth(params, repeated, hidden)[0].reshape(-1, n_particles)
    bounds = exact._log_sum_exp(log_weights)
    weights = np.exp(log_weights - bounds[:, None])
    bounds -= np.log(n_particles)
    rewards = bounds[:, None] - weights
    if baseline:
        rewards -= bounds_without(log_weights)
    out = cases.empty_gradient(learner)
    rule = VIMCO(n_particles, baseline)
    assert rule.make_memory(learner, cases.rows_of(x)) is None
    bound = rule.gradient(learner, as_block(x), make_draws(4, n_particles), None, out)
    rewards = np.repeat(rewards.reshape(1, -1), len(hidden), axis=0)
    assert bound == pytest.approx(bounds.sum(), rel=1e-5)
    expected = rewarded(params, X, hidden, rewards, weights)
    assert_allclose(flat(machine, out), expected, rtol=5e-5, atol=5e-5)


VIMCO_CASES = [
    ((4, 3), "binary", False, 2),
    ((4, 3), "binary", False, 3),
    ((4, 3, 2), "fractional", False, 2),
    ((4, 3, 2), "gaussian", False, 3),
    ((3, 2, 2, 2), "binary", False, 2),
    ((4, 3, 2), "ordered binary", False, 2),
    ((4, 3), "gaussian", True, 2),
]


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize(("n_units", "visible", "missing", "n_particles"), VIMCO_CASES)
def test_the_expected_step_of_vimco_is_the_slope_of_the_importance_weighted_bound(
    n_units, visible, missing, n_particles, baseline
):
    check_vimco(n_units, visible, missing, n_particles, baseline)


@pytest.mark.parametrize("baseline", [False, True])
def test_the_expected_step_of_vimco_explains_what_is_drawn_in_gaps(baseline):
    """It lacks what the bound owes to how that is drawn."""
    check_vimco((4, 3), "ordered fractional", True, 2, baseline)


def check_vimco(n_units, visible, missing, n_particles, baseline):
    """Steps and bounds have the expectations of the oracles."""
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    rule = VIMCO(n_particles, baseline)
    steps, bounds = run_blocks(rule, machine, machine, x, n_rows=600)
    assert_expectation(steps, bound_gradient(params, X, n_particles))
    expected = exact.completed_bound(params, X, stand_in_of(X), n_particles).mean()
    assert_expectation(bounds, expected)


@pytest.mark.parametrize("n_particles", [2, 3])
def test_what_is_taken_from_the_rewards_of_vimco_is_noise(n_particles):
    machine, params, x, _ = make_rows_with_gaps((4, 3, 2), "binary", missing=False)
    place, noise = recognition_entries(params), []
    for baseline in (False, True):
        steps, _ = run_blocks(VIMCO(n_particles, baseline), machine, machine, x, n_rows=400)
        noise.append(steps[:, place].var(axis=0).sum())
    assert noise[1] < 0.5 * noise[0]


# Passes


@pytest.mark.parametrize("n_particles", [1, 3])
@pytest.mark.parametrize(("n_units", "visible", "missing"), REWARDED)
def test_particles_are_scored_layer_by_layer(n_units, visible, missing, n_particles):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    passes, log_q, log_p = infer_by_recognition(machine, as_block(x), make_draws(4, n_particles))
    hidden = [layer.astype(np.float64) for layer in passes.hidden]
    for i in range(4 * n_particles):
        down, up = log_parts(params, X[i // n_particles], [layer[i] for layer in hidden])
        assert_allclose(log_q[:, i], up, rtol=1e-5, atol=1e-5)
        assert_allclose(log_p[:, i], np.cumsum(down[::-1])[:0:-1], rtol=1e-5, atol=1e-5)
    assert_allclose(passes.log_weights.ravel(), log_p[0] - log_q.sum(axis=0), rtol=1e-12)
    again = infer_by_states(machine, as_block(x), passes.hidden, make_draws(4, n_particles))
    assert_allclose(again.log_weights.ravel(), log_p[0], rtol=1e-12)
