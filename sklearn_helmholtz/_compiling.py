"""Compilation of the kernels as users meet it: all of them beforehand, and a word while it lasts.

Nothing here is part of the kernels, whose digest names the files of their cache.
"""

import contextlib
import importlib
import pathlib
import pkgutil
import time
import warnings

from numba.core import event

from . import _kernels
from ._kernels.compilation import alone
from ._kernels.digest import DIGEST
from ._kernels.kernel import Kernel

_SUFFIXES = {".nbc", ".nbi"}  # of the files of Numba's cache


def all_kernels():
    """Every `Kernel` of the package, in the order of their modules."""
    found = {}
    for info in pkgutil.iter_modules(_kernels.__path__):
        module = importlib.import_module(f"{_kernels.__name__}.{info.name}")
        found |= {id(part): part for part in vars(module).values() if isinstance(part, Kernel)}
    return list(found.values())


def compile_kernel(number):
    """Compile one of all kernels: its number, seconds, and what is said if it cannot be kept."""
    begin = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        all_kernels()[number].compile()
    said = (str(warning.message) for warning in caught if warning.category is RuntimeWarning)
    return number, time.perf_counter() - begin, next(said, None)


def cache_folder():
    """The folder that keeps compiled kernels; a RuntimeError or OSError where there can be none."""
    dispatcher = alone(all_kernels()[0]._dispatcher)
    return pathlib.Path(dispatcher._cache.cache_path)


def cached_files():
    """Pairs of the path of each file in that folder, and whether it is of these kernels.

    Others were compiled by other versions of the package.
    """
    folder = cache_folder()
    paths = [path for path in folder.glob("*") if path.suffix in _SUFFIXES]
    return [(path, f"_{DIGEST}-" in path.name) for path in sorted(paths)]


@contextlib.contextmanager
def announced(begin, end=lambda name: None):
    """A context in which functions are called with the name of each kernel that is compiled.

    Before and after, in whatever thread compiles it; kernels that are on disk are not.
    """
    listener = _Listener(begin, end)
    event.register("numba:compile", listener)
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)


class _Listener(event.Listener):
    """A listener to Numba's compiler that hears of kernels, not of what is compiled for them.

    Compilers take turns, so that events are nested and never crossed.
    """

    def __init__(self, begin, end):
        self._begin, self._end, self._depth = begin, end, 0

    def on_start(self, event):
        """Tell of a kernel that begins."""
        self._depth += 1
        self._tell(self._begin, event)

    def on_end(self, event):
        """Tell of a kernel that is done."""
        self._tell(self._end, event)
        self._depth -= 1

    def _tell(self, function, event):
        compiled = event.data["dispatcher"].py_func
        if self._depth == 1 and compiled.__module__.startswith(f"{_kernels.__name__}."):
            function(compiled.__name__)
