"""Runs of steps that several threads make: the bits of one thread, whoever does what and when."""

import functools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz import _gradients, _training
from sklearn_helmholtz._kernels import teams
from sklearn_helmholtz._kernels.atomics import swap
from sklearn_helmholtz._kernels.kernel import routine
from sklearn_helmholtz._monitor import Monitor
from sklearn_helmholtz._plan import Plan
from sklearn_helmholtz._training import DivergenceError, train
from sklearn_helmholtz.learning import SGD, Adam, Constant, FixedPenalty
from sklearn_helmholtz.rows import Batch
from tests.learning.test_runs import (
    RULES,
    assert_same,
    calls_of_runs,
    compile_runs,
    every_rule,
    one_by_one,
    table,
    training,
)

BATCH, N_STEPS = 130, 60
PENALTIES = FixedPenalty(1e-3, 0.5), FixedPenalty(0, 0)


def many_blocks(monkeypatch):
    """Use kernels of runs wherever they can be; steps have several row blocks."""
    compile_runs()
    monkeypatch.setattr(_training, "is_worth_compiling", lambda *_: True)
    monkeypatch.setattr("sklearn_helmholtz.rows.limits._BLOCK_WORK", 1)
    monkeypatch.setattr("sklearn_helmholtz.learning.rule._PRODUCT_ROWS", 1)


@pytest.fixture(autouse=True)
def in_many_blocks(monkeypatch):
    many_blocks(monkeypatch)


@pytest.fixture(scope="module")
def rows():
    return table(BATCH * N_STEPS, 150, is_weighted=True)


def trained(rows, rule, optimizer=None, n_threads=1):
    """A training that is over: several row blocks a step, and several chunks of parameters."""
    own = training(rule, optimizer, n_threads, n_units=150, n_hidden=40, penalties=PENALTIES)
    monitor = Monitor()
    train(own, rows, Plan(np.arange(len(rows)), BATCH, 1, Constant(0.01)), monitor)
    return own, monitor.losses


def team_of(delays, monkeypatch):
    """Let runs be made by as many threads, each of which comes after its delay in seconds."""

    def run(function, n_members, dismiss):
        def come(member):
            time.sleep(delays[member])
            function(member)

        with ThreadPoolExecutor(len(delays)) as pool:
            list(pool.map(come, range(len(delays))))

    monkeypatch.setattr(_gradients, "size_of_team", lambda *_: len(delays))
    monkeypatch.setattr(_gradients, "run_team", run)


@functools.cache
def expected_of(number, is_sgd):
    """What comes of steps one by one, on one thread."""
    with pytest.MonkeyPatch.context() as patched:
        many_blocks(patched)
        one_by_one(patched)
        optimizer = SGD(0.9, 0.01, 0.1, 0.5) if is_sgd else None
        return trained(table(BATCH * N_STEPS, 150, is_weighted=True), RULES[number], optimizer)


@pytest.mark.parametrize(
    "delays",
    [[0], [0, 0], [0, 0, 0], [0, 1e-3, 3e-3], [2e-3, 0], [0, 0.1], [0, 0, 1e-3, 0]],
    ids=str,
)
@pytest.mark.parametrize("is_sgd", [False, True])
@every_rule
def test_a_team_makes_the_steps_that_come_one_by_one_to_the_bit(
    rule, is_sgd, delays, rows, monkeypatch
):
    expected, losses = expected_of(RULES.index(rule), is_sgd)
    lengths = calls_of_runs(monkeypatch)
    team_of(delays, monkeypatch)
    optimizer = SGD(0.9, 0.01, 0.1, 0.5) if is_sgd else Adam()
    own, found = trained(rows, rule, optimizer, n_threads=len(delays))
    assert sum(lengths) == N_STEPS
    assert max(lengths) > 10
    assert_same(own, expected)
    assert found == losses


@pytest.mark.parametrize("n_threads", [1, 2, 8])
@every_rule
def test_any_number_of_threads_makes_the_same_runs(rule, n_threads, rows):
    own, losses = trained(rows, rule, n_threads=n_threads)
    expected, others = expected_of(RULES.index(rule), False)
    assert_same(own, expected)
    assert losses == others


