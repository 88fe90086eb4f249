"""One scheduler for row blocks: helpers from a lazy pool that survives forks, and the caller.

Kernels are serial and release the GIL; blocks of rows run side by side on threads. The caller works
too, so nested calls cannot wait for each other; helpers that are busy are done without, so
threads never queue up; and results never depend on who did what, because each block writes only
what is its own. Numba's ``prange`` offers none of these inside joblib, Dask or a web server.
"""

import contextlib
import contextvars
import functools
import itertools
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import joblib

_ENVIRONMENT = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
_observer = contextvars.ContextVar("observer", default=None)


class _Helpers:
    """The pool of this process: one thread less than there are cores."""

    def __init__(self):
        self.lock = threading.Lock()
        self.pool = None
        self.free = None

    def start(self):
        """The pool, or None on a single core, and the semaphore that counts idle helpers."""
        with self.lock:
            if self.free is None:
                n_helpers = joblib.cpu_count() - 1
                self.free = threading.BoundedSemaphore(max(n_helpers, 1))
                if n_helpers:
                    self.pool = ThreadPoolExecutor(n_helpers, thread_name_prefix="helmholtz")
        return self.pool, self.free


_helpers = _Helpers()


def _forget_helpers():
    global _helpers
    _helpers = _Helpers()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helpers)


def count_threads(n_jobs=None):
    """The number of threads that ``n_jobs`` asks for.

    None means all cores this process may use, less where OMP_NUM_THREADS or NUMBA_NUM_THREADS say
    so (joblib and Dask set them in their workers); -1 all cores, -2 all but one, and so on.
    """
    n_cores = joblib.cpu_count()
    if n_jobs is None:
        return min([n_cores, *(_limit(name) for name in _ENVIRONMENT if _limit(name))])
    return n_jobs if n_jobs > 0 else max(n_cores + 1 + n_jobs, 1)


def run_blocks(function, n_blocks, n_threads):
    """Call ``function(block)`` for blocks 0 to ``n_blocks - 1``, on up to ``n_threads`` threads."""
    observer = _observer.get()
    if observer is not None:
        _run_observed(observer, function, n_blocks, n_threads)
    elif min(n_threads, n_blocks) <= 1:
        for block in range(n_blocks):
            function(block)
    else:
        _share_blocks(function, n_blocks, min(n_threads, n_blocks) - 1)


@contextlib.contextmanager
def observed(observer):
    """A context in which `run_blocks` calls ``observer(n_done, n_blocks)``.

    At the start, with 0, and after each block that its caller's own thread has done; not of blocks
    within blocks.
    """
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def _run_observed(observer, function, n_blocks, n_threads):
    caller, done = threading.get_ident(), itertools.count(1)

    def run(block):
        function(block)
        n_done = next(done)
        if threading.get_ident() == caller:
            observer(n_done, n_blocks)

    observer(0, n_blocks)
    with observed(None):
        run_blocks(run, n_blocks, n_threads)


def _share_blocks(function, n_blocks, n_helpers):
    pool, free = _helpers.start()
    blocks, stop = itertools.count(), threading.Event()

    def work():
        while not stop.is_set():
            block = next(blocks)
            if block >= n_blocks:
                return
            try:
                function(block)
            except BaseException:
                stop.set()
                raise

    _work_beside(work, _ask_helpers(pool, free, work, n_helpers), stop.set)


def size_of_team(n_threads, n_tasks):
    """The number of members that a team of so many threads may have, for a number of tasks."""
    return max(min(n_threads, n_tasks, joblib.cpu_count()), 1)


def run_team(function, n_members, dismiss):
    """Call ``function(0)`` here, and ``function(member)`` for others on helpers that are free.

    The calls work on one thing together, inside a kernel; nobody there waits for a member who has
    not come. Returns when all that have begun are over. dismiss : makes all of them return soon; it
    is called when one of them fails.
    """
    members = itertools.count(1)

    def work(member):
        try:
            function(member)
        except BaseException:
            dismiss()
            raise

    tickets = []
    if n_members > 1:
        pool, free = _helpers.start()
        tickets = _ask_helpers(pool, free, lambda: work(next(members)), n_members - 1)
    _work_beside(lambda: work(0), tickets, dismiss)


def _work_beside(work, tickets, stop):
    """Call ``work()`` here, and return when the helpers that have begun are done, too.

    stop : tells them that it has failed.
    """
    try:
        work()
    except BaseException:
        stop()
        raise
    finally:
        for ticket in tickets:
            ticket.settle()
    for ticket in tickets:
        if not ticket.cancelled():
            ticket.result()


def _ask_helpers(pool, free, work, n_helpers):
    """A ticket for each helper that may come."""
    tickets = []
    while pool is not None and len(tickets) < n_helpers and free.acquire(blocking=False):
        context = contextvars.copy_context()  # such as what the caller does of NumPy's warnings
        tickets.append(_Ticket(functools.partial(context.run, work), free))
        try:
            pool.submit(tickets[-1].redeem)
        except RuntimeError:  # no thread can be started, or the interpreter is shutting down
            break
    return tickets


class _Ticket(Future):
    """A helper's leave to work, which holds until the caller cancels it.

    Either the helper that begins or the caller that cancels gives the helper back to ``free``. The
    future of the pool cannot say who: a pool that fails to start a thread returns none, but
    has queued the task, and another thread runs it at any time.
    """

    def __init__(self, work, free):
        super().__init__()
        self._work, self._free = work, free

    def redeem(self):
        """Work, where the caller has not cancelled."""
        if not self.set_running_or_notify_cancel():
            return
        try:
            try:
                self._work()
            finally:
                self._free.release()
        except BaseException as error:
            self.set_exception(error)
        else:
            self.set_result(None)

    def settle(self):
        """Cancel, or wait for the end of what has begun."""
        if self.cancel():
            self._work = None  # where no thread ever starts, this stays in the pool's queue
            self._free.release()
        else:
            self.exception()


def _limit(name):
    """The number in an environment variable, 0 if there is none."""
    first = os.environ.get(name, "").split(",")[0].strip()
    return int(first) if first.isdecimal() else 0
