"""The decorator that turns a function into a kernel, and the array types kernels are declared with.

A kernel is a serial, module-level function over arrays. It is declared with one signature, compiled
at its first call, releases the GIL, and is cached on disk where a cache can be written.
"""

import contextlib
import functools
import hashlib
import os
import pathlib
import pickle
import threading
import warnings

import numba
from numba import types
from numba.core.compiler_lock import global_compiler_lock

_FOLDER = pathlib.Path(__file__).parent
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}


def reads(scalar, ndim):
    """The type of a C-ordered array that a kernel only reads (writable arrays fit as well)."""
    return types.Array(scalar, ndim, "C", readonly=True)


def writes(scalar, ndim):
    """The type of a C-ordered array that a kernel writes."""
    return types.Array(scalar, ndim, "C")


def sources_digest(folder=_FOLDER):
    """A short digest of every source file of the kernels.

    Numba's cache key sees a kernel's own bytecode, but neither the helpers it calls in other files
    nor its compile options. The digest stands in for both: an upgrade never meets a stale cache.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


_DIGEST = sources_digest()
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


@contextlib.contextmanager
def _compilation():
    """A time in which this thread compiles, with NUMBA_DISABLE_JIT set aside.

    That variable is set to debug one's own functions as plain Python. Kernels call intrinsics,
    which Python cannot run, and functions of Numba's that are compiled along with them: all of the
    compilation belongs inside, not only the decoration.
    """
    with _compiling:
        disabled, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, 0
        try:
            yield
        finally:
            numba.config.DISABLE_JIT = disabled


class Kernel:
    """A compiled function of arrays that survives every failure of Numba's cache on disk.

    A cache that has no place (read-only install, no home), is full or is damaged costs the
    compilation in memory, never an error.
    """

    def __init__(self, function, signature, variant=""):
        functools.update_wrapper(self, function)
        self.signature = signature
        self._function = function
        self._variant = variant
        self._compiled = None
        self._looked = False

    @property
    def at_hand(self):
        """Whether a call would start at once: compiled in this process, or cached on disk.

        The disk is looked at once.
        """
        if self._compiled is None and not self._looked:
            with _compilation():
                if self._compiled is None:
                    self._compiled, self._looked = self._load(), True
        return self._compiled is not None

    def __call__(self, *arguments):
        compiled = self._compiled
        if compiled is None:
            compiled = self.compile()
        return compiled(*arguments)

    def compile(self):
        """Make it ready to be called; a call does so as well."""
        with _compilation():
            if self._compiled is None:
                self._compiled = self._compile_cached() or self._compile_in_memory()
        return self._compiled

    def _dispatcher(self):
        """A function that is cached under a name that tells its version and variant."""
        qualname = self._function.__qualname__
        self._function.__qualname__ = f"{qualname}{self._variant}_{_DIGEST}"
        try:
            return numba.njit(cache=True, **_OPTIONS)(self._function)
        finally:
            self._function.__qualname__ = qualname

    def _load(self):
        """The function from the cache on disk, or None where it is not there for any reason."""
        try:
            found = self._dispatcher()
            if found._cache.load_overload(self.signature, found.targetctx) is None:
                return None
            found.compile(self.signature)
            found.disable_compile()
            return found
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
            return None

    def _compile_cached(self):
        try:
            compiled = self._dispatcher()
            try:
                compiled.compile(self.signature)
            except (EOFError, pickle.UnpicklingError):  # a damaged file: start the cache anew
                compiled._cache.flush()
                compiled.compile(self.signature)
            compiled.disable_compile()
            return compiled
        except (OSError, RuntimeError) as error:
            # A missing locator is the ordinary state of a read-only install: no need to say so.
            if not isinstance(error, RuntimeError) or "locator" not in str(error):
                warnings.warn(
                    f"Numba's cache cannot be used ({error}); kernels are compiled in memory. "
                    "Set NUMBA_CACHE_DIR to a folder that can be written.",
                    RuntimeWarning,
                    stacklevel=4,
                )
            return None

    def _compile_in_memory(self):
        return numba.njit(self.signature, **_OPTIONS)(self._function)


def kernel(*arguments, variant=""):
    """Declare a kernel that returns nothing, with the types of its arguments.

    ``variant`` tells kernels made from one function for several types apart in the cache.
    """
    signature = types.void(*arguments)
    return lambda function: Kernel(function, signature, variant)


def helper(function):
    """A function that becomes part of what calls it, before types are inferred.

    That compiles fastest.
    """
    with _compilation():
        return numba.njit(inline="always", **_OPTIONS)(function)


def routine(function):
    """A compiled function of its own, which several kernels call."""
    with _compilation():
        return numba.njit(**_OPTIONS)(function)
