"""Tasks that threads share inside kernels, round by round.

The tasks of a round are numbered. Whoever is there takes one that nobody has taken, does it, and
counts it as done; when none is left, he waits for those that others still do. So nobody waits for
a thread that has not come, one that comes late takes part from then on, and what is done does not
depend on who does it. Counters only rise, over all rounds: who sleeps through some finds all of
their tasks taken.

Counters of a round are int64 zeros (`counters`): how many tasks are done, then how many of each
share have been taken. A member of a team begins with its own share, so that what it had last time
is still near it.

A *team* are the threads that make all rounds of one call. Its array has a gate and a number of
members, then the counters of rounds of two kinds, which alternate. The leader, member 0, opens the
gate; before that nobody does anything, and when it is shut everybody leaves.
"""

import numpy as np

from .atomics import add, give_way, pause, read, swap
from .kernel import helper, routine

_STRIDE = 16  # int64 from one counter to the next: no two in one cache line, or in neighbours
_GATE, _MEMBERS, _FIRST, _SECOND = (_STRIDE * place for place in (0, 1, 2, 4))
_CLOSED, _OPEN, _SHUT = 0, 1, 2
_PAUSES = 500  # some ten microseconds, as long as a thread takes to come back that gave way
_PATIENCE = 5000  # of which the later ones give way: some milliseconds at least
_EVER = 2**62


def counters(n_shares):
    """Counters of rounds in so many shares."""
    return np.zeros(_STRIDE * (1 + n_shares), np.int64)


def new_team(n_members):
    """A team of at most so many members."""
    return np.zeros(_SECOND + _STRIDE * (1 + n_members), np.int64)


def dismiss(team):
    """Make all members leave as soon as they have done what they do, and nobody wait any more."""
    team[_GATE] = _SHUT
    team[_FIRST] = team[_SECOND] = _EVER


@helper
def _rest(n_rests):
    """Rest for the n-th time in a row: first a little, then so that others get the processor."""
    if n_rests < _PAUSES:
        pause()
    else:
        give_way()
    return n_rests + 1


@routine
def enter(team, member):
    """Whether a member may begin: who comes before the leader waits for a while."""
    if member == 0:
        swap(team, _GATE, _CLOSED, _OPEN)
    n_rests = 0
    while read(team, _GATE) == _CLOSED and n_rests < _PATIENCE:
        n_rests = _rest(n_rests)
    add(team, _MEMBERS, 1)
    return is_open(team)


@routine
def is_open(team):
    """Whether there is anything to do, or everybody should leave."""
    return read(team, _GATE) == _OPEN


@routine
def leave(team, member):
    """Shut the gate behind the leader."""
    if member == 0:
        swap(team, _GATE, _OPEN, _SHUT)


@routine
def first_kind(team):
    """Counters of the rounds of the first kind, in one share."""
    return team[_FIRST:_SECOND]


@routine
def second_kind(team):
    """Counters of the rounds of the second kind, in a share for each member."""
    return team[_SECOND:]


@routine
def take(progress, share, n, turn):
    """The number of a task that nobody has taken, of the own share if there is one; else n.

    n : tasks of a round; turn : its number. To take one is one atomic exchange, and no two threads
    take the same.
    """
    n_shares = progress.shape[0] // _STRIDE - 1
    for k in range(n_shares):
        s = (share + k) % n_shares
        first, last = n * s // n_shares, n * (s + 1) // n_shares
        end, place = (turn + 1) * (last - first), _STRIDE * (1 + s)
        taken = read(progress, place)
        while taken < end:
            if swap(progress, place, taken, taken + 1):
                return last - (end - taken)
            taken = read(progress, place)
    return n


@routine
def take_some(team, n, most, turn):
    """Numbers of consecutive tasks that nobody has taken: the first, and what follows the last.

    As many as are everybody's due, ``most`` of them at most; of a round of the first kind. Both are
    n where none is left.
    """
    progress, end = first_kind(team), (turn + 1) * n
    taken = read(progress, _STRIDE)
    while taken < end:
        due = -((taken - end) // read(team, _MEMBERS))
        due = min(due, most)
        if swap(progress, _STRIDE, taken, taken + due):
            first = n - (end - taken)
            return first, first + due
        taken = read(progress, _STRIDE)
    return n, n


@helper
def finish(progress, n_tasks):
    """Count tasks as done: who sees the count sees all that they wrote."""
    add(progress, 0, n_tasks)


@routine
def wait(progress, n, turn):
    """Return when all n tasks of a round are done: those that other threads took will be soon."""
    n_rests = 0
    while read(progress, 0) < (turn + 1) * n:
        n_rests = _rest(n_rests)
