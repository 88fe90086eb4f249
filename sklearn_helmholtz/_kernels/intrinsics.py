"""Intrinsics of Numba, and what stands in for them where Numba is disabled."""

import numba
import numba.extending

from . import reference

# NUMBA_DISABLE_JIT as it was when the package was imported: then kernels are plain Python, for
# debuggers and for what measures which lines run. It is far too slow for anything else.
INTERPRETED = bool(numba.config.DISABLE_JIT)


def intrinsic(function):
    """An intrinsic of Numba's; where that is disabled, the twin of the same name in `reference`."""
    if INTERPRETED:
        return getattr(reference, function.__name__.lstrip("_"))
    return numba.extending.intrinsic(function)
