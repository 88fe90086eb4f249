"""The scheduler of row blocks, and results that do not depend on it."""

import contextlib
import functools
import gc
import multiprocessing
import os
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import joblib
import numpy as np
import pytest

from sklearn_helmholtz import HelmholtzMachine, _gradients, _threads
from sklearn_helmholtz._threads import count_threads, run_blocks, run_team, size_of_team
from sklearn_helmholtz.rows import limits

ENVIRONMENT = ["OMP_NUM_THREADS", "NUMBA_NUM_THREADS"]
NETS = ["generative_coefs_", "generative_intercepts_", "recognition_coefs_"]
NETS += ["recognition_intercepts_"]
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@pytest.fixture
def pool(monkeypatch):
    """A pool of its own with three helpers, whatever the machine has."""
    monkeypatch.setattr(joblib, "cpu_count", lambda *args, **kwargs: 4)
    helpers = _threads._Helpers()
    monkeypatch.setattr(_threads, "_helpers", helpers)
    yield helpers
    if helpers.pool is not None:
        helpers.pool.shutdown()


def idle(helpers):
    """The number of helpers that could be asked now."""
    free = helpers.start()[1]
    count = 0
    while free.acquire(blocking=False):
        count += 1
    for _ in range(count):
        free.release()
    return count


def wait_until_idle(helpers, expected=3):
    deadline = time.monotonic() + 10
    while idle(helpers) != expected and time.monotonic() < deadline:
        time.sleep(0.001)
    return idle(helpers)


# Results


def data(kind, n=400, d=30):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)) + rng.normal(size=(n, 1))
    return {"binary": (X > 0).astype(np.uint8), "fractional": 1 / (1 + np.exp(-X)), "real": X}[kind]


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("kind", ["binary", "fractional", "real"])
def test_same_bits_for_any_number_of_threads(monkeypatch, pool, algorithm, kind):
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    counts, run, size = set(), _threads.run_blocks, _threads.size_of_team

    def spy(function, n_blocks, n_threads):
        counts.add((n_blocks > 1, n_threads))
        run(function, n_blocks, n_threads)

    def spy_of_teams(n_threads, n_blocks):
        counts.add((n_blocks > 1, n_threads))
        return size(n_threads, n_blocks)

    monkeypatch.setattr(_gradients, "run_blocks", spy)
    monkeypatch.setattr(_gradients, "size_of_team", spy_of_teams)
    X, results = data(kind), []
    for n_jobs in (1, 2, 8):
        model = HelmholtzMachine(
            (20, 7), algorithm=algorithm, max_iter=2, batch_size=300, random_state=0,
            early_stopping=True, n_importance_samples=9, n_jobs=n_jobs,
        ).fit(X)  # fmt: skip
        arrays = [array for name in NETS for array in getattr(model, name)]
        arrays += [model.score_samples(X), model.transform(X), model.free_energy(X)]
        arrays += [model.sample(500, random_state=0), model.loss_curve_, model.validation_scores_]
        results.append(arrays)
    assert {(True, 1), (True, 2), (True, 8)} <= counts
    for other in results[1:]:
        for first, second in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("kind", ["binary", "fractional", "real"])
def test_a_step_is_the_sum_over_its_blocks(monkeypatch, algorithm, kind):
    X, fits = data(kind), []
    for work in (2**40, 1):
        monkeypatch.setattr(limits, "_BLOCK_WORK", work)
        model = HelmholtzMachine(
            (20, 7), algorithm=algorithm, max_iter=1, batch_size=400, solver="sgd",
            learning_rate_init=0.1, random_state=0,
        )  # fmt: skip
        fits.append(model.fit(X))
    np.testing.assert_allclose(fits[0].loss_curve_, fits[1].loss_curve_, rtol=1e-6)
    for name in NETS:
        for one, many in zip(getattr(fits[0], name), getattr(fits[1], name), strict=True):
            np.testing.assert_allclose(one, many, rtol=1e-4, atol=1e-6)


def test_exact_scores_for_any_number_of_threads(monkeypatch, pool):
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    X = data("real")
    model = HelmholtzMachine((6, 3), max_iter=1, random_state=0).fit(X)
    scores = [model.set_params(n_jobs=n).score_samples(X) for n in (1, 2, 8)]
    np.testing.assert_array_equal(scores[0], scores[1])
    np.testing.assert_array_equal(scores[0], scores[2])


