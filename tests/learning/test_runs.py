"""Runs of steps in one kernel call: the same bits as step by step, and what ends them."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz import _gradients, _training
from sklearn_helmholtz._kernels.runs import reweighted_run, wake_sleep_run
from sklearn_helmholtz._monitor import Monitor
from sklearn_helmholtz._plan import Plan
from sklearn_helmholtz._training import DivergenceError, Past, Training, runs_of, train
from sklearn_helmholtz.learning import (
    SGD,
    Adam,
    Constant,
    Cosine,
    Divided,
    EstimatedPenalty,
    FixedPenalty,
    ReweightedWakeSleep,
    WakeSleep,
    is_worth_compiling,
)
from sklearn_helmholtz.learning.fused import FusedWakeSleep
from sklearn_helmholtz.machines import initialise
from sklearn_helmholtz.rows import Batch, Table
from sklearn_helmholtz.units import Bernoulli
from tests.cases import SEED

RULES = [WakeSleep(), ReweightedWakeSleep(1), ReweightedWakeSleep(4)]
ESTIMATED = EstimatedPenalty(90, 1.0, 2.0, math.inf, 2, 0.1)
every_rule = pytest.mark.parametrize(
    "rule", RULES, ids=lambda rule: f"{type(rule).__name__}-{rule.n_particles}"
)


def table(n_rows=95, n_units=21, is_weighted=False):
    rng = np.random.default_rng(1)
    x = (rng.random((n_rows, n_units)) < 0.4).astype(np.uint8)
    return Table(x, True, weights=rng.exponential(3, n_rows) if is_weighted else None)


def training(
    rule, optimizer=None, n_threads=1, averages=True, n_units=21, n_hidden=9, **params
):  # fmt: skip
    sizes, rng = (n_units, n_hidden, 5), np.random.default_rng(0)
    machine = initialise(sizes, Bernoulli(), np.linspace(-1, 1, n_units), rng)
    optimizer = optimizer or Adam()
    return Training(machine, rule, optimizer, n_threads, Past(SEED), averages=averages, **params)


def state_of(training):
    """Everything that a training leaves behind."""
    past = training.past
    average = () if past.average is None else past.average
    return [training.result.vector, *past.optimizer, *map(np.asarray, average), past.step_number]


def assert_same(first, second):
    for one, other in zip(state_of(first), state_of(second), strict=True):
        assert_array_equal(one, other)


def plan(n_rows=95, schedule=None, **params):
    return Plan(np.arange(n_rows), 20, 3, schedule or Constant(0.02), **params)


def calls_of_runs(monkeypatch):
    """How many steps each run that is made has."""
    lengths, run = [], _gradients.BlockGradients.run

    def spy(gradients, parameters, x, step, moves):
        bounds = run(gradients, parameters, x, step, moves)
        lengths.append(len(bounds))
        return bounds

    monkeypatch.setattr(_gradients.BlockGradients, "run", spy)
    return lengths


def one_by_one(monkeypatch):
    monkeypatch.setattr(_gradients.BlockGradients, "most_together", lambda gradients, *_: 1)


def compile_runs():
    for kernel in (wake_sleep_run, reweighted_run):
        kernel.compile()


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    """Kernels of runs are used wherever they can be, whatever is in the cache."""
    compile_runs()
    monkeypatch.setattr(_training, "is_worth_compiling", lambda *_: True)


@pytest.mark.parametrize("averages", [False, True])
@pytest.mark.parametrize("schedule", [Constant(0.02), Cosine(0.05)])
@pytest.mark.parametrize("is_weighted", [False, True])
@every_rule
def test_runs_have_the_steps_that_come_one_by_one_to_the_bit(
    rule, is_weighted, schedule, averages, monkeypatch
):
    rows, found = table(is_weighted=is_weighted), []
    penalties = FixedPenalty(1e-3, 0.5), ESTIMATED
    for is_run in (True, False):
        with monkeypatch.context() as patched:
            lengths = calls_of_runs(patched)
            if not is_run:
                one_by_one(patched)
            own = training(rule, averages=averages, penalties=penalties)
            monitor = Monitor()
            train(own, rows, plan(schedule=schedule), monitor)
            assert lengths == ([4, 1] * 3 if is_run else [])  # the last step has fewer rows
        found.append((own, monitor.losses))
    assert_same(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize("momentum", [0, 0.9])  # whole numbers are numbers, too
@every_rule
def test_runs_move_by_sgd_as_steps_do(rule, momentum, monkeypatch):
    own, expected = (training(rule, SGD(momentum, 0.01, 0.1, 0.5)) for _ in range(2))
    lengths = calls_of_runs(monkeypatch)
    train(own, table(), plan(), Monitor())
    assert lengths == [4, 1] * 3
    one_by_one(monkeypatch)
    train(expected, table(), plan(), Monitor())
    assert_same(own, expected)
    assert (own.state[0] != 0).any() == (momentum > 0)


@every_rule
def test_blocks_of_a_step_have_gradients_of_their_own(rule, monkeypatch):
    rows, found = table(120), []
    monkeypatch.setattr("sklearn_helmholtz.rows.limits._BLOCK_WORK", 1)
    monkeypatch.setattr("sklearn_helmholtz.learning.rule._PRODUCT_ROWS", 1)
    lengths = calls_of_runs(monkeypatch)
    for n_threads in (1, 2):
        own = training(rule, n_threads=n_threads)
        assert len(own._rule.limits(own.parameters.tree, 40)) > 2
        monitor = Monitor()
        train(own, rows, Plan(np.arange(120), 40, 2, Constant(0.02)), monitor)
        found.append((own, monitor.losses))
    assert lengths == [3] * 4
    (one, losses), (two, others) = found
    assert_same(one, two)
    assert losses == others


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_the_length_of_runs_changes_no_bit(most, monkeypatch):
    expected = training(RULES[2])
    train(expected, table(), plan(), Monitor())
    monkeypatch.setattr(_gradients.BlockGradients, "most_together", lambda gradients, *_: most)
    own = training(RULES[2])
    train(own, table(), plan(), Monitor())
    assert_same(own, expected)


def test_batches_of_as_many_rows_make_runs():
    batches = [Batch.of(np.arange(n)) for n in (3, 3, 3, 2, 3)]
    assert [[len(b) for b in run] for run in runs_of(batches, 2)] == [[3, 3], [3], [2], [3]]
    assert [[len(b) for b in run] for run in runs_of(batches, 9)] == [[3, 3, 3], [2], [3]]
    assert list(runs_of([], 2)) == []


def test_a_step_that_is_not_finite_ends_a_run_before_it_moves():
    rows, batches = table(), [Batch.of(np.arange(20 * i, 20 * i + 20)) for i in range(4)]
    run, steps = training(RULES[0]), training(RULES[0])
    rates = [0.02, 1e38, 0.02, 0.02]
    with np.errstate(all="ignore"):
        with pytest.raises(DivergenceError):
            run.steps(rows, batches, rates)
        with pytest.raises(DivergenceError):
            [steps.step(rows, *given) for given in zip(batches, rates, strict=True)]
    assert steps.step_number < 4
    assert_same(run, steps)


@every_rule
def test_what_no_run_takes_goes_step_by_step(rule, monkeypatch):
    lengths = calls_of_runs(monkeypatch)
    real = Table(np.random.default_rng(0).random((95, 21)), False)
    own = training(rule)
    train(own, real, plan(), Monitor())
    assert own.step_number == 15
    assert training(rule, Divided(0.1)).most_together(table(), 20) == 1
    own = training(rule)
    own.begin(table(), 20, 15)
    pieces = [Batch(np.arange(20), (10, 20)), Batch(np.arange(20, 40), (10, 20))]
    own.steps(table(), pieces, [0.02, 0.02])
    assert own.step_number == 2
    assert lengths == []


def test_a_run_is_as_long_as_its_work_allows(monkeypatch):
    own, rows = training(RULES[0]), table()
    n_weights, n_units = own.parameters.tree.n_weights, 21 + 9 + 5
    work = 20 * (n_weights + 60 * n_units) + 10 * own.parameters.vector.size + 2**18
    for most, expected in ((7 * work, 7), (work // 2, 1)):
        monkeypatch.setattr(_gradients, "_WORK_OF_A_RUN", most)
        assert own.most_together(rows, 20) == expected
    monkeypatch.setattr(_gradients, "_WORK_OF_A_RUN", 10**12)
    monkeypatch.setattr(_gradients, "_VALUES_OF_A_RUN", 5 * 20 * 21)
    assert own.most_together(rows, 20) == 5


@pytest.mark.parametrize("n_steps", [100, 399_999, 400_001])
@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("are_runs_compiled", [False, True])
def test_runs_are_compiled_where_that_pays(n_steps, is_compiled, are_runs_compiled, monkeypatch):
    kernel = SimpleNamespace(is_compiled=are_runs_compiled)
    monkeypatch.setattr(FusedWakeSleep, "is_compiled", is_compiled)
    monkeypatch.setattr(FusedWakeSleep, "runs", kernel)
    monkeypatch.setattr(_training, "is_worth_compiling", is_worth_compiling)
    own, rows = training(RULES[0]), table()
    own.begin(rows, 20, n_steps)
    assert is_worth_compiling((21, 9, 5), 20, 399_999)
    pays = n_steps > (400_000 if is_compiled else 100)
    assert (own.most_together(rows, 20) > 1) == (are_runs_compiled or pays)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_steps_of_very_many_blocks_make_no_runs(n_threads, monkeypatch):
    monkeypatch.setattr("sklearn_helmholtz.rows.limits._BLOCK_WORK", 1)
    monkeypatch.setattr("sklearn_helmholtz.learning.rule._PRODUCT_ROWS", 1)
    own = training(RULES[0], n_threads=n_threads)
    for n_rows, n_blocks in ((256, 8), (257, 9)):  # 8 at a time: they have memory of their own
        assert len(own._rule.limits(own.parameters.tree, n_rows)) - 1 == n_blocks
        assert (own.most_together(table(300), n_rows) > 1) == (n_blocks == 8)


def test_an_interrupt_while_runs_are_compiled_is_one_before_the_first_step(monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    kernel = SimpleNamespace(is_compiled=False, compile=interrupt)
    monkeypatch.setattr(FusedWakeSleep, "is_compiled", False)
    monkeypatch.setattr(FusedWakeSleep, "runs", kernel)
    own = training(RULES[0])
    with pytest.raises(KeyboardInterrupt):
        train(own, table(), plan(), Monitor())
    assert own.step_number == 0
    assert not own.has_moved


def test_an_interrupt_after_a_run_keeps_its_steps(monkeypatch):
    run, n_calls = _gradients.BlockGradients.run, []

    def interrupted(*given):
        bounds = run(*given)
        n_calls.append(1)
        if len(n_calls) == 2:
            raise KeyboardInterrupt
        return bounds

    monkeypatch.setattr(_gradients.BlockGradients, "run", interrupted)
    own = training(RULES[1])
    outcome = train(own, table(100), plan(100), Monitor())
    assert outcome.end is _training.End.INTERRUPTED
    monkeypatch.undo()
    expected = training(RULES[1])
    monkeypatch.setattr(_training, "is_worth_compiling", lambda *_: True)
    train(expected, table(100), Plan(np.arange(100), 20, 2, Constant(0.02)), Monitor())
    assert_same(own, expected)
