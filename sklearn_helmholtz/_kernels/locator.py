"""The locator that gives Numba's cache a folder where the kernels have no source files.

It stands on parts of Numba that are not documented, and is imported only where it is needed.
"""

import contextlib
import os

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.misc.appdirs import AppDirs

from .digest import DIGEST


def _bases():
    """The folders that may hold caches, the first choice first."""
    if numba.config.CACHE_DIR:
        yield os.path.abspath(numba.config.CACHE_DIR)
    personal = AppDirs(appname="numba", appauthor=False).user_cache_dir
    if os.path.isabs(personal):  # where the home of the user is not known, it begins with "~"
        yield personal


class Locator(_CacheLocator):
    """A folder named by the digest of the kernels, wherever their code was loaded from."""

    def __init__(self, function, base):
        self._py_file = function.__code__.co_filename  # Numba's own warnings name it
        self._line = function.__code__.co_firstlineno
        self._path = os.path.join(base, f"sklearn_helmholtz_{DIGEST}")

    @classmethod
    def from_function(cls, py_func, py_file):
        """The locator of the first folder that can be written, or None."""
        for base in _bases():
            locator = cls(py_func, base)
            with contextlib.suppress(OSError):
                locator.ensure_cache_path()
                return locator
        return None

    def get_cache_path(self):
        """The folder."""
        return self._path

    def get_source_stamp(self):
        """The version of the kernels."""
        return DIGEST

    def get_disambiguator(self):
        """The line of the function, which becomes part of the names of files."""
        return str(self._line)


class _Implementation(CompileResultCacheImpl):
    _locator_classes = [Locator]


class SourcelessCache(FunctionCache):
    """A cache of a function that has no source file."""

    _impl_class = _Implementation
