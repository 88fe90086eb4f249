"""Memory for the intermediate arrays of a step, allocated once and used again by every step."""

import math
from contextlib import contextmanager

import numpy as np

_LINE = 64  # bytes of a cache line: lanes that straddle lines cost twice


class Workspace:
    """Hands out arrays like `numpy.empty` and takes all of them back at once.

    A step asks for the same shapes in the same order as the step before, so each request gets the
    array that it got then. NumPy itself offers the same `empty`: functions that need room take
    ``work=np``.
    """

    def __init__(self):
        self._arrays = []
        self._n_lent = 0

    def empty(self, shape, dtype):
        """An array with undefined entries, valid until `reset`."""
        place, self._n_lent = self._n_lent, self._n_lent + 1
        if place < len(self._arrays):
            array = self._arrays[place]
            if array.shape == shape and array.dtype == dtype:
                return array
            del self._arrays[place:]
        array = _at_a_line(shape, np.dtype(dtype))
        self._arrays.append(array)
        return array

    def reset(self):
        """Take all arrays back."""
        self._n_lent = 0


class Workspaces:
    """Workspaces of which each is lent to one thread at a time: the one last used, still in cache.

    There are as many as threads have wanted at once.
    """

    def __init__(self):
        self._spare = []

    @contextmanager
    def one(self):
        """Lend a `Workspace`, whose arrays are taken back at the end."""
        try:
            space = self._spare.pop()
        except IndexError:
            space = Workspace()
        try:
            yield space
        finally:
            space.reset()
            self._spare.append(space)


def _at_a_line(shape, dtype):
    """An array with undefined entries that starts at a cache line, which NumPy leaves to chance."""
    n_bytes = math.prod(shape) * dtype.itemsize
    memory = np.empty(n_bytes + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + n_bytes].view(dtype).reshape(shape)
