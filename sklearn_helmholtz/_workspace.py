"""Memory for the intermediate arrays of a step, allocated once and used again by every step."""

import math
from contextlib import contextmanager

import numpy as np

_LINE = 64  # bytes of a cache line: lanes that straddle lines cost twice


class Workspace:
    """Hands out arrays like `numpy.empty` and takes them back, the last ones or all at once.

    A step asks for much the same shapes in the same order as the step before, so each request gets
    the memory that it got then, where that is large enough. NumPy itself offers the same `empty`:
    functions that need room take ``work=np``.
    """

    def __init__(self):
        self._memory = []  # of each place
        self._arrays = []  # of each place, the last one made of it
        self._n_lent = 0

    def empty(self, shape, dtype):
        """An array with undefined entries, valid until `reset`."""
        place, self._n_lent = self._n_lent, self._n_lent + 1
        if place == len(self._memory):
            self._memory.append(_bytes_at_a_line(0))
            self._arrays.append(None)
        array = self._arrays[place]
        if array is None or array.shape != shape or array.dtype != dtype:
            array = self._arrays[place] = self._of_place(place, shape, np.dtype(dtype))
        return array

    def reset(self):
        """Take all arrays back."""
        self._n_lent = 0

    @contextmanager
    def loan(self):
        """Take back at the end what is lent within; what was lent before stays valid."""
        n_lent = self._n_lent
        try:
            yield
        finally:
            self._n_lent = n_lent

    def _of_place(self, place, shape, dtype):
        n_bytes = math.prod(shape) * dtype.itemsize
        if len(self._memory[place]) < n_bytes:
            self._memory[place] = _bytes_at_a_line(n_bytes)
        return self._memory[place][:n_bytes].view(dtype).reshape(shape)


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


def _bytes_at_a_line(n_bytes):
    """Undefined bytes that start at a cache line, which NumPy leaves to chance."""
    memory = np.empty(n_bytes + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + n_bytes]
