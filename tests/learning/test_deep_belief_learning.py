"""Rules of deep belief nets: expected steps are those that enumeration has."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _keys, _tree
from sklearn_helmholtz._kernels.teams import counters
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz._workspace import Workspace
from sklearn_helmholtz.learning import (
    SGD,
    Adam,
    Ascent,
    ContrastiveDivergence,
    DeepReweighted,
    Divided,
    FixedPenalty,
    LiftedLearning,
    PersistentLearning,
    UpDown,
    deep_belief,
    penalise,
    persistent,
)
from sklearn_helmholtz.learning.chains import Share
from sklearn_helmholtz.machines import boltzmann_above, stack
from sklearn_helmholtz.rows import Block, Table
from tests import cases
from tests import deep_belief_nets as nets
from tests import deep_belief_steps as steps
from tests.boltzmann_machines import log_probabilities, make_boltzmann
from tests.boltzmann_steps import draws_of
from tests.boltzmann_steps import flat as boltzmann_flat
from tests.learning.test_learning import assert_expectation

ARRAYS = nets.random_arrays((3, 2, 2, 2), 2.0, 4, guess=0.2)
MACHINE = nets.machine_of(ARRAYS)
ROWS = np.array([[1, 0, 1], [0, 1, np.nan]])
FILL = np.array([0.3, 0.6, 0.4], np.float32)
COUNTS, WEIGHTS = (60, 40), (1.0, 1.5)
N_STEPS, N_CHAINS = 120, 600


def block():
    values = np.repeat(ROWS, COUNTS, axis=0).astype(np.float32)
    return Block(values, FILL, np.repeat(WEIGHTS, COUNTS))


def each(function):
    """The sum over all rows of the block of a function of a row."""
    return sum(n * w * function(row) for n, w, row in zip(COUNTS, WEIGHTS, ROWS, strict=True))


def dreams_of(function):
    """The same, of what does not know weights."""
    return sum(n * function(row) for n, row in zip(COUNTS, ROWS, strict=True))


def step_of(rule, x, share, step):
    out, work = cases.empty_gradient(MACHINE), Workspace()
    wake, dream = (draws_of(len(x), step, p) for p in (Purpose.WAKE, Purpose.DREAM))
    wake = _keys.Draws(wake.key, wake.addresses, rule.n_particles)
    objective = rule.gradient(MACHINE, x, wake, dream, out, work, share)
    return steps.flat(steps.arrays_of(out)), objective


def test_the_expected_reweighted_step_is_the_slope_of_the_bound_and_of_recognition():
    rule, rng = DeepReweighted(PersistentLearning(), n_particles=2), np.random.default_rng(0)
    found, objectives, log_z = [], [], nets.log_partition(ARRAYS)
    for step in range(N_STEPS):
        share = Share(steps.stationary_top(ARRAYS, N_CHAINS, rng), log_partition=log_z)
        taken, objective = step_of(rule, block(), share, step)
        found.append(taken), objectives.append(objective)
    bound = steps.slopes(
        lambda a: each(lambda row: steps.particle_bound(a, ARRAYS, row, FILL)), ARRAYS
    )
    hidden, drawn = steps.hidden_below(ARRAYS), steps.dreams(ARRAYS)

    def recognition(arrays):
        def wake(row):
            seen = np.where(np.isnan(row), FILL, row)
            log_q = nets.log_guess(arrays, seen, hidden)
            return steps.shares(ARRAYS, row, FILL) @ log_q

        dreamt = dreams_of(lambda row: steps.recognised(arrays, drawn, row, FILL))
        return (each(wake) + dreamt) / 2

    expected = bound + steps.slopes(recognition, ARRAYS)
    assert_expectation(np.array(found), expected)
    objective = each(lambda row: steps.particle_bound(ARRAYS, ARRAYS, row, FILL))
    deviation = np.std(objectives) / np.sqrt(N_STEPS)
    assert abs(np.mean(objectives) - objective) < 4 * deviation


def test_the_expected_up_down_step_is_that_of_the_algorithm():
    rule, found = UpDown(ContrastiveDivergence()), []
    for step in range(N_STEPS):
        found.append(step_of(rule, block(), Share(), step)[0])
    hidden = steps.hidden_below(ARRAYS)

    def generation(arrays):
        nothing = np.zeros((len(hidden[0]), 2))

        def own(row):  # of the directed layers alone
            q = steps.guess(ARRAYS, row, FILL)
            directed = nets.log_unnormalized(arrays, row, [*hidden, nothing])
            return q @ (directed - hidden[-1] @ arrays.intercepts[-2])

        return each(own)

    def sleep(arrays):
        def dreamt(row):
            top = steps.top_marginal(ARRAYS, steps.guess(ARRAYS, row, FILL))
            drawn = steps.dreams(ARRAYS, steps.swept(ARRAYS, top))
            return steps.recognised(arrays, drawn, row, FILL)

        return dreams_of(dreamt)

    expected = steps.slopes(lambda a: generation(a) + sleep(a), ARRAYS)

    def contrast(row):
        p = steps.top_marginal(ARRAYS, steps.guess(ARRAYS, row, FILL))
        pairs = zip(
            steps.top_means(ARRAYS, p), steps.top_means(ARRAYS, steps.swept(ARRAYS, p)),
            strict=True,
        )  # fmt: skip
        zeros = nets.random_arrays((3, 2, 2, 2), 0.0)
        for target, (near, far) in zip(
            (zeros.coefs[-1], zeros.intercepts[-2], zeros.intercepts[-1]), pairs, strict=True
        ):
            target[...] = near - far
        return steps.flat(zeros)

    assert_expectation(np.array(found), expected + each(contrast))


@pytest.mark.parametrize(
    "rule", [DeepReweighted(PersistentLearning()), UpDown(ContrastiveDivergence())]
)
def test_the_objective_is_the_mean_log_likelihood(rule):
    arrays = nets.random_arrays((4, 3, 2), 0.8, 5)
    machine, X = nets.machine_of(arrays), np.repeat(nets.states(4)[[3, 9]], 30, axis=0)
    expected = np.mean([nets.log_probability(arrays, row) for row in X])
    rows = Table(X, True)
    found = rule.objective(machine, rows, cases.SEED, 50, 1)
    assert found == pytest.approx(expected, abs=0.02)
    memory = rule.make_memory(machine, rows)
    memory.begin(machine, machine, cases.SEED, 10)
    assert rule.objective(machine, rows, cases.SEED, 50, 1, memory) == pytest.approx(found)


def test_steps_do_not_tell_of_nets_whose_chains_have_lost_the_rows():
    arrays = nets.random_arrays((3, 2, 2, 2), 1.0, 2)
    arrays.intercepts[-2][:] = 200
    machine = nets.machine_of(arrays)
    out = cases.empty_gradient(machine)
    x = Block(np.zeros((40, 3), np.uint8))
    wake, dream = (draws_of(40, 1, p) for p in (Purpose.WAKE, Purpose.DREAM))
    share = Share(np.zeros((40, 2), np.uint8))
    rule = DeepReweighted(PersistentLearning(), 1)
    assert np.isnan(rule.gradient(machine, x, wake, dream, out, np, share))


@pytest.mark.parametrize("n_chains", [None, 2000])
def test_dreams_have_random_numbers_of_their_own(n_chains, monkeypatch):
    # Units that are on half of the time: what shares a number is the same.
    arrays, seen = nets.random_arrays((4, 4, 4), 0.0), []
    machine, x = nets.machine_of(arrays), Block(np.zeros((2000, 4), np.uint8))
    wake, dream = (draws_of(2000, 1, p) for p in (Purpose.WAKE, Purpose.DREAM))
    infer = deep_belief.wake_and_dream
    monkeypatch.setattr(
        deep_belief, "wake_and_dream", lambda *args: seen.append(infer(*args)) or seen[-1]
    )
    moved, move = [], persistent.sample_visible
    monkeypatch.setattr(PersistentLearning, "_is_of_bits", lambda *_: False)
    monkeypatch.setattr(
        persistent, "sample_visible", lambda *args: moved.append(move(*args)) or moved[-1]
    )
    share, rule = Share(), UpDown(ContrastiveDivergence())
    if n_chains is not None:
        share, rule = (
            Share(np.zeros((n_chains, 4), np.uint8)),
            DeepReweighted(PersistentLearning(), 1),
        )
    rule.gradient(machine, x, wake, dream, cases.empty_gradient(machine), np, share)
    (passes,) = seen
    drawn = [passes.dreamt, passes.inferred(0)]
    if n_chains is None:  # what the chains have moved to
        drawn.append(share.moved)
    else:
        drawn += [*moved, passes.dreams(0)]
    for one, other in itertools.combinations(drawn, 2):
        assert np.mean(one == other) == pytest.approx(0.5, abs=0.03)


def test_blocks_have_chains_however_few_there_are():
    rule = DeepReweighted(PersistentLearning(n_chains=4), 50)
    limits = rule.limits(MACHINE, 400)
    assert np.diff(limits).min() >= 200


def test_lifted_learning_is_the_rule_on_states_drawn_from_the_rows():
    below, machine = make_boltzmann(4, 3), make_boltzmann(3, 5)
    ascent = Ascent(below.units, stack([below, machine]).recognition)
    rule, x = PersistentLearning(), Block(nets.states(4).astype(np.uint8), weights=np.arange(16.0))
    lifted = LiftedLearning(rule, ascent)
    wake, dream = (draws_of(16, 3, p) for p in (Purpose.WAKE, Purpose.DREAM))
    states = Block(ascent.sample(x, wake), weights=x.weights)
    outs, hidden = [cases.empty_gradient(machine) for _ in range(2)], np.eye(5, dtype=np.uint8)
    one = lifted.gradient(machine, x, wake, dream, outs[0], np, Share(hidden.copy()))
    other = rule.gradient(machine, states, wake, dream, outs[1], np, Share(hidden.copy()))
    assert one == other
    assert_array_equal(boltzmann_flat(outs[0]), boltzmann_flat(outs[1]))
    # The states have the frequencies of the exact posterior of the machine below.
    row = Block(np.repeat(x.values[5:6], 4000, axis=0))
    drawn = ascent.sample(row, draws_of(4000, 1, Purpose.WAKE))
    expected = below.hidden_units.mean(below.hidden_eta(x.values[5:6]))[0]
    assert_allclose(drawn.mean(axis=0), expected, atol=0.035)
    rows = Table(x.values, True, weights=x.weights)
    rates = below.hidden_units.mean(below.hidden_eta(x.values))
    assert_allclose(ascent.rates(rows), np.average(rates, axis=0, weights=x.weights), atol=1e-6)


def test_the_objective_of_lifted_learning_is_the_mean_of_log_p_of_states():
    below, machine = make_boltzmann(4, 3), make_boltzmann(3, 5)
    lifted = LiftedLearning(
        PersistentLearning(), Ascent(below.units, stack([below, machine]).recognition)
    )
    X = np.repeat(nets.states(4)[[3]], 5000, axis=0)
    found = lifted.objective(machine, Table(X, True), cases.SEED, 1, 1)
    rates = below.hidden_units.mean(below.hidden_eta(X[:1].astype(np.uint8)))[0].astype(float)
    p = np.exp(nets.log_bernoulli(nets.states(3), np.log(rates / (1 - rates))))
    assert found == pytest.approx(p @ log_probabilities(machine), abs=0.05)


def test_a_machine_above_is_the_one_below_upside_down_where_it_can_be():
    below, rng = make_boltzmann(4, 3), np.random.default_rng(0)
    above = boltzmann_above(below, 4, np.zeros(3), rng)
    assert_array_equal(above.weights, below.weights.T)
    assert_array_equal(above.visible_intercept, below.hidden_intercept)
    assert_array_equal(above.hidden_intercept, below.visible_intercept)
    assert above.weights.base is not below.weights
    other = boltzmann_above(below, 5, np.zeros(3), rng)
    assert other.n_units == (3, 5)
    assert np.abs(other.weights).max() < 0.1


@pytest.mark.parametrize("n_parts", [1, 3])
def test_directed_layers_move_by_adam_and_the_top_by_plain_steps(n_parts):
    rng, packed = np.random.default_rng(0), _tree.pack(MACHINE)
    vectors, parts = _tree.parts_like(MACHINE, n_parts)
    for part in parts:
        for leaf in _tree.leaves(part.tree):
            leaf[...] = rng.normal(size=leaf.shape)
    penalties = FixedPenalty(0.1), FixedPenalty(0.3)
    scale, rate, share = 0.25, 0.02, 7.0
    moved = {}
    for name, optimizer, own in (
        ("both", Divided(share), rate), ("adam", Adam(), rate), ("sgd", SGD(0.0), share * rate),
    ):  # fmt: skip
        copy, state = _tree.pack(MACHINE), optimizer.init(len(packed.vector))
        given = penalties if name == "both" else 2 * (penalties[name == "sgd"],)
        optimizer = penalise(optimizer, copy, given)
        for _ in range(2):
            optimizer.move(copy, vectors, scale, own, state, counters(1), 0)
            optimizer.end(state)
        moved[name] = copy
    both, adam, sgd = (moved[name].tree for name in ("both", "adam", "sgd"))
    assert_allclose(boltzmann_flat(both.top), boltzmann_flat(sgd.top), rtol=1e-6)
    assert_allclose(
        steps.flat(_without_top(both)),
        steps.flat(_without_top(adam)), rtol=1e-6,
    )  # fmt: skip
    assert np.abs(boltzmann_flat(both.top) - boltzmann_flat(MACHINE.top)).min() > 0


def _without_top(machine):
    arrays = steps.arrays_of(machine)
    arrays.coefs[-1], arrays.intercepts[-2:] = np.zeros(0), [np.zeros(0)] * 2
    return arrays
