"""The compilation of one kernel: alone in the process, and cleared up after an interrupt."""

import os
import signal
import threading

import numba
from llvmlite.binding import ffi
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

_compiling = threading.RLock()


def _hold_compilers():
    _compiling.acquire()
    global_compiler_lock.acquire()


def _release_compilers():
    global_compiler_lock.release()
    _compiling.release()


if hasattr(os, "register_at_fork"):  # a thread that compiles would leave its locks to the child
    os.register_at_fork(
        before=_hold_compilers,
        after_in_parent=_release_compilers,
        after_in_child=_release_compilers,
    )


def alone(work):
    """Return ``work()``, which compiles, with NUMBA_DISABLE_JIT set aside meanwhile.

    Set when the package is imported, that variable makes kernels plain Python (`intrinsics`), and
    nothing is compiled here. Set later, for functions of others, it comes too late for kernels:
    they call intrinsics, which Python cannot run, and functions of Numba's that are compiled along
    with them. All of the compilation belongs inside, not only the decoration.

    No context manager of Python's own: an interrupt at the door of its ``__exit__`` would leave
    everything as it is.
    """
    with _compiling:
        disabled, held = numba.config.DISABLE_JIT, [lock._is_owned() for lock in _locks()]
        try:
            numba.config.DISABLE_JIT = 0
            return work()
        except KeyboardInterrupt:
            _give_back([lock for lock, ours in zip(_locks(), held, strict=True) if not ours])
            raise
        finally:
            numba.config.DISABLE_JIT = disabled


def _locks():
    """The locks of Numba and llvmlite, which an interrupt on their own doorstep leaves locked."""
    owners = (global_compiler_lock, getattr(ffi.lib, "_lock", None))
    return [owner._lock for owner in owners if hasattr(owner, "_lock")]


def _give_back(locks):
    for lock in locks:
        while lock._is_owned():
            lock.release()


def prepare():
    """Let Numba register what its modules offer, which it does when it first compiles or loads.

    Every entry of its lists is handed out once: cut short, it would miss the rest for as long as
    the process lives. An interrupt therefore waits for the end, half a second at most.
    """
    _uninterrupted(cpu_target.typing_context.refresh)
    _uninterrupted(cpu_target.target_context.refresh)


def _uninterrupted(work):
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is None:  # None: not Python's to put back
        work()
        return
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        work()
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            signal.raise_signal(signal.SIGINT)
