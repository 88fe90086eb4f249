"""The cache on disk of compiled kernels: functions that have one, and what is said without one."""

import os
import sys
import warnings

import numba

from .digest import DIGEST

_PACKAGE = f"{__package__}."
_told = set()  # whether the user has been told; once is enough


def cached(function, **options):
    """A function that Numba compiles and keeps on disk; RuntimeError or OSError where it cannot."""
    if DIGEST is None:
        raise RuntimeError("the importer hides their code, so that no version could be told")
    if _located_by_numba(function):
        return numba.njit(cache=True, **options)(function)
    from .locator import SourcelessCache

    found = numba.njit(**options)(function)
    found._cache = SourcelessCache(function)
    return found


def _located_by_numba(function):
    """Whether Numba finds a place by itself: it goes by the file that the code says it is from.

    Bytecode names a file of the machine that compiled it. A frozen application may unpack its
    sources into a new folder at every start.
    """
    if not function.__module__.startswith(_PACKAGE):
        return True
    file = function.__code__.co_filename
    loaded_from = function.__globals__.get("__file__")
    return file == loaded_from and os.path.isfile(file) and not getattr(sys, "frozen", False)


def say_once_that_there_is_none(error):
    """Warn, once in a process, that kernels are not kept on disk.

    Nothing is wrong with results. Where warnings are errors, this one is therefore shown like any
    other warning instead of ending a fit.
    """
    if _told:
        return
    _told.add(True)
    try:
        warnings.warn(_message(error), RuntimeWarning, stacklevel=5)
    except RuntimeWarning as warning:
        warnings.showwarning(warning, RuntimeWarning, __file__, 0)


def _message(error):
    reason, advice = error, (
        "Set the environment variable NUMBA_CACHE_DIR to a folder that you alone can write."
    )  # fmt: skip
    if DIGEST is None:
        advice = "They can be kept where the package is installed as files."
    elif "locator" in str(error):
        named = f", NUMBA_CACHE_DIR={numba.config.CACHE_DIR} included" * bool(
            numba.config.CACHE_DIR
        )
        reason = f"no folder for them can be written{named}"
    return (
        f"Compiled kernels cannot be kept on disk ({reason}): every process compiles them anew, "
        f"which takes up to ten seconds for each that it uses. {advice}"
    )
