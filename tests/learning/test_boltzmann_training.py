"""Training of Boltzmann machines: chains, gaps and threads in the loop."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from sklearn_helmholtz import _tree
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz._monitor import Monitor
from sklearn_helmholtz._plan import Plan
from sklearn_helmholtz._training import End, Past, Training, train
from sklearn_helmholtz.learning import (
    SGD,
    Constant,
    ContrastiveDivergence,
    PersistentLearning,
    Place,
)
from sklearn_helmholtz.learning.gaps import fill_gaps
from sklearn_helmholtz.learning.memory import RowState
from sklearn_helmholtz.learning.phases import Sums
from sklearn_helmholtz.machines import assemble_boltzmann
from sklearn_helmholtz.rows import Block, Table
from tests import cases
from tests.boltzmann_machines import (
    joint_given,
    log_joint_table,
    log_partition,
    log_probability,
    make_boltzmann,
    states,
)
from tests.boltzmann_steps import (
    ROWS,
    WEIGHTS,
    block_of,
    draws_of,
    flat,
    kernel_of,
    positive,
    share_of,
    stationary_hidden,
    step_of,
    with_gaps,
)
from tests.learning.test_learning import assert_expectation


def make_table(n_rows, n_visible=6, seed=0, weights=None, missing=False):
    rng = np.random.default_rng(seed)
    X = (rng.random((n_rows, n_visible)) < 0.4).astype(np.uint8)
    if not missing:
        return Table(X, True, weights=weights)
    X = np.where(rng.random(X.shape) < 0.2, np.nan, X).astype(np.float32)
    return Table(X, False, fill_values=np.full(n_visible, 0.4, np.float32), weights=weights)


def begun(machine, rule, rows, batch_size, n_threads=1, averages=False):
    training = Training(machine, rule, SGD(0.0), n_threads, Past((3,)), averages=averages)
    training.begin(rows, batch_size)
    return training


RULES = [
    PersistentLearning(), PersistentLearning(2, 7), PersistentLearning(centred=True),
    ContrastiveDivergence(2), ContrastiveDivergence(centred=True),
]  # fmt: skip


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_threads_change_no_bit(rule, missing):
    rows, ends = make_table(700, 200, missing=missing), []
    for n_threads in (1, 2):
        training = begun(make_boltzmann(200, 150, 0.02), rule, rows, 300, n_threads, averages=True)
        bounds = [training.step(rows, np.arange(n, n + 300), 0.1) for n in (0, 300, 400)]
        assert len(rule.limits(training.machine, 300)) > 2
        memory = training._memory
        ends.append([training.result.vector, bounds, memory.log_partition, memory.hidden])
    for one, two in zip(*ends, strict=True):
        assert_array_equal(one, two)


@pytest.mark.parametrize("n_rows", [1, 5, 64, 200, 999])
@pytest.mark.parametrize("n_chains", [1, 2, 3, 10, 100, None])
def test_every_block_has_a_chain_and_every_chain_a_block(n_chains, n_rows):
    machine, rule = make_boltzmann(), PersistentLearning(n_chains=n_chains)
    limits, size = rule.limits(machine, n_rows), n_chains or max(n_rows, 10)
    memory = rule.make_memory(machine, make_table(10))
    memory.begin(machine, machine, (0,), size)
    shares = [
        memory.take(Place(np.arange(start, stop), start, stop, n_rows))
        for start, stop in itertools.pairwise(limits)
    ]
    assert all(len(share.hidden) for share in shares)
    ends = list(np.cumsum([len(share.hidden) for share in shares]))
    assert [share.first for share in shares] == [0, *ends[:-1]]
    assert sum(len(share.hidden) for share in shares) == len(memory.hidden) == size


def test_a_short_minibatch_moves_all_chains_and_counts_them_as_its_rows():
    """Two minibatches from the same chains, which move alike: the negative phases are as rows."""
    machine, rows = make_boltzmann(), make_table(40)
    slopes, moved = [], []
    for n in (40, 4):
        training = begun(machine, PersistentLearning(n_chains=40), rows, 40)
        training.step(rows, np.arange(n), 1.0)
        slopes.append(flat(training.machine) - flat(machine))
        moved.append(training._memory.hidden)
        slopes[-1] -= np.mean([positive(machine, row) for row in rows.data[:n]], axis=0)
    assert_array_equal(*moved)
    assert_allclose(*slopes, atol=3e-6)


def test_chains_of_different_blocks_and_steps_have_numbers_of_their_own():
    machine, rows, rule = make_boltzmann(200, 150, 0.01), make_table(300, 200), PersistentLearning()
    limits, seen = rule.limits(machine, 300), []
    training = begun(machine, rule, rows, 300)
    start = training._memory.hidden.copy()
    training._memory.hidden[:] = 0
    for _ in range(3):
        training.step(rows, np.arange(300), 0.0)
        seen.append(training._memory.hidden.copy())
    assert len(limits) > 2
    for one, other in itertools.combinations([start, *seen], 2):
        assert 0.4 < (one == other).mean() < 0.6
    size = limits[1]
    for states_of_chains in (start, seen[0]):
        blocks = states_of_chains[:size], states_of_chains[size : 2 * size]
        assert 0.4 < (blocks[0] == blocks[1]).mean() < 0.6


@pytest.mark.parametrize("n_steps", [1, 3])
def test_chains_make_so_many_sweeps_and_teach_by_the_last(n_steps):
    """From one hidden state: where chains end, and what they show, by enumeration of the kernel."""
    machine, n_chains = make_boltzmann(4, 3, 1.5), 8000
    hidden = np.tile(np.array([[1, 0, 1]], np.uint8), (n_chains, 1))
    row = np.zeros((1, 4), np.uint8)
    found, _ = step_of(PersistentLearning(n_steps), machine, Block(row), share_of(hidden))
    to_data, to_hidden = kernel_of(machine)
    p = (states(3) == [1, 0, 1]).all(axis=1) @ np.linalg.matrix_power(
        to_data @ to_hidden, n_steps - 1
    )
    data = p @ to_data
    cases.assert_frequencies(cases.state_numbers(hidden), data @ to_hidden)
    shown = np.array([positive(machine, v) for v in states(4)])
    expected, spread = data @ shown, data @ shown**2
    error = np.sqrt((spread - expected**2) / n_chains)
    assert (np.abs(positive(machine, row[0]) - found - expected) < 4.5 * error + 1e-5).all()


def test_only_rows_that_are_new_begin_at_the_base_rates():
    machine, x = make_boltzmann(), block_of("gaps")
    hidden = np.random.default_rng(0).integers(0, 2, (3, 5)).astype(np.uint8)
    state = RowState(np.array([True, False, False]), [hidden.copy()])
    fill_gaps(machine, x, draws_of(3, 1, Purpose.WAKE), state)
    assert_array_equal(state.arrays[0][0], hidden[0])
    assert (state.arrays[0][1:] != hidden[1:]).any()


def test_the_centre_of_hidden_units_follows_the_rows():
    machine, rows = make_boltzmann(), make_table(200, weights=np.linspace(0.5, 2, 200))
    training = begun(machine, PersistentLearning(centred=True), rows, 200)
    before = training._memory.take(place_of_all(200)).centre
    weighted = np.average(rows.data, axis=0, weights=rows.weights)
    assert_allclose(before.visible, weighted, rtol=1e-6)
    training.step(rows, np.arange(200), 0.0)
    after = training._memory.take(place_of_all(200)).centre
    means = expit(machine.hidden_eta(rows.data))
    own = np.average(means, axis=0, weights=rows.weights)
    assert_allclose(after.hidden, 0.99 * before.hidden + 0.01 * own, rtol=1e-5)


def place_of_all(n_rows):
    return cases.place_of(np.arange(n_rows))


def test_chains_that_go_on_reach_the_machine():
    machine = make_boltzmann(4, 3, 1.0)
    rows = make_table(500, 4)
    training = begun(machine, PersistentLearning(n_chains=4000), rows, 500)
    for _ in range(60):
        training.step(rows, np.arange(500), 0.0)
    p = np.exp(log_joint_table(machine)).sum(axis=0)
    cases.assert_frequencies(cases.state_numbers(training._memory.hidden), p / p.sum())


def test_weights_are_repetitions():
    """The positive phase of weighted rows is that of rows repeated so many times."""
    machine, counts = make_boltzmann(), np.array([2, 1, 3])
    steps = []
    for X, weights in ((ROWS, counts.astype(np.float64)), (np.repeat(ROWS, counts, axis=0), None)):
        hidden = stationary_hidden(machine, 30, np.random.default_rng(0))
        x = Block(X, weights=weights)
        steps.append(step_of(PersistentLearning(), machine, x, share_of(hidden)))
    assert_allclose(steps[0][0], steps[1][0], atol=1e-5)
    assert steps[0][1] == pytest.approx(steps[1][1], rel=1e-6)


@pytest.mark.parametrize("rule", [PersistentLearning(), ContrastiveDivergence()])
@pytest.mark.parametrize("form", ["binary", "fractions", "listed"])
def test_the_objective_of_a_step_is_that_of_its_rows(rule, form):
    machine, x = make_boltzmann(), block_of(form, WEIGHTS)
    hidden = stationary_hidden(machine, 3, np.random.default_rng(0))
    share = share_of(hidden, log_partition=log_partition(machine))
    W, c, b = (np.asarray(part, np.float64) for part in _tree.leaves(machine))
    X = x.toarray().astype(np.float64)
    expected = X @ b + np.logaddexp(0, c + X @ W).sum(axis=1) - log_partition(machine)
    found = step_of(rule, machine, x, share)[1]
    assert found == pytest.approx(WEIGHTS @ expected, rel=1e-5)


def test_the_objective_of_rows_with_gaps_is_a_bound():
    """The mean of p(v_observed, v_missing) / q(v_missing | h) over all draws is p(v_observed)."""
    machine, x = make_boltzmann(), block_of("gaps")
    row = Block(x.values[:1], x.fill_values)
    hidden = np.array([[1, 0, 1, 1, 0]], np.uint8)
    weights, log_z = [], log_partition(machine)
    for number in range(3000):
        state = RowState(np.ones(1, bool), [hidden.copy()])
        filled = fill_gaps(machine, row, draws_of(1, number, Purpose.WAKE), state)
        log_p = machine.log_unnormalized(filled.x, machine.hidden_eta(filled.x.values))
        weights.append(np.exp(log_p - filled.log_q - log_z))
    assert_expectation(np.array(weights), np.exp(log_probability(machine, row.values[0])))


def test_chains_of_gaps_stay_with_their_rows_and_reach_the_posterior():
    machine, n_copies = make_boltzmann(), 1500
    X = with_gaps(ROWS)[[0, 2]]
    kinds = np.random.default_rng(0).permutation(np.repeat([0, 1], n_copies))
    rows = Table(X[kinds], False, fill_values=np.full(6, 0.5, np.float32))
    training = begun(machine, PersistentLearning(n_chains=10), rows, 1000)
    for _ in range(30):
        order = training.permutation(2 * n_copies)
        for batch in np.split(order, [1000, 2000]):
            training.step(rows, batch, 0.0)
    chains = training._memory.take(cases.place_of(np.arange(2 * n_copies))).gaps.arrays[0]
    for kind in (0, 1):
        p = joint_given(machine, X[kind]).sum(axis=0)
        cases.assert_frequencies(cases.state_numbers(chains[kinds == kind]), p)


@pytest.mark.parametrize("centred", [False, True])
def test_a_training_goes_on_where_another_stopped(centred):
    """Two trainings of three steps each are one of six."""
    rule, rows = PersistentLearning(n_chains=30, centred=centred), make_table(90, 20)
    machine, ends = make_boltzmann(20, 19, 0.1), []
    for parts in ([6], [3, 3]):
        past = Past((3,))
        for n_steps in parts:
            training = Training(machine, rule, SGD(0.0), 1, past)
            training.begin(rows, 30)
            for _ in range(n_steps):
                training.step(rows, np.arange(30), 0.1)
            machine_now, past = training.machine, training.past
            machine = machine_now
        ends.append(training)
        machine = make_boltzmann(20, 19, 0.1)
    assert_array_equal(*(training.result.vector for training in ends))
    assert_array_equal(*(training._memory.hidden for training in ends))
    one, two = (training._memory.log_partition_of(training.machine) for training in ends)
    assert one == two


def test_other_numbers_of_chains_start_from_those_there_were():
    machine, rows = make_boltzmann(), make_table(40)
    first = begun(machine, PersistentLearning(n_chains=5), rows, 40)
    for n_chains in (3, 12):
        past = replace(first.past, step_number=7)
        training = Training(machine, PersistentLearning(n_chains=n_chains), SGD(0.0), 1, past)
        training.begin(rows, 40)
        expected = np.tile(first._memory.hidden, (3, 1))[:n_chains]
        assert_array_equal(training._memory.hidden, expected)


def test_sparse_rows_with_gaps_are_those_of_a_table():
    rows = make_table(60, 8, missing=True)
    sparse = replace(rows, data=scipy.sparse.csr_array(rows.data))
    ends = []
    for table in (rows, sparse):
        training = begun(make_boltzmann(8, 5), PersistentLearning(), table, 60)
        for _ in range(3):
            training.step(table, np.arange(60), 0.1)
        ends.append(training.result.vector)
    assert_allclose(*ends, atol=1e-5)


@pytest.mark.parametrize("rule", [PersistentLearning(), ContrastiveDivergence()])
def test_training_that_diverges_ends_with_the_last_good_epoch(rule):
    rows = make_table(100, 20)
    training = Training(make_boltzmann(20, 10, 0.1), rule, SGD(0.0), 1, Past((0,)))
    outcome = train(training, rows, Plan(np.arange(100), 20, 5, Constant(1e6)), Monitor())
    assert outcome.end is End.DIVERGED
    assert_array_equal(training.machine.weights, make_boltzmann(20, 10, 0.1).weights)


def test_rows_and_chains_out_of_sight_of_each_other_have_no_objective():
    assert Sums(-5.0, -24.9, 2.0).objective(1.0, 1) == -7.0
    for chains in (15.1, -25.1, np.inf, np.nan):
        assert np.isnan(Sums(-5.0, chains, 2.0).objective(1.0, 1))


def test_only_weights_that_are_not_huge_are_accepted():
    for scale, accepted in ((99.0, True), (101.0, False)):
        machine = assemble_boltzmann(np.full((3, 2), -scale), *(np.zeros(n) for n in (2, 3, 3)))
        assert PersistentLearning().accepts(machine) is accepted