def test_estimators_in_many_threads(pool, monkeypatch):
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    X = data("binary", 120, 10)

    def fit(seed):
        model = HelmholtzMachine((20,), max_iter=2, random_state=seed, n_importance_samples=5)
        return model.set_params(n_jobs=4).fit(X).score(X)

    expected = [fit(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as executor:
        assert list(executor.map(fit, range(8))) == expected
    shared = HelmholtzMachine((20,), max_iter=2, random_state=0, n_importance_samples=5).fit(X)
    with ThreadPoolExecutor(8) as executor:
        assert len(set(executor.map(lambda _: shared.score(X), range(16)))) == 1


# The scheduler


@pytest.mark.parametrize("n_threads", [1, 2, 4, 100])
@pytest.mark.parametrize("n_blocks", [0, 1, 2, 3, 50])
def test_every_block_runs_once(pool, n_blocks, n_threads):
    done = []
    run_blocks(done.append, n_blocks, n_threads)
    assert sorted(done) == list(range(n_blocks))


def workers(n_blocks, n_threads, seconds=0.02):
    """The identities of the threads that ran a block, when blocks take a while."""
    found = set()

    def block(_):
        time.sleep(seconds)
        found.add(threading.get_ident())

    run_blocks(block, n_blocks, n_threads)
    return found


def test_blocks_run_side_by_side_within_the_limit(pool):
    caller = threading.get_ident()
    for n_threads in (1, 2, 3, 4):
        found = workers(12, n_threads)
        assert caller in found
        assert len(found) == n_threads
    assert len(workers(12, 99)) == 4
    assert len(workers(2, 99)) == 2
    assert wait_until_idle(pool) == 3


def test_one_core_needs_no_pool(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda *args, **kwargs: 1)
    helpers = _threads._Helpers()
    monkeypatch.setattr(_threads, "_helpers", helpers)
    assert workers(5, 8, 0) == {threading.get_ident()}
    assert helpers.pool is None


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("who", ["caller", "helper"])
def test_errors_reach_the_caller(pool, who, error):
    caller, failed = threading.current_thread(), threading.Event()
    done = []

    def block(number):
        if (threading.current_thread() is caller) == (who == "caller"):
            failed.set()
            raise error("broken")
        assert failed.wait(10)
        time.sleep(0.05)  # by now the others know
        done.append(number)

    with pytest.raises(error, match="broken"):
        run_blocks(block, 1000, 4)
    assert len(done) < 20  # the rest was given up
    finished = len(done)
    assert wait_until_idle(pool) == 3
    assert len(done) == finished  # nothing goes on behind the caller's back
    assert len(workers(12, 4)) == 4


def test_errors_without_helpers():
    def block(number):
        if number == 3:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_blocks(block, 5, 1)


def within(seconds, function):
    """The result of a function that must not hang."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "deadlock"
    return results[0]


def test_nested_calls_do_not_deadlock(pool):
    def leaf_count():
        done = []

        def outer(_):
            def middle(_):
                run_blocks(done.append, 5, 4)

            run_blocks(middle, 5, 4)

        run_blocks(outer, 20, 4)
        return len(done)

    assert within(60, leaf_count) == 500
    assert wait_until_idle(pool) == 3


def test_many_callers_at_once(pool):
    def total(seed):
        values = [0] * 40
        run_blocks(lambda block: values.__setitem__(block, block * seed), 40, 4)
        return sum(values)

    def all_totals():
        with ThreadPoolExecutor(16) as executor:
            return list(executor.map(total, range(300)))

    assert within(60, all_totals) == [780 * seed for seed in range(300)]
    assert wait_until_idle(pool) == 3


@contextlib.contextmanager
def busy_helpers(pool):
    """A context in which all helpers of a pool of three are held; they are idle again after it."""
    release, started = threading.Event(), threading.Semaphore(0)

    def hold(_):
        started.release()
        release.wait(30)

    holder = threading.Thread(target=run_blocks, args=(hold, 4, 4), daemon=True)
    holder.start()
    try:
        assert all(started.acquire(timeout=10) for _ in range(4))
        yield
    finally:
        release.set()
        holder.join()
    assert wait_until_idle(pool) == 3


def test_nobody_waits_for_busy_helpers(pool):
    with busy_helpers(pool):
        assert within(30, lambda: len(workers(6, 4, 0))) == 1


def test_a_closed_pool_is_done_without(pool):
    assert workers(12, 4)
    pool.pool.shutdown()
    assert workers(6, 4, 0) == {threading.get_ident()}


def without_new_threads(pool):
    """A time in which no thread can be started, as on a system that has too many."""
    error = RuntimeError("can't start new thread")
    return mock.patch.object(pool.start()[0], "_adjust_thread_count", side_effect=error)


def test_a_task_whose_thread_did_not_start_is_void(pool):
    def hold(_, ready, done):
        ready.wait(10)
        done.wait(10)

    holders = []
    for _ in range(2):  # each with one helper; the third is free
        ready, done = threading.Barrier(3), threading.Event()
        arguments = (functools.partial(hold, ready=ready, done=done), 2, 2)
        holder = threading.Thread(target=run_blocks, args=arguments, daemon=True)
        holder.start()
        ready.wait(10)
        holders.append((holder, done))
    try:
        with without_new_threads(pool):
            assert workers(6, 4, 0) == {threading.get_ident()}
        assert idle(pool) == 1
        for expected, (holder, done) in enumerate(holders, start=2):
            done.set()
            holder.join(10)
            assert pool.pool.submit(lambda: idle(pool)).result(10) == expected
    finally:
        for _, done in holders:
            done.set()


def test_a_task_whose_thread_did_not_start_is_waited_for_once_begun(pool):
    assert len(workers(12, 4)) == 4
    caller, begun, done = threading.get_ident(), threading.Event(), []

    def block(number):
        if threading.get_ident() == caller:
            assert begun.wait(10)
        else:
            begun.set()
            time.sleep(0.05)
        done.append(number)

    with without_new_threads(pool):  # but one of before finds the task
        run_blocks(block, 2, 2)
    assert sorted(done) == [0, 1]
    assert wait_until_idle(pool) == 3


def test_void_tasks_keep_nothing_alive(pool):
    class Block:
        def __call__(self, number):
            pass

    block = Block()
    known = weakref.ref(block)
    with without_new_threads(pool):
        run_blocks(block, 6, 4)
    assert pool.pool._work_queue.qsize() == 1
    del block
    gc.collect()
    assert known() is None


# Teams


def members(n_members, seconds=0.02):
    """The threads that came as members of a team, by their numbers, where that takes a while."""
    found = {}

    def come(member):
        found[member] = threading.get_ident()
        time.sleep(seconds)

    run_team(come, n_members, lambda: None)
    return found


def test_members_of_a_team_are_the_caller_and_helpers(pool):
    for n_members in (1, 2, 3, 4):
        found = members(n_members)
        assert sorted(found) == list(range(n_members))
        assert found[0] == threading.get_ident()
        assert len(set(found.values())) == n_members
    assert len(members(9)) == 4
    assert wait_until_idle(pool) == 3


def test_a_team_has_no_more_members_than_tasks_or_cores(pool, monkeypatch):
    assert [size_of_team(*sizes) for sizes in ((1, 8), (3, 8), (8, 2), (99, 99))] == [1, 3, 2, 4]
    monkeypatch.setattr(joblib, "cpu_count", lambda *args, **kwargs: 1)
    assert size_of_team(8, 8) == 1


def test_a_team_does_without_busy_helpers(pool):
    with busy_helpers(pool):
        assert list(within(30, lambda: members(4))) == [0]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("who", [0, 2])
def test_a_team_is_dismissed_where_a_member_fails(pool, who, error):
    dismissed, left = threading.Event(), []

    def come(member):
        if member == who:
            raise error("broken")
        assert dismissed.wait(10)
        left.append(member)

    with pytest.raises(error, match="broken"):
        run_team(come, 4, dismissed.set)
    assert dismissed.is_set()
    assert who == 0 or 0 in left
    assert wait_until_idle(pool) == 3


# Forks


def score_of(arguments):
    model, X = arguments
    return model.set_params(n_jobs=2).score(X)


@forks
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_pools_work(monkeypatch):
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    X = data("binary", 120, 10)
    model = HelmholtzMachine((20,), max_iter=2, random_state=0, n_importance_samples=5).fit(X)
    score = score_of((model, X))
    with multiprocessing.get_context("fork").Pool(2) as processes:
        result = processes.map_async(score_of, [(model, X)] * 4)
        assert result.get(timeout=60) == [score] * 4
    assert score_of((model, X)) == score


@forks
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_has_helpers_of_its_own(pool):
    assert len(workers(12, 4)) == 4
    child = os.fork()
    if child == 0:
        try:
            os._exit(len(workers(12, 4)))
        finally:
            os._exit(99)
    deadline = time.monotonic() + 30
    while (status := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if status == (0, 0):
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert status != (0, 0), "the child hangs"
    assert os.waitstatus_to_exitcode(status[1]) == 4


@forks
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_while_blocks_run(pool):
    forked = []

    def block(number):
        if number == 5:
            child = os.fork()
            if child == 0:
                try:
                    os._exit(len(workers(12, 4)))
                finally:
                    os._exit(99)
            forked.append(child)
        time.sleep(0.005)

    run_blocks(block, 20, 4)
    assert os.waitstatus_to_exitcode(os.waitpid(forked[0], 0)[1]) == 4
    assert wait_until_idle(pool) == 3


# The number of threads


@pytest.fixture
def eight_cores(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda *args, **kwargs: 8)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("n_jobs", "expected"),
    [(None, 8), (1, 1), (3, 3), (20, 20), (-1, 8), (-2, 7), (-8, 1), (-99, 1)],
)
def test_count_threads(eight_cores, n_jobs, expected):
    assert count_threads(n_jobs) == expected


@pytest.mark.parametrize("name", ENVIRONMENT)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", 1),
        ("3", 3),
        (" 2 ", 2),
        ("4,2", 4),
        ("99", 8),
        ("0", 8),
        ("", 8),
        ("many", 8),
        ("\u00b2", 8),
        ("-1", 8),
    ],
)
def test_environment_limits_threads(eight_cores, monkeypatch, name, value, expected):
    monkeypatch.setenv(name, value)
    assert count_threads(None) == count_threads() == expected
    assert count_threads(5) == 5


def test_the_lower_limit_counts(eight_cores, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    assert count_threads() == 2


def test_inside_workers_of_joblib(eight_cores, monkeypatch):
    monkeypatch.undo()
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        counts = joblib.Parallel(n_jobs=2)(joblib.delayed(count_threads)() for _ in range(2))
    assert counts == [1, 1]
