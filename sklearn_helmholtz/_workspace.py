"""Memory for the intermediate arrays of a step, allocated once and used again by every step."""

import math

import numpy as np

_ALIGNMENT = 64


class Workspace:
    """Hands out arrays like `numpy.empty` and takes all of them back at once.

    NumPy itself offers the same `empty`, so functions that need room take ``work=np``.
    """

    def __init__(self):
        self._memory = np.empty(0, np.uint8)
        self._used = 0

    def empty(self, shape, dtype):
        """An array with undefined entries, valid until `reset`."""
        dtype = np.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        start, self._used = self._used, self._used + -(-size // _ALIGNMENT) * _ALIGNMENT
        if self._used > len(self._memory):
            return np.empty(shape, dtype)
        return np.ndarray(shape, dtype, self._memory, start)

    def reset(self):
        """Take all arrays back; grow to what was needed, so that the next round fits."""
        if self._used > len(self._memory):
            memory = np.empty(self._used + _ALIGNMENT, np.uint8)
            offset = -memory.ctypes.data % _ALIGNMENT
            self._memory = memory[offset : offset + self._used]
        self._used = 0
