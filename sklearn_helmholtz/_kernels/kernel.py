"""The decorator that turns a function into a kernel, and the array types kernels are declared with.

A kernel is a serial, module-level function over arrays. It is declared with one signature, compiled
at its first call, releases the GIL, and is cached on disk where a cache can be written. Where
NUMBA_DISABLE_JIT was set when the package was imported it is plain Python instead.
"""

import functools
import os

import numba
import numpy as np
from numba import types
from numba.np.numpy_support import as_dtype

from .cache import cached, say_once_that_there_is_none
from .compilation import alone, prepare
from .digest import DIGEST
from .intrinsics import INTERPRETED
from .shapes import Declared, Shapes, sizes_of

_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}
# Checking shapes takes 0.3 us a call, more than 1 % of a small net's step: tests do. Maps always
# check the width of rows, which is what one gets wrong.
_CHECKS_SHAPES = os.environ.get("SKLEARN_HELMHOLTZ_CHECK_SHAPES") == "1"
_NO_SUCH_ARRAYS = AttributeError, IndexError, TypeError  # Numba says what arguments are instead


def reads(scalar, dimensions):
    """A C-ordered array that a kernel only reads (writable arrays fit as well).

    dimensions : its sizes by name, which calls check (see `shapes`), or the number of its axes.
    """
    sizes = sizes_of(dimensions)
    return Declared(types.Array(scalar, len(sizes), "C", readonly=True), sizes)


def writes(scalar, dimensions):
    """A C-ordered array that a kernel writes, declared as one that it reads."""
    sizes = sizes_of(dimensions)
    return Declared(types.Array(scalar, len(sizes), "C"), sizes)


class Kernel:
    """A compiled function of arrays that survives every failure of Numba's cache on disk.

    A cache that has no place (read-only install, no home), is full or is damaged costs the
    compilation in memory and one warning in a process, never an error.

    A call whose arguments have not the shapes declared is a ValueError.
    """

    def __init__(self, function, signature, variant="", sizes=()):
        functools.update_wrapper(self, function)
        self.signature = signature
        self._shapes = Shapes(sizes or (None,) * len(signature.args))
        self._function = function
        self._variant = variant
        self._compiled = self._interpreted if INTERPRETED else None
        self._looked = False

    @property
    def is_compiled(self):
        """Whether a call would start at once: compiled in this process, or cached on disk.

        The disk is looked at once.
        """
        if self._compiled is None and not self._looked:
            self._alone(self._look)
        return self._compiled is not None

    def __call__(self, *arguments):
        if _CHECKS_SHAPES:
            self._check_shapes(arguments)
        compiled = self._compiled
        if compiled is None:
            compiled = self.compile()
        return compiled(*arguments)

    def _check_shapes(self, arguments):
        """Refuse arrays of other shapes than declared, beyond which compiled code would read."""
        try:
            if not self._shapes.agree(*arguments):
                raise ValueError(self._shapes.complaint(self._function, arguments))
        except _NO_SUCH_ARRAYS:
            pass

    def _interpreted(self, *arguments):
        """Call the function as plain Python, with the types and the arithmetic of compiled code."""
        with np.errstate(all="ignore"):
            self._function(*map(_as_declared, self.signature.args, arguments))

    def compile(self):
        """Make it ready to be called; a call does so as well."""
        return self._alone(self._make)

    def _alone(self, work):
        try:
            return alone(work)
        except KeyboardInterrupt:
            # Where Numba was at the moment, a hundred lines of it, tells nobody anything.
            raise KeyboardInterrupt(
                f"while {self.__name__} was compiled; the next call of it compiles anew"
            ) from None

    def _look(self):
        if self._compiled is None:
            prepare()
            self._compiled, self._looked = self._load(), True

    def _make(self):
        if self._compiled is None:
            prepare()
            self._compiled = self._compile()
        return self._compiled

    def _dispatcher(self):
        """A function that is cached under a name that tells its version and variant."""
        qualname = self._function.__qualname__
        self._function.__qualname__ = f"{qualname}{self._variant}_{DIGEST}"
        try:
            return cached(self._function, **_OPTIONS)
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
        except Exception:  # a damaged file makes pickle raise whatever it likes
            return None

    def _compile(self):
        """The function from the cache on disk, or compiled and kept there where it can be."""
        compiled = None
        try:
            compiled = self._dispatcher()
            self._compile_cached(compiled)
        except Exception as error:
            if compiled is None or not compiled.overloads:
                compiled = self._compile_in_memory()  # raises what is wrong with the kernel itself
            say_once_that_there_is_none(error)
        compiled.disable_compile()
        return compiled

    def _compile_cached(self, compiled):
        try:
            compiled.compile(self.signature)
        except Exception:
            if compiled.overloads:  # it could not be written
                raise
            compiled._cache.flush()  # a damaged file: start the cache anew
            compiled.compile(self.signature)

    def _compile_in_memory(self):
        return numba.njit(self.signature, **_OPTIONS)(self._function)


def kernel(*arguments, variant=""):
    """Declare a kernel that returns nothing, with the types of its arguments.

    ``variant`` tells kernels made from one function for several types apart in the cache.
    """
    declared = [one if isinstance(one, Declared) else Declared(one, None) for one in arguments]
    signature = types.void(*(one.type for one in declared))
    sizes = [one.sizes for one in declared]
    return lambda function: Kernel(function, signature, variant, sizes)


def _as_declared(kind, argument):
    """An argument as a kernel gets it that was declared with a Numba type; TypeError for another.

    Numbers are converted, arrays are not.
    """
    if not isinstance(kind, types.Array):
        return kind(argument)
    fits = isinstance(argument, np.ndarray) and argument.ndim == kind.ndim
    if not fits or argument.dtype != as_dtype(kind.dtype) or not argument.flags.c_contiguous:
        raise TypeError(f"No matching definition for {type(argument).__name__} as {kind}")
    if kind.mutable and not argument.flags.writeable:
        raise TypeError(f"No matching definition for a read-only array as {kind}")
    array = argument.view()
    array.flags.writeable = kind.mutable
    return array


def helper(function):
    """A function that becomes part of what calls it, before types are inferred.

    That compiles fastest.
    """
    return part_of_kernels(function, inline="always")


def routine(function):
    """A compiled function of its own, which several kernels call."""
    return part_of_kernels(function)


def part_of_kernels(function, **options):
    """A function compiled with options of Numba; where that is disabled, the function itself."""
    if INTERPRETED:
        return function
    return alone(lambda: numba.njit(**options, **_OPTIONS)(function))


@helper
def opaque_true(n):
    """True, of which Numba does not know it; n : any number that is not negative, like a size.

    Routines are compiled for each list of types they are called with, and to Numba a constant has a
    type of its own: one that is called with True here and with a variable there is compiled twice,
    which for the sums of `tables` and `dense` takes time that a first fit waits for. A comparison
    is of type bool, whatever comes of it. Likewise ``n - n`` is a 0 of type int64.
    """
    return n >= 0
