"""Tasks that threads share inside kernels: done once, and nobody waits for who is not there."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sklearn_helmholtz._kernels import teams
from sklearn_helmholtz._kernels.atomics import add, swap
from sklearn_helmholtz._kernels.kernel import routine


@routine
def make_rounds(progress, share, n, n_turns, done):
    """Count how often each task is done, (n_turns, n); a round is not begun before the last ends.

    Returns how many tasks were begun before all of the round before were done.
    """
    n_early = 0
    for turn in range(n_turns):
        task = teams.take(progress, share, n, turn)
        while task < n:
            for before in range(n if turn > 0 else 0):
                n_early += done[(turn - 1) * n + before] == 0
            add(done, turn * n + task, 1)
            teams.finish(progress, 1)
            task = teams.take(progress, share, n, turn)
        teams.wait(progress, n, turn)
    return n_early


@pytest.mark.parametrize("n_shares", [1, 2, 3, 20])
def test_every_task_is_done_once_and_in_its_round(n_shares):
    n, n_turns = 13, 200
    progress, done = teams.counters(n_shares), np.zeros(n_turns * n, np.int64)
    with ThreadPoolExecutor(3) as pool:
        members = [
            pool.submit(make_rounds, progress, share, n, n_turns, done) for share in range(3)
        ]
    assert [member.result() for member in members] == [0] * 3
    assert (done == 1).all()


def test_tasks_of_the_own_share_come_first():
    progress = teams.counters(3)  # of 2, 2 and 3 of 7 tasks
    assert [teams.take(progress, 1, 7, 0) for _ in range(8)] == [2, 3, 4, 5, 6, 0, 1, 7]
    teams.finish(progress, 7)
    assert [teams.take(progress, 2, 7, 1) for _ in range(2)] == [4, 5]


def test_who_has_slept_finds_nothing_to_do():
    progress = teams.counters(1)
    for turn in range(3):
        assert [teams.take(progress, 0, 2, turn) for _ in range(3)] == [0, 1, 2]
        teams.finish(progress, 2)
    assert [teams.take(progress, 0, 2, turn) for turn in range(3)] == [2, 2, 2]
    teams.wait(progress, 2, 1)  # and does not wait
    assert teams.take(progress, 0, 2, 3) == 0


@pytest.mark.parametrize(
    ("n_members", "most", "expected"),
    [
        (1, 9, [(0, 8)]),
        (1, 3, [(0, 3), (3, 6), (6, 8)]),
        (2, 9, [(0, 4), (4, 6), (6, 7), (7, 8)]),
        (3, 2, [(0, 2), (2, 4), (4, 6), (6, 7), (7, 8)]),
    ],
)
def test_consecutive_tasks_are_shared_among_those_who_are_there(n_members, most, expected):
    team = teams.new_team(4)
    for member in range(n_members):
        assert teams.enter(team, member)
    for turn in range(2):
        taken = [teams.take_some(team, 8, most, turn) for _ in expected]
        assert taken == expected
        assert teams.take_some(team, 8, most, turn) == (8, 8)


def test_members_begin_when_the_leader_is_there_and_leave_behind_him():
    team = teams.new_team(2)
    with ThreadPoolExecutor(1) as pool:
        early = pool.submit(teams.enter, team, 1)
        assert teams.enter(team, 0)
        assert early.result(10)
    assert teams.enter(team, 1)
    teams.leave(team, 1)
    assert teams.is_open(team)
    teams.leave(team, 0)
    assert not teams.is_open(team)
    assert not teams.enter(team, 1)


def test_who_waits_for_a_leader_in_vain_gives_up():
    assert not teams.enter(teams.new_team(2), 1)


def test_a_team_that_is_dismissed_waits_for_nothing():
    team = teams.new_team(2)
    assert teams.enter(team, 0)
    waiting = [
        threading.Thread(target=teams.wait, args=(progress, 5, 3), daemon=True)
        for progress in (teams.first_kind(team), teams.second_kind(team))
    ]
    for thread in waiting:
        thread.start()
    time.sleep(0.02)
    assert all(thread.is_alive() for thread in waiting)
    teams.dismiss(team)
    for thread in waiting:
        thread.join(10)
    assert not any(thread.is_alive() for thread in waiting)
    assert not teams.is_open(team)
    assert not teams.enter(team, 0)


@routine
def exchange(array, index, expected, new):
    return swap(array, index, expected, new)


def test_an_exchange_needs_what_it_expects():
    array = np.array([5, 7], np.int64)
    assert not exchange(array, 1, 5, 9)
    assert exchange(array, 1, 7, 9)
    assert array.tolist() == [5, 9]