# One run, and who makes it


def prepared(monkeypatch, make, rule=RULES[0], n_members=2, rates=(0.01,) * 4, n_threads=2):
    """A training, after a run that ``make(run)`` has made: a `Run` and a function of members."""
    own, rows = training(rule, n_threads=n_threads, n_units=150, n_hidden=40), table(600, 150)
    batches = [Batch.of(np.arange(BATCH * i, BATCH * (i + 1))) for i in range(len(rates))]

    def run(function, n_members, dismiss):
        make(dismiss.__self__, function)

    with monkeypatch.context() as patched:
        patched.setattr(_gradients, "size_of_team", lambda *_: n_members)
        patched.setattr(_gradients, "run_team", run)
        own.steps(rows, batches, list(rates))
    return own


def test_whoever_is_there_makes_all_steps(monkeypatch):
    def by_the_other(run, make):
        run.team[0] = 1  # as if the leader had come, and fallen asleep
        make(1)
        make(0)

    expected = prepared(monkeypatch, lambda run, make: make(0))
    own = prepared(monkeypatch, by_the_other)
    assert_same(own, expected)


@routine
def take_one(progress, place):
    swap(progress, place, 0, 1)


def waits_for(counters_of, check):
    """Somebody has taken the first task of the first round, and does not get on with it.

    The leader is to wait for him, and leave when the team is dismissed.
    """

    def make_run(run, make):
        take_one(counters_of(run.team), 16)
        run.bound[:] = np.nan
        thread = threading.Thread(target=make, args=(0,), daemon=True)
        thread.start()
        thread.join(0.05)
        assert thread.is_alive()
        check(run)
        run.dismiss()
        thread.join(10)
        assert not thread.is_alive()
        check(run)

    return make_run


def test_nothing_moves_before_all_gradients_are_there(monkeypatch):
    def check(run):
        first = run.limits[1]
        assert np.isnan(run.bound[:first]).all()
        assert np.isfinite(run.bound[first:BATCH]).all()
        assert np.isnan(run.bound[BATCH:]).all()

    with pytest.raises(DivergenceError):  # no step was made
        prepared(monkeypatch, waits_for(teams.first_kind, check), n_members=3)


def test_no_gradient_is_begun_before_all_has_moved(monkeypatch):
    def check(run):
        assert np.isfinite(run.bound[:BATCH]).all()
        assert np.isnan(run.bound[BATCH:]).all()

    with pytest.raises(DivergenceError):
        prepared(monkeypatch, waits_for(teams.second_kind, check), n_members=3)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_step_that_is_not_finite_ends_a_run_for_all(order, monkeypatch):
    found, rates = [], [0.01, 1e38, 0.01, 0.01]
    for n_members in (1, 2):

        def make_run(run, make, n_members=n_members):
            with ThreadPoolExecutor(n_members) as pool:
                list(pool.map(make, order if n_members == 2 else [0]))
            found.append((run.n_done[0], run.before[6].copy(), run.objectives))

        with pytest.raises(DivergenceError), np.errstate(all="ignore"):
            prepared(monkeypatch, make_run, rates=rates)
    (one, parameters, objectives), (two, others, theirs) = found
    assert one == two
    assert one < 4
    assert_array_equal(parameters, others)
    assert objectives == theirs


def test_nothing_moves_where_the_leader_fails_before_he_begins(monkeypatch):
    one, caller = _gradients.Workspaces.one, threading.get_ident()

    def fail(spaces):
        if threading.get_ident() == caller:
            raise MemoryError("no room")
        return one(spaces)

    own, batch = training(RULES[0], n_threads=2, n_units=150), Batch.of(np.arange(BATCH))
    before = own.parameters.vector.copy()
    monkeypatch.setattr(_gradients.Workspaces, "one", fail)
    with pytest.raises(MemoryError, match="no room"):
        own.steps(table(BATCH, 150), [batch], [0.01])
    assert_array_equal(own.parameters.vector, before)
